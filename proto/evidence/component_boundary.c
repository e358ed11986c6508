#include "proto/evidence/component_boundary.h"

#include "proto/digest.h"

bool
component_ends_segment(struct view key)
{
	struct digest digest;

	digest_of(key.data, key.size, &digest);
	return be16_get(digest.bytes) % COMPONENT_SEGMENT_MODULUS == 0;
}
