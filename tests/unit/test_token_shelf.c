/* Tokens that there are now, what they say of themselves, and the files that they stand in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/tokens/shelf.h"
#include "collector/tokens/token_file.h"
#include "collector/tokens/token_peek.h"
#include "proto/encoding.h"
#include "tests/unit/config_fixture.h"

#define V(s) VIEW_LITERAL(s)
#define LEAF "901ca04640f08037970795a8dce7492ec2e4666522d8a13f1ef009fd27726cce"

/* A token of these claims, whatever its signature. */
static struct view
sign(struct buf *to, struct view claims)
{
	buf_clear(to);
	buf_append_string(to, "eyJh.");
	base64url_append(to, claims);
	buf_append_string(to, ".c2ln");
	return buf_view(to);
}

static struct view
make(struct buf *to, const char *audience, unsigned expires_s, const char *rest)
{
	char claims[512];

	(void)snprintf(claims, sizeof(claims),
	    "{\"iss\":\"i\",\"sub\":\"s/app\",\"aud\":\"%s\",\"iat\":100,\"exp\":%u,"
	    "\"jti\":\"" LEAF "%s",
	    audience, expires_s, rest);
	return sign(to, view_of_string(claims));
}

static void
a_token_says_what_it_is(void **state)
{
	struct token_peek p = {.audience = {NULL, 0}};
	struct buf jws = BUF_INIT;
	struct digest leaf;

	(void)state;
	assert_int_equal(digest_from_hex(V(LEAF), &leaf), ERR_OK);
	assert_int_equal(token_peek(make(&jws, "urn:a", 200, "\"}"), &p), ERR_OK);
	assert_true(view_equal(p.audience, V("urn:a")));
	assert_int_equal(p.issued_s, 100);
	assert_int_equal(p.expires_s, 200);
	assert_true(digest_equal(&p.leaf, &leaf));
	assert_int_equal(token_peek(make(&jws, "b\\\"", 1, "\",\"x\":1}"), &p), ERR_OK);
	assert_true(view_equal(p.audience, V("b\"")));
	token_peek_free(&p);
	buf_free(&jws);
}

static void
what_is_no_token_is_refused(void **state)
{
	static const char *const bad[] = {"", ".", "..", "a.b", "eyJh.eyJh.c2ln.c2ln",
	    "eyJh.!.c2ln", "eyJh.eyJh.c2ln", "eyJh.eyJh.c2\n", "eyJh. .c2ln"};
	struct token_peek p = {.audience = {NULL, 0}};
	struct buf jws = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(token_peek(view_of_string(bad[i]), &p), ERR_FORMAT);
	assert_int_equal(token_peek(sign(&jws, V("{\"aud\":\"a\",\"exp\":1}")), &p), ERR_FORMAT);
	assert_int_equal(token_peek(make(&jws, "a", 1, "0\"}"), &p), ERR_FORMAT);
	token_peek_free(&p);
	buf_free(&jws);
}

/* A shelf of two workloads, `app` with files, in the fixture's directory. */
struct host {
	struct fixture *f;
	char path[3][512];
	struct collector_token_file file[3];
	struct collector_token token;
	struct collector_workload workload[2];
	struct collector_config config;
	struct shelf shelf;
	struct buf jws[2];
};

static void
begin(void **state, struct host *h)
{
	struct trouble t = TROUBLE_INIT;

	*h = (struct host){.f = *state};
	fixture_mkdir(h->f, "tokens");
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(h->path[i], sizeof(h->path[i]), "%s/tokens/%c", h->f->directory,
		    (char)('a' + (int)i));
		h->file[i] = (struct collector_token_file){.path = h->path[i], .mode = 0400};
	}
	h->file[1].audience = "two";
	h->file[2].audience = "nobody";
	h->token = (struct collector_token){.file_count = 3, .files = h->file};
	h->workload[0] = (struct collector_workload){.name = "other"};
	h->workload[1] = (struct collector_workload){.name = "app", .token = &h->token};
	h->config = (struct collector_config){.workload_count = 2, .workloads = h->workload};
	fixture_write(h->f, "tokens/c", 0600, "left over");
	assert_int_equal(shelf_begin(&h->shelf, &h->config, &t), ERR_OK);
}

static void
end(struct host *h)
{
	shelf_end(&h->shelf);
	for (size_t i = 0; i < 2; i++)
		buf_free(&h->jws[i]);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(access(h->path[i], F_OK), -1);
}

/* NULL: it is not there. */
static void
expect_file(const char *path, const struct buf *expected)
{
	char content[1024];
	struct stat st;
	const int fd = open(path, O_RDONLY);

	if (expected == NULL) {
		assert_int_equal(fd, -1);
		return;
	}
	assert_true(fd >= 0);
	assert_int_equal(read(fd, content, sizeof(content)), expected->size);
	assert_memory_equal(content, expected->data, expected->size);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	(void)close(fd);
}

static void
put(struct host *h, size_t count, uint64_t now_s)
{
	const struct view jws[] = {buf_view(&h->jws[0]), buf_view(&h->jws[1])};
	struct trouble t = TROUBLE_INIT;

	assert_int_equal(shelf_put(&h->shelf, "app", jws, count, now_s, &t), ERR_OK);
}

static void
files_have_what_is_good_now(void **state)
{
	struct trouble t = TROUBLE_INIT;
	uint64_t next_s;
	struct host h;

	begin(state, &h);
	(void)make(&h.jws[0], "one", 200, "\"}");
	(void)make(&h.jws[1], "two", 300, "\"}");
	put(&h, 2, 100);
	expect_file(h.path[0], &h.jws[0]);
	expect_file(h.path[1], &h.jws[1]);
	expect_file(h.path[2], NULL);
	assert_non_null(shelf_find(&h.shelf, 1, V("two")));
	assert_null(shelf_find(&h.shelf, 1, V("tw")));
	assert_null(shelf_find(&h.shelf, 0, V("")));
	assert_int_equal(shelf_expire(&h.shelf, 199, &next_s, &t), ERR_OK);
	assert_int_equal(next_s, 200);
	expect_file(h.path[0], &h.jws[0]);
	assert_int_equal(shelf_expire(&h.shelf, 200, &next_s, &t), ERR_OK);
	assert_int_equal(next_s, 300);
	expect_file(h.path[0], &h.jws[1]); /* the first that there is */
	assert_int_equal(shelf_expire(&h.shelf, 300, &next_s, &t), ERR_OK);
	assert_true(next_s == UINT64_MAX);
	expect_file(h.path[0], NULL);
	expect_file(h.path[1], NULL);
	put(&h, 2, 250); /* one is over before it comes */
	expect_file(h.path[0], &h.jws[1]);
	put(&h, 1, 100);
	expect_file(h.path[0], &h.jws[0]);
	expect_file(h.path[1], NULL);
	put(&h, 0, 100);
	expect_file(h.path[0], NULL);
	end(&h);
}

static void
tokens_go_over_to_another_configuration(void **state)
{
	struct collector_token_file file;
	struct collector_token token = {.file_count = 1, .files = &file};
	struct collector_workload workload = {.name = "app", .token = &token};
	const struct collector_config fresh = {.workload_count = 1, .workloads = &workload};
	const struct collector_config none = {.workload_count = 0, .workloads = NULL};
	struct trouble t = TROUBLE_INIT;
	struct host h;

	begin(state, &h);
	(void)make(&h.jws[0], "one", 200, "\"}");
	put(&h, 1, 100);
	file = h.file[2];
	file.audience = "one";
	assert_int_equal(shelf_move(&h.shelf, &fresh, &t), ERR_OK);
	expect_file(h.path[0], NULL);
	expect_file(h.path[2], &h.jws[0]);
	assert_int_equal(shelf_move(&h.shelf, &none, &t), ERR_OK);
	expect_file(h.path[2], NULL);
	end(&h);
}

static void
what_cannot_be_written_is_told_and_leaves_nothing_old(void **state)
{
	struct trouble t = TROUBLE_INIT;
	struct view jws;
	struct host h;

	begin(state, &h);
	(void)make(&h.jws[0], "one", 200, "\"}");
	put(&h, 1, 100);
	h.file[0].owner = "nobody-of-this-name";
	jws = buf_view(&h.jws[0]);
	assert_int_equal(shelf_put(&h.shelf, "app", &jws, 1, 100, &t), ERR_NOT_FOUND);
	assert_non_null(strstr(t.text, "nobody-of-this-name is not in /etc/passwd"));
	expect_file(h.path[0], NULL);
	assert_true(h.shelf.failures > 0);
	h.file[0].owner = NULL;
	assert_int_equal(chmod(fixture_path(h.f, "tokens"), 0722), 0);
	assert_int_equal(shelf_put(&h.shelf, "app", &jws, 1, 100, &t), ERR_IO);
	assert_non_null(strstr(t.text, "nobody but root and this user can write to"));
	assert_int_equal(chmod(fixture_path(h.f, "tokens"), 0700), 0);
	expect_file(h.path[0], NULL);
	end(&h);
}

/* Somebody's link under its name is taken away, and nothing is written through it. */
static void
a_link_in_the_place_of_a_file_leads_nowhere(void **state)
{
	char victim[512], beside[600];
	struct stat st;
	struct host h;

	begin(state, &h);
	(void)snprintf(victim, sizeof(victim), "%s/victim", h.f->directory);
	(void)snprintf(beside, sizeof(beside), "%s/tokens/.a.new", h.f->directory);
	fixture_write(h.f, "victim", 0644, "v");
	assert_int_equal(symlink(victim, h.path[0]), 0);
	assert_int_equal(symlink(victim, beside), 0);
	(void)make(&h.jws[0], "one", 200, "\"}");
	put(&h, 1, 100);
	expect_file(h.path[0], &h.jws[0]);
	assert_int_equal(lstat(h.path[0], &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 1);
	end(&h);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_token_says_what_it_is),
	    cmocka_unit_test(what_is_no_token_is_refused),
	    WITH_FIXTURE(files_have_what_is_good_now),
	    WITH_FIXTURE(tokens_go_over_to_another_configuration),
	    WITH_FIXTURE(what_cannot_be_written_is_told_and_leaves_nothing_old),
	    WITH_FIXTURE(a_link_in_the_place_of_a_file_leads_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
