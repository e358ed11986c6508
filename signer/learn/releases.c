#include "signer/learn/releases.h"

#include <string.h>

static bool is_program(const struct seen *seen, const struct seen_item *item);
static bool has_place(const struct seen *seen, size_t begin, size_t end, const struct seen_item *p);
static bool came_behind(const struct seen_item *later, const struct seen_item *earlier);
static void put(struct releases *r, const struct seen_item *program);

void
releases_find(const struct seen *seen, struct releases *out)
{
	const size_t count = seen_item_count(seen);
	size_t begin = 0, end;

	*out = (struct releases){.count = 0};
	while (begin < count && !is_program(seen, seen_item_at(seen, begin)))
		begin++;
	for (end = begin; end < count && is_program(seen, seen_item_at(seen, end));)
		end++;
	for (size_t i = begin; i < end; i++) {
		const struct seen_item *p = seen_item_at(seen, i);

		if (number_set_count(&p->main) == 0)
			continue;
		if (!has_place(seen, begin, end, p))
			out->unordered++;
		else if (out->count == RELEASES_MAX)
			out->too_many = true;
		else
			put(out, p);
	}
	if (out->too_many || out->count == 1) {
		out->unordered += out->count;
		out->count = 0;
	}
}

bool
releases_has(const struct releases *r, size_t release, const struct seen_item *content)
{
	return number_set_meet(&r->program[release]->main, &content->with);
}

bool
releases_divide(const struct releases *r, const struct seen_item *content)
{
	size_t with = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (r->program[i] == content)
			return true;
		with += releases_has(r, i, content);
	}
	return with > 0 && with < r->count;
}

/* Its contents stand in a row, for items are sorted. */
static bool
is_program(const struct seen *seen, const struct seen_item *item)
{
	const struct view program = seen_summary(seen)->program;

	return item->kind == COMPONENT_EXECUTABLE && !item->made && !item->whole && !item->link &&
	       program.size > 0 && view_equal(item->name, program);
}

static bool
has_place(const struct seen *seen, size_t begin, size_t end, const struct seen_item *p)
{
	bool found = false;

	for (size_t i = begin; i < end; i++) {
		const struct seen_item *other = seen_item_at(seen, i);

		if (other == p || number_set_count(&other->main) == 0)
			continue;
		if (other->when.from_s == p->when.from_s)
			return false;
		found = found || came_behind(p, other) || came_behind(other, p);
	}
	return found;
}

static bool
came_behind(const struct seen_item *later, const struct seen_item *earlier)
{
	return earlier->when.from_s < later->when.from_s &&
	       number_set_meet(&later->before, &earlier->main);
}

static void
put(struct releases *r, const struct seen_item *program)
{
	size_t at = r->count++;

	for (; at > 0 && r->program[at - 1]->when.from_s > program->when.from_s; at--)
		r->program[at] = r->program[at - 1];
	r->program[at] = program;
}
