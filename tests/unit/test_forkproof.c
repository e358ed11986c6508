/* Proofs of a fork: their one form, and that only two histories make one. */
#include "tests/unit/merkle_naive.h"

#include "tests/lib/vectors.h"

#include "proto/encoding.h"
#include "proto/tlog/forkproof.h"

#define SIGNED "\n\xe2\x80\x94 log.test AAAAAAA=\n"

static void
note_of(const struct checkpoint *c, struct buf *to)
{
	checkpoint_write(c, to);
	buf_append_string(to, SIGNED);
	assert_int_equal(buf_status(to), ERR_OK);
}

static struct checkpoint
tree(uint64_t size)
{
	struct checkpoint c = {.origin = "log.test", .size = size, .root = naive_root(0, size)};

	return c;
}

static struct digest
other(void)
{
	struct digest d;

	digest_of("other", 5, &d);
	return d;
}

/* Of the first `older` leaves of `newer`; the older checkpoint has another root. */
static struct forkproof
prefix(struct checkpoint *first, const struct checkpoint *second, struct buf notes[2])
{
	struct forkproof p = {.is_prefix = true, .size = first->size};

	p.side[1].root = naive_root(0, first->size);
	naive_consistency(first->size, second->size, &p.side[1].proof);
	first->root = other();
	note_of(first, &notes[0]);
	note_of(second, &notes[1]);
	p.side[0].note = buf_view(&notes[0]);
	p.side[1].note = buf_view(&notes[1]);
	return p;
}

/* Leaf 2 in a tree of 5, and another one in its place in a tree of 3. */
static struct forkproof
subtree(struct checkpoint *first, struct checkpoint *second, struct buf notes[2])
{
	struct forkproof p = {.level = 0, .index = 2};

	*second = tree(5);
	p.side[1].root = naive_leaf(2);
	naive_path(2, 0, 5, &p.side[1].proof);
	*first = tree(3);
	p.side[0].root = other();
	naive_path(2, 0, 3, &p.side[0].proof);
	first->root = naive_hash(&p.side[0].proof.hash[0], &p.side[0].root);
	note_of(first, &notes[0]);
	note_of(second, &notes[1]);
	p.side[0].note = buf_view(&notes[0]);
	p.side[1].note = buf_view(&notes[1]);
	return p;
}

static void
same_again(const struct forkproof *p)
{
	struct buf text = BUF_INIT, again = BUF_INIT;
	struct forkproof parsed;

	forkproof_write(p, &text);
	assert_true(forkproof_begins(buf_view(&text)));
	assert_int_equal(forkproof_parse(buf_view(&text), &parsed), ERR_OK);
	forkproof_write(&parsed, &again);
	assert_true(view_equal(buf_view(&text), buf_view(&again)));
	assert_int_equal(parsed.is_prefix, p->is_prefix);
	assert_int_equal(parsed.size, p->size);
	assert_int_equal(parsed.level, p->level);
	assert_int_equal(parsed.index, p->index);
	for (int i = 0; i < 2; i++) {
		assert_true(digest_equal(&parsed.side[i].root, &p->side[i].root));
		assert_true(view_equal(parsed.side[i].note, p->side[i].note));
		expect_same_proof(&parsed.side[i].proof, &p->side[i].proof);
	}
	/* No byte may be missing, and none may be there behind. */
	for (size_t size = 0; size < text.size; size++)
		assert_int_not_equal(
		    forkproof_parse((struct view){text.data, size}, &parsed), ERR_OK);
	buf_append_byte(&text, '\n');
	assert_int_not_equal(forkproof_parse(buf_view(&text), &parsed), ERR_OK);
	buf_free(&text);
	buf_free(&again);
}

static void
test_a_prefix_that_is_none(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= 9; size++)
		for (uint64_t older = 1; older <= size; older++) {
			struct buf notes[2] = {BUF_INIT, BUF_INIT};
			struct checkpoint first = tree(older), second = tree(size);
			struct forkproof p = prefix(&first, &second, notes);

			same_again(&p);
			assert_int_equal(forkproof_verify(&p, &first, &second), ERR_OK);
			/* The honest one began like this: nothing is proved. */
			first.root = p.side[1].root;
			assert_int_equal(forkproof_verify(&p, &first, &second), ERR_PROOF);
			first.root = other();
			/* Not what the newer one began with. */
			p.side[1].root = naive_leaf(77);
			assert_int_equal(forkproof_verify(&p, &first, &second), ERR_PROOF);
			p.side[1].root = naive_root(0, older);
			p.size++;
			assert_int_equal(forkproof_verify(&p, &first, &second), ERR_MISMATCH);
			buf_free(&notes[0]);
			buf_free(&notes[1]);
		}
}

static void
test_a_subtree_that_is_two(void **state)
{
	struct buf notes[2] = {BUF_INIT, BUF_INIT};
	struct checkpoint first, second;
	struct forkproof p = subtree(&first, &second, notes);
	struct digest kept;

	(void)state;
	same_again(&p);
	assert_int_equal(forkproof_verify(&p, &first, &second), ERR_OK);
	kept = p.side[0].root;
	p.side[0].root = naive_leaf(2);
	assert_int_equal(forkproof_verify(&p, &first, &second), ERR_PROOF);
	p.side[0].root = kept;
	p.side[1].proof.count--;
	assert_int_equal(forkproof_verify(&p, &first, &second), ERR_PROOF);
	p.side[1].proof.count++;
	p.index = 1;
	assert_int_equal(forkproof_verify(&p, &first, &second), ERR_PROOF);
	p.index = 2;
	(void)snprintf(second.origin, sizeof(second.origin), "another.test");
	assert_int_equal(forkproof_verify(&p, &first, &second), ERR_MISMATCH);
	buf_free(&notes[0]);
	buf_free(&notes[1]);
}

/* Two trees of one history have no such subtree. */
static void
test_one_history_proves_nothing(void **state)
{
	const struct checkpoint first = tree(3), second = tree(5);
	struct forkproof p = {.level = 0, .index = 2};

	(void)state;
	p.side[0].root = p.side[1].root = naive_leaf(2);
	naive_path(2, 0, 3, &p.side[0].proof);
	naive_path(2, 0, 5, &p.side[1].proof);
	assert_int_equal(forkproof_verify(&p, &first, &second), ERR_PROOF);
}

static void
refused(const struct buf *good, const char *from, const char *to, enum err expected)
{
	struct buf text = BUF_INIT;
	const char *at = memmem(good->data, good->size, from, strlen(from));
	struct forkproof p;

	assert_non_null(at);
	buf_append(&text, good->data, (size_t)(at - (const char *)good->data));
	buf_append_string(&text, to);
	buf_append(&text, at + strlen(from),
	    good->size - (size_t)(at - (const char *)good->data) - strlen(from));
	assert_int_equal(forkproof_parse(buf_view(&text), &p), expected);
	buf_free(&text);
}

static void
test_other_spellings_are_refused(void **state)
{
	struct buf notes[2] = {BUF_INIT, BUF_INIT}, text = BUF_INIT;
	struct checkpoint first, second;
	struct forkproof p = subtree(&first, &second, notes);

	(void)state;
	forkproof_write(&p, &text);
	refused(&text, "proof v1", "proof v2", ERR_UNSUPPORTED);
	refused(&text, "hallmark fork", "hallmark  fork", ERR_UNSUPPORTED);
	refused(&text, "subtree 0 2", "subtree 0 02", ERR_FORMAT_NUMBER);
	refused(&text, "subtree 0 2", "subtree 64 2", ERR_FORMAT_NUMBER);
	refused(&text, "subtree 0 2", "subtree 0", ERR_FORMAT);
	refused(&text, "subtree 0 2", "subtree ", ERR_FORMAT);
	refused(&text, "subtree 0 2", "subtree 0  2", ERR_FORMAT_NUMBER);
	refused(&text, "subtree 0 2", "prefix", ERR_FORMAT);
	refused(&text, "subtree 0 2", "prefix 3 ", ERR_FORMAT_NUMBER);
	refused(&text, "\n\nroot ", "\nroot ", ERR_FORMAT);
	refused(&text, "\n\nroot ", "\n\n\nroot ", ERR_FORMAT);
	refused(&text, "root ", "hash ", ERR_FORMAT);
	refused(&text, "=\n\n", "\n\n", ERR_FORMAT_BASE64);
	refused(&text, "\n\nlog.test", "\nlog.test", ERR_FORMAT_BASE64);
	refused(&text, " AAAAAAA=", " AAAA", ERR_FORMAT);
	buf_free(&text);
	buf_free(&notes[0]);
	buf_free(&notes[1]);
}

static void
test_more_hashes_than_any_proof_has(void **state)
{
	struct buf notes[2] = {BUF_INIT, BUF_INIT}, text = BUF_INIT;
	struct checkpoint first, second;
	struct forkproof p = subtree(&first, &second, notes);

	(void)state;
	p.side[0].proof.count = MERKLE_CONSISTENCY_MAX;
	forkproof_write(&p, &text);
	assert_int_equal(forkproof_parse(buf_view(&text), &p), ERR_OK);
	refused(&text, "\n\nroot ", "\n\nroot AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nroot ",
	    ERR_FORMAT_BASE64);
	refused(&text, "=\n", "=\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", ERR_FORMAT_SIZE);
	buf_free(&text);
	buf_free(&notes[0]);
	buf_free(&notes[1]);
}

/* What proto/PROTOCOL.md shows. */
static void
test_the_documents_proofs(void **state)
{
	static const char *const files[] = {"fork-prefix.txt", "fork-subtree.txt"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct checkpoint first, second;
		struct buf text = BUF_INIT;
		struct forkproof p;
		struct note n;

		vector_file(files[i], &text);
		assert_int_equal(forkproof_parse(buf_view(&text), &p), ERR_OK);
		assert_int_equal(p.is_prefix, i == 0);
		same_again(&p);
		assert_int_equal(note_parse(p.side[0].note, &n), ERR_OK);
		assert_int_equal(checkpoint_parse(n.text, &first), ERR_OK);
		assert_int_equal(note_parse(p.side[1].note, &n), ERR_OK);
		assert_int_equal(checkpoint_parse(n.text, &second), ERR_OK);
		assert_int_equal(forkproof_verify(&p, &first, &second), ERR_OK);
		buf_free(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_prefix_that_is_none),
	    cmocka_unit_test(test_a_subtree_that_is_two),
	    cmocka_unit_test(test_one_history_proves_nothing),
	    cmocka_unit_test(test_other_spellings_are_refused),
	    cmocka_unit_test(test_the_documents_proofs),
	    cmocka_unit_test(test_more_hashes_than_any_proof_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
