#include "config/collector/collector_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/collector/act_config.h"
#include "config/collector/hook_config.h"
#include "config/collector/workload_config.h"
#include "config/form.h"
#include "config/logging.h"

#define SIGNERS_MAX   16   /* tried one after the other; more would not be tried in time */
#define WORKLOADS_MAX 1024 /* of one host */

struct raw_signer {
	char *address, *server_name, *log_certificate, *log_certificate_next;
};

struct raw_tls {
	char *certificate, *key, *signer_ca;
};

struct raw_spool {
	uint32_t bundles_max, age_max_s, mebibytes_max;
};

struct raw_status {
	char *socket;
};

struct raw_gate {
	char *socket, *group;
};

struct raw {
	struct raw_signer *signers;
	uint32_t signers_count;
	struct raw_tls tls;
	char *state, *receipts, *redaction_key;
	uint32_t interval_s, jitter_percent, measure_at_once, watch_rest_s, sign_every_s;
	uint32_t receipts_kept, failover_s;
	struct raw_spool spool;
	enum collector_farewell farewell;
	struct raw_status status;
	struct raw_gate gate;
	struct raw_acts acts;
	char *host_root;
	struct logger_settings logging;
	struct raw_workload *workloads;
	uint32_t workloads_count;
};

#define NUMBER(key, from, to, standard, least, most)                                               \
	{                                                                                          \
		key, offsetof(struct raw, from), offsetof(struct collector_config, to), standard,  \
		    least, most                                                                    \
	}

/* Defaults and ranges, each with where it comes from. */
static const struct settings_number numbers[] = {
    /* A change is seen within a minute; an unchanged host then sends under 500 bytes a minute. */
    NUMBER("interval_s", interval_s, interval_s, 60, 1, 86400),
    /* Collectors that were started together drift apart within a few rounds. */
    NUMBER("jitter_percent", jitter_percent, jitter_percent, 10, 0, 50),
    /* By default by cores. More than some dozens only wait for one another. */
    NUMBER("measure_at_once", measure_at_once, measure_at_once, 0, 0, 64),
    /* A change is told within a second, and one that never ends costs a tenth of a core at most. */
    NUMBER("watch_rest_s", watch_rest_s, watch_rest_s, 1, 0, 86400),
    /* One signature an hour makes every bundle before it undeniable, at next to no cost. */
    NUMBER("sign_every_s", sign_every_s, sign_every_s, 3600, 0, 366 * 86400),
    /* A week at the default interval. */
    NUMBER("spool.bundles_max", spool.bundles_max, spool_bundles_max, 10080, 1, 65535),
    /* Longer than a week, so that it is the bundles by default. */
    NUMBER("spool.age_max_s", spool.age_max_s, spool_age_max_s, 30 * 86400, 60, 366 * 86400),
    /* Some 300 workloads whose evidence of half a MiB changes a few times. */
    NUMBER("spool.mebibytes_max", spool.mebibytes_max, spool_mebibytes_max, 1024, 1, 1048576),
    /* With what measuring anew takes, the next one has sealed within five. */
    NUMBER("failover_s", failover_s, failover_s, 2, 1, 60),
    /* Sixteen hours at the default interval, some 5 MB; the log keeps all of them. */
    NUMBER("receipts_kept", receipts_kept, receipts_kept, 1000, 0, 100000000),
};

static const cyaml_schema_field_t signer_fields[] = {
    SETTINGS_TEXT("address", SETTINGS_REQUIRED, struct raw_signer, address, SETTINGS_TEXT_MAX),
    SETTINGS_TEXT(
	"server_name", SETTINGS_OPTIONAL, struct raw_signer, server_name, SETTINGS_TEXT_MAX),
    SETTINGS_TEXT("log_certificate", SETTINGS_OPTIONAL, struct raw_signer, log_certificate,
	SETTINGS_PATH_MAX),
    SETTINGS_TEXT("log_certificate_next", SETTINGS_OPTIONAL, struct raw_signer,
	log_certificate_next, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t signer_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_signer, signer_fields),
};

static const cyaml_schema_field_t tls_fields[] = {
    SETTINGS_TEXT("certificate", SETTINGS_REQUIRED, struct raw_tls, certificate, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("key", SETTINGS_REQUIRED, struct raw_tls, key, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("signer_ca", SETTINGS_REQUIRED, struct raw_tls, signer_ca, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t spool_fields[] = {
    CYAML_FIELD_UINT("bundles_max", SETTINGS_OPTIONAL, struct raw_spool, bundles_max),
    CYAML_FIELD_UINT("age_max_s", SETTINGS_OPTIONAL, struct raw_spool, age_max_s),
    CYAML_FIELD_UINT("mebibytes_max", SETTINGS_OPTIONAL, struct raw_spool, mebibytes_max),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t status_fields[] = {
    SETTINGS_TEXT("socket", SETTINGS_REQUIRED, struct raw_status, socket, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t gate_fields[] = {
    SETTINGS_TEXT("socket", SETTINGS_REQUIRED, struct raw_gate, socket, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("group", SETTINGS_OPTIONAL, struct raw_gate, group, SETTINGS_TEXT_MAX),
    CYAML_FIELD_END,
};

static const cyaml_strval_t farewells[] = {
    {"stopped", FAREWELL_STOPPED},
    {"scaled-in", FAREWELL_SCALED_IN},
    {"none", FAREWELL_NONE},
};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_SEQUENCE(
	"signers", CYAML_FLAG_POINTER, struct raw, signers, &signer_entry, 1, SIGNERS_MAX),
    CYAML_FIELD_MAPPING("tls", SETTINGS_REQUIRED, struct raw, tls, tls_fields),
    SETTINGS_TEXT("state", SETTINGS_REQUIRED, struct raw, state, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("receipts", SETTINGS_REQUIRED, struct raw, receipts, SETTINGS_PATH_MAX),
    CYAML_FIELD_UINT("interval_s", SETTINGS_OPTIONAL, struct raw, interval_s),
    CYAML_FIELD_UINT("jitter_percent", SETTINGS_OPTIONAL, struct raw, jitter_percent),
    CYAML_FIELD_UINT("measure_at_once", SETTINGS_OPTIONAL, struct raw, measure_at_once),
    CYAML_FIELD_UINT("watch_rest_s", SETTINGS_OPTIONAL, struct raw, watch_rest_s),
    CYAML_FIELD_UINT("sign_every_s", SETTINGS_OPTIONAL, struct raw, sign_every_s),
    CYAML_FIELD_UINT("failover_s", SETTINGS_OPTIONAL, struct raw, failover_s),
    CYAML_FIELD_UINT("receipts_kept", SETTINGS_OPTIONAL, struct raw, receipts_kept),
    CYAML_FIELD_MAPPING("spool", SETTINGS_OPTIONAL, struct raw, spool, spool_fields),
    CYAML_FIELD_ENUM("farewell", SETTINGS_OPTIONAL | CYAML_FLAG_STRICT, struct raw, farewell,
	farewells, CYAML_ARRAY_LEN(farewells)),
    CYAML_FIELD_MAPPING("status", SETTINGS_OPTIONAL, struct raw, status, status_fields),
    CYAML_FIELD_MAPPING("gate", SETTINGS_OPTIONAL, struct raw, gate, gate_fields),
    CYAML_FIELD_MAPPING("acts", SETTINGS_OPTIONAL, struct raw, acts, acts_fields),
    SETTINGS_TEXT("host_root", SETTINGS_OPTIONAL, struct raw, host_root, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("redaction_key", SETTINGS_OPTIONAL, struct raw, redaction_key, SETTINGS_PATH_MAX),
    CYAML_FIELD_MAPPING("logging", SETTINGS_OPTIONAL, struct raw, logging, logging_fields),
    CYAML_FIELD_SEQUENCE(
	"workloads", CYAML_FLAG_POINTER, struct raw, workloads, &workload_schema, 1, WORKLOADS_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, fields),
};

static void take(struct settings *s, const void *loaded, void *config);
static bool is_pinned(const struct collector_config *c);
static uint64_t round_s(const struct collector_config *c);
static void take_signers(struct settings *s, const struct raw *raw, struct collector_config *c);
static void take_files(struct settings *s, const struct raw *raw, struct collector_config *c);
static bool is_for_others(const char *key);

static const struct form form = {
    .schema = &schema,
    .numbers = numbers,
    .number_count = sizeof(numbers) / sizeof(numbers[0]),
    .size = sizeof(struct collector_config),
    .take = take,
};

enum err
collector_config_load(const char *path, struct faults *faults, struct collector_config **out)
{
	*out = form_load(&form, path, faults);
	return *out != NULL ? ERR_OK : ERR_CONFIG;
}

enum err
collector_config_inspect(const char *path, struct faults *faults, struct collector_config **out)
{
	enum err e;

	*out = form_inspect(&form, path, faults, &e);
	return e;
}

void
collector_config_renew(const char *path, struct collector_config **config)
{
	struct faults faults = FAULTS_INIT;
	struct collector_config *fresh;

	if (collector_config_load(path, &faults, &fresh) == ERR_OK) {
		collector_config_free(config);
		*config = fresh;
	}
	faults_free(&faults);
}

void
collector_config_free(struct collector_config **c)
{
	form_free(*c);
	*c = NULL;
}

static void
take(struct settings *s, const void *loaded, void *config)
{
	const struct view bytes = yaml_file_bytes(s->yaml);
	const struct raw *raw = loaded;
	struct collector_config *c = config;

	digest_of(bytes.data, bytes.size, &c->source);
	c->farewell = raw->farewell;
	c->logging = logging_take(s, raw->logging);
	take_signers(s, raw, c);
	take_files(s, raw, c);
	c->host_root = settings_path(s, raw->host_root);
	settings_directory(s, "host_root", c->host_root);
	if (c->host_root != NULL && strlen(c->host_root) > WORKLOAD_HOST_ROOT_MAX)
		settings_fault(s, "host_root",
		    "\"host_root\" must have at most %d bytes with the directory of this file; "
		    "found %zu",
		    WORKLOAD_HOST_ROOT_MAX, strlen(c->host_root));
	/* The key is not looked at here: who reports may not read it. */
	c->workloads = workloads_take(s, raw->workloads, raw->workloads_count, c->host_root,
	    settings_path(s, raw->redaction_key));
	c->workload_count = raw->workloads_count;
	c->acts = acts_take(s, &raw->acts);
	hooks_check(s, c->workloads, c->workload_count, is_pinned(c), round_s(c));
	acts_check(s, c->workloads, c->workload_count, is_pinned(c), c->acts != NULL, round_s(c));
}

/* Each log's key is known here. */
static bool
is_pinned(const struct collector_config *c)
{
	for (size_t i = 0; i < c->signer_count; i++)
		if (c->signers[i].log_certificate == NULL)
			return false;
	return true;
}

/* The longest from one round to the next. */
static uint64_t
round_s(const struct collector_config *c)
{
	return ((uint64_t)c->interval_s * (100 + c->jitter_percent) + 99) / 100;
}

static void
take_signers(struct settings *s, const struct raw *raw, struct collector_config *c)
{
	struct collector_signer *signers = settings_new(s, raw->signers_count, sizeof(*signers));
	char key[SETTINGS_ENTRY_KEY_MAX], port[6], *copy;
	uint16_t number;

	for (size_t i = 0; i < raw->signers_count; i++) {
		signers[i].log_certificate =
		    settings_file(s, settings_entry_key(key, "signers", i, ".log_certificate"),
			raw->signers[i].log_certificate);
		signers[i].log_certificate_next =
		    settings_file(s, settings_entry_key(key, "signers", i, ".log_certificate_next"),
			raw->signers[i].log_certificate_next);
		if (raw->signers[i].log_certificate_next != NULL &&
		    raw->signers[i].log_certificate == NULL)
			settings_fault(s,
			    settings_entry_key(key, "signers", i, ".log_certificate_next"),
			    "\"log_certificate_next\" is of the key that follows that of "
			    "\"log_certificate\", which is not there");
		if (!settings_address(s, settings_entry_key(key, "signers", i, ".address"),
			raw->signers[i].address, false, &signers[i].host, &number))
			continue;
		snprintf(port, sizeof(port), "%u", (unsigned)number);
		if ((copy = strdup(port)) == NULL)
			abort();
		signers[i].port = settings_own(s, copy);
		signers[i].server_name = raw->signers[i].server_name;
		if (signers[i].server_name == NULL)
			signers[i].server_name = signers[i].host;
	}
	c->signers = signers;
	c->signer_count = raw->signers_count;
}

static void
take_files(struct settings *s, const struct raw *raw, struct collector_config *c)
{
	c->tls.certificate = settings_file(s, "tls.certificate", raw->tls.certificate);
	c->tls.signer_ca = settings_file(s, "tls.signer_ca", raw->tls.signer_ca);
	c->state_directory = settings_path(s, raw->state);
	c->receipt_directory = settings_path(s, raw->receipts);
	c->gate_socket = settings_path(s, raw->gate.socket);
	settings_socket(s, "gate.socket", c->gate_socket);
	c->gate_group = raw->gate.group;
	c->is_visited = c->gate_socket != NULL && is_for_others(settings_path(s, raw->tls.key));
	if (c->is_visited) {
		c->tls.key = settings_path(s, raw->tls.key);
	} else {
		c->tls.key = settings_secret_file(s, "tls.key", raw->tls.key);
		settings_directory(s, "state", c->state_directory);
		settings_directory(s, "receipts", c->receipt_directory);
	}
	c->status_socket = settings_path(s, raw->status.socket);
	settings_socket(s, "status.socket", c->status_socket);
}

/* It is there, or may be, and this user may not know it: who has it is asked at the socket. */
static bool
is_for_others(const char *key)
{
	return key != NULL && faccessat(AT_FDCWD, key, R_OK, AT_EACCESS) != 0 && errno == EACCES;
}
