/* What the sources of a policy say: how files are read that are no sets themselves. */
#include "policy/words/clause_writer.h"

static void say_source(struct buf *to, const struct source_options *o);
static void say_keys(struct buf *to, const struct source_keys *keys);
static void say_texts(struct buf *to, const char *before, const struct source_texts *t);

void
clauses_of_sources(struct clause_writer *w)
{
	char key[DRAFT_KEY_MAX];

	for (size_t i = 0; i < w->policy->source_count; i++) {
		const struct policy_source *s = &w->policy->sources[i];

		(void)snprintf(key, sizeof(key), "sources[%zu].name", i);
		say_source(clause_begin(w, "sources", view_of_string(s->name), key), &s->options);
	}
}

static void
say_source(struct buf *to, const struct source_options *o)
{
	if (o->signed_only)
		say_keys(to, &o->keys);
	else
		buf_append_string(to, "need not be signed");
	say_texts(to, "; built by ", &o->builders);
	say_texts(to, "; as ", &o->build_types);
	say_texts(to, "; with ", &o->parameters);
	say_texts(to, "; or saying ", &o->predicate_types);
	if (o->under != NULL) {
		buf_append_string(to, "; relative names below ");
		clause_quote(to, view_of_string(o->under));
	}
}

static void
say_keys(struct buf *to, const struct source_keys *keys)
{
	buf_append_string(to, "signed by the key ");
	for (size_t i = 0; i < keys->count; i++) {
		char hex[DIGEST_HEX_SIZE + 1];

		digest_to_hex(statement_key_id(keys->key[i]), hex);
		buf_append_format(to, "%s%s", i > 0 ? " or " : "", hex);
	}
}

static void
say_texts(struct buf *to, const char *before, const struct source_texts *t)
{
	for (size_t i = 0; i < t->count; i++) {
		buf_append_string(to, i == 0 ? before : ", ");
		clause_quote(to, view_of_string(t->text[i]));
	}
}
