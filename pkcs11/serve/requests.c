#include "pkcs11/serve/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/claims.h"
#include "pkcs11/serve/observe.h"
#include "pkcs11/serve/summaries.h"
#include "proto/tlog/checkpoint.h"

static enum err begin_checkpoint(
    struct requests *q, const struct keychannel_request *r, struct signing_job *job);
static enum err begin_last(
    struct requests *q, const struct keychannel_request *r, struct signing_job *job);
static enum err check_tree(struct requests *q, const struct keychannel_request *r);
static enum err write_text(
    const struct requests *q, const struct keychannel_request *r, struct signing_job *job);
static bool waits(const struct requests *q);
static enum err check_notice(struct requests *q, const struct keychannel_request *r);
static uint64_t wall_s(void);
static enum err begin_token(
    struct requests *q, const struct keychannel_request *r, struct signing_job *job);
static void explain(struct requests *q, const struct keychannel_request *r, enum err e);
static void say(struct requests *q, const struct keychannel_request *r, enum err e);
static struct requests_said *find_said(struct requests_said said[REQUESTS_CODES], enum err e);
static bool is_time_to_say(struct requests_said *said);
static uint64_t now_us(void);

void
requests_init(struct requests *q, const struct hsm_config *config, const struct digest *order)
{
	memset(q, 0, sizeof(*q));
	q->config = config;
	q->order = order;
	q->notice = (struct notice_document)NOTICE_DOCUMENT_INIT;
	q->document = (struct report_document)REPORT_DOCUMENT_INIT;
	q->why = BUF_INIT;
	q->text = BUF_INIT;
}

void
requests_serve(struct requests *q, struct guard *guard, const struct note_verifier *verifier,
    const struct note_verifier *beside, const struct note_verifier *lost)
{
	q->guard = guard;
	q->verifier = verifier;
	q->beside = beside;
	q->lost = lost;
	growth_begin(&q->growth, now_us(), guard_rested_us(guard));
}

void
requests_free(struct requests *q)
{
	report_document_free(&q->document);
	notice_document_free(&q->notice);
	buf_free(&q->why);
	buf_free(&q->text);
}

enum err
requests_begin(struct requests *q, const struct keychannel_request *r, struct signing_job *job)
{
	if (r->type == KEYCHANNEL_CLOSE)
		return begin_last(q, r, job);
	return r->type == KEYCHANNEL_CHECKPOINT ? begin_checkpoint(q, r, job)
						: begin_token(q, r, job);
}

enum err
requests_observe(struct requests *q, const struct keychannel_request *r)
{
	if (waits(q))
		return observe(q->guard, q->lost, NULL, r);
	return observe(q->guard, q->verifier, q->beside, r);
}

struct view
requests_refuse(struct requests *q, const struct keychannel_request *r, enum err e)
{
	buf_clear(&q->text);
	explain(q, r, e);
	say(q, r, e);
	return buf_view(&q->text);
}

static enum err
begin_checkpoint(struct requests *q, const struct keychannel_request *r, struct signing_job *job)
{
	const uint64_t before = guard_state(q->guard)->size;
	enum err e;

	if (waits(q))
		return ERR_GUARD_KEY;
	if ((e = check_tree(q, r)) != ERR_OK || (e = write_text(q, r, job)) != ERR_OK ||
	    (e = guard_write(q->guard, r->size, &r->root)) != ERR_OK)
		return e;
	growth_take(&q->growth, r->size - before);
	return ERR_OK;
}

/*
 * Of this key: the guard's next state is closed. Where it waits for a succession it is the first,
 * and its next state is open (succession.h).
 */
static enum err
begin_last(struct requests *q, const struct keychannel_request *r, struct signing_job *job)
{
	enum err e;

	if ((e = check_tree(q, r)) != ERR_OK || (e = check_notice(q, r)) != ERR_OK ||
	    (e = write_text(q, r, job)) != ERR_OK)
		return e;
	if (waits(q))
		return guard_write_first(q->guard, r->size, &r->root);
	return guard_write_last(q->guard, r->size, &r->root, q->order, wall_s());
}

static enum err
check_tree(struct requests *q, const struct keychannel_request *r)
{
	enum err e = guard_check(q->guard, r->size, &r->root, &r->proof);

	if (e == ERR_OK &&
	    r->size - guard_state(q->guard)->size > growth_level(&q->growth, now_us()))
		e = ERR_GUARD_GROWTH;
	return e;
}

static enum err
write_text(const struct requests *q, const struct keychannel_request *r, struct signing_job *job)
{
	struct checkpoint c = {.size = r->size, .root = r->root};

	memcpy(c.origin, q->config->origin, strlen(q->config->origin)); /* checked to fit */
	checkpoint_write(&c, &job->input);
	return buf_status(&job->input);
}

static bool
waits(const struct requests *q)
{
	return guard_state(q->guard)->phase == GUARD_WAITING;
}

/*
 * The log says, in its last entry, what an operator has ordered. That those who have to have signed
 * it was seen when its file was read; here it is the same by its digest.
 */
static enum err
check_notice(struct requests *q, const struct keychannel_request *r)
{
	const struct notice *n = &q->notice.notice;
	struct digest leaf;
	enum err e;

	merkle_leaf(r->report, &leaf);
	if (r->size == 0 ||
	    merkle_verify_inclusion(&leaf, r->size - 1, r->size, &r->root, &r->inclusion) != ERR_OK)
		return ERR_GUARD_UNLOGGED;
	if ((e = notice_parse(r->report, &q->notice)) == ERR_MEMORY)
		return e;
	return e == ERR_OK && n->kind == NOTICE_KEY && q->order != NULL &&
		       digest_equal(&n->sha256, q->order)
		   ? ERR_OK
		   : ERR_GUARD_KEY;
}

static uint64_t
wall_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static enum err
begin_token(struct requests *q, const struct keychannel_request *r, struct signing_job *job)
{
	struct claims_source source = {.profile = r->profile,
	    .audience = r->audience,
	    .lifetime_s = r->lifetime_s,
	    .report = r->report,
	    .index = r->index};
	const struct summary_profile *summary = summaries_find(q->config, r->profile);
	enum err e;

	source.now_s = wall_s();
	buf_clear(&q->why);
	if ((e = guard_check_report(
		 q->guard, r->report, r->index, r->size, &r->proof, &source.leaf)) != ERR_OK)
		return e;
	job->is_summary = summary != NULL;
	if (summary != NULL)
		return summaries_derive(
		    q->config, summary, &source, &q->document, &job->input, &q->why);
	return claims_derive(q->config, &source, &q->document, &job->input, &q->why);
}

/* What was expected and what was found, for the signer's log and for ours. */
static void
explain(struct requests *q, const struct keychannel_request *r, enum err e)
{
	const struct guard_state *state = guard_state(q->guard);

	if (e == ERR_GUARD_ROLLBACK)
		buf_append_format(&q->text,
		    "expected a tree of at least %" PRIu64 " reports, found %" PRIu64, state->size,
		    r->size);
	else if (e == ERR_GUARD_GROWTH)
		buf_append_format(&q->text,
		    "expected at most %" PRIu64 " more reports now, %u at once and %u a second, "
		    "found %" PRIu64,
		    q->growth.level, KEYCHANNEL_GROWTH_MAX, GROWTH_PER_S, r->size - state->size);
	else if (e == ERR_GUARD_FORK)
		buf_append_format(&q->text,
		    "expected proof that the tree of %" PRIu64
		    " reports%s extends the last signed one of %" PRIu64 ", found %s",
		    r->size, r->type == KEYCHANNEL_OBSERVE ? ", which this key has signed," : "",
		    state->size,
		    r->size == state->size ? "another root" : "one that shows something else");
	else if (e == ERR_GUARD_KEY && waits(q))
		buf_append_string(&q->text,
		    "expected a tree whose last entry is the key notice of the succession that "
		    "hallmark-hsm continue has written, found another request; nothing is signed "
		    "before that");
	else if (e == ERR_GUARD_KEY)
		buf_append_format(&q->text,
		    "expected the key notice of a transition that hallmark-hsm rotate has ordered, "
		    "found %s; nothing is given to another key",
		    q->order != NULL ? "another entry" : "that none is ordered");
	else if (e == ERR_GUARD_UNLOGGED && r->type == KEYCHANNEL_CLOSE)
		buf_append_format(&q->text,
		    "expected proof that the key notice is the last of %" PRIu64
		    " entries, found one that shows something else",
		    r->size);
	else if (e == ERR_GUARD_UNLOGGED)
		buf_append_format(&q->text,
		    "expected proof that the report is number %" PRIu64
		    " of a signed tree, found %s of %" PRIu64 "; the last signed one has %" PRIu64,
		    r->index,
		    guard_knows_tree(q->guard, r->size) ? "none for the tree"
							: "no such tree among the last",
		    r->size, state->size);
	else if (e == ERR_TOKEN_PROFILE)
		buf_append_view(&q->text, buf_view(&q->why));
	else if (r->type == KEYCHANNEL_OBSERVE && keychannel_is_decision(r->type, e))
		buf_append_format(&q->text,
		    "expected a checkpoint of %" PRIu64 " reports that this key has signed, found "
		    "that %s",
		    r->size, err_text(e));
	else
		buf_append_string(&q->text, err_text(e));
}

/* What this process ends after is always said. */
static void
say(struct requests *q, const struct keychannel_request *r, enum err e)
{
	struct requests_said *said =
	    keychannel_is_decision(r->type, e) ? find_said(q->said, e) : NULL;
	char others[64] = "";

	if (said != NULL && !is_time_to_say(said))
		return;
	if (said != NULL && said->unsaid > 0) {
		snprintf(others, sizeof(others),
		    "; and %" PRIu64 " others since the last such line", said->unsaid);
		said->unsaid = 0;
	}
	complain("request %" PRIu64 " is refused, %s: %.*s%s", r->id, err_name(e),
	    (int)q->text.size, (const char *)q->text.data, others);
}

/* There is room for all codes; if there were more, the last ones would share. */
static struct requests_said *
find_said(struct requests_said said[REQUESTS_CODES], enum err e)
{
	struct requests_said *s = said;

	while (s < &said[REQUESTS_CODES - 1] && s->code != e && s->code != ERR_OK)
		s++;
	s->code = e;
	return s;
}

/* Counts the refused request if not. */
static bool
is_time_to_say(struct requests_said *said)
{
	const uint64_t now_s = now_us() / 1000000;

	if (now_s < said->silent_s) {
		said->unsaid++;
		return false;
	}
	said->silent_s = now_s + REQUESTS_SAID_S;
	return true;
}
