#include "proto/siphash.h"

#include <endian.h>
#include <string.h>

#define WORD_SIZE 8 /* bytes */

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t load(const uint8_t *from, size_t size);
static void take(struct state *s, uint64_t word);
static void rounds(struct state *s, unsigned count);

uint64_t
siphash(const struct siphash_key *key, struct view message)
{
	struct state s = {key->word[0] ^ 0x736f6d6570736575, key->word[1] ^ 0x646f72616e646f6d,
	    key->word[0] ^ 0x6c7967656e657261, key->word[1] ^ 0x7465646279746573};
	size_t at = 0;

	for (; message.size - at >= WORD_SIZE; at += WORD_SIZE)
		take(&s, load(message.data + at, WORD_SIZE));
	/* The rest, and the size's last byte. */
	take(&s, load(message.data + at, message.size - at) | (uint64_t)message.size << 56);
	s.v2 ^= 0xff;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static uint64_t
load(const uint8_t *from, size_t size)
{
	uint64_t word = 0;

	if (size > 0)
		memcpy(&word, from, size);
	return le64toh(word);
}

static void
take(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	rounds(s, 2);
	s->v0 ^= word;
}

static inline uint64_t
rotated(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void
rounds(struct state *s, unsigned count)
{
	while (count-- > 0) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotated(s->v1, 13) ^ s->v0;
		s->v3 = rotated(s->v3, 16) ^ s->v2;
		s->v0 = rotated(s->v0, 32) + s->v3;
		s->v2 += s->v1;
		s->v1 = rotated(s->v1, 17) ^ s->v2;
		s->v3 = rotated(s->v3, 21) ^ s->v0;
		s->v2 = rotated(s->v2, 32);
	}
}
