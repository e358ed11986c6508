#include "signer/session/policy_change.h"

#include <stdlib.h>

#include "journal/logger.h"
#include "policy/policy_rollout.h"
#include "signer/chronicle/policy_packing.h"
#include "signer/chronicle/stored_policy.h"
#include "signer/ledger/heads/judged.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/ledger/worker.h"

/* A policy that is not used any more. */
struct discarded {
	struct policy *policy;
	struct discarded *next;
};

/*
 * The way of `service->waiting`: it is looked whether it may be taken (on the loop), it is packed
 * (by the worker), placed a piece a turn, and taken. Each step but the worker's looks again whether
 * it may, and waits if not.
 */
struct policy_change {
	struct service *service;
	struct policy_change_events events;
	struct worker *worker;
	bool busy;                      /* the worker */
	bool packs;                     /* and with that */
	struct policy_packing *packing; /* of `service->waiting`; NULL: it has not begun */
	bool places;                    /* some of that in each turn */
	struct policy *next;            /* offered while the worker packs another; NULL: none */
	bool settles;                   /* `settled` is owed */
	struct discarded *discarded;    /* for the worker to free */
	struct discarded *freed;        /* what it frees */
};

static enum err run(void *context);
static void done(void *context, enum err result);
static void start_worker(struct policy_change *c, bool packs);
static void forget_discarded(struct discarded **list);
static void on_closed(void *context);
static void settle(struct policy_change *c);
static void put_waiting(struct service *s, struct policy *p);
static bool step(struct service *s);
static bool may_take(
    struct service *s, const struct policy *p, struct standing_approvals *approvals);
static bool is_in_force(const struct service *s, const struct policy *p);
static bool take(struct service *s, struct policy *p);
static void replace(struct service *s, struct policy *p);
static enum err fetch_older(struct service *s);
static enum err say_unreadable(enum err e);
static enum err refuse_operators(const struct service *s);
static void say_waiting(struct service *s);
static void say_in_force(const struct service *s);

enum err
policy_change_begin(struct service *s)
{
	struct policy *configured = s->policy;
	const struct digest *manifest = standing_manifest(s->chronicle.notices.standing);
	enum err e = fetch_older(s);

	if (e != ERR_OK)
		return e;
	judged_resume(s->workloads, s->chronicle.notices.policy_index);
	/* Whatever the store has lost of it is stored again. */
	if (manifest != NULL && is_in_force(s, configured))
		return stored_policy_keep(s->evidence, configured, ledger_evidence(s->ledger));
	s->policy = NULL; /* moved */
	if (take(s, configured))
		return ERR_OK;
	/* Of a site that has no operators: somebody else has named them, and judges by that policy.
	 */
	if (policy_operators(configured) == NULL) {
		s->policy = configured;
		return refuse_operators(s);
	}
	e = stored_policy_load(s->evidence, manifest, &s->policy);
	if (e == ERR_OK) {
		put_waiting(s, configured);
		say_waiting(s);
		return ERR_OK;
	}
	s->policy = configured;
	return say_unreadable(e);
}

/* Of the policy that is configured, from where everything lies that the log relies on. */
static enum err
fetch_older(struct service *s)
{
	struct faults faults = FAULTS_INIT;
	enum err e;

	if (!is_in_force(s, s->policy) && !policy_change_may_follow(s, s->policy, &faults)) {
		logger_say(LOGGER_ERROR, "rollout-refused", "%s", faults.fault[0].text);
		e = ERR_CONFIG;
	} else if ((e = policy_fetch_older(s->policy, stored_fetch, s->evidence, &faults)) !=
		   ERR_OK) {
		e = say_unreadable(e);
	}
	faults_free(&faults);
	return e;
}

static enum err
say_unreadable(enum err e)
{
	struct logline l;

	if (e == ERR_MEMORY)
		return e;
	logline_begin(&l, LOGGER_ERROR, "policy-unreadable");
	logline_error(&l, e);
	logline_string(&l, "mend",
	    "the policy in force is another one than the configured, or rolled out against another "
	    "one, which cannot be read from the evidence store; restore its packs from a copy, or "
	    "configure it again");
	logline_end(&l);
	return ERR_IO;
}

bool
policy_change_may_follow(const struct service *s, const struct policy *p, struct faults *faults)
{
	const struct standing *standing = s->chronicle.notices.standing;
	const struct digest *from = policy_rollout_from(p), *now = standing_manifest(standing);
	char hex[2][DIGEST_HEX_SIZE + 1] = {"none", ""};

	if (!s->chronicle.begun || standing_may_follow(standing, from) || is_in_force(s, p))
		return true;
	if (now != NULL)
		digest_to_hex(now, hex[0]);
	digest_to_hex(from, hex[1]);
	faults_add(faults, "rollout.from", 0,
	    "expected the manifest in force, %s, or the one that this is rolled out against, found "
	    "%s: no policy decides again that has given way",
	    hex[0], hex[1]);
	return false;
}

enum err
policy_change_open(struct service *s, uv_loop_t *loop, const struct policy_change_events *events)
{
	struct policy_change *c = calloc(1, sizeof(*c));
	const struct worker_calls calls = {run, done, c};

	if (c == NULL)
		return ERR_MEMORY;
	c->service = s;
	c->events = *events;
	if (worker_new(loop, &calls, &c->worker) != ERR_OK) {
		free(c);
		return ERR_MEMORY;
	}
	s->change = c;
	return ERR_OK;
}

void
policy_change_offer(struct service *s, struct policy *configured)
{
	struct policy_change *c = s->change;

	c->settles = true;
	if (c->packs) {
		policy_change_discard(s, &c->next);
		c->next = configured;
		return;
	}
	c->places = false;
	policy_packing_free(&c->packing);
	policy_change_discard(s, &s->waiting);
	if (!s->chronicle.begun) {
		replace(s, configured);
	} else if (is_in_force(s, configured)) {
		policy_change_discard(s, &configured);
	} else {
		put_waiting(s, configured);
		policy_change_look(s);
		return;
	}
	settle(c);
}

void
policy_change_look(struct service *s)
{
	if (s->waiting != NULL)
		s->change->places = step(s);
}

bool
policy_change_go_on(struct service *s)
{
	struct policy_change *c = s->change;

	c->places = c->places && s->waiting != NULL && step(s);
	return c->places;
}

void
policy_change_discard(struct service *s, struct policy **p)
{
	struct discarded *d;

	if (*p == NULL)
		return;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		abort();
	*d = (struct discarded){*p, s->change->discarded};
	s->change->discarded = d;
	*p = NULL; /* moved */
	if (!s->change->busy)
		start_worker(s->change, false);
}

void
policy_change_close(struct service *s)
{
	worker_close(&s->change->worker, on_closed);
	s->change = NULL; /* it goes when the worker has */
}

static enum err
run(void *context)
{
	struct policy_change *c = context;

	for (struct discarded *d = c->freed; d != NULL; d = d->next)
		policy_free(&d->policy);
	if (c->packs)
		policy_packing_run(c->packing);
	return ERR_OK;
}

static void
done(void *context, enum err result)
{
	struct policy_change *c = context;
	struct policy *next = c->next;

	(void)result;
	c->busy = c->packs = false;
	forget_discarded(&c->freed);
	c->next = NULL; /* moved */
	if (next != NULL)
		policy_change_offer(c->service, next);
	else
		policy_change_look(c->service);
	if (!c->busy && c->discarded != NULL)
		start_worker(c, false);
}

static void
start_worker(struct policy_change *c, bool packs)
{
	c->busy = true;
	c->packs = packs;
	c->freed = c->discarded; /* moved */
	c->discarded = NULL;
	worker_start(c->worker);
}

static void
forget_discarded(struct discarded **list)
{
	for (struct discarded *d = *list, *next; d != NULL; d = next) {
		next = d->next;
		policy_free(&d->policy);
		free(d);
	}
	*list = NULL;
}

static void
on_closed(void *context)
{
	struct policy_change *c = context;

	forget_discarded(&c->discarded);
	forget_discarded(&c->freed);
	policy_packing_free(&c->packing);
	policy_free(&c->next);
	free(c);
}

static void
settle(struct policy_change *c)
{
	const bool owed = c->settles;

	c->settles = false;
	if (owed)
		c->events.settled(c->events.context);
}

/* One step of the one that waits. True if the next is to follow in the next turn. */
static bool
step(struct service *s)
{
	struct policy_change *c = s->change;
	struct standing_approvals approvals;
	struct policy *p = s->waiting;

	if (c->busy)
		return false; /* `done` looks again */
	if (!may_take(s, p, &approvals)) {
		say_waiting(s);
		settle(c);
		return false;
	}
	if (c->packing == NULL) {
		c->packing = policy_packing_new(s->evidence, p);
		start_worker(c, true);
		return false;
	}
	/* Windows that are being moved are those of the policy in force. */
	if (!policy_packing_place(c->packing, ledger_evidence(s->ledger)) ||
	    absences_are_moving(&s->chronicle.absences))
		return true;
	policy_packing_free(&c->packing);
	s->waiting = NULL; /* moved */
	if (take(s, p))
		settle(c);
	else
		put_waiting(s, p);
	return false;
}

static bool
is_in_force(const struct service *s, const struct policy *p)
{
	const struct digest *manifest = standing_manifest(s->chronicle.notices.standing);

	return manifest != NULL && digest_equal(policy_manifest_digest(p), manifest);
}

/* If all that it needs is there, and there is room for the notice. */
static bool
take(struct service *s, struct policy *p)
{
	struct notice_writer *n = &s->chronicle.notices;
	struct standing_approvals approvals;
	uint64_t iat_s;

	if (!may_take(s, p, &approvals))
		return false;
	iat_s = service_entry_s(s);
	absences_settle(&s->chronicle.absences);
	standing_find_approvals(n->standing, policy_manifest_digest(p), iat_s, &approvals);
	if (approvals.found < approvals.needed ||
	    !standing_may_follow(n->standing, policy_rollout_from(p)))
		return false;
	notice_writer_put_policy(n, p, &approvals, iat_s);
	judged_begin(s->workloads, n->policy_index);
	replace(s, p);
	say_in_force(s);
	return true;
}

/* As far as can be told now; the time of the notice decides. */
static bool
may_take(struct service *s, const struct policy *p, struct standing_approvals *approvals)
{
	const struct standing *standing = s->chronicle.notices.standing;

	/* The first one is put whatever the disk says: without it nothing is. */
	if (standing_manifest(standing) != NULL &&
	    (s->storage.low || s->stopping || !ledger_entry_fits(s->ledger)))
		return false;
	standing_find_approvals(standing, policy_manifest_digest(p), service_now_s(s), approvals);
	return approvals->found >= approvals->needed &&
	       standing_may_follow(standing, policy_rollout_from(p));
}

static void
replace(struct service *s, struct policy *p)
{
	(void)policy_inherit_older(p, &s->policy);
	policy_change_discard(s, &s->policy);
	s->policy = p;
	s->policy_generation++;
}

static void
put_waiting(struct service *s, struct policy *p)
{
	s->waiting = p;
	s->waiting_said = false;
}

static enum err
refuse_operators(const struct service *s)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct logline l;

	digest_to_hex(standing_manifest(s->chronicle.notices.standing), hex);
	logline_begin(&l, LOGGER_ERROR, "operators-unknown");
	logline_string(&l, "in_force", hex);
	logline_string(&l, "mend",
	    "the policy in force names operators, whose approvals the configured one lacks, and "
	    "the configured one names none: get the approvals before it is configured; if the "
	    "site has no operators, somebody else had the signer, and this log is over "
	    "(SECURITY.md)");
	logline_end(&l);
	return ERR_CONFIG;
}

/* Once for each policy, and when another approval has come or is over. */
static void
say_waiting(struct service *s)
{
	struct standing_approvals approvals;
	char hex[DIGEST_HEX_SIZE + 1];
	struct logline l;

	standing_find_approvals(s->chronicle.notices.standing, policy_manifest_digest(s->waiting),
	    s->last_issued_s, &approvals);
	if (s->waiting_said && s->waiting_found == approvals.found)
		return;
	s->waiting_said = true;
	s->waiting_found = approvals.found;
	s->waiting_needed = approvals.needed;
	digest_to_hex(policy_manifest_digest(s->waiting), hex);
	logline_begin(&l, LOGGER_WARNING, "policy-waiting");
	logline_string(&l, "manifest", hex);
	logline_number(&l, "needed", approvals.needed);
	logline_number(&l, "found", approvals.found);
	logline_view(&l, "in_force", policy_id(s->policy));
	if (!standing_may_follow(s->chronicle.notices.standing, policy_rollout_from(s->waiting)))
		logline_string(&l, "mend", "rollout.from has to name the manifest in force");
	logline_end(&l);
}

static void
say_in_force(const struct service *s)
{
	struct logline l;

	logline_begin(&l, LOGGER_INFO, "policy-in-force");
	logline_view(&l, "policy", policy_id(s->policy));
	logline_number(&l, "index", s->chronicle.notices.newest.index);
	logline_end(&l);
}
