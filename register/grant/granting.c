#include "register/grant/granting.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "config/register_config.h"
#include "journal/logger.h"
#include "journal/sandbox.h"
#include "proto/encoding.h"
#include "proto/glob.h"
#include "register/follow/state_file.h"
#include "register/grant/fall.h"
#include "register/grant/grant_statement.h"
#include "register/grant/grant_store.h"
#include "register/ground/private_key.h"
#include "register/tell/event_store.h"

#define LOOK_MS 250
#define CURSOR  "@grants" /* in the events: no name that is told can be so called */
#define REASON  160       /* bytes of a reason's words, beside names */

struct granting {
	struct register_config *config;
	EVP_PKEY *key;
	struct event_store *events;
	struct grant_store *store;
	uint64_t taken; /* events */
	bool waiting;   /* for the view: events are written a moment before */
	int directory;
};

/* What an event says. */
struct told_fall {
	const struct register_log *log;
	struct view id, collector, workload;
	uint64_t index, time_s;
	json_t *json; /* that the views are of */
};

static int serve(struct granting *g);
static enum err open_all(struct granting *g);
static void close_all(struct granting *g);
static enum err open_events(struct granting *g);
static enum err take_events(struct granting *g);
static enum err take_event(struct granting *g, const struct event_row *row);
static enum err take_verdict(struct granting *g, const struct event_row *row);
static bool read_fall(const struct granting *g, const struct event_row *row, struct told_fall *out);
static const struct grant_rule *rule_of(const struct granting *g, struct view workload);
static enum err judge(struct granting *g, const struct told_fall *t, const struct grant_rule *rule);
static enum err give(struct granting *g, const struct told_fall *t, const struct grant_rule *rule,
    const struct fall *fall);
static enum err write_statement(struct granting *g, const struct told_fall *t,
    const struct grant_rule *rule, const struct fall *fall, const struct grant_given *given);
static enum err put(struct granting *g, struct view collector, uint64_t number, struct view bytes);
static void refuse(const struct told_fall *t, const char *why);

int
granting_run(const char *config_path)
{
	struct faults faults = FAULTS_INIT;
	struct granting g = {.directory = -1};
	int status = 1;

	logger_open("hallmark-register");
	if (register_config_load(config_path, &faults, &g.config) != ERR_OK) {
		faults_print(&faults, stderr);
		faults_free(&faults);
		return 1;
	}
	logger_configure(&g.config->logging);
	if (g.config->grants.key == NULL)
		(void)fprintf(stderr,
		    "hallmark-register: %s: there is no \"grants\": nothing is to be done\n",
		    config_path);
	else if (open_all(&g) == ERR_OK)
		status = serve(&g);
	close_all(&g);
	register_config_free(&g.config);
	faults_free(&faults);
	return status;
}

static enum err
open_all(struct granting *g)
{
	const struct grant_config *c = &g->config->grants;
	struct buf path = BUF_INIT;
	int state = -1;
	enum err e = private_key_read(c->key, "grant-key", &g->key);

	if (e != ERR_OK)
		return e;
	sandbox_enter(false);
	if ((e = state_directory_open(AT_FDCWD, g->config->state_directory, &state)) != ERR_OK)
		logger_say(LOGGER_ERROR, "not-granting", "%s: %s", g->config->state_directory,
		    strerror(errno));
	else if ((e = state_directory_open(AT_FDCWD, c->directory, &g->directory)) != ERR_OK)
		logger_say(LOGGER_ERROR, "not-granting", "%s: %s", c->directory, strerror(errno));
	if (state >= 0)
		(void)close(state);
	buf_append_format(&path, "%s/" GRANT_STORE_FILE, g->config->state_directory);
	buf_append_byte(&path, '\0');
	if (e == ERR_OK && (e = buf_status(&path)) == ERR_OK)
		e = grant_store_open((const char *)path.data, &g->store);
	buf_free(&path);
	return e == ERR_OK ? open_events(g) : e;
}

/* Who is new begins here: what fell before is for people. */
static enum err
open_events(struct granting *g)
{
	struct buf path = BUF_INIT;
	uint64_t newest;
	enum err e;

	buf_append_format(&path, "%s/" EVENT_STORE_FILE, g->config->state_directory);
	buf_append_byte(&path, '\0');
	if ((e = buf_status(&path)) == ERR_OK &&
	    (e = event_store_open((const char *)path.data, &g->events)) == ERR_OK &&
	    (e = event_store_newest(g->events, &newest)) == ERR_OK)
		e = event_store_acknowledged(g->events, CURSOR, newest, &g->taken);
	buf_free(&path);
	return e;
}

static void
close_all(struct granting *g)
{
	EVP_PKEY_free(g->key);
	event_store_close(&g->events);
	grant_store_close(&g->store);
	if (g->directory >= 0)
		(void)close(g->directory);
}

static int
serve(struct granting *g)
{
	sigset_t ends;
	struct pollfd wait = {.events = POLLIN};
	enum err e = ERR_OK;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	if ((wait.fd = signalfd(-1, &ends, SFD_CLOEXEC)) < 0)
		return 1;
	logger_say(
	    LOGGER_NOTICE, "granting", "by %zu rules, at most", g->config->grants.rule_count);
	while (e == ERR_OK) {
		e = take_events(g);
		logger_tend();
		if (e == ERR_OK && poll(&wait, 1, LOOK_MS) > 0)
			break;
	}
	(void)close(wait.fd);
	if (e != ERR_OK)
		logger_say(LOGGER_ERROR, "not-granting", "%s", err_text(e));
	return e == ERR_OK ? 0 : 1;
}

static enum err
take_events(struct granting *g)
{
	struct event_row row;
	enum err e;

	while ((e = event_store_next(g->events, g->taken, &row)) == ERR_OK) {
		const uint64_t number = row.number;

		g->waiting = false;
		if ((e = take_event(g, &row)) != ERR_OK || g->waiting ||
		    (e = event_store_pass(g->events, CURSOR, number)) != ERR_OK)
			return e;
		g->taken = number;
	}
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
take_event(struct granting *g, const struct event_row *row)
{
	switch (row->kind) {
	case EVENT_ALARM:
		return grant_store_set_alarmed(g->store, row->log, true);
	case EVENT_ACKNOWLEDGED:
		return grant_store_set_alarmed(g->store, row->log, false);
	case EVENT_VERDICT:
		return take_verdict(g, row);
	default:
		return ERR_OK;
	}
}

static enum err
take_verdict(struct granting *g, const struct event_row *row)
{
	const struct grant_rule *rule;
	struct told_fall t;
	enum err e = ERR_OK;

	if (read_fall(g, row, &t) && (rule = rule_of(g, t.workload)) != NULL)
		e = judge(g, &t, rule);
	json_decref(t.json);
	return e;
}

static struct view
member(const json_t *object, const char *name)
{
	const json_t *s = json_object_get(object, name);

	return (struct view){(const uint8_t *)json_string_value(s), json_string_length(s)};
}

/* False: it is none, or of a log that the configuration has no more. */
static bool
read_fall(const struct granting *g, const struct event_row *row, struct told_fall *out)
{
	json_t *json = json_loadb((const char *)row->json.data, row->json.size, 0, NULL);

	*out = (struct told_fall){.json = json,
	    .id = member(json, "id"),
	    .collector = member(json, "collector"),
	    .workload = member(json, "workload"),
	    .index = (uint64_t)json_integer_value(json_object_get(json, "index")),
	    .time_s = (uint64_t)json_integer_value(json_object_get(json, "time"))};
	for (size_t i = 0; i < g->config->log_count; i++)
		if (view_equal(view_of_string(g->config->logs[i].name), row->log))
			out->log = &g->config->logs[i];
	return out->log != NULL && out->id.size > 0 &&
	       view_equal(member(json, "after"), VIEW_LITERAL("contraindicated"));
}

static const struct grant_rule *
rule_of(const struct granting *g, struct view workload)
{
	const struct grant_config *c = &g->config->grants;

	for (size_t i = 0; i < c->rule_count; i++)
		for (size_t k = 0; k < c->rules[i].workload_count; k++)
			if (glob_match(
				view_of_string(c->rules[i].workloads[k]), workload, GLOB_TEXT))
				return &c->rules[i];
	return NULL;
}

static enum err
judge(struct granting *g, const struct told_fall *t, const struct grant_rule *rule)
{
	const uint64_t now_s = (uint64_t)time(NULL);
	struct fall fall = {.group = BUF_INIT, .origin = BUF_INIT};
	bool alarmed;
	enum err e = grant_store_is_alarmed(g->store, view_of_string(t->log->name), &alarmed);

	if (e != ERR_OK)
		return e;
	if (alarmed) {
		refuse(t, "an alarm of its log stands");
	} else if (now_s > t->time_s + GRANTING_LATE_S || t->time_s > now_s + GRANTING_LATE_S) {
		refuse(t, "the fall was another time");
	} else if ((e = fall_read(g->config->state_directory, t->log, t->collector, t->workload,
			t->index, &fall)) != ERR_OK) {
		refuse(t, err_text(e));
		e = e == ERR_MEMORY ? e : ERR_OK;
	} else if (fall.is_behind) {
		g->waiting = true;
	} else if (!fall.is_fallen) {
		refuse(t, "it is not so any more");
	} else {
		e = give(g, t, rule, &fall);
	}
	fall_free(&fall);
	return e;
}

static enum err
give(struct granting *g, const struct told_fall *t, const struct grant_rule *rule,
    const struct fall *fall)
{
	struct grant_given given = {.time_s = (uint64_t)time(NULL),
	    .event = t->id,
	    .log = view_of_string(t->log->name),
	    .peers = buf_view(&fall->group)};
	const uint64_t most = fall->peers * rule->share_percent / 100;
	uint64_t count;
	char why[REASON];
	enum err e;

	e = grant_store_count(g->store, &given, given.time_s - rule->interval_s, &count);
	if (e != ERR_OK)
		return e;
	if (count >= most) {
		(void)snprintf(why, sizeof(why),
		    "%llu of at most %llu (%u %% of %llu alike) were granted within %u s",
		    (unsigned long long)count, (unsigned long long)most, rule->share_percent,
		    (unsigned long long)fall->peers, rule->interval_s);
		refuse(t, why);
		return ERR_OK;
	}
	e = grant_store_count_all(g->store, given.time_s - rule->interval_s, &count);
	if (e != ERR_OK)
		return e;
	if (count >= g->config->grants.most) {
		(void)snprintf(why, sizeof(why),
		    "%llu of at most %u were granted in all within %u s", (unsigned long long)count,
		    g->config->grants.most, rule->interval_s);
		refuse(t, why);
		return ERR_OK;
	}
	if ((e = grant_store_give(g->store, &given)) != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e; /* it was given, before an end */
	return write_statement(g, t, rule, fall, &given);
}

static enum err
write_statement(struct granting *g, const struct told_fall *t, const struct grant_rule *rule,
    const struct fall *fall, const struct grant_given *given)
{
	const struct grant_config *c = &g->config->grants;
	struct buf envelope = BUF_INIT, reason = BUF_INIT;
	struct grant_statement s = {.act = rule->act,
	    .origin = buf_view(&fall->origin),
	    .collector = t->collector,
	    .workload = t->workload,
	    .report = &fall->report,
	    .number = given->number,
	    .time_s = given->time_s,
	    .lasts_s = c->lasts_s,
	    .author = view_of_string(c->author)};
	enum err e;

	buf_append_format(&reason,
	    "contraindicated by entry %llu; at most %u %% of %llu alike within %u s",
	    (unsigned long long)t->index, rule->share_percent, (unsigned long long)fall->peers,
	    rule->interval_s);
	s.reason = buf_view(&reason);
	if ((e = buf_status(&reason)) == ERR_OK &&
	    (e = grant_statement_write(&s, g->key, &envelope)) == ERR_OK)
		e = put(g, t->collector, given->number, buf_view(&envelope));
	if (e == ERR_OK)
		logger_say(LOGGER_NOTICE, "granted", "%s: %.*s on %.*s may be %s, by entry %llu",
		    t->log->name, view_precision(t->workload), (const char *)t->workload.data,
		    view_precision(t->collector), (const char *)t->collector.data,
		    statement_act_participle(rule->act), (unsigned long long)t->index);
	buf_free(&envelope);
	buf_free(&reason);
	return e;
}

/* Below a directory that the host's identity names, in base64url: its own to be carried there. */
static enum err
put(struct granting *g, struct view collector, uint64_t number, struct view bytes)
{
	struct buf name = BUF_INIT;
	char file[32];
	int host = -1;
	enum err e;

	base64url_append(&name, collector);
	buf_append_byte(&name, '\0');
	(void)snprintf(file, sizeof(file), "%llu.json", (unsigned long long)number);
	if ((e = buf_status(&name)) == ERR_OK &&
	    (e = state_directory_open(g->directory, (const char *)name.data, &host)) == ERR_OK)
		e = state_file_replace(host, file, bytes);
	if (e == ERR_IO)
		logger_say(LOGGER_ERROR, "not-granting", "%s/%s/%s: %s",
		    g->config->grants.directory, (const char *)name.data, file, strerror(errno));
	if (host >= 0)
		(void)close(host);
	buf_free(&name);
	return e;
}

static void
refuse(const struct told_fall *t, const char *why)
{
	logger_say(LOGGER_NOTICE, "not-granted", "%s: %.*s on %.*s, by entry %llu: %s",
	    t->log->name, view_precision(t->workload), (const char *)t->workload.data,
	    view_precision(t->collector), (const char *)t->collector.data,
	    (unsigned long long)t->index, why);
}
