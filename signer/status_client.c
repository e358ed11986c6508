#include "signer/status_client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "journal/asking.h"
#include "proto/bytes.h"
#include "signer/control.h"
#include "signer/status/status_metrics.h"
#include "signer/status/status_numbers.h"
#include "signer/status/status_summary.h"

/*
 * The signer answers within a turn of its loop, but those who ask nothing may hold all places for
 * their patience first. Whoever asks for a monitor must not hang with it.
 */
#define ANSWER_TIMEOUT_S (2 * CONTROL_PATIENCE_MS / 1000)

/* To read the list while workloads come for the first time. */
#define TRIES 5

/* Of a list: a million workloads take 2,500. A signer in wrong hands gives no end of them. */
#define PARTS_MAX 10000

/* For all of them, and so for one that takes its time with each. */
#define LIST_TIMEOUT_S 60

static json_t *ask(
    const char *path, struct view request, const char *key, json_type type, bool or_refused);
static bool add_workloads(const char *path, bool all, json_t *status);
static json_t *ask_part(const char *path, bool all, const char *cursor);
static int print_metrics(const char *path, json_t *status);
static time_t now_s(void);
static bool anything_is_wrong(json_t *status);

int
status_client(const char *path, enum status_format format, bool all)
{
	json_t *status = ask(path, VIEW_LITERAL("status\n"), "key_process", JSON_STRING, false);
	int result = status == NULL ? 1 : 0;

	/* People are told how many hosts there are; a program asks for all if it wants them. */
	if (result == 0 && (format == STATUS_SUMMARY || format == STATUS_JSON) &&
	    !add_workloads(path, all || format == STATUS_SUMMARY, status))
		result = 1;
	if (result == 0) {
		switch (format) {
		case STATUS_SUMMARY:
			result = status_summary(status, all, stdout);
			break;
		case STATUS_NUMBERS:
			status_numbers(status, stdout);
			break;
		case STATUS_JSON:
			(void)json_dumpf(status, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
			putchar('\n');
			break;
		case STATUS_PROMETHEUS:
			result = print_metrics(path, status);
			break;
		}
	}
	json_decref(status);
	return result;
}

/* NULL, which is said, if it is no status: whole, and with what is looked into without a question.
 */
static json_t *
ask(const char *path, struct view request, const char *key, json_type type, bool or_refused)
{
	const struct asked of = {"hallmark-signer", "signer", path};
	struct buf answer = BUF_INIT;
	json_t *status, *value;

	if (asking(&of, request, ANSWER_TIMEOUT_S, &answer) != 0) {
		buf_free(&answer);
		return NULL;
	}
	status = asking_parse(&answer);
	value = json_object_get(status, key);
	if ((value == NULL || json_typeof(value) != type) &&
	    !(or_refused && json_is_object(json_object_get(status, "error")))) {
		fprintf(stderr,
		    "hallmark-signer: %s: expected a status in JSON, found %zu bytes that are "
		    "none; is this the signer's status socket?\n",
		    path, answer.size);
		json_decref(status);
		status = NULL;
	}
	buf_free(&answer);
	return status;
}

/* A part after the other; where all are affirming there is nothing to ask for. */
static bool
add_workloads(const char *path, bool all, json_t *status)
{
	const time_t began_s = now_s();
	json_t *list = json_array(), *part = NULL;
	const char *next = NULL;
	unsigned tries = 0, parts = 0;

	json_object_set_new(status, "list", list);
	if (!all && !anything_is_wrong(status))
		return true;
	do {
		json_t *more = ask_part(path, all, next);

		json_decref(part);
		part = more;
		next = json_string_value(json_object_get(part, "next"));
		if (json_object_get(part, "error") != NULL) {
			/* The table has grown, which it does not do often. */
			json_array_clear(list);
			next = "";
			if (++tries == TRIES)
				break;
		}
		json_array_extend(list, json_object_get(part, "workloads"));
	} while (next != NULL && ++parts < PARTS_MAX && now_s() - began_s < LIST_TIMEOUT_S);
	if (part != NULL && next != NULL)
		fprintf(stderr,
		    "hallmark-signer: %s: the list of workloads could not be read; try again\n",
		    path);
	json_decref(part);
	return part != NULL && next == NULL;
}

static json_t *
ask_part(const char *path, bool all, const char *cursor)
{
	struct buf request = BUF_INIT;
	json_t *part = NULL;

	buf_append_string(&request, all ? "workloads all" : "workloads troubled");
	if (cursor != NULL && cursor[0] != '\0')
		buf_append_format(&request, " %s", cursor);
	buf_append_byte(&request, '\n');
	if (buf_status(&request) == ERR_OK)
		part = ask(path, buf_view(&request), "workloads", JSON_ARRAY, true);
	buf_free(&request);
	return part;
}

static int
print_metrics(const char *path, json_t *status)
{
	const char *unknown = status_metrics_unknown(status);

	if (unknown == NULL) {
		status_metrics(status, stdout);
		return 0;
	}
	fprintf(stderr,
	    "hallmark-signer: %s: the status names '%.64s', which is none of this version's: the "
	    "signer is of another one, or not to be trusted\n",
	    path, unknown);
	return 1;
}

static time_t
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool
anything_is_wrong(json_t *status)
{
	const char *verdict;
	json_t *count;

	json_object_foreach(json_object_get(status, "verdicts"), verdict, count)
	{
		if (strcmp(verdict, "affirming") != 0 && json_integer_value(count) > 0)
			return true;
	}
	return false;
}
