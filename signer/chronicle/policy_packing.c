#include "signer/chronicle/policy_packing.h"

#include <stdlib.h>

#include "signer/ledger/store/evidence.h"

/* An object that is not known to stand in the store. */
struct packed {
	const struct policy_object *object;
	bool stands; /* by the index; nobody has read it since the start */
	bool read;   /* it could be */
	struct index_evidence place;
	struct buf content, record; /* of what does not stand there */
};

struct policy_packing {
	struct evidence_store *store;
	size_t count, placed;
	struct packed packed[];
};

static void pack(const struct policy_packing *p, struct packed *one);
static void place(struct policy_packing *p, struct packed *one, struct buf *batch);

struct policy_packing *
policy_packing_new(struct evidence_store *s, const struct policy *p)
{
	const size_t count = policy_object_count(p);
	struct policy_packing *made = calloc(1, sizeof(*made) + count * sizeof(made->packed[0]));

	if (made == NULL)
		abort();
	made->store = s;
	for (size_t i = 0; i < count; i++) {
		const struct policy_object *o = policy_object_at(p, i);
		const struct evidence_item *item = evidence_find(s, &o->digest);
		struct packed *one = &made->packed[made->count];

		if (item != NULL && (item->read || item->content.size > 0))
			continue;
		one->object = o;
		one->content = one->record = BUF_INIT;
		one->stands = item != NULL;
		if (item != NULL)
			one->place = item->place;
		made->count++;
	}
	return made;
}

void
policy_packing_free(struct policy_packing **p)
{
	if (*p == NULL)
		return;
	for (size_t i = 0; i < (*p)->count; i++) {
		buf_free(&(*p)->packed[i].content);
		buf_free(&(*p)->packed[i].record);
	}
	free(*p);
	*p = NULL;
}

void
policy_packing_run(struct policy_packing *p)
{
	for (size_t i = 0; i < p->count; i++)
		pack(p, &p->packed[i]);
}

bool
policy_packing_place(struct policy_packing *p, struct buf *batch)
{
	size_t bytes = 0;

	while (p->placed < p->count && bytes < POLICY_PACKING_AT_ONCE) {
		struct packed *one = &p->packed[p->placed++];

		bytes += one->content.size;
		place(p, one, batch);
	}
	return p->placed == p->count;
}

/* What fails here is tried again, and told, by whoever needs it to be there. */
static void
pack(const struct policy_packing *p, struct packed *one)
{
	const struct policy_object *o = one->object;

	if (one->stands) {
		one->read = evidence_try(p->store, &one->place) == ERR_OK;
		return;
	}
	buf_append_view(&one->content, o->content);
	if (buf_status(&one->content) != ERR_OK ||
	    pack_append(o->kind, o->content, &o->digest, &one->record) != ERR_OK)
		buf_clear(&one->record);
}

static void
place(struct policy_packing *p, struct packed *one, struct buf *batch)
{
	struct evidence_item *item = evidence_find(p->store, &one->object->digest);

	if (item != NULL)
		item->read = item->read || one->read;
	else if (one->record.size > 0)
		(void)!evidence_add_packed(p->store, one->object->kind, &one->content,
		    &one->object->digest, buf_view(&one->record), batch);
	buf_free(&one->content);
	buf_free(&one->record);
}
