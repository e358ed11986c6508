/* What operators have revoked by its digest, wherever it stands. */
#include "policy/appraisal/judge_bench.h"

void
judge_revoked(struct verdict_builder *b, const struct amendments *amendments,
    const struct component *c, uint64_t now_s)
{
	if (amendments == NULL || component_kind_shape(c->kind) != COMPONENT_SHAPE_FILE)
		return;
	b->valid_until_s = amendments_until_s(amendments, now_s);
	for (size_t i = 0; i < c->item_count; i++) {
		const struct component_file *f = &c->items.files[i];
		const struct revoke *r =
		    amendments_revoke(amendments, REVOKED_DIGEST, &f->digest, now_s);
		struct buf *detail;

		if (r == NULL)
			continue;
		detail = verdict_find(b, FINDING_REVOKED, REPORT_CONTRAINDICATED, f->path);
		if (detail != NULL) {
			judge_append_statement(detail, r);
			judge_append_digest(detail, "; found sha256 ", &f->digest);
		}
	}
}
