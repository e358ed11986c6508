#include "signer/learn/number_set.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct number_set *s, size_t size);

bool
number_set_add(struct number_set *s, size_t number)
{
	if (!grow(s, number / 8 + 1))
		return false;
	s->bits[number / 8] = (uint8_t)(s->bits[number / 8] | 1U << number % 8);
	return true;
}

bool
number_set_join(struct number_set *s, const struct number_set *more)
{
	if (!grow(s, more->size))
		return false;
	for (size_t i = 0; i < more->size; i++)
		s->bits[i] |= more->bits[i];
	return true;
}

bool
number_set_meet(const struct number_set *a, const struct number_set *b)
{
	for (size_t i = 0; i < a->size && i < b->size; i++)
		if ((a->bits[i] & b->bits[i]) != 0)
			return true;
	return false;
}

size_t
number_set_count(const struct number_set *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->size; i++)
		count += (size_t)__builtin_popcount(s->bits[i]);
	return count;
}

size_t
number_set_next(const struct number_set *s, size_t from)
{
	for (size_t number = from; number < 8 * s->size; number++)
		if ((s->bits[number / 8] & 1U << number % 8) != 0)
			return number;
	return SIZE_MAX;
}

void
number_set_free(struct number_set *s)
{
	free(s->bits);
	*s = (struct number_set){NULL, 0};
}

static bool
grow(struct number_set *s, size_t size)
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
