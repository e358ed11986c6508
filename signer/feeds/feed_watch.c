#include "signer/feeds/feed_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/yaml_check.h"
#include "journal/logger.h"
#include "proto/evidence/pack.h"
#include "signer/chronicle/stored_policy.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/ledger/store/evidence.h"

static enum err run(void *context);
static void done(void *context, enum err result);
static void take_wanted(struct feed_watch *w);
static bool look(struct feed_watch *w, size_t index);
static void read_feed(struct feed_watch *w, size_t index, const char *path);
static void take_age(struct feed_watch *w, struct feed_file *f);
static void tell_age(struct feed_file *f);
static bool put(struct feed_watch *w);
static bool may_put(const struct service *s);
static void forget_found(struct feed_found *f);
static void say_faults(const struct feed_watch *w);
static void on_closed(void *context);

enum err
feed_watch_begin(struct service *s)
{
	struct logline l;
	enum err e = standing_fetch_feeds(s->chronicle.notices.standing, stored_fetch, s->evidence);

	if (e == ERR_OK || e == ERR_MEMORY)
		return e;
	logline_begin(&l, LOGGER_ERROR, "feed-unreadable");
	logline_error(&l, e);
	logline_string(&l, "mend",
	    "advisories that are in force in the log cannot be read from the evidence store; "
	    "restore its packs from a copy");
	logline_end(&l);
	return ERR_IO;
}

enum err
feed_watch_open(struct feed_watch *w, uv_loop_t *loop, struct service *s)
{
	const struct worker_calls calls = {run, done, w};

	memset(w, 0, sizeof(*w));
	w->service = s;
	w->loop = loop;
	w->faults = FAULTS_INIT;
	return worker_new(loop, &calls, &w->worker);
}

void
feed_watch_tick(struct feed_watch *w)
{
	const uint64_t now_ms = uv_now(w->loop);

	if (w->busy || w->worker == NULL || !w->service->chronicle.begun ||
	    w->service->config->feeds_directory == NULL)
		return;
	if (w->found.feed != NULL && !put(w))
		return;
	if (w->look_ms != 0 && now_ms - w->look_ms < FEED_WATCH_LOOK_MS)
		return;
	w->look_ms = now_ms;
	take_wanted(w);
	if (w->count == 0)
		return;
	w->busy = true;
	worker_start(w->worker);
}

void
feed_watch_close(struct feed_watch *w)
{
	if (w->worker != NULL)
		worker_close(&w->worker, on_closed);
}

/* In the thread: files, and what is in `w` for it. One feed at a time. */
static enum err
run(void *context)
{
	struct feed_watch *w = context;

	for (size_t i = 0; i < w->count; i++)
		if (look(w, i))
			break;
	return ERR_OK;
}

static void
done(void *context, enum err result)
{
	struct feed_watch *w = context;

	(void)result;
	w->busy = false;
	for (size_t i = 0; i < w->count; i++) {
		take_age(w, &w->file[i]);
		tell_age(&w->file[i]);
		w->service->feeds[i] = w->file[i].told;
	}
	w->service->feed_count = w->count;
	say_faults(w);
	faults_free(&w->faults);
	if (w->found.feed != NULL) {
		w->look_ms = 0; /* perhaps another one has changed, too */
		(void)put(w);
	}
}

/* What is known of files stays while the policy wants them. */
static void
take_wanted(struct feed_watch *w)
{
	const struct policy *p = w->service->policy;
	struct feed_file known[REPORT_FEEDS_MAX];
	const size_t count = w->count;
	const char *directory = w->service->config->feeds_directory;

	memcpy(known, w->file, sizeof(known));
	w->count = policy_feed_count(p);
	for (size_t i = 0; i < w->count; i++) {
		struct feed_file *f = &w->file[i];
		const struct view name = policy_feed_at(p, i, &f->max_age_s);

		for (size_t k = 0; k < count; k++)
			if (view_equal(view_of_string(known[k].told.name), name)) {
				const uint32_t max_age_s = f->max_age_s;

				*f = known[k];
				f->max_age_s = max_age_s;
			}
		if (view_equal(view_of_string(f->told.name), name))
			continue;
		*f = (struct feed_file){.max_age_s = f->max_age_s};
		memcpy(f->told.name, name.data, name.size);
	}
	if (w->directory == NULL || strcmp(w->directory, directory) != 0) {
		free(w->directory);
		if ((w->directory = strdup(directory)) == NULL)
			abort();
	}
}

/* True if it was read: good or not, it is not looked at again before it changes. */
static bool
look(struct feed_watch *w, size_t index)
{
	struct feed_file *f = &w->file[index];
	struct buf path = BUF_INIT;
	struct stat now;
	bool changed;

	buf_append_format(&path, "%s/%s", w->directory, f->told.name);
	buf_append_byte(&path, 0);
	if (buf_status(&path) != ERR_OK)
		abort();
	changed =
	    stat((const char *)path.data, &now) == 0 &&
	    (now.st_ino != f->seen.st_ino || now.st_dev != f->seen.st_dev ||
		now.st_size != f->seen.st_size || now.st_mtim.tv_sec != f->seen.st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != f->seen.st_mtim.tv_nsec);
	if (changed) {
		f->seen = now;
		read_feed(w, index, (const char *)path.data);
	}
	buf_free(&path);
	return changed;
}

/* With its record, for which the loop has no time. */
static void
read_feed(struct feed_watch *w, size_t index, const char *path)
{
	struct feed_found *to = &w->found;
	struct feed_seen *told = &w->file[index].told;
	struct buf text = BUF_INIT;

	to->file = index;
	told->refused = true;
	if (yaml_read_file(path, 0, NULL, path, ADVISORIES_SIZE_MAX, &w->faults, &text) != ERR_OK) {
		buf_free(&text);
		return;
	}
	if (feed_make(path, &text, &w->faults, &to->feed) != ERR_OK)
		return;
	told->refused = false;
	w->file[index].digest = to->feed->digest;
	w->file[index].written_s = (uint64_t)w->file[index].seen.st_mtim.tv_sec;
	if (w->file[index].seen.st_mtim.tv_sec < 1)
		w->file[index].written_s = 1; /* a time that a notice may have */
	buf_append_view(&to->content, buf_view(&to->feed->text));
	if (buf_status(&to->content) != ERR_OK || pack_append(PACK_FEED, buf_view(&to->content),
						      &to->feed->digest, &to->record) != ERR_OK)
		abort();
}

/*
 * By when the file was written: whoever brings feeds writes it each time. The log has that of what
 * is in force, over a restart and without a file.
 */
static void
take_age(struct feed_watch *w, struct feed_file *f)
{
	struct notice_writer *n = &w->service->chronicle.notices;
	const struct view name = view_of_string(f->told.name);
	const struct feed_in_force *standing = standing_feed(n->standing, name);
	const uint64_t now_s = service_now_s(w->service);
	const uint64_t written_s = f->written_s < now_s ? f->written_s : now_s;
	struct logline l;

	f->told.written_s = f->written_s;
	if (standing == NULL)
		return;
	if (f->told.written_s < standing->written_s)
		f->told.written_s = standing->written_s;
	if (f->told.refused || f->max_age_s == 0 || written_s <= standing->written_s ||
	    now_s <= standing->written_s + f->max_age_s / 2 ||
	    !digest_equal(&f->digest, &standing->digest) || !may_put(w->service))
		return;
	notice_writer_renew_feed(n, name, written_s, service_entry_s(w->service));
	logline_begin(&l, LOGGER_INFO, "feed-renewed");
	logline_view(&l, "feed", name);
	logline_number(&l, "index", n->newest.index);
	logline_end(&l);
}

static void
tell_age(struct feed_file *f)
{
	const uint64_t now_s = (uint64_t)time(NULL), written_s = f->told.written_s;
	const bool old = f->max_age_s > 0 && written_s + f->max_age_s < now_s;
	struct logline l;

	if (old && !f->is_old) {
		logline_begin(&l, LOGGER_WARNING, "feed-old");
		logline_string(&l, "feed", f->told.name);
		if (written_s != 0)
			logline_number(&l, "age_s", now_s - written_s);
		logline_number(&l, "max_age_s", f->max_age_s);
		logline_end(&l);
	}
	f->is_old = old;
}

/* If there is room for a notice. False: it waits. */
static bool
put(struct feed_watch *w)
{
	struct service *s = w->service;
	struct notice_writer *n = &s->chronicle.notices;
	struct feed_found *f = &w->found;
	const struct view name = view_of_string(w->file[f->file].told.name);
	const struct digest digest = f->feed->digest;
	const uint64_t written_s = w->file[f->file].written_s;
	const struct feed_in_force *standing = standing_feed(n->standing, name);
	struct logline l;
	enum err e;

	if (standing != NULL && digest_equal(&standing->digest, &digest)) {
		forget_found(f);
		return true;
	}
	if (!may_put(s))
		return false;
	if (evidence_find(s->evidence, &digest) == NULL &&
	    evidence_add_packed(s->evidence, PACK_FEED, &f->content, &digest, buf_view(&f->record),
		ledger_evidence(s->ledger)) != ERR_OK)
		abort();
	e = notice_writer_put_feed(n, name, &f->feed, written_s, service_entry_s(s));
	logline_begin(&l, e == ERR_OK ? LOGGER_INFO : LOGGER_ERROR,
	    e == ERR_OK ? "feed-in-force" : "feed-refused");
	logline_view(&l, "feed", name);
	if (e == ERR_OK)
		logline_number(&l, "index", n->newest.index);
	else
		logline_error(&l, e);
	logline_end(&l);
	forget_found(f);
	return true;
}

static bool
may_put(const struct service *s)
{
	return !s->storage.low && !s->stopping && ledger_entry_fits(s->ledger) &&
	       !absences_are_moving(&s->chronicle.absences);
}

static void
forget_found(struct feed_found *f)
{
	feed_free(&f->feed);
	buf_free(&f->content);
	buf_free(&f->record);
}

static void
say_faults(const struct feed_watch *w)
{
	for (size_t i = 0; i < w->faults.count; i++) {
		const struct fault *f = &w->faults.fault[i];

		logger_say(LOGGER_ERROR, "feed-refused", "%s:%u: %s", f->file, f->line, f->text);
	}
}

static void
on_closed(void *context)
{
	struct feed_watch *w = context;

	forget_found(&w->found);
	faults_free(&w->faults);
	free(w->directory);
}
