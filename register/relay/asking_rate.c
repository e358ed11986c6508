#include "register/relay/asking_rate.h"

static size_t bucket_of(const char *name);
static bool has_room(uint64_t full_ms, uint64_t now_ms, unsigned burst, unsigned each_ms);
static void take(uint64_t *full_ms, uint64_t now_ms, unsigned each_ms);

bool
asking_rate_take(struct asking_rate *r, const char *name, uint64_t now_ms)
{
	uint64_t *one_ms = &r->one_ms[bucket_of(name)];

	if (!has_room(r->all_ms, now_ms, ASKING_ALL_BURST, ASKING_ALL_EACH_MS) ||
	    !has_room(*one_ms, now_ms, ASKING_ONE_BURST, ASKING_ONE_EACH_MS))
		return false;
	take(&r->all_ms, now_ms, ASKING_ALL_EACH_MS);
	take(one_ms, now_ms, ASKING_ONE_EACH_MS);
	return true;
}

static bool
has_room(uint64_t full_ms, uint64_t now_ms, unsigned burst, unsigned each_ms)
{
	return full_ms <= now_ms || full_ms - now_ms <= (uint64_t)(burst - 1) * each_ms;
}

static void
take(uint64_t *full_ms, uint64_t now_ms, unsigned each_ms)
{
	*full_ms = (*full_ms > now_ms ? *full_ms : now_ms) + each_ms;
}

/* FNV-1a: who chooses a certificate's name to share another's bucket is known by it. */
static size_t
bucket_of(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (const char *p = name != NULL ? name : ""; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * 0x100000001b3;
	return hash % ASKING_BUCKETS;
}
