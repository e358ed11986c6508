#include "policy/compile/policy_sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sources/source_json.h"
#include "proto/encoding.h"

/* Where in the file a source is being put together. */
struct place {
	struct draft *draft;
	size_t index;
	const struct raw_source *raw;
	struct source_options *options;
	char key[DRAFT_KEY_MAX];
};

static void check_name(struct place *p);
static void check_under(struct place *p);
static void take_keys(struct place *p);
static void take_texts(struct source_texts *to, char *const *from, size_t count);
static void check_parameters(struct place *p);
static const char *key_of(struct place *p, const char *member);

void
policy_sources_compile(struct draft *d)
{
	struct policy *policy = d->policy;

	policy->source_count = d->raw->sources_count;
	policy->sources = draft_memory(policy, policy->source_count, sizeof(*policy->sources));
	for (size_t i = 0; i < policy->source_count; i++) {
		const struct raw_source *raw = &d->raw->sources[i];
		struct source_options *o = &policy->sources[i].options;
		struct place p = {.draft = d, .index = i, .raw = raw, .options = o};

		policy->sources[i].name = raw->name;
		check_name(&p);
		check_under(&p);
		take_keys(&p);
		take_texts(&o->builders, raw->builders, raw->builders_count);
		take_texts(&o->build_types, raw->build_types, raw->build_types_count);
		take_texts(&o->predicate_types, raw->predicate_types, raw->predicate_types_count);
		take_texts(&o->parameters, raw->parameters, raw->parameters_count);
		check_parameters(&p);
	}
}

const struct policy_source *
policy_sources_find(struct draft *d, const char *key, const char *name)
{
	const struct policy *p = d->policy;
	char question[NEAREST_QUESTION_SIZE];
	struct nearest nearest;

	if (name == NULL)
		return NULL;
	for (size_t i = 0; i < p->source_count; i++)
		if (p->sources[i].name != NULL && strcmp(p->sources[i].name, name) == 0)
			return &p->sources[i];
	draft_guess_begin(d, &nearest, name);
	for (size_t i = 0; i < p->source_count; i++)
		draft_guess_offer(&nearest, p->sources[i].name);
	draft_fault(d, key,
	    "\"%s\" names \"%s\", which is not listed under \"sources\" at the top%s", key, name,
	    nearest_question(&nearest, question));
	return NULL;
}

enum err
policy_sources_read(const struct policy_source *s, const char *shown, struct view content,
    struct faults *faults, struct buf *text, struct reference_set **out)
{
	struct set_draft *set = set_draft_new();
	size_t count;
	enum err e;

	*out = NULL;
	e = source_json_read(shown, content, &s->options, faults, set);
	if (e == ERR_OK)
		e = set_draft_write(set, shown, faults, text, &count);
	if (e == ERR_OK)
		e = reference_parse(shown, buf_view(text), faults, out);
	set_draft_free(&set);
	return e;
}

static void
check_name(struct place *p)
{
	const struct raw_source *all = p->draft->raw->sources;

	key_of(p, "name");
	for (size_t i = 0; i < p->index && p->raw->name != NULL; i++)
		if (all[i].name != NULL && strcmp(all[i].name, p->raw->name) == 0)
			draft_fault(p->draft, p->key, "\"%s\": \"%s\" is the name of two sources",
			    p->key, p->raw->name);
}

static void
check_under(struct place *p)
{
	p->options->under = p->raw->under;
	if (p->raw->under == NULL || p->raw->under[0] == '/')
		return;
	draft_fault(p->draft, key_of(p, "under"), "\"%s\" must be an absolute path, found \"%s\"",
	    p->key, p->raw->under);
}

/* Where there is one, what nobody has signed is refused. */
static void
take_keys(struct place *p)
{
	struct source_keys *keys = &p->options->keys;

	p->options->signed_only = p->raw->keys_count > 0;
	for (size_t i = 0; i < p->raw->keys_count; i++) {
		struct buf spki = BUF_INIT;
		enum err e = base64_decode(view_of_string(p->raw->keys[i]), &spki);

		if (e == ERR_OK)
			e = statement_key_from_spki(buf_view(&spki), &keys->key[keys->count]);
		buf_free(&spki);
		if (e == ERR_OK) {
			keys->count++;
			continue;
		}
		snprintf(p->key, sizeof(p->key), "sources[%zu].keys[%zu]", p->index, i);
		draft_fault(p->draft, p->key,
		    "\"%s\" must be a public key, the base64 of its SubjectPublicKeyInfo, as "
		    "stands "
		    "between \"BEGIN PUBLIC KEY\" and its end: ECDSA on P-256 or P-384, Ed25519, "
		    "or "
		    "RSA of 2,048 to 8,192 bits",
		    p->key);
	}
}

static void
take_texts(struct source_texts *to, char *const *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to->text[to->count++] = from[i];
}

static void
check_parameters(struct place *p)
{
	struct source_texts *parameters = &p->options->parameters;
	size_t good = 0;

	for (size_t i = 0; i < parameters->count; i++) {
		const char *text = parameters->text[i];

		if (text[0] != '=' && strchr(text, '=') != NULL) {
			parameters->text[good++] = text;
			continue;
		}
		snprintf(p->key, sizeof(p->key), "sources[%zu].parameters[%zu]", p->index, i);
		draft_fault(
		    p->draft, p->key, "\"%s\" must be NAME=VALUE, found \"%s\"", p->key, text);
	}
	parameters->count = good;
}

static const char *
key_of(struct place *p, const char *member)
{
	snprintf(p->key, sizeof(p->key), "sources[%zu].%s", p->index, member);
	return p->key;
}
