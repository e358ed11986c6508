/* Many messages at once give what each gives alone, whatever their sizes and number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/digest_many.h"
#include "proto/tlog/merkle.h"

/* Sizes around every place where a block, or a place for the padding, begins. */
#define SIZE_MAX_TESTED 400

#define MANY (3 * DIGEST_LANES + 1)

static uint8_t bytes[8192];

static int
setup(void **state)
{
	uint32_t number = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		number = number * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(number >> 24);
	}
	return 0;
}

static void
expect_each_as_alone(const struct digest_message *message, size_t count)
{
	struct digest out[MANY + 1], alone, untouched;

	assert_true(count <= MANY);
	memset(out, 0xee, sizeof(out));
	memset(&untouched, 0xee, sizeof(untouched));
	digest_of_messages(message, count, out);
	for (size_t i = 0; i < count; i++) {
		const struct view parts[] = {message[i].head, message[i].body};

		digest_of_parts(parts, 2, &alone);
		assert_memory_equal(&out[i], &alone, DIGEST_SIZE);
	}
	assert_memory_equal(&out[count], &untouched, DIGEST_SIZE);
}

/* Each size with each head that the tree has, in full rows, and a longer one. */
static void
every_size(void **state)
{
	static const size_t heads[] = {0, 1, 2, 55, 56, 62, DIGEST_HEAD_MAX};
	struct digest_message message[DIGEST_LANES];

	(void)state;
	for (size_t h = 0; h < sizeof(heads) / sizeof(heads[0]); h++) {
		for (size_t size = 0; size <= SIZE_MAX_TESTED; size++) {
			for (size_t i = 0; i < DIGEST_LANES; i++)
				message[i] = (struct digest_message){
				    {bytes + 7 * i, heads[h]}, {bytes + 64 + 13 * i, size}};
			expect_each_as_alone(message, DIGEST_LANES);
		}
	}
}

static void
sizes_that_differ_within_a_row(void **state)
{
	struct digest_message message[MANY];

	(void)state;
	for (unsigned seed = 0; seed < 200; seed++) {
		srand(seed);
		for (size_t i = 0; i < MANY; i++) {
			size_t size = (size_t)rand() % (i % 5 == 0 ? 4096 : 130);

			message[i] = (struct digest_message){
			    {bytes + i, (size_t)rand() % (DIGEST_HEAD_MAX + 1)},
			    {size == 0 ? NULL : bytes + (size_t)rand() % 4096, size}};
		}
		expect_each_as_alone(message, MANY);
	}
}

static void
every_number_of_messages(void **state)
{
	struct digest_message message[MANY];

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		message[i] = (struct digest_message){{bytes, 1}, {bytes + i, 1000 + i}};
	for (size_t count = 0; count <= MANY; count++)
		expect_each_as_alone(message, count);
}

static void
a_head_that_is_too_long_aborts(void **state)
{
	const struct digest_message message = {{bytes, DIGEST_HEAD_MAX + 1}, {bytes, 1}};
	struct digest out;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		digest_of_messages(&message, 1, &out);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void
leaves_and_nodes_of_a_tree(void **state)
{
	struct view entry[MANY];
	struct digest leaf[MANY], node[2 * MANY], expected;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		entry[i] = (struct view){bytes + i, 17 * i};
	merkle_leaves(entry, MANY, leaf);
	for (size_t i = 0; i < MANY; i++) {
		merkle_leaf(entry[i], &expected);
		assert_memory_equal(&leaf[i], &expected, DIGEST_SIZE);
	}
	memcpy(node, leaf, sizeof(leaf));
	memcpy(node + MANY, leaf, sizeof(leaf));
	merkle_nodes(node, MANY, node); /* in place */
	for (size_t i = 0; i < MANY; i++) {
		merkle_node(&leaf[2 * i % MANY], &leaf[(2 * i + 1) % MANY], &expected);
		assert_memory_equal(&node[i], &expected, DIGEST_SIZE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_size),
	    cmocka_unit_test(sizes_that_differ_within_a_row),
	    cmocka_unit_test(every_number_of_messages),
	    cmocka_unit_test(a_head_that_is_too_long_aborts),
	    cmocka_unit_test(leaves_and_nodes_of_a_tree),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
