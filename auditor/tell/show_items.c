#include "auditor/tell/show_items.h"

#include <inttypes.h>
#include <string.h>

#include "auditor/tell/wrapped.h"
#include "proto/evidence/component_listing.h"
#include "proto/text.h"

#define SHORT_DIGEST 12 /* digits: nobody makes two files with the same ones by chance */

/* Takes differences. */
struct teller {
	const struct display *d;
	struct json *json;
	bool full,
	    made; /* `made`: JSON has one array for what is made, then one for what is found */
	size_t shown, left_out;
	enum err error;
};

static item_difference_take tell_item, write_item;
static void tell_name(struct teller *t, const struct item_difference *d);
static void tell_file(
    struct teller *t, const struct component_file *a, const struct component_file *b);
static void tell_column(struct teller *t, const char *name, const struct buf text[2]);
static void tell_fact(
    struct teller *t, const struct component_fact *a, const struct component_fact *b);
static void tell_values(
    struct teller *t, const char *mark, const struct view *values, size_t count);
static void write_details(const struct component_file *f, struct buf *to);
static void write_digest(const struct component_file *f, bool full, struct buf *to);

/* What a view needs in a format of "%.*s". */
#define SHOWN(v) view_precision(v), (const char *)(v).data

enum err
show_items(const struct component *a, const struct component *b, bool full, const struct display *d)
{
	struct teller t = {.d = d, .full = full};
	enum err e = component_difference(a, b, tell_item, &t);

	if (t.left_out > 0)
		display_line(d, "  and %zu more: --full", t.left_out);
	return e != ERR_OK ? e : t.error;
}

enum err
show_items_json(const struct component *a, const struct component *b, struct json *json)
{
	struct teller t = {.json = json, .made = true};
	enum err e;

	json_open(json, "made", '[');
	e = component_difference(a, b, write_item, &t);
	json_close(json, '[');
	t.made = false;
	json_open(json, "items", '[');
	if (e == ERR_OK)
		e = component_difference(a, b, write_item, &t);
	json_close(json, '[');
	return e;
}

void
show_values(const struct value_difference *v, bool full, const struct display *d)
{
	struct teller t = {.d = d, .full = full};

	tell_values(&t, "  - ", v->only[DIFFERENCE_A], v->count[DIFFERENCE_A]);
	tell_values(&t, "  + ", v->only[DIFFERENCE_B], v->count[DIFFERENCE_B]);
}

static void
tell_item(void *context, const struct item_difference *d)
{
	const struct component_file *a = d->file[DIFFERENCE_A], *b = d->file[DIFFERENCE_B];
	struct teller *t = context;

	if (!t->full && t->shown == SHOW_ITEMS_MAX) {
		t->left_out++;
		return;
	}
	t->shown++;
	tell_name(t, d);
	if (a != NULL && b != NULL)
		tell_file(t, a, b);
	else if (a == NULL && b == NULL)
		tell_fact(t, d->fact[DIFFERENCE_A], d->fact[DIFFERENCE_B]);
}

/* Of a file that only one has, what it is beside its name. */
static void
tell_name(struct teller *t, const struct item_difference *d)
{
	const struct component_file *only =
	    d->file[DIFFERENCE_B] != NULL ? d->file[DIFFERENCE_B] : d->file[DIFFERENCE_A];
	const struct component_fact *fact =
	    d->fact[DIFFERENCE_B] != NULL ? d->fact[DIFFERENCE_B] : d->fact[DIFFERENCE_A];
	const bool in_a = d->file[DIFFERENCE_A] != NULL || d->fact[DIFFERENCE_A] != NULL;
	const bool in_b = d->file[DIFFERENCE_B] != NULL || d->fact[DIFFERENCE_B] != NULL;
	struct buf text = BUF_INIT;

	if (only != NULL)
		text_append_printable(&text, only->path, SIZE_MAX);
	else if (fact != NULL)
		buf_append_view(&text, fact->name);
	if (d->made)
		buf_append_string(&text, " (made with)");
	if (only != NULL && in_a != in_b) {
		buf_append_string(&text, "  ");
		write_digest(only, t->full, &text);
		if (only->flags != 0) {
			buf_append_string(&text, "  ");
			component_listing_flags(only->flags, &text);
		}
	}
	if (buf_status(&text) != ERR_OK)
		t->error = ERR_MEMORY;
	else
		wrapped_view(t->d, in_a && in_b ? "  ~ " : in_a ? "  - " : "  + ", buf_view(&text));
	buf_free(&text);
}

/* The columns that are not the same. */
static void
tell_file(struct teller *t, const struct component_file *a, const struct component_file *b)
{
	const struct component_file *const file[] = {a, b};
	struct buf text[6][2] = {{BUF_INIT}};
	static const char *const names[] = {"sha256", "size", "mode", "owner", "flags", "details"};

	for (size_t i = 0; i < 2; i++) {
		write_digest(file[i], t->full, &text[0][i]);
		buf_append_decimal(&text[1][i], file[i]->size);
		buf_append_format(&text[2][i], "%07o", file[i]->mode);
		buf_append_format(&text[3][i], "%u:%u", file[i]->uid, file[i]->gid);
		component_listing_flags(file[i]->flags, &text[4][i]);
		write_details(file[i], &text[5][i]);
	}
	/* Two digests may begin alike. */
	if (!digest_equal(&a->digest, &b->digest) &&
	    view_equal(buf_view(&text[0][0]), buf_view(&text[0][1])))
		for (size_t i = 0; i < 2; i++) {
			buf_clear(&text[0][i]);
			write_digest(file[i], true, &text[0][i]);
		}
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		tell_column(t, names[k], text[k]);
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		for (size_t i = 0; i < 2; i++)
			buf_free(&text[k][i]);
}

static void
tell_column(struct teller *t, const char *name, const struct buf text[2])
{
	char head[24];

	if (buf_status(&text[0]) != ERR_OK || buf_status(&text[1]) != ERR_OK) {
		t->error = ERR_MEMORY;
		return;
	}
	if (view_equal(buf_view(&text[0]), buf_view(&text[1])))
		return;
	(void)snprintf(head, sizeof(head), "      %-8s ", name);
	wrapped_line(
	    t->d, head, "%.*s -> %.*s", SHOWN(buf_view(&text[0])), SHOWN(buf_view(&text[1])));
}

static void
tell_fact(struct teller *t, const struct component_fact *a, const struct component_fact *b)
{
	static const struct component_fact none = {.value_count = 0};
	struct value_difference v;
	size_t place = 0;

	if (value_difference_make(a != NULL ? a : &none, b != NULL ? b : &none, &v) != ERR_OK) {
		t->error = ERR_MEMORY;
	} else if (v.count[DIFFERENCE_A] + v.count[DIFFERENCE_B] > 0) {
		tell_values(t, "      - ", v.only[DIFFERENCE_A], v.count[DIFFERENCE_A]);
		tell_values(t, "      + ", v.only[DIFFERENCE_B], v.count[DIFFERENCE_B]);
	} else if (a == NULL || b == NULL) {
		display_line(t->d, "      without a value");
	} else {
		while (view_equal(a->values[place], b->values[place]))
			place++;
		display_line(t->d, "      in another order, from value %zu on:", place + 1);
		tell_values(t, "      - ", &a->values[place], 1);
		tell_values(t, "      + ", &b->values[place], 1);
	}
	value_difference_free(&v);
}

static void
tell_values(struct teller *t, const char *mark, const struct view *values, size_t count)
{
	const size_t shown = t->full || count <= SHOW_VALUES_MAX ? count : SHOW_VALUES_MAX;

	for (size_t i = 0; i < shown; i++)
		if (values[i].size > 0)
			wrapped_view(t->d, mark, values[i]);
		else
			display_line(t->d, "%s(an empty value)", mark);
	if (shown < count)
		display_line(t->d, "%sand %zu more: --full", mark, count - shown);
}

static void
write_details(const struct component_file *f, struct buf *to)
{
	for (size_t i = 0; i < f->detail_count; i++) {
		if (i > 0)
			buf_append_string(to, ", ");
		buf_append_view(to, f->details[i]);
	}
	if (f->detail_count == 0)
		buf_append_byte(to, '-');
}

static void
write_digest(const struct component_file *f, bool full, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(&f->digest, hex);
	if (digest_is_zero(&f->digest))
		buf_append_byte(to, '-');
	else
		buf_append(to, hex, full ? DIGEST_HEX_SIZE : SHORT_DIGEST);
}

static void
write_item(void *context, const struct item_difference *d)
{
	static const char *const sides[] = {[DIFFERENCE_A] = "a", [DIFFERENCE_B] = "b"};
	struct teller *t = context;
	struct json *json = t->json;

	if (d->made != t->made)
		return;
	json_open(json, NULL, '{');
	for (unsigned s = 0; s < DIFFERENCE_SIDES; s++) {
		struct buf item = BUF_INIT;

		if (d->file[s] != NULL)
			component_listing_json_file(d->file[s], &item);
		else if (d->fact[s] != NULL)
			component_listing_json_fact(d->fact[s], &item);
		else
			buf_append_string(&item, "null");
		if (buf_status(&item) != ERR_OK)
			json->text.failed = true;
		json_raw(json, sides[s], buf_view(&item));
		buf_free(&item);
	}
	json_close(json, '{');
}
