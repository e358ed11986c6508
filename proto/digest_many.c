/*
 * Every lane of a register is another message. What is written here is FIPS 180-4, 6.2.2 as it
 * stands there, on sixteen words instead of one; nothing depends on what the messages say.
 */
#include "proto/digest_many.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void by_openssl(const struct digest_message *message, struct digest *out);

#ifdef __x86_64__

#include <immintrin.h>

#define BLOCK_SIZE  64 /* bytes */
#define BLOCK_WORDS 16
#define STATE_WORDS 8

/* With fewer messages the empty lanes cost more than OpenSSL does, one message after the other. */
#define WORTH 6

#define WIDE    __attribute__((target("avx512f")))
#define INLINED static inline __attribute__((always_inline)) WIDE

/* A message as blocks: one where the head ends, those that lie in the body, the padded ones. */
struct stream {
	size_t block_count; /* in all; 0: an empty lane */
	size_t direct_begin, direct_end;
	const uint8_t *direct;
	uint8_t first[BLOCK_SIZE];
	uint8_t last[2 * BLOCK_SIZE];
};

static const uint32_t initial[STATE_WORDS] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t round_constant[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
    0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static void stream_begin(struct stream *s, const struct digest_message *m);
static const uint8_t *stream_block(const struct stream *s, size_t index);
static void hash_lanes(const struct digest_message *message, size_t count, struct digest *out);

void
digest_of_messages(const struct digest_message *message, size_t count, struct digest *out)
{
	size_t size;

	for (size_t done = 0; done < count; done += size) {
		size = count - done < DIGEST_LANES ? count - done : DIGEST_LANES;
		if (size >= WORTH && __builtin_cpu_supports("avx512f"))
			hash_lanes(message + done, size, out + done);
		else
			for (size_t i = done; i < done + size; i++)
				by_openssl(&message[i], &out[i]);
	}
}

static void
stream_begin(struct stream *s, const struct digest_message *m)
{
	const size_t size = m->head.size + m->body.size;
	struct view rest = m->body;
	size_t last = 0, taken; /* bytes in s->last */

	if (m->head.size > DIGEST_HEAD_MAX)
		abort();
	s->direct_begin = 0;
	if (m->head.size > 0 && size >= BLOCK_SIZE) {
		taken = BLOCK_SIZE - m->head.size;
		memcpy(s->first, m->head.data, m->head.size);
		memcpy(s->first + m->head.size, rest.data, taken);
		rest = (struct view){rest.data + taken, rest.size - taken};
		s->direct_begin = 1;
	} else if (m->head.size > 0) {
		memcpy(s->last, m->head.data, m->head.size);
		last = m->head.size;
	}
	taken = size >= BLOCK_SIZE ? rest.size / BLOCK_SIZE * BLOCK_SIZE : 0;
	s->direct = rest.data;
	s->direct_end = s->direct_begin + taken / BLOCK_SIZE;
	if (rest.size > taken)
		memcpy(s->last + last, rest.data + taken, rest.size - taken);
	last += rest.size - taken;
	/* The padding: a bit, zeros, and the size in bits at the end of a block. */
	s->block_count = s->direct_end + (last + 9 <= BLOCK_SIZE ? 1 : 2);
	memset(s->last + last, 0, sizeof(s->last) - last);
	s->last[last] = 0x80;
	be64_put(s->last + (s->block_count - s->direct_end) * BLOCK_SIZE - 8, (uint64_t)size * 8);
}

/* A stream that has ended, or is empty, repeats what it has: its lane is not looked at. */
static const uint8_t *
stream_block(const struct stream *s, size_t index)
{
	if (index < s->direct_begin)
		return s->first;
	if (index < s->direct_end)
		return s->direct + (index - s->direct_begin) * BLOCK_SIZE;
	return index < s->block_count ? s->last + (index - s->direct_end) * BLOCK_SIZE : s->last;
}

/* Exchanges the corners of the square that row a and row b make in steps of `step` columns. */
INLINED void
swap_corners(__m512i *a, __m512i *b, const int step)
{
	int low[DIGEST_LANES], high[DIGEST_LANES];
	__m512i a_old = *a;

	for (int c = 0; c < DIGEST_LANES; c++) {
		low[c] = (c & step) != 0 ? DIGEST_LANES + c - step : c;
		high[c] = (c & step) != 0 ? DIGEST_LANES + c : c + step;
	}
	*a = _mm512_permutex2var_epi32(a_old, _mm512_loadu_si512(low), *b);
	*b = _mm512_permutex2var_epi32(a_old, _mm512_loadu_si512(high), *b);
}

/* Sixteen blocks become sixteen registers: the first words of all, the second words, ... */
INLINED void
load_words(const uint8_t *const block[DIGEST_LANES], __m512i w[BLOCK_WORDS])
{
	const __m512i odd = _mm512_set1_epi32(0x00ff00ff);

#pragma GCC unroll 16
	for (int i = 0; i < DIGEST_LANES; i++)
		w[i] = _mm512_loadu_si512(block[i]);
#pragma GCC unroll 4
	for (int step = DIGEST_LANES / 2; step > 0; step /= 2)
#pragma GCC unroll 16
		for (int i = 0; i < DIGEST_LANES; i++)
			if ((i & step) == 0)
				swap_corners(&w[i], &w[i + step], step);
				/* Big-endian: each byte pair is taken from the word turned by 8 one
				 * way or the other. */
#pragma GCC unroll 16
	for (int i = 0; i < BLOCK_WORDS; i++)
		w[i] = _mm512_ternarylogic_epi32(
		    odd, _mm512_rol_epi32(w[i], 8), _mm512_ror_epi32(w[i], 8), 0xca);
}

/* The names of FIPS 180-4, 4.1.2. 0x96 is x^y^z, 0xca is x?y:z, 0xe8 is what most have. */
#define ROTR(x, n)   _mm512_ror_epi32(x, n)
#define XOR(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define CH(x, y, z)  _mm512_ternarylogic_epi32(x, y, z, 0xca)
#define MAJ(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xe8)
#define SUM0(x)      XOR(ROTR(x, 2), ROTR(x, 13), ROTR(x, 22))
#define SUM1(x)      XOR(ROTR(x, 6), ROTR(x, 11), ROTR(x, 25))
#define SIGMA0(x)    XOR(ROTR(x, 7), ROTR(x, 18), _mm512_srli_epi32(x, 3))
#define SIGMA1(x)    XOR(ROTR(x, 17), ROTR(x, 19), _mm512_srli_epi32(x, 10))
#define ADD(x, y)    _mm512_add_epi32(x, y)

/* Sixteen rounds. The names turn instead of the words; `more`: words for the next sixteen. */
INLINED void
rounds(__m512i s[STATE_WORDS], __m512i w[BLOCK_WORDS], const uint32_t *constant, const bool more)
{
#pragma GCC unroll 16
	for (unsigned t = 0; t < BLOCK_WORDS; t++) {
		const __m512i a = s[(64 - t) % 8], b = s[(65 - t) % 8], c = s[(66 - t) % 8],
			      e = s[(68 - t) % 8], f = s[(69 - t) % 8], g = s[(70 - t) % 8];
		__m512i *const d = &s[(67 - t) % 8], *const h = &s[(71 - t) % 8];
		const __m512i k = _mm512_set1_epi32((int)constant[t]);

		*h = ADD(ADD(*h, ADD(SUM1(e), CH(e, f, g))), ADD(w[t], k));
		*d = ADD(*d, *h);
		*h = ADD(*h, ADD(SUM0(a), MAJ(a, b, c)));
		if (more)
			w[t] = ADD(ADD(w[t], SIGMA0(w[(t + 1) % 16])),
			    ADD(w[(t + 9) % 16], SIGMA1(w[(t + 14) % 16])));
	}
}

/* One block of each lane in `active`. */
WIDE static void
compress(__m512i state[STATE_WORDS], const uint8_t *const block[DIGEST_LANES], __mmask16 active)
{
	__m512i s[STATE_WORDS], w[BLOCK_WORDS];

	load_words(block, w);
	for (unsigned i = 0; i < STATE_WORDS; i++)
		s[i] = state[i];
	for (unsigned begin = 0; begin < 48; begin += BLOCK_WORDS)
		rounds(s, w, round_constant + begin, true);
	rounds(s, w, round_constant + 48, false);
	for (unsigned i = 0; i < STATE_WORDS; i++)
		state[i] = _mm512_mask_add_epi32(state[i], active, state[i], s[i]);
}

WIDE static void
hash_lanes(const struct digest_message *message, size_t count, struct digest *out)
{
	struct stream stream[DIGEST_LANES];
	const uint8_t *block[DIGEST_LANES];
	uint32_t word[STATE_WORDS][DIGEST_LANES];
	__m512i state[STATE_WORDS];
	__mmask16 active = 1;

	for (size_t n = 0; n < count; n++)
		stream_begin(&stream[n], &message[n]);
	for (size_t i = 0; i < STATE_WORDS; i++)
		state[i] = _mm512_set1_epi32((int)initial[i]);
	for (size_t i = 0; active != 0; i++) {
		active = 0;
		for (size_t n = 0; n < DIGEST_LANES; n++) {
			const struct stream *s = &stream[n < count ? n : 0];

			active |= (__mmask16)((n < count && i < s->block_count) << n);
			block[n] = stream_block(s, i);
		}
		if (active != 0)
			compress(state, block, active);
	}
	for (size_t i = 0; i < STATE_WORDS; i++)
		_mm512_storeu_si512(word[i], state[i]);
	for (size_t n = 0; n < count; n++)
		for (size_t i = 0; i < STATE_WORDS; i++)
			be32_put(out[n].bytes + 4 * i, word[i][n]);
}

#else

void
digest_of_messages(const struct digest_message *message, size_t count, struct digest *out)
{
	for (size_t i = 0; i < count; i++)
		by_openssl(&message[i], &out[i]);
}

#endif

static void
by_openssl(const struct digest_message *message, struct digest *out)
{
	const struct view parts[] = {message->head, message->body};

	if (message->head.size > DIGEST_HEAD_MAX)
		abort();
	digest_of_parts(parts, 2, out);
}
