/*
 * Configuration of hallmark-collector. config/samples/collector.yaml is the commented reference.
 * Paths are absolute after loading, defaults are filled in.
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_COLLECTOR_CONFIG_H
#define HALLMARK_CONFIG_COLLECTOR_COLLECTOR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/collector/collector_workload.h"
#include "config/faults.h"
#include "journal/logger.h"
#include "proto/digest.h"
#include "proto/err.h"

struct collector_signer {
	const char *host;        /* name or address */
	const char *port;        /* decimal */
	const char *server_name; /* expected in the signer's certificate; defaults to host */
	/*
	 * PEM file of the certificate of the key that seals this signer's log (key
	 * `log_certificate`, optional). NULL: receipts are checked down to the root that the
	 * checkpoint names, but not the signature over it.
	 */
	const char *log_certificate;
	/* Of the key that follows it, where the log is to change its key; or NULL. */
	const char *log_certificate_next;
};

/* What is said of all workloads when the program is asked to stop. */
enum collector_farewell {
	FAREWELL_STOPPED,
	FAREWELL_SCALED_IN,
	FAREWELL_NONE, /* nothing: they are missed */
};

struct collector_config {
	struct digest source; /* SHA-256 of the file, as it was read */
	size_t signer_count;  /* tried in order */
	const struct collector_signer *signers;
	struct {
		const char *certificate;
		const char *key; /* secret */
		const char *signer_ca;
	} tls;
	const char *state_directory;   /* chains and spool */
	const char *receipt_directory; /* of files: collector/report/receipt.h */
	uint32_t interval_s;
	uint32_t jitter_percent;
	uint32_t measure_at_once; /* workloads; 0: as many as there are cores, and two at least */
	uint32_t watch_rest_s;    /* least time between two for changes; 0: nothing is watched */
	uint32_t sign_every_s;    /* the collector signs a bundle this often; 0: never */
	/* what waits; beyond it the oldest is dropped, which a bundle says */
	uint32_t spool_bundles_max;   /* of a workload */
	uint32_t spool_age_max_s;     /* since it was measured */
	uint32_t spool_mebibytes_max; /* of all workloads, and what was measured last, on disk */
	uint32_t failover_s;    /* a signer's answer may take so long, where there is another one */
	uint32_t receipts_kept; /* per workload; 0: all */
	enum collector_farewell farewell;
	const char *status_socket; /* NULL: nobody is told */
	const char *gate_socket;   /* where gates are lent its connection; NULL: nowhere */
	const char *gate_group;    /* whose members may ask there; NULL: none */
	bool is_visited; /* there is such a socket, and the key is not readable: state, receipts and
			    key are the running collector's alone, and were not looked at */
	const struct collector_acts *acts; /* NULL: nobody may grant any */
	const char *host_root; /* NULL: the collector's own; stands in each workload, too */
	struct logger_settings logging;
	size_t workload_count;
	const struct collector_workload *workloads;
};

/* Adds every fault it finds; ERR_CONFIG and *out NULL if there was any. */
enum err collector_config_load(
    const char *path, struct faults *faults, struct collector_config **out) MUST_USE;

/*
 * The same for one who looks for faults further on: with ERR_CONFIG, *out is what could be had,
 * unless the file is no YAML; never to be run with. A file that it names and that cannot be read,
 * or that is not named, is NULL; of a workload so are the name and the ways to its process, if they
 * are not what the comments above say.
 */
enum err collector_config_inspect(
    const char *path, struct faults *faults, struct collector_config **out) MUST_USE;
/*
 * Takes the place of *config with what stands in the file now, for a process to which somebody else
 * tells faults: with any, *config stays as it is.
 */
void collector_config_renew(const char *path, struct collector_config **config);

void collector_config_free(struct collector_config **c);

#endif
