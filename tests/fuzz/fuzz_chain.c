/*
 * The collector's state of one chain: first the chain file, up to the byte 0xff, which it cannot
 * hold, and behind that the queue. What is opened can be sent to its end, and opens again as it
 * was.
 */
#include "collector/store/chain.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t drain(struct chain *c);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *mark = size > 0 ? memchr(data, 0xff, size) : NULL;
	const size_t first = mark != NULL ? (size_t)(mark - data) : size;
	struct trouble t = TROUBLE_INIT;
	struct chain *c;
	size_t waiting;
	enum err e;

	(void)scratch_directory();
	if (first > 0)
		scratch_write("w.chain", data, first);
	else
		(void)unlinkat(scratch_fd, "w.chain", 0);
	scratch_write(
	    "w.queue", mark != NULL ? mark + 1 : data, mark != NULL ? size - first - 1 : 0);
	e = chain_open(scratch_fd, "w", &c, &t);
	if ((e == ERR_OK) != (c != NULL) || (e != ERR_OK && t.text[0] == '\0'))
		abort();
	if (c == NULL)
		return 0;
	waiting = chain_waiting(c);
	chain_close(&c);
	if (chain_open(scratch_fd, "w", &c, &t) != ERR_OK || chain_waiting(c) != waiting ||
	    drain(c) != waiting)
		abort();
	chain_close(&c);
	return 0;
}

/* Each head follows the one before, and the chain that is left has moved on by all of them. */
static size_t
drain(struct chain *c)
{
	struct trouble t = TROUBLE_INIT;
	struct chain_head head;
	struct bundle next = {.offline = true};
	size_t count = 0;

	while (chain_get_head(c, &head, &t) == ERR_OK) {
		if (head.content.seq != chain_acknowledged_seq(c) + 1 ||
		    chain_acknowledge(c, &t) != ERR_OK)
			abort();
		chain_next(c, &next);
		if (chain_waiting(c) == 0 && !digest_equal(&next.prev, &head.digest))
			abort();
		count++;
	}
	return count;
}
