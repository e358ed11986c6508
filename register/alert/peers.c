#include "register/alert/peers.h"

#include <string.h>

#include "register/alert/alert_list.h"
#include "register/alert/boots.h"
#include "register/alert/peer.h"
#include "register/alert/windows.h"

/* Hours that are looked at behind the newest fact: all that comes by time alone comes within. */
#define SWEEPS_MOST (ALERT_WEEK_S / ALERT_HOUR_S + 25)

/* A component that somebody in this log has had. */
struct seen {
	UT_hash_handle hh;
	struct digest digest;
};

struct peers {
	struct peer **peer; /* by number */
	size_t peer_count;
	struct peer_group *groups;
	struct seen *seen;
	struct boots boots;
	struct windows windows;
	struct alert_list alerts;
	bool has_policy;
	uint64_t passed_over; /* highest number of a workload beyond PEERS_MAX */
	uint64_t policy_s;    /* since when the policy is in force */
	uint64_t entry;       /* of the newest fact */
	uint64_t hour;        /* that was looked at last */
	uint64_t sweeps;      /* hours that were looked at since the newest fact */
};

/* One change, as it is judged: what was so before it. */
struct change {
	const struct fact *fact;
	struct peer *peer;
	enum component_kind kind;
	const struct peer_content *old;   /* that the peer had; NULL: none */
	const struct peer_content *usual; /* that most had, if half of them had it; else NULL */
	bool made;                        /* no peer has ever had it */
	bool was_gone;                    /* none had it any more */
	bool is_new;                      /* nor has anybody else in the log */
	bool explained;                   /* it was to be expected */
};

static enum err advance(struct peers *p, uint64_t entry, uint64_t time_s);
/* *out is NULL where there are too many. */
static enum err find_peer(struct peers *p, const struct fact *f, struct peer **out);
static enum err arrive(
    struct peers *p, struct peer *one, const struct fact *f, struct view name, bool *back);
static void let_go(struct peers *p, struct peer *one, uint64_t time_s);
static bool is_explained(struct peers *p, const struct fact *f, bool affirming);
static enum err take_all(
    struct peers *p, struct change *c, const struct fact_state *state, bool back);
static enum err take_one(struct peers *p, struct change *c, const struct digest *to);
static const struct peer_content *usual_of(const struct peer_share *s);
static enum err note_seen(struct peers *p, const struct digest *d, bool *is_new);
static enum alert_kind judge(const struct change *c, const struct peer_content *now);
static enum err raise_about(struct peers *p, enum alert_kind kind, struct peer_group *group,
    enum component_kind component, struct peer_content *content, uint64_t time_s);
static void compare(struct alert *a, const struct peer_share *s, const struct peer_content *c);
static enum err note_flapping(struct peers *p, const struct change *c);
static enum err sweep(struct peers *p, uint64_t now_s);
static enum err sweep_share(
    struct peers *p, struct peer_group *g, enum component_kind kind, uint64_t now_s);
static void name_holders(
    struct peers *p, struct alert *a, const struct peer_content *c, uint64_t time_s);

struct peers *
peers_new(void)
{
	return calloc(1, sizeof(struct peers));
}

void
peers_free(struct peers **pp)
{
	struct peers *p = *pp;
	struct seen *s, *next;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->peer_count; i++)
		free(p->peer[i]);
	free((void *)p->peer);
	HASH_ITER (hh, p->seen, s, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(p->seen, s);
		free(s);
	}
	alert_list_free(&p->alerts);
	boots_free(&p->boots);
	windows_free(&p->windows);
	peer_groups_free(&p->groups);
	free(p);
	*pp = NULL;
}

size_t
peers_alert_count(const struct peers *p)
{
	return p->alerts.count;
}

const struct alert *
peers_alert(const struct peers *p, size_t i)
{
	return p->alerts.all[i];
}

uint64_t
peers_passed_over(const struct peers *p)
{
	return p->passed_over > PEERS_MAX ? p->passed_over - PEERS_MAX : 0;
}

enum err
peers_policy(struct peers *p, uint64_t entry, uint64_t time_s)
{
	const enum err e = advance(p, entry, time_s);

	p->has_policy = true;
	p->policy_s = time_s;
	return e;
}

enum err
peers_statement(struct peers *p, uint64_t entry, uint64_t time_s, const struct digest *name,
    const struct statement *s)
{
	const enum err e = advance(p, entry, time_s);

	return e != ERR_OK ? e : windows_take(&p->windows, name, s);
}

enum err
peers_away(struct peers *p, const struct fact *f)
{
	struct peer *one;
	enum err e = advance(p, f->entry, f->time_s);

	if (e == ERR_OK && (e = find_peer(p, f, &one)) == ERR_OK && one != NULL &&
	    one->group != NULL && !one->away) {
		let_go(p, one, f->time_s);
		one->away = true;
	}
	return e;
}

enum err
peers_boot(struct peers *p, const struct fact *f, const uint8_t boot[BOOT_ID_SIZE])
{
	struct peer *one;
	enum err e = advance(p, f->entry, f->time_s);

	if (e == ERR_OK && (e = find_peer(p, f, &one)) == ERR_OK && one != NULL)
		e = boots_take(&p->boots, f, one, boot,
		    windows_cover(&p->windows, f->collector, f->name, f->time_s), &p->alerts);
	return e;
}

enum err
peers_time(struct peers *p, uint64_t time_s)
{
	return advance(p, p->entry, time_s);
}

enum err
peers_state(struct peers *p, const struct fact *f, const struct fact_state *state)
{
	struct change c = {.fact = f};
	bool back;
	enum err e = advance(p, f->entry, f->time_s);

	if (e != ERR_OK || (e = find_peer(p, f, &c.peer)) != ERR_OK || c.peer == NULL ||
	    (e = arrive(p, c.peer, f, state->group.size > 0 ? state->group : f->name, &back)) !=
		ERR_OK)
		return e;
	c.explained = is_explained(p, f, state->affirming);
	return take_all(p, &c, state, back);
}

/* Each full hour up to this time is looked at, in its turn: what is told follows from no clock. */
static enum err
advance(struct peers *p, uint64_t entry, uint64_t time_s)
{
	const uint64_t hour = time_s / ALERT_HOUR_S;
	enum err e = ERR_OK;

	if (p->hour == 0)
		p->hour = hour;
	for (; e == ERR_OK && p->hour < hour && p->sweeps < SWEEPS_MOST; p->sweeps++)
		e = sweep(p, ++p->hour * ALERT_HOUR_S);
	if (p->hour < hour)
		p->hour = hour;
	if (entry > p->entry) {
		p->entry = entry;
		p->sweeps = 0;
	}
	return e;
}

static enum err
find_peer(struct peers *p, const struct fact *f, struct peer **out)
{
	const size_t n = (size_t)f->workload;

	*out = NULL;
	if (f->workload > PEERS_MAX) {
		p->passed_over = f->workload > p->passed_over ? f->workload : p->passed_over;
		return ERR_OK;
	}
	if (n >= p->peer_count) {
		const size_t count = n < 32 ? 64 : n * 2;
		struct peer **peer = reallocarray((void *)p->peer, count, sizeof(struct peer *));

		if (peer == NULL)
			return ERR_MEMORY;
		memset((void *)(peer + p->peer_count), 0,
		    (count - p->peer_count) * sizeof(struct peer *));
		p->peer = peer;
		p->peer_count = count;
	}
	if (p->peer[n] == NULL)
		p->peer[n] = peer_new(n, f->host, f->collector, f->name);
	*out = p->peer[n];
	return *out != NULL ? ERR_OK : ERR_MEMORY;
}

/* It is one of the group's from here on. *back: it was, and has been away. */
static enum err
arrive(struct peers *p, struct peer *one, const struct fact *f, struct view name, bool *back)
{
	struct peer_group *group = peer_group_of(&p->groups, name);
	struct boots_host *host = boots_host(&p->boots, one->host);

	if (group == NULL || host == NULL)
		return ERR_MEMORY;
	*back = one->away;
	if (one->group == NULL || one->away)
		host->present++;
	if (one->group != group) {
		if (one->group != NULL && !one->away) {
			let_go(p, one, f->time_s);
			host->present++;
		}
		memset((void *)one->held, 0, sizeof(one->held));
		one->group = group;
	}
	one->away = false;
	return ERR_OK;
}

/* What it has counts no more. */
static void
let_go(struct peers *p, struct peer *one, uint64_t time_s)
{
	struct boots_host *host = &p->boots.host[one->host];

	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		struct peer_content *c = one->held[k];

		if (c == NULL)
			continue;
		peer_share_leave(&one->group->share[k], c);
		if (c->holders == 0)
			alert_over(&c->alert, ALERT_GONE, p->entry, time_s);
	}
	if (host->present > 0)
		host->present--;
}

static bool
is_explained(struct peers *p, const struct fact *f, bool affirming)
{
	return (affirming && p->has_policy && f->time_s - p->policy_s <= ALERT_WEEK_S) ||
	       windows_cover(&p->windows, f->collector, f->name, f->time_s);
}

static enum err
take_all(struct peers *p, struct change *c, const struct fact_state *state, bool back)
{
	bool flaps = false;
	enum err e = ERR_OK;

	for (size_t k = 0; e == ERR_OK && k < COMPONENT_KIND_COUNT; k++) {
		struct peer_share *share = &c->peer->group->share[k];
		struct peer_content **held = &c->peer->held[k];
		const bool same = *held != NULL && state->present[k] &&
				  digest_equal(&(*held)->digest, &state->component[k]);

		if (same && !back)
			continue;
		c->kind = (enum component_kind)k;
		c->old = *held;
		c->usual = usual_of(share);
		flaps |= !same && c->old != NULL && c->usual != NULL;
		if (*held != NULL && !back)
			peer_share_leave(share, *held);
		if (*held != NULL && (*held)->holders == 0)
			alert_over(&(*held)->alert, ALERT_GONE, c->fact->entry, c->fact->time_s);
		*held = NULL;
		/* What was not measured is in the report, and the policy's to judge. */
		if (state->present[k] && k != COMPONENT_UNMEASURED)
			e = take_one(p, c, &state->component[k]);
	}
	return e == ERR_OK && flaps && !c->explained ? note_flapping(p, c) : e;
}

static enum err
take_one(struct peers *p, struct change *c, const struct digest *to)
{
	struct peer_share *share = &c->peer->group->share[c->kind];
	struct peer_content *now;
	enum alert_kind kind;
	enum err e;

	now = share->individual
		  ? NULL
		  : peer_share_content(share, to, c->fact->entry, c->fact->time_s, &c->made, &e);
	if (now == NULL)
		return share->individual ? ERR_OK : e;
	if ((e = note_seen(p, to, &c->is_new)) != ERR_OK)
		return e;
	c->was_gone = !c->made && now->holders == 0;
	if (c->made || c->was_gone)
		now->explained = c->explained;
	peer_share_take(share, now, c->fact->time_s);
	c->peer->held[c->kind] = now;
	if (now == share->usual)
		alert_over(&now->alert, ALERT_USUAL, c->fact->entry, c->fact->time_s);
	kind = judge(c, now);
	if (now->alert == NULL && kind != ALERT_KINDS)
		e = raise_about(p, kind, c->peer->group, c->kind, now, c->fact->time_s);
	if (now->alert != NULL) {
		alert_add_place(now->alert, c->peer, c->fact->entry, c->fact->time_s);
		compare(now->alert, share, now);
	}
	return e;
}

/* What most have, where there are enough to tell. */
static const struct peer_content *
usual_of(const struct peer_share *s)
{
	return !s->individual && s->usual != NULL && s->holding >= PEERS_LEAST &&
		       2 * (uint64_t)s->usual->holders >= s->holding
		   ? s->usual
		   : NULL;
}

static enum err
note_seen(struct peers *p, const struct digest *d, bool *is_new)
{
	struct seen *s;

	HASH_FIND(hh, p->seen, d, sizeof(*d), s);
	*is_new = s == NULL;
	if (s != NULL)
		return ERR_OK;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return ERR_MEMORY;
	s->digest = *d;
	HASH_ADD(hh, p->seen, digest, sizeof(s->digest), s);
	return ERR_OK;
}

/* ALERT_KINDS: it fits. Who is new among its peers may have what it likes, for a day (sweep). */
static enum alert_kind
judge(const struct change *c, const struct peer_content *now)
{
	if (c->explained || c->usual == NULL || c->old == NULL || now == c->usual || now == c->old)
		return ALERT_KINDS;
	if (c->made)
		return c->is_new ? ALERT_FIRST_SEEN : ALERT_KINDS;
	if (now->first_entry >= c->old->first_entry)
		return ALERT_KINDS;
	if (c->was_gone)
		return ALERT_OLD_BACK;
	return c->old == c->usual ? ALERT_AGAINST_WAVE : ALERT_KINDS;
}

static enum err
raise_about(struct peers *p, enum alert_kind kind, struct peer_group *group,
    enum component_kind component, struct peer_content *content, uint64_t time_s)
{
	const struct alert like = {.kind = kind,
	    .group = group,
	    .component = component,
	    .subject = content->digest,
	    .first_entry = p->entry,
	    .first_s = time_s};

	return alert_list_add(&p->alerts, &like, &content->alert);
}

static void
compare(struct alert *a, const struct peer_share *s, const struct peer_content *c)
{
	a->holders = c->holders;
	a->peers = s->holding;
	a->usual_holders = s->usual->holders;
	a->usual = s->usual->digest;
}

static enum err
note_flapping(struct peers *p, const struct change *c)
{
	const struct alert like = {.kind = ALERT_FLAPPING,
	    .group = c->peer->group,
	    .first_entry = c->fact->entry,
	    .first_s = c->fact->time_s};
	const uint64_t fourth = peer_note_change(c->peer->changed_s, c->fact->time_s);
	enum err e = ERR_OK;

	if (fourth == 0 || c->fact->time_s - fourth > ALERT_DAY_S)
		return ERR_OK;
	if (c->peer->flapping == NULL)
		e = alert_list_add(&p->alerts, &like, &c->peer->flapping);
	if (c->peer->flapping != NULL)
		alert_add_place(c->peer->flapping, c->peer, c->fact->entry, c->fact->time_s);
	return e;
}

static enum err
sweep(struct peers *p, uint64_t now_s)
{
	enum err e = boots_sweep(&p->boots, p->entry, now_s, &p->alerts);

	for (size_t i = 0; i < p->peer_count; i++) {
		struct peer *one = p->peer[i];

		if (one != NULL && one->flapping != NULL &&
		    now_s - one->flapping->last_s > ALERT_DAY_S)
			alert_over(&one->flapping, ALERT_CEASED, p->entry, now_s);
	}
	for (struct peer_group *g = p->groups; g != NULL; g = g->hh.next)
		for (size_t k = 0; e == ERR_OK && k < COMPONENT_KIND_COUNT; k++)
			e = sweep_share(p, g, (enum component_kind)k, now_s);
	return e;
}

/* What few have while most have something else: for a day what is newer, for a week what is older.
 */
static enum err
sweep_share(struct peers *p, struct peer_group *g, enum component_kind kind, uint64_t now_s)
{
	struct peer_share *s = &g->share[kind];
	const struct peer_content *usual = usual_of(s);
	enum err e = ERR_OK;

	if (s->individual) /* nothing can be said of it any more */
		for (struct peer_content *c = s->contents; c != NULL; c = c->hh.next)
			alert_over(&c->alert, ALERT_USUAL, p->entry, now_s);
	if (usual == NULL || s->holding < PEERS_RARE_LEAST)
		return ERR_OK;
	for (struct peer_content *c = s->contents; e == ERR_OK && c != NULL; c = c->hh.next) {
		const bool older = c->first_entry < usual->first_entry;
		const bool rare = !older && !c->explained && c->holders <= PEERS_RARE_MOST &&
				  5 * (uint64_t)usual->holders >= 4 * (uint64_t)s->holding &&
				  now_s - c->since_s >= ALERT_DAY_S;
		const bool behind = older && 20 * (uint64_t)c->holders <= s->holding &&
				    now_s - usual->first_s >= ALERT_WEEK_S &&
				    now_s - c->since_s >= ALERT_DAY_S;

		if (c->holders == 0 || c->alert != NULL || c == usual || (!rare && !behind))
			continue;
		e = raise_about(p, rare ? ALERT_RARE : ALERT_STRAGGLER, g, kind, c, now_s);
		if (c->alert == NULL)
			continue;
		name_holders(p, c->alert, c, now_s);
		compare(c->alert, s, c);
	}
	return e;
}

static void
name_holders(struct peers *p, struct alert *a, const struct peer_content *c, uint64_t time_s)
{
	for (size_t i = 0; i < p->peer_count; i++) {
		const struct peer *one = p->peer[i];

		if (one != NULL && !one->away && one->held[a->component] == c)
			alert_add_place(a, one, p->entry, time_s);
	}
}
