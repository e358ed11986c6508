#include "journal/ration.h"

#include <string.h>
#include <sys/random.h>

#define WAYS 8 /* places where a peer may stand */

/* Buckets: lines at once, and ms until there is one more. */
static const struct rate {
	uint64_t peer_burst, peer_ms, shared_burst, shared_ms;
} rates[] = {
    [RATION_FAULTS] = {32, 15000, 128, 500},
    [RATION_VERDICTS] = {256, 1000, 1024, 100},
    [RATION_ALARM] = {32, 60000, 0, 0},
};

static uint64_t hash(uint64_t from, const void *bytes, size_t size);
static struct ration_peer *find_peer(
    struct rations *r, const struct ration_about *a, uint64_t key, uint64_t now_ms);
static struct ration_bucket *find_shared(struct rations *r, const struct ration_about *a);
static void begin(struct ration_bucket *b, const struct ration_about *a, uint64_t key);
static bool draw(struct ration_bucket *b, uint64_t burst, uint64_t step_ms, uint64_t now_ms);
static void leave_out(struct rations *r, struct ration_bucket *b, uint64_t now_ms);
static void take_over(struct ration_left *to, struct ration_bucket *b, const char *name);

bool
rations_take(struct rations *r, const struct ration_about *a, uint64_t now_ms)
{
	const struct rate *rate = &rates[a->kind];
	struct ration_bucket *shared = find_shared(r, a);
	struct ration_peer *p;
	uint64_t key;

	/* So that nobody chooses with whom to share a place. */
	if (r->seed == 0 && getrandom(&r->seed, sizeof(r->seed), GRND_NONBLOCK) < 0)
		r->seed = now_ms;
	key = hash(hash(r->seed, &shared, sizeof(shared)), a->name.data, a->name.size) | 1;
	p = find_peer(r, a, key, now_ms);
	if (p != NULL && !draw(&p->bucket, rate->peer_burst, rate->peer_ms, now_ms)) {
		leave_out(r, &p->bucket, now_ms);
		return false;
	}
	if (rate->shared_burst == 0 || draw(shared, rate->shared_burst, rate->shared_ms, now_ms))
		return true;
	leave_out(r, p != NULL ? &p->bucket : shared, now_ms);
	return false;
}

size_t
rations_say(
    struct rations *r, uint64_t now_ms, bool all, struct ration_left left[RATION_SAID_MAX + 1])
{
	struct ration_left rest = {.since_ms = UINT64_MAX};
	size_t count = 0;

	if (r->say_ms == 0 || (!all && now_ms < r->say_ms))
		return 0;
	for (; count < RATION_SAID_MAX; count++) {
		struct ration_peer *most = &r->peer[0];

		for (unsigned i = 1; i < RATION_PEERS; i++)
			if (r->peer[i].bucket.left_out > most->bucket.left_out)
				most = &r->peer[i];
		if (most->bucket.left_out == 0)
			break;
		left[count] = (struct ration_left){.event = most->bucket.event,
		    .code = most->bucket.code,
		    .called = most->bucket.called,
		    .since_ms = UINT64_MAX};
		take_over(&left[count], &most->bucket, most->name);
	}
	for (unsigned i = 0; i < RATION_PEERS; i++)
		take_over(&rest, &r->peer[i].bucket, NULL);
	for (unsigned i = 0; i < RATION_EVENTS; i++)
		take_over(&rest, &r->shared[i], NULL);
	if (rest.lines > 0)
		left[count++] = rest;
	r->say_ms = count > 0 ? now_ms + RATION_AGAIN_MS : 0;
	return count;
}

/* FNV-1a. */
static uint64_t
hash(uint64_t from, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;
	uint64_t h = from ^ 0xcbf29ce484222325U;

	for (size_t i = 0; i < size; i++)
		h = (h ^ byte[i]) * 0x100000001b3U;
	return h;
}

/* Its place, or one that nobody misses, or NULL. */
static struct ration_peer *
find_peer(struct rations *r, const struct ration_about *a, uint64_t key, uint64_t now_ms)
{
	struct ration_peer *set = &r->peer[(key >> 8) % (RATION_PEERS / WAYS) * WAYS];
	struct ration_peer *free_one = NULL;

	for (unsigned i = 0; i < WAYS; i++) {
		struct ration_bucket *b = &set[i].bucket;

		if (b->key == key)
			return &set[i];
		if (b->key == 0 || (b->full_ms <= now_ms && b->left_out == 0))
			free_one = &set[i];
	}
	if (free_one != NULL) {
		const size_t size =
		    a->name.size < RATION_PEER_SIZE ? a->name.size : RATION_PEER_SIZE - 1;

		begin(&free_one->bucket, a, key);
		if (size > 0) /* an empty name may be nowhere */
			memcpy(free_one->name, a->name.data, size);
		free_one->name[size] = '\0';
	}
	return free_one;
}

/* The program has few events and codes; if there were more, the last ones would share. */
static struct ration_bucket *
find_shared(struct rations *r, const struct ration_about *a)
{
	struct ration_bucket *b = r->shared;

	for (; b < &r->shared[RATION_EVENTS - 1] && b->key != 0; b++)
		if (b->event == a->event && b->code == a->code && b->called == a->called)
			return b;
	if (b->key == 0)
		begin(b, a, 1);
	return b;
}

static void
begin(struct ration_bucket *b, const struct ration_about *a, uint64_t key)
{
	*b = (struct ration_bucket){
	    .key = key, .event = a->event, .code = a->code, .called = a->called};
}

/* A bucket of `burst` that fills by one each `step_ms` is known by when it is full. */
static bool
draw(struct ration_bucket *b, uint64_t burst, uint64_t step_ms, uint64_t now_ms)
{
	const uint64_t full_ms = b->full_ms > now_ms ? b->full_ms : now_ms;

	if (full_ms - now_ms > (burst - 1) * step_ms)
		return false;
	b->full_ms = full_ms + step_ms;
	return true;
}

static void
leave_out(struct rations *r, struct ration_bucket *b, uint64_t now_ms)
{
	if (b->left_out++ == 0)
		b->since_ms = now_ms;
	if (r->say_ms == 0)
		r->say_ms = now_ms + RATION_FIRST_MS;
}

static void
take_over(struct ration_left *to, struct ration_bucket *b, const char *name)
{
	if (b->left_out == 0)
		return;
	to->name = name;
	to->lines += b->left_out;
	to->peers++;
	if (b->since_ms < to->since_ms)
		to->since_ms = b->since_ms;
	b->left_out = 0;
}
