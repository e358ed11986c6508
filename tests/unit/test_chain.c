/* The chain of a workload on the collector's disk: what a crash between two writes leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/store/chain.h"

#define WAITING      3
#define ADOPTED      2 /* fewer than wait: some would seem to be passed */
#define ADOPTED_MORE 7

struct fixture {
	char path[64];
	int dir;
	struct chain *chain;
};

static void
open_chain(struct fixture *f)
{
	struct trouble t = TROUBLE_INIT;

	chain_close(&f->chain);
	assert_int_equal(chain_open(f->dir, "w", &f->chain, &t), ERR_OK);
}

static void
append(struct fixture *f, uint64_t time_ms)
{
	struct bundle b = {
	    .workload = VIEW_LITERAL("w"), .offline = true, .time_ms = time_ms, .next_s = 60};
	struct buf extensions = BUF_INIT, bytes = BUF_INIT;
	struct trouble t = TROUBLE_INIT;

	b.component[COMPONENT_HOST] = (struct bundle_component){.present = true, .size = 1};
	chain_next(f->chain, &b);
	bundle_extensions_write(&b.extensions, &extensions);
	b.extensions.bytes = buf_view(&extensions);
	bundle_encode(&b, &bytes);
	assert_int_equal(chain_append(f->chain, buf_view(&bytes), &t), ERR_OK);
	buf_free(&extensions);
	buf_free(&bytes);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->path, sizeof(f->path), "/tmp/hallmark-chain-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	assert_true((f->dir = open(f->path, O_RDONLY | O_DIRECTORY)) >= 0);
	open_chain(f);
	for (uint64_t i = 1; i <= WAITING; i++)
		append(f, i);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	struct dirent *entry;
	DIR *names = opendir(f->path);

	chain_close(&f->chain);
	while (names != NULL && (entry = readdir(names)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			assert_int_equal(unlinkat(f->dir, entry->d_name, 0), 0);
	closedir(names);
	close(f->dir);
	assert_int_equal(rmdir(f->path), 0);
	free(f);
	return 0;
}

/* Adopts with the write of one file failing, as if it were killed there. */
static void
adopt_without(struct fixture *f, uint64_t seq, const char *beside)
{
	const struct digest theirs = {{1}};
	struct trouble t = TROUBLE_INIT;

	assert_int_equal(mkdirat(f->dir, beside, 0700), 0);
	assert_int_equal(chain_adopt(f->chain, seq, &theirs, &t), ERR_IO);
	assert_int_equal(unlinkat(f->dir, beside, AT_REMOVEDIR), 0);
	open_chain(f);
}

static void
assert_all_wait_behind(struct fixture *f, uint64_t seq)
{
	struct chain_head head;
	struct trouble t = TROUBLE_INIT;

	assert_int_equal(chain_waiting(f->chain), WAITING);
	assert_int_equal(chain_acknowledged_seq(f->chain), seq);
	assert_int_equal(chain_get_head(f->chain, &head, &t), ERR_OK);
	assert_int_equal(head.content.seq, seq + 1);
	assert_int_equal(head.content.time_ms, 1);
	assert_int_equal(head.content.prev.bytes[0], seq > 0);
	assert_int_equal(head.content.extensions.gap_after, seq);
}

static void
test_adopted_up_to_the_queue(void **state)
{
	struct fixture *f = *state;

	adopt_without(f, ADOPTED, ".w.queue.new");
	assert_all_wait_behind(f, 0);
	adopt_without(f, ADOPTED_MORE, ".w.queue.new");
	assert_all_wait_behind(f, 0);
}

static void
test_adopted_up_to_the_chain_file(void **state)
{
	struct fixture *f = *state;

	adopt_without(f, ADOPTED_MORE, ".w.chain.new");
	assert_all_wait_behind(f, ADOPTED_MORE);
	assert_true(chain_is_known(f->chain));
	append(f, WAITING + 1);
	open_chain(f);
	assert_int_equal(chain_waiting(f->chain), WAITING + 1);
}

static void
test_adopted(void **state)
{
	const struct digest theirs = {{1}};
	struct trouble t = TROUBLE_INIT;
	struct fixture *f = *state;

	assert_int_equal(chain_adopt(f->chain, ADOPTED, &theirs, &t), ERR_OK);
	open_chain(f);
	assert_all_wait_behind(f, ADOPTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_adopted_up_to_the_queue, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_adopted_up_to_the_chain_file, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_adopted, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
