#include "log/stored/noticed.h"

#include "proto/report/notice.h"
#include "proto/tlog/merkle.h"

static enum err fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to);

enum err
noticed_entry(const struct log_reader *l, const struct report *r, struct buf *to)
{
	struct digest leaf;
	enum err e = r->notice.index < l->checkpoint.size ? log_prove_entry(l, r->notice.index, to)
							  : ERR_NOT_FOUND;

	if (e != ERR_OK)
		return e;
	merkle_leaf(buf_view(to), &leaf);
	return digest_equal(&leaf, &r->notice.leaf) ? ERR_OK : ERR_DIGEST;
}

enum err
noticed_entry_in(const char *log, const struct report *r, struct buf *to)
{
	struct log_reader l = {.dir = -1};
	enum err e = log_open_unproved(&l, log);

	if (e == ERR_OK)
		e = noticed_entry(&l, r, to);
	log_close(&l);
	return e;
}

enum err
noticed_standing(struct view notice, struct evidence_reader *evidence, struct standing **out)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf list = BUF_INIT;
	enum err e = notice_parse(notice, &d);

	*out = NULL;
	if (e == ERR_OK)
		e = evidence_reader_get(evidence, PACK_IN_FORCE, &d.notice.in_force, &list);
	if (e == ERR_OK)
		e = standing_load(buf_view(&list), d.notice.issuer, fetch, evidence, out);
	if (e == ERR_OK && (e = standing_fetch_feeds(*out, fetch, evidence)) != ERR_OK)
		standing_free(out);
	buf_free(&list);
	notice_document_free(&d);
	return e;
}

struct standing *
noticed_standing_or_null(struct view notice, struct evidence_reader *evidence)
{
	struct standing *in_force = NULL;

	if (notice.size > 0 && noticed_standing(notice, evidence, &in_force) != ERR_OK)
		standing_free(&in_force);
	return in_force;
}

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	return evidence_reader_get(context, kind, digest, to);
}
