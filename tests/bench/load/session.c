#include "tests/bench/load/session.h"

#include "proto/wire/frame.h"
#include "tests/bench/load/fail.h"

void
session_greet(struct link *l)
{
	struct message_hello hello = {
	    .version_count = 1, .versions = {PROTOCOL_VERSION}, .agent = VIEW_LITERAL("load")};

	message_write_hello(&l->out, &hello);
	link_wake(l);
}

size_t
session_take(struct link *l, struct view bytes, session_handler *handler, void *context)
{
	static struct message_decoder *decoder;
	struct message m;
	struct view payload;
	size_t used, taken = 0;

	if (decoder == NULL && (decoder = message_decoder_new()) == NULL)
		fail("memory");
	while (l->state == LINK_OPEN) {
		struct view rest = {bytes.data + taken, bytes.size - taken};

		if (frame_next(rest, &payload, &used) != ERR_OK)
			fail("a frame of the signer");
		if (used == 0)
			break;
		if (message_decode(decoder, payload, &m) != ERR_OK)
			fail("a message of the signer");
		taken += used;
		handler(context, l, &m);
	}
	return taken;
}
