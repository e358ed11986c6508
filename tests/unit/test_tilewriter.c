/* The log's files as they grow, against the plain log of the fixture, made leaf by leaf. */
#include "tests/unit/log_fixture.h"

#include "signer/ledger/store/tilewriter.h"

#define RUNS_MAX 64 /* that are added between two flushes */

static unsigned times_yielded;

/* In place of the C library's. */
int
sched_yield(void)
{
	times_yielded++;
	return 0;
}

/* A writer, and what was added and has to stay until it is flushed. */
struct growing {
	const struct fixture *f;
	struct tilewriter *w;
	uint64_t size;
	struct buf run[RUNS_MAX];
	size_t runs;
};

static void
start(struct growing *g, const struct fixture *f, uint64_t size)
{
	*g = (struct growing){.f = f, .size = size};
	assert_int_equal(tilewriter_new(f->path, size, &g->w), ERR_OK);
}

/* The next `count` entries as one run: bytes in their framing, and leaves. */
static void
make_run(uint64_t first, size_t count, struct buf *run, struct digest *leaf)
{
	struct buf entry = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		buf_clear(&entry);
		log_fixture_entry(first + i, &entry);
		assert_int_equal(tile_entry_append(run, buf_view(&entry)), ERR_OK);
		merkle_leaf(buf_view(&entry), &leaf[i]);
	}
	buf_free(&entry);
}

static enum err
try_add(struct growing *g, size_t count)
{
	struct digest leaf[TILE_WIDTH];
	struct buf *run = &g->run[g->runs++];

	assert_true(g->runs <= RUNS_MAX && count <= TILE_WIDTH);
	*run = BUF_INIT;
	make_run(g->size, count, run, leaf);
	g->size += count;
	return tilewriter_add(g->w, buf_view(run), leaf, count);
}

/* As the publisher does: a run ends where its bundle does. */
static void
add(struct growing *g, size_t count)
{
	while (count > 0) {
		size_t room = tilewriter_room(g->w), part = count < room ? count : room;

		assert_int_equal(room, TILE_WIDTH - g->size % TILE_WIDTH);
		assert_int_equal(try_add(g, part), ERR_OK);
		count -= part;
	}
}

/* Runs are overwritten before they are given back: from a flush on, nobody may need them. */
static void
forget_runs(struct growing *g)
{
	while (g->runs > 0) {
		struct buf *run = &g->run[--g->runs];

		memset(run->data, 0xee, run->size);
		buf_free(run);
	}
}

static void
flush(struct growing *g)
{
	assert_int_equal(tilewriter_flush(g->w), ERR_OK);
	forget_runs(g);
}

static void
end(struct growing *g)
{
	tilewriter_free(&g->w);
	assert_null(g->w);
	forget_runs(g);
}

static bool
is_there(const struct fixture *f, const char *name)
{
	return faccessat(f->dir, name, F_OK, 0) == 0;
}

static void
read_file(const struct fixture *f, const char *name, struct buf *to)
{
	int fd = openat(f->dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		fail_msg("%s is not there", name);
	buf_clear(to);
	while ((got = read(fd, buf_reserve(to, 4096), 4096)) > 0)
		to->size += (size_t)got;
	assert_int_equal(got, 0);
	close(fd);
}

static void
same_file(const struct fixture *f, const struct fixture *plain, const char *name)
{
	struct buf is = BUF_INIT, should = BUF_INIT;

	read_file(f, name, &is);
	read_file(plain, name, &should);
	if (!view_equal(buf_view(&is), buf_view(&should)))
		fail_msg("%s differs: %zu bytes for %zu", name, is.size, should.size);
	buf_free(&is);
	buf_free(&should);
}

/* Every tile and entry bundle that a checkpoint of this size names. */
static void
is_the_plain_log(const struct fixture *f, uint64_t size)
{
	struct fixture *plain;
	struct log_reader l;
	char path[TILE_PATH_SIZE];
	void *state;

	assert_int_equal(fixture_open(&state), 0);
	plain = state;
	log_fixture_make(plain, size, &l);
	for (unsigned level = 0; level <= TILE_LEVEL_MAX; level++) {
		for (uint64_t i = 0; i < tile_count(level, size); i++) {
			tile_path(level, i, tile_width(level, i, size), path);
			same_file(f, plain, path);
		}
	}
	for (uint64_t i = 0; i < tile_count(0, size); i++) {
		tile_entries_path(i, tile_width(0, i, size), path);
		same_file(f, plain, path);
	}
	assert_int_equal(fixture_close(&state), 0);
}

static void
grow_at_random(const struct fixture *f, unsigned seed)
{
	struct growing g;

	print_message("seed %u\n", seed);
	srand(seed);
	start(&g, f, 0);
	while (g.size < 2000) {
		for (int runs = rand() % 4; runs > 0; runs--)
			add(&g, 1 + (size_t)rand() % (rand() % 2 ? 400 : 20));
		flush(&g);
		is_the_plain_log(f, g.size);
		if (rand() % 3 == 0)
			assert_int_equal(tilewriter_drop_partials(g.w), ERR_OK);
		if (rand() % 4 == 0) { /* the next one goes on where this one ended */
			end(&g);
			start(&g, f, g.size);
		}
	}
	end(&g);
	is_the_plain_log(f, g.size);
}

static void
test_random_runs(void **state)
{
	void *each;

	(void)state;
	for (unsigned seed = 1; seed <= 6; seed++) {
		assert_int_equal(fixture_open(&each), 0);
		grow_at_random(each, seed);
		assert_int_equal(fixture_close(&each), 0);
	}
}

static void
test_bundles_that_end_with_a_run(void **state)
{
	struct fixture *f = *state;
	struct growing g;

	start(&g, f, 0);
	add(&g, 255);
	assert_int_equal(tilewriter_room(g.w), 1);
	add(&g, 1);
	assert_int_equal(tilewriter_room(g.w), TILE_WIDTH);
	flush(&g);
	is_the_plain_log(f, 256);
	assert_false(is_there(f, "tile/0/000.p"));
	assert_false(is_there(f, "tile/0/001.p"));
	add(&g, 256);
	flush(&g);
	is_the_plain_log(f, 512);
	end(&g);
}

/* More files than are synced together, and than are left open meanwhile. */
static void
test_many_tiles_between_two_flushes(void **state)
{
	struct fixture *f = *state;
	struct growing g;

	start(&g, f, 0);
	add(&g, 10);
	flush(&g);
	add(&g, 40 * TILE_WIDTH);
	flush(&g);
	is_the_plain_log(f, g.size);
	assert_int_equal(tilewriter_drop_partials(g.w), ERR_OK);
	assert_false(is_there(f, "tile/0/000.p"));
	is_the_plain_log(f, g.size);
	end(&g);
}

/* 65,536 leaves: the tile of the second level becomes full, and the third begins. */
static void
test_a_level_more(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;
	struct growing g;

	log_fixture_make(f, 65400, &l);
	start(&g, f, 65400);
	add(&g, 100);
	flush(&g);
	add(&g, 100);
	flush(&g);
	is_the_plain_log(f, 65600);
	assert_true(is_there(f, "tile/1/000"));
	assert_true(is_there(f, "tile/2/000.p/1"));
	assert_int_equal(tilewriter_drop_partials(g.w), ERR_OK);
	assert_false(is_there(f, "tile/1/000.p"));
	assert_true(is_there(f, "tile/2/000.p/1"));
	end(&g);
}

/* A publication that did not come to its checkpoint may have left the full ones. */
static void
test_begins_from_tiles_that_are_full_already(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;
	struct growing g;

	log_fixture_make(f, 512, &l);
	log_fixture_tile(f, 1, 0, 300); /* not full in 512 either: the log of 300 has its own */
	start(&g, f, 300);
	add(&g, 5);
	flush(&g);
	is_the_plain_log(f, 305);
	add(&g, 300);
	flush(&g);
	is_the_plain_log(f, 605);
	end(&g);
}

static void
test_what_cannot_be_begun_from(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;
	struct tilewriter *w;

	assert_int_equal(tilewriter_new(f->path, 300, &w), ERR_NOT_FOUND);
	assert_null(w);
	log_fixture_make(f, 300, &l);
	fixture_write(f, "tile/0/001.p/44", "too little", 10);
	assert_int_equal(tilewriter_new(f->path, 300, &w), ERR_FORMAT_SIZE);
	assert_null(w);
	log_fixture_make(f, 300, &l);
	fixture_write(f, "tile/entries/001.p/44", "\0\011entry 256\0\011entry", 18);
	assert_int_equal(tilewriter_new(f->path, 300, &w), ERR_FORMAT);
	assert_null(w);
	assert_int_equal(tilewriter_new("/dev/null/log", 0, &w), ERR_IO);
	assert_null(w);
}

/* Wider ones do not take their place, nor does a new process. */
static void
test_partial_tiles_stay_until_the_full_one_is_there(void **state)
{
	static const uint64_t sizes[] = {10, 20, 100, 255};
	struct fixture *f = *state;
	char path[TILE_PATH_SIZE];
	struct growing g;

	start(&g, f, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		add(&g, (size_t)(sizes[i] - g.size));
		flush(&g);
		assert_int_equal(tilewriter_drop_partials(g.w), ERR_OK);
		for (size_t k = 0; k <= i; k++) {
			tile_path(0, 0, (unsigned)sizes[k], path);
			assert_true(is_there(f, path));
			tile_entries_path(0, (unsigned)sizes[k], path);
			assert_true(is_there(f, path));
		}
		end(&g);
		start(&g, f, sizes[i]);
	}
	add(&g, 1);
	flush(&g);
	assert_true(is_there(f, "tile/0/000"));
	assert_true(is_there(f, "tile/0/000.p/10"));
	assert_int_equal(tilewriter_drop_partials(g.w), ERR_OK);
	assert_false(is_there(f, "tile/0/000.p"));
	assert_false(is_there(f, "tile/entries/000.p"));
	end(&g);
}

static void
test_partial_tiles_stay_until_they_are_dropped(void **state)
{
	static const char *const old[] = {
	    "tile/0/000.p/10", "tile/0/000.p/20", "tile/entries/000.p/10", "tile/entries/000.p/20"};
	static const char *const last[] = {
	    "tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"};
	struct fixture *f = *state;
	struct growing g;

	start(&g, f, 0);
	add(&g, 10);
	flush(&g);
	add(&g, 10);
	flush(&g);
	assert_int_equal(tilewriter_drop_partials(g.w), ERR_OK);
	add(&g, 280);
	flush(&g);
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		assert_true(is_there(f, old[i]));
	assert_int_equal(tilewriter_drop_partials(g.w), ERR_OK);
	assert_false(is_there(f, "tile/0/000.p"));
	assert_false(is_there(f, "tile/entries/000.p"));
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		assert_true(is_there(f, last[i]));
	is_the_plain_log(f, 300);
	end(&g);
}

/* They are of a publication that this writer knows nothing of, whose checkpoint never came. */
static void
test_partial_tiles_from_before_a_crash_go_too(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;
	struct growing g;

	log_fixture_make(f, 300, &l);
	assert_true(is_there(f, "tile/0/001.p/44"));
	start(&g, f, 256);
	assert_true(is_there(f, "tile/0/001.p/44")); /* it may be all there is of the log */
	add(&g, 100);
	flush(&g);
	assert_false(is_there(f, "tile/0/001.p/44")); /* a wider one does not write over it */
	assert_true(is_there(f, "tile/0/001.p/100"));
	add(&g, 156);
	flush(&g);
	assert_int_equal(tilewriter_drop_partials(g.w), ERR_OK);
	assert_false(is_there(f, "tile/0/001.p"));
	assert_false(is_there(f, "tile/entries/001.p"));
	is_the_plain_log(f, 512);
	end(&g);
}

/* Half of it, none, and more than all of it, under names that no checkpoint has named. */
static void
test_torn_files_are_written_over(void **state)
{
	static const uint8_t noise[9000] = {0xee};
	struct fixture *f = *state;
	struct log_reader l;
	struct growing g;

	log_fixture_make(f, 200, &l);
	fixture_write(f, "tile/0/000", noise, 4096);
	fixture_write(f, "tile/entries/000", noise, sizeof(noise));
	fixture_write(f, "tile/1/000.p/1", noise, 0);
	fixture_write(f, "tile/0/000.p/250", noise, sizeof(noise));
	fixture_write(f, "tile/entries/000.p/250", noise, 1);
	start(&g, f, 200);
	add(&g, 50);
	flush(&g);
	is_the_plain_log(f, 250);
	add(&g, 6);
	flush(&g);
	is_the_plain_log(f, 256);
	end(&g);
}

/* Root may write anywhere, so for this it is somebody else. */
static void
test_a_directory_that_cannot_be_written(void **state)
{
	const uid_t self = geteuid(), nobody = 65534;
	struct fixture *f = *state;
	struct growing g;
	enum err full, partial;

	start(&g, f, 0);
	assert_int_equal(chmod(f->path, 0555), 0);
	if (self == 0)
		assert_int_equal(seteuid(nobody), 0);
	full = try_add(&g, TILE_WIDTH);
	end(&g);
	start(&g, f, 0);
	(void)try_add(&g, 1);
	partial = tilewriter_flush(g.w);
	assert_int_equal(seteuid(self), 0);
	assert_int_equal(chmod(f->path, 0755), 0);
	assert_int_equal(full, ERR_IO);
	assert_int_equal(partial, ERR_IO);
	assert_false(is_there(f, "tile"));
	end(&g);
}

static void
test_a_disk_without_room(void **state)
{
	static const char *const names[] = {"tile/0/000.p/2", "tile/entries/000.p/2"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct growing g;
		struct fixture *f;
		void *each;

		assert_int_equal(fixture_open(&each), 0);
		f = each;
		start(&g, f, 0);
		add(&g, 1);
		flush(&g);
		assert_int_equal(symlinkat("/dev/full", f->dir, names[i]), 0);
		assert_int_equal(try_add(&g, 1), ERR_OK);
		assert_int_equal(tilewriter_flush(g.w), ERR_IO);
		end(&g);
		assert_int_equal(fixture_close(&each), 0);
	}
}

static void
test_gives_way_unless_it_is_hurried(void **state)
{
	const struct fixture *f = *state;
	struct growing g;

	start(&g, f, 0);
	times_yielded = 0;
	add(&g, TILE_WIDTH);
	flush(&g);
	assert_true(times_yielded > 0);
	tilewriter_hurry(g.w, true);
	times_yielded = 0;
	add(&g, (size_t)8 * TILE_WIDTH);
	flush(&g);
	assert_int_equal(times_yielded, 0);
	tilewriter_hurry(g.w, false);
	add(&g, TILE_WIDTH);
	assert_true(times_yielded > 0);
	flush(&g);
	end(&g);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_runs),
	    TEST(test_bundles_that_end_with_a_run),
	    TEST(test_many_tiles_between_two_flushes),
	    TEST(test_a_level_more),
	    TEST(test_begins_from_tiles_that_are_full_already),
	    TEST(test_what_cannot_be_begun_from),
	    TEST(test_partial_tiles_stay_until_the_full_one_is_there),
	    TEST(test_partial_tiles_stay_until_they_are_dropped),
	    TEST(test_partial_tiles_from_before_a_crash_go_too),
	    TEST(test_torn_files_are_written_over),
	    TEST(test_a_directory_that_cannot_be_written),
	    TEST(test_gives_way_unless_it_is_hurried),
	    cmocka_unit_test(test_a_disk_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
