#include "collector/loading/loader_cache.h"

#include <stdint.h>
#include <string.h>

/* As glibc writes them (sysdeps/generic/dl-cache.h), in the machine's byte order. */
#define MAGIC "glibc-ld.so.cache1.1"
struct header {
	char magic[sizeof(MAGIC) - 1];
	uint32_t count;
	uint32_t strings_size;
	uint8_t flags, unused[3];
	uint32_t extensions;
	uint32_t reserved[3];
};
struct entry {
	int32_t flags;
	uint32_t key, value; /* offsets of texts, from the header */
	uint32_t os;
	uint64_t capabilities;
};

static const char *text_at(struct view cache, uint32_t offset);

const char *
loader_cache_next(struct view cache, const char *name, size_t *place)
{
	struct header h;

	if (cache.size < sizeof(h))
		return NULL;
	memcpy(&h, cache.data, sizeof(h));
	if (memcmp(h.magic, MAGIC, sizeof(h.magic)) != 0 ||
	    h.count > (cache.size - sizeof(h)) / sizeof(struct entry))
		return NULL;
	while (*place < h.count) {
		const char *key, *value;
		struct entry one;

		memcpy(&one, cache.data + sizeof(h) + (*place)++ * sizeof(one), sizeof(one));
		key = text_at(cache, one.key);
		value = text_at(cache, one.value);
		if (key != NULL && value != NULL && strcmp(key, name) == 0)
			return value;
	}
	return NULL;
}

static const char *
text_at(struct view cache, uint32_t offset)
{
	if (offset >= cache.size || memchr(cache.data + offset, '\0', cache.size - offset) == NULL)
		return NULL;
	return (const char *)cache.data + offset;
}
