/* What is read of processes: pid files, the fields of /proc/PID/stat and status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "collector/subject/pid_file.h"
#include "collector/subject/procfs.h"

static void
pid_files(void **state)
{
	static const struct view refused[] = {VIEW_LITERAL(""), VIEW_LITERAL(" \n"),
	    VIEW_LITERAL("0"), VIEW_LITERAL("-1"), VIEW_LITERAL("+1"), VIEW_LITERAL("01"),
	    VIEW_LITERAL("1 2"), VIEW_LITERAL("\n1"), VIEW_LITERAL("1x"), VIEW_LITERAL("0x1"),
	    VIEW_LITERAL("1.0"), VIEW_LITERAL("2147483648"), VIEW_LITERAL("99999999999999999999"),
	    VIEW_LITERAL("123\0"),
	    VIEW_LITERAL("\0"
			 "123"),
	    VIEW_LITERAL("1\0"
			 "2\n")};
	pid_t pid;

	(void)state;
	assert_int_equal(pid_file_parse(VIEW_LITERAL("123\n"), &pid), ERR_OK);
	assert_int_equal(pid, 123);
	assert_int_equal(pid_file_parse(VIEW_LITERAL(" \t2147483647\r\n\n"), &pid), ERR_OK);
	assert_int_equal(pid, 2147483647);
	assert_int_equal(pid_file_parse(VIEW_LITERAL("12 \n/var/lib/x\n345\n"), &pid), ERR_OK);
	assert_int_equal(pid, 12);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (pid_file_parse(refused[i], &pid) != ERR_FORMAT)
			fail_msg("number %zu was taken", i);
}

static void
stat_counts_from_the_last_parenthesis(void **state)
{
	static const char fields[] =
	    "7 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 555 1 1 99 4096 8192 12288";
	struct procfs_stat s;
	char text[256];

	(void)state;
	(void)snprintf(text, sizeof(text), "9 (a) R 1 2 (b\n) ) S %s 0 0\n", fields);
	assert_int_equal(procfs_stat_parse(view_of_string(text), &s), ERR_OK);
	assert_int_equal(s.parent, 7);
	assert_int_equal(s.start_ticks, 555);
	assert_int_equal(s.start_code, 4096);
	assert_int_equal(s.start_stack, 12288);
	assert_int_equal(procfs_stat_parse(VIEW_LITERAL(""), &s), ERR_FORMAT);
	assert_int_equal(procfs_stat_parse(VIEW_LITERAL("9 (a"), &s), ERR_FORMAT);
	assert_int_equal(procfs_stat_parse(VIEW_LITERAL("9 (a)"), &s), ERR_FORMAT);
	assert_int_equal(procfs_stat_parse(VIEW_LITERAL("9 (a) S 7 7 7"), &s), ERR_FORMAT);
	(void)snprintf(text, sizeof(text), "9 (a) S -%s\n", fields);
	assert_int_equal(procfs_stat_parse(view_of_string(text), &s), ERR_FORMAT);
}

static void
status_fields_begin_a_line(void **state)
{
	static const struct view status =
	    VIEW_LITERAL("Name:\tUid: 5\nUidx:\t1\nUid:\t0\t1 \nGroups:\t \nEnd:\t1");
	struct view value;

	(void)state;
	assert_true(procfs_status_field(status, "Uid", &value));
	assert_true(view_equal(value, VIEW_LITERAL("0\t1")));
	assert_true(procfs_status_field(status, "Groups", &value));
	assert_int_equal(value.size, 0);
	assert_false(procfs_status_field(status, "Gid", &value));
	assert_false(procfs_status_field(status, "End", &value)); /* cut off */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pid_files),
	    cmocka_unit_test(stat_counts_from_the_last_parenthesis),
	    cmocka_unit_test(status_fields_begin_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
