/* Lists of dpkg, apk and rpm: what is told, what is odd, and databases made to harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdlib.h>

#include "collector/packages/apk.h"
#include "collector/packages/dpkg.h"
#include "collector/packages/rpm.h"
#include "collector/packages/rpm_header.h"
#include "tests/lib/vectors.h"

#define V(s) VIEW_LITERAL(s)
#define A_PACKAGE(name, arch, st)                                                                  \
	"Package: " name "\nStatus: " st "\nVersion: 1\nArchitecture: " arch "\n"
#define INSTALLED "install ok installed"

/* The values of the component's one fact are these lines. */
static void
told(struct component_builder *b, const char *lines)
{
	struct buf bytes = BUF_INIT, got = BUF_INIT;
	struct component *c;
	size_t count;

	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->item_count, 1);
	for (size_t i = 0; i < c->items.facts[0].value_count; i++) {
		buf_append_view(&got, c->items.facts[0].values[i]);
		buf_append_byte(&got, '\n');
	}
	buf_append_byte(&got, '\0');
	assert_string_equal((const char *)got.data, lines);
	component_free(&c);
	component_builder_free(&b);
	buf_free(&got);
	buf_free(&bytes);
}

static struct component_builder *
dpkg(const char *status, const char *journal)
{
	struct component_builder *b = component_builder_new(COMPONENT_PACKAGES);

	assert_int_equal(dpkg_add_read(view_of_string(status), view_of_string(journal), b), ERR_OK);
	return b;
}

static void
test_what_has_files_is_told_with_its_state(void **state)
{
	(void)state;
	told(
	    dpkg(
		A_PACKAGE("b", "all", INSTALLED) "\n" A_PACKAGE(
		    "a", "all", "install ok unpacked") "\n" A_PACKAGE("c", "all",
		    "deinstall ok config-files") "\n" A_PACKAGE("d", "all",
		    "hold ok not-installed") "\n" A_PACKAGE("e", "all",
		    "install reinstreq half-installed") "\n" A_PACKAGE("f", "all",
		    "deinstall reinstreq installed") "\nPackage: g\nVersion: 1\n\n\n" A_PACKAGE("h",
		    "all", "hold ok installed"),
		""),
	    "a 1 all unpacked\nb 1 all\ne 1 all half-installed reinstreq\n"
	    "f 1 all installed reinstreq\nh 1 all\n");
}

static void
test_one_odd_entry_loses_no_list(void **state)
{
	(void)state;
	told(dpkg("Package: x\nStatus: " INSTALLED "\nVersion: 1\n\n"
		  "status : " INSTALLED "\r\nPACKAGE:y\t\nVersion:\nArchitecture: a b\n\n"
		  "Package: z\nPackage: zz\nStatus: install ok unpacked\nVersion: 2\n\n"
		  "Package: s\nStatus: deinstall ok not-installed\nStatus: " INSTALLED "\n\n"
		  "Package: t\nStatus: Installed\n\n"
		  "Package: u\nStatus: install ok inst\x1b[2J\n\n"
		  "Package: p\xc3\xa9\nStatus: " INSTALLED "\n Version: 9\nno colon\n\n"
		  "Status: install ok unpacked\n\n" A_PACKAGE("w", "all", INSTALLED),
		 ""),
	    "- - - odd\n- - - unpacked\ns - - odd\nt - - odd\nu - - odd\nw 1 all\nx 1 -\n"
	    "y - - odd\nz 2 - odd\n");
}

static void
test_the_journal_takes_the_place(void **state)
{
#define NEW(name, arch, more)                                                                      \
	"Package: " name "\nStatus: " INSTALLED "\nVersion: 2\nArchitecture: " arch "\n" more
	(void)state;
	told(dpkg(A_PACKAGE("a", "all", INSTALLED) "\n" A_PACKAGE(
		      "b", "amd64", INSTALLED) "Multi-Arch: same\n\n" A_PACKAGE("b", "i386",
		      INSTALLED) "Multi-Arch: same\n\n" A_PACKAGE("c", "amd64",
		      INSTALLED) "\n" A_PACKAGE("d", "all", INSTALLED),
		 NEW("a", "all", "\n") NEW("b", "i386", "Multi-Arch: same\n\n") NEW("c", "i386",
		     "\n") A_PACKAGE("d", "all", "deinstall ok config-files") "\n" NEW("e", "all",
		     "\n") A_PACKAGE("e", "all", "install ok half-configured")),
	    "a 2 all\nb 1 amd64\nb 2 i386\nc 2 i386\ne 1 all half-configured\n");
}

static void
test_a_journal_without_end(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_PACKAGES);
	struct buf journal = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i <= DPKG_JOURNAL_MAX; i++)
		buf_append_string(&journal, "Package: a\n\n");
	assert_int_equal(dpkg_add_read(V("Package: a\n"), buf_view(&journal), b), ERR_FORMAT_SIZE);
	buf_free(&journal);
	component_builder_free(&b);
}

static void
test_apk(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_PACKAGES);

	(void)state;
	assert_int_equal(
	    apk_add_read(V("C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nF:lib\nR:l\na:0:0:755"
			   "\nZ:Q1\n\nP:busybox\nV:1\np:so:x\n\nP:two\nP:names\nV:1\nA:x\n"),
		b),
	    ERR_OK);
	told(b, "busybox 1 -\nmusl 1.2.5-r0 x86_64\ntwo 1 x odd\n");
}

/* --- rpm ------------------------------------------------------------------------------------- */

/* tests/vectors/rpm-N.header are of a database that rpm 4.18 wrote. */
static void
header_is(struct view header, const char *line)
{
	struct component_builder *b = component_builder_new(COMPONENT_PACKAGES);
	struct values list = VALUES_INIT;
	struct buf version = BUF_INIT;
	struct package package;

	rpm_header_read(header, &version, &package);
	assert_int_equal(package_list_add(&list, &package), ERR_OK);
	assert_int_equal(values_finish(&list, VALUES_KEPT, "rpm", b), ERR_OK);
	values_free(&list);
	buf_free(&version);
	told(b, line);
}

static void
test_headers_of_rpm(void **state)
{
	struct buf header = BUF_INIT;

	(void)state;
	vector_file("rpm-1.header", &header);
	header_is(buf_view(&header), "alpha 2:1.2-3.fc39 noarch\n");
	for (size_t size = 0; size < header.size; size++)
		header_is((struct view){header.data, size}, "- - - odd\n");
	buf_append_byte(&header, 0);
	header_is(buf_view(&header), "- - - odd\n");
	buf_clear(&header);
	vector_file("rpm-2.header", &header);
	header_is(buf_view(&header), "beta 0.9~rc1-1 x86_64\n");
	buf_free(&header);
}

/* An index of these entries, and the data "ab". */
static void
made_header_is(const uint32_t (*entries)[4], uint32_t count, const char *line)
{
	struct buf header = BUF_INIT;
	uint8_t *p = buf_reserve(&header, 8 + 16 * count);

	assert_non_null(p);
	be32_put(p, count);
	be32_put(p + 4, 3);
	for (uint32_t i = 0; i < 4 * count; i++)
		be32_put(p + 8 + 4 * i, entries[i / 4][i % 4]);
	header.size += 8 + 16 * count;
	buf_append(&header, "ab", 3);
	header_is(buf_view(&header), line);
	buf_free(&header);
}

static void
test_headers_that_lead_astray(void **state)
{
	(void)state;
	made_header_is((const uint32_t[][4]){{1000, 6, 0, 1}}, 1, "ab - -\n");
	made_header_is((const uint32_t[][4]){{1000, 6, 1, 1}, {1001, 6, 0, 1}}, 2, "b ab -\n");
	made_header_is((const uint32_t[][4]){{1000, 6, 2, 1}}, 1, "- - -\n");
	made_header_is((const uint32_t[][4]){{1000, 6, 3, 1}}, 1, "- - - odd\n");
	made_header_is((const uint32_t[][4]){{1000, 6, UINT32_MAX, 1}}, 1, "- - - odd\n");
	made_header_is((const uint32_t[][4]){{1000, 8, 0, 1}}, 1, "- - - odd\n");
	made_header_is((const uint32_t[][4]){{1000, 6, 0, 2}}, 1, "- - - odd\n");
	made_header_is((const uint32_t[][4]){{1000, 6, 0, 1}, {1000, 6, 1, 1}}, 2, "ab - - odd\n");
	made_header_is((const uint32_t[][4]){{1000, 6, 0, 1}, {1003, 4, 0, 1}}, 2, "ab - - odd\n");
}

/* The database that this SQL makes. */
static void
database_of(const char *sql, struct buf *out)
{
	sqlite3_int64 size;
	unsigned char *image;
	sqlite3 *db;

	buf_clear(out);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	image = sqlite3_serialize(db, "main", &size, 0);
	assert_non_null(image);
	buf_append(out, image, (size_t)size);
	sqlite3_free(image);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static enum err
read_database(struct buf *database)
{
	struct component_builder *b = component_builder_new(COMPONENT_PACKAGES);
	const enum err e = rpm_add_read(database, b);

	component_builder_free(&b);
	return e;
}

static void
test_a_database_of_rpm(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_PACKAGES);
	struct buf database = BUF_INIT, sql = BUF_INIT, header = BUF_INIT;

	(void)state;
	vector_file("rpm-1.header", &header);
	buf_append_string(&sql, "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY, blob BLOB NOT "
				"NULL); INSERT INTO Packages VALUES (1, 'x'), (2, x'");
	for (size_t i = 0; i < header.size; i++)
		buf_append_format(&sql, "%02x", header.data[i]);
	buf_append_string(&sql, "')");
	buf_append_byte(&sql, '\0');
	database_of((const char *)sql.data, &database);
	memset(database.data + 18, 2, 2); /* as rpm leaves it: with a log */
	assert_int_equal(rpm_add_read(&database, b), ERR_OK);
	told(b, "- - - odd\nalpha 2:1.2-3.fc39 noarch\n");
	buf_free(&database);
	buf_free(&sql);
	buf_free(&header);
}

static void
test_databases_that_are_none(void **state)
{
	struct buf database = BUF_INIT;

	(void)state;
	assert_int_equal(read_database(&database), ERR_FORMAT);
	for (unsigned i = 0; i < 4096; i++)
		buf_append_byte(&database, (uint8_t)i);
	assert_int_equal(read_database(&database), ERR_FORMAT);
	database_of("CREATE TABLE other (blob)", &database);
	assert_int_equal(read_database(&database), ERR_FORMAT);
	database_of("CREATE TABLE Packages (hnum)", &database);
	assert_int_equal(read_database(&database), ERR_FORMAT);
	buf_free(&database);
}

static void
test_databases_made_to_harm(void **state)
{
	struct buf database = BUF_INIT;

	(void)state;
	/* Without end. */
	database_of("CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT x'00' UNION ALL "
		    "SELECT blob FROM n) SELECT blob FROM n",
	    &database);
	assert_int_equal(read_database(&database), ERR_FORMAT);
	/* Some 100 MB from a row of some bytes. */
	database_of("CREATE TABLE Packages (n INTEGER PRIMARY KEY, blob BLOB AS (zeroblob(n))); "
		    "INSERT INTO Packages VALUES (100000000)",
	    &database);
	assert_int_equal(read_database(&database), ERR_FORMAT_SIZE);
	/* Its bytes, one page after the other. */
	database_of("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB); WITH RECURSIVE "
		    "n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO "
		    "Packages SELECT i, randomblob(100) FROM n",
	    &database);
	assert_int_equal(read_database(&database), ERR_OK);
	for (size_t at = 100; at < database.size; at += 61) {
		const uint8_t was = database.data[at];

		database.data[at] ^= 0xff;
		(void)read_database(&database);
		database.data[at] = was;
	}
	assert_int_equal(read_database(&database), ERR_OK);
	buf_free(&database);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_has_files_is_told_with_its_state),
	    cmocka_unit_test(test_one_odd_entry_loses_no_list),
	    cmocka_unit_test(test_the_journal_takes_the_place),
	    cmocka_unit_test(test_a_journal_without_end),
	    cmocka_unit_test(test_apk),
	    cmocka_unit_test(test_headers_of_rpm),
	    cmocka_unit_test(test_headers_that_lead_astray),
	    cmocka_unit_test(test_a_database_of_rpm),
	    cmocka_unit_test(test_databases_that_are_none),
	    cmocka_unit_test(test_databases_made_to_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
