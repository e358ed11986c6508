#include "log/stored/component_difference.h"

#include <stdlib.h>

/* Items that are not the same in both, in their order. */
struct left {
	size_t count[DIFFERENCE_SIDES];
	const void **item[DIFFERENCE_SIDES];
};

/* A value, where it stands, and whether the other side lacks it. */
struct placed {
	struct view value;
	size_t at;
};

static enum err left_begin(struct left *l, size_t a, size_t b);
static void left_add(struct left *l, enum difference_side side, const void *item);
static void left_free(struct left *l);
static enum err compare_files(const struct component *a, const struct component *b,
    item_difference_take *take, void *context);
static void pair_files(const struct left *l, item_difference_take *take, void *context);
static void compare_facts(const struct component_fact *a, size_t a_count,
    const struct component_fact *b, size_t b_count, bool made, item_difference_take *take,
    void *context);
static int order_files(const struct component_file *a, const struct component_file *b);
static int order_details(const struct component_file *a, const struct component_file *b);
static int order_numbers(uint64_t a, uint64_t b);
static bool same_values(const struct component_fact *a, const struct component_fact *b);
static struct placed *place_values(const struct component_fact *f);
static int order_placed(const void *a, const void *b);
static int order_places(const void *a, const void *b);
static void keep_only(
    struct placed *list, size_t count, struct value_difference *out, enum difference_side side);

enum err
component_difference(
    const struct component *a, const struct component *b, item_difference_take *take, void *context)
{
	compare_facts(a->made, a->made_count, b->made, b->made_count, true, take, context);
	if (component_kind_shape(a->kind) == COMPONENT_SHAPE_FILE)
		return compare_files(a, b, take, context);
	compare_facts(
	    a->items.facts, a->item_count, b->items.facts, b->item_count, false, take, context);
	return ERR_OK;
}

static enum err
left_begin(struct left *l, size_t a, size_t b)
{
	*l = (struct left){.count = {0, 0}};
	l->item[DIFFERENCE_A] = calloc(a + 1, sizeof(void *));
	l->item[DIFFERENCE_B] = calloc(b + 1, sizeof(void *));
	return l->item[DIFFERENCE_A] != NULL && l->item[DIFFERENCE_B] != NULL ? ERR_OK : ERR_MEMORY;
}

static void
left_add(struct left *l, enum difference_side side, const void *item)
{
	l->item[side][l->count[side]++] = item;
}

static void
left_free(struct left *l)
{
	free((void *)l->item[DIFFERENCE_A]);
	free((void *)l->item[DIFFERENCE_B]);
}

static enum err
compare_files(
    const struct component *a, const struct component *b, item_difference_take *take, void *context)
{
	size_t i = 0, j = 0;
	struct left l;
	enum err e = left_begin(&l, a->item_count, b->item_count);

	while (e == ERR_OK && (i < a->item_count || j < b->item_count)) {
		const struct component_file *x = i < a->item_count ? &a->items.files[i] : NULL;
		const struct component_file *y = j < b->item_count ? &b->items.files[j] : NULL;
		const int order = x == NULL ? 1 : y == NULL ? -1 : order_files(x, y);

		if (order < 0)
			left_add(&l, DIFFERENCE_A, x);
		if (order > 0)
			left_add(&l, DIFFERENCE_B, y);
		i += order <= 0;
		j += order >= 0;
	}
	if (e == ERR_OK)
		pair_files(&l, take, context);
	left_free(&l);
	return e;
}

static void
pair_files(const struct left *l, item_difference_take *take, void *context)
{
	size_t i = 0, j = 0;

	/* Behind the last of each there is a NULL. */
	while (i < l->count[DIFFERENCE_A] || j < l->count[DIFFERENCE_B]) {
		const struct component_file *x = l->item[DIFFERENCE_A][i];
		const struct component_file *y = l->item[DIFFERENCE_B][j];
		const int order = x == NULL ? 1 : y == NULL ? -1 : view_compare(x->path, y->path);
		const struct item_difference d = {
		    .file = {order <= 0 ? x : NULL, order >= 0 ? y : NULL}};

		take(context, &d);
		i += order <= 0;
		j += order >= 0;
	}
}

static void
compare_facts(const struct component_fact *a, size_t a_count, const struct component_fact *b,
    size_t b_count, bool made, item_difference_take *take, void *context)
{
	size_t i = 0, j = 0;

	while (i < a_count || j < b_count) {
		const struct component_fact *x = i < a_count ? &a[i] : NULL;
		const struct component_fact *y = j < b_count ? &b[j] : NULL;
		const int order = x == NULL ? 1 : y == NULL ? -1 : view_compare(x->name, y->name);
		const struct item_difference d = {
		    .made = made, .fact = {order <= 0 ? x : NULL, order >= 0 ? y : NULL}};

		if (order != 0 || !same_values(x, y))
			take(context, &d);
		i += order <= 0;
		j += order >= 0;
	}
}

/* The order that files have in a component, in which equal ones are found side by side. */
static int
order_files(const struct component_file *a, const struct component_file *b)
{
	int order;

	if ((order = view_compare(a->path, b->path)) != 0 ||
	    (order = digest_compare(&a->digest, &b->digest)) != 0 ||
	    (order = order_numbers(a->size, b->size)) != 0 ||
	    (order = order_numbers(a->mode, b->mode)) != 0 ||
	    (order = order_numbers(a->uid, b->uid)) != 0 ||
	    (order = order_numbers(a->gid, b->gid)) != 0 ||
	    (order = order_numbers(a->flags, b->flags)) != 0)
		return order;
	return order_details(a, b);
}

/* In MessagePack the length stands before the bytes. */
static int
order_details(const struct component_file *a, const struct component_file *b)
{
	int order = order_numbers(a->detail_count, b->detail_count);

	for (size_t i = 0; order == 0 && i < a->detail_count; i++) {
		order = order_numbers(a->details[i].size, b->details[i].size);
		if (order == 0)
			order = view_compare(a->details[i], b->details[i]);
	}
	return order;
}

static int
order_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static bool
same_values(const struct component_fact *a, const struct component_fact *b)
{
	bool same = a->value_count == b->value_count;

	for (size_t i = 0; same && i < a->value_count; i++)
		same = view_equal(a->values[i], b->values[i]);
	return same;
}

enum err
value_difference_make(
    const struct component_fact *a, const struct component_fact *b, struct value_difference *out)
{
	struct placed *x = place_values(a), *y = place_values(b);
	size_t i = 0, j = 0, x_left = 0, y_left = 0;

	*out = (struct value_difference){.count = {0, 0}};
	out->only[DIFFERENCE_A] = calloc(a->value_count + 1, sizeof(struct view));
	out->only[DIFFERENCE_B] = calloc(b->value_count + 1, sizeof(struct view));
	if (x == NULL || y == NULL || out->only[DIFFERENCE_A] == NULL ||
	    out->only[DIFFERENCE_B] == NULL) {
		free(x);
		free(y);
		return ERR_MEMORY;
	}
	while (i < a->value_count || j < b->value_count) {
		const int order = i == a->value_count   ? 1
				  : j == b->value_count ? -1
							: view_compare(x[i].value, y[j].value);

		/* What is left moves to the front, behind what has been looked at. */
		if (order < 0)
			x[x_left++] = x[i];
		if (order > 0)
			y[y_left++] = y[j];
		i += order <= 0;
		j += order >= 0;
	}
	keep_only(x, x_left, out, DIFFERENCE_A);
	keep_only(y, y_left, out, DIFFERENCE_B);
	free(x);
	free(y);
	return ERR_OK;
}

void
value_difference_free(struct value_difference *d)
{
	free(d->only[DIFFERENCE_A]);
	free(d->only[DIFFERENCE_B]);
}

/* Sorted by value, then by place; NULL for want of memory. */
static struct placed *
place_values(const struct component_fact *f)
{
	struct placed *list = calloc(f->value_count + 1, sizeof(*list));

	for (size_t i = 0; list != NULL && i < f->value_count; i++)
		list[i] = (struct placed){f->values[i], i};
	if (list != NULL)
		qsort(list, f->value_count, sizeof(*list), order_placed);
	return list;
}

static int
order_placed(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	const int order = view_compare(x->value, y->value);

	return order != 0 ? order : order_places(a, b);
}

static int
order_places(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return order_numbers(x->at, y->at);
}

static void
keep_only(
    struct placed *list, size_t count, struct value_difference *out, enum difference_side side)
{
	qsort(list, count, sizeof(*list), order_places);
	for (size_t i = 0; i < count; i++)
		out->only[side][i] = list[i].value;
	out->count[side] = count;
}
