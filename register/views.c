#include "register/views.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/logger.h"
#include "register/alert/alerting.h"
#include "register/answer/answer.h"
#include "register/follow/state_file.h"
#include "register/view/view_writer.h"

struct views {
	size_t count;
	struct view_writer **writers; /* each in the thread of its log */
	struct answer_log *logs;
	char **paths;
	struct alerting *alerts;
	struct answerer *answerer;
};

static enum err open_log(
    struct views *v, const struct register_config *config, size_t number, int state);
static enum err start_alerts(struct views *v, const struct register_config *config);
static uint64_t kept(void *context, unsigned log);
static void keep(void *context, unsigned log);
static void forget(void *context, unsigned log);
static void take_entry(void *context, const struct followed_entry *e);
static void take_state(void *context, const struct followed_state *s);
static void take_alarm(void *context, const struct followed_alarm *a);
static void take_acknowledged(void *context, unsigned log);
static void answer_request(void *context, const struct request *r, struct response *out);
static bool may_see(void *context, struct view log, struct view workload);

enum err
views_open(const struct register_config *config, struct views **out)
{
	struct views *v = calloc(1, sizeof(*v));
	int state = -1;
	enum err e = ERR_OK;

	*out = NULL;
	if (v == NULL)
		return ERR_MEMORY;
	v->count = config->log_count;
	v->writers = calloc(v->count, sizeof(struct view_writer *));
	v->logs = calloc(v->count, sizeof(*v->logs));
	v->paths = calloc(v->count, sizeof(char *));
	if (v->writers == NULL || v->logs == NULL || v->paths == NULL)
		e = ERR_MEMORY;
	else
		e = state_directory_open(AT_FDCWD, config->state_directory, &state);
	for (size_t i = 0; e == ERR_OK && i < v->count; i++)
		e = open_log(v, config, i, state);
	if (e == ERR_OK)
		e = start_alerts(v, config);
	if (e == ERR_OK)
		e = answerer_new(v->logs, v->count, &v->answerer);
	if (state >= 0)
		close(state);
	if (e == ERR_OK)
		*out = v;
	else
		views_free(&v);
	return e;
}

static enum err
open_log(struct views *v, const struct register_config *config, size_t number, int state)
{
	const struct register_log *log = &config->logs[number];
	struct buf path = BUF_INIT;
	int directory;

	if (state_directory_open(state, log->name, &directory) != ERR_OK) {
		logger_say(LOGGER_ERROR, "state-unusable", "%s/%s: %s", config->state_directory,
		    log->name, strerror(errno));
		return ERR_IO;
	}
	close(directory);
	buf_append_format(&path, "%s/%s/view.db", config->state_directory, log->name);
	v->paths[number] = view_to_string(buf_view(&path));
	buf_free(&path);
	if (v->paths[number] == NULL)
		return ERR_MEMORY;
	v->logs[number] = (struct answer_log){
	    .name = log->name, .view = v->paths[number], .directory = log->directory};
	return view_writer_open(v->paths[number], log->evidence, &v->writers[number]);
}

static enum err
start_alerts(struct views *v, const struct register_config *config)
{
	struct alerting_log *logs = calloc(v->count, sizeof(*logs));
	enum err e;

	if (logs == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < v->count; i++)
		logs[i] = (struct alerting_log){
		    v->logs[i].name, v->logs[i].view, config->logs[i].evidence};
	e = alerting_start(logs, v->count, &v->alerts);
	for (size_t i = 0; i < v->count; i++)
		v->logs[i].alerts = v->alerts;
	free(logs);
	return e;
}

void
views_free(struct views **vp)
{
	struct views *v = *vp;

	if (v == NULL)
		return;
	alerting_stop(&v->alerts);
	for (size_t i = 0; i < v->count; i++) {
		if (v->writers != NULL)
			view_writer_close(&v->writers[i]);
		if (v->paths != NULL)
			free(v->paths[i]);
	}
	answerer_free(&v->answerer);
	free((void *)v->writers);
	free(v->logs);
	free((void *)v->paths);
	free(v);
	*vp = NULL;
}

struct followed_listener
views_listener(struct views *v)
{
	return (struct followed_listener){.context = v,
	    .kept = kept,
	    .keep = keep,
	    .forget = forget,
	    .entry = take_entry,
	    .state = take_state,
	    .alarm = take_alarm,
	    .acknowledged = take_acknowledged};
}

bool
views_failed(const struct views *v, unsigned log)
{
	return view_writer_failed(v->writers[log]);
}

struct route
views_route(struct views *v)
{
	return (struct route){.pattern = "/v1/**",
	    .methods = ROUTE_GET,
	    .roles = ROLE_VIEWER | ROLE_OPERATOR | ROLE_AUDITOR | ROLE_RELYING_PARTY,
	    .threaded = true,
	    .handler = answer_request,
	    .context = v};
}

static uint64_t
kept(void *context, unsigned log)
{
	const struct views *v = context;

	return view_writer_committed(v->writers[log]);
}

static void
keep(void *context, unsigned log)
{
	const struct views *v = context;

	if (view_writer_commit(v->writers[log]) != ERR_OK)
		return; /* said there */
}

static void
forget(void *context, unsigned log)
{
	const struct views *v = context;

	view_writer_forget(v->writers[log]);
}

static void
take_entry(void *context, const struct followed_entry *e)
{
	const struct views *v = context;

	view_writer_entry(v->writers[e->log], e);
}

static void
take_state(void *context, const struct followed_state *s)
{
	const struct views *v = context;

	view_writer_state(v->writers[s->log], s);
}

static void
take_alarm(void *context, const struct followed_alarm *a)
{
	const struct views *v = context;

	view_writer_alarm(v->writers[a->log], a);
}

static void
take_acknowledged(void *context, unsigned log)
{
	const struct views *v = context;

	view_writer_acknowledged(v->writers[log]);
}

static void
answer_request(void *context, const struct request *r, struct response *out)
{
	const struct views *v = context;
	const struct scope scope = {
	    (void *)(uintptr_t)r->caller, caller_sees_all(r->caller) ? NULL : may_see};
	struct view path = r->rest;
	struct answer answer;

	if (path.size > 0) { /* its slash */
		path.data++;
		path.size--;
	}
	answer_get(v->answerer, path, r->target.query, &scope, &answer);
	buf_free(&out->body);
	out->body = answer.body; /* moved */
	out->status = answer.status;
	out->type = answer.type;
}

static bool
may_see(void *context, struct view log, struct view workload)
{
	const struct caller *c = context;

	/* Who is granted something of a log may know that it is there. */
	return workload.size > 0 ? caller_may_see(c, log, workload) : caller_may_see_log(c, log);
}
