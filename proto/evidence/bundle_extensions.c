#include "proto/evidence/bundle_extensions.h"

#include <string.h>

#include "proto/evidence/extension_map.h"
#include "proto/mp_write.h"
#include "proto/tlog/checkpoint.h"

/* In the order of the canonical form. */
enum key {
	KEY_ACTIONS,
	KEY_ARTIFACT,
	KEY_CACHED,
	KEY_CHALLENGE,
	KEY_CONFIGURATION,
	KEY_DROPPED,
	KEY_GAP,
	KEY_LEAVING,
	KEY_MOVED_TO,
	KEY_PHASE,
	KEY_PROGRAM,
	KEY_WORKLOAD_KEY,
	KEY_COUNT,
};

static const struct view key_names[KEY_COUNT] = {
    [KEY_ACTIONS] = VIEW_LITERAL("actions"),
    [KEY_ARTIFACT] = VIEW_LITERAL("artifact"),
    [KEY_CACHED] = VIEW_LITERAL("cached"),
    [KEY_CHALLENGE] = VIEW_LITERAL("challenge"),
    [KEY_CONFIGURATION] = VIEW_LITERAL("configuration"),
    [KEY_DROPPED] = VIEW_LITERAL("dropped"),
    [KEY_GAP] = VIEW_LITERAL("gap"),
    [KEY_LEAVING] = VIEW_LITERAL("leaving"),
    [KEY_MOVED_TO] = VIEW_LITERAL("moved_to"),
    [KEY_PHASE] = VIEW_LITERAL("phase"),
    [KEY_PROGRAM] = VIEW_LITERAL("program"),
    [KEY_WORKLOAD_KEY] = VIEW_LITERAL("workload_key"),
};

#define LEAVING_WORD(identifier, word) [identifier] = VIEW_LITERAL(word),
static const struct view leaving_words[BUNDLE_LEAVING_COUNT] = {
    [BUNDLE_STAYING] = VIEW_LITERAL(""), BUNDLE_LEAVING_MAP(LEAVING_WORD)};
#undef LEAVING_WORD

#define ARTIFACT_WORD(identifier, word) [identifier] = VIEW_LITERAL(word),
static const struct view artifact_words[BUNDLE_ARTIFACT_COUNT] = {
    [BUNDLE_ARTIFACT_NONE] = VIEW_LITERAL(""), BUNDLE_ARTIFACT_MAP(ARTIFACT_WORD)};
#undef ARTIFACT_WORD

#define VERDICT_WORD(identifier, word) [identifier] = VIEW_LITERAL(word),
static const struct view verdict_words[BUNDLE_VERDICT_COUNT] = {BUNDLE_VERDICT_MAP(VERDICT_WORD)};
#undef VERDICT_WORD

static const struct view phase_start = VIEW_LITERAL("start"); /* the only one */

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyz0123456789-_"

/* All keys, headers and digests, the longest word; without challenge and origin. */
#define FIXED_SIZE_MAX 776

static enum key key_of(struct view name);
static enum err read_pair(const struct extension_map *m, struct bundle_extensions *out);
static enum err read_bin(const struct mp_item *item, size_t least, size_t most, struct view *out);
static enum err read_digest(const struct mp_item *item, bool *has, struct digest *out);
static enum err read_gap(const struct mp_item *item, struct bundle_extensions *out);
static enum err read_leaving(const struct mp_item *item, enum bundle_leaving *out);
static enum err read_phase(const struct mp_item *item, bool *is_start);
static enum err read_actions(const struct extension_map *m, struct bundle_extensions *out);
static enum err read_action(struct view *rest, struct bundle_action *out);
static enum err read_granted(struct view *rest, struct digest *out);
static bool result_is_good(uint64_t result);
static enum err read_artifact(const struct extension_map *m, struct bundle_artifact *out);
static enum err read_word(
    const struct mp_item *item, const struct view *words, unsigned count, unsigned *out);
static enum err read_origin(const struct mp_item *item, struct view *out);
static enum err read_cached(const struct extension_map *m, struct bundle_cached *out);
static enum err read_dropped(const struct extension_map *m, struct bundle_dropped *out);
static enum err read_numbers(const struct extension_map *m, uint64_t *const *numbers, size_t count);
static uint8_t *put_actions(uint8_t *p, const struct bundle_extensions *x);
static uint8_t *put_artifact(uint8_t *p, const struct bundle_artifact *a);
static uint8_t *put_cached(uint8_t *p, const struct bundle_cached *c);
static uint8_t *put_bin(uint8_t *p, enum key key, struct view v);
static uint8_t *put_str(uint8_t *p, enum key key, struct view v);

enum err
bundle_extensions_take(struct view *rest, bool *canonical, struct bundle_extensions *out)
{
	struct extension_map m;
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = extension_map_begin(*rest, &m)) != ERR_OK)
		return e;
	while (m.left > 0)
		if ((e = extension_map_next(&m)) != ERR_OK || (e = read_pair(&m, out)) != ERR_OK)
			return e;
	if ((out->leaving == BUNDLE_MOVED) != (out->moved_to.size > 0) ||
	    out->is_start != (out->artifact.form != BUNDLE_ARTIFACT_NONE))
		return ERR_MSG_RANGE;
	out->bytes = m.bytes;
	*rest = m.rest;
	*canonical = *canonical && m.canonical;
	return ERR_OK;
}

enum err
bundle_extensions_read(struct view bytes, struct bundle_extensions *out)
{
	bool canonical = true;
	enum err e;

	if ((e = bundle_extensions_take(&bytes, &canonical, out)) != ERR_OK)
		return e;
	if (bytes.size > 0)
		return ERR_MSG_TRAILING;
	return canonical ? ERR_OK : ERR_MSG_CANONICAL;
}

void
bundle_extensions_write(const struct bundle_extensions *x, struct buf *to)
{
	const bool leaves = x->leaving != BUNDLE_STAYING;
	const bool starts = x->is_start;
	const uint32_t pairs = (uint32_t)(x->action_count > 0) + 2 * (uint32_t)starts +
			       (uint32_t)(x->cached.files > 0) + (uint32_t)(x->challenge.size > 0) +
			       x->has_configuration + (uint32_t)(x->dropped.bundles > 0) +
			       x->has_gap + leaves + (uint32_t)(x->moved_to.size > 0) +
			       x->has_program + x->has_workload_key;
	uint8_t *p;

	if (pairs == 0 ||
	    (p = buf_reserve(to, FIXED_SIZE_MAX + x->challenge.size + x->moved_to.size)) == NULL)
		return;
	p = mp_put_map(p, pairs);
	if (x->action_count > 0)
		p = put_actions(p, x);
	if (starts)
		p = put_artifact(p, &x->artifact);
	if (x->cached.files > 0)
		p = put_cached(p, &x->cached);
	if (x->challenge.size > 0)
		p = put_bin(p, KEY_CHALLENGE, x->challenge);
	if (x->has_configuration)
		p = put_bin(
		    p, KEY_CONFIGURATION, (struct view){x->configuration.bytes, DIGEST_SIZE});
	if (x->dropped.bundles > 0)
		p = mp_put_uint(mp_put_uint(mp_put_array(mp_put_str(p, key_names[KEY_DROPPED]), 2),
				    x->dropped.bundles),
		    x->dropped.since_s);
	if (x->has_gap)
		p = mp_put_uint(mp_put_str(p, key_names[KEY_GAP]), x->gap_after);
	if (leaves)
		p = put_str(p, KEY_LEAVING, leaving_words[x->leaving]);
	if (x->moved_to.size > 0)
		p = put_str(p, KEY_MOVED_TO, x->moved_to);
	if (starts)
		p = put_str(p, KEY_PHASE, phase_start);
	if (x->has_program)
		p = put_bin(p, KEY_PROGRAM, (struct view){x->program.bytes, DIGEST_SIZE});
	if (x->has_workload_key)
		p = put_bin(p, KEY_WORKLOAD_KEY, (struct view){x->workload_key.bytes, DIGEST_SIZE});
	to->size = (size_t)(p - to->data);
}

bool
bundle_extension_is_known(struct view key)
{
	return key_of(key) != KEY_COUNT;
}

const char *
bundle_leaving_word(enum bundle_leaving leaving)
{
	return (const char *)leaving_words[leaving].data;
}

const char *
bundle_artifact_word(enum bundle_artifact_form form)
{
	return (const char *)artifact_words[form].data;
}

const char *
bundle_verdict_word(enum bundle_verdict v)
{
	return (const char *)verdict_words[v].data;
}

bool
bundle_action_name_is_good(struct view name)
{
	for (size_t i = 0; i < name.size; i++)
		if (memchr(NAME_BYTES, name.data[i], sizeof(NAME_BYTES) - 1) == NULL)
			return false;
	return name.size > 0 && name.size <= BUNDLE_ACTION_NAME_MAX;
}

static enum key
key_of(struct view name)
{
	unsigned key = 0;

	while (key < KEY_COUNT && !view_equal(name, key_names[key]))
		key++;
	return (enum key)key;
}

static enum err
read_pair(const struct extension_map *m, struct bundle_extensions *out)
{
	switch (key_of(m->key)) {
	case KEY_ACTIONS:
		return read_actions(m, out);
	case KEY_ARTIFACT:
		return read_artifact(m, &out->artifact);
	case KEY_CACHED:
		return read_cached(m, &out->cached);
	case KEY_CHALLENGE:
		return read_bin(
		    &m->value, BUNDLE_CHALLENGE_MIN, BUNDLE_CHALLENGE_MAX, &out->challenge);
	case KEY_CONFIGURATION:
		return read_digest(&m->value, &out->has_configuration, &out->configuration);
	case KEY_DROPPED:
		return read_dropped(m, &out->dropped);
	case KEY_GAP:
		return read_gap(&m->value, out);
	case KEY_LEAVING:
		return read_leaving(&m->value, &out->leaving);
	case KEY_MOVED_TO:
		return read_origin(&m->value, &out->moved_to);
	case KEY_PHASE:
		return read_phase(&m->value, &out->is_start);
	case KEY_PROGRAM:
		return read_digest(&m->value, &out->has_program, &out->program);
	case KEY_WORKLOAD_KEY:
		return read_digest(&m->value, &out->has_workload_key, &out->workload_key);
	case KEY_COUNT:
		break;
	}
	out->has_unknown = true;
	return ERR_OK;
}

static enum err
read_cached(const struct extension_map *m, struct bundle_cached *out)
{
	uint64_t *const numbers[] = {&out->known, &out->files, &out->oldest_s};
	const enum err e = read_numbers(m, numbers, 3);

	if (e != ERR_OK)
		return e;
	return out->known > 0 && out->known <= out->files && out->files <= BUNDLE_CACHED_MAX &&
		       out->oldest_s <= BUNDLE_CACHED_OLDEST_MAX
		   ? ERR_OK
		   : ERR_MSG_RANGE;
}

static enum err
read_dropped(const struct extension_map *m, struct bundle_dropped *out)
{
	uint64_t *const numbers[] = {&out->bundles, &out->since_s};
	const enum err e = read_numbers(m, numbers, 2);

	if (e != ERR_OK)
		return e;
	return out->bundles > 0 && out->bundles <= BUNDLE_DROPPED_MAX &&
		       out->since_s <= BUNDLE_CACHED_OLDEST_MAX
		   ? ERR_OK
		   : ERR_MSG_RANGE;
}

static enum err
read_numbers(const struct extension_map *m, uint64_t *const *numbers, size_t count)
{
	struct view rest = m->inside;
	struct mp_item item;
	enum err e = ERR_OK;

	if (m->value.type != MP_ARRAY)
		return ERR_MSG_TYPE;
	if (m->value.count != count)
		return ERR_MSG_RANGE;
	for (size_t i = 0; e == ERR_OK && i < count; i++)
		if ((e = mp_expect(&rest, MP_UINT, &item)) == ERR_OK)
			*numbers[i] = item.number;
	return e;
}

static enum err
read_bin(const struct mp_item *item, size_t least, size_t most, struct view *out)
{
	if (item->type != MP_BIN)
		return ERR_MSG_TYPE;
	*out = item->bytes;
	return out->size >= least && out->size <= most ? ERR_OK : ERR_MSG_RANGE;
}

static enum err
read_digest(const struct mp_item *item, bool *has, struct digest *out)
{
	struct view bytes;
	enum err e = read_bin(item, DIGEST_SIZE, DIGEST_SIZE, &bytes);

	if (e != ERR_OK)
		return e;
	memcpy(out->bytes, bytes.data, DIGEST_SIZE);
	*has = true;
	return ERR_OK;
}

static enum err
read_gap(const struct mp_item *item, struct bundle_extensions *out)
{
	if (item->type != MP_UINT)
		return ERR_MSG_TYPE;
	out->has_gap = true;
	out->gap_after = item->number;
	return item->number <= EXTENSION_GAP_MAX ? ERR_OK : ERR_MSG_RANGE;
}

static enum err
read_leaving(const struct mp_item *item, enum bundle_leaving *out)
{
	unsigned word = BUNDLE_STAYING;
	const enum err e = read_word(item, leaving_words, BUNDLE_LEAVING_COUNT, &word);

	*out = (enum bundle_leaving)word;
	return e;
}

static enum err
read_phase(const struct mp_item *item, bool *is_start)
{
	if (item->type != MP_STR)
		return ERR_MSG_TYPE;
	*is_start = view_equal(item->bytes, phase_start);
	return *is_start ? ERR_OK : ERR_MSG_RANGE;
}

static enum err
read_actions(const struct extension_map *m, struct bundle_extensions *out)
{
	struct view rest = m->inside;
	enum err e = ERR_OK;

	if (m->value.type != MP_ARRAY)
		return ERR_MSG_TYPE;
	if (m->value.count < 1 || m->value.count > BUNDLE_ACTIONS_MAX)
		return ERR_MSG_RANGE;
	for (size_t i = 0; e == ERR_OK && i < m->value.count; i++)
		e = read_action(&rest, &out->action[i]);
	out->action_count = m->value.count;
	return e;
}

static enum err
read_action(struct view *rest, struct bundle_action *out)
{
	struct mp_item item;
	enum err e;

	if ((e = mp_expect(rest, MP_ARRAY, &item)) != ERR_OK)
		return e;
	if (item.count != 3 && item.count != 4)
		return ERR_MSG_RANGE;
	out->is_act = item.count == 4;
	if ((e = mp_expect(rest, MP_STR, &item)) != ERR_OK)
		return e;
	out->hook = item.bytes;
	if ((e = mp_expect(rest, MP_STR, &item)) != ERR_OK)
		return e;
	out->verdict = BUNDLE_VERDICT_NONE;
	while (out->verdict < BUNDLE_VERDICT_COUNT &&
	       !view_equal(item.bytes, verdict_words[out->verdict]))
		out->verdict++;
	if ((e = mp_expect(rest, MP_UINT, &item)) != ERR_OK)
		return e;
	out->result = item.number;
	if (out->is_act && (e = read_granted(rest, &out->granted)) != ERR_OK)
		return e;
	return bundle_action_name_is_good(out->hook) && out->verdict != BUNDLE_VERDICT_COUNT &&
		       result_is_good(out->result)
		   ? ERR_OK
		   : ERR_MSG_RANGE;
}

static enum err
read_granted(struct view *rest, struct digest *out)
{
	struct mp_item item;
	enum err e;

	if ((e = mp_expect(rest, MP_BIN, &item)) != ERR_OK)
		return e;
	if (item.bytes.size != DIGEST_SIZE)
		return ERR_MSG_RANGE;
	memcpy(out->bytes, item.bytes.data, DIGEST_SIZE);
	return ERR_OK;
}

static bool
result_is_good(uint64_t result)
{
	return result < BUNDLE_ACTION_SIGNALLED ||
	       (result > BUNDLE_ACTION_SIGNALLED && result <= BUNDLE_ACTION_SIGNALLED + 64) ||
	       (result >= BUNDLE_ACTION_OVERDUE && result <= BUNDLE_ACTION_LOST);
}

static enum err
read_artifact(const struct extension_map *m, struct bundle_artifact *out)
{
	struct view rest = m->inside;
	unsigned word = BUNDLE_ARTIFACT_NONE;
	struct mp_item item;
	bool has;
	enum err e;

	if (m->value.type != MP_ARRAY)
		return ERR_MSG_TYPE;
	if (m->value.count != 2)
		return ERR_MSG_RANGE;
	if ((e = mp_expect(&rest, MP_STR, &item)) == ERR_OK &&
	    (e = read_word(&item, artifact_words, BUNDLE_ARTIFACT_COUNT, &word)) == ERR_OK &&
	    (e = mp_expect(&rest, MP_BIN, &item)) == ERR_OK)
		e = read_digest(&item, &has, &out->digest);
	out->form = (enum bundle_artifact_form)word;
	return e;
}

/* One of the words but the first, which stands for none. */
static enum err
read_word(const struct mp_item *item, const struct view *words, unsigned count, unsigned *out)
{
	if (item->type != MP_STR)
		return ERR_MSG_TYPE;
	for (unsigned i = 1; i < count; i++) {
		if (view_equal(item->bytes, words[i])) {
			*out = i;
			return ERR_OK;
		}
	}
	return ERR_MSG_RANGE;
}

static enum err
read_origin(const struct mp_item *item, struct view *out)
{
	if (item->type != MP_STR)
		return ERR_MSG_TYPE;
	*out = item->bytes;
	return checkpoint_origin_check(*out) == ERR_OK ? ERR_OK : ERR_MSG_RANGE;
}

static uint8_t *
put_actions(uint8_t *p, const struct bundle_extensions *x)
{
	p = mp_put_array(mp_put_str(p, key_names[KEY_ACTIONS]), (uint32_t)x->action_count);
	for (size_t i = 0; i < x->action_count; i++) {
		const struct bundle_action *a = &x->action[i];

		p = mp_put_str(mp_put_array(p, a->is_act ? 4 : 3), a->hook);
		p = mp_put_uint(mp_put_str(p, verdict_words[a->verdict]), a->result);
		if (a->is_act)
			p = mp_put_bin(p, (struct view){a->granted.bytes, DIGEST_SIZE});
	}
	return p;
}

static uint8_t *
put_artifact(uint8_t *p, const struct bundle_artifact *a)
{
	p = mp_put_array(mp_put_str(p, key_names[KEY_ARTIFACT]), 2);
	p = mp_put_str(p, artifact_words[a->form]);
	return mp_put_bin(p, (struct view){a->digest.bytes, DIGEST_SIZE});
}

static uint8_t *
put_cached(uint8_t *p, const struct bundle_cached *c)
{
	p = mp_put_array(mp_put_str(p, key_names[KEY_CACHED]), 3);
	p = mp_put_uint(p, c->known);
	return mp_put_uint(mp_put_uint(p, c->files), c->oldest_s);
}

static uint8_t *
put_bin(uint8_t *p, enum key key, struct view v)
{
	return mp_put_bin(mp_put_str(p, key_names[key]), v);
}

static uint8_t *
put_str(uint8_t *p, enum key key, struct view v)
{
	return mp_put_str(mp_put_str(p, key_names[key]), v);
}
