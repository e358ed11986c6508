#include "proto/evidence/bundle.h"

#include <string.h>

#include "proto/evidence/extension_map.h"
#include "proto/mp_check.h"
#include "proto/mp_read.h"
#include "proto/mp_write.h"
#include "proto/text.h"

/* The map, the extensions, and containers in one of them. */
#define BUNDLE_DEPTH_MAX (2 + EXTENSION_DEPTH_MAX)

/* 10 pairs, 7 pairs of components with 3 numbers each: 55; of an extension each has a byte. */
#define BUNDLE_ITEMS_MAX (64 + EXTENSION_MAP_SIZE_MAX)

/* All keys, headers and numbers, the digests of every kind; without workload and extensions. */
#define BUNDLE_FIXED_SIZE_MAX 1024

/* In the order of the canonical form. */
enum bundle_key {
	KEY_VERSION,
	KEY_WORKLOAD,
	KEY_SEQ,
	KEY_PREV,
	KEY_NONCE,
	KEY_BOOT,
	KEY_TIME,
	KEY_NEXT,
	KEY_COMPONENTS,
	KEY_EXTENSIONS,
	KEY_COUNT,
};

/* All but the extensions. */
#define KEYS_DEMANDED ((1U << KEY_EXTENSIONS) - 1)

static const struct view key_names[KEY_COUNT] = {
    [KEY_VERSION] = VIEW_LITERAL("v"),
    [KEY_WORKLOAD] = VIEW_LITERAL("workload"),
    [KEY_SEQ] = VIEW_LITERAL("seq"),
    [KEY_PREV] = VIEW_LITERAL("prev"),
    [KEY_NONCE] = VIEW_LITERAL("nonce"),
    [KEY_BOOT] = VIEW_LITERAL("boot"),
    [KEY_TIME] = VIEW_LITERAL("time"),
    [KEY_NEXT] = VIEW_LITERAL("next_s"),
    [KEY_COMPONENTS] = VIEW_LITERAL("components"),
    [KEY_EXTENSIONS] = VIEW_LITERAL("ext"),
};

/* `canonical` stays true as long as order and spelling are the canonical ones. */
struct bundle_reader {
	struct view rest;
	bool canonical;
	struct view key;   /* whose value is being read */
	unsigned expected; /* the key that comes next, if any comes */
};

static enum err read_bundle(struct bundle_reader *r, struct bundle *out);
static enum err read_pair(struct bundle_reader *r, unsigned *seen, struct bundle *out);
static enum err read_components(struct bundle_reader *r, struct bundle *out);
static enum err read_component(struct bundle_reader *r, unsigned *seen, struct bundle *out);
static enum err read_item(struct bundle_reader *r, enum mp_type type, struct mp_item *item);
static enum err read_number(struct bundle_reader *r, uint64_t least, uint64_t most, uint64_t *out);
static enum err read_bytes(struct bundle_reader *r, void *out, size_t size);
static enum err read_nonce(struct bundle_reader *r, struct bundle *out);
static enum err check_together(const struct bundle *b);
static enum err check_start(const struct bundle *b);
static enum err mark_seen(struct bundle_reader *r, unsigned *seen, unsigned index);
static uint8_t *put_components(uint8_t *p, const struct bundle *b);
static uint8_t *put_key(uint8_t *p, enum bundle_key key);
static uint8_t *put_bin(uint8_t *p, const void *data, size_t size);

enum err
bundle_check(const struct bundle *b)
{
	size_t present = 0;

	if (bundle_chain_check(b->workload) != ERR_OK || b->seq == 0 || b->seq > BUNDLE_SEQ_MAX ||
	    b->time_ms > BUNDLE_TIME_MS_MAX || b->next_s > BUNDLE_NEXT_S_MAX)
		return ERR_MSG_RANGE;
	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *c = &b->component[k];

		if (!c->present)
			continue;
		present++;
		if (c->count > COMPONENT_ITEMS_MAX || c->size == 0 || c->size > COMPONENT_SIZE_MAX)
			return ERR_MSG_RANGE;
	}
	return present > 0 ? check_together(b) : ERR_MSG_RANGE;
}

void
bundle_encode(const struct bundle *b, struct buf *to)
{
	const struct view extensions = b->extensions.bytes;
	uint8_t *p = buf_reserve(to, BUNDLE_FIXED_SIZE_MAX + b->workload.size + extensions.size);

	if (p == NULL)
		return;
	p = mp_put_map(p, extensions.size > 0 ? KEY_COUNT : KEY_COUNT - 1);
	p = mp_put_uint(put_key(p, KEY_VERSION), BUNDLE_VERSION);
	p = mp_put_str(put_key(p, KEY_WORKLOAD), b->workload);
	p = mp_put_uint(put_key(p, KEY_SEQ), b->seq);
	p = put_bin(put_key(p, KEY_PREV), b->prev.bytes, DIGEST_SIZE);
	p = put_bin(put_key(p, KEY_NONCE), b->nonce, b->offline ? 0 : NONCE_SIZE);
	p = put_bin(put_key(p, KEY_BOOT), b->boot_id, BOOT_ID_SIZE);
	p = mp_put_uint(put_key(p, KEY_TIME), b->time_ms);
	p = mp_put_uint(put_key(p, KEY_NEXT), b->next_s);
	p = put_components(put_key(p, KEY_COMPONENTS), b);
	if (extensions.size > 0) {
		p = put_key(p, KEY_EXTENSIONS);
		memcpy(p, extensions.data, extensions.size);
		p += extensions.size;
	}
	to->size = (size_t)(p - to->data);
}

enum err
bundle_decode(struct view bytes, struct bundle *out)
{
	struct bundle_reader r = {.rest = bytes, .canonical = true};

	return read_bundle(&r, out);
}

struct view
bundle_fault(struct view bytes)
{
	struct bundle_reader r = {.rest = bytes, .canonical = true};
	struct bundle ignored;

	return read_bundle(&r, &ignored) != ERR_OK ? r.key : (struct view){NULL, 0};
}

void
bundle_signed_bytes(struct view bundle, struct buf *to)
{
	buf_append_string(to, "hallmark bundle signature v1\n");
	buf_append_view(to, bundle);
}

static enum err
read_bundle(struct bundle_reader *r, struct bundle *out)
{
	struct mp_item map;
	unsigned seen = 0;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (r->rest.size > BUNDLE_SIZE_MAX)
		return ERR_MSG_RANGE;
	if ((e = mp_check(r->rest, BUNDLE_DEPTH_MAX, BUNDLE_ITEMS_MAX)) != ERR_OK)
		return e;
	if ((e = read_item(r, MP_MAP, &map)) != ERR_OK)
		return e;
	for (uint32_t i = 0; i < map.count; i++) {
		if ((e = read_pair(r, &seen, out)) != ERR_OK)
			return e;
		r->key = (struct view){NULL, 0};
	}
	if ((seen & KEYS_DEMANDED) != KEYS_DEMANDED)
		return ERR_MSG_MISSING;
	if ((e = check_together(out)) != ERR_OK) {
		r->key = key_names[KEY_EXTENSIONS];
		return e;
	}
	return r->canonical ? ERR_OK : ERR_MSG_CANONICAL;
}

static enum err
read_pair(struct bundle_reader *r, unsigned *seen, struct bundle *out)
{
	struct mp_item item;
	unsigned key = r->expected;
	uint64_t version;
	enum err e;

	if ((e = read_item(r, MP_STR, &item)) != ERR_OK)
		return e;
	/* In a canonical bundle it is the one behind the last. */
	if (!view_equal(item.bytes, key_names[key]))
		for (key = 0; key < KEY_COUNT && !view_equal(item.bytes, key_names[key]);)
			key++;
	if (key == KEY_COUNT)
		return ERR_MSG_KEY;
	r->key = key_names[key];
	r->expected = key + 1 < KEY_COUNT ? key + 1 : 0;
	if ((e = mark_seen(r, seen, key)) != ERR_OK)
		return e;
	switch ((enum bundle_key)key) {
	case KEY_VERSION:
		return read_number(r, BUNDLE_VERSION, BUNDLE_VERSION, &version);
	case KEY_WORKLOAD:
		if ((e = read_item(r, MP_STR, &item)) != ERR_OK)
			return e;
		out->workload = item.bytes;
		return bundle_chain_check(item.bytes);
	case KEY_SEQ:
		return read_number(r, 1, BUNDLE_SEQ_MAX, &out->seq);
	case KEY_PREV:
		return read_bytes(r, out->prev.bytes, DIGEST_SIZE);
	case KEY_NONCE:
		return read_nonce(r, out);
	case KEY_BOOT:
		return read_bytes(r, out->boot_id, BOOT_ID_SIZE);
	case KEY_TIME:
		return read_number(r, 0, BUNDLE_TIME_MS_MAX, &out->time_ms);
	case KEY_NEXT:
		return read_number(r, 0, BUNDLE_NEXT_S_MAX, &out->next_s);
	case KEY_COMPONENTS:
		return read_components(r, out);
	case KEY_EXTENSIONS:
		return bundle_extensions_take(&r->rest, &r->canonical, &out->extensions);
	case KEY_COUNT:
		break;
	}
	return ERR_INVARIANT;
}

static enum err
read_components(struct bundle_reader *r, struct bundle *out)
{
	struct mp_item map;
	unsigned seen = 0;
	enum err e;

	if ((e = read_item(r, MP_MAP, &map)) != ERR_OK)
		return e;
	if (map.count == 0)
		return ERR_MSG_RANGE;
	for (uint32_t i = 0; i < map.count; i++)
		if ((e = read_component(r, &seen, out)) != ERR_OK)
			return e;
	return ERR_OK;
}

static enum err
read_component(struct bundle_reader *r, unsigned *seen, struct bundle *out)
{
	struct bundle_component *c;
	enum component_kind kind;
	struct mp_item item;
	enum err e;

	if ((e = read_item(r, MP_STR, &item)) != ERR_OK)
		return e;
	if (component_kind_from_name(item.bytes, &kind) != ERR_OK)
		return ERR_MSG_KEY;
	if ((e = mark_seen(r, seen, kind)) != ERR_OK)
		return e;
	if ((e = read_item(r, MP_ARRAY, &item)) != ERR_OK)
		return e;
	if (item.count != 3)
		return ERR_MSG_RANGE;
	c = &out->component[kind];
	c->present = true;
	if ((e = read_bytes(r, c->digest.bytes, DIGEST_SIZE)) != ERR_OK)
		return e;
	if ((e = read_number(r, 0, COMPONENT_ITEMS_MAX, &c->count)) != ERR_OK)
		return e;
	return read_number(r, 1, COMPONENT_SIZE_MAX, &c->size);
}

static enum err
read_item(struct bundle_reader *r, enum mp_type type, struct mp_item *item)
{
	enum err e = mp_expect(&r->rest, type, item);

	if (e == ERR_OK && !item->shortest)
		r->canonical = false;
	return e;
}

static enum err
read_number(struct bundle_reader *r, uint64_t least, uint64_t most, uint64_t *out)
{
	struct mp_item item;
	enum err e;

	if ((e = read_item(r, MP_UINT, &item)) != ERR_OK)
		return e;
	*out = item.number;
	return item.number >= least && item.number <= most ? ERR_OK : ERR_MSG_RANGE;
}

static enum err
read_bytes(struct bundle_reader *r, void *out, size_t size)
{
	struct mp_item item;
	enum err e;

	if ((e = read_item(r, MP_BIN, &item)) != ERR_OK)
		return e;
	if (item.bytes.size != size)
		return ERR_MSG_RANGE;
	memcpy(out, item.bytes.data, size);
	return ERR_OK;
}

static enum err
read_nonce(struct bundle_reader *r, struct bundle *out)
{
	struct mp_item item;
	enum err e;

	if ((e = read_item(r, MP_BIN, &item)) != ERR_OK)
		return e;
	out->offline = item.bytes.size == 0;
	if (out->offline)
		return ERR_OK;
	if (item.bytes.size != NONCE_SIZE)
		return ERR_MSG_RANGE;
	memcpy(out->nonce, item.bytes.data, NONCE_SIZE);
	return ERR_OK;
}

/* What extensions demand of other members. */
static enum err
check_together(const struct bundle *b)
{
	const struct bundle_extensions *x = &b->extensions;
	const bool leaves = x->leaving != BUNDLE_STAYING;

	if (b->offline != x->has_gap || (x->has_gap && x->gap_after >= b->seq))
		return ERR_MSG_RANGE;
	if (b->offline && (x->challenge.size > 0 || leaves))
		return ERR_MSG_RANGE;
	if (leaves && b->next_s > 0)
		return ERR_MSG_RANGE;
	return bundle_chain_is_start(b->workload) || x->is_start ? check_start(b) : ERR_OK;
}

static enum err
check_start(const struct bundle *b)
{
	const struct bundle_extensions *x = &b->extensions;
	const struct bundle_component *files = &b->component[COMPONENT_FILES];

	if (!bundle_chain_is_start(b->workload) || !x->is_start || b->offline || b->next_s > 0 ||
	    x->leaving != BUNDLE_STAYING)
		return ERR_MSG_RANGE;
	if (x->artifact.form != BUNDLE_ARTIFACT_TREE)
		return ERR_OK;
	return files->present && digest_equal(&files->digest, &x->artifact.digest) ? ERR_OK
										   : ERR_MSG_RANGE;
}

/* Keys of both maps rise in the canonical form: a lower one than any before is out of order. */
static enum err
mark_seen(struct bundle_reader *r, unsigned *seen, unsigned index)
{
	if ((*seen & 1U << index) != 0)
		return ERR_MSG_DUPLICATE;
	if (*seen >> index != 0)
		r->canonical = false;
	*seen |= 1U << index;
	return ERR_OK;
}

static uint8_t *
put_components(uint8_t *p, const struct bundle *b)
{
	uint32_t count = 0;

	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		count += b->component[k].present;
	p = mp_put_map(p, count);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *c = &b->component[k];

		if (!c->present)
			continue;
		p = mp_put_str(p, view_of_string(component_kind_name((enum component_kind)k)));
		p = mp_put_array(p, 3);
		p = put_bin(p, c->digest.bytes, DIGEST_SIZE);
		p = mp_put_uint(p, c->count);
		p = mp_put_uint(p, c->size);
	}
	return p;
}

static uint8_t *
put_key(uint8_t *p, enum bundle_key key)
{
	return mp_put_str(p, key_names[key]);
}

static uint8_t *
put_bin(uint8_t *p, const void *data, size_t size)
{
	return mp_put_bin(p, (struct view){data, size});
}
