#include "proto/evidence/component_listing.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/text.h"

#define SHOWN_MAX       16384 /* bytes of one escaped name or value */
#define PATH_COLUMN_MAX 60    /* characters; longer paths push their row to the right */

static const struct {
	uint32_t flag;
	const char *name;
} flag_names[] = {
    {COMPONENT_FILE_DELETED, "deleted"},
    {COMPONENT_FILE_MEMFD, "memfd"},
    {COMPONENT_FILE_ANONYMOUS, "anonymous"},
    {COMPONENT_FILE_WRITABLE, "writable"},
    {COMPONENT_FILE_UNREADABLE, "unreadable"},
    {COMPONENT_FILE_CHANGED, "changed"},
    {COMPONENT_FILE_SYMLINK, "symlink"},
    {COMPONENT_FILE_SPECIAL, "special"},
    {COMPONENT_FILE_REPLACED, "replaced"},
    {COMPONENT_FILE_OTHER, "other"},
    {COMPONENT_FILE_MODIFIED, "modified"},
    {COMPONENT_FILE_NEWER, "newer"},
    {COMPONENT_FILE_RESTORED, "restored"},
    {COMPONENT_FILE_PROBED, "probed"},
};

static void text_files(const struct component *c, struct buf *to);
static void text_made(const struct component *c, struct buf *to);
static void text_facts(const struct component_fact *facts, size_t count, struct buf *to);
static void pad(struct buf *to, size_t begun, size_t width);
static void json_escaped(struct view v, struct buf *to);
static void digest_hex(const struct digest *d, struct buf *to);

void
component_listing_text(const struct component *c, struct buf *to)
{
	text_made(c, to);
	if (component_kind_shape(c->kind) == COMPONENT_SHAPE_FILE)
		text_files(c, to);
	else
		text_facts(c->items.facts, c->item_count, to);
}

void
component_listing_json(const struct component *c, struct buf *to)
{
	const bool files = component_kind_shape(c->kind) == COMPONENT_SHAPE_FILE;

	buf_append_string(to, "\"made\":[");
	for (size_t i = 0; i < c->made_count; i++) {
		if (i > 0)
			buf_append_byte(to, ',');
		component_listing_json_fact(&c->made[i], to);
	}
	buf_append_string(to, "],\"items\":[");
	for (size_t i = 0; i < c->item_count; i++) {
		if (i > 0)
			buf_append_byte(to, ',');
		if (files)
			component_listing_json_file(&c->items.files[i], to);
		else
			component_listing_json_fact(&c->items.facts[i], to);
	}
	buf_append_byte(to, ']');
}

static void
text_files(const struct component *c, struct buf *to)
{
	size_t width = strlen("PATH"), begun;

	for (size_t i = 0; i < c->item_count; i++) {
		const size_t before = to->size;

		text_append_printable(to, c->items.files[i].path, SHOWN_MAX);
		if (to->size - before > width && to->size - before <= PATH_COLUMN_MAX)
			width = to->size - before;
		to->size = before;
	}
	buf_append_format(to, "  %-*s  %-64s  %12s  %-10s  %-11s  FLAGS\n", (int)width, "PATH",
	    "SHA-256", "SIZE", "MODE", "OWNER");
	for (size_t i = 0; i < c->item_count; i++) {
		const struct component_file *f = &c->items.files[i];

		buf_append_string(to, "  ");
		begun = to->size;
		text_append_printable(to, f->path, SHOWN_MAX);
		pad(to, begun, width);
		buf_append_string(to, "  ");
		if (digest_is_zero(&f->digest))
			buf_append_format(to, "%-64s", "-");
		else
			digest_hex(&f->digest, to);
		buf_append_format(to, "  %12llu  ", (unsigned long long)f->size);
		begun = to->size;
		buf_append_format(to, "%07o", f->mode);
		pad(to, begun, 10);
		buf_append_string(to, "  ");
		begun = to->size;
		buf_append_format(to, "%u:%u", f->uid, f->gid);
		pad(to, begun, 11);
		buf_append_string(to, "  ");
		component_listing_flags(f->flags, to);
		for (size_t d = 0; d < f->detail_count; d++) {
			buf_append_string(to, d == 0 ? "  " : ", ");
			buf_append_view(to, f->details[d]);
		}
		buf_append_byte(to, '\n');
	}
}

static void
text_made(const struct component *c, struct buf *to)
{
	if (c->made_count == 0)
		return;
	buf_append_string(to, "  made with\n");
	text_facts(c->made, c->made_count, to);
	buf_append_string(to, "  found\n");
}

static void
text_facts(const struct component_fact *facts, size_t count, struct buf *to)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		if (facts[i].name.size > width)
			width = facts[i].name.size;
	for (size_t i = 0; i < count; i++) {
		const struct component_fact *f = &facts[i];

		for (size_t v = 0; v == 0 || v < f->value_count; v++) {
			size_t begun;

			buf_append_string(to, "  ");
			begun = to->size;
			if (v == 0)
				buf_append_view(to, f->name);
			pad(to, begun, width);
			buf_append_string(to, "  ");
			if (f->value_count == 0)
				buf_append_string(to, "(no value)");
			else
				text_append_printable(to, f->values[v], SHOWN_MAX);
			buf_append_byte(to, '\n');
		}
	}
}

void
component_listing_flags(uint32_t flags, struct buf *to)
{
	bool first = true;

	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		if ((flags & flag_names[i].flag) == 0)
			continue;
		buf_append_format(to, "%s%s", first ? "" : ",", flag_names[i].name);
		first = false;
	}
	if (first)
		buf_append_byte(to, '-');
}

uint32_t
component_listing_flag(const char *name)
{
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
		if (strcmp(flag_names[i].name, name) == 0)
			return flag_names[i].flag;
	return 0;
}

static void
pad(struct buf *to, size_t begun, size_t width)
{
	while (!to->failed && to->size - begun < width)
		buf_append_byte(to, ' ');
}

void
component_listing_json_file(const struct component_file *f, struct buf *to)
{
	bool first = true;

	buf_append_string(to, "{\"path\":");
	json_escaped(f->path, to);
	buf_append_string(to, ",\"sha256\":\"");
	digest_hex(&f->digest, to);
	buf_append_format(to,
	    "\",\"size\":%llu,\"mode\":\"%07o\",\"uid\":%u,\"gid\":%u,\"flags\":[",
	    (unsigned long long)f->size, f->mode, f->uid, f->gid);
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		if ((f->flags & flag_names[i].flag) == 0)
			continue;
		buf_append_format(to, "%s\"%s\"", first ? "" : ",", flag_names[i].name);
		first = false;
	}
	buf_append_string(to, "],\"details\":[");
	for (size_t d = 0; d < f->detail_count; d++) {
		if (d > 0)
			buf_append_byte(to, ',');
		json_append_string(to, f->details[d]);
	}
	buf_append_string(to, "]}");
}

void
component_listing_json_fact(const struct component_fact *f, struct buf *to)
{
	buf_append_string(to, "{\"name\":");
	json_escaped(f->name, to);
	buf_append_string(to, ",\"values\":[");
	for (size_t v = 0; v < f->value_count; v++) {
		if (v > 0)
			buf_append_byte(to, ',');
		json_escaped(f->values[v], to);
	}
	buf_append_string(to, "]}");
}

static void
json_escaped(struct view v, struct buf *to)
{
	struct buf text = BUF_INIT;

	text_append_printable(&text, v, SIZE_MAX);
	if (text.failed)
		to->failed = true;
	json_append_string(to, buf_view(&text));
	buf_free(&text);
}

static void
digest_hex(const struct digest *d, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	buf_append_string(to, hex);
}
