/*
 * Configuration of hallmark-register. config/samples/register.yaml is the commented reference.
 *
 * Every path is absolute after loading (relative ones are taken from the file's directory), every
 * optional number has its default. The struct is frozen.
 */
#ifndef HALLMARK_CONFIG_REGISTER_CONFIG_H
#define HALLMARK_CONFIG_REGISTER_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "config/front_config.h"
#include "config/grant_config.h"
#include "config/teller_config.h"
#include "journal/logger.h"
#include "proto/err.h"

#define REGISTER_LOG_NAME_MAX 64 /* bytes: it stands in file names, answers and metrics */

/* Files, or what stands in their place. */
struct register_names {
	const char *const *name;
	size_t count;
};

/* Where its signer takes what is relayed, and as whom the register comes there. */
struct register_signer {
	const char *host; /* NULL: nothing is relayed */
	uint16_t port;
	const char *server_name; /* in its certificate */
	const char *ca;          /* files */
	const char *certificate, *key;
};

/* One log that is followed. */
struct register_log {
	const char *name;   /* a to z, 0 to 9 and "-" */
	const char *tenant; /* whose it is; its name unless said */
	const char *origin; /* that its checkpoints have to be of; NULL: whichever is signed */
	/* Where it is published, without a slash at the end, and its evidence; NULL: it lies here.
	 * `ca`: file that https is checked against; NULL: the system's. */
	const char *url, *evidence_url, *ca;
	const char *directory;               /* of the log; of one that is fetched, of its mirror */
	const char *evidence;                /* directory of the store's packs */
	struct register_names certificates;  /* of the log's keys; at least one */
	struct register_names approvers;     /* files or ids; none: whoever held the signer */
	struct register_names collectors_ca; /* none: those of the policy */
	struct register_names crls;          /* of those CAs */
	struct register_signer signer;
};

struct register_config {
	const struct register_log *logs; /* their numbers are their places */
	size_t log_count;
	const char *state_directory; /* guarded; a directory in it for each log */
	struct {
		uint32_t look_every_ms; /* where nothing tells that a log has changed */
		/* How long a log may lack what its checkpoint or an entry names: a copy is made
		 * file by file. */
		uint32_t grace_s;
		/* In which a collector's signature has to vouch for a report; 0: at any time. */
		uint32_t vouched_within_s;
		uint32_t freeze_every_s; /* how old what a restart goes on from may be */
	} follow;
	const struct teller *tellers;
	size_t teller_count;
	struct {
		const char *issuer; /* NULL, as the keys: nothing is told of tokens */
		const char *keys;   /* file */
	} discovery;
	struct {
		const char *name; /* NULL, as the key: nothing is cosigned */
		const char *key;  /* Ed25519 in PEM */
	} witness;
	struct grant_config grants;
	struct {
		const char *url;    /* of an authority of RFC 3161; NULL: nothing is timestamped */
		const char *ca;     /* file with those that its replies are checked against */
		const char *tls_ca; /* that https is checked against; NULL: the system's */
		uint32_t every_s;
	} timestamps;
	struct front_config front; /* where it listens, who may ask, what is decided */
	struct logger_settings logging;
};

/* Adds every fault it finds; ERR_CONFIG and *out NULL if there was any. */
enum err register_config_load(
    const char *path, struct faults *faults, struct register_config **out) MUST_USE;
void register_config_free(struct register_config **c);

#endif
