#include "signer/ground/witnesses.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

/*
 * All are counted anew when the clock has moved by so much against what they were counted by: two
 * readings are never made at the same moment.
 */
#define COUNT_AGAIN_MS 500

struct witness {
	char *identity;
	int64_t least_ms, most_ms; /* its clock over our time since boot */
	uint64_t heard_ms;         /* since boot */
	bool against;              /* as it is counted */
	UT_hash_handle hh;
};

/* In the order in which they were heard: hh.next was heard later. */
struct witnesses {
	struct witness *first;
	size_t against;
	int64_t counted_ms; /* the clock that they are counted by, over the time since boot */
	uint64_t counted_skew_ms;
};

static struct witness *take_out(struct witnesses *w, const char *identity);
static struct witness *witness_new(const char *identity);
static void forget_first(struct witnesses *w);
static bool is_against(const struct witnesses *w, const struct witness *one);
static void count_again(struct witnesses *w);

struct witnesses *
witnesses_new(void)
{
	return calloc(1, sizeof(struct witnesses));
}

void
witnesses_free(struct witnesses **w)
{
	if (*w == NULL)
		return;
	while ((*w)->first != NULL)
		forget_first(*w);
	free(*w);
	*w = NULL;
}

void
witnesses_hear(struct witnesses *w, const char *identity, uint64_t measured_ms,
    uint64_t nonce_age_ms, uint64_t boot_ms)
{
	struct witness *one = take_out(w, identity);

	if (one == NULL && (one = witness_new(identity)) == NULL)
		return;
	if (HASH_COUNT(w->first) >= WITNESSES_MAX)
		forget_first(w);
	one->least_ms = (int64_t)measured_ms - (int64_t)boot_ms;
	one->most_ms = one->least_ms + (int64_t)nonce_age_ms;
	one->heard_ms = boot_ms;
	HASH_ADD_KEYPTR(hh, w->first, one->identity, strlen(one->identity), one);
	one->against = is_against(w, one);
	w->against += one->against;
}

void
witnesses_count(struct witnesses *w, uint64_t wall_ms, uint64_t boot_ms, uint64_t skew_ms,
    size_t *heard, size_t *against)
{
	const int64_t clock_ms = (int64_t)wall_ms - (int64_t)boot_ms;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
	while (w->first != NULL && w->first->heard_ms + WITNESSES_LATELY_MS < boot_ms)
		forget_first(w);
	if (skew_ms != w->counted_skew_ms || clock_ms > w->counted_ms + COUNT_AGAIN_MS ||
	    clock_ms < w->counted_ms - COUNT_AGAIN_MS) {
		w->counted_ms = clock_ms;
		w->counted_skew_ms = skew_ms;
		count_again(w);
	}
	*heard = HASH_COUNT(w->first);
	*against = w->against;
}

/* NULL: it was not heard lately. */
static struct witness *
take_out(struct witnesses *w, const char *identity)
{
	struct witness *one;

	HASH_FIND_STR(w->first, identity, one);
	if (one == NULL)
		return NULL;
	w->against -= one->against;
	HASH_DEL(w->first, one);
	return one;
}

static struct witness *
witness_new(const char *identity)
{
	struct witness *one = calloc(1, sizeof(*one));

	if (one == NULL || (one->identity = strdup(identity)) == NULL) {
		free(one);
		return NULL;
	}
	return one;
}

static void
forget_first(struct witnesses *w)
{
	struct witness *one = w->first;

	w->against -= one->against;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
	HASH_DEL(w->first, one);
	free(one->identity);
	free(one);
}

/* The clock is before all that its own may be, or behind it. */
static bool
is_against(const struct witnesses *w, const struct witness *one)
{
	const int64_t skew_ms = (int64_t)w->counted_skew_ms;

	return w->counted_ms < one->least_ms - skew_ms || w->counted_ms > one->most_ms + skew_ms;
}

static void
count_again(struct witnesses *w)
{
	w->against = 0;
	for (struct witness *one = w->first; one != NULL; one = one->hh.next) {
		one->against = is_against(w, one);
		w->against += one->against;
	}
}
