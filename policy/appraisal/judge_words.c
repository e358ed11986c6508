/* Words that findings of several judges have: digests, and what operators have revoked. */
#include "policy/appraisal/judge_bench.h"
#include "proto/text.h"

void
judge_append_digest(struct buf *to, const char *before, const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	buf_append_string(to, before);
	buf_append_string(to, hex);
}

void
judge_append_statement(struct buf *to, const struct revoke *r)
{
	judge_append_digest(to, "revoked by statement ", r->statement);
}

struct view
revoked_source_detail(const struct revoke *r, struct buf *to)
{
	const size_t begun = to->size;
	struct buf words = BUF_INIT;

	judge_append_statement(&words, r);
	if (r->collectors.size > 0) {
		buf_append_string(&words, ": collectors ");
		buf_append_view(&words, r->collectors);
	}
	if (r->workloads.size > 0) {
		buf_append_string(&words, r->collectors.size > 0 ? ", workloads " : ": workloads ");
		buf_append_view(&words, r->workloads);
	}
	text_append_printable(to, buf_view(&words), REPORT_SUBJECT_MAX);
	to->failed = to->failed || words.failed;
	buf_free(&words);
	return to->failed ? (struct view){(const uint8_t *)"", 0}
			  : (struct view){to->data + begun, to->size - begun};
}

void
judge_append_revoked(struct buf *to, const struct judge_source *s, const struct digest *found)
{
	buf_append_string(to, "of ");
	buf_append_string(to, s->reference->name);
	buf_append_string(to, ", ");
	judge_append_statement(to, s->revoked);
	judge_append_digest(to, "; found sha256 ", found);
}
