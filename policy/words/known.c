#include "policy/words/known.h"

#include <stdlib.h>

#include "policy/rules/rule.h"

struct known_entry {
	const struct policy_reference *from;
	const struct reference_entry *entry;
};

struct known_index {
	size_t count;
	struct known_entry entry[]; /* by digest, of one as they stand in the policy */
};

static int compare(const void *a, const void *b);

struct known_index *
known_index_new(const struct policy *p)
{
	struct known_index *index;
	size_t count = 0;

	for (size_t i = 0; i < p->reference_count; i++)
		count += reference_count(p->references[i].set);
	if ((index = malloc(sizeof(*index) + count * sizeof(index->entry[0]))) == NULL)
		abort();
	index->count = 0;
	for (size_t i = 0; i < p->reference_count; i++)
		for (size_t j = 0; j < reference_count(p->references[i].set); j++)
			index->entry[index->count++] = (struct known_entry){
			    &p->references[i], reference_at(p->references[i].set, j)};
	qsort(index->entry, index->count, sizeof(index->entry[0]), compare);
	return index;
}

void
known_index_free(struct known_index **i)
{
	free(*i);
	*i = NULL;
}

void
known_by_digest(const struct known_index *index, const struct digest *digest, struct known *out)
{
	size_t low = 0, high = index->count;

	*out = (struct known){.count = 0};
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (digest_compare(&index->entry[middle].entry->digest, digest) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < index->count && digest_equal(&index->entry[low].entry->digest, digest);
	     low++) {
		const struct known_entry *e = &index->entry[low];

		if (out->count == KNOWN_MAX)
			out->more++;
		else
			out->at[out->count++] =
			    (struct known_place){view_of_string(e->from->name), e->entry->path};
	}
}

static int
compare(const void *a, const void *b)
{
	const struct known_entry *x = a, *y = b;
	const int by_digest = digest_compare(&x->entry->digest, &y->entry->digest);

	if (by_digest != 0)
		return by_digest;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
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
