#include "register/view/places.h"

#include <string.h>

static uint8_t put(uint8_t *to, uint64_t number);
static bool get(struct view bytes, size_t *at, uint64_t *out);

bool
places_add(struct places *p, uint64_t entry, uint64_t issued_s, bool offline)
{
	uint8_t made[20];
	uint8_t size = put(made, (entry - p->last_entry) << 1 | offline);

	size = (uint8_t)(size + (issued_s >= p->last_s
					? put(made + size, (issued_s - p->last_s) << 1)
					: put(made + size, ((p->last_s - issued_s) << 1) - 1)));
	if (p->size + size > PLACES_SIZE)
		return false;
	memcpy(p->bytes + p->size, made, size);
	p->size = (uint8_t)(p->size + size);
	p->last_entry = entry;
	p->last_s = issued_s;
	return true;
}

void
places_begin(struct places *p, uint64_t entry, uint64_t issued_s, bool offline)
{
	p->first_entry = p->last_entry = entry;
	p->first_s = p->last_s = issued_s;
	p->size = 1;
	p->bytes[0] = offline;
}

bool
places_load(struct places *p, uint64_t first_entry, uint64_t first_s, struct view bytes)
{
	struct place each;
	size_t at = 0;

	if (bytes.size == 0 || bytes.size > PLACES_SIZE || bytes.data[0] > 1)
		return false;
	p->first_entry = first_entry;
	p->first_s = first_s;
	p->size = (uint8_t)bytes.size;
	memcpy(p->bytes, bytes.data, bytes.size);
	p->last_entry = first_entry;
	p->last_s = first_s;
	while (places_next(p, &at, &each)) {
		p->last_entry = each.entry;
		p->last_s = each.issued_s;
	}
	return at == p->size;
}

bool
places_next(const struct places *p, size_t *at, struct place *out)
{
	const struct view bytes = {p->bytes, p->size};
	uint64_t entries, seconds;
	size_t next = *at;

	if (next >= p->size)
		return false;
	if (next == 0) {
		*out = (struct place){p->first_entry, p->first_s, p->bytes[0] != 0};
		*at = 1;
		return true;
	}
	if (!get(bytes, &next, &entries) || !get(bytes, &next, &seconds))
		return false;
	out->entry += entries >> 1;
	out->offline = (entries & 1) != 0;
	out->issued_s += seconds & 1 ? 0 - ((seconds + 1) >> 1) : seconds >> 1;
	*at = next;
	return true;
}

static uint8_t
put(uint8_t *to, uint64_t number)
{
	uint8_t size = 0;

	for (; number > 0x7f; number >>= 7)
		to[size++] = (uint8_t)(number | 0x80);
	to[size++] = (uint8_t)number;
	return size;
}

static bool
get(struct view bytes, size_t *at, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; *at < bytes.size && shift < 64; shift += 7) {
		uint8_t byte = bytes.data[(*at)++];

		*out |= (uint64_t)(byte & 0x7f) << shift;
		if (byte <= 0x7f)
			return true;
	}
	return false;
}
