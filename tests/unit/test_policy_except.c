/* Exceptions of a policy, and every fault of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_fixture.h"

#define GOOD                                                                                       \
	"path: /opt/a.so, sha256: " HEX_A ", until: 2027-01-31, why: \"CHG-1, rebuilt\", owner: "  \
	"ann"
#define RULE "{references: [one]}"

/* With these keys of its one exception the policy has this fault. */
static void
refuse_one(void **state, const char *from, const char *to, const char *fault)
{
	char *keys = fixture_replace(GOOD, from, to), rule[512];

	(void)snprintf(rule, sizeof(rule), "{references: [one], except: [{%s}]}", keys);
	refuse(state, RULE, rule, 8, fault);
	free(keys);
}

static void
test_faults(void **state)
{
	policy_free(
	    &(struct policy *){accept(state, RULE, "{references: [one], except: [{" GOOD "}]}")});
	refuse_one(state, "path: /opt/a.so", "path: opt/a.so", "except[0].path\": ");
	refuse_one(state, "path: /opt/a.so", "path: /opt//a.so", "except[0].path\": ");
	refuse_one(state, "path: /opt/a.so, ", "", "except[0].path\" is missing");
	refuse_one(state, HEX_A, "abc", "must be 64 lower-case hex digits");
	refuse_one(state, HEX_A,
	    "\"0000000000000000000000000000000000000000000000000000000000000000\"",
	    "not all zeros");
	refuse_one(state, "until: 2027-01-31", "until: 31.01.2027", "must be a date");
	refuse_one(state, ", until: 2027-01-31", "", "except[0].until\" is missing");
	refuse_one(state, "CHG-1, rebuilt", "", "1 to 256");
	refuse_one(state, "CHG-1, rebuilt", "CHG-1\\n", "without control or invisible characters");
	refuse_one(
	    state, "owner: ann", "owner: \"a\\tb\"", "without control or invisible characters");
	refuse_one(state, "owner: ann", "boss: ann", "unknown key");
	refuse(state, RULE, "{references: [one], except: []}", 8, "1 to 16 entries");
	refuse(state, RULE, "{references: [one], except: [{" GOOD "}, {" GOOD "}]}", 8,
	    "except[1]\" is for the same file");
}

/* What is hidden may stand there, too. */
static void
test_hidden(void **state)
{
	char *text =
	    fixture_replace(GOOD, "/opt/a.so", "\"hmac-sha256:0123456789abcdef:" HEX_B "\"");
	char rule[512];

	(void)snprintf(rule, sizeof(rule), "{references: [one], except: [{%s}]}", text);
	policy_free(&(struct policy *){accept(state, RULE, rule)});
	free(text);
}

static void
test_too_many(void **state)
{
	static const char head[] = "{references: [one], except: [";
	char files[4096], rule[8192];
	size_t size = 0;

	for (unsigned i = 0; i < 16; i++)
		size += (size_t)snprintf(files + size, sizeof(files) - size,
		    "%s{path: /%u, sha256: " HEX_A ", until: 2027-01-31, why: x}",
		    i > 0 ? ", " : "", i);
	(void)snprintf(rule, sizeof(rule), "%s%s]}", head, files);
	policy_free(&(struct policy *){accept(state, RULE, rule)});
	(void)snprintf(rule, sizeof(rule),
	    "%s%s]}\n    libraries: {references: [one], except: [{" GOOD "}]}", head, files);
	refuse(state, RULE, rule, 9, "together may have 16 exceptions");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_faults, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_hidden, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_too_many, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
