/* Appraisal: what a page has against its lists. */
#include "policy/appraisal/verdict.h"
#include "tests/unit/appraise_fixture.h"

#define SUM       "sha256:aa"
#define OTHER_SUM "sha256:bb"

static const char page[] = "script pay https://shop/app.js " SUM " async\n"
			   "script pay https://shop/lib.js " SUM "\n"
			   "inline pay " SUM " head\n"
			   "cookie pay sid httponly secure\n"
			   "header pay :status 200\n"
			   "header pay content-security-policy script-src 'self'\n"
			   "header pay x-frame-options DENY\n";

/* The page as a list has it, but that the line with `out` is left out, and `fact value` added. */
static void
measure(struct bench *b, const char *rules, const char *out, const char *name, const char *value)
{
	static const char *const facts[] = {"cookie", "header", "inline", "script"};

	use(b, rules);
	begin(b, COMPONENT_WEB);
	for (size_t i = 0; i < 4; i++) {
		char text[sizeof(page)];
		const char *values[16];
		size_t count = 0;

		memcpy(text, page, sizeof(page));
		for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
			char *space = strchr(line, ' ');

			if ((size_t)(space - line) == strlen(facts[i]) &&
			    memcmp(line, facts[i], strlen(facts[i])) == 0 &&
			    (out == NULL || strstr(line, out) == NULL))
				values[count++] = space + 1;
		}
		if (name != NULL && strcmp(name, facts[i]) == 0)
			values[count++] = value;
		fact(b, facts[i], count, values);
	}
	end(b, COMPONENT_WEB);
	conclude(b);
}

#define WEB(rest)                                                                                  \
	"    web: {lists: [one]" rest "}\n"                                                        \
	"package_lists: [{name: one, file: l1}]\n"

static void
write_list(struct bench *b)
{
	fixture_write(&b->fixture, "l1", 0644, page);
}

static void
test_what_is_as_the_list_has_it_is_no_finding(void **state)
{
	struct bench *b = *state;

	write_list(b);
	measure(b, WEB(""), NULL, NULL, NULL);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

static void
test_each_difference_is_one_finding(void **state)
{
	static const struct {
		const char *out, *fact, *value, *code, *subject;
	} rows[] = {
	    {NULL, "script", "pay https://evil/x.js " SUM, "unknown-script",
		"pay https://evil/x.js"},
	    {"app.js", "script", "pay https://shop/app.js " OTHER_SUM " async", "changed-script",
		"pay https://shop/app.js"},
	    {"app.js", "script", "pay https://shop/app.js " SUM, "changed-script",
		"pay https://shop/app.js"},
	    {"lib.js", NULL, NULL, "missing-script", "pay https://shop/lib.js"},
	    {NULL, "inline", "pay " OTHER_SUM " head", "unknown-script", "pay " OTHER_SUM},
	    {"inline", NULL, NULL, "missing-script", "pay " SUM},
	    {NULL, "header", "pay refresh 1", "unknown-header", "pay refresh"},
	    {"x-frame", "header", "pay x-frame-options SAMEORIGIN", "changed-header",
		"pay x-frame-options"},
	    {"x-frame", NULL, NULL, "missing-header", "pay x-frame-options"},
	    {"sid", "cookie", "pay sid secure", "changed-header", "pay sid"},
	    {"sid", NULL, NULL, "missing-header", "pay sid"},
	    {NULL, "cookie", "pay si", "unknown-header", "pay si"},
	    {NULL, "script", "other https://shop/app.js " SUM, "unknown-script",
		"other https://shop/app.js"},
	    {NULL, "script", "pay", "unknown-script", "pay"},
	};
	struct bench *b = *state;

	write_list(b);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rules[256], key[32];

		measure(b, WEB(""), rows[i].out, rows[i].fact, rows[i].value);
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		expect(b, "web", rows[i].code, rows[i].subject);
		snprintf(key, sizeof(key), "%s", rows[i].code);
		*strchr(key, '-') = '_';
		snprintf(rules, sizeof(rules), WEB(", %s: warning"), key);
		measure(b, rules, rows[i].out, rows[i].fact, rows[i].value);
		expect_verdict(b, REPORT_WARNING, 1);
	}
}

static void
test_what_is_allowed_besides_is_no_finding_and_nothing_hidden_is(void **state)
{
	static const char rules[] = WEB(", allow: [\"script pay https://ads/* *\"]");
	struct bench *b = *state;

	write_list(b);
	measure(b, rules, NULL, "script", "pay https://ads/1.js " SUM);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	measure(b, rules, NULL, "inline", "pay https://ads/1.js " SUM);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	measure(b, WEB(", allow: [\"*\"]"), NULL, "script",
	    "hmac-sha256:0000000000000000:"
	    "0000000000000000000000000000000000000000000000000000000000000000");
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
}

/* While a page is renewed, the older and the newer one are both good. */
static void
test_what_one_of_two_lists_lacks_is_not_missed(void **state)
{
	static const char rules[] =
	    "    web: {lists: [one, two]}\n"
	    "package_lists: [{name: one, file: l1}, {name: two, file: l2}]\n";
	struct bench *b = *state;

	write_list(b);
	fixture_write(&b->fixture, "l2", 0644,
	    "script pay https://shop/app.js " OTHER_SUM "\n"
	    "header pay :status 200\n"
	    "header pay content-security-policy script-src 'none'\n");
	measure(b, rules, "lib.js", NULL, NULL);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	measure(b, rules, "app.js", "script", "pay https://shop/app.js " OTHER_SUM);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	measure(b, rules, "app.js", NULL, NULL);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "web", "missing-script", "pay https://shop/app.js");
	measure(b, rules, "content-sec", NULL, NULL);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
}

/* A list may have several lines of a thing: any of them will do, and it lacks once. */
static void
test_one_thing_lacks_once(void **state)
{
	struct bench *b = *state;

	fixture_write(&b->fixture, "l1", 0644,
	    "script pay https://shop/new.js " SUM "\n"
	    "script pay https://shop/new.js " OTHER_SUM "\n");
	measure(b, WEB(", unknown_script: none, unknown_header: none"), NULL, NULL, NULL);
	expect(b, "web", "missing-script", "pay https://shop/new.js");
	assert_int_equal(b->verdict[COMPONENT_WEB]->count[SEVERITY_CONTRAINDICATED], 1);
	measure(b, WEB(", unknown_script: none, unknown_header: none"), NULL, "script",
	    "pay https://shop/new.js " OTHER_SUM);
	assert_int_equal(b->verdict[COMPONENT_WEB]->count[SEVERITY_CONTRAINDICATED], 0);
}

static void
test_a_page_of_which_nothing_was_measured(void **state)
{
	struct bench *b = *state;

	write_list(b);
	use(b, WEB(""));
	begin(b, COMPONENT_WEB);
	end(b, COMPONENT_WEB);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "web", "empty-component", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_what_is_as_the_list_has_it_is_no_finding),
	    WITH_BENCH(test_each_difference_is_one_finding),
	    WITH_BENCH(test_what_is_allowed_besides_is_no_finding_and_nothing_hidden_is),
	    WITH_BENCH(test_what_one_of_two_lists_lacks_is_not_missed),
	    WITH_BENCH(test_one_thing_lacks_once),
	    WITH_BENCH(test_a_page_of_which_nothing_was_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
