#include "signer/ledger/index_changes.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 256

static void *grown(void *array, size_t count, size_t *capacity, size_t size);

void
index_changes_head(struct index_changes *c, const struct workload_update *u)
{
	struct workload *w = u->workload;

	if (w->index_place == 0) {
		c->head = grown(c->head, c->head_count, &c->head_capacity, sizeof(*c->head));
		w->index_place = (uint32_t)++c->head_count;
	}
	c->head[w->index_place - 1] = *u;
}

void
index_changes_notice(struct index_changes *c, const struct notice_row *n)
{
	c->notice = grown(c->notice, c->notice_count, &c->notice_capacity, sizeof(*c->notice));
	c->notice[c->notice_count++] = *n;
}

void
index_changes_evidence(struct index_changes *c, const struct index_evidence *e)
{
	c->evidence =
	    grown(c->evidence, c->evidence_count, &c->evidence_capacity, sizeof(*c->evidence));
	c->evidence[c->evidence_count++] = *e;
}

void
index_changes_take(struct index_changes *c, struct index_changes *to)
{
	for (size_t i = 0; i < c->head_count; i++)
		c->head[i].workload->index_place = 0;
	*to = *c;
	memset(c, 0, sizeof(*c));
}

void
index_changes_free(struct index_changes *c)
{
	free(c->head);
	free(c->notice);
	free(c->evidence);
	memset(c, 0, sizeof(*c));
}

/* The array with room for one more. */
static void *
grown(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity == 0 ? CAPACITY_MIN : *capacity * 2;
	if ((array = reallocarray(array, *capacity, size)) == NULL)
		abort();
	return array;
}
