#include "collector/act/acts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/act/hands.h"

struct turn {
	struct acts *a;
	uint64_t now_ms, now_s;
	size_t suspended; /* workloads */
};

static void open_memory(struct acts *a);
static void settle_begun(struct acts *a);
static void tell_left_over(struct acts *a, const struct act_fall *f);
static bool is_configured(
    const struct collector_config *c, const char *workload, enum statement_act act);
static void release_left_out(struct acts *a, const struct collector_config *config);
static void look(struct turn *n);
static grant_doubt doubt;
static grant_refuse refuse;
static void tell_break_glass(struct turn *n, const struct hook_state *s);
static bool is_suspended(const struct turn *n, const char *workload);
static void turn_workload(struct turn *n, const struct hook_workload *w);
static void turn_act(struct turn *n, const struct hook_workload *w, size_t act, struct act_fall *f);
static enum bundle_verdict verdict_of(
    const struct hook_workload *w, const struct collector_act *act, uint64_t now_ms);
static struct grant_file *find_grant(struct turn *n, const struct hook_workload *w,
    enum statement_act act, const struct act_fall *f);
static enum err match(const struct grant *g, const struct hook_workload *w,
    const struct act_fall *f, uint64_t now_s, struct trouble *t);
static void begin(struct turn *n, const struct hook_workload *w, size_t act, struct act_fall *f,
    enum bundle_verdict verdict, struct grant_file *g);
static bool give_order(struct acts *a, const struct hook_workload *w, size_t act,
    enum bundle_verdict verdict, bool undo, bool again);
static struct act_order *free_order(struct acts *a);
static void finish(
    struct acts *a, const struct act_order *o, const struct hand_done *done, uint64_t now_ms);
static void save(struct acts *a);
static void tell(struct acts *a, enum actor_event event, const char *workload, const char *name,
    enum bundle_verdict verdict, const struct act_fall *f, enum err e, const struct trouble *t);
static void tell_act(struct acts *a, const struct act_order *o, const char *name,
    const struct digest *granted, enum err e, const struct trouble *t);

enum err
acts_use(
    struct acts *a, const struct collector_config *config, const char *collector, struct trouble *t)
{
	int grants = -1;
	enum err e;

	if (a->memory_directory != NULL && config->acts != NULL &&
	    strcmp(a->memory_directory, config->acts->memory_directory) != 0)
		return trouble_set(t, ERR_CONFIG, "acts.memory: another one takes a restart");
	if (config->acts != NULL) {
		grants = open(config->acts->grant_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (grants < 0)
			return trouble_set(t, ERR_CONFIG, "acts.grants %s: %s",
			    config->acts->grant_directory, strerror(errno));
	}
	if ((e = grant_keys_load(&a->keys, config->acts, t)) != ERR_OK) {
		if (grants >= 0)
			(void)close(grants);
		return e;
	}
	if (a->is_on)
		release_left_out(a, config);
	if (a->grants >= 0)
		(void)close(a->grants);
	a->grants = grants;
	a->config = config;
	a->collector = collector;
	a->look_ms = 0;
	grant_box_clear(&a->box);
	if (config->acts != NULL && a->memory_directory == NULL)
		open_memory(a);
	if (a->is_on)
		act_memory_forget_others(&a->memory, config);
	return ERR_OK;
}

/* At the start alone. */
static void
open_memory(struct acts *a)
{
	const char *directory = a->config->acts->memory_directory;
	struct trouble t = TROUBLE_INIT;
	enum err e = (a->memory_directory = strdup(directory)) != NULL ? ERR_OK : ERR_MEMORY;

	if (e == ERR_OK)
		e = act_memory_open(&a->memory, directory, &t);
	a->is_on = e == ERR_OK;
	a->counts->acts_off = e != ERR_OK;
	if (e != ERR_OK)
		tell(a, ACTOR_OFF, "", "", BUNDLE_VERDICT_NONE, NULL, e, &t);
	else
		settle_begun(a);
	for (size_t i = 0; a->is_on && i < a->memory.fall_count; i++)
		tell_left_over(a, &a->memory.fall[i]);
}

/* Held since before, and left out of the configuration while nobody could undo it. */
static void
tell_left_over(struct acts *a, const struct act_fall *f)
{
	for (unsigned k = 0; k < STATEMENT_ACT_COUNT; k++) {
		struct trouble t = TROUBLE_INIT;

		if (f->act[k].standing == ACT_HELD &&
		    !is_configured(a->config, f->workload, (enum statement_act)k))
			tell(a, ACTOR_TROUBLE, f->workload, "", BUNDLE_VERDICT_NONE, NULL,
			    ERR_CONFIG,
			    (trouble_set(&t, ERR_CONFIG,
				 "%s: %s is held, and is in this configuration no more, so that "
				 "nothing undoes it: name it again, or undo it by hand",
				 f->workload, statement_act_word((enum statement_act)k)),
				&t));
	}
}

static bool
is_configured(const struct collector_config *c, const char *workload, enum statement_act act)
{
	for (size_t i = 0; i < c->workload_count; i++)
		for (size_t j = 0;
		     strcmp(c->workloads[i].name, workload) == 0 && j < c->workloads[i].act_count;
		     j++)
			if (c->workloads[i].acts[j].act == act)
				return true;
	return false;
}

/* The program has ended in between: nobody knows what came of it, and it is not done again. */
static void
settle_begun(struct acts *a)
{
	bool any = false;

	for (size_t i = 0; i < a->memory.fall_count; i++)
		for (unsigned k = 0; k < STATEMENT_ACT_COUNT; k++) {
			struct act_fall *f = &a->memory.fall[i];
			struct act_order o = {
			    .act = (enum statement_act)k, .verdict = BUNDLE_VERDICT_UNKNOWN};
			struct trouble t = TROUBLE_INIT;

			if (f->act[k].standing == ACT_ENDING)
				f->act[k].standing = ACT_HELD;
			if (f->act[k].standing != ACT_BEGUN)
				continue;
			any = true;
			f->act[k].standing =
			    statement_act_end(o.act)[0] != '\0' ? ACT_HELD : ACT_FAILED;
			memcpy(o.workload, f->workload, sizeof(o.workload));
			(void)trouble_set(&t, ERR_IO,
			    "the collector ended while it was done: nobody knows whether it was, "
			    "and it is not done again");
			tell_act(a, &o, statement_act_word(o.act), &f->act[k].granted, ERR_IO, &t);
		}
	if (any)
		save(a);
}

/* What is held, and in the configuration no more, as long as that says what it was done to. */
static void
release_left_out(struct acts *a, const struct collector_config *config)
{
	for (size_t i = 0; i < a->config->workload_count; i++) {
		const struct collector_workload *w = &a->config->workloads[i];
		struct act_fall *f = act_memory_find(&a->memory, w->name);

		for (size_t j = 0; f != NULL && j < w->act_count; j++) {
			const struct hook_workload held = {.config = w, .number = i};

			if (!is_configured(config, w->name, w->acts[j].act) &&
			    f->act[w->acts[j].act].standing == ACT_HELD &&
			    give_order(a, &held, j, BUNDLE_VERDICT_NONE, true, false))
				f->act[w->acts[j].act].standing = ACT_ENDING;
		}
	}
}

void
acts_hear(struct acts *a, const struct hook_workload *w)
{
	const enum bundle_verdict verdict = w->said.verdict;
	struct act_fall *f = act_memory_find(&a->memory, w->config->name);
	bool falls = f != NULL && f->has_report;
	bool changed = false;

	if (!a->is_on || w->config->act_count == 0)
		return;
	for (size_t i = 0; i < w->config->act_count; i++)
		falls = falls || w->config->acts[i].on[verdict];
	if (f != NULL && w->said.issued_s < f->turned_s)
		return;
	if (verdict == BUNDLE_VERDICT_AFFIRMING && f != NULL && f->has_report) {
		f->turned_s = w->said.issued_s;
		f->has_report = f->was_told = f->limit_was_told = false;
		f->recent_count = 0;
		for (unsigned k = 0; k < STATEMENT_ACT_COUNT; k++)
			if (f->act[k].standing == ACT_DONE || f->act[k].standing == ACT_FAILED)
				f->act[k].standing = ACT_IDLE;
		changed = true;
	} else if (verdict != BUNDLE_VERDICT_AFFIRMING && falls &&
		   (f = act_memory_begin(&a->memory, w->config->name)) != NULL) {
		if ((changed = !f->has_report))
			f->turned_s = w->said.issued_s;
		act_fall_add(f, &w->said.leaf);
		for (size_t i = 0; i < w->config->act_count; i++)
			if (w->config->acts[i].act == STATEMENT_ISOLATE &&
			    f->act[STATEMENT_ISOLATE].standing == ACT_HELD)
				(void)give_order(a, w, i, verdict, false, true);
	}
	if (changed)
		save(a);
}

void
acts_turn(struct acts *a, const struct hook_state *s, uint64_t now_ms, uint64_t now_s)
{
	struct turn n = {.a = a, .now_ms = now_ms, .now_s = now_s};

	if (!a->is_on || a->grants < 0)
		return;
	if (now_ms >= a->look_ms) {
		look(&n);
		a->look_ms = now_ms + ACTS_LOOK_MS;
	}
	a->counts->acts_waiting = a->counts->acts_held = 0;
	tell_break_glass(&n, s);
	for (size_t i = 0; i < s->count; i++)
		turn_workload(&n, &s->workload[i]);
	if (n.suspended == 0 && a->counts->acts_suspended > 0)
		tell(a, ACTOR_RESUMED, "", "", BUNDLE_VERDICT_NONE, NULL, ERR_OK, NULL);
	a->counts->acts_suspended = n.suspended;
	act_memory_tidy(&a->memory);
}

static void
look(struct turn *n)
{
	struct trouble t = TROUBLE_INIT;
	enum err e = grant_box_look(
	    &n->a->box, n->a->grants, &n->a->keys, n->a->collector, n->now_s, doubt, refuse, n->a);

	if (e != ERR_OK)
		tell(n->a, ACTOR_TROUBLE, "", "", BUNDLE_VERDICT_NONE, NULL, e,
		    (trouble_set(&t, e, "acts.grants cannot be looked at"), &t));
}

/* What this host knows beyond the file. */
static enum err
doubt(void *context, const struct grant *g, struct trouble *t)
{
	const struct acts *a = context;

	if (g->is_break_glass)
		return ERR_OK;
	if (act_memory_has_used(&a->memory, &g->key, g->number))
		return trouble_set(t, ERR_STATEMENT_NUMBER, "its number was used before");
	if (is_configured(a->config, g->workload, g->act))
		return ERR_OK;
	return trouble_set(t, ERR_STATEMENT_SUBJECT,
	    "no workload is called %s here that %s is configured for", g->workload,
	    statement_act_word(g->act));
}

static void
refuse(void *context, const char *name, enum err e, const struct trouble *t)
{
	struct acts *a = context;

	a->counts->refused_grants++;
	tell(a, ACTOR_REFUSED, "", name, BUNDLE_VERDICT_NONE, NULL, e, t);
}

/* One that is in force is told once for each workload that it is for. */
static void
tell_break_glass(struct turn *n, const struct hook_state *s)
{
	for (size_t i = 0; i < n->a->box.count; i++) {
		struct grant_file *g = &n->a->box.file[i];
		struct trouble t = TROUBLE_INIT;
		bool any = false;

		if (!g->is_good || g->was_told)
			continue;
		for (size_t j = 0; j < s->count; j++) {
			const struct hook_workload *w = &s->workload[j];
			struct actor_news news;

			if (w->config->act_count == 0 ||
			    !grant_suspends(&g->grant, w->config->name, n->now_s))
				continue;
			any = true;
			memset(&news, 0, sizeof(news));
			news.event = ACTOR_SUSPENDED;
			memcpy(news.workload, w->config->name, strlen(w->config->name) + 1);
			memcpy(news.name, BUNDLE_ACTION_SUSPENDED, sizeof(BUNDLE_ACTION_SUSPENDED));
			news.verdict = w->said.any ? w->said.verdict : BUNDLE_VERDICT_UNKNOWN;
			news.granted = g->grant.name;
			(void)trouble_set(&t, ERR_OK, "%s", g->grant.reason);
			news.why = t;
			n->a->tell(n->a->context, &news);
		}
		g->was_told = any;
	}
}

static bool
is_suspended(const struct turn *n, const char *workload)
{
	for (size_t i = 0; i < n->a->box.count; i++)
		if (n->a->box.file[i].is_good &&
		    grant_suspends(&n->a->box.file[i].grant, workload, n->now_s))
			return true;
	return false;
}

static void
turn_workload(struct turn *n, const struct hook_workload *w)
{
	struct act_fall *f;

	if (w->config->act_count == 0)
		return;
	n->suspended += is_suspended(n, w->config->name);
	/* With the one before the silence a fall of silence begins. */
	for (size_t i = 0; w->said.any && i < w->config->act_count; i++)
		if (verdict_of(w, &w->config->acts[i], n->now_ms) == BUNDLE_VERDICT_UNKNOWN &&
		    (f = act_memory_begin(&n->a->memory, w->config->name)) != NULL &&
		    !f->has_report && w->said.issued_s >= f->turned_s) {
			act_fall_add(f, &w->said.leaf);
			save(n->a);
		}
	if ((f = act_memory_find(&n->a->memory, w->config->name)) == NULL)
		return;
	for (size_t i = 0; i < w->config->act_count; i++)
		turn_act(n, w, i, f);
}

static void
turn_act(struct turn *n, const struct hook_workload *w, size_t act, struct act_fall *f)
{
	const struct collector_act *c = &w->config->acts[act];
	const bool suspended = is_suspended(n, w->config->name);
	const enum bundle_verdict verdict = verdict_of(w, c, n->now_ms);
	struct act_done *d = &f->act[c->act];
	struct grant_file *g;

	n->a->counts->acts_held += d->standing == ACT_HELD;
	if (d->standing == ACT_HELD && (suspended || !f->has_report) && n->now_ms >= d->rest_ms &&
	    give_order(n->a, w, act, verdict, true, false)) {
		d->standing = ACT_ENDING;
		save(n->a);
	}
	if ((d->standing != ACT_IDLE && d->standing != ACT_FAILED) || !f->has_report ||
	    !(w->said.any || verdict == BUNDLE_VERDICT_UNKNOWN) || !c->on[verdict] || suspended)
		return;
	if ((g = find_grant(n, w, c->act, f)) != NULL) {
		begin(n, w, act, f, verdict, g);
		return;
	}
	n->a->counts->acts_waiting += d->standing == ACT_IDLE;
	if (d->standing == ACT_IDLE && !f->was_told)
		tell(n->a, ACTOR_WAITS, w->config->name, statement_act_word(c->act), verdict, f,
		    ERR_OK, NULL);
	f->was_told = true;
}

static enum bundle_verdict
verdict_of(const struct hook_workload *w, const struct collector_act *act, uint64_t now_ms)
{
	return act->on[BUNDLE_VERDICT_UNKNOWN] &&
		       now_ms >= w->heard_ms + (uint64_t)act->unknown_after_s * 1000
		   ? BUNDLE_VERDICT_UNKNOWN
		   : w->said.verdict;
}

/* The first that lets it be done now. One that is for another fall is told, once. */
static struct grant_file *
find_grant(
    struct turn *n, const struct hook_workload *w, enum statement_act act, const struct act_fall *f)
{
	for (size_t i = 0; i < n->a->box.count; i++) {
		struct grant_file *g = &n->a->box.file[i];
		struct trouble t = TROUBLE_INIT;
		enum err e;

		if (!g->is_good || g->grant.is_break_glass || g->grant.act != act ||
		    strcmp(g->grant.workload, w->config->name) != 0 ||
		    act_memory_has_used(&n->a->memory, &g->grant.key, g->grant.number))
			continue;
		if ((e = match(&g->grant, w, f, n->now_s, &t)) == ERR_OK) {
			if (g->grant.not_before_s <= n->now_s)
				return g;
		} else if (!g->was_told) {
			g->was_told = true;
			refuse(n->a, g->name, e, &t);
		}
	}
	return NULL;
}

static enum err
match(const struct grant *g, const struct hook_workload *w, const struct act_fall *f,
    uint64_t now_s, struct trouble *t)
{
	if (strcmp(g->origin, w->said.log) != 0)
		return trouble_set(t, ERR_STATEMENT_ORIGIN,
		    "it is for the log %s, and the reports of %s are of %s", g->origin,
		    w->config->name, w->said.log);
	if (!act_fall_has(f, &g->report))
		return trouble_set(t, ERR_STATEMENT_SUBJECT,
		    "its report is none of the fall of %s that is now", w->config->name);
	if (g->not_after_s <= now_s)
		return trouble_set(t, ERR_STATEMENT_TIME, "its time is over");
	return ERR_OK;
}

/* Remembered, then ordered. */
static void
begin(struct turn *n, const struct hook_workload *w, size_t act, struct act_fall *f,
    enum bundle_verdict verdict, struct grant_file *g)
{
	struct acts *a = n->a;
	struct act_done *d = &f->act[w->config->acts[act].act];
	const struct collector_acts *bound = a->config->acts;
	struct trouble t = TROUBLE_INIT;
	enum err e;

	if (act_memory_count_since(&a->memory, n->now_s, bound->interval_s) >= bound->limit) {
		a->counts->acts_waiting++;
		if (!f->limit_was_told)
			tell(a, ACTOR_LIMITED, w->config->name,
			    statement_act_word(w->config->acts[act].act), verdict, f, ERR_OK, NULL);
		f->limit_was_told = true;
		return;
	}
	if (free_order(a) == NULL)
		return;
	d->granted = g->grant.name;
	d->standing = ACT_BEGUN;
	if ((e = act_memory_use(&a->memory, &g->grant, n->now_s)) == ERR_OK)
		e = act_memory_save(&a->memory, &t);
	if (e == ERR_OK && give_order(a, w, act, verdict, false, false))
		return;
	d->standing = ACT_FAILED;
	a->counts->acts_failed++;
	if (e == ERR_OK)
		e = trouble_set(&t, ERR_IO,
		    "the process that acts is gone: it takes a restart, and another grant");
	tell(a, ACTOR_OFF, w->config->name, "", verdict, f, e, &t);
}

/* False: there is no room, or nobody hears it. */
static bool
give_order(struct acts *a, const struct hook_workload *w, size_t act, enum bundle_verdict verdict,
    bool undo, bool again)
{
	struct act_order *o = free_order(a);
	const struct hand_order order = {.configuration = a->config->source,
	    .workload = (uint32_t)w->number,
	    .act = (uint32_t)act,
	    .undo = undo,
	    .number = a->orders + 1};

	if (o == NULL || a->hands < 0 ||
	    send(a->hands, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT) !=
		(ssize_t)sizeof(order))
		return false;
	*o = (struct act_order){.number = ++a->orders,
	    .act = w->config->acts[act].act,
	    .verdict = verdict,
	    .undo = undo,
	    .again = again};
	memcpy(o->workload, w->config->name, strlen(w->config->name) + 1);
	return true;
}

static struct act_order *
free_order(struct acts *a)
{
	for (size_t i = 0; i < ACTS_ORDERS_MAX; i++)
		if (a->order[i].number == 0)
			return &a->order[i];
	return NULL;
}

void
acts_take_done(struct acts *a, uint64_t now_ms)
{
	struct hand_done done;
	const ssize_t size = recv(a->hands, &done, sizeof(done), MSG_DONTWAIT);
	struct trouble t = TROUBLE_INIT;

	if (size == 0) {
		(void)close(a->hands);
		a->hands = -1;
		a->counts->acts_off = 1;
		tell(a, ACTOR_OFF, "", "", BUNDLE_VERDICT_NONE, NULL, ERR_IO,
		    (trouble_set(&t, ERR_IO, "the process that acts is gone: it takes a restart"),
			&t));
	}
	if (size != (ssize_t)sizeof(done))
		return;
	done.why.text[sizeof(done.why.text) - 1] = '\0';
	for (size_t i = 0; i < ACTS_ORDERS_MAX; i++)
		if (a->order[i].number != 0 && a->order[i].number == done.number) {
			const struct act_order o = a->order[i];

			a->order[i].number = 0;
			finish(a, &o, &done, now_ms);
			return;
		}
}

static void
finish(struct acts *a, const struct act_order *o, const struct hand_done *done, uint64_t now_ms)
{
	const enum err e = err_from_number((uint16_t)done->code);
	struct act_fall *f = act_memory_find(&a->memory, o->workload);
	struct act_done *d = f != NULL ? &f->act[o->act] : NULL;
	const char *end = statement_act_end(o->act);

	if (d == NULL || (o->again && e == ERR_OK))
		return;
	if (!o->again && !o->undo)
		d->standing = e != ERR_OK ? ACT_FAILED : end[0] != '\0' ? ACT_HELD : ACT_DONE;
	else if (!o->again)
		d->standing = e != ERR_OK ? ACT_HELD : ACT_IDLE;
	if (e != ERR_OK)
		d->rest_ms = now_ms + ACTS_REST_MS;
	a->counts->acts_failed += e != ERR_OK;
	a->counts->acts_done += e == ERR_OK && !o->undo;
	a->counts->acts_undone += e == ERR_OK && o->undo;
	save(a);
	tell_act(a, o, o->undo ? end : statement_act_word(o->act), &d->granted, e, &done->why);
}

/* What cannot be written is written with the next change; no act begins without (begin). */
static void
save(struct acts *a)
{
	struct trouble t = TROUBLE_INIT;
	const enum err e = act_memory_save(&a->memory, &t);

	if (e != ERR_OK)
		tell(a, ACTOR_TROUBLE, "", "", BUNDLE_VERDICT_NONE, NULL, e, &t);
}

static void
tell(struct acts *a, enum actor_event event, const char *workload, const char *name,
    enum bundle_verdict verdict, const struct act_fall *f, enum err e, const struct trouble *t)
{
	struct actor_news news;

	memset(&news, 0, sizeof(news));
	news.event = event;
	news.code = (uint32_t)e;
	if (t != NULL)
		news.why = *t;
	memcpy(news.workload, workload, strlen(workload) + 1);
	memcpy(news.name, name, strlen(name) + 1);
	news.verdict = verdict;
	if (f != NULL)
		news.report = f->report;
	a->tell(a->context, &news);
}

static void
tell_act(struct acts *a, const struct act_order *o, const char *name, const struct digest *granted,
    enum err e, const struct trouble *t)
{
	struct actor_news news;

	memset(&news, 0, sizeof(news));
	news.event = ACTOR_ACTED;
	news.code = (uint32_t)e;
	news.why = *t;
	memcpy(news.workload, o->workload, sizeof(news.workload));
	memcpy(news.name, name, strlen(name) + 1);
	news.verdict = o->verdict;
	news.result = e == ERR_OK ? BUNDLE_ACTION_DONE : BUNDLE_ACTION_FAILED;
	news.granted = *granted;
	a->tell(a->context, &news);
}

uint64_t
acts_due_ms(const struct acts *a)
{
	return a->is_on && a->grants >= 0 ? a->look_ms : UINT64_MAX;
}
