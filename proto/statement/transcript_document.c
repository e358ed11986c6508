#include "proto/statement/transcript_document.h"

#include <stdio.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/json/json_read.h"
#include "proto/text.h"

#define PAYLOAD_TYPE "application/vnd.hallmark.transcript+json"

#define ENVELOPE_PAYLOAD   "{\"payloadType\":\"" PAYLOAD_TYPE "\",\"payload\":"
#define ENVELOPE_NEXT      ",\"signatures\":["
#define ENVELOPE_KEY_ID    "{\"keyid\":"
#define ENVELOPE_SIGNATURE ",\"sig\":"
#define ENVELOPE_END       "]}"

#define DEPTH_MAX 5   /* values of keys.1.attributes lie so deep */
#define PLACE_MAX 256 /* bytes of "keys.1.attributes.CKA_NEVER_EXTRACTABLE" */

/* Told of each value, by its place: "token.serial", "present.2.name"; of those of an array of
 * values all have the array's. */
typedef enum err (*value_fn)(void *arg, struct view place, struct view value);

struct walk {
	struct json_reader r;
	char place[PLACE_MAX];
	value_fn fn;
	void *arg;
	enum err e; /* of fn */
};

struct printed {
	struct buf *to;
	char place[PLACE_MAX]; /* of the value before */
};

static enum err read_envelope(struct transcript_document *d, struct view file, struct view *rest);
static enum err read_signature(
    struct transcript_document *d, struct json_reader *r, const struct transcript_signer **last);
static bool read_base64(struct json_reader *r, struct buf *to);
static enum err walk_payload(struct view payload, struct buf *strings, value_fn fn, void *arg);
static bool walk_value(struct walk *w, size_t size, unsigned depth);
static bool walk_object(struct walk *w, size_t size, unsigned depth);
static bool is_name(struct view key);
static bool walk_array(struct walk *w, size_t size, unsigned depth);
static bool walk_plain(struct walk *w, size_t size);
static enum err take(void *arg, struct view place, struct view value);
static enum err take_present(struct transcript_document *d, struct view place, struct view value);
static enum err take_key(struct transcript_document *d, struct view value);
static enum err print_value(void *arg, struct view place, struct view value);

enum err
transcript_parse(struct view file, struct transcript_document *out)
{
	struct buf strings = BUF_INIT;
	struct view rest;
	enum err e;

	memset(out, 0, sizeof(*out));
	out->payload = out->strings = BUF_INIT;
	digest_of(file.data, file.size, &out->digest);
	if (file.size > TRANSCRIPT_SIZE_MAX)
		return ERR_FORMAT;
	if ((e = read_envelope(out, file, &rest)) == ERR_OK)
		e = walk_payload(buf_view(&out->payload), &out->strings, take, out);
	if (e == ERR_OK && (out->count == 0 || out->signer[out->count - 1].key == NULL))
		e = ERR_FORMAT;
	if (e == ERR_OK && out->is_envelope) {
		const struct transcript_signer *last = NULL;
		struct json_reader r;
		bool more = true;

		json_read_begin(&r, rest, &strings);
		while (e == ERR_OK && more) {
			e = read_signature(out, &r, &last);
			more = e == ERR_OK && json_read_text(&r, ",");
		}
		if (e == ERR_OK)
			e = json_read_end(&r, json_read_text(&r, ENVELOPE_END));
	}
	buf_free(&strings);
	return e;
}

void
transcript_document_free(struct transcript_document *d)
{
	for (size_t i = 0; i < TRANSCRIPT_PRESENT_MAX; i++) {
		statement_key_free(&d->signer[i].key);
		buf_free(&d->signer[i].signature);
	}
	buf_free(&d->payload);
	buf_free(&d->strings);
}

size_t
transcript_missing(const struct transcript_document *d)
{
	size_t missing = 0;

	for (size_t i = 0; i < d->count; i++)
		missing += d->signer[i].signature.size == 0;
	return missing;
}

bool
transcript_has_key(const struct transcript_document *d, const struct digest *id)
{
	for (size_t i = 0; i < d->key_count; i++)
		if (digest_equal(&d->key[i], id))
			return true;
	return false;
}

struct transcript_signer *
transcript_find(struct transcript_document *d, const struct digest *key_id)
{
	for (size_t i = 0; i < d->count; i++)
		if (digest_equal(statement_key_id(d->signer[i].key), key_id))
			return &d->signer[i];
	return NULL;
}

void
transcript_signed_bytes(struct view payload, struct buf *to)
{
	buf_append_format(
	    to, "DSSEv1 %zu %s %zu ", sizeof(PAYLOAD_TYPE) - 1, PAYLOAD_TYPE, payload.size);
	buf_append_view(to, payload);
}

enum err
transcript_write_envelope(const struct transcript_document *d, struct buf *to)
{
	bool any = false;

	buf_append_string(to, ENVELOPE_PAYLOAD "\"");
	base64_append(to, buf_view(&d->payload));
	buf_append_string(to, "\"" ENVELOPE_NEXT);
	for (size_t i = 0; i < d->count; i++) {
		const struct transcript_signer *s = &d->signer[i];

		if (s->signature.size == 0)
			continue;
		buf_append_string(to, any ? "," ENVELOPE_KEY_ID "\"" : ENVELOPE_KEY_ID "\"");
		hex_append(to, (struct view){statement_key_id(s->key)->bytes, DIGEST_SIZE});
		buf_append_string(to, "\"" ENVELOPE_SIGNATURE "\"");
		base64_append(to, buf_view(&s->signature));
		buf_append_string(to, "\"}");
		any = true;
	}
	buf_append_string(to, ENVELOPE_END);
	return buf_status(to);
}

void
transcript_print(const struct transcript_document *d, struct buf *to)
{
	struct printed printed = {.to = to};
	struct buf strings = BUF_INIT;

	/* It was walked when it was read. */
	if (walk_payload(buf_view(&d->payload), &strings, print_value, &printed) == ERR_OK)
		buf_append_byte(to, '\n');
	buf_free(&strings);
	for (size_t i = 0; i < d->count; i++)
		buf_append_format(to, "%-" TRANSCRIPT_NAME_WIDTH "s %.*s\n",
		    d->signer[i].signature.size > 0 ? "signed by" : "not signed by",
		    view_precision(d->signer[i].name), (const char *)d->signer[i].name.data);
}

/* A payload stands for itself, signed by nobody. `rest`: from the first signature on. */
static enum err
read_envelope(struct transcript_document *d, struct view file, struct view *rest)
{
	struct buf strings = BUF_INIT;
	struct json_reader r;
	bool good;

	*rest = (struct view){NULL, 0};
	json_read_begin(&r, file, &strings);
	if (json_read_sees(&r, TRANSCRIPT_BEGIN)) {
		buf_append_view(&d->payload, file);
		return buf_status(&d->payload);
	}
	d->is_envelope = true;
	good = json_read_text(&r, ENVELOPE_PAYLOAD) && read_base64(&r, &d->payload) &&
	       json_read_text(&r, ENVELOPE_NEXT);
	*rest = (struct view){r.p, (size_t)(r.end - r.p)};
	buf_free(&strings);
	return d->payload.failed ? ERR_MEMORY : good ? ERR_OK : ERR_FORMAT;
}

static enum err
read_signature(
    struct transcript_document *d, struct json_reader *r, const struct transcript_signer **last)
{
	struct transcript_signer *s;
	struct buf text = BUF_INIT, signature = BUF_INIT;
	struct digest key_id;
	enum err e = ERR_FORMAT;

	if (json_read_text(r, ENVELOPE_KEY_ID) && json_read_digest(r, &key_id) &&
	    json_read_text(r, ENVELOPE_SIGNATURE) && read_base64(r, &signature) &&
	    json_read_text(r, "}")) {
		s = transcript_find(d, &key_id);
		transcript_signed_bytes(buf_view(&d->payload), &text);
		if (s == NULL || s->signature.size > 0)
			e = ERR_STATEMENT_KEY;
		else if (*last != NULL && s < *last)
			e = ERR_FORMAT; /* another order: a second spelling */
		else if ((e = buf_status(&text)) == ERR_OK &&
			 (e = statement_key_verify(
			      s->key, buf_view(&text), buf_view(&signature))) == ERR_OK) {
			s->signature = signature;
			signature = BUF_INIT; /* moved */
			*last = s;
		}
	}
	buf_free(&text);
	buf_free(&signature);
	return e;
}

static bool
read_base64(struct json_reader *r, struct buf *to)
{
	struct view text;

	return json_read_string(r, &text) && text.size > 0 && base64_decode(text, to) == ERR_OK;
}

static enum err
walk_payload(struct view payload, struct buf *strings, value_fn fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};
	bool good;

	json_read_begin(&w.r, payload, strings);
	good = json_read_sees(&w.r, TRANSCRIPT_BEGIN) && walk_value(&w, 0, 0);
	return w.e != ERR_OK ? w.e : json_read_end(&w.r, good);
}

/* `size`: of the place, so far. */
static bool
walk_value(struct walk *w, size_t size, unsigned depth)
{
	if (depth == DEPTH_MAX)
		return false;
	if (json_read_text(&w->r, "{"))
		return walk_object(w, size, depth);
	if (json_read_text(&w->r, "["))
		return walk_array(w, size, depth);
	return walk_plain(w, size);
}

static bool
walk_object(struct walk *w, size_t size, unsigned depth)
{
	struct view key;
	int more;

	do {
		if (!json_read_string(&w->r, &key) || !is_name(key) || !json_read_text(&w->r, ":"))
			return false;
		more = snprintf(w->place + size, sizeof(w->place) - size, "%s%.*s",
		    size > 0 ? "." : "", view_precision(key), (const char *)key.data);
		if (more < 0 || (size_t)more >= sizeof(w->place) - size ||
		    !walk_value(w, size + (size_t)more, depth + 1))
			return false;
	} while (json_read_text(&w->r, ","));
	return json_read_text(&w->r, "}");
}

/* Without a dot, so that no name looks like another place; but for the very first. */
static bool
is_name(struct view key)
{
	return key.size > 0 && text_is_printable(key, false) &&
	       (memchr(key.data, '.', key.size) == NULL ||
		   view_equal(key, VIEW_LITERAL("hallmark.transcript")));
}

static bool
walk_array(struct walk *w, size_t size, unsigned depth)
{
	unsigned index = 0;
	size_t more;

	if (json_read_text(&w->r, "]"))
		return true;
	do {
		index++;
		w->place[size] = '\0';
		more = json_read_sees(&w->r, "{") ? (size_t)snprintf(w->place + size,
							sizeof(w->place) - size, ".%u", index)
						  : 0;
		if (more >= sizeof(w->place) - size || !walk_value(w, size + more, depth + 1))
			return false;
	} while (json_read_text(&w->r, ","));
	return json_read_text(&w->r, "]");
}

static bool
walk_plain(struct walk *w, size_t size)
{
	const uint8_t *begin = w->r.p;
	struct view value;
	uint64_t number;
	bool good = json_read_string(&w->r, &value);

	if (!good && (w->r.p = begin, json_read_number(&w->r, &number))) {
		value = (struct view){begin, (size_t)(w->r.p - begin)};
		good = true;
	}
	if (good)
		w->e = w->fn(w->arg, (struct view){(const uint8_t *)w->place, size}, value);
	return good && w->e == ERR_OK;
}

static enum err
take(void *arg, struct view place, struct view value)
{
	struct transcript_document *d = arg;
	char key[32];

	snprintf(key, sizeof(key), "keys.%zu.public", d->key_count + 1);
	if (view_equal(place, VIEW_LITERAL("hallmark.transcript")))
		d->origin = value;
	else if (d->key_count < TRANSCRIPT_KEYS_MAX && view_equal(place, view_of_string(key)))
		return take_key(d, value);
	return take_present(d, place, value);
}

/* Only its id counts: what it is of is for whoever has the key. */
static enum err
take_key(struct transcript_document *d, struct view value)
{
	struct buf spki = BUF_INIT;
	enum err e = base64_decode(value, &spki);

	if (e == ERR_OK)
		digest_of(spki.data, spki.size, &d->key[d->key_count++]);
	buf_free(&spki);
	return e;
}

/* Those who were there: a name, then its key; no key twice. */
static enum err
take_present(struct transcript_document *d, struct view place, struct view value)
{
	char name[32], key[32];
	struct buf spki = BUF_INIT;
	struct statement_key *taken;
	enum err e;

	snprintf(name, sizeof(name), "present.%zu.name", d->count + 1);
	snprintf(key, sizeof(key), "present.%zu.key", d->count);
	if (view_equal(place, view_of_string(name))) {
		if (d->count == TRANSCRIPT_PRESENT_MAX || value.size == 0 ||
		    value.size > TRANSCRIPT_NAME_MAX ||
		    (d->count > 0 && d->signer[d->count - 1].key == NULL))
			return ERR_FORMAT;
		d->signer[d->count++].name = value;
		return ERR_OK;
	}
	if (d->count == 0 || !view_equal(place, view_of_string(key)))
		return ERR_OK;
	if ((e = base64_decode(value, &spki)) == ERR_OK &&
	    (e = statement_key_from_spki(buf_view(&spki), &taken)) == ERR_OK) {
		for (size_t i = 0; i + 1 < d->count && e == ERR_OK; i++)
			if (digest_equal(
				statement_key_id(d->signer[i].key), statement_key_id(taken)))
				e = ERR_FORMAT;
		if (d->signer[d->count - 1].key != NULL)
			e = ERR_FORMAT;
		if (e == ERR_OK) {
			d->signer[d->count - 1].key = taken;
			taken = NULL; /* moved */
		}
		statement_key_free(&taken);
	}
	buf_free(&spki);
	return e;
}

/* All of it is printable: it was read as such. */
static enum err
print_value(void *arg, struct view place, struct view value)
{
	struct printed *p = arg;

	if (view_equal(place, view_of_string(p->place))) {
		buf_append_byte(p->to, ' ');
	} else {
		buf_append_format(p->to, "%s%-" TRANSCRIPT_NAME_WIDTH ".*s ",
		    p->to->size > 0 ? "\n" : "", view_precision(place), (const char *)place.data);
		snprintf(p->place, sizeof(p->place), "%.*s", view_precision(place),
		    (const char *)place.data);
	}
	buf_append_view(p->to, value);
	return buf_status(p->to);
}
