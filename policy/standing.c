#include "policy/standing.h"

#include <stdlib.h>
#include <string.h>

#include "policy/effects.h"
#include "policy/feeds_in_force.h"
#include "policy/fetch.h"
#include "policy/governance/approvals.h"
#include "policy/governance/votes.h"
#include "proto/evidence/bundle.h"
#include "proto/report/inforce.h"

/* Bytes of a line of the list, at most: what another statement may add is these two. */
#define NUMBER_LINE_MAX    (7 + DIGEST_HEX_SIZE + 1 + DECIMAL_DIGITS_MAX + 1)
#define STATEMENT_LINE_MAX (10 + DIGEST_HEX_SIZE + 1 + STATEMENT_KIND_NAME_MAX + 1)
#define HEAD_LINES_MAX     128 /* the first one and the manifest's */
#define FEED_LINE_MAX      (5 + BUNDLE_WORKLOAD_MAX + 1 + DIGEST_HEX_SIZE + 1 + DECIMAL_DIGITS_MAX + 1)

struct standing {
	struct buf origin;
	bool has_manifest;
	struct digest manifest;
	bool rolls_out; /* against `rollout` */
	struct digest rollout;
	struct operators *operators;
	struct inforce_number *number;
	size_t number_count;
	struct statement_document **statement;
	size_t statement_count;
	struct feeds_in_force feeds;
	struct effects effects;
	struct vote *vote; /* room for as many as there are statements */
};

static enum err load_all(
    struct standing *s, const struct inforce *f, policy_fetch *fetch, void *context);
static enum err load_statement(
    struct standing *s, const struct inforce_statement *line, policy_fetch *fetch, void *context);
static struct votes_ground votes_ground(const struct standing *s, uint64_t iat_s);
static bool list_fits(size_t feeds, size_t numbers, size_t statements);
static enum err make_room(struct standing *s, size_t numbers, size_t statements);
static struct inforce_number *find_number(const struct standing *s, const struct digest *key);
static size_t find_statement(const struct standing *s, const struct digest *digest);
static enum err find_revoked(
    const struct standing *s, const struct statement *said, uint64_t iat_s, size_t *index);
static enum err check_clock(const struct statement *said, uint64_t iat_s, uint64_t before_s);
static void use_number(struct standing *s, const struct statement_document *d);
static void remove_statement(struct standing *s, size_t index);
static void forget_approvals(struct standing *s);
static void find_effects(struct standing *s);

enum err
standing_new(struct view origin, struct standing **out)
{
	struct standing *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	s->origin = BUF_INIT;
	buf_append_view(&s->origin, origin);
	if (buf_status(&s->origin) != ERR_OK) {
		standing_free(&s);
		return ERR_MEMORY;
	}
	*out = s;
	return ERR_OK;
}

enum err
standing_load(
    struct view list, struct view origin, policy_fetch *fetch, void *context, struct standing **out)
{
	struct standing *s = NULL;
	struct inforce *f;
	enum err e;

	*out = NULL;
	if ((e = inforce_parse(list, &f)) != ERR_OK)
		return e;
	if (f->unknown_count > 0)
		e = ERR_UNSUPPORTED;
	if (e == ERR_OK && (e = standing_new(origin, &s)) == ERR_OK)
		e = load_all(s, f, fetch, context);
	inforce_free(&f);
	if (e != ERR_OK) {
		standing_free(&s);
		return e;
	}
	*out = s;
	return ERR_OK;
}

void
standing_free(struct standing **sp)
{
	struct standing *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->statement_count; i++)
		statement_document_free(&s->statement[i]);
	free(s->statement);
	free(s->number);
	effects_free(&s->effects);
	feeds_in_force_free(&s->feeds);
	free(s->vote);
	operators_free(&s->operators);
	buf_free(&s->origin);
	free(s);
	*sp = NULL;
}

void
standing_expire(struct standing *s, uint64_t iat_s)
{
	for (size_t i = s->statement_count; i > 0; i--)
		if (statement_document_statement(s->statement[i - 1])->not_after_s <= iat_s)
			remove_statement(s, i - 1);
	find_effects(s);
}

enum err
standing_write(const struct standing *s, struct buf *to)
{
	struct inforce f = {.has_manifest = s->has_manifest, .manifest = s->manifest};
	enum err e = ERR_MEMORY;

	f.feed_count = s->feeds.count;
	for (size_t i = 0; i < s->feeds.count; i++)
		f.feeds[i] = (struct inforce_feed){buf_view(&s->feeds.feed[i].name),
		    s->feeds.feed[i].digest, s->feeds.feed[i].written_s};
	f.number_count = s->number_count;
	f.statement_count = s->statement_count;
	f.numbers = calloc(s->number_count + 1, sizeof(*f.numbers));
	f.statements = calloc(s->statement_count + 1, sizeof(*f.statements));
	if (f.numbers != NULL && f.statements != NULL) {
		for (size_t i = 0; i < s->number_count; i++)
			f.numbers[i] = s->number[i];
		for (size_t i = 0; i < s->statement_count; i++)
			f.statements[i] =
			    (struct inforce_statement){*statement_document_digest(s->statement[i]),
				statement_document_statement(s->statement[i])->kind_name};
		e = inforce_write(&f, to);
	}
	free(f.numbers);
	free(f.statements);
	return e;
}

enum err
standing_take_statement(struct standing *s, struct view envelope, uint64_t iat_s, uint64_t before_s,
    const struct statement_document **out)
{
	const struct inforce_number *used;
	struct statement_document *d;
	size_t revoked;
	enum err e = statement_parse(envelope, &d);

	if (e != ERR_OK)
		return e;
	used = find_number(s, statement_document_key_id(d));
	if ((e = approvals_judge(d, buf_view(&s->origin), s->operators,
		 used != NULL ? used->number : 0, iat_s)) != ERR_OK ||
	    (e = find_revoked(s, statement_document_statement(d), iat_s, &revoked)) != ERR_OK ||
	    (e = check_clock(statement_document_statement(d), iat_s, before_s)) != ERR_OK ||
	    (e = make_room(s, 1, 1)) != ERR_OK) {
		statement_document_free(&d);
		return e;
	}
	use_number(s, d);
	if (revoked < s->statement_count)
		remove_statement(s, revoked);
	s->statement[s->statement_count++] = d;
	standing_expire(s, iat_s);
	if (out != NULL)
		*out = d;
	return ERR_OK;
}

void
standing_find_approvals(const struct standing *s, const struct digest *manifest, uint64_t iat_s,
    struct standing_approvals *out)
{
	const struct votes_ground g = votes_ground(s, iat_s);

	memset(out, 0, sizeof(*out));
	if (s->operators == NULL)
		return;
	out->needed = operators_threshold(s->operators, STATEMENT_APPROVE);
	out->found = votes_find_approvals(&g, manifest, out->needed, s->vote, out->statement);
}

enum err
standing_take_manifest(struct standing *s, const struct digest *manifest,
    const struct digest *approvals, size_t count, uint64_t iat_s, policy_fetch *fetch,
    void *context)
{
	struct operators *operators;
	struct digest rollout;
	bool rolls_out;
	const struct votes_ground g = votes_ground(s, iat_s);
	enum err e = votes_check_approvals(&g, manifest, approvals, count);

	if (e != ERR_OK || (e = fetch_manifest(manifest, fetch, context, &operators, &rolls_out,
				&rollout)) != ERR_OK)
		return e;
	if (rolls_out && !standing_may_follow(s, &rollout)) {
		operators_free(&operators);
		return ERR_CHAIN;
	}
	s->rolls_out = rolls_out;
	s->rollout = rollout;
	operators_free(&s->operators);
	s->operators = operators; /* moved */
	s->manifest = *manifest;
	s->has_manifest = true;
	forget_approvals(s);
	standing_expire(s, iat_s);
	return ERR_OK;
}

enum err
standing_check_succession(
    const struct standing *s, const struct transition *succession, uint64_t iat_s)
{
	const struct votes_ground g = votes_ground(s, iat_s);

	return votes_check_succession(&g, succession);
}

bool
standing_may_follow(const struct standing *s, const struct digest *older)
{
	if (older == NULL)
		return true;
	return (s->has_manifest && digest_equal(&s->manifest, older)) ||
	       (s->rolls_out && digest_equal(&s->rollout, older));
}

const struct digest *
standing_rollout(const struct standing *s)
{
	return s->rolls_out ? &s->rollout : NULL;
}

const struct digest *
standing_manifest(const struct standing *s)
{
	return s->has_manifest ? &s->manifest : NULL;
}

const struct operators *
standing_operators(const struct standing *s)
{
	return s->operators;
}

size_t
standing_statement_count(const struct standing *s)
{
	return s->statement_count;
}

const struct statement_document *
standing_statement_at(const struct standing *s, size_t index)
{
	return s->statement[index];
}

const struct due_window *
standing_windows(const struct standing *s, size_t *count)
{
	*count = s->effects.window_count;
	return s->effects.window;
}

const struct amendments *
standing_amendments(const struct standing *s)
{
	const struct amendments *a = &s->effects.amendments;

	return a->revoke_count + a->not_affected_count + a->feed_count > 0 ? a : NULL;
}

enum err
standing_take_feed(struct standing *s, struct view name, const struct digest *digest,
    uint64_t written_s, uint64_t iat_s)
{
	enum err e;

	if (feeds_in_force_find(&s->feeds, name) == NULL &&
	    !list_fits(s->feeds.count + 1, s->number_count, s->statement_count))
		return ERR_FORMAT_SIZE;
	if ((e = feeds_in_force_take(&s->feeds, name, digest, written_s)) == ERR_OK)
		standing_expire(s, iat_s);
	return e;
}

const struct feed_in_force *
standing_feed(const struct standing *s, struct view name)
{
	return feeds_in_force_find(&s->feeds, name);
}

void
standing_give_feed(struct standing *s, struct feed **feed)
{
	feeds_in_force_give(&s->feeds, feed);
	find_effects(s);
}

enum err
standing_fetch_feeds(struct standing *s, policy_fetch *fetch, void *context)
{
	const enum err e = feeds_in_force_fetch(&s->feeds, fetch, context);

	find_effects(s);
	return e;
}

static enum err
load_all(struct standing *s, const struct inforce *f, policy_fetch *fetch, void *context)
{
	enum err e = make_room(s, f->number_count, f->statement_count);

	if (e == ERR_OK && f->has_manifest) {
		s->has_manifest = true;
		s->manifest = f->manifest;
		e = fetch_manifest(
		    &f->manifest, fetch, context, &s->operators, &s->rolls_out, &s->rollout);
	}
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < f->feed_count && e == ERR_OK; i++)
		e = feeds_in_force_take(
		    &s->feeds, f->feeds[i].name, &f->feeds[i].sha256, f->feeds[i].written_s);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < f->number_count; i++)
		s->number[s->number_count++] = f->numbers[i];
	for (size_t i = 0; i < f->statement_count && e == ERR_OK; i++)
		e = load_statement(s, &f->statements[i], fetch, context);
	find_effects(s);
	return e;
}

/* What its list says of it has to be true: it was judged when it was taken, and is not again. */
static enum err
load_statement(
    struct standing *s, const struct inforce_statement *line, policy_fetch *fetch, void *context)
{
	struct buf envelope = BUF_INIT;
	struct statement_document *d = NULL;
	const struct statement *said;
	const struct inforce_number *used;
	enum err e = fetch_checked(fetch, context, PACK_STATEMENT, &line->sha256, &envelope);

	if (e == ERR_OK)
		e = statement_parse(buf_view(&envelope), &d);
	buf_free(&envelope);
	if (e != ERR_OK)
		return e == ERR_STATEMENT_FORMAT ? ERR_FORMAT : e;
	said = statement_document_statement(d);
	used = find_number(s, statement_document_key_id(d));
	if (!view_equal(said->kind_name, line->kind) ||
	    !view_equal(said->origin, buf_view(&s->origin)) || used == NULL ||
	    used->number < said->number) {
		statement_document_free(&d);
		return ERR_MISMATCH;
	}
	s->statement[s->statement_count++] = d;
	return ERR_OK;
}

static struct votes_ground
votes_ground(const struct standing *s, uint64_t iat_s)
{
	return (struct votes_ground){s->statement, s->statement_count, s->operators, iat_s};
}

/*
 * For so many more. ERR_FORMAT_SIZE if the list would be too large with them, by the longest lines
 * that there are.
 */
static enum err
make_room(struct standing *s, size_t numbers, size_t statements)
{
	struct inforce_number *number;
	struct statement_document **statement;
	struct vote *vote;

	numbers += s->number_count;
	statements += s->statement_count;
	if (!list_fits(s->feeds.count + 1, numbers, statements))
		return ERR_FORMAT_SIZE;
	if ((number = reallocarray(s->number, numbers + 1, sizeof(*number))) == NULL)
		return ERR_MEMORY;
	s->number = number;
	if ((statement = reallocarray(s->statement, statements + 1, sizeof(*statement))) == NULL)
		return ERR_MEMORY;
	s->statement = statement;
	if (effects_make_room(&s->effects, statements) != ERR_OK)
		return ERR_MEMORY;
	if ((vote = reallocarray(s->vote, statements + 1, sizeof(*vote))) == NULL)
		return ERR_MEMORY;
	s->vote = vote;
	return ERR_OK;
}

/* As large as its lines can be. */
static bool
list_fits(size_t feeds, size_t numbers, size_t statements)
{
	return HEAD_LINES_MAX + feeds * FEED_LINE_MAX + numbers * NUMBER_LINE_MAX +
		   statements * STATEMENT_LINE_MAX <=
	       INFORCE_SIZE_MAX;
}

static struct inforce_number *
find_number(const struct standing *s, const struct digest *key)
{
	for (size_t i = 0; i < s->number_count; i++)
		if (digest_equal(&s->number[i].key, key))
			return &s->number[i];
	return NULL;
}

/* Its place; the count if it is not there. */
static size_t
find_statement(const struct standing *s, const struct digest *digest)
{
	size_t i = 0;

	while (i < s->statement_count &&
	       !digest_equal(statement_document_digest(s->statement[i]), digest))
		i++;
	return i;
}

/* The place of what a revoke ends; the count for a statement of another kind. */
static enum err
find_revoked(const struct standing *s, const struct statement *said, uint64_t iat_s, size_t *index)
{
	struct digest name;

	*index = s->statement_count;
	if (statement_kind(said) != STATEMENT_REVOKE ||
	    statement_value_digest(said, "statement", &name) != ERR_OK)
		return ERR_OK;
	*index = find_statement(s, &name);
	/* One whose time is over may still stand here until the notice. */
	return *index < s->statement_count &&
		       statement_document_statement(s->statement[*index])->not_after_s > iat_s
		   ? ERR_OK
		   : ERR_STATEMENT_SUBJECT;
}

/* It is about one time of the log, and no other that is too late. */
static enum err
check_clock(const struct statement *said, uint64_t iat_s, uint64_t before_s)
{
	uint64_t from_s;

	if (statement_kind(said) != STATEMENT_CLOCK)
		return ERR_OK;
	return statement_value_number(said, "from", &from_s) == ERR_OK && from_s == before_s &&
		       iat_s < before_s
		   ? ERR_OK
		   : ERR_STATEMENT_SUBJECT;
}

static void
use_number(struct standing *s, const struct statement_document *d)
{
	struct inforce_number *used = find_number(s, statement_document_key_id(d));

	if (used == NULL) {
		used = &s->number[s->number_count++];
		used->key = *statement_document_key_id(d);
	}
	used->number = statement_document_statement(d)->number;
}

static void
remove_statement(struct standing *s, size_t index)
{
	statement_document_free(&s->statement[index]);
	s->statement[index] = s->statement[--s->statement_count];
}

/* They were about what may follow the manifest before. */
static void
forget_approvals(struct standing *s)
{
	for (size_t i = s->statement_count; i > 0; i--)
		if (statement_kind(statement_document_statement(s->statement[i - 1])) ==
		    STATEMENT_APPROVE)
			remove_statement(s, i - 1);
}

static void
find_effects(struct standing *s)
{
	effects_find(&s->effects, s->statement, s->statement_count, &s->feeds);
}
