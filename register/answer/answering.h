/*
 * One request that is being answered: what all resources share. Lists go through the logs in the
 * order of the configuration, from where the cursor says, until the page is full.
 */
#ifndef HALLMARK_REGISTER_ANSWER_ANSWERING_H
#define HALLMARK_REGISTER_ANSWER_ANSWERING_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/report/report.h"
#include "register/answer/answer_query.h"
#include "register/answer/answer_terms.h"
#include "register/answer/answerer.h"
#include "register/view/view_reader.h"

#define ANSWER_SEGMENTS_MAX 5

/* A log that is looked at. */
struct answering_log {
	unsigned number;
	const struct answer_log *log;
	struct view_reader *reader;
	uint64_t taken_to, checked_to, replayed_to;
	uint64_t at; /* entries up to this one count; UINT64_MAX: all */
	bool none;   /* there was no entry then */
	struct buf checkpoint;
};

struct answering {
	struct answerer *answerer;
	const struct scope *scope;
	struct answer_query query;
	uint8_t resource; /* its place in the table: that of its cursors */
	size_t segments;  /* behind the resource's name */
	struct view segment[ANSWER_SEGMENTS_MAX];
	struct answer *out;
	struct answering_log log; /* that is open */
	struct buf named;         /* collector and workload of the path, decoded */
	json_t *body, *items, *as_of;
	unsigned scanned, item_count;
	bool full; /* the page is */
	bool done; /* refused, or answered with something else than JSON */
};

/* Answers {"code":,"sentence":}; the first one counts. */
void answering_refuse(struct answering *x, unsigned status, const char *code, const char *sentence);
void answering_not_found(struct answering *x);
void answering_broken(struct answering *x); /* 503: the view cannot be read now */

bool answering_sees(const struct answering *x, struct view workload);

/*
 * The logs that count, one after the other; the one before is closed. `first` and `second` say
 * where to go on in this one: 0 but for that of the cursor. False at the end, or where it was
 * refused.
 */
bool answering_next_log(struct answering *x, uint64_t *first, uint64_t *second);

/* The log that the first segment names. False: refused. */
bool answering_open_named(struct answering *x);
void answering_close_log(struct answering *x);

/* A row was looked at: false where the page is full; it ends with a cursor to this place then. */
bool answering_go_on(struct answering *x, uint64_t first, uint64_t second);

/* Takes the item. False: no memory, refused. */
bool answering_add(struct answering *x, json_t *item);

/* A statement of the open log; NULL: refused. */
sqlite3_stmt *answering_ask(struct answering *x, enum view_query q);

/* The next row. False at the end; where it fails, it is refused. */
bool answering_row(struct answering *x, sqlite3_stmt *s);

/* Values; an invalid one comes out as what is printable of it. */
json_t *answering_null(void);
json_t *answering_words(const char *s);
json_t *answering_text(struct view v);
json_t *answering_hex(struct view digest);
json_t *answering_time(uint64_t seconds);                   /* RFC 3339; null for 0 */
json_t *answering_moment(uint64_t entry, uint64_t seconds); /* {"entry":,"time":} */
json_t *answering_parsed(struct view text); /* JSON of our own; null if it is none */
void answering_set(json_t *object, const char *name, json_t *value);

#endif
