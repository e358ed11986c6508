#include "config/signer_config.h"

#include <string.h>

#include "config/form.h"
#include "config/logging.h"
#include "proto/evidence/identity.h"

#define RELAYS_MAX 64 /* registers, with their spares; each adds what it may ask a second */

#define DEVELOPER_DEFAULT "hallmark" /* who made the verifier, where nobody says otherwise */

/* The file as it stands; numbers have the same names as in struct signer_config. */
struct raw_log {
	char *origin, *directory, *transcript;
};

struct raw_evidence {
	char *directory;
};

struct raw_tls {
	char *certificate, *key, *client_ca, *client_crl;
};

struct raw_key_process {
	char *program, *config, *socket;
	uint32_t deadline_ms;
};

struct raw_status {
	char *socket;
};

struct raw_report {
	enum report_profile profile;
	char *developer;
	uint32_t lifetime_s;
};

struct raw_limits {
	uint32_t connections, connections_per_collector, workloads_per_collector,
	    components_per_hour, reports_per_hour, in_flight_per_collector;
	uint32_t in_flight, in_flight_per_connection, evidence_pending_bytes;
	uint32_t handshake_timeout_ms, frame_timeout_ms, idle_timeout_s, nonce_lifetime_s;
	uint32_t clock_skew_s, disk_reserve_mib;
};

struct raw {
	char *listen, *index, *policy, *feeds;
	char **relays;
	uint32_t relays_count;
	uint32_t loops;
	struct raw_log log;
	struct raw_evidence evidence;
	struct raw_tls tls;
	struct raw_key_process key_process;
	struct raw_status status;
	struct raw_report report;
	struct raw_limits limits;
	struct logger_settings logging;
};

#define NUMBER(key, member, standard, least, most)                                                 \
	{                                                                                          \
		key, offsetof(struct raw, member), offsetof(struct signer_config, member),         \
		    standard, least, most                                                          \
	}

/* Defaults and ranges, each with where it comes from. */
static const struct settings_number numbers[] = {
    /* At 20 KiB each, 400 MiB; a descriptor each. */
    NUMBER("limits.connections", limits.connections, 20000, 1, 1000000),
    /* A collector has one, and those that it lost and the signer does not know of yet. */
    NUMBER("limits.connections_per_collector", limits.connections_per_collector, 256, 1, 1000000),
    /* More than a host has units; some 2 MB, which stay. */
    NUMBER("limits.workloads_per_collector", limits.workloads_per_collector, 10000, 1, 100000000),
    /* A tree of a million files is 2,000 of them when it is new. */
    NUMBER("limits.components_per_hour", limits.components_per_hour, 10000, 1, 1000000000),
    /* A week at the default interval, of 100 workloads, come at once; a gigabyte as most are. */
    NUMBER("limits.reports_per_hour", limits.reports_per_hour, 1000000, 1, 1000000000),
    /* What a token of 114 ms a signature gathers at 140,000 reports/s; a few KiB each. */
    NUMBER("limits.in_flight", limits.in_flight, 16384, 1, 1000000),
    /* A collector has few workloads, and one connection must not take the whole budget. */
    NUMBER("limits.in_flight_per_connection", limits.in_flight_per_connection, 64, 1, 65536),
    /* Four of what a collector has workloads; three quarters are for others, whatever one does. */
    NUMBER("limits.in_flight_per_collector", limits.in_flight_per_collector, 4096, 1, 1000000),
    /* Sixteen components of the largest size; below one, no large component could arrive. */
    NUMBER("limits.evidence_pending_bytes", limits.evidence_pending_bytes, 256U << 20, 16U << 20,
	2048U << 20),
    /* Ten times what a bad link needs; a peer that trickles is let go. */
    NUMBER("limits.handshake_timeout_ms", limits.handshake_timeout_ms, 10000, 100, 600000),
    NUMBER("limits.frame_timeout_ms", limits.frame_timeout_ms, 10000, 100, 600000),
    /* Longer than a nonce lives: a connection that is silent for so long has no use any more. */
    NUMBER("limits.idle_timeout_s", limits.idle_timeout_s, 900, 1, 86400),
    /*
     * A collector gets its nonce with one receipt and uses it with the next bundle, so this must be
     * longer than any collector's interval and jitter: ten times the default interval.
     */
    NUMBER("limits.nonce_lifetime_s", limits.nonce_lifetime_s, 600, 1, 86400),
    /* Hosts without time synchronisation are wrong by minutes, seldom by more. */
    NUMBER("limits.clock_skew_s", limits.clock_skew_s, 300, 0, 86400),
    /*
     * What may still have to be written when a disk is found to be low, by quarters: tiles of what
     * is not published yet (LEDGER_UNPUBLISHED_MAX); what a fast disk took since it was last looked
     * at (250 ms at 1 GB/s); evidence received and not durable yet, and the index; what others
     * write there meanwhile. 0: not watched, for storage whose own numbers mean nothing.
     */
    NUMBER("limits.disk_reserve_mib", limits.disk_reserve_mib, 1024, 0, 1U << 20),
    /* Beyond 16 threads for connections it is the one ledger that limits. */
    NUMBER("loops", loops, 0, 0, 16),
    /* Network HSMs fail over within 2 s; no token needs 5 s for one signature. */
    NUMBER("key_process.deadline_ms", key_process.deadline_ms, 5000, 100, 600000),
    /* Sixty times a collector's default interval: a signer's restart cuts no relying party off. */
    NUMBER("report.lifetime_s", report.lifetime_s, 3600, 1, 366 * 86400),
};

static const cyaml_schema_field_t log_fields[] = {
    SETTINGS_TEXT("origin", SETTINGS_REQUIRED, struct raw_log, origin, SETTINGS_TEXT_MAX),
    SETTINGS_TEXT("directory", SETTINGS_REQUIRED, struct raw_log, directory, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("transcript", SETTINGS_OPTIONAL, struct raw_log, transcript, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t evidence_fields[] = {
    SETTINGS_TEXT(
	"directory", SETTINGS_REQUIRED, struct raw_evidence, directory, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t tls_fields[] = {
    SETTINGS_TEXT("certificate", SETTINGS_REQUIRED, struct raw_tls, certificate, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("key", SETTINGS_REQUIRED, struct raw_tls, key, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("client_ca", SETTINGS_REQUIRED, struct raw_tls, client_ca, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("client_crl", SETTINGS_OPTIONAL, struct raw_tls, client_crl, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t key_process_fields[] = {
    SETTINGS_TEXT("program", SETTINGS_OPTIONAL, struct raw_key_process, program, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("config", SETTINGS_OPTIONAL, struct raw_key_process, config, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("socket", SETTINGS_OPTIONAL, struct raw_key_process, socket, SETTINGS_PATH_MAX),
    CYAML_FIELD_UINT("deadline_ms", SETTINGS_OPTIONAL, struct raw_key_process, deadline_ms),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t status_fields[] = {
    SETTINGS_TEXT("socket", SETTINGS_REQUIRED, struct raw_status, socket, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};

static const cyaml_strval_t profiles[] = {
    {"deployed", REPORT_PROFILE_DEPLOYED},
    {"draft", REPORT_PROFILE_DRAFT},
};

static const cyaml_schema_field_t report_fields[] = {
    CYAML_FIELD_ENUM("profile", SETTINGS_OPTIONAL | CYAML_FLAG_STRICT, struct raw_report, profile,
	profiles, CYAML_ARRAY_LEN(profiles)),
    SETTINGS_TEXT("developer", SETTINGS_OPTIONAL, struct raw_report, developer, ENTRY_STRING_MAX),
    CYAML_FIELD_UINT("lifetime_s", SETTINGS_OPTIONAL, struct raw_report, lifetime_s),
    CYAML_FIELD_END,
};

#define LIMIT(member) CYAML_FIELD_UINT(#member, SETTINGS_OPTIONAL, struct raw_limits, member)
static const cyaml_schema_field_t limits_fields[] = {
    LIMIT(connections),
    LIMIT(connections_per_collector),
    LIMIT(workloads_per_collector),
    LIMIT(components_per_hour),
    LIMIT(reports_per_hour),
    LIMIT(in_flight),
    LIMIT(in_flight_per_collector),
    LIMIT(in_flight_per_connection),
    LIMIT(evidence_pending_bytes),
    LIMIT(handshake_timeout_ms),
    LIMIT(frame_timeout_ms),
    LIMIT(idle_timeout_s),
    LIMIT(nonce_lifetime_s),
    LIMIT(clock_skew_s),
    LIMIT(disk_reserve_mib),
    CYAML_FIELD_END,
};
#undef LIMIT

static const cyaml_schema_value_t relay_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, IDENTITY_SIZE_MAX),
};

#define GROUP(member, flags, fields) CYAML_FIELD_MAPPING(#member, flags, struct raw, member, fields)
static const cyaml_schema_field_t fields[] = {
    SETTINGS_TEXT("listen", SETTINGS_REQUIRED, struct raw, listen, SETTINGS_TEXT_MAX),
    CYAML_FIELD_UINT("loops", SETTINGS_OPTIONAL, struct raw, loops),
    GROUP(log, SETTINGS_REQUIRED, log_fields),
    GROUP(evidence, SETTINGS_REQUIRED, evidence_fields),
    SETTINGS_TEXT("index", SETTINGS_REQUIRED, struct raw, index, SETTINGS_PATH_MAX),
    GROUP(tls, SETTINGS_REQUIRED, tls_fields),
    CYAML_FIELD_SEQUENCE("relays", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw, relays,
	&relay_entry, 1, RELAYS_MAX),
    GROUP(key_process, SETTINGS_REQUIRED, key_process_fields),
    SETTINGS_TEXT("policy", SETTINGS_REQUIRED, struct raw, policy, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("feeds", SETTINGS_OPTIONAL, struct raw, feeds, SETTINGS_PATH_MAX),
    GROUP(status, SETTINGS_REQUIRED, status_fields),
    GROUP(report, SETTINGS_OPTIONAL, report_fields),
    GROUP(limits, SETTINGS_OPTIONAL, limits_fields),
    GROUP(logging, SETTINGS_OPTIONAL, logging_fields),
    CYAML_FIELD_END,
};
#undef GROUP

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, fields),
};

static void take(struct settings *s, const void *loaded, void *config);
static void take_paths(struct settings *s, const struct raw *raw, struct signer_config *c);
static void take_relays(struct settings *s, const struct raw *raw, struct signer_config *c);
static void take_key_process(struct settings *s, const struct raw *raw, struct signer_config *c);
static void check_limits(struct settings *s, struct signer_config *c);

static const struct form form = {
    .schema = &schema,
    .numbers = numbers,
    .number_count = sizeof(numbers) / sizeof(numbers[0]),
    .size = sizeof(struct signer_config),
    .take = take,
};

enum err
signer_config_load(const char *path, struct faults *faults, struct signer_config **out)
{
	*out = form_load(&form, path, faults);
	return *out != NULL ? ERR_OK : ERR_CONFIG;
}

enum err
signer_config_inspect(const char *path, struct faults *faults, struct signer_config **out)
{
	enum err e;

	*out = form_inspect(&form, path, faults, &e);
	return e;
}

void
signer_config_free(struct signer_config **c)
{
	form_free(*c);
	*c = NULL;
}

static void
take(struct settings *s, const void *loaded, void *config)
{
	const struct raw *raw = loaded;
	struct signer_config *c = config;

	(void)settings_address(s, "listen", raw->listen, true, &c->listen_host, &c->listen_port);
	if (settings_origin(s, "log.origin", raw->log.origin))
		c->log_origin = raw->log.origin;
	take_paths(s, raw, c);
	take_relays(s, raw, c);
	take_key_process(s, raw, c);
	c->report.profile = raw->report.profile;
	c->report.developer =
	    raw->report.developer != NULL ? raw->report.developer : DEVELOPER_DEFAULT;
	c->logging = logging_take(s, raw->logging);
	check_limits(s, c);
}

static void
take_paths(struct settings *s, const struct raw *raw, struct signer_config *c)
{
	c->log_directory = settings_path(s, raw->log.directory);
	settings_makeable(s, "log.directory", c->log_directory);
	c->log_transcript = settings_file(s, "log.transcript", raw->log.transcript);
	c->evidence_directory = settings_path(s, raw->evidence.directory);
	settings_makeable(s, "evidence.directory", c->evidence_directory);
	c->index_file = settings_path(s, raw->index);
	settings_new_file(s, "index", c->index_file);

	c->tls.certificate = settings_file(s, "tls.certificate", raw->tls.certificate);
	c->tls.key = settings_secret_file(s, "tls.key", raw->tls.key);
	c->tls.client_ca = settings_file(s, "tls.client_ca", raw->tls.client_ca);
	c->tls.client_crl = settings_file(s, "tls.client_crl", raw->tls.client_crl);

	c->policy_file = settings_file(s, "policy", raw->policy);
	c->feeds_directory = settings_path(s, raw->feeds);
	c->status_socket = settings_path(s, raw->status.socket);
	settings_socket(s, "status.socket", c->status_socket);
}

static void
take_relays(struct settings *s, const struct raw *raw, struct signer_config *c)
{
	const char **relays = settings_new(s, raw->relays_count, sizeof(*relays));

	for (size_t i = 0; i < raw->relays_count; i++) {
		char *identity = settings_new(s, 1, IDENTITY_SIZE_MAX + 1);

		if (identity_of_name(view_of_string(raw->relays[i]), identity) != ERR_OK)
			settings_fault(s, "relays",
			    "\"relays\" must be names of certificates, URIs or DNS names: 1 to %d "
			    "bytes of printable ASCII without spaces; found \"%s\"",
			    IDENTITY_SIZE_MAX, raw->relays[i]);
		for (size_t j = 0; j < i; j++)
			if (identity[0] != '\0' && strcmp(identity, relays[j]) == 0)
				settings_fault(
				    s, "relays", "\"relays\" names \"%s\" twice", raw->relays[i]);
		relays[i] = identity;
	}
	c->relays = relays;
	c->relay_count = raw->relays_count;
}

static void
take_key_process(struct settings *s, const struct raw *raw, struct signer_config *c)
{
	const bool program = settings_has(s, "key_process.program");
	const bool config = settings_has(s, "key_process.config");
	const bool socket = settings_has(s, "key_process.socket");

	c->key_process.program = settings_path(s, raw->key_process.program);
	settings_program(s, "key_process.program", c->key_process.program);
	c->key_process.config = settings_file(s, "key_process.config", raw->key_process.config);
	c->key_process.socket = settings_path(s, raw->key_process.socket);
	settings_socket(s, "key_process.socket", c->key_process.socket);
	if (!settings_has(s, "key_process"))
		return;
	if (program == socket)
		settings_fault(s, "key_process",
		    "\"key_process\" must name either \"program\" (started by the signer) or "
		    "\"socket\" (started by systemd), found %s",
		    program ? "both" : "neither");
	else if (program && !config)
		settings_fault(s, "key_process",
		    "key \"key_process.config\" is missing; the program needs its configuration");
	else if (socket && config)
		settings_fault(s, "key_process.config",
		    "\"key_process.config\" belongs to \"program\"; take it out, systemd names the "
		    "configuration of the process behind a socket");
}

/* Two limits that make no sense together are a mistake in one of them. */
static void
check_limits(struct settings *s, struct signer_config *c)
{
	const bool said = settings_has(s, "limits.in_flight_per_connection");

	if (!said && c->limits.in_flight_per_connection > c->limits.in_flight)
		c->limits.in_flight_per_connection = c->limits.in_flight;
	if (c->limits.in_flight_per_connection > c->limits.in_flight)
		settings_fault(s, "limits.in_flight_per_connection",
		    "\"limits.in_flight_per_connection\" must be at most \"limits.in_flight\" "
		    "(%u), "
		    "found %u",
		    c->limits.in_flight, c->limits.in_flight_per_connection);
	if (c->limits.idle_timeout_s < c->limits.nonce_lifetime_s)
		settings_fault(s,
		    settings_has(s, "limits.idle_timeout_s") ? "limits.idle_timeout_s"
							     : "limits.nonce_lifetime_s",
		    "\"limits.idle_timeout_s\" must be at least \"limits.nonce_lifetime_s\" (%u), "
		    "found %u: a connection must outlive its nonce",
		    c->limits.nonce_lifetime_s, c->limits.idle_timeout_s);
}
