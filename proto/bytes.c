#include "proto/bytes.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Smallest allocation, in bytes: most answers fit, and doubling from here is soon done. */
#define FIRST_CAPACITY 256

struct view
view_of_string(const char *s)
{
	return (struct view){(const uint8_t *)s, strlen(s)};
}

int
view_precision(struct view v)
{
	return v.size > INT_MAX ? INT_MAX : (int)v.size;
}

bool
view_equal(struct view a, struct view b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

char *
view_to_string(struct view v)
{
	char *s = malloc(v.size + 1);

	if (s == NULL)
		return NULL;
	if (v.size > 0)
		memcpy(s, v.data, v.size);
	s[v.size] = '\0';
	return s;
}

int
view_compare(struct view a, struct view b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

	if (order != 0)
		return order;
	return a.size < b.size ? -1 : a.size > b.size;
}

uint8_t *
buf_reserve(struct buf *b, size_t size)
{
	size_t capacity = b->capacity == 0 ? FIRST_CAPACITY : b->capacity;
	uint8_t *data;

	if (b->failed)
		return NULL;
	/* Room for nothing is room too: never NULL for an empty buffer. */
	if (b->capacity > 0 && size <= b->capacity - b->size)
		return b->data + b->size;
	while (capacity - b->size < size) {
		if (capacity > SIZE_MAX / 2) {
			b->failed = true;
			return NULL;
		}
		capacity *= 2;
	}
	if ((data = realloc(b->data, capacity)) == NULL) {
		b->failed = true;
		return NULL;
	}
	b->data = data;
	b->capacity = capacity;
	return b->data + b->size;
}

void
buf_append(struct buf *b, const void *data, size_t size)
{
	uint8_t *room;

	if (size == 0 || (room = buf_reserve(b, size)) == NULL)
		return;
	memcpy(room, data, size);
	b->size += size;
}

void
buf_append_view(struct buf *b, struct view v)
{
	buf_append(b, v.data, v.size);
}

void
buf_append_string(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void
buf_append_byte(struct buf *b, uint8_t byte)
{
	buf_append(b, &byte, 1);
}

void
buf_append_decimal(struct buf *b, uint64_t number)
{
	uint8_t digits[DECIMAL_DIGITS_MAX];

	buf_append(b, digits, (size_t)(decimal_put(digits, number) - digits));
}

/* Two digits a division: half as many of what takes the time. */
uint8_t *
decimal_put(uint8_t *to, uint64_t number)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[DECIMAL_DIGITS_MAX];
	size_t begin = sizeof(digits);

	for (; number >= 100; number /= 100) {
		begin -= 2;
		memcpy(digits + begin, pairs + 2 * (number % 100), 2);
	}
	if (number >= 10) {
		begin -= 2;
		memcpy(digits + begin, pairs + 2 * number, 2);
	} else {
		digits[--begin] = (char)('0' + number);
	}
	memcpy(to, digits + begin, sizeof(digits) - begin);
	return to + (sizeof(digits) - begin);
}

void
buf_append_format(struct buf *b, const char *format, ...)
{
	va_list args, again;
	uint8_t *room;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	/* One byte more, for the NUL that vsnprintf insists on. */
	if (size < 0)
		b->failed = true;
	else if ((room = buf_reserve(b, (size_t)size + 1)) != NULL) {
		vsnprintf((char *)room, (size_t)size + 1, format, again);
		b->size += (size_t)size;
	}
	va_end(again);
	va_end(args);
}

void
buf_clear(struct buf *b)
{
	b->size = 0;
	b->failed = false;
}

void
buf_consume(struct buf *b, size_t size)
{
	if (size > b->size)
		abort(); /* more than there is */
	if (size > 0 && size < b->size)
		memmove(b->data, b->data + size, b->size - size);
	b->size -= size;
}

enum err
buf_status(const struct buf *b)
{
	return b->failed ? ERR_MEMORY : ERR_OK;
}

struct view
buf_view(const struct buf *b)
{
	return (struct view){b->data, b->size};
}

void
buf_free(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

void
be16_put(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)(value & 0xff);
}

void
be32_put(uint8_t *to, uint32_t value)
{
	be16_put(to, (uint16_t)(value >> 16));
	be16_put(to + 2, (uint16_t)(value & 0xffff));
}

void
be64_put(uint8_t *to, uint64_t value)
{
	be32_put(to, (uint32_t)(value >> 32));
	be32_put(to + 4, (uint32_t)(value & 0xffffffff));
}

uint16_t
be16_get(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

uint32_t
be32_get(const uint8_t *from)
{
	return (uint32_t)be16_get(from) << 16 | be16_get(from + 2);
}

uint64_t
be64_get(const uint8_t *from)
{
	return (uint64_t)be32_get(from) << 32 | be32_get(from + 4);
}
