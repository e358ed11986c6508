#include "signer/learn/host_set.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct host_set *s, size_t size);

bool
host_set_add(struct host_set *s, size_t host)
{
	if (!grow(s, host / 8 + 1))
		return false;
	s->bits[host / 8] = (uint8_t)(s->bits[host / 8] | 1U << host % 8);
	return true;
}

bool
host_set_join(struct host_set *s, const struct host_set *more)
{
	if (!grow(s, more->size))
		return false;
	for (size_t i = 0; i < more->size; i++)
		s->bits[i] |= more->bits[i];
	return true;
}

size_t
host_set_count(const struct host_set *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->size; i++)
		count += (size_t)__builtin_popcount(s->bits[i]);
	return count;
}

size_t
host_set_next(const struct host_set *s, size_t from)
{
	for (size_t host = from; host < 8 * s->size; host++)
		if ((s->bits[host / 8] & 1U << host % 8) != 0)
			return host;
	return SIZE_MAX;
}

void
host_set_free(struct host_set *s)
{
	free(s->bits);
	*s = (struct host_set){NULL, 0};
}

static bool
grow(struct host_set *s, size_t size)
{
	uint8_t *bits;

	if (size <= s->size)
		return true;
	if ((bits = realloc(s->bits, size)) == NULL)
		return false;
	memset(bits + s->size, 0, size - s->size);
	s->bits = bits;
	s->size = size;
	return true;
}
