/* Kinds of statements: what each is about, and what is said of it in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/statement_fixture.h"

#define V(s) VIEW_LITERAL(s)
#define HEX  STATEMENT_HEX

static void
expect_subject(const char *kind, size_t count, const char *const *member, enum err expected)
{
	struct statement s = statement_approving();
	enum err e;

	s.kind_name = view_of_string(kind);
	s.member_count = count;
	for (size_t i = 0; i < count; i++)
		s.member[i] = (struct statement_member){
		    view_of_string(member[2 * i]), view_of_string(member[2 * i + 1])};
	assert_int_equal(statement_check(&s), ERR_OK);
	e = statement_check_subject(&s);
	if (e != expected)
		fail_msg("%s: expected %s, found %s", kind, err_name(expected), err_name(e));
}

#define SUBJECT(kind, expected, ...)                                                               \
	expect_subject(kind, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *) / 2,           \
	    (const char *[]){__VA_ARGS__}, expected)

static void
subjects_are_those_of_their_kinds(void **state)
{
	(void)state;
	SUBJECT("approve", ERR_OK, "manifest", HEX);
	SUBJECT("approve", ERR_STATEMENT_SUBJECT, "manifest", HEX "a");
	SUBJECT("approve", ERR_STATEMENT_SUBJECT, "manifest", "A" HEX);
	SUBJECT("approve", ERR_STATEMENT_SUBJECT, "statement", HEX);
	SUBJECT("approve", ERR_STATEMENT_SUBJECT, "manifest", HEX, "statement", HEX);
	SUBJECT("revoke", ERR_OK, "statement", HEX);
	SUBJECT("revoke", ERR_STATEMENT_SUBJECT, "manifest", HEX);
	SUBJECT("maintenance", ERR_OK, "collectors", "spiffe://x/*", "workloads", "a\\*?");
	SUBJECT("maintenance", ERR_STATEMENT_SUBJECT, "collectors", "a\\b", "workloads", "*");
	SUBJECT("maintenance", ERR_STATEMENT_SUBJECT, "collectors", "*", "workloads", "a\\");
	SUBJECT("maintenance", ERR_STATEMENT_SUBJECT, "collectors", "*");
	SUBJECT("maintenance", ERR_STATEMENT_SUBJECT, "workloads", "*");
	SUBJECT("retire", ERR_OK, "collector", "spiffe://x/host/a", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "a b", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "\xc3\xa9", "workload", "app");
	/* In forms that no collector has: nobody would be retired by them. */
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "HOST-1.example", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "1:no-scheme", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "spiffe:", "workload", "app");
	SUBJECT("retire", ERR_OK, "collector", "host-1.example", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "a", "workload", "a/b");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "workload", "app");
	SUBJECT("clock", ERR_OK, "from", "1795514400");
	SUBJECT("clock", ERR_OK, "from", "9007199254740991");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "9007199254740992");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "01");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "1 ");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "2026-11-24T10:00:00Z");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "1", "to", "2");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "to", "2");
	SUBJECT("retire-key", ERR_OK, "key", HEX, "since", "1795514400");
	SUBJECT("retire-key", ERR_OK, "key", HEX, "since", "0");
	SUBJECT("retire-key", ERR_STATEMENT_SUBJECT, "key", HEX, "since", "9007199254740992");
	SUBJECT("retire-key", ERR_STATEMENT_SUBJECT, "key", HEX, "since", "2026-11-24T10:00:00Z");
	SUBJECT("retire-key", ERR_STATEMENT_SUBJECT, "key", HEX "0", "since", "1");
	SUBJECT("retire-key", ERR_STATEMENT_SUBJECT, "key", HEX);
	SUBJECT("retire-key", ERR_STATEMENT_SUBJECT, "since", "1");
	SUBJECT("retire-key", ERR_STATEMENT_SUBJECT, "key", HEX, "since", "1", "to", HEX);
	SUBJECT("continue-key", ERR_OK, "from", HEX, "root", HEX, "size", "7", "to", HEX);
	SUBJECT("continue-key", ERR_STATEMENT_SUBJECT, "from", HEX, "root", HEX, "size", "7");
	SUBJECT("continue-key", ERR_STATEMENT_SUBJECT, "from", HEX, "root", HEX, "size",
	    "9007199254740992", "to", HEX);
	SUBJECT("continue-key", ERR_STATEMENT_SUBJECT, "from", HEX, "root", HEX, "size", "7 ", "to",
	    HEX);
	SUBJECT("continue-key", ERR_STATEMENT_SUBJECT, "from", HEX, "root", "00", "size", "7", "to",
	    HEX);
	SUBJECT("continue-key", ERR_STATEMENT_SUBJECT, "from", HEX, "root", HEX, "time", "7", "to",
	    HEX);
}

static void
subjects_of_what_hosts_act_on(void **state)
{
	(void)state;
	SUBJECT("act-grant", ERR_OK, "act", "freeze", "collector", "host7", "report", HEX,
	    "workload", "app");
	SUBJECT("act-grant", ERR_OK, "act", "stop", "collector", "host7", "report", HEX, "workload",
	    "app");
	SUBJECT("act-grant", ERR_OK, "act", "isolate", "collector", "host7", "report", HEX,
	    "workload", "app");
	SUBJECT("act-grant", ERR_STATEMENT_SUBJECT, "act", "kill", "collector", "host7", "report",
	    HEX, "workload", "app");
	SUBJECT("act-grant", ERR_STATEMENT_SUBJECT, "act", "Freeze", "collector", "host7", "report",
	    HEX, "workload", "app");
	SUBJECT("act-grant", ERR_STATEMENT_SUBJECT, "act", "freeze", "collector", "Host7", "report",
	    HEX, "workload", "app");
	SUBJECT("act-grant", ERR_STATEMENT_SUBJECT, "act", "freeze", "collector", "host7", "report",
	    HEX "0", "workload", "app");
	SUBJECT("act-grant", ERR_STATEMENT_SUBJECT, "act", "freeze", "collector", "host7", "report",
	    "7", "workload", "app");
	SUBJECT("act-grant", ERR_STATEMENT_SUBJECT, "act", "freeze", "collector", "host7", "report",
	    HEX, "workload", "a/b");
	SUBJECT("act-grant", ERR_STATEMENT_SUBJECT, "act", "freeze", "collector", "host7",
	    "workload", "app");
	SUBJECT(
	    "act-grant", ERR_STATEMENT_SUBJECT, "act", "freeze", "report", HEX, "workload", "app");
	SUBJECT("act-grant", ERR_STATEMENT_SUBJECT, "act", "freeze", "collectors", "*", "report",
	    HEX, "workloads", "*");
	SUBJECT("break-glass", ERR_OK, "collectors", "*", "workloads", "*");
	SUBJECT("break-glass", ERR_STATEMENT_SUBJECT, "collectors", "*");
	SUBJECT("break-glass", ERR_STATEMENT_SUBJECT, "collectors", "\\", "workloads", "*");
	SUBJECT("break-glass", ERR_STATEMENT_SUBJECT, "collector", "host7", "workload", "app");
}

static void
kinds_that_are_not_acted_on(void **state)
{
	(void)state;
	SUBJECT("hold", ERR_STATEMENT_KIND, "manifest", HEX);
	SUBJECT("approval", ERR_STATEMENT_KIND, "manifest", HEX);
	for (unsigned k = 0; k < STATEMENT_KIND_COUNT; k++) {
		const enum statement_kind kind = (enum statement_kind)k;

		assert_int_equal(
		    statement_kind_from_name(view_of_string(statement_kind_name(kind))), kind);
		assert_int_equal(statement_kind_is_acted_on(kind), k < STATEMENT_BREAK_GLASS);
		assert_int_equal(statement_kind_place(kind) == STATEMENT_ON_HOSTS,
		    kind == STATEMENT_BREAK_GLASS || kind == STATEMENT_ACT_GRANT);
		assert_true(strlen(statement_kind_purpose(kind)) > 10);
	}
	assert_int_equal(statement_kind_from_name(V("approv")), STATEMENT_KIND_UNKNOWN);
	assert_false(statement_kind_is_acted_on(STATEMENT_KIND_UNKNOWN));
}

static void
expect_print(const struct statement *s, const char *expected)
{
	struct buf text = BUF_INIT;

	statement_print(s, &text);
	if (!view_equal(buf_view(&text), view_of_string(expected)))
		fail_msg("expected\n%sfound\n%.*s", expected, (int)text.size, (char *)text.data);
	buf_free(&text);
}

#define TAIL                                                                                       \
	"in force   from 1970-01-01T00:16:40Z until 1970-01-01T00:33:20Z\n"                        \
	"reason     release 4.2\n"                                                                 \
	"author     dora\n"                                                                        \
	"number     7\n"

static void
what_it_does_is_said_in_words(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	expect_print(&s, "statement  approve\n"
			 "log        hallmark.test/log\n"
			 "effect     the policy whose manifest has the SHA-256 " HEX
			 " may come into force within this time, as the next one\n" TAIL);
	s.kind_name = V("revoke");
	s.member[0].name = V("statement");
	expect_print(&s, "statement  revoke\n"
			 "log        hallmark.test/log\n"
			 "effect     the statement whose envelope has the SHA-256 " HEX
			 " is in force no more; what it has done stays\n" TAIL);
	s.kind_name = V("retire");
	s.member_count = 2;
	s.member[0] = (struct statement_member){V("collector"), V("host7")};
	s.member[1] = (struct statement_member){V("workload"), V("app")};
	expect_print(&s, "statement  retire\n"
			 "log        hallmark.test/log\n"
			 "effect     nothing more is expected of workload app of collector host7 "
			 "until it reports again: its silence is not recorded\n" TAIL);
	s.kind_name = V("maintenance");
	s.member[0] = (struct statement_member){V("collectors"), V("*")};
	s.member[1] = (struct statement_member){V("workloads"), V("a*")};
	expect_print(&s, "statement  maintenance\n"
			 "log        hallmark.test/log\n"
			 "effect     workloads that match a* of collectors that match * may be "
			 "silent within this time: what is due in it is due behind its end\n" TAIL);
}

static void
a_clock_statement_says_from_when_and_that_it_may_go_back(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	s.kind_name = V("clock");
	s.member[0] = (struct statement_member){V("from"), V("1795514400")};
	expect_print(&s, "statement  clock\n"
			 "log        hallmark.test/log\n"
			 "effect     the log, whose newest entry is of 2026-11-24T10:00:00Z "
			 "(1795514400), goes on at the time of the signer's clock, if that is "
			 "earlier and within this time\n" TAIL);
}

static void
a_statement_that_retires_a_key_says_since_when(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	s.kind_name = V("retire-key");
	s.member_count = 2;
	s.member[0] = (struct statement_member){V("key"), V(HEX)};
	s.member[1] = (struct statement_member){V("since"), V("1795514400")};
	expect_print(&s, "statement  retire-key\n"
			 "log        hallmark.test/log\n"
			 "effect     what the log's key " HEX " has signed at "
			 "2026-11-24T10:00:00Z (1795514400) or later proves nothing by itself, and "
			 "whatever it has signed may be of then; this is for good\n" TAIL);
}

static void
a_statement_that_continues_a_log_names_both_keys_and_the_tree(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	s.kind_name = V("continue-key");
	s.member_count = 4;
	s.member[0] = (struct statement_member){V("from"), V(HEX)};
	s.member[1] = (struct statement_member){V("root"), V(HEX)};
	s.member[2] = (struct statement_member){V("size"), V("4711")};
	s.member[3] = (struct statement_member){V("to"), V(HEX)};
	expect_print(&s,
	    "statement  continue-key\n"
	    "log        hallmark.test/log\n"
	    "effect     the log, whose key " HEX " is lost, goes on under the key " HEX
	    "; its newest checkpoint that anybody has is of size 4711, root " HEX "\n" TAIL);
}

static void
what_is_not_known_is_shown_and_said(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	s.kind_name = V("hold");
	s.extensions = V("{\"trial\":true,\"x\":{\"y\":\"a\\\"b\"}}");
	expect_print(&s, "statement  hold\n"
			 "log        hallmark.test/log\n"
			 "effect     none: this version does not act on this kind (evidence that "
			 "must be kept)\n"
			 "subject    manifest " HEX "\n" TAIL
			 "extension  trial is not known to this version: true\n"
			 "extension  x is not known to this version: {\"y\":\"a\\x5c\"b\"}\n");
	s = statement_approving();
	s.kind_name = V("x");
	s.member_count = 2;
	s.member[1] = (struct statement_member){V("n"), V("\\ v")};
	expect_print(&s, "statement  x\n"
			 "log        hallmark.test/log\n"
			 "effect     none: this version does not know this kind\n"
			 "subject    manifest " HEX "\n"
			 "           n \\x5c v\n" TAIL);
	s.kind_name = V("approve");
	s.member_count = 1;
	s.member[0].value = V("x");
	expect_print(&s, "statement  approve\n"
			 "log        hallmark.test/log\n"
			 "effect     none: its subject is not that of its kind\n"
			 "subject    manifest x\n" TAIL);
}

static void
what_hosts_may_do_is_said_in_words(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	s.kind_name = V("act-grant");
	s.member_count = 4;
	s.member[0] = (struct statement_member){V("act"), V("isolate")};
	s.member[1] = (struct statement_member){V("collector"), V("host7")};
	s.member[2] = (struct statement_member){V("report"), V(HEX)};
	s.member[3] = (struct statement_member){V("workload"), V("app")};
	expect_print(&s,
	    "statement  act-grant\n"
	    "log        hallmark.test/log\n"
	    "effect     workload app of collector host7 may be cut off from the network "
	    "within this time, once, for the fall that report " HEX
	    " is of; it stays so until its verdict is affirming again\n" TAIL);
	s.kind_name = V("break-glass");
	s.member_count = 2;
	s.member[0] = (struct statement_member){V("collectors"), V("host*")};
	s.member[1] = (struct statement_member){V("workloads"), V("a*")};
	expect_print(&s,
	    "statement  break-glass\n"
	    "log        hallmark.test/log\n"
	    "effect     within this time nothing is done to workloads that match a* of "
	    "collectors that match host*, whatever their verdict and whatever is granted, "
	    "and what was done to them and can be undone is undone\n" TAIL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(subjects_are_those_of_their_kinds),
	    cmocka_unit_test(subjects_of_what_hosts_act_on),
	    cmocka_unit_test(kinds_that_are_not_acted_on),
	    cmocka_unit_test(what_it_does_is_said_in_words),
	    cmocka_unit_test(a_clock_statement_says_from_when_and_that_it_may_go_back),
	    cmocka_unit_test(a_statement_that_retires_a_key_says_since_when),
	    cmocka_unit_test(a_statement_that_continues_a_log_names_both_keys_and_the_tree),
	    cmocka_unit_test(what_is_not_known_is_shown_and_said),
	    cmocka_unit_test(what_hosts_may_do_is_said_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
