/* Advisories: their one form, what is none, and which lines are about a package or a file. */
#include "policy/feeds/advisories.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define V(s)  VIEW_LITERAL(s)
#define HEX   "abababababababababababababababababababababababababababababababab"
#define FIRST ADVISORIES_FIRST_LINE "\n"
#define GOOD                                                                                       \
	FIRST "file " HEX " CVE-9\n"                                                               \
	      "made osv " HEX "\n"                                                                 \
	      "package apk openssl CVE-1 - <3.1.4-r0\n"                                            \
	      "package dpkg openssl CVE-1 - <3.0.9-1\n"                                            \
	      "package dpkg openssl CVE-2 3.0.2-1 <=3.0.11-1\n"                                    \
	      "package dpkg openssl CVE-3 - -\n"                                                   \
	      "package dpkg openssl-doc CVE-4 1 -\n"

static struct advisories *
parse(const char *text, const char **wrong)
{
	static struct faults faults;
	struct advisories *a;
	const enum err e = advisories_parse("feed", view_of_string(text), &faults, &a);

	assert_int_equal(e == ERR_OK, a != NULL);
	assert_int_equal(e == ERR_OK, faults.count == 0);
	if (wrong != NULL) {
		static char said[512];

		said[0] = 0;
		if (faults.count > 0)
			(void)snprintf(said, sizeof(said), "%u: %s", faults.fault[0].line,
			    faults.fault[0].text);
		*wrong = said;
	}
	faults_free(&faults);
	return a;
}

/* Ids of the lines that are about it, with what mends each: "CVE-1 <3.0.9-1, ". */
static void
check_package(const struct advisories *a, const char *manager, const char *name,
    const char *version, const char *expected)
{
	size_t count,
	    first = advisories_of_package(a, view_of_string(manager), view_of_string(name), &count);
	char found[512] = "";

	for (size_t i = 0; i < count; i++) {
		const struct advisory one = advisories_at(a, first + i);
		const struct view fixed = advisory_fixed(&one);

		if (!advisory_affects(&one, view_of_string(manager), view_of_string(version)))
			continue;
		strncat(found, (const char *)one.id.data, one.id.size);
		strcat(found, ":");
		if (fixed.size > 0)
			strncat(found, (const char *)fixed.data, fixed.size);
		strcat(found, " ");
	}
	assert_string_equal(found, expected);
}

static void
test_packages(void **state)
{
	struct advisories *a = parse(GOOD, NULL);

	(void)state;
	assert_int_equal(advisories_count(a), 7);
	check_package(a, "dpkg", "openssl", "3.0.1-1", "CVE-1:3.0.9-1 CVE-3: ");
	check_package(a, "dpkg", "openssl", "3.0.2-1", "CVE-1:3.0.9-1 CVE-2: CVE-3: ");
	check_package(a, "dpkg", "openssl", "3.0.9-1", "CVE-2: CVE-3: ");
	check_package(a, "dpkg", "openssl", "3.0.11-1", "CVE-2: CVE-3: ");
	check_package(a, "dpkg", "openssl", "3.0.11-1+b1", "CVE-3: ");
	/* What is no version may be any. */
	check_package(a, "dpkg", "openssl", "-", "CVE-1:3.0.9-1 CVE-2: CVE-3: ");
	check_package(a, "dpkg", "openssl-doc", "0.9", "");
	check_package(a, "dpkg", "openssl-doc", "2", "CVE-4: ");
	check_package(a, "dpkg", "openss", "2", "");
	check_package(a, "dpkg", "openssl CVE-1", "2", "");
	check_package(a, "dpkg", "", "2", "");
	check_package(a, "rpm", "openssl", "2", "");
	check_package(a, "pip", "openssl", "2", "");
	check_package(a, "apk", "openssl", "3.1.4-r0", "");
	check_package(a, "apk", "openssl", "3.1.4_rc1", "CVE-1:3.1.4-r0 ");
	advisories_free(&a);
	assert_null(a);
}

static void
test_files(void **state)
{
	struct advisories *a = parse(GOOD, NULL);
	struct digest d;
	size_t count, first;

	(void)state;
	memset(&d, 0xab, sizeof(d));
	first = advisories_of_file(a, &d, &count);
	assert_int_equal(count, 1);
	assert_true(view_equal(advisories_at(a, first).id, V("CVE-9")));
	d.bytes[31]++;
	(void)advisories_of_file(a, &d, &count);
	assert_int_equal(count, 0);
	advisories_free(&a);
}

static void
test_what_is_none(void **state)
{
	static const struct {
		const char *text, *wrong;
	} bad[] = {
	    {"", "0: the advisories are empty"},
	    {ADVISORIES_FIRST_LINE, "1: the last line is not ended"},
	    {"hallmark advisories v2\nx\ny\n", "1: expected \"hallmark advisories v1\""},
	    {FIRST "file " HEX " CVE-9", "2: the last line is not ended"},
	    {FIRST "\n", "2: expected \"package"},
	    {FIRST "file " HEX "  CVE-9\n", "2: expected \"package"},
	    {FIRST "file " HEX " CVE-9 \n", "2: expected \"package"},
	    {FIRST "file " HEX " CVE\x01\n", "2: expected \"package"},
	    {FIRST "file AB" HEX " CVE-9\n", "2: expected \"package"},
	    {FIRST "made nvd " HEX "\n", "2: expected \"package"},
	    {FIRST "package dpkg a CVE-1 -\n", "2: expected \"package"},
	    {FIRST "package dpkg a CVE-1 - - -\n", "2: expected \"package"},
	    {FIRST "package pip a CVE-1 - -\n", "2: expected apk, dpkg or rpm"},
	    {FIRST "package dpkg a CVE-1 x -\n", "2: expected a version"},
	    {FIRST "package dpkg a CVE-1 - 1\n", "2: expected \"<\""},
	    {FIRST "package dpkg a CVE-1 - <\n", "2: expected \"<\""},
	    {FIRST "package dpkg a CVE-1 - <=\n", "2: expected \"<\""},
	    {FIRST "package dpkg a CVE-1 - <=x\n", "2: expected \"<\""},
	    {FIRST "package dpkg \xc3\xa4 CVE-1 - -\n", "2: a name has"},
	    {FIRST "made osv " HEX "\nmade osv " HEX "\n", "3: lines have to rise"},
	    {FIRST "made osv " HEX "\nfile " HEX " a\n", "3: lines have to rise"},
	};
	const char *wrong;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(parse(bad[i].text, &wrong));
		if (strncmp(wrong, bad[i].wrong, strlen(bad[i].wrong)) != 0)
			fail_msg("%s: expected %s, found %s", bad[i].text, bad[i].wrong, wrong);
	}
}

/* Ids and names at their largest; and a feed that knows nothing. */
static void
test_sizes(void **state)
{
	char text[1024], id[ADVISORIES_ID_MAX + 2], name[ADVISORIES_NAME_MAX + 2];
	struct advisories *a = parse(FIRST, NULL);

	(void)state;
	assert_int_equal(advisories_count(a), 0);
	check_package(a, "dpkg", "a", "1", "");
	advisories_free(&a);
	memset(id, 'i', sizeof(id));
	memset(name, 'n', sizeof(name));
	id[ADVISORIES_ID_MAX] = name[ADVISORIES_NAME_MAX] = 0;
	(void)snprintf(text, sizeof(text), FIRST "package rpm %s %s - -\n", name, id);
	a = parse(text, NULL);
	assert_non_null(a);
	advisories_free(&a);
	for (unsigned i = 0; i < 2; i++) {
		id[ADVISORIES_ID_MAX] = i == 0 ? 'i' : 0;
		name[ADVISORIES_NAME_MAX] = i == 0 ? 0 : 'n';
		id[ADVISORIES_ID_MAX + 1] = name[ADVISORIES_NAME_MAX + 1] = 0;
		(void)snprintf(text, sizeof(text), FIRST "package rpm %s %s - -\n", name, id);
		assert_null(parse(text, NULL));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_packages),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_what_is_none),
	    cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
