#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/register_config.h"
#include "tests/unit/config_sample.h"
#include "tests/unit/config_subject.h"

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char base[] = "logs:\n"                          /* 1 */
			   "  - name: tokyo\n"                /* 2 */
			   "    directory: log\n"             /* 3 */
			   "    evidence: evidence\n"         /* 4 */
			   "    certificates: [crt]\n"        /* 5 */
			   "  - name: osaka-2\n"              /* 6 */
			   "    directory: /log2\n"           /* 7 */
			   "    evidence: /evidence2\n"       /* 8 */
			   "    certificates: [crt, other]\n" /* 9 */
			   "state: state\n";                  /* 10 */

static int
setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state) != 0)
		return -1;
	f = *state;
	fixture_write(f, "crt", 0644, "certificate");
	fixture_write(f, "other", 0644, "certificate");
	fixture_write(f, "key", 0644, "key");
	return 0;
}

static void *
load_file(const char *path, struct faults *faults, enum err *e)
{
	struct register_config *c;

	*e = register_config_load(path, faults, &c);
	return c;
}

static const struct config_subject subject = {"register.yaml", base, load_file};

static void
test_logs_are_taken_in_order(void **state)
{
	struct register_config *c = accept(state, "tokyo", "tokyo");

	assert_int_equal(c->log_count, 2);
	assert_string_equal(c->logs[0].name, "tokyo");
	assert_string_equal(c->logs[0].tenant, "tokyo");
	assert_string_equal(c->logs[0].directory, fixture_path(*state, "log"));
	assert_string_equal(c->logs[0].evidence, fixture_path(*state, "evidence"));
	assert_int_equal(c->logs[0].certificates.count, 1);
	assert_string_equal(c->logs[0].certificates.name[0], fixture_path(*state, "crt"));
	assert_null(c->logs[0].origin);
	assert_int_equal(c->logs[0].approvers.count, 0);
	assert_int_equal(c->logs[0].collectors_ca.count, 0);
	assert_string_equal(c->logs[1].name, "osaka-2");
	assert_string_equal(c->logs[1].directory, "/log2");
	assert_int_equal(c->logs[1].certificates.count, 2);
	assert_string_equal(c->state_directory, fixture_path(*state, "state"));
	register_config_free(&c);
	assert_null(c);
}

static void
test_defaults(void **state)
{
	struct register_config *c = accept(state, "tokyo", "tokyo");

	assert_int_equal(c->follow.look_every_ms, 1000);
	assert_int_equal(c->follow.grace_s, 30);
	assert_int_equal(c->follow.vouched_within_s, 0);
	assert_int_equal(c->follow.freeze_every_s, 60);
	assert_int_equal(c->logging.level, LOGGER_INFO);
	register_config_free(&c);
}

static void
test_who_is_trusted(void **state)
{
	struct register_config *c = accept(state, "certificates: [crt]",
	    "certificates: [crt]\n    approvers: [key, " ID "]\n"
	    "    collectors_ca: [other]\n    crls: [key]\n    tenant: desk a\n    origin: a.b/c");

	assert_int_equal(c->logs[0].approvers.count, 2);
	assert_string_equal(c->logs[0].approvers.name[0], fixture_path(*state, "key"));
	assert_string_equal(c->logs[0].approvers.name[1], ID);
	assert_int_equal(c->logs[0].collectors_ca.count, 1);
	assert_int_equal(c->logs[0].crls.count, 1);
	assert_string_equal(c->logs[0].tenant, "desk a");
	assert_string_equal(c->logs[0].origin, "a.b/c");
	register_config_free(&c);
}

static void
test_a_log_may_lie_elsewhere(void **state)
{
	static const char here[] = "    directory: log\n    evidence: evidence\n";
	static const char *const refused[] = {"http://log.example/", "ftp://log.example/",
	    "http://127.0.0.1.evil.example/", "http://127.0.0.1:80@evil.example/", "log.example",
	    "http://localhost.evil/", "http://[::1]x/"};
	struct register_config *c = accept(state, here, "    url: https://log.example/a//\n");
	char text[128], says[256];

	assert_string_equal(c->logs[0].url, "https://log.example/a");
	assert_string_equal(c->logs[0].evidence_url, "https://log.example/a/evidence");
	assert_string_equal(c->logs[0].directory, fixture_path(*state, "state/tokyo/mirror/log"));
	assert_string_equal(
	    c->logs[0].evidence, fixture_path(*state, "state/tokyo/mirror/evidence"));
	assert_null(c->logs[1].url);
	register_config_free(&c);
	c = accept(state, here,
	    "    url: http://127.0.0.1:8080\n    evidence_url: http://[::1]/e\n    ca: crt\n");
	assert_string_equal(c->logs[0].evidence_url, "http://[::1]/e");
	assert_string_equal(c->logs[0].ca, fixture_path(*state, "crt"));
	register_config_free(&c);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		(void)snprintf(text, sizeof(text), "    url: %s\n", refused[i]);
		(void)snprintf(says, sizeof(says),
		    "\"logs[0].url\" must begin with https:// (http:// does from an address of the "
		    "loopback); found \"%s\"",
		    refused[i]);
		refuse(state, here, text, 3, says);
	}
	refuse(state, "    evidence: evidence\n", "    url: https://a\n", 3,
	    "the log is at \"url\": expected no \"directory\" and no \"evidence\"");
	refuse(state, "    evidence: evidence\n", "    evidence: evidence\n    ca: crt\n", 5,
	    "\"evidence_url\" and \"ca\" are for a log with \"url\"");
}

static void
test_what_may_be_granted(void **state)
{
#define GRANTS                                                                                     \
	"state: state\ngrants:\n  key: key\n  directory: given\n  author: a.b/c\n  rules:\n"       \
	"    - act: freeze\n      workloads: [\"app*\"]\n      share_percent: 10\n"
	struct register_config *c;
	char *text;

	fixture_write(*state, "key", 0600, "key");
	c = accept(state, "state: state\n", GRANTS);
	assert_string_equal(c->grants.key, fixture_path(*state, "key"));
	assert_int_equal(c->grants.rule_count, 1);
	assert_int_equal(c->grants.rules[0].act, STATEMENT_FREEZE);
	assert_int_equal(c->grants.rules[0].share_percent, 10);
	assert_int_equal(c->grants.rules[0].interval_s, 3600);
	assert_int_equal(c->grants.lasts_s, 600);
	assert_int_equal(c->grants.most, 10);
	register_config_free(&c);
	text = fixture_replace(GRANTS, "freeze", "melt");
	refuse(state, "state: state\n", text, 16,
	    "\"grants.rules[0].act\" must be freeze, stop or isolate; found \"melt\"");
	free(text);
	text = fixture_replace(GRANTS, ": 10", ": 101");
	refuse(state, "state: state\n", text, 18,
	    "\"grants.rules[0].share_percent\" must be 1 to 100; found 101");
	free(text);
	text = fixture_replace(GRANTS, ": 10", ": 0");
	refuse(state, "state: state\n", text, 18,
	    "\"grants.rules[0].share_percent\" must be 1 to 100; found 0");
	free(text);
	text = fixture_replace(GRANTS, "a.b/c", "a b");
	refuse(state, "state: state\n", text, 14,
	    "\"grants.author\" must be 1 to 128 bytes of printable text without white space; "
	    "found \"a b\"");
	free(text);
#undef GRANTS
}

static void
test_names_are_refused(void **state)
{
	refuse(state, "tokyo", "Tokyo", 2,
	    "\"logs[0].name\" must be 1 to 64 of a to z, 0 to 9 and \"-\"; found \"Tokyo\"");
	refuse(state, "tokyo", "to/kyo", 2,
	    "\"logs[0].name\" must be 1 to 64 of a to z, 0 to 9 and \"-\"; found \"to/kyo\"");
	refuse(state, "tokyo", "..", 2,
	    "\"logs[0].name\" must be 1 to 64 of a to z, 0 to 9 and \"-\"; found \"..\"");
	refuse(state, "osaka-2", "tokyo", 6,
	    "\"logs[1].name\": two logs are called \"tokyo\"; names must differ");
}

static void
test_files_are_refused(void **state)
{
	struct fixture *f = *state;
	char *text = fixture_replace(base, "[crt]", "[crt]\n    approvers: [" ID "0]");

	assert_null(load(f, text));
	fixture_expect_count(f, 1);
	free(text);
	text = fixture_replace(base, "[crt]", "[nothing]");
	assert_null(load(f, text));
	fixture_expect_count(f, 1);
	free(text);
}

static void
test_what_is_missing_is_refused(void **state)
{
	static const char *const lines[] = {"  - name: tokyo\n", "    directory: log\n",
	    "    evidence: evidence\n", "    certificates: [crt]\n", "state: state\n"};

	for (size_t i = 1; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *text = fixture_replace(base, lines[i], "");

		assert_null(load(*state, text));
		free(text);
	}
}

static void
test_numbers_are_refused(void **state)
{
	refuse(state, "state: state\n", "state: state\nfollow: {look_every_ms: 49}\n", 11,
	    "\"follow.look_every_ms\" must be 50 to 3600000, found 49");
	refuse(state, "state: state\n", "state: state\nfollow: {grace_s: 86401}\n", 11,
	    "\"follow.grace_s\" must be 0 to 86400, found 86401");
}

static void
test_an_authority_has_an_address_and_those_who_vouch_for_it(void **state)
{
	struct register_config *c = accept(state, "tokyo", "tokyo");

	assert_null(c->timestamps.url);
	register_config_free(&c);
	c = accept(state, "state: state\n",
	    "state: state\ntimestamps: {url: 'https://tsa.test/tsr', ca: crt}\n");
	assert_string_equal(c->timestamps.url, "https://tsa.test/tsr");
	assert_string_equal(c->timestamps.ca, fixture_path(*state, "crt"));
	assert_null(c->timestamps.tls_ca);
	assert_int_equal(c->timestamps.every_s, 3600);
	register_config_free(&c);
	c = accept(state, "state: state\n",
	    "state: state\n"
	    "timestamps: {url: 'http://127.0.0.1:3/', ca: crt, tls_ca: other, every_s: 60}\n");
	assert_string_equal(c->timestamps.url, "http://127.0.0.1:3");
	assert_string_equal(c->timestamps.tls_ca, fixture_path(*state, "other"));
	assert_int_equal(c->timestamps.every_s, 60);
	register_config_free(&c);
	refuse(state, "state: state\n",
	    "state: state\ntimestamps: {url: 'http://tsa.test', ca: crt}\n", 11,
	    "\"timestamps.url\" must begin with https:// (http:// does from an address of the "
	    "loopback); found \"http://tsa.test\"");
}

static void
test_a_witness_is_named_and_has_a_key(void **state)
{
	struct register_config *c = accept(state, "tokyo", "tokyo");

	assert_null(c->witness.name);
	assert_null(c->witness.key);
	register_config_free(&c);
	fixture_write(*state, "secret", 0600, "key");
	c = accept(state, "state: state\n", "state: state\nwitness: {name: a.b/w, key: secret}\n");
	assert_string_equal(c->witness.name, "a.b/w");
	assert_string_equal(c->witness.key, fixture_path(*state, "secret"));
	register_config_free(&c);
	refuse(state, "state: state\n", "state: state\nwitness: {name: a b, key: secret}\n", 11,
	    "\"witness.name\" must be a key name of signed notes, without spaces and \"+\", such "
	    "as "
	    "register.bank.example/witness; found \"a b\"");
}

static void
test_where_keys_are_found(void **state)
{
	struct register_config *c = accept(state, "state: state\n",
	    "state: state\ndiscovery: {issuer: \"https://a.b\", keys: crt}\n");

	assert_string_equal(c->discovery.issuer, "https://a.b");
	assert_string_equal(c->discovery.keys, fixture_path(*state, "crt"));
	register_config_free(&c);
	c = accept(state, "tokyo", "tokyo");
	assert_null(c->discovery.issuer);
	register_config_free(&c);
	refuse(state, "state: state\n",
	    "state: state\ndiscovery: {issuer: \"https://a.b/\", keys: crt}\n", 11,
	    "\"discovery.issuer\" must be the \"iss\" of the tokens to the byte: an https URL "
	    "without "
	    "a slash at its end; found \"https://a.b/\"");
	refuse(state, "state: state\n",
	    "state: state\ndiscovery: {issuer: \"http://a.b\", keys: crt}\n", 11,
	    "\"discovery.issuer\" must be the \"iss\" of the tokens to the byte: an https URL "
	    "without "
	    "a slash at its end; found \"http://a.b\"");
}

#define TELL "state: state\ntell:\n  - "

static void
test_who_is_told(void **state)
{
	struct register_config *c;

	fixture_write(*state, "secret", 0600, "key");
	c = accept(state, "state: state\n",
	    TELL "{name: desk, webhook: \"https://a/b\", secret: secret, ca: crt, timeout_s: 3,"
		 " events: [silent, alarm], workloads: [\"a*\"]}\n"
		 "  - {name: pager, command: [/bin/true, x]}\n"
		 "  - {name: siem, syslog: /dev/log}\n"
		 "  - {name: siem-2, syslog: \"[::1]:601\"}\n");
	assert_int_equal(c->teller_count, 4);
	assert_int_equal(c->tellers[0].form, TELLER_WEBHOOK);
	assert_string_equal(c->tellers[0].url, "https://a/b");
	assert_string_equal(c->tellers[0].secret, fixture_path(*state, "secret"));
	assert_string_equal(c->tellers[0].ca, fixture_path(*state, "crt"));
	assert_int_equal(c->tellers[0].timeout_s, 3);
	assert_true(c->tellers[0].wants[EVENT_SILENT] && c->tellers[0].wants[EVENT_ALARM]);
	assert_false(c->tellers[0].wants[EVENT_VERDICT]);
	assert_int_equal(c->tellers[0].workload_count, 1);
	assert_int_equal(c->tellers[1].form, TELLER_COMMAND);
	assert_int_equal(c->tellers[1].argument_count, 2);
	assert_true(c->tellers[1].wants[EVENT_VERDICT]);
	assert_int_equal(c->tellers[1].timeout_s, TELLER_TIMEOUT_S);
	assert_string_equal(c->tellers[2].socket, "/dev/log");
	assert_string_equal(c->tellers[3].address, "::1");
	assert_int_equal(c->tellers[3].port, 601);
	register_config_free(&c);
}

static void
test_who_cannot_be_told_is_refused(void **state)
{
	refuse(state, "state: state\n", TELL "{name: A, syslog: /dev/log}\n", 12,
	    "\"tell[0].name\" must be 1 to 64 of a to z, 0 to 9 and \"-\"; found \"A\"");
	refuse(state, "state: state\n", TELL "{name: a}\n", 12,
	    "\"tell[0]\" must have one of \"webhook\", \"command\" and \"syslog\"; found none");
	refuse(state, "state: state\n", TELL "{name: a, syslog: /x, webhook: \"http://a\"}\n", 12,
	    "\"tell[0]\" must have one of \"webhook\", \"command\" and \"syslog\"; found several");
	refuse(state, "state: state\n", TELL "{name: a, webhook: \"ftp://a\"}\n", 12,
	    "\"tell[0].webhook\" must begin with https:// (or http://, in the clear); found "
	    "\"ftp://a\"");
	refuse(state, "state: state\n", TELL "{name: a, syslog: /x, ca: crt}\n", 12,
	    "\"tell[0].ca\" is of a webhook, and this is none");
	refuse(state, "state: state\n", TELL "{name: a, syslog: /x, timeout_s: 0}\n", 12,
	    "\"tell[0].timeout_s\" must be 1 to 3600; found 0");
	refuse(state, "state: state\n", TELL "{name: a, syslog: /x, workloads: [\"\\\\a\"]}\n", 12,
	    "\"tell[0].workloads\": a backslash must stand before *, ? or \\; found \"\\a\"");
	refuse(state, "state: state\n", TELL "{name: a, syslog: /x}\n  - {name: a, syslog: /x}\n",
	    13,
	    "\"tell[1].name\": two are called \"a\"; names must differ, as what was delivered is "
	    "kept by them");
}

/* What the sample says is good, and what it leaves out is what it says is the default. */
static void
test_sample(void **state)
{
	char *text = sample_read("register.yaml");
	struct register_config *c;

	text = sample_replace(text, "/var/lib/hallmark-register", "state");
	text = sample_replace(text, "log.crt", "crt");
	c = accept_text(state, text);
	assert_int_equal(c->log_count, 1);
	assert_int_equal(c->follow.look_every_ms, 1000);
	register_config_free(&c);
	text = sample_replace(text, "# follow:", "follow:");
	text = sample_uncomment(text, "look_every_ms");
	text = sample_uncomment(text, "grace_s");
	text = sample_uncomment(text, "vouched_within_s");
	text = sample_uncomment(text, "freeze_every_s");
	text = sample_uncomment(text, "level");
	fixture_write(*state, "witness.key", 0600, "key");
	text = sample_replace(text, "# witness:\n#   name: register.bank.example/witness\n#   key:",
	    "witness:\n  name: register.bank.example/witness\n  key:");
	c = accept_text(state, text);
	assert_int_equal(c->follow.look_every_ms, 1000);
	assert_int_equal(c->follow.grace_s, 30);
	assert_int_equal(c->follow.vouched_within_s, 0);
	assert_int_equal(c->follow.freeze_every_s, 60);
	assert_string_equal(c->witness.name, "register.bank.example/witness");
	register_config_free(&c);
	free(text);
}

#define FRONT                                                                                      \
	"state: state\n"                                                                /* 10 */   \
	"listen:\n"                                                                     /* 11 */   \
	"  - address: 127.0.0.1:7480\n"                                                 /* 12 */   \
	"  - {socket: http, group: web, role: viewer}\n"                                /* 13 */   \
	"  - address: \"[::]:7443\"\n"                                                  /* 14 */   \
	"    tls: {certificate: crt, key: secret, client_ca: other}\n"                  /* 15 */   \
	"roles:\n"                                                                      /* 16 */   \
	"  - {name: \"gid:33\", role: relying-party, workloads: [\"a-*\"]}\n"           /* 17 */   \
	"  - {name: \"spiffe://b/*\", role: auditor, logs: [tokyo]}\n"                  /* 18 */   \
	"decisions:\n"                                                                  /* 19 */   \
	"  behind_s: 5\n"                                                               /* 20 */   \
	"  warning: allow\n"                                                            /* 21 */   \
	"  aliases:\n"                                                                  /* 22 */   \
	"    - name: trading\n"                                                         /* 23 */   \
	"      warning: deny\n"                                                         /* 24 */   \
	"      members: [{log: osaka-2, collector: \"spiffe://b/h\", workload: app}]\n" /* 25 */   \
	"    - {name: floor, group: g, logs: [tokyo], share_percent: 50}\n"             /* 26 */

static void
test_front_is_taken(void **state)
{
	struct register_config *c;
	const struct front_config *f;

	fixture_write(*state, "secret", 0600, "key");
	c = accept(state, "state: state\n", FRONT "limits: {connections: 100}\n");
	f = &c->front;
	assert_int_equal(f->listens, 3);
	assert_string_equal(f->listen[0].address, "127.0.0.1:7480");
	assert_false(f->listen[0].has_role);
	assert_string_equal(f->listen[1].socket, fixture_path(*state, "http"));
	assert_string_equal(f->listen[1].group, "web");
	assert_true(f->listen[1].has_role);
	assert_int_equal(f->listen[1].role, FRONT_VIEWER);
	assert_string_equal(f->listen[2].certificate, fixture_path(*state, "crt"));
	assert_string_equal(f->listen[2].client_ca, fixture_path(*state, "other"));
	assert_null(f->listen[2].client_crl);
	assert_int_equal(f->grants, 2);
	assert_int_equal(f->grant[0].role, FRONT_RELYING_PARTY);
	assert_string_equal(f->grant[0].workloads.name[0], "a-*");
	assert_string_equal(f->grant[1].logs.name[0], "tokyo");
	assert_int_equal(f->behind_s, 5);
	assert_int_equal(f->aliases, 2);
	assert_false(f->alias[0].warning_allowed);
	assert_int_equal(f->alias[0].member[0].log, 1);
	assert_string_equal(f->alias[0].member[0].workload, "app");
	assert_true(f->alias[1].warning_allowed);
	assert_int_equal(f->alias[1].share_percent, 50);
	assert_int_equal(f->connections, 100);
	register_config_free(&c);
}

static void
refuse_front(void **state, const char *from, const char *to, unsigned line, const char *fault)
{
	char *text = fixture_replace(FRONT, from, to);

	refuse(state, "state: state\n", text, line, fault);
	free(text);
}

static void
test_front_faults(void **state)
{
	fixture_write(*state, "secret", 0600, "key");
	refuse_front(state, "127.0.0.1:7480", "localhost:7480", 12, "IP address");
	refuse_front(
	    state, "{socket: http, ", "{socket: http, address: \"127.0.0.1:1\", ", 13, "one of");
	refuse_front(state, "{socket: http, group", "{address: \"127.0.0.1:1\", group", 13,
	    "is of a \"socket\" alone");
	refuse_front(state, "role: viewer", "role: root", 13, "role");
	refuse_front(state, "client_ca", "client_crl", 15, "no \"client_ca\"");
	refuse_front(state, ", workloads: [\"a-*\"]", "", 17, "needs \"workloads\"");
	refuse_front(state, "[\"a-*\"]", "[\"a-\\\\\"]", 17, "must be patterns");
	refuse_front(state, "logs: [tokyo]}", "logs: [kyoto]}", 18, "no log of \"logs\"");
	refuse_front(state, "behind_s: 5", "behind_s: 0", 20, "behind_s");
	refuse_front(state, "name: trading", "name: Trading", 23, "a to z");
	refuse_front(state, "name: floor", "name: trading", 26, "names must differ");
	refuse_front(state, "log: osaka-2", "log: osaka", 25, "no log of \"logs\"");
	refuse_front(state, "spiffe://b/h", "two words", 25, "must be an identity");
	refuse_front(state, ", group: g, logs: [tokyo], share_percent: 50", "", 26,
	    "one of \"members\" and \"group\"");
	refuse_front(state, "share_percent: 50", "share_percent: 101", 26, "1 to 100");
	refuse_front(state, "      warning: deny\n", "      share_percent: 50\n", 23,
	    "of a \"group\" alone");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_front_is_taken, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_front_faults, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_logs_are_taken_in_order, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_defaults, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_who_is_trusted, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_a_log_may_lie_elsewhere, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_what_may_be_granted, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_names_are_refused, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_files_are_refused, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_what_is_missing_is_refused, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_numbers_are_refused, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_witness_is_named_and_has_a_key, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_an_authority_has_an_address_and_those_who_vouch_for_it, setup,
		fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_where_keys_are_found, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_who_is_told, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_who_cannot_be_told_is_refused, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_sample, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
