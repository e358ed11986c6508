/*
 * Log lines: their forms, levels and priorities, and a reader that does not read.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/logger.h"

#define LINES_MANY 5000
#define PATIENCE_S 20 /* whoever waits for a line is ended */

static int reading; /* what stderr says */
static int terminal;
static char text[1024 * 1024];

/* Stderr is a pipe, and the environment says that this is the journal. */
static int
open_all(void **state)
{
	char stream[64];
	struct stat st;
	int ends[2];

	(void)state;
	if ((terminal = dup(STDERR_FILENO)) < 0 || pipe2(ends, O_CLOEXEC) != 0 ||
	    dup2(ends[1], STDERR_FILENO) < 0 || fstat(STDERR_FILENO, &st) != 0 ||
	    fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		return -1;
	close(ends[1]);
	reading = ends[0];
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	logger_open("tester");
	return 0;
}

static int
close_all(void **state)
{
	(void)state;
	return dup2(terminal, STDERR_FILENO) < 0;
}

static void
configure(enum logger_format format, enum logger_level level)
{
	const struct logger_settings settings = {format, level};

	logger_configure(&settings);
}

/* All that was said since the last call. */
static const char *
take(void)
{
	size_t size = 0;
	ssize_t got;

	while ((got = read(reading, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)got;
	text[size] = '\0';
	return text;
}

static size_t
count(const char *in, const char *what)
{
	size_t found = 0;

	for (const char *at = in; (at = strstr(at, what)) != NULL; at++)
		found++;
	return found;
}

static void
say(enum logger_level level)
{
	logger_say(level, "event-of-a-test", "a sentence");
}

static void
test_levels_have_the_priorities_of_the_journal(void **state)
{
	static const char *const begins[] = {
	    "<3>time=", "<4>time=", "<5>time=", "<6>time=", "<7>time="};
	char expected[64];

	(void)state;
	configure(LOGGER_TEXT, LOGGER_DEBUG);
	for (int level = LOGGER_ERROR; level <= LOGGER_DEBUG; level++) {
		say((enum logger_level)level);
		assert_memory_equal(take(), begins[level], strlen(begins[level]));
		snprintf(expected, sizeof(expected),
		    " level=%s event=event-of-a-test text=\"a sentence\"\n",
		    logger_level_name((enum logger_level)level));
		assert_string_equal(strchr(text, ' '), expected);
	}
	configure(LOGGER_JSON, LOGGER_DEBUG);
	say(LOGGER_NOTICE);
	assert_memory_equal(take(), "<5>{\"time\":\"", 12);
	assert_non_null(
	    strstr(text, "\",\"level\":\"notice\",\"event\":\"event-of-a-test\",\"text\":"
			 "\"a sentence\"}\n"));
}

static void
test_what_is_below_the_level_is_not_said_but_for_alarms(void **state)
{
	struct logline l;

	(void)state;
	configure(LOGGER_TEXT, LOGGER_WARNING);
	say(LOGGER_NOTICE);
	say(LOGGER_INFO);
	assert_string_equal(take(), "");
	say(LOGGER_WARNING);
	assert_int_equal(count(take(), "\n"), 1);
	configure(LOGGER_TEXT, LOGGER_ERROR);
	logline_begin_alarm(&l, LOGGER_WARNING, "clock-jump");
	logline_number(&l, "by_s", 60);
	logline_end(&l);
	assert_non_null(strstr(take(), " level=warning event=clock-jump by_s=60\n"));
}

/* <PRI>1 TIMESTAMP HOST APP PROCID MSGID SD MSG; daemon is 3, so that warning is 28. */
static void
test_rfc5424(void **state)
{
	char host[256], app[32], id[64], data[8], rest[128];
	int year, month, day, hour, minute, second, ms, pid;
	struct logline l;

	(void)state;
	configure(LOGGER_RFC5424, LOGGER_INFO);
	logline_begin(&l, LOGGER_WARNING, "an-event-with-a-name-of-more-than-32");
	logline_string(&l, "text", "no ] breaks it\n<3>1 -");
	logline_end(&l);
	assert_int_equal(
	    sscanf(take(), "<28>1 %4d-%2d-%2dT%2d:%2d:%2d.%3dZ %255s %31s %d %63s %7s %127[^\n]",
		&year, &month, &day, &hour, &minute, &second, &ms, host, app, &pid, id, data, rest),
	    13);
	assert_string_equal(id, "an-event-with-a-name-of-more-tha");
	assert_null(strchr(strchr(text, '\n') + 1, '\n')); /* one line */
	assert_string_equal(app, "tester");
	assert_int_equal(pid, getpid());
	configure(LOGGER_RFC5424, LOGGER_INFO);
	say(LOGGER_ERROR);
	assert_int_equal(
	    sscanf(take(), "<27>1 %4d-%2d-%2dT%2d:%2d:%2d.%3dZ %255s %31s %d %63s %7s %127[^\n]",
		&year, &month, &day, &hour, &minute, &second, &ms, host, app, &pid, id, data, rest),
	    13);
	assert_string_equal(id, "event-of-a-test");
	assert_string_equal(data, "-");
	assert_string_equal(rest, "level=error event=event-of-a-test text=\"a sentence\"");
}

/* What a signal handler puts together is what a line is. */
static void
test_a_frame_is_a_line(void **state)
{
	struct logger_frame frame;
	char line[1024];

	(void)state;
	for (int format = LOGGER_TEXT; format <= LOGGER_RFC5424; format++) {
		configure((enum logger_format)format, LOGGER_INFO);
		logger_frame(LOGGER_WARNING, "event-of-a-test", &frame);
		logger_say(LOGGER_WARNING, "event-of-a-test", "a sentence");
		take();
		assert_memory_equal(text, frame.before, strlen(frame.before));
		snprintf(line, sizeof(line), "%.*s%s%s%s", (int)strlen("2026-01-31T12:00:00.123Z"),
		    text + strlen(frame.before), frame.between, "a sentence", frame.end);
		assert_string_equal(text + strlen(frame.before), line);
	}
}

/* Everything that stderr still has for us. */
static const char *
take_all(void)
{
	static char all[sizeof(text)];
	size_t size = 0, more;

	do {
		logger_tend();
		more = strlen(take());
		assert_true(more < sizeof(all) - size);
		memcpy(all + size, text, more + 1);
		size += more;
	} while (more > 0);
	return all;
}

static void
test_a_reader_that_does_not_read_holds_nobody_up(void **state)
{
	struct logger_counts before, after;
	const char *all, *dropped;
	struct logline l;

	(void)state;
	configure(LOGGER_TEXT, LOGGER_INFO);
	logger_counts(&before);
	alarm(PATIENCE_S);
	for (unsigned i = 0; i < LINES_MANY; i++)
		say(LOGGER_INFO);
	logline_begin_alarm(&l, LOGGER_ERROR, "an-alarm");
	logline_end(&l);
	alarm(0);
	logger_counts(&after);
	assert_true(after.dropped - before.dropped > LINES_MANY / 4);
	assert_true(logger_has_more());
	/* Whole lines, the alarm behind them, and then how many are missing. */
	all = take_all();
	assert_false(logger_has_more());
	dropped = strstr(all, " event=lines-dropped dropped=");
	assert_non_null(dropped);
	assert_int_equal(strtoull(dropped + strlen(" event=lines-dropped dropped="), NULL, 10),
	    after.dropped - before.dropped);
	assert_int_equal(count(all, "event=event-of-a-test text=\"a sentence\"\n") +
			     (after.dropped - before.dropped),
	    LINES_MANY);
	assert_int_equal(count(all, "<"), count(all, "\n"));
	assert_non_null(strstr(all, "event=an-alarm\n"));
	assert_true(strstr(all, "event=an-alarm") < dropped);
	/* And it goes on as if nothing had been. */
	say(LOGGER_INFO);
	assert_int_equal(count(take(), "event=event-of-a-test"), 1);
	assert_int_equal(count(text, "\n"), 1);
}

/* While lines are missing none is said behind the gap before the gap itself is. */
static void
test_a_gap_is_said_where_it_is(void **state)
{
	const char *all, *gap;

	(void)state;
	configure(LOGGER_TEXT, LOGGER_INFO);
	for (unsigned i = 0; i < LINES_MANY; i++)
		say(LOGGER_INFO);
	take(); /* the pipe has room, and what is kept is in it now, but for its end */
	say(LOGGER_NOTICE);
	all = take_all();
	gap = strstr(all, "event=lines-dropped");
	assert_non_null(gap);
	assert_non_null(strstr(gap, "level=notice event=event-of-a-test"));
	assert_int_equal(count(all, "event=lines-dropped"), 1);
}

static void
test_what_a_peer_brings_about_is_rationed(void **state)
{
	const struct ration_about about = {
	    RATION_FAULTS, "refusal", "busy", "collector", VIEW_LITERAL("spiffe://test/a b")};
	struct logger_counts before, after;
	struct logline l;

	(void)state;
	configure(LOGGER_TEXT, LOGGER_INFO);
	logger_counts(&before);
	for (unsigned i = 0; i < 1000; i++) {
		logline_begin_rationed(&l, LOGGER_WARNING, &about);
		logline_string(&l, "code", "busy");
		logline_end(&l);
	}
	logger_counts(&after);
	assert_int_equal(count(take(), "event=refusal code=busy\n"), 32);
	assert_int_equal(after.left_out - before.left_out, 968);
	assert_true(logger_has_more());
	logger_finish();
	assert_int_equal(count(take(), "\n"), 1);
	assert_non_null(strstr(text, " event=left-out about=refusal code=busy "
				     "collector=\"spiffe://test/a b\" lines=968 within_s=1\n"));
}

/* What the level keeps back takes nobody's ration; an alarm has its own, whatever the level. */
static void
test_levels_and_rations(void **state)
{
	const struct ration_about faults = {
	    RATION_FAULTS, "refusal", "busy", "collector", VIEW_LITERAL("quiet")};
	const struct ration_about clone = {
	    RATION_ALARM, "clone", "chain-broken", "collector", VIEW_LITERAL("quiet")};
	struct logline l;

	(void)state;
	configure(LOGGER_TEXT, LOGGER_ERROR);
	for (unsigned i = 0; i < 1000; i++) {
		logline_begin_rationed(&l, LOGGER_WARNING, &faults);
		logline_end(&l);
		logline_begin_rationed(&l, LOGGER_WARNING, &clone);
		logline_end(&l);
	}
	assert_int_equal(count(take(), "\n"), 32);
	assert_int_equal(count(text, "level=warning event=clone\n"), 32);
	configure(LOGGER_TEXT, LOGGER_WARNING);
	logline_begin_rationed(&l, LOGGER_WARNING, &faults);
	logline_end(&l);
	assert_int_equal(count(take(), "event=refusal\n"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_levels_have_the_priorities_of_the_journal),
	    cmocka_unit_test(test_what_is_below_the_level_is_not_said_but_for_alarms),
	    cmocka_unit_test(test_rfc5424),
	    cmocka_unit_test(test_a_frame_is_a_line),
	    cmocka_unit_test(test_a_reader_that_does_not_read_holds_nobody_up),
	    cmocka_unit_test(test_a_gap_is_said_where_it_is),
	    cmocka_unit_test(test_what_a_peer_brings_about_is_rationed),
	    cmocka_unit_test(test_levels_and_rations),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
