#include "collector/report/reporter_state.h"

#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "journal/logger.h"

/* So many in so many go at once: what each of them costs to write anew is told once in that. */
#define SPOOL_PART 8

static bool has_too_many_bytes(const struct reporter *r);
static size_t count_lacking(const struct reporter *r);
static void tell_full(struct reporter_workload *w);
static void tell_unusable(const struct reporter_workload *w, enum err e, const struct trouble *t);
static void tell_lost(const struct reporter *r, enum err e, const struct trouble *t);

enum err
reporter_select_log(struct reporter *r, struct view origin, struct trouble *t)
{
	enum err e;
	int dir;

	if (r->log.size > 0 && view_equal(buf_view(&r->log), origin))
		return ERR_OK;
	if ((e = state_open_log(r->state, origin, &dir, t)) != ERR_OK)
		return e;
	if ((e = state_set_last_log(r->state, origin, t)) != ERR_OK) {
		(void)close(dir);
		return e;
	}
	reporter_close_chains(r);
	if (r->log_dir >= 0)
		(void)close(r->log_dir);
	r->log_dir = dir;
	buf_clear(&r->log);
	buf_append_view(&r->log, origin);
	if ((e = buf_status(&r->log)) != ERR_OK)
		return e;
	for (size_t i = 0; i < r->config->workload_count; i++)
		if ((e = reporter_open_chain(r, &r->workloads[i])) != ERR_OK && r->failed)
			return trouble_set(t, e,
			    "the chain of workload %s cannot be opened (see above)",
			    r->workloads[i].config->name);
	return ERR_OK;
}

enum err
reporter_open_chain(struct reporter *r, struct reporter_workload *w)
{
	struct trouble t = TROUBLE_INIT;
	enum err e;

	if (w->chain != NULL)
		return ERR_OK;
	if ((e = chain_open(r->log_dir, w->config->name, &w->chain, &t)) == ERR_OK)
		return ERR_OK;
	r->failed = e != ERR_FORMAT && e != ERR_NO_ROOM;
	if (e == ERR_NO_ROOM)
		reporter_lack_room(r, w, &t);
	else
		tell_unusable(w, e, &t);
	return e;
}

void
reporter_close_chains(struct reporter *r)
{
	for (size_t i = 0; r->workloads != NULL && i < r->config->workload_count; i++)
		chain_close(&r->workloads[i].chain);
}

bool
reporter_make_room(struct reporter *r, struct reporter_workload *w)
{
	const struct collector_config *config = r->config;
	const size_t waiting = chain_waiting(w->chain), part = waiting / SPOOL_PART + 1;
	const uint64_t age_ms = (uint64_t)config->spool_age_max_s * 1000;
	const uint64_t now_ms = measure_clock_ms(), oldest_ms = chain_oldest_ms(w->chain);
	const bool is_old = oldest_ms < now_ms && now_ms - oldest_ms > age_ms;
	const bool is_full = waiting >= config->spool_bundles_max || has_too_many_bytes(r);
	const uint64_t before_ms = is_old ? now_ms - age_ms + age_ms / SPOOL_PART : 0;
	struct trouble t = TROUBLE_INIT;
	enum err e = ERR_NOT_FOUND;

	if (is_full || is_old)
		e = chain_drop_oldest(w->chain, is_full ? part : 0, before_ms, &t);
	if (e == ERR_OK)
		tell_full(w);
	else if (e == ERR_NOT_FOUND)
		w->spool_was_full = false;
	r->stored = r->stored || e == ERR_OK;
	if (e == ERR_NO_ROOM)
		reporter_lack_room(r, w, &t);
	if (e == ERR_OK || e == ERR_NOT_FOUND || e == ERR_NO_ROOM)
		return true;
	r->failed = true;
	tell_unusable(w, e, &t);
	return false;
}

void
reporter_lack_room(struct reporter *r, struct reporter_workload *w, const struct trouble *t)
{
	const bool was_told = count_lacking(r) > 0;
	struct logline j;

	w->lacks_room = true;
	if (was_told)
		return;
	logline_begin(&j, LOGGER_ERROR, "no-room");
	logline_string(&j, "workload", w->config->name);
	trouble_log(&j, ERR_NO_ROOM, t);
	logline_end(&j);
}

void
reporter_have_room(struct reporter *r, struct reporter_workload *w)
{
	struct logline j;

	if (!w->lacks_room)
		return;
	w->lacks_room = false;
	if (count_lacking(r) > 0)
		return;
	logline_begin(&j, LOGGER_NOTICE, "room-again");
	logline_string(&j, "workload", w->config->name);
	logline_end(&j);
}

static size_t
count_lacking(const struct reporter *r)
{
	size_t count = 0;

	for (size_t i = 0; i < r->config->workload_count; i++)
		count += r->workloads[i].lacks_room;
	return count;
}

/* Of all workloads; what is measured of one at a time is let off. */
static bool
has_too_many_bytes(const struct reporter *r)
{
	uint64_t bytes = r->component_bytes;

	for (size_t i = 0; i < r->config->workload_count; i++)
		if (r->workloads[i].chain != NULL)
			bytes += chain_bytes(r->workloads[i].chain);
	return bytes > (uint64_t)r->config->spool_mebibytes_max << 20;
}

static void
tell_full(struct reporter_workload *w)
{
	struct logline j;

	if (w->spool_was_full)
		return;
	w->spool_was_full = true;
	logline_begin(&j, LOGGER_ERROR, "spool-full");
	logline_string(&j, "workload", w->config->name);
	logline_number(&j, "waiting", chain_waiting(w->chain));
	logline_number(&j, "dropped", chain_dropped(w->chain));
	logline_end(&j);
}

static void
tell_unusable(const struct reporter_workload *w, enum err e, const struct trouble *t)
{
	struct logline j;

	logline_begin(&j, LOGGER_ERROR, "chain-unusable");
	logline_string(&j, "workload", w->config->name);
	trouble_log(&j, e, t);
	logline_end(&j);
}

void
reporter_disconnect(struct reporter *r, enum err e, const struct trouble *t)
{
	if (t != NULL && !interrupt_stop())
		tell_lost(r, e, t);
	if (ranking_lose(&r->ranking, interrupt_clock_ms()))
		reporter_tell_passed(r, e);
	board_disconnected(r->board, e, t);
	client_close(&r->client);
	reporter_drop_challenges(&r->challenges);
}

void
reporter_tell_passed(const struct reporter *r, enum err e)
{
	struct logline j;

	logline_begin(&j, LOGGER_WARNING, "signer-passed");
	logline_string(&j, "signer", r->config->signers[r->ranking.now].host);
	logline_string(&j, "error", err_name(e));
	logline_string(&j, "text", "others are tried before it for some minutes");
	logline_end(&j);
}

static void
tell_lost(const struct reporter *r, enum err e, const struct trouble *t)
{
	const char *signer = r->config->signers[client_signer(r->client)].host;
	const struct ration_about about = {
	    RATION_FAULTS, "connection-lost", err_name(e), "signer", view_of_string(signer)};
	struct logline j;

	/* What was in flight is sent again. */
	logline_begin_rationed(&j, e == ERR_CLOSED ? LOGGER_INFO : LOGGER_WARNING, &about);
	logline_string(&j, "signer", signer);
	trouble_log(&j, e, t);
	logline_end(&j);
}
