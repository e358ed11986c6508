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

void
known_counting(const struct policy_rule *r, enum component_kind part, uint64_t at_s, struct buf *to)
{
	const struct file_rule *files = part < COMPONENT_KIND_COUNT ? r->files[part] : NULL;
	bool any = false;

	for (size_t i = 0; files != NULL && i < r->reference_count; i++) {
		const struct policy_reference *from = r->reference[i];

		if ((files->references & UINT64_C(1) << i) == 0 ||
		    (from->family != NULL && !release_counts(from->family, from->release, at_s)))
			continue;
		buf_append_string(to, any ? ", " : "");
		buf_append_string(to, from->name);
		any = true;
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
