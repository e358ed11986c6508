/*
 * For tests of policies: one that is good, and the files that it may name. Include after cmocka.h.
 */
#ifndef HALLMARK_TESTS_UNIT_POLICY_FIXTURE_H
#define HALLMARK_TESTS_UNIT_POLICY_FIXTURE_H

#include "policy/policy.h"
#include "tests/unit/ca_fixture.h"
#include "tests/unit/config_sample.h"
#include "tests/unit/config_subject.h"
#include "tests/unit/operators_fixture.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char base[] = "name: bank\n"                                           /* 1 */
			   "references:\n"                                          /* 2 */
			   "  - {name: two, file: refs/two.sha256}\n"               /* 3 */
			   "  - {name: one, file: refs/one.sha256}\n"               /* 4 */
			   "workloads:\n"                                           /* 5 */
			   "  - match: \"trading-*\"\n"                             /* 6 */
			   "    collectors: [\"spiffe://bank/host/*\"]\n"           /* 7 */
			   "    executable: {references: [one]}\n"                  /* 8 */
			   "  - match: \"*\"\n"                                     /* 9 */
			   "    collectors: [host7.bank]\n"                         /* 10 */
			   "    token: [{profile: orders}]\n"                       /* 11 */
			   "    runtime: {facts: [{name: uid, allow: [\"0\"]}]}\n"; /* 12 */

#define FIRST "hallmark manifest v1\nsemantics 1\n"
#define HEAD  (sizeof(FIRST) - 1)

#define V(s) VIEW_LITERAL(s)

static inline int
setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state) != 0)
		return -1;
	f = *state;
	fixture_mkdir(f, "refs");
	fixture_write(f, "refs/one.sha256", 0644, HEX_A "  /bin/one\n");
	fixture_write(f, "refs/two.sha256", 0644, HEX_B "  /bin/two\n");
	return 0;
}

static inline void *
load_file(const char *path, struct faults *faults, enum err *e)
{
	struct policy *p;

	*e = policy_load(path, faults, &p);
	return p;
}

static const struct config_subject subject = {"policy.yaml", base, load_file};

/* Files that a policy names beside its references, and `base` with keys that name them. */
static inline char *
with_parts(struct fixture *f, struct digest *certificate)
{
	struct statement_key *key = operator_key_new();
	struct buf text = BUF_INIT;

	ca_append_pem("hosts", &text, certificate);
	fixture_write_bytes(f, "hosts.pem", 0644, text.data, text.size);
	ca_append_pem("old", &text, NULL);
	fixture_write_bytes(f, "old.pem", 0644, text.data, text.size);
	buf_clear(&text);
	buf_append_string(&text, "operators:\n");
	operator_append(&text, "alice", "approve", key, "");
	fixture_write_bytes(f, "operators.yaml", 0644, text.data, text.size);
	buf_free(&text);
	statement_key_free(&key);
	return fixture_replace(base, "references:",
	    "collectors_ca: [{name: old, file: old.pem}, {name: hosts, file: hosts.pem}]\n"
	    "operators: operators.yaml\nreferences:");
}

#endif
