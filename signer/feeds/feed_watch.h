/*
 * Feeds of advisories that the policy in force wants, as files of these names in a directory of the
 * configuration: looked at every FEED_WATCH_LOOK_MS, read in a thread of its own where one has
 * changed, and put into force by a notice. What is no feed is said once, and what was in force
 * stays; so it does where the file goes. A file that was written again as it was makes what is in
 * force younger, by another notice: not before that is half as old as the policy lets it be, so
 * that a timer does not fill a log.
 */
#ifndef HALLMARK_SIGNER_FEEDS_FEED_WATCH_H
#define HALLMARK_SIGNER_FEEDS_FEED_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <uv.h>

#include "config/faults.h"
#include "policy/feeds/feed.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"
#include "proto/report/report.h"
#include "signer/ledger/worker.h"
#include "signer/session/service.h"

#define FEED_WATCH_LOOK_MS 1000

/* A file as it was when it was read. */
struct feed_file {
	struct feed_seen told; /* to the service, when it was looked at */
	uint64_t written_s;    /* since 1970, of the newest that is a feed; 0: there was none */
	struct digest digest;  /* of that one */
	uint32_t max_age_s;    /* 0: however old it may be */
	struct stat seen;      /* st_ino 0: never */
	bool is_old;           /* and that was said */
};

/* One that was read, on its way into the log. */
struct feed_found {
	struct feed *feed; /* NULL: none */
	size_t file;
	struct buf content, record; /* for the evidence store */
};

struct feed_watch {
	struct service *service;
	uv_loop_t *loop;
	struct worker *worker;
	bool busy;
	uint64_t look_ms;
	size_t count;
	/* While the worker is busy it is the worker's, as all below. */
	struct feed_file file[REPORT_FEEDS_MAX];
	char *directory;
	struct feed_found found;
	struct faults faults;
};

/*
 * The advisories in force, out of the evidence store: before anything is appraised. What fails is
 * said: ERR_IO, ERR_MEMORY.
 */
enum err feed_watch_begin(struct service *s) MUST_USE;

/* ERR_MEMORY. All must outlive it. */
enum err feed_watch_open(struct feed_watch *w, uv_loop_t *loop, struct service *s) MUST_USE;

/* Often, once anything is appraised: begins what is due, and puts what waits for room. */
void feed_watch_tick(struct feed_watch *w);

/* Waits for what is being read, which is not taken any more. */
void feed_watch_close(struct feed_watch *w);

#endif
