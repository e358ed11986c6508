/*
 * A pending file as the signer's recovery reads it, over an empty log. What is taken is proved by
 * its root; once what a crash left is cut off, the file says the same again and is whole.
 */
#include "signer/ledger/ledger_state.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err read_pending(struct ledger *l, struct merkle_frontier *tree);
static void end(struct ledger *l);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct signer_config config = {.log_directory = scratch_directory()};
	struct ledger first = {.config = &config}, again = {.config = &config};
	struct merkle_frontier tree, same;
	struct digest root, other;
	const int before = scratch_hush();

	scratch_write("pending.00000000000000000000", data, size);
	if (read_pending(&first, &tree) == ERR_OK) {
		if (tree.size != first.written->count || first.pending.end > size)
			abort();
		if (ledger_pending_mend(&first) != ERR_OK || read_pending(&again, &same) != ERR_OK)
			abort();
		merkle_frontier_root(&tree, &root);
		merkle_frontier_root(&same, &other);
		if (same.size != tree.size || !digest_equal(&root, &other) ||
		    again.pending.end != first.pending.end)
			abort();
		end(&again);
	}
	end(&first);
	scratch_speak(before);
	return 0;
}

static enum err
read_pending(struct ledger *l, struct merkle_frontier *tree)
{
	merkle_frontier_init(tree);
	if ((l->written = batch_new(0)) == NULL)
		abort();
	return ledger_pending_read(l, tree);
}

static void
end(struct ledger *l)
{
	ledger_pending_free(l);
	batch_free(&l->written);
}
