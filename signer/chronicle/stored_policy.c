#include "signer/chronicle/stored_policy.h"

#include "signer/ledger/store/evidence.h"

enum err
stored_fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	struct evidence_item *item = evidence_find(context, digest);

	if (item == NULL)
		return ERR_NOT_FOUND;
	if (item->place.kind != kind)
		return ERR_MISMATCH;
	return evidence_read(context, item, to);
}

enum err
stored_policy_keep(struct evidence_store *s, const struct policy *p, struct buf *batch)
{
	struct evidence_item *item;
	enum err e = ERR_OK;

	for (size_t i = 0; i < policy_object_count(p) && e == ERR_OK; i++) {
		const struct policy_object *o = policy_object_at(p, i);

		e = evidence_add(s, o->kind, o->content, &o->digest, batch, &item);
	}
	return e;
}

enum err
stored_policy_load(struct evidence_store *s, const struct digest *manifest, struct policy **out)
{
	struct faults faults = FAULTS_INIT;
	struct buf text = BUF_INIT;
	enum err e = stored_fetch(s, PACK_MANIFEST, manifest, &text);

	*out = NULL;
	if (e == ERR_OK)
		e = policy_from_manifest(buf_view(&text), stored_fetch, s, &faults, out);
	faults_free(&faults);
	buf_free(&text);
	return e;
}
