/*
 * Messages: what decodes can be written, what is written decodes, and writing that again gives the
 * same bytes. (The first bytes may differ: messages have other spellings than the writer's.)
 */
#include <stdlib.h>
#include <string.h>

#include "proto/wire/frame.h"
#include "proto/wire/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct message *m, struct buf *to);
static bool is_escaped(const struct message *m);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message_decoder *decoder;
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct view payload;
	struct message m;
	size_t used;
	enum err e;

	if (decoder == NULL && (decoder = message_decoder_new()) == NULL)
		abort();
	if ((e = message_decode(decoder, (struct view){data, size}, &m)) != ERR_OK) {
		if (err_class(e) != ERR_CLASS_STREAM)
			abort();
		return 0;
	}
	write_again(&m, &first);
	if (frame_next(buf_view(&first), &payload, &used) != ERR_OK || used != first.size ||
	    message_decode(decoder, payload, &m) != ERR_OK)
		abort();
	write_again(&m, &second);
	if (!is_escaped(&m) && !view_equal(buf_view(&first), buf_view(&second)))
		abort();
	buf_free(&first);
	buf_free(&second);
	return 0;
}

/* A refusal's text is made printable where it is written: a backslash in it is doubled each time.
 */
static bool
is_escaped(const struct message *m)
{
	return m->type == MESSAGE_REFUSAL &&
	       memchr(m->body.refusal.text.data, '\\', m->body.refusal.text.size) != NULL;
}

static void
write_again(const struct message *m, struct buf *to)
{
	switch (m->type) {
	case MESSAGE_HELLO:
		message_write_hello(to, &m->body.hello);
		return;
	case MESSAGE_WELCOME:
		message_write_welcome(to, &m->body.welcome);
		return;
	case MESSAGE_BUNDLE:
		message_write_bundle(to, &m->body.bundle);
		return;
	case MESSAGE_WANT:
		message_write_want(to, &m->body.want);
		return;
	case MESSAGE_PART:
		message_write_part(to, &m->body.part);
		return;
	case MESSAGE_RECEIPT:
		message_write_receipt(to, &m->body.receipt);
		return;
	case MESSAGE_REFUSAL:
		message_write_refusal(to, &m->body.refusal);
		return;
	case MESSAGE_MEASURE:
		message_write_measure(to, &m->body.measure);
		return;
	case MESSAGE_CHALLENGE:
		message_write_challenge(to, &m->body.challenge);
		return;
	case MESSAGE_CHALLENGED:
		message_write_challenged(to, &m->body.challenged);
		return;
	case MESSAGE_STATEMENT:
		message_write_statement(to, &m->body.statement);
		return;
	case MESSAGE_NOTED:
		message_write_noted(to, &m->body.noted);
		return;
	}
	abort();
}
