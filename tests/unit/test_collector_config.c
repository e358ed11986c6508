#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>

#include "config/collector/collector_config.h"
#include "tests/unit/config_sample.h"
#include "tests/unit/config_subject.h"

static const char base[] = "signers:\n"                                         /* 1 */
			   "  - address: signer.example:7443\n"                 /* 2 */
			   "tls: {certificate: crt, key: key, signer_ca: ca}\n" /* 3 */
			   "state: state\n"                                     /* 4 */
			   "receipts: receipts\n"                               /* 5 */
			   "workloads:\n"                                       /* 6 */
			   "  - name: app\n"                                    /* 7 */
			   "    pid_file: app.pid\n"                            /* 8 */
			   "    measure: [executable]\n";                       /* 9 */

static int
setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state) != 0)
		return -1;
	f = *state;
	fixture_write(f, "crt", 0644, "");
	fixture_write(f, "ca", 0644, "");
	fixture_write(f, "key", 0600, "");
	fixture_mkdir(f, "state");
	fixture_mkdir(f, "receipts");
	return 0;
}

static void *
load_file(const char *path, struct faults *faults, enum err *e)
{
	struct collector_config *c;

	*e = collector_config_load(path, faults, &c);
	return c;
}

static const struct config_subject subject = {"collector.yaml", base, load_file};

static void
test_loads(void **state)
{
	struct fixture *f = *state;
	struct collector_config *c = accept(state, "tls", "tls");
	const struct collector_workload *w;

	assert_int_equal(c->signer_count, 1);
	assert_string_equal(c->signers[0].host, "signer.example");
	assert_string_equal(c->signers[0].port, "7443");
	assert_string_equal(c->signers[0].server_name, "signer.example");
	assert_null(c->signers[0].log_certificate);
	assert_string_equal(c->tls.key, fixture_path(f, "key"));
	assert_string_equal(c->tls.signer_ca, fixture_path(f, "ca"));
	assert_string_equal(c->state_directory, fixture_path(f, "state"));
	assert_string_equal(c->receipt_directory, fixture_path(f, "receipts"));
	assert_int_equal(c->interval_s, 60);
	assert_int_equal(c->jitter_percent, 10);
	assert_int_equal(c->sign_every_s, 3600);
	assert_int_equal(c->spool_bundles_max, 10080);
	assert_int_equal(c->receipts_kept, 1000);
	assert_int_equal(c->farewell, FAREWELL_STOPPED);
	assert_int_equal(c->workload_count, 1);
	w = &c->workloads[0];
	assert_string_equal(w->name, "app");
	assert_string_equal(w->pid_file, fixture_path(f, "app.pid"));
	assert_null(w->executable);
	assert_null(w->unit);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		assert_int_equal(w->measure[k], k == COMPONENT_EXECUTABLE);
	assert_int_equal(w->file_count, 0);
	assert_int_equal(w->environment_count, 0);
	assert_int_equal(c->measure_at_once, 0);
	assert_int_equal(w->budgets.seconds, 45);
	assert_int_equal(w->budgets.mebibytes_read, 8192);
	assert_int_equal(w->budgets.memory_mebibytes, 512);
	collector_config_free(&c);
	assert_null(c);
}

static void
test_several_signers(void **state)
{
	struct fixture *f = *state;
	struct collector_config *c = accept(state, "  - address: signer.example:7443\n",
	    "  - {address: \"[::1]:1\", server_name: one.example, log_certificate: crt,"
	    " log_certificate_next: crt}\n"
	    "  - {address: \"192.0.2.1:65535\"}\n");

	assert_int_equal(c->signer_count, 2);
	assert_string_equal(c->signers[0].host, "::1");
	assert_string_equal(c->signers[0].port, "1");
	assert_string_equal(c->signers[0].server_name, "one.example");
	assert_string_equal(c->signers[0].log_certificate, fixture_path(f, "crt"));
	assert_string_equal(c->signers[0].log_certificate_next, fixture_path(f, "crt"));
	assert_string_equal(c->signers[1].server_name, "192.0.2.1");
	assert_string_equal(c->signers[1].port, "65535");
	collector_config_free(&c);
}

static void
test_workload_with_everything(void **state)
{
	struct collector_config *c =
	    accept(state, "    pid_file: app.pid\n    measure: [executable]\n",
		"    unit: app@1.service\n"
		"    measure: [executable, libraries, files, runtime, host, packages]\n"
		"    files: [/a/*.conf, /b]\n    environment: [PATH, _x1]\n"
		"  - name: other\n    executable: /bin/other\n    measure: [host]\n"
		"    budgets: {seconds: 3600, mebibytes_read: 1}\n");
	const struct collector_workload *w = c->workloads;

	assert_int_equal(c->workload_count, 2);
	assert_string_equal(w[0].unit, "app@1.service");
	assert_int_equal(w[0].file_count, 2);
	assert_string_equal(w[0].files[1], "/b");
	assert_int_equal(w[0].environment_count, 2);
	assert_string_equal(w[0].environment[0], "PATH");
	assert_true(w[0].measure[COMPONENT_FILES] && w[0].measure[COMPONENT_PACKAGES]);
	assert_false(w[0].measure[COMPONENT_CONFIG]);
	assert_string_equal(w[1].executable, "/bin/other");
	assert_int_equal(w[0].budgets.seconds, 45);
	assert_int_equal(w[1].budgets.seconds, 3600);
	assert_int_equal(w[1].budgets.mebibytes_read, 1);
	assert_int_equal(w[1].budgets.memory_mebibytes, 512);
	collector_config_free(&c);
}

static void
test_addresses(void **state)
{
	static const char *const bad[] = {"signer", "signer:", ":1", "signer:0", "signer:65536",
	    "signer:1x", "::1:7443", "[signer]:1", "https://signer:1", "a b:1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char to[64];

		snprintf(to, sizeof(to), "address: \"%s\"", bad[i]);
		refuse(state, "address: signer.example:7443", to, 2, "signers[0].address\" must");
	}
}

static void
test_files_and_directories(void **state)
{
	struct fixture *f = *state;

	refuse(state, "certificate: crt", "certificate: none", 3, "\"tls.certificate\"");
	refuse(state, "signer_ca: ca", "signer_ca: none", 3, "\"tls.signer_ca\"");
	refuse(state, "state: state", "state: none", 4, "make it first");
	refuse(state, "receipts: receipts", "receipts: key", 5, "must be a directory");
	refuse(state, "7443\n", "7443\n    log_certificate: none\n", 3, "log_certificate");
	refuse(state, "7443\n", "7443\n    log_certificate_next: key\n", 3, "which is not there");
	assert_int_equal(chmod(fixture_path(f, "key"), 0660), 0);
	refuse(state, "tls", "tls", 3, "chmod 0600");
}

static void
test_ranges(void **state)
{
	refuse(state, "state: state\n", "state: state\ninterval_s: 0\n", 5, "1 to 86400");
	refuse(state, "state: state\n", "state: state\njitter_percent: 51\n", 5, "0 to 50");
	refuse(state, "state: state\n", "state: state\nmeasure_at_once: 65\n", 5, "0 to 64");
	refuse(state, "    measure: [executable]\n",
	    "    measure: [executable]\n    budgets: {memory_mebibytes: 15}\n", 10,
	    "16 to 1048576");
	refuse(
	    state, "state: state\n", "state: state\nspool: {bundles_max: 0}\n", 5, "bundles_max");
}

static void
test_farewells(void **state)
{
	static const char *const words[] = {
	    [FAREWELL_STOPPED] = "stopped",
	    [FAREWELL_SCALED_IN] = "scaled-in",
	    [FAREWELL_NONE] = "none",
	};
	struct collector_config *c;
	char to[64];

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(to, sizeof(to), "state: state\nfarewell: %s\n", words[i]);
		c = accept(state, "state: state\n", to);
		assert_int_equal(c->farewell, i);
		collector_config_free(&c);
	}
	refuse(state, "state: state\n", "state: state\nfarewell: retired\n", 5,
	    "one of stopped, scaled-in, none");
}

static void
test_process_is_named_once(void **state)
{
	refuse(state, "    pid_file: app.pid\n", "", 7, "found none of them");
	refuse(state, "pid_file: app.pid\n", "pid_file: app.pid\n    unit: a.service\n", 7,
	    "found several of them");
}

static void
test_unit_names(void **state)
{
	refuse(state, "pid_file: app.pid", "cgroup: a/b", 8, "pattern of absolute paths");
	refuse(state, "pid_file: app.pid", "cgroup: /a/../b", 8, "pattern of absolute paths");
	refuse(state, "pid_file: app.pid", "cgroup: /", 8, "pattern of absolute paths");
	refuse(state, "pid_file: app.pid", "container: {}", 8, "all of them must match");
	refuse(state, "pid_file: app.pid", "container: {id: 0123456789a}", 8, "the first 12 to 64");
	refuse(state, "pid_file: app.pid", "container: {id: 0123456789AB}", 8, "the first 12");
	refuse(state, "app.pid\n", "app.pid\n    container: {name: a}\n", 7, "found several");
	refuse(state, "app.pid\n", "app.pid\n    user: trading\n", 9, "there is neither");
	refuse(state, "pid_file: app.pid\n", "executable: a\n    user: \"a:b\"\n", 9,
	    "name or number");
	refuse(
	    state, "pid_file: app.pid\n", "executable: a\n    user: 4294967295\n", 9, "or number");
	refuse(state, "app.pid\n", "app.pid\n    arguments: [a]\n", 9, "there is none");
	refuse(state, "pid_file: app.pid", "unit: app", 8, "full name");
	refuse(state, "pid_file: app.pid", "unit: .service", 8, "full name");
	refuse(state, "pid_file: app.pid", "unit: a/b.service", 8, "full name");
	refuse(state, "pid_file: app.pid", "unit: app.socket", 8, "full name");
}

static void
test_workload_names(void **state)
{
	refuse(state, "name: app", "name: a/b", 7, "workloads[0].name\" must");
	refuse(state, "name: app", "name: a b", 7, "workloads[0].name\" must");
	refuse(state, "name: app", "name: .app", 7, "workloads[0].name\" must");
	refuse(state, "workloads:\n",
	    "workloads:\n  - {name: app, unit: a.service, measure: [host]}\n", 8,
	    "two workloads are called \"app\"");
}

static void
test_measures(void **state)
{
	refuse(state, "[executable]", "[]", 9, "1 to 9 entries");
	refuse(state, "[executable]", "[executable, executable]", 9, "twice");
	refuse(state, "[executable]", "[unmeasured]", 9, "one of config, executable, files");
	refuse(state, "[executable]", "[config]", 9, "no files are listed");
	refuse(state, "[executable]", "[host]\n    config: [{name: a, file: /a, form: ini}]", 10,
	    "lacks \"config\"");
	refuse(state, "[executable]", "[config]\n    config: [{name: a, file: a, form: ini}]", 10,
	    "absolute paths");
	refuse(state, "[executable]", "[config]\n    config: [{name: a, file: /a, form: x}]", 10,
	    "ini, json, keyvalue, toml, yaml");
	refuse(state, "[executable]", "[files]", 9, "no patterns are listed");
	refuse(state, "[executable]", "[executable]\n    files: [/a]", 10, "lacks \"files\"");
	refuse(state, "[executable]", "[files]\n    files: [a/*]", 10, "absolute paths");
	refuse(state, "[executable]", "[host]\n    environment: [A]", 10, "lacks \"runtime\"");
	refuse(state, "[executable]", "[host]\n    view: host", 10, "no patterns are listed");
	refuse(state, "[executable]", "[host]\n    scripts: true", 10, "lacks \"files\"");
	refuse(state, "[executable]", "[host]\n    scripts: true\n    files: [/a]", 11,
	    "lacks \"files\"");
	refuse(state, "[executable]", "[files]\n    scripts: false", 9, "\"scripts\" is not true");
	refuse(
	    state, "[executable]", "[files]\n    files: [/a]\n    view: mine", 11, "host, process");
	refuse(state, "[executable]", "[runtime]\n    environment: [1A]", 10, "letters, digits");
	refuse(state, "[executable]", "[runtime]\n    environment: [A=B]", 10, "letters, digits");
}

static void
test_ways_to_name_processes(void **state)
{
	struct collector_config *c = accept(state, "    pid_file: app.pid\n",
	    "    container: {name: orders, pod: \"trading/*\"}\n    main_only: true\n");
	const struct collector_workload *w = &c->workloads[0];

	assert_true(w->is_container);
	assert_string_equal(w->container.name, "orders");
	assert_string_equal(w->container.pod, "trading/*");
	assert_null(w->container.id);
	assert_int_equal(w->view, VIEW_CONTAINER);
	assert_true(w->main_only);
	collector_config_free(&c);
	c = accept(state, "    pid_file: app.pid\n", "    cgroup: /trading.slice/*\n");
	assert_string_equal(c->workloads[0].control_group, "/trading.slice/*");
	assert_false(c->workloads[0].main_only);
	collector_config_free(&c);
	c = accept(state, "    pid_file: app.pid\n",
	    "    executable: app\n    user: \"990\"\n    arguments: [\"--instance=?\"]\n");
	assert_string_equal(c->workloads[0].user, "990");
	assert_int_equal(c->workloads[0].argument_count, 1);
	assert_string_equal(c->workloads[0].arguments[0], "--instance=?");
	collector_config_free(&c);
	c = accept(
	    state, "    pid_file: app.pid\n", "    unit: worker@*.service\n    user: trading\n");
	assert_string_equal(c->workloads[0].unit, "worker@*.service");
	assert_int_equal(c->workloads[0].view, VIEW_HOST);
	collector_config_free(&c);
	refuse(state, "[executable]\n", "[files]\n    files: [/a]\n    view: container\n", 11,
	    "and there is none");
}

/* What the component that is made with them cannot hold, and as much as it can. */
#define REDACT(rule) "[host]\n    redact: [" rule "]"
#define WITH_KEY     "state: state\nredaction_key: none\n"

/* The key is not looked at here: who reports may not read it. */
static void
test_what_is_hidden(void **state)
{
	char *keyed = fixture_replace(subject.base, "state: state\n", WITH_KEY), *text;
	static const struct {
		const char *rule, *fault;
	} bad[] = {
	    {"{kind: hosts, fact: a}", "none of those under \"measure\""},
	    {"{kind: unmeasured, fact: a}", "none of those under \"measure\""},
	    {"{kind: files, fact: a}", "needs \"path\""},
	    {"{kind: files, path: a, value: b}", "nothing else"},
	    {"{kind: libraries, path: a, after: b}", "nothing else"},
	    {"{kind: host}", "needs \"fact\""},
	    {"{kind: host, path: a}", "needs \"fact\""},
	    {"{kind: host, fact: a, path: a}", "no \"path\""},
	    {"{kind: host, fact: a, value: b, after: c}", "one of \"value\" and \"after\""},
	    {"{kind: host, fact: a b}", "a space in \"fact\""},
	    {"{kind: host, fact: 'a\\b'}", "has a pattern"},
	    {"{kind: host, fact: a, value: '\\'}", "has a pattern"},
	    {"{kind: files, path: '\\n'}", "has a pattern"},
	    {"{fact: a}", "kind\" is missing"},
	};
	struct collector_config *c;

	refuse(state, "[executable]", REDACT("{kind: host, fact: a}"), 10, "redaction_key");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char rule[256];

		snprintf(rule, sizeof(rule), "[host]\n    redact: [%s]", bad[i].rule);
		text = fixture_replace(keyed, "[executable]", rule);
		assert_null(load(*state, text));
		fixture_expect(*state, 11, bad[i].fault);
		free(text);
	}
	text = fixture_replace(keyed, "[executable]",
	    REDACT("{kind: runtime, fact: arguments, after: --password}, {kind: files, path: "
		   "/srv/*}"));
	c = accept_text(state, text);
	assert_int_equal(c->workloads[0].redact_count, 2);
	assert_int_equal(c->workloads[0].redact[1].kind, COMPONENT_FILES);
	assert_string_equal(c->workloads[0].redact[0].after, "--password");
	assert_non_null(strstr(c->workloads[0].redaction_key, "/none"));
	collector_config_free(&c);
	free(text);
	free(keyed);
}

static void
test_patterns_take_so_many_bytes(void **state)
{
	const size_t each = 1000, count = 56; /* with 16 more each: 56,896 of 56,944 bytes */
	char *to = calloc(1, 2 * (each + 8) * count), *p = to;
	struct collector_config *c;

	assert_non_null(to);
	p += sprintf(p, "[files]\n    files: [");
	for (size_t i = 0; i < count; i++) {
		*p++ = '/';
		memset(p, 'a', each - 1);
		p += each - 1;
		p += sprintf(p, i + 1 < count ? ", " : "]");
	}
	c = accept(state, "[executable]", to);
	assert_int_equal(c->workloads[0].file_count, count);
	collector_config_free(&c);
	strcpy(p - 1,
	    ", /one, /more, /that, /goes, /over, /what, /is, /allowed, /there, /together, "
	    "/and, /is, /refused, /so, /that, /nothing, /is, /left, /out, /of, /it, /a, "
	    "/b]");
	refuse(state, "[executable]", to, 10, "must not take more than 56944 bytes");
	free(to);
}

static void
test_every_fault_in_one_run(void **state)
{
	assert_null(load(*state, "signers: [{address: x}, {adress: \"a:1\"}]\n"
				 "tls: {certificate: none, key: none, signer_ca: 5, extra: 1}\n"
				 "state: none\n"
				 "workloads:\n"
				 "  - {name: \"a b\", measure: [exec]}\n"
				 "  - {name: b, unit: u, measure: [files]}\n"
				 "interval_s: -1\n"));
	fixture_expect(*state, 1, "\"signers[0].address\"");
	fixture_expect(*state, 1, "did you mean \"address\"?");
	fixture_expect(*state, 1, "key \"signers[1].address\" is missing");
	fixture_expect(*state, 1, "key \"receipts\" is missing");
	fixture_expect(*state, 2, "\"tls.certificate\"");
	fixture_expect(*state, 2, "\"tls.key\"");
	fixture_expect(*state, 2, "\"tls.signer_ca\"");
	fixture_expect(*state, 2, "unknown key \"extra\"");
	fixture_expect(*state, 3, "\"state\"");
	fixture_expect(*state, 5, "\"workloads[0].name\"");
	fixture_expect(*state, 5, "\"workloads[0].measure[0]\"");
	fixture_expect(*state, 5, "found none of them");
	fixture_expect(*state, 6, "\"workloads[1].unit\"");
	fixture_expect(*state, 6, "\"workloads[1].measure\"");
	fixture_expect(*state, 7, "\"interval_s\"");
	fixture_expect_count(*state, 15);
}

/* What the sample says, and what it says that it is unless it is said. */
static void
is_sample(struct fixture *f, const char *text)
{
	struct collector_config *c = load(f, text);
	const struct collector_workload *w;

	fixture_expect_count(f, 0);
	w = &c->workloads[0];
	assert_string_equal(c->signers[0].server_name, "signer.bank.example");
	assert_int_equal(c->interval_s, 60);
	assert_int_equal(c->jitter_percent, 10);
	assert_int_equal(c->measure_at_once, 0);
	assert_int_equal(c->watch_rest_s, 1);
	assert_int_equal(c->failover_s, 2);
	assert_int_equal(c->sign_every_s, 3600);
	assert_int_equal(c->receipts_kept, 1000);
	assert_int_equal(c->spool_bundles_max, 10080);
	assert_int_equal(c->spool_age_max_s, 2592000);
	assert_int_equal(c->spool_mebibytes_max, 1024);
	assert_int_equal(c->farewell, FAREWELL_STOPPED);
	assert_int_equal(c->logging.level, LOGGER_INFO);
	assert_false(w->follow || w->cross_mounts);
	assert_int_equal(w->view, VIEW_HOST);
	assert_int_equal(w->budgets.seconds, 45);
	assert_int_equal(w->budgets.mebibytes_read, 8192);
	assert_int_equal(w->budgets.mebibytes_per_s, 0);
	assert_int_equal(w->budgets.memory_mebibytes, 512);
	assert_int_equal(w->budgets.cache_mebibytes, 64);
	assert_int_equal(w->budgets.reread_percent, 2);
	collector_config_free(&c);
}

/* In a directory of its own. */
#define TOKEN(rest) "[executable]\n    token: {" rest "}"
#define FILES(rest) TOKEN("files: [{path: tokens/a" rest "}]")

static void
test_where_tokens_go(void **state)
{
	struct fixture *f = *state;
	struct collector_config *c;
	const struct collector_token *t;

	fixture_mkdir(f, "tokens");
	c = accept(state, "[executable]", "[executable]");
	assert_null(c->workloads[0].token);
	collector_config_free(&c);
	c = accept(state, "[executable]",
	    TOKEN("socket: tokens/s, key: k, files: [{path: tokens/a}, {path: tokens/b, audience: "
		  "\"urn:b\", owner: one, group: 7, mode: \"0644\"}, {path: tokens/c, group: g}]"));
	t = c->workloads[0].token;
	assert_non_null(strstr(t->socket, "/tokens/s"));
	assert_non_null(strstr(t->key, "/k"));
	assert_int_equal(t->file_count, 3);
	assert_non_null(strstr(t->files[0].path, "/tokens/a"));
	assert_null(t->files[0].audience);
	assert_null(t->files[0].owner);
	assert_int_equal(t->files[0].mode, 0400);
	assert_string_equal(t->files[1].audience, "urn:b");
	assert_string_equal(t->files[1].owner, "one");
	assert_string_equal(t->files[1].group, "7");
	assert_int_equal(t->files[1].mode, 0644);
	assert_int_equal(t->files[2].mode, 0440);
	collector_config_free(&c);
}

static void
test_where_tokens_do_not_go(void **state)
{
	struct fixture *f = *state;

	fixture_mkdir(f, "tokens");
	refuse(state, "[executable]", TOKEN(""), 10, "must say where tokens go");
	refuse(state, "[executable]", TOKEN("key: k"), 10, "must say where tokens go");
	refuse(state, "[executable]", FILES(", mode: \"0666\""), 10, "must be octal");
	refuse(state, "[executable]", FILES(", mode: \"0200\""), 10, "must be octal");
	refuse(state, "[executable]", FILES(", mode: \"0500\""), 10, "must be octal");
	refuse(state, "[executable]", FILES(", mode: \"048\""), 10, "must be octal");
	refuse(state, "[executable]", FILES(", audience: \"\""), 10, "1 to 512");
	refuse(state, "[executable]", TOKEN("files: [{path: tokens/a}, {path: tokens/a}]"), 10,
	    "two tokens go to");
	refuse(state, "[executable]", TOKEN("files: [{path: none/a}]"), 10, "No such file");
	refuse(state, "[executable]\n",
	    FILES("") "\n  - {name: b, pid_file: b, measure: [executable], token: {files: [{path: "
		      "tokens/a}]}}\n",
	    11, "another workload's");
	assert_int_equal(chmod(fixture_path(f, "tokens"), 0775), 0);
	refuse(state, "[executable]", FILES(""), 10, "closed to writing by group and others");
}

static void
test_sample(void **state)
{
	static const char *const optional[] = {"server_name", "receipts_kept", "interval_s",
	    "jitter_percent", "sign_every_s", "farewell", "measure_at_once", "watch_rest_s",
	    "failover_s", "age_max_s", "mebibytes_max", "level", "follow", "cross_mounts", "view"};
	static const char *const budgets[] = {"seconds", "mebibytes_read", "mebibytes_per_s",
	    "memory_mebibytes", "cache_mebibytes", "reread_percent"};
	struct fixture *f = *state;
	char *text = sample_read("collector.yaml"), name[32];

	text = sample_replace(text, "/var/lib/hallmark-collector/", "");
	fixture_mkdir(f, "tls");
	fixture_write(f, "tls/host.crt", 0644, "");
	fixture_write(f, "tls/host.key", 0600, "");
	fixture_write(f, "tls/signer-ca.crt", 0644, "");
	fixture_write(f, "tls/log.crt", 0644, "");
	is_sample(f, text);
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
		text = sample_uncomment(text, optional[i]);
		is_sample(f, text);
	}
	text = sample_replace(text, "# budgets:", "budgets:");
	for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
		(void)snprintf(name, sizeof(name), "  %s", budgets[i]);
		text = sample_uncomment(text, name);
		is_sample(f, text);
	}
	free(text);
}

static void
test_gate(void **state)
{
	struct fixture *f = *state;
	struct collector_config *c = accept(state, "tls:", "gate: {socket: g, group: ops}\ntls:");

	assert_non_null(strstr(c->gate_socket, "/g"));
	assert_string_equal(c->gate_group, "ops");
	assert_false(c->is_visited); /* this user may read the key */
	collector_config_free(&c);
	c = accept(state, "tls", "tls");
	assert_null(c->gate_socket);
	collector_config_free(&c);
	refuse(state, "tls:", "gate: {group: ops}\ntls:", 3, "socket");
	refuse(state, "key: key", "key: none", 3, "\"tls.key\"");
	fixture_write(f, "key", 0644, "");
	refuse(state, "tls:", "gate: {socket: g}\ntls:", 4, "chmod 0600");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_loads),
	    WITH_FIXTURE(test_gate),
	    WITH_FIXTURE(test_several_signers),
	    WITH_FIXTURE(test_workload_with_everything),
	    WITH_FIXTURE(test_addresses),
	    WITH_FIXTURE(test_what_is_hidden),
	    WITH_FIXTURE(test_where_tokens_go),
	    WITH_FIXTURE(test_where_tokens_do_not_go),
	    WITH_FIXTURE(test_ways_to_name_processes),
	    WITH_FIXTURE(test_patterns_take_so_many_bytes),
	    WITH_FIXTURE(test_files_and_directories),
	    WITH_FIXTURE(test_ranges),
	    WITH_FIXTURE(test_farewells),
	    WITH_FIXTURE(test_process_is_named_once),
	    WITH_FIXTURE(test_unit_names),
	    WITH_FIXTURE(test_workload_names),
	    WITH_FIXTURE(test_measures),
	    WITH_FIXTURE(test_every_fault_in_one_run),
	    WITH_FIXTURE(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
