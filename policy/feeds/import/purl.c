#include "policy/feeds/import/purl.h"

#include <string.h>

#include "proto/encoding.h"

static bool cut_beginning(struct view *v, const char *beginning);
static struct view cut_end(struct view *v, char mark);
static const uint8_t *last_of(struct view v, char mark);
static bool decode(struct view from, struct buf *to);
static bool take_qualifiers(struct view qualifiers, struct purl *out);
static bool is_source(struct view architecture);

static const struct {
	const char *beginning, *manager;
} types[] = {{"pkg:apk/", "apk"}, {"pkg:deb/", "dpkg"}, {"pkg:rpm/", "rpm"}};

/* Subpath, qualifiers and version are cut off from behind, as the specification has it. */
bool
purl_parse(struct view text, struct purl *out)
{
	struct view qualifiers, version;
	const uint8_t *slash;

	*out = (struct purl){.name = BUF_INIT, .version = BUF_INIT};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && out->manager.size == 0; i++)
		if (cut_beginning(&text, types[i].beginning))
			out->manager = view_of_string(types[i].manager);
	if (out->manager.size == 0)
		return false;
	(void)cut_end(&text, '#');
	qualifiers = cut_end(&text, '?');
	version = cut_end(&text, '@');
	if ((slash = last_of(text, '/')) != NULL) {
		const size_t at = (size_t)(slash - text.data) + 1;

		text = (struct view){text.data + at, text.size - at};
	}
	return take_qualifiers(qualifiers, out) && decode(text, &out->name) &&
	       decode(version, &out->version) && out->name.size > 0;
}

void
purl_free(struct purl *p)
{
	buf_free(&p->name);
	buf_free(&p->version);
}

static bool
cut_beginning(struct view *v, const char *beginning)
{
	const size_t size = strlen(beginning);

	if (v->size < size || memcmp(v->data, beginning, size) != 0)
		return false;
	*v = (struct view){v->data + size, v->size - size};
	return true;
}

/* What stands behind the last such mark, which goes too; size 0 without one. */
static struct view
cut_end(struct view *v, char mark)
{
	const uint8_t *at = last_of(*v, mark);
	struct view end = {NULL, 0};

	if (at != NULL) {
		const size_t size = (size_t)(at - v->data);

		end = (struct view){at + 1, v->size - size - 1};
		v->size = size;
	}
	return end;
}

static const uint8_t *
last_of(struct view v, char mark)
{
	for (size_t i = v.size; i > 0; i--)
		if (v.data[i - 1] == (uint8_t)mark)
			return v.data + i - 1;
	return NULL;
}

/* Appends what it stands for. */
static bool
decode(struct view from, struct buf *to)
{
	for (size_t i = 0; i < from.size; i++) {
		uint8_t byte = from.data[i], hex[2];

		if (byte == '%') {
			if (from.size - i < 3)
				return false;
			for (size_t k = 0; k < 2; k++)
				hex[k] = from.data[i + 1 + k] >= 'A' && from.data[i + 1 + k] <= 'F'
					     ? from.data[i + 1 + k] | 0x20U
					     : from.data[i + 1 + k];
			if (hex_decode_exact((struct view){hex, 2}, &byte, 1) != ERR_OK)
				return false;
			i += 2;
		}
		buf_append_byte(to, byte);
	}
	return true;
}

static bool
take_qualifiers(struct view qualifiers, struct purl *out)
{
	while (qualifiers.size > 0) {
		const uint8_t *end = memchr(qualifiers.data, '&', qualifiers.size);
		const size_t size = end != NULL ? (size_t)(end - qualifiers.data) : qualifiers.size;
		struct view one = {qualifiers.data, size};

		if (cut_beginning(&one, "epoch=") &&
		    view_equal(out->manager, VIEW_LITERAL("rpm"))) {
			if (!decode(one, &out->version))
				return false;
			buf_append_byte(&out->version, ':');
		} else if (cut_beginning(&one, "arch=")) {
			out->of_source = is_source(one);
		}
		qualifiers = end != NULL ? (struct view){end + 1, qualifiers.size - size - 1}
					 : (struct view){NULL, 0};
	}
	return true;
}

static bool
is_source(struct view architecture)
{
	return view_equal(architecture, VIEW_LITERAL("source")) ||
	       view_equal(architecture, VIEW_LITERAL("src"));
}
