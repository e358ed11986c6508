/* The evidence store beside the files: what it promises to the thread that writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "proto/evidence/pack.h"
#include "signer/ledger/store/evidence.h"

#define MANY 20000

struct fixture {
	char directory[64], index_path[96], packs[96];
	struct log_index *index;
	struct evidence_store *store;
	struct buf batch;
	uint8_t *content; /* PACK_CONTENT_MAX bytes that cannot be compressed */
	uint64_t added;   /* items: each has its number for a digest, which nobody checks here */
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint64_t x = 1;

	assert_non_null(f);
	snprintf(f->directory, sizeof(f->directory), "/tmp/hallmark-evidence-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->index_path, sizeof(f->index_path), "%s/index.db", f->directory);
	snprintf(f->packs, sizeof(f->packs), "%s/evidence", f->directory);
	assert_int_equal(index_open(f->index_path, &f->index), ERR_OK);
	assert_int_equal(evidence_open(f->packs, f->index, &f->store), ERR_OK);
	f->batch = BUF_INIT;
	assert_non_null(f->content = malloc(PACK_CONTENT_MAX));
	for (size_t i = 0; i < PACK_CONTENT_MAX; i++) {
		x = x * 6364136223846793005U + 1442695040888963407U;
		f->content[i] = (uint8_t)(x >> 56);
	}
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	evidence_close(&f->store);
	index_close(&f->index);
	buf_free(&f->batch);
	unlink(f->index_path);
	rmdir(f->packs);
	rmdir(f->directory);
	free(f->content);
	free(f);
	return 0;
}

static struct evidence_item *
add(struct fixture *f, size_t size)
{
	struct digest digest = {{0}};
	struct evidence_item *item;

	be64_put(digest.bytes, ++f->added);
	assert_int_equal(evidence_add(f->store, PACK_COMPONENT, (struct view){f->content, size},
			     &digest, &f->batch, &item),
	    ERR_OK);
	return item;
}

/* The committer has the path while the next batch collects. */
static void
test_a_commit_keeps_its_path_when_another_pack_is_begun(void **state)
{
	struct fixture *f = *state;
	const char *path;
	char *copy;

	while (add(f, PACK_CONTENT_MAX)->place.offset + PACK_CONTENT_MAX < EVIDENCE_PACK_SIZE_MAX) {
		evidence_commit_begin(f->store);
		evidence_commit_done(f->store);
		buf_clear(&f->batch);
	}
	path = evidence_pack_path(f->store);
	assert_non_null(copy = strdup(path));
	evidence_commit_begin(f->store);
	buf_clear(&f->batch); /* of the next one, which is open now */
	assert_int_equal(add(f, 1)->place.pack, 2);
	assert_string_equal(path, copy);
	assert_string_not_equal(evidence_pack_path(f->store), copy);
	evidence_commit_done(f->store);
	free(copy);
}

/* Its record cannot be read: it is lost, is sent again, and is listed for the index once. */
static void
test_what_is_lost_before_the_index_has_it_can_be_added_again(void **state)
{
	struct fixture *f = *state;
	struct evidence_item *item, *other;
	struct buf content = BUF_INIT;
	size_t listed = 0;

	item = add(f, 1000);
	other = add(f, 10);
	evidence_commit_begin(f->store);
	evidence_commit_done(f->store);
	assert_int_not_equal(evidence_read(f->store, item, &content), ERR_OK); /* no file at all */
	assert_null(evidence_find(f->store, &item->place.digest));
	f->added = 0;
	assert_ptr_equal(add(f, 1000), item);
	evidence_commit_begin(f->store);
	evidence_commit_done(f->store);
	for (struct evidence_item *i = evidence_take_durable(f->store); i != NULL; i = i->staged) {
		assert_true(i == item || i == other);
		assert_true(++listed <= 2);
	}
	assert_int_equal(listed, 2);
	buf_free(&content);
}

/* Written to its pack, as the committer does. */
static void
commit(struct fixture *f)
{
	FILE *pack = fopen(evidence_pack_path(f->store), "ab");

	assert_non_null(pack);
	assert_int_equal(fwrite(f->batch.data, 1, f->batch.size, pack), f->batch.size);
	assert_int_equal(fclose(pack), 0);
	evidence_commit_begin(f->store);
	evidence_commit_done(f->store);
	buf_clear(&f->batch);
}

static struct evidence_item *
add_text(struct fixture *f, const char *text)
{
	const struct view content = view_of_string(text);
	struct evidence_item *item;
	struct digest digest;

	digest_of(content.data, content.size, &digest);
	assert_int_equal(
	    evidence_add(f->store, PACK_COMPONENT, content, &digest, &f->batch, &item), ERR_OK);
	return item;
}

static void
damage(struct fixture *f, const struct evidence_item *item)
{
	FILE *pack = fopen(evidence_pack_path(f->store), "r+b");

	assert_non_null(pack);
	assert_int_equal(fseek(pack, (long)item->place.offset + PACK_HEADER_SIZE, SEEK_SET), 0);
	assert_int_equal(fputc('X', pack), 'X');
	assert_int_equal(fclose(pack), 0);
}

/* From the disk and from memory; of those that cannot be read none is left undiscovered. */
static void
test_many_are_read_in_their_order_and_all_that_are_lost_are_found(void **state)
{
	struct fixture *f = *state;
	struct evidence_item *items[4];
	struct buf all = BUF_INIT;

	items[0] = add_text(f, "one ");
	items[2] = add_text(f, "three ");
	items[3] = add_text(f, "four");
	commit(f);
	items[1] = add_text(f, "two "); /* not yet durable */
	assert_int_equal(evidence_read_all(f->store, items, 4, &all), ERR_OK);
	assert_true(view_equal(buf_view(&all), VIEW_LITERAL("one two three four")));
	assert_int_equal(evidence_read_all(f->store, items, 0, &all), ERR_OK);
	damage(f, items[0]);
	damage(f, items[3]);
	assert_int_equal(evidence_read_all(f->store, items, 4, &all), ERR_NOT_FOUND);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    evidence_find(f->store, &items[i]->place.digest) == NULL, i == 0 || i == 3);
	unlink(evidence_pack_path(f->store));
	buf_free(&all);
}

/* Reverses the mixing of uthash's hash without a key (Jenkins, 1996). */
static void
unmix(uint32_t *i, uint32_t *j, uint32_t *k)
{
	*k = (*k ^ (*j >> 15)) + *i + *j;
	*j = (*j ^ (*i << 10)) + *k + *i;
	*i = (*i ^ (*k >> 3)) + *j + *k;
	*k = (*k ^ (*j >> 5)) + *i + *j;
	*j = (*j ^ (*i << 16)) + *k + *i;
	*i = (*i ^ (*k >> 12)) + *j + *k;
	*k = (*k ^ (*j >> 13)) + *i + *j;
	*j = (*j ^ (*i << 8)) + *k + *i;
	*i = (*i ^ (*k >> 13)) + *j + *k;
}

static void
put(uint8_t *to, uint32_t word)
{
	for (unsigned n = 0; n < 4; n++)
		to[n] = (uint8_t)(word >> 8 * n);
}

/* Digest `number` of many that all have the same hash there: its first block is zero, the second
 * one leads from there to a state before the last one, and that one is the number. */
static void
of_one_hash(uint32_t number, struct digest *out)
{
	uint32_t i = number, j = 0, k = 0, first[3] = {0x9e3779b9, 0x9e3779b9, 0xfeedbeef};

	memset(out, 0, sizeof(*out));
	HASH_JEN_MIX(first[0], first[1], first[2]);
	unmix(&i, &j, &k);
	k -= DIGEST_SIZE;
	unmix(&i, &j, &k);
	put(out->bytes + 12, i - first[0]);
	put(out->bytes + 16, j - first[1]);
	put(out->bytes + 20, k - first[2]);
}

/* Seconds for adding and finding so many. */
static double
seconds(struct fixture *f, void (*digest_of_number)(uint32_t number, struct digest *out))
{
	struct timespec begun, done;
	struct evidence_item *item;
	struct digest digest;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
	for (uint32_t n = 0; n < MANY; n++) {
		digest_of_number(n, &digest);
		assert_int_equal(evidence_add(f->store, PACK_COMPONENT,
				     (struct view){f->content, 1}, &digest, &f->batch, &item),
		    ERR_OK);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &done);
	return (double)(done.tv_sec - begun.tv_sec) + (double)(done.tv_nsec - begun.tv_nsec) * 1e-9;
}

static void
of_any_hash(uint32_t number, struct digest *out)
{
	digest_of(&number, sizeof(number), out);
}

/* Whoever chooses what is stored, or what a list names, makes nothing slow by it. */
static void
test_digests_that_somebody_has_chosen_are_found_as_fast_as_others(void **state)
{
	struct fixture *f = *state;
	struct digest one, other;
	unsigned hash, same;
	double any;

	of_one_hash(1, &one);
	of_one_hash(2, &other);
	HASH_JEN(one.bytes, DIGEST_SIZE, hash);
	HASH_JEN(other.bytes, DIGEST_SIZE, same);
	assert_int_equal(hash, same);
	assert_false(digest_equal(&one, &other));
	any = seconds(f, of_any_hash);
	assert_true(seconds(f, of_one_hash) < 5 * any + 0.1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_many_are_read_in_their_order_and_all_that_are_lost_are_found, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		test_what_is_lost_before_the_index_has_it_can_be_added_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_a_commit_keeps_its_path_when_another_pack_is_begun, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_digests_that_somebody_has_chosen_are_found_as_fast_as_others, set_up,
		tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
