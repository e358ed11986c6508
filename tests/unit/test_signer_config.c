#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/signer_config.h"
#include "tests/unit/config_sample.h"
#include "tests/unit/config_subject.h"

static const char base[] = "listen: \"127.0.0.1:7443\"\n"               /* 1 */
			   "log:\n"                                     /* 2 */
			   "  origin: log.example/one\n"                /* 3 */
			   "  directory: log\n"                         /* 4 */
			   "evidence: {directory: evidence}\n"          /* 5 */
			   "index: index.db\n"                          /* 6 */
			   "tls:\n"                                     /* 7 */
			   "  certificate: crt\n"                       /* 8 */
			   "  key: key\n"                               /* 9 */
			   "  client_ca: ca\n"                          /* 10 */
			   "key_process:\n"                             /* 11 */
			   "  socket: hsm.sock\n"                       /* 12 */
			   "policy: policy.yaml\n"                      /* 13 */
			   "status: {socket: status.sock}\n"            /* 14 */
			   "limits: {connections: 5, in_flight: 64}\n"; /* 15 */

static int
setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state) != 0)
		return -1;
	f = *state;
	fixture_write(f, "crt", 0644, "certificate");
	fixture_write(f, "ca", 0644, "ca");
	fixture_write(f, "crl", 0644, "crl");
	fixture_write(f, "key", 0600, "key");
	fixture_write(f, "policy.yaml", 0644, "policy");
	fixture_write(f, "hsm.yaml", 0644, "hsm");
	fixture_write(f, "program", 0755, "#!/bin/sh\n");
	fixture_write(f, "plain", 0644, "");
	return 0;
}

static void *
load_file(const char *path, struct faults *faults, enum err *e)
{
	struct signer_config *c;

	*e = signer_config_load(path, faults, &c);
	return c;
}

static const struct config_subject subject = {"signer.yaml", base, load_file};

static void
expect_in_directory(struct fixture *f, const char *path, const char *name)
{
	assert_string_equal(path, fixture_path(f, name));
}

static void
test_paths_are_resolved(void **state)
{
	struct signer_config *c = accept(state, "listen", "listen");

	expect_in_directory(*state, c->log_directory, "log");
	expect_in_directory(*state, c->evidence_directory, "evidence");
	expect_in_directory(*state, c->index_file, "index.db");
	expect_in_directory(*state, c->tls.certificate, "crt");
	expect_in_directory(*state, c->tls.key, "key");
	expect_in_directory(*state, c->tls.client_ca, "ca");
	expect_in_directory(*state, c->key_process.socket, "hsm.sock");
	expect_in_directory(*state, c->policy_file, "policy.yaml");
	expect_in_directory(*state, c->status_socket, "status.sock");
	assert_null(c->tls.client_crl);
	assert_null(c->key_process.program);
	signer_config_free(&c);
	assert_null(c);
}

static void
expect_defaults(const struct signer_config *c)
{
	assert_int_equal(c->limits.connections_per_collector, 256);
	assert_int_equal(c->limits.workloads_per_collector, 10000);
	assert_int_equal(c->limits.components_per_hour, 10000);
	assert_int_equal(c->limits.reports_per_hour, 1000000);
	assert_int_equal(c->limits.in_flight_per_collector, 4096);
	assert_int_equal(c->limits.in_flight_per_connection, 64);
	assert_int_equal(c->limits.evidence_pending_bytes, 268435456);
	assert_int_equal(c->limits.handshake_timeout_ms, 10000);
	assert_int_equal(c->limits.frame_timeout_ms, 10000);
	assert_int_equal(c->limits.idle_timeout_s, 900);
	assert_int_equal(c->limits.nonce_lifetime_s, 600);
	assert_int_equal(c->limits.clock_skew_s, 300);
	assert_int_equal(c->limits.disk_reserve_mib, 1024);
	assert_int_equal(c->key_process.deadline_ms, 5000);
	assert_int_equal(c->report.profile, REPORT_PROFILE_DEPLOYED);
	assert_string_equal(c->report.developer, "hallmark");
	assert_int_equal(c->report.lifetime_s, 3600);
	assert_int_equal(c->logging.format, LOGGER_TEXT);
	assert_int_equal(c->logging.level, LOGGER_INFO);
}

static void
test_relays(void **state)
{
	struct signer_config *c = accept(state, "listen", "listen");

	assert_int_equal(c->relay_count, 0);
	signer_config_free(&c);
	c = accept(state, "policy.yaml", "policy.yaml\nrelays: [spiffe://a/b, C.example]");
	assert_int_equal(c->relay_count, 2);
	assert_string_equal(c->relays[0], "spiffe://a/b");
	assert_string_equal(c->relays[1], "c.example"); /* as certificates are read */
	signer_config_free(&c);
}

static void
test_relays_must_be_names_that_differ(void **state)
{
	char long_name[600] = "policy.yaml\nrelays: [";
	const size_t size = strlen(long_name);

	refuse(state, "policy.yaml", "policy.yaml\nrelays: [\"a b\"]", 14, "found \"a b\"");
	refuse(state, "policy.yaml", "policy.yaml\nrelays: [\"\\u00e9\"]", 14, "printable ASCII");
	refuse(state, "policy.yaml", "policy.yaml\nrelays: [a, b, a]", 14, "names \"a\" twice");
	refuse(state, "policy.yaml", "policy.yaml\nrelays: [a, b, A]", 14, "names \"A\" twice");
	refuse(state, "policy.yaml", "policy.yaml\nrelays: [\":a\"]", 14, "found \":a\"");
	refuse(state, "policy.yaml", "policy.yaml\nrelays: [\"host:443/\", \"9:a\"]", 14,
	    "found \"9:a\"");
	refuse(state, "policy.yaml", "policy.yaml\nrelays: []", 14, "\"relays\"");
	refuse(state, "policy.yaml", "policy.yaml\nrelays: a", 14, "\"relays\"");
	memset(long_name + size, 'n', 513);
	strcpy(long_name + size + 513, "]");
	refuse(state, "policy.yaml", long_name, 14, "\"relays[0]\"");
}

static void
test_defaults(void **state)
{
	struct signer_config *c = accept(state, "listen", "listen");

	expect_defaults(c);
	assert_int_equal(c->limits.connections, 5);
	assert_int_equal(c->limits.in_flight, 64);
	assert_string_equal(c->log_origin, "log.example/one");
	assert_string_equal(c->listen_host, "127.0.0.1");
	assert_int_equal(c->listen_port, 7443);
	signer_config_free(&c);
}

static void
test_all_given(void **state)
{
	char *text = fixture_replace(base, "  socket: hsm.sock\n",
	    "  program: program\n  config: hsm.yaml\n  deadline_ms: 700\n");
	char *more = fixture_replace(text, "limits: {connections: 5, in_flight: 64}\n",
	    "report: {profile: draft, developer: \"A Bank\", lifetime_s: 60}\n"
	    "logging: {format: json}\n"
	    "limits: {connections: 1, in_flight: 2, in_flight_per_connection: 1,\n"
	    "  connections_per_collector: 3, workloads_per_collector: 4, components_per_hour: 5,\n"
	    "  reports_per_hour: 6, in_flight_per_collector: 7,\n"
	    "  evidence_pending_bytes: 16777216, handshake_timeout_ms: 100,\n"
	    "  frame_timeout_ms: 200, idle_timeout_s: 9, nonce_lifetime_s: 8, clock_skew_s: 0,\n"
	    "  disk_reserve_mib: 0}\n");
	struct signer_config *c = accept_text(state, more);

	expect_in_directory(*state, c->key_process.program, "program");
	expect_in_directory(*state, c->key_process.config, "hsm.yaml");
	assert_null(c->key_process.socket);
	assert_int_equal(c->key_process.deadline_ms, 700);
	assert_int_equal(c->report.profile, REPORT_PROFILE_DRAFT);
	assert_string_equal(c->report.developer, "A Bank");
	assert_int_equal(c->report.lifetime_s, 60);
	assert_int_equal(c->logging.format, LOGGER_JSON);
	assert_int_equal(c->limits.connections_per_collector, 3);
	assert_int_equal(c->limits.workloads_per_collector, 4);
	assert_int_equal(c->limits.components_per_hour, 5);
	assert_int_equal(c->limits.reports_per_hour, 6);
	assert_int_equal(c->limits.in_flight_per_collector, 7);
	assert_int_equal(c->limits.frame_timeout_ms, 200);
	assert_int_equal(c->limits.clock_skew_s, 0);
	assert_int_equal(c->limits.disk_reserve_mib, 0);
	signer_config_free(&c);
	free(text);
	free(more);
}

static void
test_listen_ipv6(void **state)
{
	char *text = fixture_replace(base, "127.0.0.1:7443", "[::1]:1");
	struct signer_config *c = accept_text(state, text);

	assert_string_equal(c->listen_host, "::1");
	assert_int_equal(c->listen_port, 1);
	signer_config_free(&c);
	free(text);
}

static void
test_listen_must_be_address_and_port(void **state)
{
	static const char *const bad[] = {"localhost:7443", "127.0.0.1", "127.0.0.1:", ":7443",
	    "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:07443", "::1:7443", "[::1]", "[::1:7443",
	    "[127.0.0.1]:7443", "127.1:7443", "127.0.0.1:7443 ", "[]:1", "127.0.0.1:+1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(state, "127.0.0.1:7443", bad[i], 1, "\"listen\" must be an IP address");
}

static void
test_origin(void **state)
{
	refuse(state, "log.example/one", "log example", 3, "\"log.origin\" must be");
	refuse(state, "log.example/one", "log+example", 3, "\"log.origin\" must be");
}

static void
test_missing_files(void **state)
{
	refuse(state, "crt", "none", 8, "\"tls.certificate\": cannot read");
	refuse(state, "key: key", "key: none", 9, "\"tls.key\": cannot read");
	refuse(state, "client_ca: ca", "client_ca: none", 10, "No such file");
	refuse(state, "client_ca: ca", "client_ca: ca\n  client_crl: none", 11, "tls.client_crl");
	refuse(state, "policy.yaml", "none.yaml", 13, "\"policy\": cannot read");
}

static void
test_open_secret(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(chmod(fixture_path(f, "key"), 0644), 0);
	refuse(state, "crt", "crt", 9, "has mode 0644: chmod 0600 it");
}

static void
test_directories_that_are_none(void **state)
{
	refuse(state, "directory: log", "directory: plain", 4, "must be a directory");
	refuse(state, "directory: log", "directory: plain/x", 4, "Not a directory");
	refuse(state, "index.db", "plain/x/index.db", 6, "Not a directory");
	if (geteuid() != 0)
		refuse(state, "directory: log", "directory: /proc/none", 4, "must be readable and");
}

static void
test_index_must_be_a_file(void **state)
{
	refuse(state, "index.db", ".", 6, "\"index\" must be a file");
}

static void
test_key_process_is_program_or_socket(void **state)
{
	refuse(state, "  socket: hsm.sock\n", "  deadline_ms: 100\n", 11, "found neither");
	refuse(state, "socket: hsm.sock", "socket: s\n  program: program\n  config: hsm.yaml", 11,
	    "found both");
	refuse(state, "socket: hsm.sock", "program: program", 11, "config\" is missing");
	refuse(state, "socket: hsm.sock", "socket: s\n  config: hsm.yaml", 13, "take it out");
	refuse(state, "socket: hsm.sock", "program: none\n  config: hsm.yaml", 12, "No such file");
	refuse(state, "socket: hsm.sock", "program: /\n  config: hsm.yaml", 12, "is no file");
	refuse(state, "socket: hsm.sock", "program: plain\n  config: hsm.yaml", 12,
	    "may not be executed");
}

static void
test_socket_path_must_fit(void **state)
{
	char to[256] = "socket: /";

	memset(to + 9, 'x', 107);
	refuse(state, "socket: hsm.sock", to, 12, "at most 107 bytes, found 108");
	refuse(state, "socket: status.sock", to, 14, "at most 107 bytes");
}

static void
test_ranges(void **state)
{
	refuse(state, "connections: 5", "connections: 0", 15,
	    "\"limits.connections\" must be 1 to 1000000, found 0; the default is 20000");
	refuse(state, "connections: 5", "connections: 1000001", 15, "must be 1 to 1000000");
	refuse(state, "connections: 5", "evidence_pending_bytes: 1000", 15, "16777216 to");
	refuse(state, "connections: 5", "handshake_timeout_ms: 99", 15, "100 to 600000");
	refuse(state, "connections: 5", "frame_timeout_ms: 99", 15, "100 to 600000");
	refuse(state, "connections: 5", "clock_skew_s: 86401", 15, "0 to 86400");
	refuse(state, "connections: 5", "disk_reserve_mib: 1048577", 15, "0 to 1048576");
	refuse(state, "hsm.sock\n", "hsm.sock\n  deadline_ms: 0\n", 13, "key_process.deadline_ms");
	refuse(state, "index: ", "report: {lifetime_s: 0}\nindex: ", 6, "report.lifetime_s");
}

static void
test_limits_must_fit_together(void **state)
{
	refuse(state, "in_flight: 64", "in_flight: 63, in_flight_per_connection: 64", 15,
	    "must be at most \"limits.in_flight\"");
	refuse(state, "connections: 5", "idle_timeout_s: 599", 15, "must outlive its nonce");
	refuse(state, "connections: 5", "nonce_lifetime_s: 901", 15, "must outlive its nonce");
}

static void
test_default_per_connection_gives_way(void **state)
{
	char *text = fixture_replace(base, "in_flight: 64", "in_flight: 3");
	struct signer_config *c = accept_text(state, text);

	assert_int_equal(c->limits.in_flight_per_connection, 3);
	signer_config_free(&c);
	free(text);
}

static void
test_every_fault_in_one_run(void **state)
{
	assert_null(load(*state, "lisen: x\n"
				 "listen: somewhere\n"
				 "log: {origin: \"a b\", directory: plain}\n"
				 "evidence: {dir: x}\n"
				 "index: index.db\n"
				 "tls: {certificate: none, key: none, client_ca: none}\n"
				 "key_process: {deadline_ms: 1}\n"
				 "policy: none\n"
				 "status: {socket: s}\n"
				 "limits: {connections: many, in_flight: 0}\n"
				 "report: {profile: new}\n"));
	fixture_expect(*state, 1, "unknown key \"lisen\"; did you mean \"listen\"?");
	fixture_expect(*state, 2, "\"listen\" must be an IP address");
	fixture_expect(*state, 3, "\"log.origin\"");
	fixture_expect(*state, 3, "\"log.directory\"");
	fixture_expect(*state, 4, "unknown key \"dir\" in \"evidence\"");
	fixture_expect(*state, 4, "key \"evidence.directory\" is missing");
	fixture_expect(*state, 6, "\"tls.certificate\"");
	fixture_expect(*state, 6, "\"tls.key\"");
	fixture_expect(*state, 6, "\"tls.client_ca\"");
	fixture_expect(*state, 7, "\"key_process.deadline_ms\"");
	fixture_expect(*state, 7, "found neither");
	fixture_expect(*state, 8, "\"policy\"");
	fixture_expect(*state, 10, "\"limits.connections\" must be a whole number");
	fixture_expect(*state, 10, "\"limits.in_flight\" must be 1 to");
	fixture_expect(*state, 11, "one of deployed, draft");
	fixture_expect_count(*state, 15);
}

static void
test_no_file(void **state)
{
	struct fixture *f = *state;
	struct signer_config *c;

	assert_int_equal(signer_config_load(fixture_path(f, "none"), &f->faults, &c), ERR_CONFIG);
	assert_null(c);
	fixture_expect_count(f, 1);
}

/* With every optional key taken out of its comment: they show the defaults. */
static void
test_sample(void **state)
{
	static const char *const optional[] = {"deadline_ms", "developer", "lifetime_s",
	    "connections_per_collector", "workloads_per_collector", "components_per_hour",
	    "reports_per_hour", "in_flight", "in_flight_per_collector", "in_flight_per_connection",
	    "evidence_pending_bytes", "handshake_timeout_ms", "frame_timeout_ms", "idle_timeout_s",
	    "nonce_lifetime_s", "clock_skew_s", "disk_reserve_mib"};
	struct fixture *f = *state;
	char *text = sample_read("signer.yaml");
	struct signer_config *c;

	text = sample_replace(text, "/var/lib/hallmark", "lib");
	fixture_mkdir(f, "tls");
	fixture_write(f, "tls/signer.crt", 0644, "");
	fixture_write(f, "tls/signer.key", 0600, "");
	fixture_write(f, "tls/collectors-ca.crt", 0644, "");
	c = accept_text(state, text);
	expect_defaults(c);
	assert_int_equal(c->limits.connections, 20000);
	assert_int_equal(c->limits.in_flight, 16384);
	signer_config_free(&c);
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		text = sample_uncomment(text, optional[i]);
	text = sample_uncomment(text, "relays"); /* these show no default */
	c = accept_text(state, text);
	expect_defaults(c);
	assert_int_equal(c->relay_count, 1);
	assert_int_equal(c->limits.in_flight, 16384);
	signer_config_free(&c);
	free(text);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_paths_are_resolved),
	    WITH_FIXTURE(test_defaults),
	    WITH_FIXTURE(test_all_given),
	    WITH_FIXTURE(test_relays),
	    WITH_FIXTURE(test_relays_must_be_names_that_differ),
	    WITH_FIXTURE(test_listen_ipv6),
	    WITH_FIXTURE(test_listen_must_be_address_and_port),
	    WITH_FIXTURE(test_origin),
	    WITH_FIXTURE(test_missing_files),
	    WITH_FIXTURE(test_open_secret),
	    WITH_FIXTURE(test_directories_that_are_none),
	    WITH_FIXTURE(test_index_must_be_a_file),
	    WITH_FIXTURE(test_key_process_is_program_or_socket),
	    WITH_FIXTURE(test_socket_path_must_fit),
	    WITH_FIXTURE(test_ranges),
	    WITH_FIXTURE(test_limits_must_fit_together),
	    WITH_FIXTURE(test_default_per_connection_gives_way),
	    WITH_FIXTURE(test_every_fault_in_one_run),
	    WITH_FIXTURE(test_no_file),
	    WITH_FIXTURE(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
