#include "collector/act/grant.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/glob.h"

static enum err add_key(struct grant_keys *k, const char *path, struct trouble *t);
static enum err check(const struct statement_document *d, const struct grant_keys *keys,
    const char *collector, uint64_t now_s, struct trouble *t);
static const struct statement_key *find_key(const struct grant_keys *k, const struct digest *id);
static bool is_for(const struct statement *s, const char *collector);
static void take(const struct statement_document *d, struct grant *out);
static void copy(struct view from, char *to);

enum err
grant_keys_load(struct grant_keys *k, const struct collector_acts *acts, struct trouble *t)
{
	const size_t count = acts != NULL ? acts->key_count : 0;
	struct grant_keys fresh = {.key = calloc(count + 1, sizeof(*fresh.key))};
	enum err e = fresh.key != NULL ? ERR_OK : ERR_MEMORY;

	for (size_t i = 0; e == ERR_OK && i < count; i++)
		e = add_key(&fresh, acts->keys[i], t);
	if (e != ERR_OK) {
		grant_keys_free(&fresh);
		return e;
	}
	grant_keys_free(k);
	*k = fresh;
	return ERR_OK;
}

void
grant_keys_free(struct grant_keys *k)
{
	for (size_t i = 0; i < k->count; i++)
		statement_key_free(&k->key[i]);
	free(k->key);
	*k = (struct grant_keys){NULL, 0};
}

static enum err
add_key(struct grant_keys *k, const char *path, struct trouble *t)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *key;
	enum err e;

	if (file == NULL)
		return trouble_set(t, ERR_CONFIG, "acts.keys: %s: %s", path, strerror(errno));
	key = PEM_read_PUBKEY(file, NULL, NULL, NULL);
	(void)fclose(file);
	e = key != NULL ? statement_key_from_held(key, &k->key[k->count]) : ERR_FORMAT;
	EVP_PKEY_free(key);
	if (e != ERR_OK)
		return trouble_set(t, ERR_CONFIG,
		    "acts.keys: %s: expected a public key in PEM that can sign statements: EC "
		    "P-256 or P-384, Ed25519, or RSA of 2,048 bits or more",
		    path);
	k->count++;
	return ERR_OK;
}

enum err
grant_judge(struct view file, const struct grant_keys *keys, const char *collector, uint64_t now_s,
    struct grant *out, struct trouble *t)
{
	struct statement_document *d;
	enum err e;

	if ((e = statement_parse(file, &d)) != ERR_OK)
		return trouble_set(t, e, "it is no statement");
	if ((e = check(d, keys, collector, now_s, t)) == ERR_OK)
		take(d, out);
	statement_document_free(&d);
	return e;
}

/* PROTOCOL.md has this order. */
static enum err
check(const struct statement_document *d, const struct grant_keys *keys, const char *collector,
    uint64_t now_s, struct trouble *t)
{
	const struct statement *s = statement_document_statement(d);
	const struct statement_key *key = find_key(keys, statement_document_key_id(d));
	enum err e;

	if (statement_kind_place(statement_kind(s)) != STATEMENT_ON_HOSTS)
		return trouble_set(t, ERR_STATEMENT_KIND,
		    "expected a statement act-grant or break-glass, found %.*s",
		    view_precision(s->kind_name), (const char *)s->kind_name.data);
	if ((e = statement_check_subject(s)) != ERR_OK)
		return trouble_set(t, e, "its subject is not that of its kind");
	if (key == NULL)
		return trouble_set(
		    t, ERR_STATEMENT_KEY, "it is by none of the keys of this configuration");
	if ((e = statement_verify(d, key)) != ERR_OK)
		return trouble_set(t, e, "its signature does not verify");
	if (!is_for(s, collector))
		return trouble_set(
		    t, ERR_STATEMENT_SUBJECT, "it is for another collector than %s", collector);
	if (s->not_after_s <= now_s)
		return trouble_set(t, ERR_STATEMENT_TIME, "its time is over");
	return ERR_OK;
}

static const struct statement_key *
find_key(const struct grant_keys *k, const struct digest *id)
{
	for (size_t i = 0; i < k->count; i++)
		if (digest_equal(statement_key_id(k->key[i]), id))
			return k->key[i];
	return NULL;
}

static bool
is_for(const struct statement *s, const char *collector)
{
	const struct view own = view_of_string(collector);

	if (statement_kind(s) == STATEMENT_ACT_GRANT)
		return view_equal(statement_value(s, "collector"), own);
	return glob_match(statement_value(s, "collectors"), own, GLOB_IDENTITY);
}

static void
take(const struct statement_document *d, struct grant *out)
{
	const struct statement *s = statement_document_statement(d);

	*out = (struct grant){.name = *statement_document_digest(d),
	    .key = *statement_document_key_id(d),
	    .number = s->number,
	    .not_before_s = s->not_before_s,
	    .not_after_s = s->not_after_s,
	    .is_break_glass = statement_kind(s) == STATEMENT_BREAK_GLASS,
	    .act = STATEMENT_NO_ACT};
	if (!out->is_break_glass) {
		out->act = statement_act_from_word(statement_value(s, "act"));
		if (statement_value_digest(s, "report", &out->report) != ERR_OK)
			abort(); /* its subject was checked */
	}
	copy(s->origin, out->origin);
	copy(statement_value(s, out->is_break_glass ? "workloads" : "workload"), out->workload);
	copy(s->reason, out->reason);
}

/* The form of a statement has seen to the sizes. */
static void
copy(struct view from, char *to)
{
	memcpy(to, from.data, from.size);
	to[from.size] = '\0';
}

bool
grant_suspends(const struct grant *g, const char *workload, uint64_t now_s)
{
	return g->is_break_glass && g->not_before_s <= now_s && now_s < g->not_after_s &&
	       glob_match(view_of_string(g->workload), view_of_string(workload), GLOB_TEXT);
}
