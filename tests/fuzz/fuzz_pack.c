/*
 * Packs: a walk over records as readers do it. What is taken for content has the digest and the
 * size that the header says, written again it is the same content, and a refusal appends nothing.
 * A digest is hard to hit, so the content is also unpacked under the digest that it really has.
 */
#include <stdlib.h>

#include "proto/evidence/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_content(struct pack_header h, struct view stored);
static void check_written_again(enum pack_kind kind, struct view content, const struct digest *d);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = {data, size}, stored;
	struct pack_header h;
	enum err e;

	while (rest.size >= PACK_HEADER_SIZE) {
		e = pack_header_parse((struct view){rest.data, PACK_HEADER_SIZE}, &h);
		if (e != ERR_OK) {
			if (err_class(e) != ERR_CLASS_FORMAT)
				abort();
			return 0;
		}
		if (h.size == 0 || h.size > PACK_CONTENT_MAX || h.stored > h.size)
			abort();
		rest.data += PACK_HEADER_SIZE;
		rest.size -= PACK_HEADER_SIZE;
		stored = (struct view){rest.data, h.stored < rest.size ? h.stored : rest.size};
		check_content(h, stored);
		rest.data += stored.size;
		rest.size -= stored.size;
	}
	return 0;
}

static void
check_content(struct pack_header h, struct view stored)
{
	struct buf content = BUF_INIT;
	struct digest d;
	enum err e;

	e = pack_content(&h, stored, &content);
	if (e == ERR_DIGEST && content.data != NULL && content.size == 0) {
		/* What was unpacked still lies there; it may be less, and then it is refused again.
		 */
		digest_of(content.data, h.size, &h.digest);
		e = pack_content(&h, stored, &content);
	}
	if (e == ERR_OK) {
		digest_of(content.data, content.size, &d);
		if (content.size != h.size || !digest_equal(&d, &h.digest))
			abort();
		check_written_again(h.kind, buf_view(&content), &d);
	} else if ((e != ERR_DIGEST && e != ERR_FORMAT_SIZE) || content.size != 0) {
		abort();
	}
	buf_free(&content);
}

static void
check_written_again(enum pack_kind kind, struct view content, const struct digest *d)
{
	struct buf record = BUF_INIT, back = BUF_INIT;
	struct pack_header h;

	if (pack_append(kind, content, d, &record) != ERR_OK ||
	    pack_header_parse((struct view){record.data, PACK_HEADER_SIZE}, &h) != ERR_OK ||
	    h.kind != kind || h.size != content.size ||
	    h.stored != record.size - PACK_HEADER_SIZE ||
	    pack_content(&h, (struct view){record.data + PACK_HEADER_SIZE, h.stored}, &back) !=
		ERR_OK ||
	    !view_equal(buf_view(&back), content))
		abort();
	buf_free(&record);
	buf_free(&back);
}
