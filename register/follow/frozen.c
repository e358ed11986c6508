#include "register/follow/frozen.h"

#include <string.h>

#include "log/inputfile.h"
#include "log/walk/walk_frozen.h"
#include "register/follow/state_file.h"

#define NAME "walk"

static const char magic[] = "hallmark walk 1\n";

#define MAGIC_SIZE (sizeof(magic) - 1)
#define HEAD_SIZE  (MAGIC_SIZE + DIGEST_SIZE) /* bytes before what is digested */
#define FIXED_SIZE (2 * DIGEST_SIZE + 2 * 8)  /* of that, before the walk */

enum err
frozen_write(int dir, const struct frozen *f, const struct walk *w)
{
	struct buf bytes = BUF_INIT;
	uint8_t *at = buf_reserve(&bytes, HEAD_SIZE + FIXED_SIZE);
	enum err e = at != NULL ? ERR_OK : ERR_MEMORY;

	if (e == ERR_OK) {
		memcpy(at, magic, MAGIC_SIZE);
		at += HEAD_SIZE;
		memcpy(at, f->under.bytes, DIGEST_SIZE);
		be64_put(at + DIGEST_SIZE, f->size);
		memcpy(at + DIGEST_SIZE + 8, f->root.bytes, DIGEST_SIZE);
		be64_put(at + 2 * DIGEST_SIZE + 8, f->newest_issued_s);
		bytes.size = HEAD_SIZE + FIXED_SIZE;
		e = walk_freeze(w, &bytes);
	}
	if (e == ERR_OK && bytes.size > FROZEN_SIZE_MAX)
		e = ERR_UNSUPPORTED;
	if (e == ERR_OK) {
		struct digest digest;

		digest_of(bytes.data + HEAD_SIZE, bytes.size - HEAD_SIZE, &digest);
		memcpy(bytes.data + MAGIC_SIZE, digest.bytes, DIGEST_SIZE);
		e = state_file_replace(dir, NAME, buf_view(&bytes));
	}
	buf_free(&bytes);
	return e;
}

enum err
frozen_read(int dir, struct buf *bytes, struct frozen *out)
{
	const enum err e = inputfile_read(dir, NAME, FROZEN_SIZE_MAX, bytes);

	return e == ERR_OK ? frozen_parse(buf_view(bytes), out) : e;
}

enum err
frozen_parse(struct view bytes, struct frozen *out)
{
	const uint8_t *at = bytes.data;
	struct digest digest;

	if (bytes.size < HEAD_SIZE + FIXED_SIZE || memcmp(at, magic, MAGIC_SIZE) != 0)
		return ERR_FORMAT;
	digest_of(at + HEAD_SIZE, bytes.size - HEAD_SIZE, &digest);
	if (memcmp(digest.bytes, at + MAGIC_SIZE, DIGEST_SIZE) != 0)
		return ERR_DIGEST;
	at += HEAD_SIZE;
	memcpy(out->under.bytes, at, DIGEST_SIZE);
	out->size = be64_get(at + DIGEST_SIZE);
	memcpy(out->root.bytes, at + DIGEST_SIZE + 8, DIGEST_SIZE);
	out->newest_issued_s = be64_get(at + 2 * DIGEST_SIZE + 8);
	out->walk = (struct view){at + FIXED_SIZE, bytes.size - HEAD_SIZE - FIXED_SIZE};
	return ERR_OK;
}
