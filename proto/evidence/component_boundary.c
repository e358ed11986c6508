#include "proto/evidence/component_boundary.h"

#include "proto/digest.h"
#include "proto/digest_many.h"

static bool says_end(const struct digest *of_key);

bool
component_ends_segment(struct view key)
{
	struct digest digest;

	digest_of(key.data, key.size, &digest);
	return says_end(&digest);
}

void
component_end_segments(const struct view *keys, size_t count, bool *ends)
{
	struct digest_message message[DIGEST_LANES];
	struct digest digest[DIGEST_LANES];
	size_t size;

	for (size_t done = 0; done < count; done += size) {
		size = count - done < DIGEST_LANES ? count - done : DIGEST_LANES;
		for (size_t i = 0; i < size; i++)
			message[i] = (struct digest_message){{NULL, 0}, keys[done + i]};
		digest_of_messages(message, size, digest);
		for (size_t i = 0; i < size; i++)
			ends[done + i] = says_end(&digest[i]);
	}
}

static bool
says_end(const struct digest *of_key)
{
	return be16_get(of_key->bytes) % COMPONENT_SEGMENT_MODULUS == 0;
}
