/* A policy on its way into the evidence store, beside the loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signer/chronicle/policy_packing.h"
#include "signer/chronicle/stored_policy.h"
#include "signer/ledger/store/diskfile.h"
#include "signer/ledger/store/evidence.h"
#include "tests/unit/policy_fixture.h"

#define LINES 12000 /* of a set: more than a turn takes */

struct packing {
	struct fixture *f;
	struct log_index *index;
	struct evidence_store *store;
	struct policy *policy;
	struct buf batch;
};

static void
open_store(struct packing *p)
{
	char packs[PATH_MAX];

	assert_int_equal(index_open(fixture_path(p->f, "index.db"), &p->index), ERR_OK);
	snprintf(packs, sizeof(packs), "%s", fixture_path(p->f, "evidence"));
	assert_int_equal(evidence_open(packs, p->index, &p->store), ERR_OK);
}

static void
begin(struct packing *p, void **state)
{
	*p = (struct packing){.f = *state, .batch = BUF_INIT};
	p->policy = accept(state, "bank", "bank");
	open_store(p);
}

/* As the committer does; then the store is another process's. */
static void
commit_and_open_again(struct packing *p)
{
	int fd;

	assert_int_equal(diskfile_open_append(evidence_pack_path(p->store), &fd), ERR_OK);
	assert_int_equal(
	    diskfile_append(fd, evidence_pack_path(p->store), buf_view(&p->batch)), ERR_OK);
	close(fd);
	evidence_commit_begin(p->store);
	evidence_commit_done(p->store);
	buf_clear(&p->batch);
	evidence_close(&p->store);
	index_close(&p->index);
	open_store(p);
}

static void
end(struct packing *p)
{
	policy_free(&p->policy);
	evidence_close(&p->store);
	index_close(&p->index);
	buf_free(&p->batch);
}

/* How many turns it took. */
static size_t
pack(struct packing *p)
{
	struct policy_packing *packing = policy_packing_new(p->store, p->policy);
	size_t turns = 1;

	policy_packing_run(packing);
	for (; !policy_packing_place(packing, &p->batch); turns++)
		;
	policy_packing_free(&packing);
	return turns;
}

static struct evidence_item *
item_of(const struct packing *p, size_t object)
{
	return evidence_find(p->store, &policy_object_at(p->policy, object)->digest);
}

static void
expect_all(const struct packing *p)
{
	for (size_t i = 0; i < policy_object_count(p->policy); i++) {
		const struct policy_object *o = policy_object_at(p->policy, i);
		struct buf content = BUF_INIT;

		assert_non_null(item_of(p, i));
		assert_int_equal(item_of(p, i)->place.kind, o->kind);
		assert_int_equal(evidence_read(p->store, item_of(p, i), &content), ERR_OK);
		assert_true(view_equal(buf_view(&content), o->content));
		buf_free(&content);
	}
}

static void
test_what_is_packed_is_there_as_if_it_had_been_added(void **state)
{
	struct packing p;
	size_t size;

	begin(&p, state);
	assert_int_equal(pack(&p), 1);
	expect_all(&p);
	size = p.batch.size;
	assert_int_equal(stored_policy_keep(p.store, p.policy, &p.batch), ERR_OK);
	assert_int_equal(p.batch.size, size); /* nothing is left to be added */
	assert_int_equal(pack(&p), 1);
	assert_int_equal(p.batch.size, size);
	commit_and_open_again(&p);
	expect_all(&p);
	end(&p);
}

/* It is read beside the loop, once: whoever relies on it then need not. */
static void
test_what_is_there_is_read(void **state)
{
	struct packing p;

	begin(&p, state);
	pack(&p);
	commit_and_open_again(&p);
	for (size_t i = 0; i < policy_object_count(p.policy); i++)
		assert_false(item_of(&p, i)->read);
	pack(&p);
	assert_int_equal(p.batch.size, 0);
	for (size_t i = 0; i < policy_object_count(p.policy); i++)
		assert_true(item_of(&p, i)->read);
	end(&p);
}

/* The index is no proof: who keeps the policy finds what cannot be read, and adds it again. */
static void
test_what_cannot_be_read_is_left_to_whoever_keeps_it(void **state)
{
	struct packing p;
	char pack_path[PATH_MAX];

	begin(&p, state);
	snprintf(pack_path, sizeof(pack_path), "%s", evidence_pack_path(p.store));
	pack(&p);
	commit_and_open_again(&p);
	assert_int_equal(truncate(pack_path, 10), 0);
	pack(&p);
	assert_int_equal(p.batch.size, 0);
	for (size_t i = 0; i < policy_object_count(p.policy); i++)
		assert_false(item_of(&p, i)->read);
	assert_int_equal(stored_policy_keep(p.store, p.policy, &p.batch), ERR_OK);
	expect_all(&p);
	end(&p);
}

static void
test_a_large_one_takes_several_turns(void **state)
{
	struct packing p;
	struct buf set = BUF_INIT;

	for (unsigned i = 0; i < LINES; i++)
		buf_append_format(&set, "%064x  /opt/trading/%08u/program\n", i + 1, i);
	fixture_write_bytes(*state, "refs/one.sha256", 0644, set.data, set.size);
	fixture_write_bytes(
	    *state, "refs/two.sha256", 0644, set.data + 65 + 31, set.size - 65 - 31);
	begin(&p, state);
	assert_int_equal(pack(&p), 2);
	expect_all(&p);
	end(&p);
	buf_free(&set);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_what_is_packed_is_there_as_if_it_had_been_added),
	    WITH_FIXTURE(test_what_is_there_is_read),
	    WITH_FIXTURE(test_what_cannot_be_read_is_left_to_whoever_keeps_it),
	    WITH_FIXTURE(test_a_large_one_takes_several_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
