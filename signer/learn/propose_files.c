#include "signer/learn/propose_files.h"

#include <inttypes.h>

#include "proto/evidence/reference_entry.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "signer/learn/yaml_text.h"

#define PATH_SHOWN  1024 /* bytes, as all names in the review */
#define OWNERS_MOST (sizeof(((struct seen_summary *)0)->owners) / sizeof(uint32_t))

static void write_set(struct proposal *p, enum component_kind kind);
static void write_content(struct proposal *p, const struct seen_item *whole, size_t at, size_t end);
static void write_into_releases(struct proposal *p, const struct seen_item *c);
static bool is_program_of(const struct proposal *p, size_t release, const struct seen_item *c);
static void write_names(struct proposal *p, enum component_kind kind);
static void note_content(
    struct proposal *p, const struct seen_item *whole, const struct seen_item *c);
static void note_replaced(struct proposal *p, size_t at, size_t end);
static void write_program(struct proposal *p);
static void write_made(struct proposal *p, enum component_kind kind);
static void write_list(struct proposal *p, enum component_kind kind, struct view name, bool all);
static bool in_every_variant(const struct proposal *p, size_t begin, size_t end, struct view value);
static bool was_before(const struct proposal *p, size_t begin, size_t at, size_t value);
static void write_owners(struct proposal *p);
static void write_memories(struct proposal *p);

void
propose_files(struct proposal *p, enum component_kind kind)
{
	const char *name = component_kind_name(kind);

	write_set(p, kind);
	/* A set has to have a line; libraries may be none, and then there is nothing to list. */
	if (p->set[kind].size == 0 && !p->divided[kind] &&
	    (kind != COMPONENT_LIBRARIES ||
		(p->set[COMPONENT_EXECUTABLE].size == 0 && !p->divided[COMPONENT_EXECUTABLE]))) {
		p->recorded[kind] = true;
		buf_append_format(&p->review, "%s: nothing of it can be listed: no rule\n", name);
		return;
	}
	p->rule_count++;
	buf_append_format(&p->rules, "    %s:\n      references: [", name);
	write_names(p, kind);
	buf_append_string(&p->rules, "]\n");
	if (kind == COMPONENT_EXECUTABLE)
		write_program(p);
	write_made(p, kind);
	if (kind == COMPONENT_FILES)
		write_owners(p);
	if (kind == COMPONENT_LIBRARIES)
		write_memories(p);
}

/* Of `files` each path of a set is demanded: one that not every component has is left out. */
static void
write_set(struct proposal *p, enum component_kind kind)
{
	const size_t everywhere = seen_summary(p->seen)->components[kind];
	const struct seen_item *whole = NULL;
	size_t end;

	for (size_t i = proposal_range(p->seen, kind, false, &end); i < end; i++) {
		const struct seen_item *item = seen_item_at(p->seen, i);

		if (item->whole || whole == NULL) {
			whole = item;
			continue;
		}
		if (kind == COMPONENT_FILES && whole->components < everywhere) {
			proposal_note(p, "left out, since some lack it", item);
			continue;
		}
		if (item->link) {
			proposal_note(p, "left out, since sets list links by their target", item);
			continue;
		}
		write_content(p, whole, i, end);
	}
}

/* Into the sets of the releases that it was seen with, or into that of its kind, for all of them.
 */
static void
write_content(struct proposal *p, const struct seen_item *whole, size_t at, size_t end)
{
	const struct seen_item *c = seen_item_at(p->seen, at);
	const struct reference_entry entry = {.path = c->name, .digest = c->digest};

	if (c->kind != COMPONENT_FILES && whole->variants > 1 && releases_divide(&p->releases, c)) {
		write_into_releases(p, c);
		return;
	}
	note_content(p, whole, c);
	if (number_set_count(&c->main) > 0 && whole->variants > 1)
		proposal_note(
		    p, "no release, since nothing tells its place among them: always counts", c);
	note_replaced(p, at, end);
	reference_entry_append(&entry, &p->set[c->kind]);
}

/* Nothing stands twice in a set, though a program may be mapped as a library, too. */
static void
write_into_releases(struct proposal *p, const struct seen_item *c)
{
	const struct reference_entry entry = {.path = c->name, .digest = c->digest};
	char what[80];

	p->divided[c->kind] = true;
	for (size_t i = 0; i < p->releases.count; i++) {
		if (!releases_has(&p->releases, i, c))
			continue;
		if (i == 0)
			(void)snprintf(what, sizeof(what), "of release 1");
		else
			(void)snprintf(
			    what, sizeof(what), "of release %zu, which replaces %zu", i + 1, i);
		proposal_note(p, what, c);
		if (c->kind != COMPONENT_LIBRARIES || !is_program_of(p, i, c))
			reference_entry_append(&entry, &p->release_set[i]);
	}
}

/* Whether the set has it already: all of kind executable come first. */
static bool
is_program_of(const struct proposal *p, size_t release, const struct seen_item *c)
{
	const struct seen_item *whole = NULL;
	size_t end;

	for (size_t i = proposal_range(p->seen, COMPONENT_EXECUTABLE, false, &end); i < end; i++) {
		const struct seen_item *e = seen_item_at(p->seen, i);

		if (e->whole)
			whole = e;
		else if (whole != NULL && whole->variants > 1 && !e->link &&
			 view_equal(e->name, c->name) && digest_equal(&e->digest, &c->digest) &&
			 releases_divide(&p->releases, e) && releases_has(&p->releases, release, e))
			return true;
	}
	return false;
}

/* Of libraries, where none is listed, those of the program, since a rule has to name a set. */
static void
write_names(struct proposal *p, enum component_kind kind)
{
	const enum component_kind of =
	    p->set[kind].size == 0 && !p->divided[kind] ? COMPONENT_EXECUTABLE : kind;

	if (p->set[of].size > 0)
		buf_append_format(
		    &p->rules, "learned-%s%s", component_kind_name(of), p->divided[of] ? ", " : "");
	if (p->divided[of])
		buf_append_string(&p->rules, "learned");
}

static void
note_content(struct proposal *p, const struct seen_item *whole, const struct seen_item *c)
{
	if (whole->variants > 1)
		proposal_note(p, "one of several contents", c);
	else if (number_set_count(&c->hosts) == 1 && seen_host_count(p->seen) > 1)
		proposal_note(p, "on one host only", c);
}

/* A content that came when another one of its path had been seen for the last time, on any host. */
static void
note_replaced(struct proposal *p, size_t at, size_t end)
{
	const struct seen_item *now = seen_item_at(p->seen, at), *before = NULL;
	char hex[2][DIGEST_HEX_SIZE + 1], time[UTC_TEXT_SIZE];
	size_t first = at;

	while (!seen_item_at(p->seen, first)->whole)
		first--;
	for (size_t i = first + 1; i < end && !seen_item_at(p->seen, i)->whole; i++) {
		const struct seen_item *other = seen_item_at(p->seen, i);

		if (other->when.to_s < now->when.from_s &&
		    (before == NULL || other->when.to_s > before->when.to_s))
			before = other;
	}
	if (before == NULL)
		return;
	digest_to_hex(&before->digest, hex[0]);
	digest_to_hex(&now->digest, hex[1]);
	p->noted++;
	buf_append_format(&p->review, "%s: replaced since %s: ", component_kind_name(now->kind),
	    utc_text(now->when.from_s, time));
	text_append_printable(&p->review, now->name, PATH_SHOWN);
	buf_append_format(&p->review,
	    " %s by %s; were these releases? A family of two sets demands that all files are of "
	    "one\n",
	    hex[0], hex[1]);
}

static void
write_program(struct proposal *p)
{
	const struct view program = seen_summary(p->seen)->program;
	const size_t before = p->rules.size;

	if (program.size == 0 || program.data[0] != '/')
		return;
	buf_append_string(&p->rules, "      path: ");
	if (yaml_text_append(program, &p->rules))
		buf_append_byte(&p->rules, '\n');
	else
		p->rules.size = before;
}

/* How it was measured: what says less than the rule means has to be accepted by name. */
static void
write_made(struct proposal *p, enum component_kind kind)
{
	write_list(p, kind, VIEW_LITERAL("patterns"), true);
	write_list(p, kind, VIEW_LITERAL("excludes"), false);
	write_list(p, kind, VIEW_LITERAL("may_change"), false);
	write_list(p, kind, VIEW_LITERAL("may_grow"), false);
	write_list(p, kind, VIEW_LITERAL("options"), false);
}

/* `all`: the values that every component has; else those that any has, to be looked at. */
static void
write_list(struct proposal *p, enum component_kind kind, struct view name, bool all)
{
	const size_t before = p->rules.size;
	size_t end, begin = proposal_range(p->seen, kind, true, &end), written = 0;
	const struct seen_item *whole;

	while (begin < end && !view_equal(seen_item_at(p->seen, begin)->name, name))
		begin++;
	if (begin == end)
		return;
	whole = seen_item_at(p->seen, begin++);
	for (end = begin; end - begin < whole->variants;)
		end++;
	buf_append_format(
	    &p->rules, "      %.*s: [", view_precision(name), (const char *)name.data);
	for (size_t i = begin; i < end; i++) {
		const struct component_fact *f = &seen_item_at(p->seen, i)->fact;

		for (size_t v = 0; v < f->value_count; v++) {
			const size_t size = p->rules.size;

			if (was_before(p, begin, i, v) ||
			    view_equal(f->values[v], VIEW_LITERAL("main_only")) ||
			    (all && !in_every_variant(p, begin, end, f->values[v])))
				continue;
			buf_append_string(&p->rules, written > 0 ? ", " : "");
			if (yaml_text_append(f->values[v], &p->rules))
				written++;
			else
				p->rules.size = size;
		}
	}
	if (written > 0)
		buf_append_string(&p->rules,
		    all ? "]\n" : "]  # look: how collectors measure; accept only what is meant\n");
	else
		p->rules.size = before;
}

static bool
in_every_variant(const struct proposal *p, size_t begin, size_t end, struct view value)
{
	for (size_t i = begin; i < end; i++) {
		const struct component_fact *f = &seen_item_at(p->seen, i)->fact;
		size_t v = 0;

		while (v < f->value_count && !view_equal(f->values[v], value))
			v++;
		if (v == f->value_count)
			return false;
	}
	return true;
}

/* Whether this value of the item `at` is among those that came before it. */
static bool
was_before(const struct proposal *p, size_t begin, size_t at, size_t value)
{
	const struct view wanted = seen_item_at(p->seen, at)->fact.values[value];

	for (size_t i = begin; i <= at; i++) {
		const struct component_fact *f = &seen_item_at(p->seen, i)->fact;

		for (size_t v = 0; v < f->value_count && (i < at || v < value); v++)
			if (view_equal(f->values[v], wanted))
				return true;
	}
	return false;
}

/* Root alone is what a rule means by itself. */
static void
write_owners(struct proposal *p)
{
	const struct seen_summary *s = seen_summary(p->seen);

	if (s->owner_count == 0 || (s->owner_count == 1 && s->owners[0] == 0))
		return;
	if (s->owner_count > OWNERS_MOST) {
		buf_append_string(&p->review, "files: more owners than a policy can list\n");
		return;
	}
	buf_append_string(&p->rules, "      owners: [");
	for (size_t i = 0; i < s->owner_count; i++)
		buf_append_format(&p->rules, "%s%" PRIu32, i > 0 ? ", " : "", s->owners[i]);
	buf_append_string(&p->rules, "]  # look: who may own them\n");
}

/* As measured, sizes are powers of two from 64 KiB on. */
static void
write_memories(struct proposal *p)
{
	const size_t count = seen_memory_count(p->seen);
	size_t written = 0;

	for (size_t i = 0; i < count; i++) {
		const struct seen_memory *m = seen_memory_at(p->seen, i);
		const size_t before = p->rules.size;

		buf_append_string(&p->rules,
		    written == 0 ? "      accept_anonymous:  # look: who compiles at run time\n"
				 : "");
		buf_append_string(&p->rules, "        - {program: ");
		if (!yaml_pattern_append(m->program, &p->rules)) {
			p->rules.size = before;
			continue;
		}
		written++;
		buf_append_format(&p->rules,
		    ", bytes: \"<= %" PRIu64 " KiB\", mappings: \"<= %" PRIu64 "\"%s}\n",
		    (m->bytes + 1023) / 1024, m->mappings, m->writable ? ", writable: true" : "");
	}
}
