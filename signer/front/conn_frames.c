#include "signer/front/conn_frames.h"

/* Answers waiting for the peer to read; beyond it nothing more is taken from it. */
#define OUTPUT_MAX (512 * 1024) /* bytes: two of the largest receipts */

/* Frames with the ledger's loop; beyond it nothing more is handed over. The largest frame fits. */
#define FORWARD_MAX FRAME_SIZE_MAX /* bytes */

static bool has_room(const struct conn *c, size_t more, size_t more_frames);
static bool forward(struct conn *c, struct view frames, size_t count);
static bool forward_broken(struct conn *c, enum err e);

bool
conn_has_room(const struct conn *c)
{
	return has_room(c, 0, 0);
}

enum err
conn_take_frames(struct conn *c, struct view bytes)
{
	struct view input, payload;
	size_t used, taken = 0, frames = 0;
	enum err e = ERR_OK;
	bool kept = c->in.size > 0, good = true;

	if (kept)
		buf_append_view(&c->in, bytes);
	input = kept ? buf_view(&c->in) : bytes;
	while ((c->has_room = has_room(c, taken, frames))) {
		e = frame_next(
		    (struct view){input.data + taken, input.size - taken}, &payload, &used);
		if (e != ERR_OK || used == 0)
			break;
		taken += used;
		frames++;
	}
	if (taken > 0)
		good = forward(c, (struct view){input.data, taken}, frames);
	if (e != ERR_OK)
		good = good && forward_broken(c, e);
	if (kept)
		buf_consume(&c->in, taken);
	else
		buf_append(&c->in, input.data + taken, input.size - taken);
	good = good && buf_status(&c->in) == ERR_OK;
	if (c->in.size == 0)
		buf_free(&c->in); /* an idle connection holds no buffer */
	return good ? ERR_OK : ERR_MEMORY;
}

static bool
has_room(const struct conn *c, size_t more, size_t more_frames)
{
	return !c->broken && c->out.size < OUTPUT_MAX && c->forwarded + more < FORWARD_MAX &&
	       c->forwarded_frames + more_frames < CONN_FORWARD_FRAMES_MAX;
}

/* False for want of memory. */
static bool
forward(struct conn *c, struct view frames, size_t count)
{
	struct letter *letter = letter_new(LETTER_FRAMES);

	if (letter == NULL)
		return false;
	letter->link = c->link;
	buf_append_view(&letter->bytes, frames);
	if (buf_status(&letter->bytes) != ERR_OK) {
		letter_free(letter);
		return false;
	}
	c->forwarded += frames.size;
	c->forwarded_frames += count;
	letter_list_add(&c->pool->letters, letter);
	if (c->deadline.class == DEADLINE_FRAME)
		deadline_disarm(&c->pool->deadlines, &c->deadline);
	return true;
}

/* The session refuses it, after all that came before. */
static bool
forward_broken(struct conn *c, enum err e)
{
	struct letter *letter = letter_new(LETTER_BROKEN);

	if (letter == NULL)
		return false;
	letter->link = c->link;
	letter->error = e;
	letter_list_add(&c->pool->letters, letter);
	c->broken = true;
	c->has_room = false;
	return true;
}
