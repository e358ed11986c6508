/* Contents of components: a list of segments is looked into as a plain one is, each segment once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/evidence/component.h"
#include "proto/evidence/pack.h"
#include "register/view/artifacts.h"
#include "register/view/view_file.h"
#include "register/view/view_sql.h"

#define FILES 3000

static char directory[] = "/tmp/hallmark-artifacts-XXXXXX";
static char view[64], pack[64];

static void
put(FILE *f, struct view content, const struct digest *digest)
{
	struct buf record = BUF_INIT;

	assert_int_equal(pack_append(PACK_COMPONENT, content, digest, &record), ERR_OK);
	assert_int_equal(fwrite(record.data, 1, record.size, f), record.size);
	buf_free(&record);
}

static enum err
put_segment(void *context, struct view bytes, const struct digest *digest)
{
	put(context, bytes, digest);
	return ERR_OK;
}

/* A list of so many files, of which file 1 has this content; into the pack, and its digest. */
static void
put_list(FILE *f, uint8_t content, struct digest *out)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	struct buf bytes = BUF_INIT;
	char path[32];
	size_t count;

	for (unsigned i = 0; i < FILES; i++) {
		struct component_file file = {.size = 1};

		(void)snprintf(path, sizeof(path), "/srv/%04u", i);
		file.path = view_of_string(path);
		be32_put(file.digest.bytes, i + 1);
		file.digest.bytes[31] = i == 1 ? content : 0;
		assert_int_equal(component_add_file(b, &file), ERR_OK);
	}
	assert_int_equal(component_finish_listed(b, put_segment, f, &bytes, &count), ERR_OK);
	assert_int_equal(count, FILES);
	digest_of(bytes.data, bytes.size, out);
	put(f, buf_view(&bytes), out);
	component_builder_free(&b);
	buf_free(&bytes);
}

static void
add_component(sqlite3 *db, const struct digest *digest)
{
	sqlite3_stmt *s;

	assert_int_equal(view_sql_prepare(db,
			     "INSERT INTO component (digest, kind, count, size, looked)"
			     " VALUES (?1, 'files', 1, 1, 0)",
			     &s),
	    ERR_OK);
	view_sql_bind(s, "d", digest);
	assert_int_equal(view_sql_run(s), ERR_OK);
	sqlite3_finalize(s);
}

static uint64_t
ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	enum err e = ERR_OK;
	uint64_t n;

	assert_int_equal(view_sql_prepare(db, sql, &s), ERR_OK);
	assert_true(view_sql_next(s, &e));
	n = view_sql_number(s, 0);
	sqlite3_finalize(s);
	return n;
}

static void
look(struct artifacts *a)
{
	artifacts_wake(a);
	while (artifacts_has_more(a))
		assert_int_equal(artifacts_look(a, 1000), ERR_OK);
}

static void
a_list_costs_what_is_new_of_it(void **state)
{
	struct artifacts *a;
	struct digest first, second, missing = {{1}};
	uint64_t units, items;
	sqlite3 *db;
	FILE *f = fopen(pack, "wb");

	(void)state;
	assert_non_null(f);
	put_list(f, 7, &first);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(view_file_open(view, &db), ERR_OK);
	assert_int_equal(artifacts_open(db, directory, &a), ERR_OK);
	add_component(db, &missing);
	add_component(db, &first);
	look(a);
	units = ask(db, "SELECT count(*) FROM unit");
	assert_true(units > 1);
	assert_int_equal(ask(db, "SELECT count(*) FROM item"), FILES);
	assert_int_equal(ask(db, "SELECT count(*) FROM component WHERE looked = 0"), 1);

	put_list(f, 8, &second);
	assert_int_equal(fclose(f), 0);
	add_component(db, &second);
	look(a);
	assert_int_equal(ask(db, "SELECT count(*) FROM unit"), units + 1);
	items = ask(db, "SELECT count(*) FROM item");
	assert_true(items > FILES && items < 2 * FILES);
	assert_int_equal(ask(db, "SELECT count(*) FROM artifact"), FILES + 1);
	assert_int_equal(ask(db, "SELECT count(*) FROM path"), FILES);
	artifacts_close(&a);
	sqlite3_close(db);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(view, sizeof(view), "%s/view.db", directory);
	(void)snprintf(pack, sizeof(pack), "%s/pack-00000001", directory);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(view);
	(void)unlink(pack);
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_list_costs_what_is_new_of_it)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
