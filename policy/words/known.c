#include "policy/words/known.h"

#include "policy/rule.h"

static void add(
    struct known *k, const struct policy_reference *from, const struct reference_entry *e);

void
known_by_digest(const struct policy *p, const struct digest *digest, struct known *out)
{
	*out = (struct known){.count = 0};
	for (size_t i = 0; i < p->reference_count; i++)
		for (size_t j = 0; j < reference_count(p->references[i].set); j++) {
			const struct reference_entry *e = reference_at(p->references[i].set, j);

			if (digest_equal(&e->digest, digest))
				add(out, &p->references[i], e);
		}
}

static void
add(struct known *k, const struct policy_reference *from, const struct reference_entry *e)
{
	if (k->count == KNOWN_MAX)
		k->more++;
	else
		k->at[k->count++] =
		    (struct known_place){view_of_string(from->name), e->path, e->digest};
}
