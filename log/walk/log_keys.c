#include "log/walk/log_keys.h"

#include <stdlib.h>
#include <string.h>

#include "log/outcome.h"
#include "proto/tlog/transition.h"

static enum err read_transition(const struct notice *n, struct transition *out);
static void check(const struct log_keys *k, const struct notice *n, const struct transition *t,
    const char *origin, const struct standing *standing, struct reason *reason);
static void check_succession(const struct transition *t, const struct standing *standing,
    uint64_t issued_s, struct reason *reason);

void
log_keys_free(struct log_keys *k)
{
	free(k->change);
	*k = (struct log_keys){.count = 0};
}

enum err
log_keys_take(struct log_keys *k, const struct notice *n, uint64_t index, const char *origin,
    const struct standing *standing, struct reason *reason)
{
	struct reason own;
	struct log_key_change *grown;
	struct transition t;
	struct checkpoint newest;
	size_t statements;
	enum err e = read_transition(n, &t);

	reason_begin(&own);
	if (e == ERR_MEMORY)
		return e;
	if (e != ERR_OK)
		reason_add(&own, e == ERR_UNKNOWN_KEY ? OUTCOME_BAD : outcome_of_error(e),
		    "the transition to the next key: %s", err_text(e));
	else
		check(k, n, &t, origin, standing, &own);
	statements = t.statement_count;
	newest = t.newest;
	transition_free(&t);
	if (own.outcome == OUTCOME_GOOD && k->count == LOG_KEYS_MAX)
		reason_add(&own, OUTCOME_UNKNOWN, "the log has changed its key more than %d times",
		    LOG_KEYS_MAX);
	if (own.outcome != OUTCOME_GOOD) {
		reason_add(reason, own.outcome, "%s", own.text);
		return ERR_OK;
	}
	if ((grown = reallocarray(k->change, k->count + 1, sizeof(*grown))) == NULL)
		return ERR_MEMORY;
	k->change = grown;
	k->change[k->count++] = (struct log_key_change){
	    index, n->issued_s, n->from, n->to, statements, newest.size, newest.root};
	return ERR_OK;
}

enum log_key_place
log_keys_place(const struct log_keys *k, const struct digest *key, uint64_t size, uint64_t *least,
    uint64_t *most)
{
	bool known = false;

	if (k->count == 0)
		return LOG_KEY_IN_FORCE;
	for (size_t i = 0; i <= k->count; i++) {
		const struct digest *of = i == 0 ? &k->change[0].from : &k->change[i - 1].to;

		if (!digest_equal(of, key))
			continue;
		known = true;
		*least = i == 0 ? 0 : k->change[i - 1].index + 1;
		*most = i == k->count ? UINT64_MAX : k->change[i].index + 1;
		if (size >= *least && size <= *most)
			return LOG_KEY_IN_FORCE;
	}
	return known ? LOG_KEY_OUTSIDE : LOG_KEY_OTHER;
}

static enum err
read_transition(const struct notice *n, struct transition *out)
{
	struct buf note = BUF_INIT;
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = notice_transition(n, &note)) == ERR_OK)
		e = transition_parse(buf_view(&note), out);
	buf_free(&note);
	return e;
}

static void
check(const struct log_keys *k, const struct notice *n, const struct transition *t,
    const char *origin, const struct standing *standing, struct reason *reason)
{
	if (strcmp(t->origin, origin) != 0)
		reason_add(reason, OUTCOME_BAD,
		    "the transition to the next key: expected one of the log %s, found one of %s",
		    origin, t->origin);
	else if (!digest_equal(&t->from.id, &n->from))
		reason_add_digests(reason, "the transition's old key", &n->from, &t->from.id);
	else if (!digest_equal(&t->to.id, &n->to))
		reason_add_digests(reason, "the transition's new key", &n->to, &t->to.id);
	else if (k->count > 0 && !digest_equal(&k->change[k->count - 1].to, &n->from))
		reason_add_digests(
		    reason, "the key that gives way", &k->change[k->count - 1].to, &n->from);
	for (size_t i = 0; reason->outcome == OUTCOME_GOOD && i < k->count; i++)
		if (digest_equal(&k->change[i].from, &n->to))
			reason_add(reason, OUTCOME_BAD,
			    "the key that follows was the log's before, and had given way");
	if (reason->outcome == OUTCOME_GOOD && transition_is_succession(t))
		check_succession(t, standing, n->issued_s, reason);
}

/* The new key alone has signed it: it is by the operators' word that the log goes on. */
static void
check_succession(const struct transition *t, const struct standing *standing, uint64_t issued_s,
    struct reason *reason)
{
	if (standing == NULL)
		reason_add(reason, OUTCOME_UNKNOWN,
		    "the log goes on without the key before by statements of operators, and what "
		    "was in force behind the notice before is not known");
	else if (standing_check_succession(standing, t, issued_s) != ERR_OK)
		reason_add(reason, OUTCOME_BAD,
		    "the log goes on without the key before, and what that rests on does not "
		    "count: "
		    "expected statements continue-key of it that are in force, by as many "
		    "different "
		    "operators as are demanded");
}
