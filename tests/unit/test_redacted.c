/* What is hidden before it leaves the host: its form, the key, which values, and what looks alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/keys/keyed.h"
#include "collector/measure/redact.h"
#include "proto/evidence/redacted.h"

#define V(text) VIEW_LITERAL(text)

/* Of the key of 32 bytes from 0 up, made by another implementation (Python's hmac). */
#define KEY  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ID   "16eb952e6fa76fb3"
#define FORM "hmac-sha256:" ID ":"
#define ARGUMENT                                                                                   \
	FORM "43527272194e176f4f5b0fc822aca6fa49d00290cae63fc2abe6a63125ec3169"      /* hunter2 */
#define PATH FORM "43b621d6995a174243dcb151d586d054bafffd93d9e84b985f8fc6c651f1f33c" /* /srv/a */

static char directory[] = "/tmp/hallmark-redacted-XXXXXX";
static char path[64];

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/key", directory);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(directory);
}

static void
write_key(const char *text, mode_t mode)
{
	FILE *f;

	(void)unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fchmod(fileno(f), mode), 0);
	assert_int_equal(fclose(f), 0);
}

static struct redaction_key
load_key(void)
{
	struct trouble t = TROUBLE_INIT;
	struct redaction_key k;

	write_key(KEY "\n", 0600);
	assert_int_equal(redaction_key_load(path, &k, &t), ERR_OK);
	return k;
}

static void
refuse_key(const char *words)
{
	struct trouble t = TROUBLE_INIT;
	struct redaction_key k;

	assert_int_equal(redaction_key_load(path, &k, &t), ERR_UNSUPPORTED);
	assert_non_null(strstr(t.text, words));
	assert_null(strstr(t.text, "0001020304"));
}

/* What a builder with these rules makes of one fact: "[made] VALUE|VALUE". */
static void
fact_is(enum component_kind kind, const struct collector_redact *rules, size_t count,
    const char *name, const struct view *values, size_t value_count, const char *expected)
{
	struct component_builder *b = component_builder_new(kind);
	const struct collector_workload w = {.redact = rules, .redact_count = count};
	struct redaction_key k = load_key();
	const struct redact r = {&w, count > 0 ? &k : NULL, kind};
	const struct component_fact f = {view_of_string(name), value_count, values};
	struct buf bytes = BUF_INIT, got = BUF_INIT;
	struct component *c;
	size_t items;

	redact_begin(&r, b);
	assert_int_equal(component_add_fact(b, &f), ERR_OK);
	assert_int_equal(redact_note(&r, b), ERR_OK);
	assert_int_equal(component_finish(b, &bytes, &items), ERR_OK);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	for (size_t i = 0; c->made_count > 0 && i < c->made[0].value_count; i++) {
		buf_append_byte(&got, '[');
		buf_append_view(&got, c->made[0].values[i]);
		buf_append_byte(&got, ']');
	}
	for (size_t i = 0; i < c->items.facts[0].value_count; i++) {
		buf_append_byte(&got, i > 0 ? '|' : ' ');
		buf_append_view(&got, c->items.facts[0].values[i]);
	}
	buf_append_byte(&got, '\0');
	assert_string_equal((const char *)got.data, expected);
	component_free(&c);
	component_builder_free(&b);
	buf_free(&bytes);
	buf_free(&got);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define FACT_IS(kind, rules, name, values, expected)                                               \
	fact_is(kind, rules, COUNT(rules), name, values, COUNT(values), expected)

static void
test_the_form_is_exact(void **state)
{
	static const char *const others[] = {"", "hmac-sha256:", FORM, ARGUMENT "0", " " ARGUMENT,
	    "hmac-sha256:16EB952E6FA76FB3:"
	    "43527272194e176f4f5b0fc822aca6fa49d00290cae63fc2abe6a63125ec3169",
	    "hmac-sha256::6eb952e6fa76fb3:"
	    "43527272194e176f4f5b0fc822aca6fa49d00290cae63fc2abe6a63125ec3169",
	    "hmac-sha256:16eb952e6fa76fb30"
	    "43527272194e176f4f5b0fc822aca6fa49d00290cae63fc2abe6a63125ec3169",
	    "HMAC-sha256:16eb952e6fa76fb3:"
	    "43527272194e176f4f5b0fc822aca6fa49d00290cae63fc2abe6a63125ec3169"};

	(void)state;
	assert_int_equal(strlen(ARGUMENT), REDACTED_SIZE);
	assert_true(redacted_is(V(ARGUMENT)));
	assert_true(view_equal(redacted_key_id(V(ARGUMENT)), V(ID)));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(redacted_is(view_of_string(others[i])));
}

static void
test_honest_values_are_told_apart(void **state)
{
	static const char *const honest[] = {ARGUMENT,
	    "hmac-sha256:", "hmac-sha256::", "hmac-sha256::x", "hmac-sha256:::", "hmac-sha256", "x",
	    "", ":" ARGUMENT};
	struct buf one = BUF_INIT, other = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(honest); i++) {
		buf_clear(&one);
		redacted_append_honest(&one, view_of_string(honest[i]));
		assert_false(redacted_is(buf_view(&one)));
		for (size_t j = 0; j < i; j++) {
			buf_clear(&other);
			redacted_append_honest(&other, view_of_string(honest[j]));
			assert_false(view_equal(buf_view(&one), buf_view(&other)));
		}
	}
	buf_free(&one);
	buf_free(&other);
}

static void
test_keys_that_are_taken(void **state)
{
	struct trouble t = TROUBLE_INIT;
	struct redaction_key k = load_key();

	(void)state;
	assert_string_equal(k.id, ID);
	write_key(KEY, 0400);
	assert_int_equal(redaction_key_load(path, &k, &t), ERR_OK);
	redaction_key_end(&k);
	assert_int_equal(k.bytes[REDACTION_KEY_SIZE - 1], 0);
}

static void
test_keys_that_are_refused(void **state)
{
	static const char *const texts[] = {"", "\n", "00", KEY "0", KEY "\n\n", KEY "\r\n",
	    " " KEY, "0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"};
	static const mode_t modes[] = {0640, 0604, 0620, 0610, 0644};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_key(texts[i], 0600);
		refuse_key("expected 64 hexadecimal digits");
	}
	for (size_t i = 0; i < COUNT(modes); i++) {
		write_key(KEY "\n", modes[i]);
		refuse_key("closed to group and others");
	}
	(void)unlink(path);
	refuse_key("No such file");
	assert_int_equal(symlink("/dev/null", path), 0);
	refuse_key("Too many levels");
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refuse_key("regular file");
	if (geteuid() == 0) {
		write_key(KEY "\n", 0600);
		assert_int_equal(chown(path, 1, 1), 0);
		refuse_key("must be root's");
	}
}

static void
test_values_are_hidden(void **state)
{
	static const struct collector_redact after[] = {
	    {.kind = COMPONENT_RUNTIME, .fact = "arguments", .after = "--pass*"},
	    {.kind = COMPONENT_HOST, .fact = "*"},
	    {.kind = COMPONENT_RUNTIME, .fact = "cwd", .value = "/home/*"}};
	static const struct collector_redact value[] = {
	    {.kind = COMPONENT_RUNTIME, .fact = "arg*", .value = "?unter2"}};
	static const struct collector_redact none[] = {
	    {.kind = COMPONENT_HOST, .fact = "hostname"}};
	const struct view arguments[] = {V("app"), V("--password"), V("hunter2"), V("hunter2")};
	const struct view last[] = {V("--pass")};

	(void)state;
	FACT_IS(COMPONENT_RUNTIME, after, "arguments", arguments,
	    "[key=" ID "][fact arguments after --pass*][fact cwd value /home/*] "
	    "app|--password|" ARGUMENT "|hunter2");
	FACT_IS(COMPONENT_RUNTIME, value, "arguments", arguments,
	    "[key=" ID "][fact arg* value ?unter2] app|--password|" ARGUMENT "|" ARGUMENT);
	FACT_IS(COMPONENT_RUNTIME, after, "arguments", last,
	    "[key=" ID "][fact arguments after --pass*][fact cwd value /home/*] --pass");
	/* Of another kind: nothing is said. */
	FACT_IS(COMPONENT_RUNTIME, none, "arguments", last, " --pass");
}

static void
test_what_derives_from_arguments_is_hidden(void **state)
{
	static const struct collector_redact rules[] = {
	    {.kind = COMPONENT_RUNTIME, .fact = "arguments", .value = "no such"}};
	static const struct collector_redact both[] = {
	    {.kind = COMPONENT_RUNTIME, .fact = "*", .value = "--password=*"}};
	const struct view digest[] = {V("sha256:00 1")};

	(void)state;
	FACT_IS(COMPONENT_RUNTIME, rules, "arguments_digest", digest,
	    "[key=" ID "][fact arguments value no such] " FORM
	    "0fe9fef8d5db4b6f33d2ad104bb6629cfb9c73acd5f0fe69e079e4f3811cf226");
	/* Nor does a rule tell it that is about this fact, too. */
	FACT_IS(COMPONENT_RUNTIME, both, "arguments_digest", digest,
	    "[key=" ID "][fact * value --password=*] " FORM
	    "0fe9fef8d5db4b6f33d2ad104bb6629cfb9c73acd5f0fe69e079e4f3811cf226");
	FACT_IS(COMPONENT_RUNTIME, rules, "environment_names_digest", digest,
	    "[key=" ID "][fact arguments value no such] sha256:00 1");
}

static void
test_what_looks_alike_is_told_apart_always(void **state)
{
	static const struct collector_redact rules[] = {
	    {.kind = COMPONENT_RUNTIME, .fact = "arguments", .after = "--password"}};
	const struct view arguments[] = {V(ARGUMENT), V("--password"), V("hunter2")};

	(void)state;
	fact_is(COMPONENT_RUNTIME, NULL, 0, "arguments", arguments, 1,
	    " hmac-sha256::" ID ":"
	    "43527272194e176f4f5b0fc822aca6fa49d00290cae63fc2abe6a63125ec3169");
	FACT_IS(COMPONENT_RUNTIME, rules, "arguments", arguments,
	    "[key=" ID "][fact arguments after --password] hmac-sha256::" ID ":"
	    "43527272194e176f4f5b0fc822aca6fa49d00290cae63fc2abe6a63125ec3169|--"
	    "password|" ARGUMENT);
}

/* Of a key that has no room in a name, by its whole name, which stays. */
static void
test_keys_of_configurations(void **state)
{
#define LONG "f:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk.password"
	static const struct collector_redact rules[] = {
	    {.kind = COMPONENT_CONFIG, .fact = "f:*.password"}};
	struct keyed *keys = keyed_new("f", NULL, 0);
	struct component_builder *b = component_builder_new(COMPONENT_CONFIG);
	const struct collector_workload w = {.redact = rules, .redact_count = 1};
	struct redaction_key k = load_key();
	const struct redact r = {&w, &k, COMPONENT_CONFIG};
	struct buf bytes = BUF_INIT;
	struct component *c;
	size_t items;

	(void)state;
	assert_int_equal(keyed_put(keys, V(LONG), V("s3cret")), ERR_OK);
	redact_begin(&r, b);
	assert_int_equal(keyed_finish(keys, b), ERR_OK);
	assert_int_equal(component_finish(b, &bytes, &items), ERR_OK);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->items.facts[0].value_count, 2);
	assert_true(view_equal(c->items.facts[0].values[0], V("f:" LONG)));
	assert_true(redacted_is(c->items.facts[0].values[1]));
	component_free(&c);
	component_builder_free(&b);
	keyed_free(&keys);
	buf_free(&bytes);
}

static void
test_files_are_hidden_with_what_is_in_them(void **state)
{
	static const struct collector_redact rules[] = {
	    {.kind = COMPONENT_FILES, .path = "/srv/*"}};
	const struct view details[] = {V("acl=u:33:r--"), V("parent=/srv 0777 0 0")};
	const struct component_file seen[] = {{V("/opt/b"), {{1}}, 5, 0100644, 0, 0, 0, 1, details},
	    {V("/srv/a"), {{1}}, 5, 0100644, 0, 0, 0, 2, details},
	    {V("/srv/c"), {{0}}, 5, 0100600, 0, 0, COMPONENT_FILE_UNREADABLE, 0, NULL},
	    {V("hmac-sha256:"), {{1}}, 5, 0100644, 0, 0, 0, 0, NULL}};
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	const struct collector_workload w = {.redact = rules, .redact_count = 1};
	struct redaction_key k = load_key();
	const struct redact r = {&w, &k, COMPONENT_FILES};
	const struct component_file *f;
	struct buf bytes = BUF_INIT;
	struct component *c;
	size_t items;

	(void)state;
	redact_begin(&r, b);
	for (size_t i = 0; i < COUNT(seen); i++)
		assert_int_equal(component_add_file(b, &seen[i]), ERR_OK);
	assert_int_equal(redact_note(&r, b), ERR_OK);
	assert_int_equal(component_finish(b, &bytes, &items), ERR_OK);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->item_count, 4);
	f = &c->items.files[0];
	assert_true(view_equal(f->path, V("/opt/b")));
	assert_int_equal(f->size, 5);
	assert_true(view_equal(f->details[0], details[0]));
	for (f++; !view_equal(f->path, V(PATH)); f++)
		assert_true(f < &c->items.files[4]);
	assert_int_equal(f->size, 0);
	assert_int_equal(f->mode, 0100644);
	assert_false(digest_equal(&f->digest, &seen[1].digest));
	assert_int_equal(f->detail_count, 2);
	assert_memory_equal(f->details[1].data, "parent=" FORM, strlen("parent=" FORM));
	/* One that could not be read has no digest that could be hidden. */
	f = f == &c->items.files[1] ? f + 1 : &c->items.files[1];
	assert_true(redacted_is(f->path) && digest_is_zero(&f->digest));
	assert_true(view_equal(c->items.files[3].path, V("hmac-sha256::")));
	component_free(&c);
	component_builder_free(&b);
	buf_free(&bytes);
}

/* Behind all that was set before, whatever the header of their array is. */
static void
test_what_is_hidden_is_noted_behind_all_else(void **state)
{
	static char names[COMPONENT_MADE_NAMES_MAX][8];
	struct component_fact made[COMPONENT_MADE_NAMES_MAX];
	const struct component_fact more = {V("redacted"), 0, NULL}, early = {V("a"), 0, NULL};

	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "n%02zu", i);
		made[i] = (struct component_fact){view_of_string(names[i]), 0, NULL};
	}
	for (size_t count = 0; count < COUNT(made); count += count == 1 ? 13 : 1) {
		struct component_builder *b = component_builder_new(COMPONENT_HOST);
		struct buf bytes = BUF_INIT;
		struct component *c;
		size_t items;

		if (count > 0)
			assert_int_equal(component_set_made(b, made, count), ERR_OK);
		assert_int_equal(component_add_made(b, &more), ERR_OK);
		assert_int_equal(component_add_made(b, &more),
		    count + 1 < COUNT(made) ? ERR_MSG_DUPLICATE : ERR_MSG_RANGE);
		if (count + 1 < COUNT(made))
			assert_int_equal(component_add_made(b, &early), ERR_MSG_DUPLICATE);
		assert_int_equal(component_finish(b, &bytes, &items), ERR_OK);
		assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
		assert_int_equal(c->made_count, count + 1);
		assert_true(view_equal(c->made[count].name, more.name));
		component_free(&c);
		component_builder_free(&b);
		buf_free(&bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_form_is_exact),
	    cmocka_unit_test(test_honest_values_are_told_apart),
	    cmocka_unit_test(test_keys_that_are_taken),
	    cmocka_unit_test(test_keys_that_are_refused),
	    cmocka_unit_test(test_values_are_hidden),
	    cmocka_unit_test(test_what_derives_from_arguments_is_hidden),
	    cmocka_unit_test(test_what_looks_alike_is_told_apart_always),
	    cmocka_unit_test(test_keys_of_configurations),
	    cmocka_unit_test(test_files_are_hidden_with_what_is_in_them),
	    cmocka_unit_test(test_what_is_hidden_is_noted_behind_all_else),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
