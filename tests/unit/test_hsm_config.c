#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/hsm_config.h"
#include "tests/unit/config_sample.h"
#include "tests/unit/config_subject.h"

static const char base[] = "origin: log.example/one\n" /* 1 */
			   "module: module.so\n"       /* 2 */
			   "token: a token\n"          /* 3 */
			   "key: a key\n"              /* 4 */
			   "pin_file: pin\n"           /* 5 */
			   "certificate: log.crt\n"    /* 6 */
			   "guard: guard\n";           /* 7 */

static int
setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state) != 0)
		return -1;
	f = *state;
	fixture_write(f, "module.so", 0755, "");
	fixture_write(f, "pin", 0600, "1234");
	fixture_write(f, "hsm-2.yaml", 0644, "");
	fixture_mkdir(f, "guard");
	unsetenv("CREDENTIALS_DIRECTORY");
	return 0;
}

static void *
load_file(const char *path, struct faults *faults, enum err *e)
{
	struct hsm_config *c;

	*e = hsm_config_load(path, faults, &c);
	return c;
}

static const struct config_subject subject = {"hsm.yaml", base, load_file};

static void
test_loads(void **state)
{
	struct fixture *f = *state;
	struct hsm_config *c = accept(state, "origin", "origin");

	assert_string_equal(c->origin, "log.example/one");
	assert_string_equal(c->module, fixture_path(f, "module.so"));
	assert_string_equal(c->token_label, "a token");
	assert_string_equal(c->key_label, "a key");
	assert_int_equal(c->algorithm, HSM_P256);
	assert_string_equal(c->pin_file, fixture_path(f, "pin"));
	assert_null(c->pin_credential);
	assert_string_equal(c->certificate, fixture_path(f, "log.crt"));
	assert_string_equal(c->guard_directory, fixture_path(f, "guard"));
	assert_int_equal(c->sessions, 2);
	assert_int_equal(c->deadline_ms, 1500);
	assert_int_equal(c->keepalive_s, 15);
	hsm_config_free(&c);
	assert_null(c);
}

static void
test_options(void **state)
{
	struct hsm_config *c = accept(state, "guard: guard\n",
	    "guard: guard\nalgorithm: rsa-3072\nsessions: 16\ndeadline_ms: 100\nkeepalive_s: 0\n");

	assert_int_equal(c->algorithm, HSM_RSA_3072);
	assert_int_equal(c->sessions, 16);
	assert_int_equal(c->deadline_ms, 100);
	assert_int_equal(c->keepalive_s, 0);
	hsm_config_free(&c);
}

static void
test_refusals(void **state)
{
	refuse(state, "log.example/one", "a b", 1, "\"origin\" must be");
	refuse(state, "module.so", "none.so", 2, "\"module\": cannot read");
	refuse(state, "a token", "a token with a label over 32 bytes", 3, "1 to 32 bytes");
	refuse(state, "guard: guard", "guard: none", 7, "make it first");
	refuse(state, "guard: guard", "guard: pin", 7, "must be a directory");
	refuse(
	    state, "guard: guard", "guard: guard\nalgorithm: ed25519", 8, "p256, p384, rsa-3072");
	refuse(state, "guard: guard", "guard: guard\nsessions: 65", 8, "1 to 64, found 65");
	refuse(state, "guard: guard", "guard: guard\nsessions: 0", 8, "1 to 64, found 0");
	refuse(state, "guard: guard", "guard: guard\ndeadline_ms: 1", 8, "100 to 600000");
	refuse(state, "certificate: log.crt", "certificate: none/log.crt", 6, "no directory");
	refuse(state, "certificate: log.crt", "certificate: guard", 6, "regular file");
}

static void
test_token_and_key_by_uri(void **state)
{
	static const char uri[] = "pkcs11:token=a;object=b";
	struct hsm_config *c =
	    accept(state, "token: a token\nkey: a key\n", "uri: \"pkcs11:token=a;object=b\"\n");

	assert_string_equal(c->token_uri, uri);
	assert_string_equal(c->key_uri, uri);
	assert_string_equal(c->token_label, uri);
	assert_string_equal(c->key_label, uri);
	hsm_config_free(&c);
	c = accept(state, "origin", "origin");
	assert_null(c->token_uri);
	assert_null(c->key_uri);
	hsm_config_free(&c);
	refuse(state, "token: a token\n", "token: a token\nuri: \"pkcs11:token=a\"\n", 4, "both");
	refuse(state, "token: a token\n", "uri: \"pkcs11:token=a\"\n", 3, "both");
	refuse(state, "token: a token\n", "", 3, "\"key\" alone");
	refuse(state, "key: a key\n", "", 3, "\"token\" alone");
	refuse(state, "token: a token\nkey: a key\n", "", 1, "neither");
	refuse(state, "token: a token\nkey: a key\n", "uri: \"token=a\"\n", 3, "begins with");
}

static void
test_algorithms(void **state)
{
	static const struct {
		const char *text;
		enum hsm_algorithm algorithm;
	} all[] = {{"guard: guard\nalgorithm: p256\n", HSM_P256},
	    {"guard: guard\nalgorithm: p384\n", HSM_P384},
	    {"guard: guard\nalgorithm: rsa-3072\n", HSM_RSA_3072},
	    {"guard: guard\nalgorithm: rsa-4096\n", HSM_RSA_4096},
	    {"guard: guard\nalgorithm: rsa-3072-pss\n", HSM_RSA_3072_PSS},
	    {"guard: guard\nalgorithm: rsa-4096-pss\n", HSM_RSA_4096_PSS}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct hsm_config *c = accept(state, "guard: guard\n", all[i].text);

		assert_int_equal(c->algorithm, all[i].algorithm);
		assert_null(c->ed25519_label);
		assert_null(c->ed25519_verifier);
		hsm_config_free(&c);
	}
	refuse(state, "guard: guard", "guard: guard\nalgorithm: rsa-2048", 8, "rsa-4096-pss");
}

static void
test_a_key_beside_the_first(void **state)
{
	struct fixture *f = *state;
	struct hsm_config *c = accept(state, "guard: guard\n",
	    "guard: guard\ned25519_key: another\ned25519_verifier: log.vkey\n");

	assert_string_equal(c->ed25519_label, "another");
	assert_string_equal(c->ed25519_verifier, fixture_path(f, "log.vkey"));
	hsm_config_free(&c);
	refuse(state, "guard: guard", "guard: guard\ned25519_key: x", 8, "belong together");
	refuse(state, "guard: guard", "guard: guard\ned25519_verifier: x", 8, "belong together");
	refuse(state, "guard: guard", "guard: guard\ned25519_key: a key\ned25519_verifier: x", 8,
	    "another label than");
	refuse(state, "guard: guard", "guard: guard\ned25519_key: x\ned25519_verifier: none/x", 9,
	    "no directory");
	refuse(state, "guard: guard", "guard: guard\ned25519_key: x\ned25519_verifier: guard", 9,
	    "regular file");
}

static void
test_what_the_operator_vouches_for(void **state)
{
	struct hsm_config *c = accept(
	    state, "guard: guard\n", "guard: guard\nvouched: [CKA_LOCAL, CKA_NEVER_EXTRACTABLE]\n");

	assert_int_equal(c->vouched, HSM_LOCAL | HSM_NEVER_EXTRACTABLE);
	hsm_config_free(&c);
	c = accept(state, "origin", "origin");
	assert_int_equal(c->vouched, 0);
	hsm_config_free(&c);
	/* Nobody but the token can say these. */
	refuse(state, "guard: guard", "guard: guard\nvouched: [CKA_SENSITIVE]", 8, "CKA_LOCAL");
	refuse(state, "guard: guard", "guard: guard\nvouched: [CKA_EXTRACTABLE]", 8, "CKA_LOCAL");
}

static void
test_module_is_nobody_elses(void **state)
{
	struct fixture *f = *state;
	struct hsm_config *c;

	assert_int_equal(chmod(fixture_path(f, "module.so"), 0664), 0);
	refuse(state, "origin", "origin", 2, "others could put another in its place");
	assert_int_equal(chmod(fixture_path(f, "module.so"), 0646), 0);
	refuse(state, "origin", "origin", 2, "mode 0646");
	assert_int_equal(chmod(fixture_path(f, "module.so"), 0644), 0);
	assert_int_equal(chmod(f->directory, 0777), 0);
	refuse(state, "origin", "origin", 2, "mode 0777");
	assert_int_equal(chmod(f->directory, 01777), 0); /* as /tmp */
	c = accept(state, "origin", "origin");
	hsm_config_free(&c);
	fixture_mkdir(f, "open");
	assert_int_equal(chmod(fixture_path(f, "open"), 0770), 0);
	fixture_mkdir(f, "open/closed");
	fixture_write(f, "open/closed/module.so", 0644, "");
	refuse(state, "module.so", "open/closed/module.so", 2, "mode 0770");
	/* It is where a link leads that counts. */
	assert_int_equal(symlink("open/closed/module.so", fixture_path(f, "link.so")), 0);
	refuse(state, "module.so", "link.so", 2, "mode 0770");
	/* And who can turn a link does so behind this: its target is what is loaded. */
	assert_int_equal(symlink("../module.so", fixture_path(f, "open/link.so")), 0);
	c = accept(state, "module.so", "open/link.so");
	assert_string_equal(c->module, fixture_path(f, "module.so"));
	hsm_config_free(&c);
	if (geteuid() == 0) {
		assert_int_equal(chown(fixture_path(f, "module.so"), 65534, 0), 0);
		refuse(state, "origin", "origin", 2, "belongs to user 65534");
	}
}

static void
test_pin_never_stands_in_the_file(void **state)
{
	refuse(
	    state, "pin_file: pin\n", "pin_file: pin\npin: \"1234\"\n", 6, "unknown key \"pin\"");
}

static void
test_pin_comes_from_one_place(void **state)
{
	refuse(state, "pin_file: pin\n", "", 1, "found neither");
	refuse(state, "pin_file: pin\n", "pin_file: pin\npin_credential: pin\n", 5, "found both");
}

static void
test_pin_file_must_be_closed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(chmod(fixture_path(f, "pin"), 0640), 0);
	refuse(state, "key", "key", 5, "chmod 0600");
	assert_int_equal(chmod(fixture_path(f, "pin"), 0604), 0);
	refuse(state, "key", "key", 5, "chmod 0600");
	refuse(state, "pin_file: pin", "pin_file: none", 5, "cannot read");
}

static void
test_credential(void **state)
{
	struct fixture *f = *state;
	struct hsm_config *c;

	refuse(state, "pin_file: pin", "pin_credential: pin", 5, "LoadCredential=pin");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f->directory, 1), 0);
	c = accept(state, "pin_file: pin", "pin_credential: pin");
	assert_string_equal(c->pin_file, fixture_path(f, "pin"));
	assert_string_equal(c->pin_credential, "pin");
	hsm_config_free(&c);
	/* An access list of systemd's shows as a group bit. */
	assert_int_equal(chmod(fixture_path(f, "pin"), 0440), 0);
	c = accept(state, "pin_file: pin", "pin_credential: pin");
	hsm_config_free(&c);
	assert_int_equal(chmod(fixture_path(f, "pin"), 0444), 0);
	refuse(state, "pin_file: pin", "pin_credential: pin", 5, "open to others");
	refuse(state, "pin_file: pin", "pin_credential: none", 5, "cannot read");
	refuse(state, "pin_file: pin", "pin_credential: ../pin", 5, "without \"/\"");
	refuse(state, "pin_file: pin", "pin_credential: ..", 5, "without \"/\"");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "relative", 1), 0);
	refuse(state, "pin_file: pin", "pin_credential: pin", 5, "LoadCredential=pin");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void
test_guard_is_closed_to_others(void **state)
{
	struct fixture *f = *state;
	struct hsm_config *c;

	assert_int_equal(chmod(fixture_path(f, "guard"), 0720), 0);
	refuse(state, "origin", "origin", 7, "has mode 0720: chmod");
	assert_int_equal(chmod(fixture_path(f, "guard"), 0702), 0);
	refuse(state, "origin", "origin", 7, "has mode 0702: chmod");
	assert_int_equal(chmod(fixture_path(f, "guard"), 0755), 0);
	c = accept(state, "origin", "origin");
	hsm_config_free(&c);
}

static void
test_file_is_closed_to_others(void **state)
{
	static const mode_t open_to_others[] = {0664, 0646, 0666};
	struct fixture *f = *state;
	struct hsm_config *c;

	for (size_t i = 0; i < 3; i++) {
		c = accept(state, "origin", "origin");
		hsm_config_free(&c);
		assert_int_equal(chmod(fixture_path(f, "hsm.yaml"), open_to_others[i]), 0);
		assert_int_equal(hsm_config_load(f->path, &f->faults, &c), ERR_CONFIG);
		fixture_expect(f, 0, "closed to writing by group and others");
		fixture_expect_count(f, 1);
	}
	if (geteuid() != 0)
		return; /* only root can give files away */
	c = accept(state, "origin", "origin");
	hsm_config_free(&c);
	assert_int_equal(chown(fixture_path(f, "hsm.yaml"), 65534, (gid_t)-1), 0);
	assert_int_equal(hsm_config_load(f->path, &f->faults, &c), ERR_CONFIG);
	fixture_expect(f, 0, "found user 65534");
	fixture_expect_count(f, 1);
	assert_int_equal(chown(fixture_path(f, "hsm.yaml"), 0, (gid_t)-1), 0);
}

/* The configuration with one profile, at lines 8 to 13, in which `from` is `to`. */
static char *
with_token(const char *from, const char *to)
{
	static const char token[] = "guard: guard\n"
				    "tokens:\n"
				    "  - profile: one\n"
				    "    iss: https://log.example\n"
				    "    aud: [vault]\n"
				    "    collectors: [spiffe://a/*, b.example]\n"
				    "    workloads: [\"app-*\"]\n";

	return fixture_replace(token, from, to);
}

static struct hsm_config *
accept_token(void **state, const char *from, const char *to)
{
	char *text = with_token(from, to);
	struct hsm_config *c = accept(state, "guard: guard\n", text);

	free(text);
	return c;
}

static void
refuse_token(void **state, const char *from, const char *to, unsigned line, const char *fault)
{
	char *text = with_token(from, to);

	refuse(state, "guard: guard\n", text, line, fault);
	free(text);
}

static void
expect_view(struct view v, const char *text)
{
	assert_true(view_equal(v, view_of_string(text)));
}

static void
test_a_token_profile(void **state)
{
	struct hsm_config *c = accept(state, "origin", "origin");
	const struct token_profile *t;

	assert_int_equal(c->token_count, 0);
	hsm_config_free(&c);
	c = accept_token(state, "one", "one");
	assert_int_equal(c->token_count, 1);
	t = &c->tokens[0];
	expect_view(t->name, "one");
	expect_view(t->issuer, "https://log.example");
	assert_int_equal(t->audience_count, 1);
	expect_view(t->audiences[0], "vault");
	assert_int_equal(t->lifetime_s, 300);
	assert_int_equal(t->cover.collector_count, 2);
	expect_view(t->cover.collectors[0], "spiffe://a/*");
	expect_view(t->cover.collectors[1], "b.example");
	assert_int_equal(t->cover.workload_count, 1);
	expect_view(t->cover.workloads[0], "app-*");
	assert_int_equal(t->status_count, 1);
	assert_int_equal(t->statuses[0], REPORT_AFFIRMING);
	hsm_config_free(&c);
}

static void
test_all_of_a_token_profile(void **state)
{
	struct hsm_config *c = accept_token(state, "    aud: [vault]\n",
	    "    aud: [vault, https://b.example]\n    lifetime_s: 86400\n"
	    "    statuses: [warning, affirming, none, contraindicated]\n");
	const struct token_profile *t = &c->tokens[0];

	assert_int_equal(t->lifetime_s, 86400);
	assert_int_equal(t->audience_count, 2);
	expect_view(t->audiences[1], "https://b.example");
	assert_int_equal(t->status_count, 4);
	assert_int_equal(t->statuses[0], REPORT_WARNING);
	assert_int_equal(t->statuses[1], REPORT_AFFIRMING);
	assert_int_equal(t->statuses[2], REPORT_NONE);
	assert_int_equal(t->statuses[3], REPORT_CONTRAINDICATED);
	hsm_config_free(&c);
}

static void
test_several_token_profiles(void **state)
{
	static const char second[] = "tokens:\n  - {profile: two, iss: \"urn:x\", aud: [a], "
				     "collectors: [c], workloads: [w]}\n";
	struct hsm_config *c = accept_token(state, "tokens:\n", second);

	assert_int_equal(c->token_count, 2);
	expect_view(c->tokens[0].name, "two");
	expect_view(c->tokens[0].issuer, "urn:x");
	expect_view(c->tokens[1].name, "one");
	hsm_config_free(&c);
}

static void
test_token_profiles_have_names_that_differ(void **state)
{
	char name[80] = "profile: ";

	refuse_token(state, "tokens:\n",
	    "tokens:\n  - {profile: one, iss: i, aud: [a], collectors: [c], workloads: [w]}\n", 10,
	    "\"one\" is the name of two profiles");
	refuse_token(state, "profile: one", "profile: .one", 9, "not begin with \".\"");
	refuse_token(state, "profile: one", "profile: a/b", 9, "\"/\"");
	refuse_token(state, "profile: one", "profile: a b", 9, "without white space");
	refuse_token(state, "profile: one", "profile: \"\"", 9, "1 to 64 bytes");
	memset(name + strlen(name), 'n', 65);
	refuse_token(state, "profile: one", name, 9, "1 to 64 bytes");
}

static void
test_a_token_profile_says_who_and_for_whom(void **state)
{
	refuse_token(state, "    aud: [vault]\n", "", 9, "\"tokens[0].aud\"");
	refuse_token(state, "    iss: https://log.example\n", "", 9, "\"tokens[0].iss\"");
	refuse_token(state, "aud: [vault]", "aud: [a b]", 11, "without white space");
	refuse_token(state, "aud: [vault]", "aud: [a, \":8080\"]", 11, "must be a URI");
	refuse_token(state, "aud: [vault]", "aud: [\"a_b:c\"]", 11, "must be a URI");
	refuse_token(state, "aud: [vault]", "aud: [\"\"]", 11, "1 to 512 bytes");
	refuse_token(state, "aud: [vault]", "aud: []", 11, "1 to 64");
	refuse_token(state, "aud: [vault]", "aud: [a, b, a]", 11, "names \"a\" twice");
}

static void
test_what_a_token_profile_covers(void **state)
{
	refuse_token(state, "workloads: [\"app-*\"]", "workloads: []", 13, "1 to 64");
	refuse_token(state, "    workloads: [\"app-*\"]\n", "", 9, "\"tokens[0].workloads\"");
	refuse_token(state, "workloads: [\"app-*\"]", "workloads: ['a\\b']", 13, "backslash");
	refuse_token(state, "b.example", "'b\\'", 12, "\"tokens[0].collectors[1]\"");
	refuse_token(state, "[vault]\n", "[vault]\n    lifetime_s: 0\n", 12, "1 to 86400, found 0");
	refuse_token(
	    state, "[vault]\n", "[vault]\n    lifetime_s: 86401\n", 12, "1 to 86400, found 86401");
	refuse_token(state, "[vault]\n", "[vault]\n    statuses: []\n", 12, "1 to 4");
	refuse_token(state, "[vault]\n", "[vault]\n    statuses: [good]\n", 12, "affirming");
	refuse_token(
	    state, "[vault]\n", "[vault]\n    statuses: [none, none]\n", 12, "\"none\" twice");
}

static void
test_every_fault_in_one_run(void **state)
{
	assert_null(load(*state, "origin: \"+\"\nmodule: none\ntoken: []\nkey: k\nsession: 1\n"
				 "certificate: log.crt\nguard: none\nsessions: 99\n"));
	fixture_expect(*state, 1, "\"origin\"");
	fixture_expect(*state, 1, "found neither");
	fixture_expect(*state, 2, "\"module\"");
	fixture_expect(*state, 3, "\"token\" must be text");
	fixture_expect(*state, 5, "did you mean \"sessions\"?");
	fixture_expect(*state, 7, "\"guard\"");
	fixture_expect(*state, 8, "1 to 64");
	fixture_expect_count(*state, 7);
}

static char *
with_summary(const char *from, const char *to)
{
	static const char summary[] = "guard: guard\n"
				      "summaries:\n"
				      "  - profile: one\n"                  /* 9 */
				      "    verifier: https://log.example\n" /* 10 */
				      "    resources: https://w.example/\n"
				      "    policies: \"urn:p:\"\n" /* 12 */
				      "    collectors: [\"a.example\", \"b.example\"]\n"
				      "    workloads: [\"app-*\"]\n"; /* 14 */

	return fixture_replace(summary, from, to);
}

static void
refuse_summary(void **state, const char *from, const char *to, unsigned line, const char *fault)
{
	char *text = with_summary(from, to);

	refuse(state, "guard: guard\n", text, line, fault);
	free(text);
}

static void
test_a_summary_profile(void **state)
{
	char *text = with_summary("one", "one");
	struct hsm_config *c = accept(state, "guard: guard\n", text);
	const struct summary_profile *s = &c->summaries[0];

	free(text);
	assert_int_equal(c->summary_count, 1);
	assert_int_equal(c->token_count, 0);
	expect_view(s->name, "one");
	expect_view(s->verifier, "https://log.example");
	expect_view(s->resources, "https://w.example/");
	expect_view(s->policies, "urn:p:");
	assert_int_equal(s->cover.collector_count, 2);
	expect_view(s->cover.collectors[1], "b.example");
	assert_int_equal(s->cover.workload_count, 1);
	expect_view(s->cover.workloads[0], "app-*");
	hsm_config_free(&c);
}

static void
test_what_a_summary_profile_says(void **state)
{
	refuse_summary(
	    state, "    verifier: https://log.example\n", "", 9, "\"summaries[0].verifier\"");
	refuse_summary(
	    state, "    resources: https://w.example/\n", "", 9, "\"summaries[0].resources\"");
	refuse_summary(state, "    policies: \"urn:p:\"\n", "", 9, "\"summaries[0].policies\"");
	refuse_summary(state, "    workloads: [\"app-*\"]\n", "", 9, "\"summaries[0].workloads\"");
	refuse_summary(state, "https://log.example", "log.example", 10, "must be a URI");
	refuse_summary(state, "\"urn:p:\"", "\":p\"", 12, "must be a URI");
	refuse_summary(state, "\"urn:p:\"", "\"urn:p q\"", 12, "without white space");
	refuse_summary(state, "\"urn:p:\"", "\"\"", 12, "1 to 512 bytes");
	refuse_summary(state, "[\"app-*\"]", "[]", 14, "1 to 64");
	refuse_summary(state, "\"app-*\"", "'a\\b'", 14, "backslash");
	refuse_summary(state, "profile: one", "profile: a/b", 9, "\"/\"");
	refuse_summary(
	    state, "    verifier", "    statuses: [warning]\n    verifier", 10, "statuses");
	refuse_summary(state, "summaries:\n",
	    "summaries:\n  - {profile: one, verifier: \"urn:v\", resources: \"urn:r\", policies: "
	    "\"urn:p\", "
	    "collectors: [c], workloads: [w]}\n",
	    10, "the name of two profiles");
	refuse_summary(state, "summaries:\n",
	    "tokens:\n  - {profile: one, iss: i, aud: [a], collectors: [c], workloads: [w]}\n"
	    "summaries:\n",
	    11, "the name of two profiles");
}

/* Without the comment sign of this line and all that follow, up to an empty one; frees nothing. */
static char *
with_sample_list(char *text, const char *line)
{
	char *at = strstr(text, line);

	assert_non_null(at);
	for (at++; *at != '\0' && *at != '\n'; at = strchr(at, '\n') + 1) {
		assert_memory_equal(at, "# ", 2);
		memmove(at, at + 2, strlen(at + 2) + 1);
	}
	return text;
}

static void
test_sample(void **state)
{
	static const char *const optional[] = {
	    "algorithm", "sessions", "deadline_ms", "keepalive_s"};
	struct fixture *f = *state;
	char *text = sample_read("hsm.yaml");
	struct hsm_config *c;

	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f->directory, 1), 0);
	text = sample_replace(text, "/usr/lib/softhsm/libsofthsm2.so", "module.so");
	text = sample_replace(text, "/var/lib/hallmark-hsm", "guard");
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
		c = load(f, text);
		fixture_expect_count(f, 0);
		assert_int_equal(c->algorithm, HSM_P256);
		assert_int_equal(c->sessions, 2);
		assert_int_equal(c->deadline_ms, 1500);
		assert_int_equal(c->keepalive_s, 15);
		hsm_config_free(&c);
		text = sample_uncomment(text, optional[i]);
	}
	text = sample_uncomment(sample_uncomment(text, "ed25519_key"), "ed25519_verifier");
	text = sample_uncomment(text, "next");
	c = load(f, text);
	fixture_expect_count(f, 0);
	assert_string_equal(strrchr(c->next, '/'), "/hsm-2.yaml");
	assert_string_equal(c->ed25519_label, "hallmark-prod-1-ed25519");
	assert_int_equal(c->keepalive_s, 15);
	assert_int_equal(c->token_count, 0);
	hsm_config_free(&c);
	text = with_sample_list(text, "\n# tokens:\n");
	text = with_sample_list(text, "\n# summaries:\n");
	c = load(f, text);
	fixture_expect_count(f, 0);
	assert_int_equal(c->token_count, 1);
	assert_int_equal(c->summary_count, 1);
	assert_int_equal(c->tokens[0].lifetime_s, 300);
	assert_int_equal(c->tokens[0].statuses[0], REPORT_AFFIRMING);
	hsm_config_free(&c);
	unsetenv("CREDENTIALS_DIRECTORY");
	free(text);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_loads),
	    WITH_FIXTURE(test_options),
	    WITH_FIXTURE(test_refusals),
	    WITH_FIXTURE(test_token_and_key_by_uri),
	    WITH_FIXTURE(test_algorithms),
	    WITH_FIXTURE(test_a_key_beside_the_first),
	    WITH_FIXTURE(test_what_the_operator_vouches_for),
	    WITH_FIXTURE(test_module_is_nobody_elses),
	    WITH_FIXTURE(test_pin_never_stands_in_the_file),
	    WITH_FIXTURE(test_pin_comes_from_one_place),
	    WITH_FIXTURE(test_pin_file_must_be_closed),
	    WITH_FIXTURE(test_credential),
	    WITH_FIXTURE(test_guard_is_closed_to_others),
	    WITH_FIXTURE(test_file_is_closed_to_others),
	    WITH_FIXTURE(test_a_token_profile),
	    WITH_FIXTURE(test_all_of_a_token_profile),
	    WITH_FIXTURE(test_several_token_profiles),
	    WITH_FIXTURE(test_token_profiles_have_names_that_differ),
	    WITH_FIXTURE(test_a_token_profile_says_who_and_for_whom),
	    WITH_FIXTURE(test_what_a_token_profile_covers),
	    WITH_FIXTURE(test_a_summary_profile),
	    WITH_FIXTURE(test_what_a_summary_profile_says),
	    WITH_FIXTURE(test_every_fault_in_one_run),
	    WITH_FIXTURE(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
