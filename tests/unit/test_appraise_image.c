/* Appraisal: how a container differs from its image. */
#include "tests/unit/appraise_fixture.h"

static const char *const differences[] = {"added", "changed", "deleted", "mounted"};

/* A container with the image m, in which this one path differs so. */
static void
differs(struct bench *b, const char *rules, const char *how, const char *value)
{
	use(b, rules);
	begin(b, COMPONENT_IMAGE);
	for (size_t i = 0; i < 4; i++) {
		if (i == 3)
			fact1(b, "manifest", "m");
		fact(b, differences[i], strcmp(differences[i], how) == 0, &value);
	}
	end(b, COMPONENT_IMAGE);
	conclude(b);
}

#define IMAGE(rest) "    image: {facts: [{name: manifest, allow: [m]}]" rest "}\n"

static void
test_any_difference_is_a_finding(void **state)
{
	struct bench *b = *state;
	char rules[256];

	differs(b, IMAGE(""), "", "");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	for (size_t i = 0; i < 4; i++) {
		differs(b, IMAGE(""), differences[i], "/etc/x 1");
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		expect(b, "image", "unmatched-fact", differences[i]);
		snprintf(rules, sizeof(rules), IMAGE(", %s: warning"), differences[i]);
		differs(b, rules, differences[i], "/etc/x 1");
		expect_verdict(b, REPORT_WARNING, 1);
	}
}

static void
test_paths_that_may_differ(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < 4; i++) {
		differs(b, IMAGE(", allow: [\"/tmp/?\"]"), differences[i], "/tmp/x 1");
		expect_verdict(b, REPORT_AFFIRMING, 0);
		differs(b, IMAGE(", allow: [\"/tmp/?\"]"), differences[i], "/etc/x 1");
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	}
	differs(b, IMAGE(", allow: [\"/tmp/?\"]"), "", "");
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_any_difference_is_a_finding),
	    WITH_BENCH(test_paths_that_may_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
