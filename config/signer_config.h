/*
 * Configuration of hallmark-signer. config/samples/signer.yaml is the commented reference.
 *
 * Every path is absolute after loading (relative ones are taken from the file's directory), every
 * optional number has its default, every string is set. The struct is frozen: a reload makes a new
 * one.
 */
#ifndef HALLMARK_CONFIG_SIGNER_CONFIG_H
#define HALLMARK_CONFIG_SIGNER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "journal/logger.h"
#include "proto/err.h"
#include "proto/report/report.h"

struct signer_config {
	const char *listen_host; /* literal address, IPv4 or IPv6 without brackets */
	uint16_t listen_port;

	const char *log_origin;     /* log.origin */
	const char *log_directory;  /* log.directory */
	const char *log_transcript; /* of the ceremony, signed; NULL: none */
	const char *evidence_directory;
	const char *index_file;

	struct {
		const char *certificate; /* PEM chain */
		const char *key;         /* PEM, secret */
		const char *client_ca;   /* PEM */
		const char *client_crl;  /* PEM or DER; NULL: none */
	} tls;

	struct {
		const char *program; /* spawned with `serve -c config`; NULL where socket is set */
		const char *config;
		const char
		    *socket; /* Unix socket to connect to instead; NULL where program is set */
		uint32_t deadline_ms; /* for one answer, then the process is replaced */
	} key_process;

	/*
	 * Names of certificates whose connections are relays': they send challenges and statements,
	 * and no evidence. Each is an identity (proto/evidence/identity.h), all differ.
	 */
	const char *const *relays;
	size_t relay_count;

	const char *policy_file;
	const char *feeds_directory; /* NULL: there are none */
	const char *status_socket;

	struct {
		enum report_profile profile;
		const char *developer; /* ear.verifier-id */
		uint32_t lifetime_s;   /* exp - iat */
	} report;

	struct {
		uint32_t connections;
		uint32_t connections_per_collector; /* that have said hello */
		uint32_t workloads_per_collector;
		uint32_t components_per_hour; /* new ones of a collector */
		uint32_t reports_per_hour;    /* of a collector */
		uint32_t in_flight; /* reports between arrival and receipt, whole signer */
		uint32_t in_flight_per_collector;
		uint32_t in_flight_per_connection;
		uint32_t evidence_pending_bytes; /* components being received, whole signer */
		uint32_t handshake_timeout_ms;
		uint32_t
		    frame_timeout_ms; /* from a frame's first byte to its last; also for writing */
		uint32_t idle_timeout_s;
		uint32_t nonce_lifetime_s;
		uint32_t clock_skew_s; /* how far ahead a measurement's time may be, and ours off */
		uint32_t disk_reserve_mib; /* with less than this free, nothing new is taken; 0: off
					    */
	} limits;

	uint32_t loops; /* threads for connections; 0: as many as there are cores */

	struct logger_settings logging;
};

/* Adds every fault it finds; ERR_CONFIG and *out NULL if there was any. */
enum err signer_config_load(
    const char *path, struct faults *faults, struct signer_config **out) MUST_USE;

/*
 * The same for one who looks for faults further on: with ERR_CONFIG, *out is what could be had,
 * unless the file is no YAML; never to be run with. A file that it names and that cannot be read,
 * or that is not named, is NULL.
 */
enum err signer_config_inspect(
    const char *path, struct faults *faults, struct signer_config **out) MUST_USE;
void signer_config_free(struct signer_config **c);

#endif
