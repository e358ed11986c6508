/*
 * Which of the configured signers is spoken to, and with it which log: the rules are in
 * collector/report/reporter.h.
 */
#include <string.h>

#include "collector/ground/interrupt.h"
#include "collector/report/channel_context.h"
#include "collector/report/reporter.h"
#include "collector/report/reporter_leave.h"
#include "journal/logger.h"

static enum err open_in_time(struct reporter *r, size_t signer, struct client **out);
static enum err open_signer(struct reporter *r, size_t signer, struct client **out);
static bool is_news(struct reporter *r);
static enum err take_client(struct reporter *r, struct client *client);
static bool begins_alike(const struct reporter *r, const struct collector_config *next);
static void find_log(struct reporter *r, const struct collector_config *next, struct buf *origin);

enum err
reporter_connect(struct reporter *r, bool *failed)
{
	const uint64_t now_ms = interrupt_clock_ms(); /* so that each has its place */
	struct client *fresh;
	enum err e = ERR_CLOSED;

	*failed = false;
	r->moved = false;
	for (size_t i = 0; i < r->config->signer_count && r->client == NULL; i++) {
		if (interrupt_stop())
			return ERR_CLOSED;
		if ((e = open_in_time(r, ranking_at(&r->ranking, i, now_ms), &fresh)) != ERR_OK)
			continue;
		if ((e = take_client(r, fresh)) != ERR_OK) {
			*failed = r->failed;
			return e;
		}
	}
	return e;
}

enum err
reporter_go_back(struct reporter *r)
{
	struct client *first;
	enum err e;

	if (r->client == NULL || !ranking_goes_back(&r->ranking, interrupt_clock_ms()))
		return ERR_OK;
	if (open_in_time(r, 0, &first) != ERR_OK) /* told */
		return ERR_OK;
	e = reporter_leave_before(r, r->config, client_log(first));
	if (r->client != NULL)
		reporter_disconnect(r, ERR_CLOSED, NULL);
	if (e == ERR_OK)
		e = take_client(r, first);
	else
		client_close(&first);
	return r->failed ? e : ERR_OK;
}

enum err
reporter_give_way(struct reporter *r, const struct collector_config *next)
{
	struct buf origin = BUF_INIT;
	bool failed = false;
	enum err e = ERR_OK;

	if (!begins_alike(r, next))
		find_log(r, next, &origin);
	if (reporter_has_last_words(r, next, buf_view(&origin))) {
		if (r->client == NULL && reporter_connect(r, &failed) != ERR_OK && failed)
			e = ERR_IO;
		else
			e = reporter_leave_before(r, next, buf_view(&origin));
	}
	buf_free(&origin);
	return e;
}

/* Where there is another one, nobody waits for it any longer. */
static enum err
open_in_time(struct reporter *r, size_t signer, struct client **out)
{
	enum err e;

	if (r->config->signer_count > 1)
		interrupt_limit((uint64_t)r->config->failover_s * 1000);
	e = open_signer(r, signer, out);
	interrupt_limit(0);
	return e;
}

/* What comes of it is told, but for success. */
static enum err
open_signer(struct reporter *r, size_t signer, struct client **out)
{
	const struct client_events events = {reporter_take_challenge, &r->challenges};
	struct trouble t = TROUBLE_INIT;
	struct ration_about about = {RATION_FAULTS, "no-connection", NULL, "signer",
	    view_of_string(r->config->signers[signer].host)};
	struct logline j;
	enum err e;

	e = client_open(r->tls, signer, &events, out, &t);
	if (e == ERR_OK && (e = state_make_room(r->state, client_log(*out), &t)) != ERR_OK)
		client_close(out);
	if (e != ERR_OK) {
		if (r->client == NULL)
			board_disconnected(r->board, e, &t);
		about.code = err_name(e);
		logline_begin_rationed(&j, is_news(r) ? LOGGER_WARNING : LOGGER_INFO, &about);
		logline_string(&j, "signer", r->config->signers[signer].host);
		trouble_log(&j, e, &t);
		logline_end(&j);
	}
	return e;
}

/* That no signer answers: a restart takes a moment. */
static bool
is_news(struct reporter *r)
{
	const uint64_t now_ms = interrupt_clock_ms();

	if (r->client != NULL || !r->was_there)
		return true;
	if (r->away_ms == 0)
		r->away_ms = now_ms;
	return now_ms - r->away_ms >= REPORTER_AWAY_MS;
}

/* The session is with this one from now on, and reports go to its log. */
static enum err
take_client(struct reporter *r, struct client *client)
{
	struct trouble t = TROUBLE_INIT;
	struct logline j;
	enum err e;

	r->client = client;
	r->sessions++;
	r->moved =
	    ranking_meet(&r->ranking, client_signer(client), interrupt_clock_ms()) && r->was_there;
	r->was_there = true;
	r->away_ms = 0;
	logline_begin(&j, LOGGER_INFO, "connected");
	logline_string(&j, "signer", r->config->signers[r->ranking.now].host);
	logline_view(&j, "log", client_log(client));
	logline_string(&j, "resumed", client_was_resumed(client) ? "yes" : "no");
	logline_end(&j);
	board_connected(r->board, r->ranking.now, client_log(client));
	if ((e = reporter_select_log(r, client_log(client), &t)) != ERR_OK) {
		r->failed = r->failed || e != ERR_NO_ROOM;
		reporter_disconnect(r, e, &t);
	}
	return e;
}

/* The signer that is spoken to is the one that the other configuration tries first. */
static bool
begins_alike(const struct reporter *r, const struct collector_config *next)
{
	const struct collector_signer *now = &r->config->signers[r->ranking.now];

	return strcmp(now->host, next->signers[0].host) == 0 &&
	       strcmp(now->port, next->signers[0].port) == 0;
}

/* Appends the log of the first of its signers that answers; nothing if none does. */
static void
find_log(struct reporter *r, const struct collector_config *next, struct buf *origin)
{
	const struct client_events events = {reporter_take_challenge, &r->challenges};
	struct channel_context *tls;
	struct trouble t = TROUBLE_INIT;
	struct client *c = NULL;

	if (channel_context_new(next, &tls, &t) != ERR_OK)
		return;
	for (size_t i = 0; i < next->signer_count && c == NULL && !interrupt_stop(); i++)
		if (client_open(tls, i, &events, &c, &t) == ERR_OK)
			buf_append_view(origin, client_log(c));
	client_close(&c);
	channel_context_free(&tls);
}
