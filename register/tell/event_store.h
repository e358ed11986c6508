/*
 * Events that were told or are to be, in a database of their own: durable, in one order, each once.
 * It is no cache: what was delivered to whom cannot be found again in a log. Beside them stands
 * what they follow from: the tier of each workload, and how far each log was taken.
 *
 * One process writes events and reads them for those who listen; another delivers and says what was
 * acknowledged. A connection is for one thread at a time.
 */
#ifndef HALLMARK_REGISTER_TELL_EVENT_STORE_H
#define HALLMARK_REGISTER_TELL_EVENT_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "register/tell/event.h"

#define EVENT_STORE_FILE "events.db" /* in the state directory */

/* So long an event stays, once everybody who is configured has acknowledged it. */
#define EVENT_KEPT_S (30 * 86400)

struct event_store;

/*
 * Made if it is not there. ERR_IO, said in the log; it is never made anew, as all would be told
 * again. ERR_MEMORY.
 */
enum err event_store_open(const char *path, struct event_store **out) MUST_USE;
void event_store_close(struct event_store **s);

/* Of a log, by its name. All zero if it is not known. */
struct event_log_state {
	uint64_t taken; /* entries from which events were made */
	uint64_t epoch; /* how often its alarms were acknowledged */
};

/* What is known of one workload. */
struct event_head {
	struct view collector, workload;
	uint8_t status; /* enum report_status */
	bool silent;
};

enum err event_store_log(
    struct event_store *s, const char *log, struct event_log_state *out) MUST_USE;
enum err event_store_each_head(struct event_store *s, const char *log,
    enum err (*head)(void *context, const struct event_head *h), void *context) MUST_USE;

/* A transaction: durable when commit returns. ERR_IO rolls back. */
enum err event_store_begin(struct event_store *s) MUST_USE;
enum err event_store_commit(struct event_store *s) MUST_USE;
void event_store_rollback(struct event_store *s);

/* One that is there already by its id stays as it is. */
struct event_row {
	uint64_t number; /* its place in the order; of a new one not used */
	enum event_kind kind;
	struct view id, log, workload; /* workload: size 0 where it is of none */
	struct view json;
};

enum err event_store_add(
    struct event_store *s, const struct event_row *row, uint64_t now_s) MUST_USE;
enum err event_store_put_head(
    struct event_store *s, const char *log, const struct event_head *h) MUST_USE;
enum err event_store_put_log(
    struct event_store *s, const char *log, const struct event_log_state *state) MUST_USE;

/* The first event behind `number`; its views hold until the next call. ERR_NOT_FOUND, ERR_IO. */
enum err event_store_next(struct event_store *s, uint64_t number, struct event_row *out) MUST_USE;

/* The number of an event by its id; ERR_NOT_FOUND if there is none, or none any more. */
enum err event_store_find(struct event_store *s, struct view id, uint64_t *number) MUST_USE;

/* The newest event's; 0: there is none. */
enum err event_store_newest(struct event_store *s, uint64_t *number) MUST_USE;

/*
 * Who is told: how far he has acknowledged, in that order. One who is new begins behind `number`.
 */
enum err event_store_acknowledged(
    struct event_store *s, const char *whom, uint64_t behind, uint64_t *number) MUST_USE;

/* That he has: with how often it was tried, and when. Durable when it returns. */
enum err event_store_acknowledge(struct event_store *s, const char *whom, uint64_t number,
    uint64_t tries, uint64_t now_s) MUST_USE;

/* That all up to this one are nothing to him. */
enum err event_store_pass(struct event_store *s, const char *whom, uint64_t number) MUST_USE;

/* Drops old events that nobody of those `whom` waits for. */
enum err event_store_thin(
    struct event_store *s, const char *const *whom, size_t count, uint64_t now_s) MUST_USE;

#endif
