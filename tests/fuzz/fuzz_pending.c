/*
 * A pending file as the signer's recovery reads it, over an empty log. What is taken is proved by
 * its root; once what a crash left is cut off, the file says the same again and is whole.
 */
#include "signer/ledger/store/pending.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err read_pending(struct pending *p, struct merkle_frontier *tree, uint64_t *taken);
static enum err take(void *context, struct view report);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pending first, again;
	struct merkle_frontier tree, same;
	struct digest root, other;
	uint64_t taken, taken_again;
	const int before = scratch_hush();

	scratch_write("pending.00000000000000000000", data, size);
	if (read_pending(&first, &tree, &taken) == ERR_OK) {
		if (tree.size != taken || first.end > size)
			abort();
		if (pending_mend(&first) != ERR_OK ||
		    read_pending(&again, &same, &taken_again) != ERR_OK)
			abort();
		merkle_frontier_root(&tree, &root);
		merkle_frontier_root(&same, &other);
		if (same.size != tree.size || !digest_equal(&root, &other) ||
		    taken_again != taken || again.end != first.end)
			abort();
		pending_free(&again);
	}
	pending_free(&first);
	scratch_speak(before);
	return 0;
}

static enum err
read_pending(struct pending *p, struct merkle_frontier *tree, uint64_t *taken)
{
	pending_init(p, scratch_directory());
	merkle_frontier_init(tree);
	*taken = 0;
	return pending_read(p, tree, take, taken);
}

static enum err
take(void *context, struct view report)
{
	uint64_t *taken = context;

	(void)report;
	++*taken;
	return ERR_OK;
}
