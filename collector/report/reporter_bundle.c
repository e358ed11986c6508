#include "collector/report/reporter_bundle.h"
#include "collector/report/reporter_tokens.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collector/files/filehash.h"
#include "collector/ground/interrupt.h"
#include "collector/report/channel_context.h"
#include "collector/report/vouch.h"
#include "journal/logger.h"

static bool take_measurement(struct reporter *r, struct reporter_workload *w, struct measurement *m,
    enum err e, const struct trouble *t);
static void tell_unwatched(struct reporter_workload *w, const struct measurement *m);
static void lose(struct reporter *r, const struct reporter_workload *w, uint64_t time_ms);
static enum err store_lack(struct reporter_workload *w, struct measurement *m, struct trouble *t);
static enum err make_bundle(struct reporter *r, const struct reporter_workload *w, bool offline,
    const struct reporter_farewell *farewell, struct buf *to);
static enum err sign_bundle(struct reporter *r, const struct reporter_workload *w,
    struct view bundle, struct buf *to, struct trouble *t);
static void tell_no_bundle(
    struct reporter *r, const struct reporter_workload *w, enum err e, const struct trouble *t);
static measure_sink store_component;
static measure_sink store_segment;
static enum err stored(struct reporter_workload *w, enum err e, const struct trouble *t);
static measure_missing take_missing;

uint64_t
reporter_promise_s(const struct collector_config *config)
{
	const uint64_t percent = 100 + (uint64_t)config->jitter_percent;

	return (config->interval_s * percent + 99) / 100;
}

void
reporter_identify_program(struct reporter *r)
{
	struct filehash *hash = filehash_new();
	struct component_file self;
	struct logline j;
	enum err e = ERR_IO;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	memset(&self, 0, sizeof(self));
	if (fd >= 0 && hash != NULL && (e = filehash_describe(hash, fd, false, &self)) == ERR_OK &&
	    (self.flags & COMPONENT_FILE_UNREADABLE) != 0)
		e = ERR_IO;
	if (fd >= 0)
		(void)close(fd);
	filehash_free(&hash);
	r->has_program = e == ERR_OK;
	r->program = self.digest;
	if (e != ERR_OK && !interrupt_stop()) {
		logline_begin(&j, LOGGER_WARNING, "program-unknown");
		logline_string(&j, "text", "/proc/self/exe cannot be read");
		trouble_log(&j, e, NULL);
		logline_end(&j);
	}
}

bool
reporter_begin(struct reporter *r, struct reporter_workload *w)
{
	const struct measure_output output = {store_component, store_segment, take_missing, w};
	const size_t number = (size_t)(w - r->workloads);

	if (measurer_has(r->measurer, number))
		return true;
	w->clock_ms = interrupt_clock_ms();
	w->session = r->client != NULL ? r->sessions : 0;
	if (r->client != NULL)
		memcpy(w->nonce, client_nonce(r->client), NONCE_SIZE);
	w->challenge = r->challenges.of[number];
	memset(&w->lacks, 0, sizeof(w->lacks));
	w->lost = state_segments_lost(r->state);
	w->unkept = false;
	if (measurer_begin(r->measurer, r->config, number, &output) == ERR_OK)
		return true;
	tell_no_bundle(r, w, ERR_MEMORY, NULL);
	return false;
}

bool
reporter_measure(struct reporter *r, struct reporter_workload *w, bool offline)
{
	const size_t number = (size_t)(w - r->workloads);
	struct trouble t = TROUBLE_INIT;
	struct measurement m;
	enum err e;

	/* What was begun in another session is no answer to this one's nonce. */
	if (!offline && measurer_has(r->measurer, number) && w->session != r->sessions)
		measurer_drop(r->measurer, number);
	if (!reporter_begin(r, w) || measurer_wait(r->measurer, number) != ERR_OK)
		return false;
	e = measurer_take(r->measurer, number, &m, &t);
	if (measurer_is_gone(r->measurer)) {
		r->failed = true;
		tell_no_bundle(r, w, e, &t);
		return false;
	}
	if (r->failed || e == ERR_CLOSED || (e != ERR_OK && interrupt_stop()))
		return false;
	/* What another workload's list found no room for may have been of this one's, too. */
	w->unkept = w->unkept || w->lost != state_segments_lost(r->state);
	if (!w->unkept && take_measurement(r, w, &m, e, &t))
		return reporter_append(r, w, offline, NULL);
	if (w->unkept)
		lose(r, w, m.time_ms);
	return false;
}

/* What could not be kept of a measurement, or its bundle: the next bundle says that it was. */
static void
lose(struct reporter *r, const struct reporter_workload *w, uint64_t time_ms)
{
	struct trouble t = TROUBLE_INIT;
	const enum err e = chain_note_dropped(w->chain, time_ms, &t);

	if (e == ERR_OK)
		return;
	r->failed = true;
	tell_no_bundle(r, w, e, &t);
}

/* Once, until all of it could be watched again: rounds measure it all the same. */
static void
tell_unwatched(struct reporter_workload *w, const struct measurement *m)
{
	struct logline j;

	if (m->unwatched > 0 && !w->was_unwatched) {
		logline_begin(&j, LOGGER_WARNING, "not-watched");
		logline_string(&j, "workload", w->config->name);
		logline_number(&j, "watched", m->watches);
		logline_number(&j, "unwatched", m->unwatched);
		logline_string(&j, "text",
		    "the kernel gives this user no more watches (sysctl "
		    "fs.inotify.max_user_instances, max_user_watches), or they are more than one "
		    "workload may have: a change of the rest is found at the interval");
		logline_end(&j);
	}
	w->was_unwatched = m->unwatched > 0;
}

/* What lacks is measured, too: as that. */
static bool
take_measurement(struct reporter *r, struct reporter_workload *w, struct measurement *m, enum err e,
    const struct trouble *t)
{
	const size_t number = (size_t)(w - r->workloads);
	struct trouble why = TROUBLE_INIT;

	w->took_ms = interrupt_clock_ms() - w->clock_ms;
	if (e != ERR_OK) {
		board_not_measured(r->board, number, e, t);
		tell_no_bundle(r, w, e, t);
	} else {
		board_measured(r->board, number, m, w->took_ms);
		tell_unwatched(w, m);
	}
	unmeasured_find(&w->lacks, w->config, e, m, &w->lack, m->time_ms);
	if (unmeasured_is_any(&w->lacks) && (e = store_lack(w, m, &why)) != ERR_OK) {
		if (!r->failed && !w->unkept)
			tell_no_bundle(r, w, e, &why);
		return false;
	}
	/* Both or none: what is repeated of a slow one must not be an older measurement. */
	w->lack = w->lacks;
	w->measurement = *m;
	return true;
}

static enum err
store_lack(struct reporter_workload *w, struct measurement *m, struct trouble *t)
{
	struct bundle_component *c = &m->component[COMPONENT_UNMEASURED];
	struct buf bytes = BUF_INIT;
	size_t count;
	enum err e = unmeasured_write(&w->lacks, &w->config->budgets, &bytes, &count);

	if (e == ERR_OK) {
		c->present = true;
		c->count = count;
		c->size = bytes.size;
		digest_of(bytes.data, bytes.size, &c->digest);
		e = store_component(w, COMPONENT_UNMEASURED, buf_view(&bytes), &c->digest, t);
	}
	buf_free(&bytes);
	return e;
}

bool
reporter_repeat_lack(struct reporter *r, struct reporter_workload *w, bool offline)
{
	w->measurement.time_ms = measure_clock_ms();
	w->session = 0;
	memset(&w->challenge, 0, sizeof(w->challenge));
	return reporter_append(r, w, offline, NULL);
}

bool
reporter_append(struct reporter *r, struct reporter_workload *w, bool offline,
    const struct reporter_farewell *farewell)
{
	struct buf bytes = BUF_INIT, signature = BUF_INIT;
	struct trouble t = TROUBLE_INIT;
	enum err e;

	e = make_bundle(r, w, offline, farewell, &bytes);
	/* One that waits would lose its signature when a fresh one is put before it. */
	if (e == ERR_OK && !offline)
		e = sign_bundle(r, w, buf_view(&bytes), &signature, &t);
	if (e == ERR_OK) {
		e = offline ? chain_append(w->chain, buf_view(&bytes), &t)
			    : chain_put_first(w->chain, buf_view(&bytes), buf_view(&signature), &t);
		r->failed = e != ERR_OK && e != ERR_NO_ROOM;
	}
	if (e == ERR_OK)
		actor_said(r->actor, w->config->name, BUNDLE_ACTIONS_MAX);
	if (e == ERR_NO_ROOM) {
		reporter_lack_room(r, w, &t);
		if (farewell == NULL)
			lose(r, w, w->measurement.time_ms);
	} else if (e != ERR_OK) {
		tell_no_bundle(r, w, e, &t);
	}
	buf_free(&bytes);
	buf_free(&signature);
	return e == ERR_OK;
}

static void
tell_no_bundle(
    struct reporter *r, const struct reporter_workload *w, enum err e, const struct trouble *t)
{
	struct logline j;

	if (interrupt_stop() && !r->failed)
		return;
	logline_begin(&j, LOGGER_ERROR, r->failed ? "state-failed" : "not-measured");
	logline_string(&j, "workload", w->config->name);
	trouble_log(&j, e, t);
	logline_end(&j);
}

static enum err
make_bundle(struct reporter *r, const struct reporter_workload *w, bool offline,
    const struct reporter_farewell *farewell, struct buf *to)
{
	const struct measurement *m = &w->measurement;
	struct buf extensions = BUF_INIT;
	struct bundle b;
	enum err e;

	memset(&b, 0, sizeof(b));
	b.workload = view_of_string(w->config->name);
	b.offline = offline;
	/* Of what is measured: the nonce from before it began. */
	if (!offline)
		memcpy(b.nonce,
		    farewell == NULL && w->session == r->sessions ? w->nonce
								  : client_nonce(r->client),
		    NONCE_SIZE);
	memcpy(b.boot_id, m->boot_id, BOOT_ID_SIZE);
	b.time_ms = m->time_ms;
	b.next_s = farewell == NULL ? r->next_s : 0;
	/* That long the next try may take. */
	if (b.next_s > 0 && unmeasured_is_slow(&w->lack))
		b.next_s += w->config->budgets.seconds;
	memcpy(b.component, m->component, sizeof(b.component));
	chain_next(w->chain, &b);
	/* What was measured before it came is no answer to a challenge. */
	if (!offline && farewell == NULL)
		b.extensions.challenge = (struct view){w->challenge.nonce, w->challenge.size};
	if (farewell != NULL) {
		b.extensions.leaving = farewell->leaving;
		b.extensions.moved_to = farewell->moved_to;
	}
	if (m->content.known > 0)
		b.extensions.cached =
		    (struct bundle_cached){m->content.known, m->content.files, m->content.oldest_s};
	b.extensions.has_configuration = true;
	b.extensions.configuration = r->config->source;
	b.extensions.has_program = r->has_program;
	b.extensions.program = r->program;
	b.extensions.action_count = actor_actions(r->actor, w->config->name, b.extensions.action);
	b.extensions.has_workload_key = reporter_key_of(w, &b.extensions.workload_key);
	bundle_extensions_write(&b.extensions, &extensions);
	b.extensions.bytes = buf_view(&extensions);
	if ((e = buf_status(&extensions)) == ERR_OK) {
		bundle_encode(&b, to);
		e = buf_status(to);
	}
	buf_free(&extensions);
	return e;
}

/* Where the last signature is old enough; else nothing is appended. */
static enum err
sign_bundle(struct reporter *r, const struct reporter_workload *w, struct view bundle,
    struct buf *to, struct trouble *t)
{
	const uint64_t every_s = r->config->sign_every_s;
	enum err e;

	if (every_s == 0 || w->measurement.time_ms / 1000 < chain_last_signed_s(w->chain) + every_s)
		return ERR_OK;
	if ((e = vouch_sign(channel_context_key(r->tls), bundle, to)) != ERR_OK)
		return trouble_set(t, e, "the bundle cannot be signed: %s", err_text(e));
	return ERR_OK;
}

static enum err
store_component(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t)
{
	struct reporter_workload *w = context;

	(void)kind;
	w->reporter->stored = true;
	w->reporter->component_bytes += bytes.size;
	return stored(w, state_put_component(w->reporter->state, digest, bytes, t), t);
}

static enum err
store_segment(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t)
{
	struct reporter_workload *w = context;

	(void)kind;
	w->reporter->component_bytes += bytes.size;
	return stored(w, state_put_segment(w->reporter->state, digest, bytes, t), t);
}

/* Told here: by whatever workload is waited for next, the program stops over it. */
static enum err
stored(struct reporter_workload *w, enum err e, const struct trouble *t)
{
	struct reporter *r = w->reporter;

	if (e == ERR_NO_ROOM) {
		w->unkept = true;
		reporter_lack_room(r, w, t);
	} else if (e != ERR_OK && !r->failed) {
		r->failed = true;
		tell_no_bundle(r, w, e, t);
	}
	return e;
}

static void
take_missing(void *context, enum component_kind kind, enum err e, const struct trouble *t)
{
	struct reporter_workload *w = context;
	struct logline j;

	w->lacks.missing[kind] = e;
	logline_begin(&j, LOGGER_ERROR, "component-missing");
	logline_string(&j, "workload", w->config->name);
	logline_string(&j, "component", component_kind_name(kind));
	trouble_log(&j, e, t);
	logline_end(&j);
}
