#include "collector/act/actor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "collector/act/acting.h"
#include "collector/act/actor_channel.h"
#include "collector/processes/apart.h"
#include "journal/logger.h"
#include "proto/text.h"

/* Who acts has so long to say what was done: less than the other one waits for it. */
#define NEWS_PATIENCE_S 2

/* What was done for a workload, and stands in no bundle yet. */
struct waiting {
	char workload[BUNDLE_WORKLOAD_MAX + 1];
	char hook[BUNDLE_ACTION_NAME_MAX + 1];
	enum bundle_verdict verdict;
	uint64_t result;
	bool is_act;
	struct digest granted;
};

/* The hook failed the last time, which was told. */
struct failing {
	char workload[BUNDLE_WORKLOAD_MAX + 1];
	char hook[BUNDLE_ACTION_NAME_MAX + 1];
};

#define EVENT_ROW(identifier, event, level) [identifier] = {event, LOGGER_##level},

struct actor {
	int control; /* -1: it is gone */
	struct waiting *waiting;
	size_t waiting_count;
	struct failing *failing;
	size_t failing_count;
};

static bool is_wanted(const struct collector_config *config);
static enum err start(
    const char *path, struct collector_config *config, int *control, struct trouble *t);
static void order(struct actor *a, const struct actor_order *o);
static void tell_board(struct board *board, const struct actor_counts *c);
static void take_news(struct actor *a, const struct actor_news *news);
static void tell_trouble(const struct actor_news *news);
static void tell_act(const struct actor_news *news);
static void tell_done(struct actor *a, const struct actor_news *news);
static bool note_failing(struct actor *a, const struct actor_news *news);
static void keep(struct actor *a, const struct actor_news *news);
static size_t count_waiting(const struct actor *a, const char *workload);
static void drop_first(struct actor *a, const char *workload);

enum err
actor_begin(
    const char *path, struct collector_config *config, struct actor **out, struct trouble *t)
{
	struct actor *a;
	enum err e;

	*out = NULL;
	if (!is_wanted(config))
		return ERR_OK;
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return ERR_MEMORY;
	if ((e = start(path, config, &a->control, t)) == ERR_OK)
		*out = a;
	else
		free(a);
	return e;
}

void
actor_free(struct actor **a)
{
	if (*a == NULL)
		return;
	if ((*a)->control >= 0)
		(void)close((*a)->control);
	free((*a)->waiting);
	free((*a)->failing);
	free(*a);
	*a = NULL;
}

void
actor_tell(struct actor *a, const char *workload, const char *file)
{
	struct actor_order o = {.what = ACTOR_RECEIPT};

	if (a == NULL || strlen(workload) >= sizeof(o.workload) || strlen(file) >= sizeof(o.file))
		return;
	memcpy(o.workload, workload, strlen(workload) + 1);
	memcpy(o.file, file, strlen(file) + 1);
	order(a, &o);
}

void
actor_reload(struct actor *a)
{
	const struct actor_order o = {.what = ACTOR_RELOAD};

	if (a != NULL)
		order(a, &o);
}

void
actor_take_news(struct actor *a, struct board *board)
{
	struct actor_news news;

	while (a != NULL && a->control >= 0 &&
	       recv(a->control, &news, sizeof(news), MSG_DONTWAIT) == (ssize_t)sizeof(news)) {
		news.why.text[sizeof(news.why.text) - 1] = '\0';
		news.workload[sizeof(news.workload) - 1] = '\0';
		news.name[sizeof(news.name) - 1] = '\0';
		tell_board(board, &news.counts);
		if (news.event < ACTOR_EVENT_COUNT && news.verdict < BUNDLE_VERDICT_COUNT &&
		    news.output_size <= sizeof(news.output))
			take_news(a, &news);
	}
}

static void
take_news(struct actor *a, const struct actor_news *news)
{
	const bool named = bundle_action_name_is_good(view_of_string(news->name));

	switch ((enum actor_event)news->event) {
	case ACTOR_COUNTS:
	case ACTOR_EVENT_COUNT:
		break;
	case ACTOR_TROUBLE:
		tell_trouble(news);
		break;
	case ACTOR_RAN:
		if (named) {
			tell_done(a, news);
			keep(a, news);
		}
		break;
	default:
		tell_act(news);
		if (named && (news->event == ACTOR_ACTED || news->event == ACTOR_SUSPENDED))
			keep(a, news);
	}
}

size_t
actor_actions(const struct actor *a, const char *workload, struct bundle_action *out)
{
	size_t count = 0;

	for (size_t i = 0; a != NULL && i < a->waiting_count && count < BUNDLE_ACTIONS_MAX; i++) {
		const struct waiting *one = &a->waiting[i];

		if (strcmp(one->workload, workload) == 0)
			out[count++] = (struct bundle_action){view_of_string(one->hook),
			    one->verdict, one->result, one->is_act, one->granted};
	}
	return count;
}

void
actor_said(struct actor *a, const char *workload, size_t count)
{
	for (size_t i = 0; a != NULL && i < count; i++)
		drop_first(a, workload);
}

static bool
is_wanted(const struct collector_config *config)
{
	for (size_t i = 0; i < config->workload_count; i++)
		if (config->workloads[i].hook_count + config->workloads[i].act_count > 0)
			return true;
	return config->acts != NULL; /* a reload may bring some */
}

static enum err
start(const char *path, struct collector_config *config, int *control, struct trouble *t)
{
	const struct timeval patience = {.tv_sec = ACTOR_PATIENCE_S};
	const struct timeval news = {.tv_sec = NEWS_PATIENCE_S};
	bool is_child;
	enum err e = apart_fork("the process that acts", "hallmark-act", -1, control, &is_child, t);

	if (e == ERR_OK && is_child) {
		(void)setsockopt(*control, SOL_SOCKET, SO_SNDTIMEO, &news, sizeof(news));
		apart_detach();
		acting_run(path, config, *control);
	}
	if (e == ERR_OK)
		(void)setsockopt(*control, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return e;
}

static void
order(struct actor *a, const struct actor_order *o)
{
	struct logline line;
	ssize_t sent = -1;

	if (a->control < 0)
		return;
	do
		sent = send(a->control, o, sizeof(*o), MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return;
	logline_begin_alarm(&line, LOGGER_ERROR, "hooks-gone");
	logline_errno(&line, errno);
	logline_string(&line, "text",
	    "the process that acts is gone or hangs: no hook is run, and nothing is done or "
	    "undone, "
	    "before this program is started again");
	logline_end(&line);
	(void)close(a->control);
	a->control = -1;
}

static void
tell_board(struct board *board, const struct actor_counts *c)
{
	board_hooks(board, &(struct board_hooks){.runs = c->runs,
			       .failed = c->failed,
			       .overdue = c->overdue,
			       .not_started = c->not_started,
			       .lost = c->lost,
			       .left = c->left,
			       .refused_receipts = c->refused_receipts});
	board_acts(board, &(struct board_acts){.waiting = c->acts_waiting,
			      .held = c->acts_held,
			      .suspended = c->acts_suspended,
			      .off = c->acts_off != 0,
			      .done = c->acts_done,
			      .undone = c->acts_undone,
			      .failed = c->acts_failed,
			      .refused_grants = c->refused_grants});
}

static void
tell_trouble(const struct actor_news *news)
{
	const enum err code = err_from_number((uint16_t)news->code);
	const struct ration_about about = {RATION_FAULTS, "hooks", err_name(code), NULL, {NULL, 0}};
	struct logline line;

	if (code == ERR_OK)
		return;
	logline_begin_rationed(&line, LOGGER_ERROR, &about);
	trouble_log(&line, code, &news->why);
	logline_end(&line);
}

/*
 * Each is of one statement or of one fall, so none is left out; but for those that whoever can
 * write to the directory of grants can make as many of as he likes.
 */
static void
tell_act(const struct actor_news *news)
{
	static const struct {
		const char *name;
		enum logger_level level;
	} events[ACTOR_EVENT_COUNT] = {ACTOR_EVENT_MAP(EVENT_ROW)};
	const enum err code = err_from_number((uint16_t)news->code);
	const char *event = events[news->event].name;
	const struct ration_about about = {RATION_FAULTS, event, err_name(code), NULL, {NULL, 0}};
	struct logline line;

	if (news->event == ACTOR_REFUSED)
		logline_begin_rationed(&line, LOGGER_WARNING, &about);
	else
		logline_begin(
		    &line, code != ERR_OK ? LOGGER_ERROR : events[news->event].level, event);
	if (news->workload[0] != '\0')
		logline_string(&line, "workload", news->workload);
	if (news->event == ACTOR_REFUSED)
		logline_string(&line, "file", news->name);
	else if (news->name[0] != '\0')
		logline_string(&line, "act", news->name);
	if (news->workload[0] != '\0')
		logline_string(
		    &line, "verdict", bundle_verdict_word((enum bundle_verdict)news->verdict));
	if (!digest_is_zero(&news->report))
		logline_digest(&line, "report", &news->report);
	if (!digest_is_zero(&news->granted))
		logline_digest(&line, "statement", &news->granted);
	if (code != ERR_OK)
		trouble_log(&line, code, &news->why);
	else if (news->event == ACTOR_WAITS)
		logline_string(&line, "text",
		    "nothing is done: no statement act-grant by a key of this host's "
		    "configuration lets it");
	else if (news->event == ACTOR_LIMITED)
		logline_string(&line, "text",
		    "nothing is done, though it is granted: as much as acts.limit allows was done "
		    "within acts.interval_s");
	else if (news->why.text[0] != '\0')
		logline_string(&line, "text", news->why.text);
	logline_end(&line);
}

/* A hook that fails is told once, until it does not. */
static void
tell_done(struct actor *a, const struct actor_news *news)
{
	const struct ration_about about = {
	    RATION_FAULTS, "hook", NULL, "workload", view_of_string(news->workload)};
	const bool again = note_failing(a, news);
	struct logline line;

	if (news->result != 0 && again)
		return;
	logline_begin_rationed(&line, news->result == 0 ? LOGGER_INFO : LOGGER_WARNING, &about);
	logline_string(&line, "workload", news->workload);
	logline_string(&line, "hook", news->name);
	logline_string(&line, "verdict", bundle_verdict_word((enum bundle_verdict)news->verdict));
	if (news->result < BUNDLE_ACTION_SIGNALLED)
		logline_number(&line, "exit", news->result);
	else if (news->result < BUNDLE_ACTION_OVERDUE)
		logline_number(&line, "signal", news->result - BUNDLE_ACTION_SIGNALLED);
	else
		logline_string(&line, "ended",
		    news->result == BUNDLE_ACTION_OVERDUE   ? "overdue"
		    : news->result == BUNDLE_ACTION_REFUSED ? "not-started"
							    : "lost");
	if (news->left > 0)
		logline_number(&line, "processes_left", news->left);
	if (news->output_size > 0)
		logline_view(&line, "output", (struct view){news->output, news->output_size});
	if (news->why.text[0] != '\0')
		logline_string(&line, "text", news->why.text);
	logline_end(&line);
}

/* Whether it failed the last time; remembers whether it did now. */
static bool
note_failing(struct actor *a, const struct actor_news *news)
{
	struct failing *grown;
	size_t at = 0;

	while (at < a->failing_count && (strcmp(a->failing[at].workload, news->workload) != 0 ||
					    strcmp(a->failing[at].hook, news->name) != 0))
		at++;
	if (at < a->failing_count) {
		if (news->result == 0)
			a->failing[at] = a->failing[--a->failing_count];
		return true;
	}
	grown = news->result != 0 ? reallocarray(a->failing, a->failing_count + 1, sizeof(*grown))
				  : NULL;
	if (grown != NULL) {
		a->failing = grown;
		memcpy(grown[at].workload, news->workload, sizeof(grown[at].workload));
		memcpy(grown[at].hook, news->name, sizeof(grown[at].hook));
		a->failing_count++;
	}
	return false;
}

static void
keep(struct actor *a, const struct actor_news *news)
{
	struct waiting *grown, *one;

	if (count_waiting(a, news->workload) >= ACTOR_WAITING_MAX)
		drop_first(a, news->workload);
	if ((grown = reallocarray(a->waiting, a->waiting_count + 1, sizeof(*grown))) == NULL)
		return;
	a->waiting = grown;
	one = &grown[a->waiting_count++];
	memcpy(one->workload, news->workload, sizeof(one->workload));
	memcpy(one->hook, news->name, sizeof(one->hook));
	one->is_act = news->event != ACTOR_RAN;
	one->granted = news->granted;
	one->verdict = (enum bundle_verdict)news->verdict;
	one->result = news->result;
}

static size_t
count_waiting(const struct actor *a, const char *workload)
{
	size_t count = 0;

	for (size_t i = 0; i < a->waiting_count; i++)
		count += strcmp(a->waiting[i].workload, workload) == 0;
	return count;
}

static void
drop_first(struct actor *a, const char *workload)
{
	for (size_t i = 0; i < a->waiting_count; i++) {
		if (strcmp(a->waiting[i].workload, workload) != 0)
			continue;
		memmove(&a->waiting[i], &a->waiting[i + 1],
		    (a->waiting_count - i - 1) * sizeof(*a->waiting));
		a->waiting_count--;
		return;
	}
}
