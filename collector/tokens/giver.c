#include "collector/tokens/giver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "collector/processes/apart.h"
#include "collector/tokens/giver_channel.h"
#include "collector/tokens/giving.h"
#include "journal/logger.h"

/* All tokens of a receipt are one message: as much as that has to be taken at once. */
#define ROOM (2 * (int)GIVER_ORDER_MAX)

struct giver {
	int control; /* -1: it is gone */
};

static bool is_wanted(const struct collector_config *config);
static enum err start(
    const char *path, struct collector_config *config, int *control, struct trouble *t);
static void order(struct giver *g, struct iovec *parts, size_t count);

enum err
giver_begin(
    const char *path, struct collector_config *config, struct giver **out, struct trouble *t)
{
	struct giver *g;
	enum err e;

	*out = NULL;
	if (!is_wanted(config))
		return ERR_OK;
	if ((g = calloc(1, sizeof(*g))) == NULL)
		return ERR_MEMORY;
	if ((e = start(path, config, &g->control, t)) == ERR_OK)
		*out = g;
	else
		free(g);
	return e;
}

void
giver_free(struct giver **g)
{
	if (*g == NULL)
		return;
	if ((*g)->control >= 0)
		(void)close((*g)->control);
	free(*g);
	*g = NULL;
}

void
giver_put(struct giver *g, const char *workload, const struct view *jws, size_t count)
{
	struct giver_order o = {.what = GIVER_PUT, .count = (uint32_t)count};
	struct iovec parts[1 + MESSAGE_TOKENS_MAX] = {{&o, sizeof(o)}};

	if (g == NULL || strlen(workload) > BUNDLE_WORKLOAD_MAX)
		return;
	memcpy(o.workload, workload, strlen(workload) + 1);
	for (size_t i = 0; i < count; i++) {
		o.size[i] = (uint32_t)jws[i].size;
		parts[1 + i] = (struct iovec){(void *)(uintptr_t)jws[i].data, jws[i].size};
	}
	order(g, parts, 1 + count);
}

void
giver_reload(struct giver *g)
{
	struct giver_order o = {.what = GIVER_RELOAD};
	struct iovec part = {&o, sizeof(o)};

	if (g != NULL)
		order(g, &part, 1);
}

void
giver_take_news(struct giver *g, struct board *board)
{
	struct giver_news news;
	struct logline line;

	while (g != NULL && g->control >= 0 &&
	       recv(g->control, &news, sizeof(news), MSG_DONTWAIT) == (ssize_t)sizeof(news)) {
		const enum err code = err_from_number((uint16_t)news.code);
		const struct ration_about about = {
		    RATION_FAULTS, "token-file", err_name(code), NULL, {NULL, 0}};

		board_tokens(
		    board, &(struct board_tokens){.files = news.counts.files,
			       .file_failures = news.counts.file_failures,
			       .given = news.counts.given,
			       .refused = {news.counts.strangers, news.counts.gone,
				   news.counts.malformed, news.counts.without, news.counts.busy}});
		if (code == ERR_OK)
			continue;
		news.why.text[sizeof(news.why.text) - 1] = '\0';
		logline_begin_rationed(&line, LOGGER_ERROR, &about);
		trouble_log(&line, code, &news.why);
		logline_end(&line);
	}
}

static bool
is_wanted(const struct collector_config *config)
{
	for (size_t i = 0; i < config->workload_count; i++)
		if (config->workloads[i].token != NULL)
			return true;
	return false;
}

static enum err
start(const char *path, struct collector_config *config, int *control, struct trouble *t)
{
	const struct timeval patience = {.tv_sec = GIVER_PATIENCE_S};
	const int room = ROOM;
	bool is_child;
	enum err e = apart_fork(
	    "the process that gives tokens", "hallmark-tokens", -1, control, &is_child, t);

	if (e == ERR_OK && is_child) {
		apart_detach();
		giving_run(path, config, *control);
	}
	if (e == ERR_OK) {
		(void)setsockopt(*control, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
		(void)setsockopt(*control, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	}
	return e;
}

/* It ends, and its files go, where it hears nothing more. */
static void
order(struct giver *g, struct iovec *parts, size_t count)
{
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	struct logline line;
	ssize_t sent = -1;

	if (g->control < 0)
		return;
	do
		sent = sendmsg(g->control, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return;
	logline_begin_alarm(&line, LOGGER_ERROR, "tokens-gone");
	logline_errno(&line, errno);
	logline_string(&line, "text",
	    "the process that gives tokens is gone or hangs: no workload gets any before this "
	    "program is started again");
	logline_end(&line);
	(void)close(g->control);
	g->control = -1;
}
