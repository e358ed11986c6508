#include "collector/processes/exchange.h"

#include <stdlib.h>
#include <string.h>

#define FLAG_SIZE     (1 + 8) /* of one kind */
#define MEASURED_HEAD (4 + 8 + BOOT_ID_SIZE + 4 + 4 + 4 * 8)
#define PROGRESS_SIZE (8 + 8)
#define MEASURED_SIZE (MEASURED_HEAD + COMPONENT_KIND_COUNT * FLAG_SIZE)

/* Bytes of a body, and what is in its header. */
struct shape {
	uint32_t least, most;
	bool has_kind, has_code;
};

static const struct shape shapes[] = {
    [EXCHANGE_SEGMENT] = {1, COMPONENT_SIZE_MAX, true, false},
    [EXCHANGE_COMPONENT] = {1, COMPONENT_SIZE_MAX, true, false},
    [EXCHANGE_MISSING] = {0, EXCHANGE_WORDS_MAX, true, true},
    [EXCHANGE_MEASURED] = {MEASURED_SIZE, MEASURED_SIZE, false, false},
    [EXCHANGE_TROUBLE] = {0, EXCHANGE_WORDS_MAX, false, true},
    [EXCHANGE_PROGRESS] = {PROGRESS_SIZE, PROGRESS_SIZE, false, false},
};

static void write_measured(uint8_t *body, const struct exchange_frame *f);
static enum err read_header(const uint8_t *header, struct exchange_frame *out, uint32_t *size);
static enum err read_body(struct view body, struct exchange_frame *out);
static enum err read_measured(const uint8_t *body, struct exchange_frame *out);
static enum err read_progress(const uint8_t *body, struct exchange_frame *out);

void
exchange_write(struct buf *to, const struct exchange_frame *f)
{
	const size_t begun = to->size;
	const bool has_bytes = f->type == EXCHANGE_SEGMENT || f->type == EXCHANGE_COMPONENT;
	uint8_t *at = buf_reserve(to, EXCHANGE_HEADER_SIZE + EXCHANGE_WORDS_MAX);
	uint8_t *body = at != NULL ? at + EXCHANGE_HEADER_SIZE : NULL;

	if (at == NULL)
		return;
	at[0] = (uint8_t)f->type;
	at[1] = shapes[f->type].has_kind ? (uint8_t)f->kind : 0;
	be16_put(at + 2, shapes[f->type].has_code ? (uint16_t)f->code : 0);
	switch (f->type) {
	case EXCHANGE_MISSING:
	case EXCHANGE_TROUBLE:
		if (f->words.size > EXCHANGE_WORDS_MAX)
			abort(); /* a trouble has no more */
		if (f->words.size > 0)
			memcpy(body, f->words.data, f->words.size);
		body += f->words.size;
		break;
	case EXCHANGE_MEASURED:
		write_measured(body, f);
		body += MEASURED_SIZE;
		break;
	case EXCHANGE_PROGRESS:
		be64_put(body, f->files);
		be64_put(body + 8, f->read_bytes);
		body += PROGRESS_SIZE;
		break;
	case EXCHANGE_COMPONENT:
	case EXCHANGE_SEGMENT:
		break;
	}
	to->size = (size_t)(body - to->data);
	be32_put(at + 4,
	    (uint32_t)(to->size - begun - EXCHANGE_HEADER_SIZE + (has_bytes ? f->bytes.size : 0)));
}

enum err
exchange_next(struct view input, struct exchange_frame *out, size_t *used)
{
	uint32_t size;
	enum err e;

	*used = 0;
	memset(out, 0, sizeof(*out));
	if (input.size < EXCHANGE_HEADER_SIZE)
		return ERR_OK;
	if ((e = read_header(input.data, out, &size)) != ERR_OK)
		return e;
	if (input.size - EXCHANGE_HEADER_SIZE < size)
		return ERR_OK;
	e = read_body((struct view){input.data + EXCHANGE_HEADER_SIZE, size}, out);
	if (e == ERR_OK)
		*used = EXCHANGE_HEADER_SIZE + size;
	return e;
}

static enum err
read_header(const uint8_t *header, struct exchange_frame *out, uint32_t *size)
{
	const struct shape *shape;
	const uint16_t code = be16_get(header + 2);

	*size = be32_get(header + 4);
	if (header[0] < EXCHANGE_SEGMENT || header[0] > EXCHANGE_PROGRESS)
		return ERR_FORMAT;
	shape = &shapes[header[0]];
	out->type = (enum exchange_type)header[0];
	out->kind = (enum component_kind)header[1];
	out->code = err_from_number(code);
	if (header[1] >= (shape->has_kind ? COMPONENT_KIND_COUNT : 1))
		return ERR_FORMAT;
	if (shape->has_code ? code == ERR_OK || (unsigned)out->code != code : code != 0)
		return ERR_FORMAT;
	return *size >= shape->least && *size <= shape->most ? ERR_OK : ERR_FORMAT;
}

static enum err
read_body(struct view body, struct exchange_frame *out)
{
	switch (out->type) {
	case EXCHANGE_MISSING:
	case EXCHANGE_TROUBLE:
		out->words = body;
		return body.size == 0 || memchr(body.data, 0, body.size) == NULL ? ERR_OK
										 : ERR_FORMAT;
	case EXCHANGE_MEASURED:
		return read_measured(body.data, out);
	case EXCHANGE_PROGRESS:
		return read_progress(body.data, out);
	case EXCHANGE_COMPONENT:
	case EXCHANGE_SEGMENT:
		break;
	}
	out->bytes = body;
	return ERR_OK;
}

static void
write_measured(uint8_t *body, const struct exchange_frame *f)
{
	be32_put(body, f->pid);
	be64_put(body + 4, f->time_ms);
	memcpy(body + 12, f->boot_id, BOOT_ID_SIZE);
	be32_put(body + 12 + BOOT_ID_SIZE, f->watches);
	be32_put(body + 16 + BOOT_ID_SIZE, f->unwatched);
	be64_put(body + 20 + BOOT_ID_SIZE, f->content.files);
	be64_put(body + 28 + BOOT_ID_SIZE, f->content.known);
	be64_put(body + 36 + BOOT_ID_SIZE, f->content.oldest_s);
	be64_put(body + 44 + BOOT_ID_SIZE, f->spent_us);
	body += MEASURED_HEAD;
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++, body += FLAG_SIZE) {
		body[0] = f->measured[kind].present;
		be64_put(body + 1, f->measured[kind].present ? f->measured[kind].count : 0);
	}
}

static enum err
read_measured(const uint8_t *body, struct exchange_frame *out)
{
	bool some = false;

	out->pid = be32_get(body);
	out->time_ms = be64_get(body + 4);
	memcpy(out->boot_id, body + 12, BOOT_ID_SIZE);
	out->watches = be32_get(body + 12 + BOOT_ID_SIZE);
	out->unwatched = be32_get(body + 16 + BOOT_ID_SIZE);
	out->content.files = be64_get(body + 20 + BOOT_ID_SIZE);
	out->content.known = be64_get(body + 28 + BOOT_ID_SIZE);
	out->content.oldest_s = be64_get(body + 36 + BOOT_ID_SIZE);
	out->spent_us = be64_get(body + 44 + BOOT_ID_SIZE);
	if (out->content.known > out->content.files || out->content.files > BUNDLE_CACHED_MAX ||
	    out->content.oldest_s > BUNDLE_CACHED_OLDEST_MAX ||
	    out->spent_us > EXCHANGE_SPENT_US_MAX)
		return ERR_FORMAT;
	body += MEASURED_HEAD;
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++, body += FLAG_SIZE) {
		out->measured[kind].present = body[0] == 1;
		out->measured[kind].count = be64_get(body + 1);
		if (body[0] > 1 ||
		    out->measured[kind].count > (body[0] == 1 ? COMPONENT_ITEMS_MAX : 0))
			return ERR_FORMAT;
		some = some || out->measured[kind].present;
	}
	return some && out->pid > 0 && out->pid <= INT32_MAX && out->time_ms <= BUNDLE_TIME_MS_MAX
		   ? ERR_OK
		   : ERR_FORMAT;
}

static enum err
read_progress(const uint8_t *body, struct exchange_frame *out)
{
	out->files = be64_get(body);
	out->read_bytes = be64_get(body + 8);
	return out->files <= EXCHANGE_PROGRESS_MAX && out->read_bytes <= EXCHANGE_PROGRESS_MAX
		   ? ERR_OK
		   : ERR_FORMAT;
}
