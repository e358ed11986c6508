/* The register as a witness: what it cosigns of a log that is followed, and what it does not. */
#include "register/witness/witness.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "proto/tlog/cosignature.h"
#include "register/witness/cosigned.h"
#include "tests/unit/log_fixture.h"

#define NAME   "register.test/witness"
#define ORIGIN "hallmark.test/unit"

struct witness_fixture {
	struct fixture *files;
	char path[256], key[300];
	struct register_log log[2];
	struct register_config config;
	struct log_reader reader;
	struct buf note;
};

static struct cosigner *anybody; /* its line stands for the log's own signature */

static void
write_key(const char *path)
{
	static const uint8_t seed[32] = {7};
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	FILE *file = fopen(path, "w");

	assert_non_null(key);
	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(file), 0);
	if (anybody == NULL)
		assert_int_equal(cosigner_new(ORIGIN, key, &anybody), ERR_OK);
	EVP_PKEY_free(key);
}

static int
setup(void **state)
{
	struct witness_fixture *f = calloc(1, sizeof(*f));
	void *files;

	if (f == NULL || fixture_open(&files) != 0)
		return -1;
	f->files = files;
	(void)snprintf(f->path, sizeof(f->path), "%s", f->files->path);
	(void)snprintf(f->key, sizeof(f->key), "%s/witness.key", f->path);
	write_key(f->key);
	f->log[0] = (struct register_log){.name = "one", .directory = f->path};
	f->log[1] = (struct register_log){.name = "copy", .directory = f->path};
	f->config = (struct register_config){.logs = f->log,
	    .log_count = 2,
	    .state_directory = f->path,
	    .witness = {.name = NAME, .key = f->key}};
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct witness_fixture *f = *state;
	void *files = f->files;

	buf_free(&f->note);
	free(f);
	return fixture_close(&files);
}

/* The log has so many entries now; its checkpoint is in f->note. */
static void
grow(struct witness_fixture *f, uint64_t size)
{
	struct buf text = BUF_INIT;

	log_fixture_make(f->files, size, &f->reader);
	checkpoint_write(&f->reader.checkpoint, &text);
	buf_clear(&f->note);
	buf_append_view(&f->note, buf_view(&text));
	buf_append_byte(&f->note, '\n');
	assert_int_equal(cosigner_sign(anybody, buf_view(&text), 1, &f->note), ERR_OK);
	fixture_write(f->files, "checkpoint", f->note.data, f->note.size);
	buf_free(&text);
}

static void
hear(struct witness_fixture *f, struct witness *w, unsigned log)
{
	const struct followed_state heard = {.log = log,
	    .size = f->reader.checkpoint.size,
	    .checked_to = f->reader.checkpoint.size,
	    .replayed_to = f->reader.checkpoint.size,
	    .checkpoint = buf_view(&f->note)};
	const struct followed_listener l = witness_listener(w);

	l.state(l.context, &heard);
}

static struct witness *
open_witness(struct witness_fixture *f)
{
	struct witness *w;

	assert_int_equal(witness_open(&f->config, &w), ERR_OK);
	assert_non_null(w);
	return w;
}

/* The size of the tree that covers `size` entries; 0: none was cosigned. */
static uint64_t
covering(struct witness *w, uint64_t size)
{
	struct buf key = BUF_INIT, bytes = BUF_INIT;
	struct cosigner *reader;
	struct checkpoint c = {.size = 0};
	struct note note;
	uint64_t time_s;

	assert_int_equal(witness_write_key(w, &key), ERR_OK);
	assert_int_equal(cosigner_read((struct view){key.data, key.size - 1}, &reader), ERR_OK);
	if (witness_find(w, 0, size, &bytes) == ERR_OK) {
		assert_int_equal(note_parse(buf_view(&bytes), &note), ERR_OK);
		assert_int_equal(note.signature_count, 2);
		assert_int_equal(cosigner_check(reader, &note, &time_s), ERR_OK);
		assert_true(time_s > 1700000000);
		assert_int_equal(checkpoint_parse(note.text, &c), ERR_OK);
	}
	cosigner_free(&reader);
	buf_free(&key);
	buf_free(&bytes);
	return c.size;
}

static void
what_grows_is_cosigned_also_behind_a_restart(void **state)
{
	struct witness_fixture *f = *state;
	struct witness *w = open_witness(f);

	assert_int_equal(covering(w, 0), 0);
	grow(f, 3);
	hear(f, w, 0);
	hear(f, w, 0);
	grow(f, 300);
	hear(f, w, 0);
	assert_int_equal(covering(w, 3), 3);
	assert_int_equal(covering(w, 4), 300);
	assert_int_equal(covering(w, 301), 0);
	witness_free(&w);
	w = open_witness(f);
	grow(f, 301);
	hear(f, w, 0);
	assert_int_equal(covering(w, 1), 3);
	assert_int_equal(covering(w, 301), 301);
	witness_free(&w);
}

static void
what_was_not_followed_to_its_end_is_not_cosigned(void **state)
{
	struct witness_fixture *f = *state;
	struct witness *w = open_witness(f);
	struct followed_state heard = {.size = 3, .checked_to = 2};
	const struct followed_listener l = witness_listener(w);

	grow(f, 3);
	heard.checkpoint = buf_view(&f->note);
	l.state(l.context, &heard);
	assert_int_equal(covering(w, 0), 0);
	hear(f, w, 0);
	assert_int_equal(covering(w, 0), 3);
	witness_free(&w);
}

static void
another_tree_is_not_cosigned(void **state)
{
	struct witness_fixture *f = *state;
	struct witness *w = open_witness(f);

	grow(f, 3);
	f->reader.checkpoint.root.bytes[0] ^= 1;
	hear(f, w, 0); /* it is the note that counts: this one is right */
	assert_int_equal(covering(w, 0), 3);
	witness_free(&w);

	/* Of the same size; larger, and the tiles prove no way from the one to the other. */
	w = open_witness(f);
	grow(f, 3);
	f->note.data[strlen(ORIGIN) + 1 + 2] ^= 1; /* of the root's base64 */
	hear(f, w, 0);
	grow(f, 7);
	f->note.data[strlen(ORIGIN) + 1 + 2] ^= 1;
	hear(f, w, 0);
	assert_int_equal(covering(w, 4), 0);
	grow(f, 7);
	hear(f, w, 0);
	assert_int_equal(covering(w, 4), 7);

	/* Smaller, and without the tiles that prove it. */
	grow(f, 5);
	hear(f, w, 0);
	assert_int_equal(covering(w, 4), 7);
	grow(f, 9);
	assert_int_equal(unlinkat(f->files->dir, "tile/0/000.p/9", 0), 0);
	assert_int_equal(unlinkat(f->files->dir, "tile/0/000.p/7", 0), 0);
	hear(f, w, 0);
	assert_int_equal(covering(w, 8), 0);
	witness_free(&w);
}

static void
an_alarm_forbids_it_until_somebody_has_looked(void **state)
{
	struct witness_fixture *f = *state;
	struct witness *w = open_witness(f);
	const struct followed_listener l = witness_listener(w);
	struct followed_alarm alarm = {.kind = FOLLOWED_BAD_VERDICT, .words = ""};

	grow(f, 3);
	l.alarm(l.context, &alarm);
	hear(f, w, 0);
	assert_int_equal(covering(w, 0), 3);
	alarm.kind = FOLLOWED_FORK;
	l.alarm(l.context, &alarm);
	grow(f, 4);
	hear(f, w, 0);
	assert_int_equal(covering(w, 4), 0);
	l.acknowledged(l.context, 0);
	hear(f, w, 0);
	assert_int_equal(covering(w, 4), 4);
	witness_free(&w);
}

static void
a_copy_of_a_log_is_not_cosigned_too(void **state)
{
	struct witness_fixture *f = *state;
	struct witness *w = open_witness(f);
	struct buf note = BUF_INIT;

	grow(f, 3);
	hear(f, w, 0);
	grow(f, 4);
	hear(f, w, 1);
	assert_int_equal(covering(w, 4), 0);
	assert_int_equal(witness_find(w, 1, 0, &note), ERR_NOT_FOUND);
	assert_int_equal(witness_find(w, 2, 0, &note), ERR_NOT_FOUND);
	witness_free(&w);
}

/* Who damages it cannot have another tree cosigned. */
static void
a_damaged_store_is_not_made_anew(void **state)
{
	struct witness_fixture *f = *state;
	struct witness *w;

	fixture_write(f->files, "cosigned.db", "no database at all, but long enough", 35);
	assert_int_equal(witness_open(&f->config, &w), ERR_IO);
	assert_null(w);
}

static void
other_keys_are_refused(void **state)
{
	struct witness_fixture *f = *state;
	struct witness *w;

	fixture_write(f->files, "witness.key", "none", 4);
	assert_int_equal(witness_open(&f->config, &w), ERR_CONFIG);
	assert_null(w);
	f->config.witness.name = f->config.witness.key = NULL;
	assert_int_equal(witness_open(&f->config, &w), ERR_OK);
	assert_null(w);
}

/* Of the last day each stays, of the time before one in an hour. */
static void
old_ones_are_thinned(void **state)
{
	struct witness_fixture *f = *state;
	struct checkpoint c = {.origin = ORIGIN};
	struct cosigned *store;
	struct buf note = BUF_INIT;
	uint64_t time_s = 1800000000;

	assert_int_equal(cosigned_open(f->key, &store), ERR_IO); /* the key is no database */
	(void)snprintf(f->key, sizeof(f->key), "%s/cosigned.db", f->path);
	assert_int_equal(cosigned_open(f->key, &store), ERR_OK);
	for (c.size = 1; c.size <= 6 * 50; c.size++, time_s += 600) {
		buf_clear(&note);
		buf_append_decimal(&note, c.size);
		assert_int_equal(cosigned_put(store, &c, time_s, buf_view(&note)), ERR_OK);
	}
	/* 50 hours, each of six: of the first 25 or so one each is left. */
	buf_clear(&note);
	assert_int_equal(cosigned_find_covering(store, ORIGIN, 2, &note), ERR_OK);
	assert_int_equal(note.size, 1);
	assert_int_equal(note.data[0], '7');
	buf_clear(&note);
	assert_int_equal(cosigned_find_covering(store, ORIGIN, 200, &note), ERR_OK);
	assert_memory_equal(note.data, "200", 3);
	assert_int_equal(cosigned_find_covering(store, "other", 2, &note), ERR_NOT_FOUND);
	assert_int_equal(cosigned_put(store, &c, time_s, buf_view(&note)), ERR_OK);
	assert_int_equal(cosigned_put(store, &c, time_s, buf_view(&note)), ERR_IO); /* twice */
	cosigned_close(&store);
	buf_free(&note);
}

static int
free_anybody(void **state)
{
	(void)state;
	cosigner_free(&anybody);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_grows_is_cosigned_also_behind_a_restart),
	    TEST(what_was_not_followed_to_its_end_is_not_cosigned),
	    TEST(another_tree_is_not_cosigned),
	    TEST(an_alarm_forbids_it_until_somebody_has_looked),
	    TEST(a_copy_of_a_log_is_not_cosigned_too),
	    TEST(a_damaged_store_is_not_made_anew),
	    TEST(other_keys_are_refused),
	    TEST(old_ones_are_thinned),
	};

	return cmocka_run_group_tests(tests, NULL, free_anybody);
}
