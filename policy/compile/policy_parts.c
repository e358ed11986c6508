#include "policy/compile/policy_parts.h"

#include <stdlib.h>
#include <string.h>

#include "policy/compile/policy_families.h"
#include "policy/compile/policy_sources.h"
#include "policy/sources/source_json.h"

/* What the parts are read by, and where the one in work stands. */
struct reading {
	struct draft *draft;
	policy_part_read *read;
	void *context;
	char key[DRAFT_KEY_MAX];
	size_t size, lines; /* of the sets and lists that were read */
};

static void take_references(struct reading *r);
static void take_reference(struct reading *r, struct policy_reference *to);
static enum err read_set(struct reading *r, const char *shown, struct policy_reference *to);
static enum err take_content(struct reading *r, enum manifest_kind kind, const char *name,
    const char *file, struct buf *content, char **shown);
static void count_lines(struct reading *r, size_t count);
static void take_collectors_cas(struct reading *r);
static void take_collectors_ca(struct reading *r, size_t index);
static void take_package_list(struct reading *r, size_t index);
static void take_operators(struct reading *r);
static enum err read_part(struct reading *r, enum manifest_kind kind, const char *name,
    const char *file, struct buf *content, char **shown);
static const char *from_policy(struct reading *r, const struct policy_part *part);
static void note_file(struct policy *p, struct policy_file file);
static const char *key_of(struct reading *r, const char *list, size_t index, const char *member);

void
policy_parts_compile(struct draft *d, policy_part_read *read, void *context)
{
	struct reading r = {.draft = d, .read = read, .context = context};

	policy_sources_compile(d);
	for (size_t i = 0; i < layout_text_count(d->policy->layout); i++)
		note_file(d->policy,
		    (struct policy_file){MANIFEST_INCLUDE, layout_text_name(d->policy->layout, i),
			layout_text_file(d->policy->layout, i)});
	take_references(&r);
	take_collectors_cas(&r);
	d->policy->package_list_count = d->raw->package_lists_count;
	d->policy->package_lists =
	    draft_memory(d->policy, d->raw->package_lists_count, sizeof(*d->policy->package_lists));
	for (size_t i = 0; i < d->raw->package_lists_count; i++)
		take_package_list(&r, i);
	take_operators(&r);
}

static void
take_references(struct reading *r)
{
	struct policy *p = r->draft->policy;

	policy_families_compile(r->draft);
	for (size_t i = 0; i < p->reference_count; i++) {
		p->references[i].content = p->references[i].text = BUF_INIT;
		policy_families_file_key(p, i, r->key);
		take_reference(r, &p->references[i]);
	}
}

static void
take_reference(struct reading *r, struct policy_reference *to)
{
	char *shown;

	if (take_content(r, MANIFEST_REFERENCE, to->name, to->file, &to->content, &shown) ==
		ERR_OK &&
	    read_set(r, shown, to) == ERR_OK) {
		digest_of(to->content.data, to->content.size, &to->digest);
		count_lines(r, reference_count(to->set));
	}
	free(shown);
}

/* The content is a set, or what a source gives one of. */
static enum err
read_set(struct reading *r, const char *shown, struct policy_reference *to)
{
	const struct view content = buf_view(&to->content);

	if (to->source == NULL && source_json_is(content))
		return source_fail(shown, r->draft->faults,
		    "is JSON, which is no reference set: name its \"source\"",
		    (struct view){NULL, 0});
	if (to->source == NULL)
		return reference_parse(shown, content, r->draft->faults, &to->set);
	return policy_sources_read(
	    to->source, shown, content, r->draft->faults, &to->text, &to->set);
}

/* None is read any more when there are too many bytes of them: whoever named them had few. */
static enum err
take_content(struct reading *r, enum manifest_kind kind, const char *name, const char *file,
    struct buf *content, char **shown)
{
	enum err e;

	*shown = NULL;
	if (r->size > POLICY_CONTENTS_SIZE_MAX || r->lines > POLICY_LINES_MAX)
		return ERR_FORMAT_SIZE;
	if ((e = read_part(r, kind, name, file, content, shown)) != ERR_OK)
		return e;
	r->size += content->size;
	if (r->size <= POLICY_CONTENTS_SIZE_MAX)
		return ERR_OK;
	draft_fault(r->draft, r->key,
	    "\"%s\": up to this one the reference sets and package lists have %zu bytes; at most "
	    "%lu "
	    "allowed for all",
	    r->key, r->size, POLICY_CONTENTS_SIZE_MAX);
	return ERR_FORMAT_SIZE;
}

/* A short line takes ten times as much memory as it has bytes. */
static void
count_lines(struct reading *r, size_t count)
{
	r->lines += count;
	if (r->lines > POLICY_LINES_MAX)
		draft_fault(r->draft, r->key,
		    "\"%s\": up to this one the reference sets and package lists have %zu lines; "
		    "at "
		    "most %lu allowed for all",
		    r->key, r->lines, POLICY_LINES_MAX);
}

static void
take_collectors_cas(struct reading *r)
{
	struct policy *p = r->draft->policy;

	p->collectors_ca_count = r->draft->raw->collectors_ca_count;
	p->collectors_ca = draft_memory(p, p->collectors_ca_count, sizeof(*p->collectors_ca));
	for (size_t i = 0; i < p->collectors_ca_count; i++) {
		p->collectors_ca[i].content = BUF_INIT;
		take_collectors_ca(r, i);
	}
}

static void
take_collectors_ca(struct reading *r, size_t index)
{
	const struct raw_collectors_ca *all = r->draft->raw->collectors_ca, *raw = &all[index];
	struct policy_collectors_ca *to = &r->draft->policy->collectors_ca[index];
	char *shown;

	to->name = raw->name;
	key_of(r, "collectors_ca", index, "name");
	draft_name(r->draft, r->key, raw->name);
	for (size_t i = 0; i < index && raw->name != NULL; i++)
		if (all[i].name != NULL && strcmp(all[i].name, raw->name) == 0)
			draft_fault(r->draft, r->key,
			    "\"%s\": \"%s\" is the name of two files of CAs", r->key, raw->name);
	key_of(r, "collectors_ca", index, "file");
	if (read_part(r, MANIFEST_COLLECTORS_CA, raw->name, raw->file, &to->content, &shown) ==
		ERR_OK &&
	    collectors_ca_parse(shown, buf_view(&to->content), r->draft->faults, &to->cas) ==
		ERR_OK)
		digest_of(to->content.data, to->content.size, &to->digest);
	free(shown);
}

static void
take_package_list(struct reading *r, size_t index)
{
	const struct raw_package_list *all = r->draft->raw->package_lists, *raw = &all[index];
	struct policy_package_list *to = &r->draft->policy->package_lists[index];
	char *shown;

	to->name = raw->name;
	to->content = BUF_INIT;
	key_of(r, "package_lists", index, "name");
	draft_name(r->draft, r->key, raw->name);
	for (size_t i = 0; i < index && raw->name != NULL; i++)
		if (all[i].name != NULL && strcmp(all[i].name, raw->name) == 0)
			draft_fault(r->draft, r->key,
			    "\"%s\": \"%s\" is the name of two package lists", r->key, raw->name);
	key_of(r, "package_lists", index, "file");
	if (take_content(r, MANIFEST_PACKAGE_LIST, raw->name, raw->file, &to->content, &shown) ==
		ERR_OK &&
	    package_list_parse(shown, buf_view(&to->content), r->draft->faults, &to->list) ==
		ERR_OK) {
		digest_of(to->content.data, to->content.size, &to->digest);
		count_lines(r, package_list_count(to->list));
	}
	free(shown);
}

static void
take_operators(struct reading *r)
{
	struct policy_operators *to = &r->draft->policy->operators;
	char *shown;

	snprintf(r->key, sizeof(r->key), "operators");
	if (read_part(r, MANIFEST_OPERATORS, MANIFEST_OPERATORS_NAME, r->draft->raw->operators,
		&to->content, &shown) == ERR_OK &&
	    operators_parse(shown, buf_view(&to->content), r->draft->faults, &to->operators) ==
		ERR_OK)
		digest_of(to->content.data, to->content.size, &to->digest);
	free(shown);
}

/*
 * At the place's key, which is the file's. ERR_NOT_FOUND where it or its name is missing; else what
 * reading gave, which has added its faults.
 */
static enum err
read_part(struct reading *r, enum manifest_kind kind, const char *name, const char *file,
    struct buf *content, char **shown)
{
	const struct yaml_file *yaml = r->draft->policy->yaml;
	struct buf key = BUF_INIT;
	struct policy_part part = {kind, name, file, NULL, yaml_file_spot(yaml, r->key, &key)};
	enum err e = ERR_NOT_FOUND;

	*shown = NULL;
	buf_append_byte(&key, 0);
	if (buf_status(&key) != ERR_OK)
		abort();
	part.key = (const char *)key.data;
	if (name != NULL && file != NULL) {
		note_file(
		    r->draft->policy, (struct policy_file){kind, name, from_policy(r, &part)});
		e = r->read(r->context, &part, r->draft->faults, content, shown);
	}
	buf_free(&key);
	return e;
}

/* What an included file names is from its own directory. */
static const char *
from_policy(struct reading *r, const struct policy_part *part)
{
	const size_t name = strlen(part->file) + 1;
	size_t size;
	const char *directory = layout_directory(r->draft->policy->layout, &part->spot, &size);
	char *path;

	if (size == 0 || part->file[0] == '/')
		return part->file;
	path = draft_memory(r->draft->policy, size + name, 1);
	memcpy(path, directory, size);
	memcpy(path + size, part->file, name);
	return path;
}

static void
note_file(struct policy *p, struct policy_file file)
{
	struct policy_file *grown = realloc(p->files, (p->file_count + 1) * sizeof(*grown));

	if (grown == NULL)
		abort();
	p->files = grown;
	p->files[p->file_count++] = file;
}

static const char *
key_of(struct reading *r, const char *list, size_t index, const char *member)
{
	snprintf(r->key, sizeof(r->key), "%s[%zu].%s", list, index, member);
	return r->key;
}
