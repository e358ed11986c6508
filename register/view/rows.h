/*
 * The writer's statements: each puts or changes rows of one kind. All run within the writer's
 * transaction; ERR_IO was said in the log, and the transaction is lost then.
 */
#ifndef HALLMARK_REGISTER_VIEW_ROWS_H
#define HALLMARK_REGISTER_VIEW_ROWS_H

#include <sqlite3.h>
#include <stdint.h>

#include "log/outcome.h"
#include "proto/digest.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"
#include "register/view/heads.h"

struct rows;

enum err rows_open(sqlite3 *db, struct rows **out) MUST_USE;
void rows_close(struct rows **r);

enum err rows_begin(struct rows *r) MUST_USE;
enum err rows_commit(struct rows *r) MUST_USE;
void rows_rollback(struct rows *r);

/* The log's row. */
struct rows_log {
	uint64_t taken_to; /* entries that are in the view */
	uint64_t checked_to, replayed_to, newest_s;
	uint64_t unread; /* entries that say nothing to this version */
	struct buf origin, checkpoint;
	struct digest first_leaf, last_leaf; /* of entry 0 and of the newest taken */
};

enum err rows_put_log(struct rows *r, const struct rows_log *log) MUST_USE;

/* Numbers are those of the rows that were there before, plus one. */
enum err rows_add_host(struct rows *r, uint64_t n, struct view collector) MUST_USE;

/* The workload's row is what the head says, and made where there is none. */
enum err rows_put_workload(struct rows *r, struct head *h) MUST_USE;

/* A checksum over all that a workload's row says: a register that starts decides by it. */
uint64_t rows_sum(const struct head *h);

/* The row of what the report states; made, with its components, if it is the first. */
enum err rows_state(struct rows *r, const struct report *report, enum outcome checked,
    const struct digest *digest, uint64_t *n) MUST_USE;

enum err rows_begin_interval(struct rows *r, uint64_t workload, uint64_t entry, uint64_t issued_s,
    uint64_t state, bool offline) MUST_USE;
enum err rows_end_interval(struct rows *r, const struct head *h) MUST_USE;

/* The open interval of gap records goes up to here. */
enum err rows_extend_gap(
    struct rows *r, const struct head *h, uint64_t entry, uint64_t issued_s) MUST_USE;

/* From this report on the workload has its findings, and no others. */
enum err rows_change_findings(struct rows *r, uint64_t workload, const struct report *report,
    uint64_t entry, uint64_t issued_s) MUST_USE;

enum err rows_begin_silence(struct rows *r, uint64_t workload, uint64_t entry, uint64_t issued_s,
    uint64_t due_s, uint64_t count) MUST_USE;
enum err rows_count_silence(struct rows *r, const struct head *h, uint64_t count) MUST_USE;
enum err rows_end_silence(
    struct rows *r, const struct head *h, uint64_t entry, uint64_t issued_s) MUST_USE;

/* A notice's bytes; a manifest's policy too. */
enum err rows_put_notice(
    struct rows *r, uint64_t entry, const struct notice *notice, struct view bytes) MUST_USE;

/* An image's newest report. */
struct rows_image {
	struct digest digest;
	uint64_t entry, issued_s, expires_s, due_s, state;
	bool left;
};

enum err rows_put_image(struct rows *r, const struct rows_image *image) MUST_USE;

/* As rows_sum(). */
uint64_t rows_image_sum(const struct rows_image *image);

enum err rows_put_place(struct rows *r, const struct head *h) MUST_USE;
enum err rows_put_tick(struct rows *r, uint64_t entry, uint64_t issued_s) MUST_USE;
/* It runs on this boot from here on; of size 0: it has left. */
enum err rows_put_turn(struct rows *r, uint64_t workload, uint64_t entry, uint64_t issued_s,
    struct view boot) MUST_USE;
enum err rows_put_alarm(
    struct rows *r, const char *kind, uint64_t entry, const char *words, uint64_t now_ms) MUST_USE;
enum err rows_clear_alarms(struct rows *r) MUST_USE;

#endif
