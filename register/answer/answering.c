#include "register/answer/answering.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "register/answer/answerer.h"
#include "register/answer/entry_at.h"
#include "register/view/view_sql.h"

static bool open_log(struct answering *x, unsigned number);
static bool read_log(struct answering *x);
static bool choose_at(struct answering *x);
static bool counts(const struct answering *x, unsigned number);
static uint32_t cursor_log(const struct answering *x, unsigned number);

void
answering_refuse(struct answering *x, unsigned status, const char *code, const char *sentence)
{
	if (x->done)
		return;
	x->done = true;
	x->out->status = status;
	x->out->type = "application/json";
	buf_clear(&x->out->body);
	buf_append_string(&x->out->body, "{\"code\":");
	json_append_string(&x->out->body, view_of_string(code));
	buf_append_string(&x->out->body, ",\"sentence\":");
	json_append_string(&x->out->body, view_of_string(sentence));
	buf_append_string(&x->out->body, "}\n");
}

void
answering_not_found(struct answering *x)
{
	answering_refuse(x, 404, "not-found", "there is no such thing, or none that you may see");
}

void
answering_broken(struct answering *x)
{
	answering_refuse(x, 503, "view-unreadable",
	    "the register's view of a log cannot be read now; its own log says why");
}

bool
answering_sees(const struct answering *x, struct view workload)
{
	return x->scope->may_see == NULL ||
	       x->scope->may_see(x->scope->context, view_of_string(x->log.log->name), workload);
}

bool
answering_next_log(struct answering *x, uint64_t *first, uint64_t *second)
{
	const bool goes_on = answer_query_has(&x->query, PARAMETER_CURSOR);
	unsigned number = 0;

	*first = *second = 0;
	if (x->done || x->full)
		return false;
	if (x->log.log != NULL)
		number = x->log.number + 1;
	else if (goes_on)
		number = x->query.cursor.log & 0xffff;
	answering_close_log(x);
	if (goes_on && number == (x->query.cursor.log & 0xffff)) {
		if (x->query.cursor.resource != x->resource ||
		    number >= answerer_log_count(x->answerer) || !counts(x, number) ||
		    x->query.cursor.log != cursor_log(x, number)) {
			answering_refuse(x, 400, "bad-cursor",
			    "the cursor is of another list, or its log is not followed any more");
			return false;
		}
		*first = x->query.cursor.first;
		*second = x->query.cursor.second;
	}
	while (number < answerer_log_count(x->answerer) && !counts(x, number))
		number++;
	return number < answerer_log_count(x->answerer) && open_log(x, number);
}

bool
answering_open_named(struct answering *x)
{
	for (unsigned i = 0; i < answerer_log_count(x->answerer); i++) {
		const char *name = answerer_log(x->answerer, i)->name;

		if (view_equal(x->segment[0], view_of_string(name)) && counts(x, i))
			return open_log(x, i);
	}
	answering_not_found(x);
	return false;
}

void
answering_close_log(struct answering *x)
{
	if (x->log.reader != NULL) {
		view_reader_end(x->log.reader);
		answerer_give_back(x->answerer, x->log.number, &x->log.reader);
	}
	buf_free(&x->log.checkpoint);
	memset(&x->log, 0, sizeof(x->log));
}

bool
answering_go_on(struct answering *x, uint64_t first, uint64_t second)
{
	struct answer_cursor c = {x->resource, cursor_log(x, x->log.number), first, second};
	struct buf text = BUF_INIT;

	if (x->done)
		return false;
	if (x->item_count < x->query.limit && ++x->scanned < ANSWER_SCAN_MAX)
		return true;
	x->full = true;
	answer_cursor_append(&c, &text);
	answering_set(x->body, "next", answering_text(buf_view(&text)));
	buf_free(&text);
	return false;
}

bool
answering_add(struct answering *x, json_t *item)
{
	if (item == NULL || json_array_append_new(x->items, item) != 0) {
		answering_refuse(x, 503, "no-memory", "there is no memory for the answer");
		return false;
	}
	x->item_count++;
	return true;
}

sqlite3_stmt *
answering_ask(struct answering *x, enum view_query q)
{
	sqlite3_stmt *s = view_reader_ask(x->log.reader, q);

	if (s == NULL)
		answering_broken(x);
	return s;
}

bool
answering_row(struct answering *x, sqlite3_stmt *s)
{
	enum err e = ERR_OK;
	bool there = !x->done && view_sql_next(s, &e);

	if (e != ERR_OK)
		answering_broken(x);
	return there;
}

/* Jansson's own of these two names are an auditor's as well, in programs that have both. */
json_t *
answering_null(void)
{
	return json_pack("n");
}

json_t *
answering_words(const char *s)
{
	return json_stringn(s, strlen(s));
}

json_t *
answering_text(struct view v)
{
	struct buf printable = BUF_INIT;
	json_t *made = json_stringn(v.size > 0 ? (const char *)v.data : "", v.size);

	if (made != NULL)
		return made;
	text_append_printable(&printable, v, v.size * 4 + 3);
	made = json_stringn((const char *)printable.data, printable.size);
	buf_free(&printable);
	return made;
}

json_t *
answering_hex(struct view digest)
{
	struct buf hex = BUF_INIT;
	json_t *made;

	hex_append(&hex, digest);
	made = json_stringn(hex.size > 0 ? (const char *)hex.data : "", hex.size);
	buf_free(&hex);
	return made;
}

json_t *
answering_time(uint64_t seconds)
{
	char text[UTC_TEXT_SIZE];

	return seconds == 0 ? answering_null() : answering_words(utc_text(seconds, text));
}

json_t *
answering_moment(uint64_t entry, uint64_t seconds)
{
	json_t *made = json_object();

	answering_set(made, "entry", json_integer((json_int_t)entry));
	answering_set(made, "time", answering_time(seconds));
	return made;
}

json_t *
answering_parsed(struct view text)
{
	json_t *made =
	    json_loadb((const char *)text.data, text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	return made != NULL ? made : answering_null();
}

void
answering_set(json_t *object, const char *name, json_t *value)
{
	/* A member that there was no memory for is seen where the whole is written: it is not. */
	(void)json_object_set_new_nocheck(object, name, value);
}

static bool
open_log(struct answering *x, unsigned number)
{
	enum err e;

	x->log.number = number;
	x->log.log = answerer_log(x->answerer, number);
	e = answerer_take(x->answerer, number, &x->log.reader);
	if (e == ERR_NOT_FOUND)
		answering_refuse(x, 503, "no-view", "nothing of this log was followed yet");
	else if (e != ERR_OK || view_reader_begin(x->log.reader) != ERR_OK || !read_log(x))
		answering_broken(x);
	return !x->done && choose_at(x);
}

static bool
read_log(struct answering *x)
{
	sqlite3_stmt *s = answering_ask(x, VIEW_LOG);
	json_t *as_of;

	if (s == NULL || !answering_row(x, s))
		return false;
	x->log.taken_to = view_sql_number(s, 1);
	x->log.checked_to = view_sql_number(s, 2);
	x->log.replayed_to = view_sql_number(s, 3);
	buf_append_view(&x->log.checkpoint, view_sql_view(s, 6));
	as_of = json_object();
	answering_set(as_of, "log", answering_words(x->log.log->name));
	answering_set(as_of, "origin", answering_text(view_sql_view(s, 0)));
	answering_set(as_of, "taken_to", json_integer((json_int_t)x->log.taken_to));
	answering_set(as_of, "checked_to", json_integer((json_int_t)x->log.checked_to));
	answering_set(as_of, "replayed_to", json_integer((json_int_t)x->log.replayed_to));
	answering_set(as_of, "newest", answering_time(view_sql_number(s, 4)));
	answering_set(as_of, "at", answering_null());
	sqlite3_reset(s);
	return json_array_append_new(x->as_of, as_of) == 0;
}

/* An entry is one of a log: where several could be meant, none is. */
static bool
choose_at(struct answering *x)
{
	json_t *as_of = json_array_get(x->as_of, json_array_size(x->as_of) - 1);
	unsigned logs = 0;

	x->log.at = UINT64_MAX;
	if (!answer_query_has(&x->query, PARAMETER_AT))
		return true;
	for (unsigned i = 0; i < answerer_log_count(x->answerer); i++)
		logs += counts(x, i);
	if (x->query.at_is_time) {
		if (!entry_at(x->log.reader, x->log.log->directory, buf_view(&x->log.checkpoint),
			x->query.at, &x->log.at))
			x->log.none = true;
	} else if (logs > 1 && x->segments == 0) {
		answering_refuse(x, 400, "bad-parameter",
		    "at names an entry, and there are several logs; say which: log=NAME");
	} else {
		x->log.at = x->query.at;
	}
	if (x->log.at >= x->log.taken_to)
		x->log.at = x->log.taken_to > 0 ? x->log.taken_to - 1 : 0;
	if (!x->log.none)
		answering_set(as_of, "at", json_integer((json_int_t)x->log.at));
	return !x->done;
}

static bool
counts(const struct answering *x, unsigned number)
{
	const struct view name = view_of_string(answerer_log(x->answerer, number)->name);

	if (answer_query_has(&x->query, PARAMETER_LOG) &&
	    !view_equal(name, buf_view(&x->query.value[PARAMETER_LOG])))
		return false;
	return x->scope->may_see == NULL ||
	       x->scope->may_see(x->scope->context, name, (struct view){NULL, 0});
}

/* Numbers change with the configuration; a cursor from before is refused, not misread. */
static uint32_t
cursor_log(const struct answering *x, unsigned number)
{
	const char *name = answerer_log(x->answerer, number)->name;
	struct digest d;

	digest_of(name, strlen(name), &d);
	return (uint32_t)be16_get(d.bytes) << 16 | (number & 0xffff);
}
