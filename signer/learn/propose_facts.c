#include "signer/learn/propose_facts.h"

#include <stdlib.h>

#include "policy/compile/policy_schema.h"
#include "proto/evidence/redacted.h"
#include "signer/learn/yaml_text.h"

/* The variants of one fact. */
struct variants {
	const struct seen_item *whole;
	const struct seen_item *list[SEEN_VARIANTS_MAX];
	size_t count;
	size_t least, most; /* values of one */
};

static const char *demand_of(
    const struct proposal *p, const struct seen_item *whole, size_t at, struct buf *to);
static bool differs_by_nature(struct view name);
static const char *look_at(const struct variants *v);
static bool gather(const struct proposal *p, size_t at, struct variants *v);
static bool write_demand(const struct variants *v, struct buf *to);
static bool write_equals(const struct variants *v, struct buf *to);
static bool write_require(const struct variants *v, struct buf *to);
static bool write_allow(const struct variants *v, struct buf *to);
static bool has_value(const struct component_fact *f, struct view value);
static bool has_hidden(const struct variants *v);
static bool is_constant(const struct variants *v, size_t place);
static void note_variants(struct proposal *p, const struct seen_item *whole, size_t at);

void
propose_facts(struct proposal *p, enum component_kind kind)
{
	const char *name = component_kind_name(kind);
	struct buf facts = BUF_INIT, demand = BUF_INIT;
	size_t end, count = 0;

	for (size_t i = proposal_range(p->seen, kind, false, &end); i < end; i++) {
		const struct seen_item *whole = seen_item_at(p->seen, i);
		const char *left_out;

		if (!whole->whole)
			continue;
		buf_clear(&demand);
		left_out = count < POLICY_FACTS_MAX ? demand_of(p, whole, i + 1, &demand)
						    : "left out, since a policy takes no more";
		if (left_out != NULL) {
			proposal_note(p, left_out, whole);
			continue;
		}
		count++;
		note_variants(p, whole, i + 1);
		buf_append_view(&facts, buf_view(&demand));
	}
	p->rules.failed = p->rules.failed || facts.failed || demand.failed;
	p->recorded[kind] = count == 0;
	if (count > 0) {
		p->rule_count++;
		buf_append_format(&p->rules, "    %s:\n      facts:\n", name);
		buf_append_view(&p->rules, buf_view(&facts));
	}
	buf_free(&facts);
	buf_free(&demand);
}

/* NULL, or why there is none. `at`: of the first variant. */
static const char *
demand_of(const struct proposal *p, const struct seen_item *whole, size_t at, struct buf *to)
{
	struct variants v = {.whole = whole};
	const char *look;

	if (differs_by_nature(whole->name))
		return "left out, since it differs by its nature";
	if (whole->components < seen_summary(p->seen)->components[whole->kind])
		return "left out, since some lack it";
	if (!gather(p, at, &v))
		return "left out, since it varies too much";
	if ((look = look_at(&v)) != NULL)
		return look;
	buf_append_string(to, "        - {name: ");
	(void)yaml_text_append(whole->name, to);
	if (!write_demand(&v, to))
		return "left out, since it is longer than a policy can say";
	buf_append_string(to, v.count > 1 ? "}  # varies\n" : "}\n");
	return NULL;
}

static bool
differs_by_nature(struct view name)
{
	static const struct view names[] = {VIEW_LITERAL("boot_id"), VIEW_LITERAL("container_id"),
	    VIEW_LITERAL("container_name"), VIEW_LITERAL("container_pod"), VIEW_LITERAL("hostname"),
	    VIEW_LITERAL("start_time")};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (view_equal(name, names[i]))
			return true;
	return false;
}

/* What nobody should take for good because it was seen. A mount namespace of a user's making is no
 * good unless a policy names it. */
static const char *
look_at(const struct variants *v)
{
	const bool tracer = view_equal(v->whole->name, VIEW_LITERAL("tracer"));

	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->list[i]->fact.value_count; k++) {
			const struct view value = v->list[i]->fact.values[k];

			if (tracer && !view_equal(value, VIEW_LITERAL("0")))
				return "look, it was traced; left out";
			if (v->whole->kind == COMPONENT_RUNTIME &&
			    view_equal(value, VIEW_LITERAL("foreign")))
				return "look, the namespace is of a user's making; left out";
		}
	return NULL;
}

static bool
gather(const struct proposal *p, size_t at, struct variants *v)
{
	v->count = v->whole->variants;
	if (v->count == 0 || v->count > SEEN_VARIANTS_MAX)
		return false;
	v->least = SIZE_MAX;
	for (size_t i = 0; i < v->count; i++) {
		const size_t values = seen_item_at(p->seen, at + i)->fact.value_count;

		v->list[i] = seen_item_at(p->seen, at + i);
		v->least = values < v->least ? values : v->least;
		v->most = values > v->most ? values : v->most;
	}
	/* Lists are compared value by value, and no pattern list is as long. */
	return v->count == 1 || v->most <= POLICY_ALLOW_MAX;
}

/* A hidden value is matched by itself alone: no * stands for it. */
static bool
write_demand(const struct variants *v, struct buf *to)
{
	if (v->count == 1)
		return write_equals(v, to);
	if (v->least == v->most && v->most > 1 && !has_hidden(v))
		return write_equals(v, to) && write_allow(v, to);
	if (!write_require(v, to) || !write_allow(v, to))
		return false;
	if (v->most != 1 || v->least != 1)
		buf_append_format(to, ", count: \">= %zu, <= %zu\"", v->least, v->most);
	return true;
}

static bool
write_equals(const struct variants *v, struct buf *to)
{
	const struct component_fact *f = &v->list[0]->fact;

	if (f->value_count > POLICY_ALLOW_MAX)
		return false;
	buf_append_string(to, ", equals: [");
	for (size_t i = 0; i < f->value_count; i++) {
		buf_append_string(to, i > 0 ? ", " : "");
		if (!is_constant(v, i))
			buf_append_string(to, "\"*\"");
		else if (!yaml_pattern_append(f->values[i], to))
			return false;
	}
	buf_append_byte(to, ']');
	return true;
}

static bool
write_require(const struct variants *v, struct buf *to)
{
	const struct component_fact *f = &v->list[0]->fact;
	size_t written = 0;

	for (size_t i = 0; i < f->value_count; i++) {
		size_t with = 1;

		while (with < v->count && has_value(&v->list[with]->fact, f->values[i]))
			with++;
		if (with < v->count)
			continue;
		if (written == POLICY_ALLOW_MAX)
			return false;
		buf_append_string(to, written++ == 0 ? ", require: [" : ", ");
		if (!yaml_pattern_append(f->values[i], to))
			return false;
	}
	buf_append_string(to, written > 0 ? "]" : "");
	return true;
}

/* No value counts as an empty one. */
static bool
write_allow(const struct variants *v, struct buf *to)
{
	size_t written = 0;

	buf_append_string(to, ", allow: [");
	if (v->least == 0) {
		buf_append_string(to, "\"\"");
		written++;
	}
	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->list[i]->fact.value_count; k++) {
			const struct view value = v->list[i]->fact.values[k];
			bool before = v->least == 0 && value.size == 0;

			for (size_t j = 0; j < i && !before; j++)
				before = has_value(&v->list[j]->fact, value);
			for (size_t j = 0; j < k && !before; j++)
				before = view_equal(v->list[i]->fact.values[j], value);
			if (before)
				continue;
			if (written == POLICY_ALLOW_MAX)
				return false;
			buf_append_string(to, written++ > 0 ? ", " : "");
			if (!yaml_pattern_append(value, to))
				return false;
		}
	buf_append_byte(to, ']');
	return true;
}

static bool
has_value(const struct component_fact *f, struct view value)
{
	for (size_t i = 0; i < f->value_count; i++)
		if (view_equal(f->values[i], value))
			return true;
	return false;
}

static bool
has_hidden(const struct variants *v)
{
	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->list[i]->fact.value_count; k++)
			if (redacted_is(v->list[i]->fact.values[k]))
				return true;
	return false;
}

static bool
is_constant(const struct variants *v, size_t place)
{
	for (size_t i = 1; i < v->count; i++)
		if (!view_equal(v->list[i]->fact.values[place], v->list[0]->fact.values[place]))
			return false;
	return true;
}

static void
note_variants(struct proposal *p, const struct seen_item *whole, size_t at)
{
	for (size_t i = 0; whole->variants > 1 && i < whole->variants; i++)
		proposal_note(p, "one of several lists of values", seen_item_at(p->seen, at + i));
	if (whole->variants == 1 && number_set_count(&whole->hosts) == 1 &&
	    seen_host_count(p->seen) > 1)
		proposal_note(p, "on one host only", whole);
}
