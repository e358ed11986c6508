/* What is kept of a PIN that was refused: while it stands, what ends it, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/token/pin_refusal.h"

struct fixture {
	char directory[64], guard[80], pin[80];
	struct hsm_config config;
};

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fputs(text, file) >= 0, 1);
	assert_int_equal(fclose(file), 0);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	strcpy(f->directory, "/tmp/hallmark-pin-XXXXXX");
	if (mkdtemp(f->directory) == NULL)
		return -1;
	snprintf(f->guard, sizeof(f->guard), "%s/guard", f->directory);
	snprintf(f->pin, sizeof(f->pin), "%s/pin", f->directory);
	f->config = (struct hsm_config){.module = "/module.so",
	    .token_label = "token",
	    .pin_file = f->pin,
	    .guard_directory = f->guard};
	write_file(f->pin, "9999\n");
	return mkdir(f->guard, 0700);
}

/* The record; empty where there is none. */
static void
record_path(const struct fixture *f, char path[512])
{
	DIR *directory = opendir(f->guard);
	struct dirent *entry;

	assert_non_null(directory);
	path[0] = '\0';
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			snprintf(path, 512, "%s/%s", f->guard, entry->d_name);
	closedir(directory);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char path[512];

	for (record_path(f, path); path[0] != '\0'; record_path(f, path))
		unlink(path);
	unlink(f->pin);
	rmdir(f->guard);
	rmdir(f->directory);
	free(f);
	return 0;
}

/* A record that says more than that a login was begun. */
static bool
is_kept(const struct fixture *f)
{
	char path[512], text[16] = "";
	FILE *file;

	record_path(f, path);
	if (path[0] == '\0')
		return false;
	assert_non_null(file = fopen(path, "r"));
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	return strcmp(text, "begun\n") != 0;
}

static void
refuse(const struct fixture *f)
{
	struct pin_refusal r;

	assert_int_equal(pin_refusal_begin(&f->config, false, &r), ERR_OK);
	assert_int_equal(pin_refusal_keep(&r, "PKCS#11 error 0xa0, it is wrong"), ERR_PIN_REFUSED);
	pin_refusal_end(&r, false);
	assert_true(pin_refusal_stands(&f->config));
}

static void
expect(const struct fixture *f, enum err expected, bool good)
{
	struct pin_refusal r;
	enum err e = pin_refusal_begin(&f->config, false, &r);

	assert_int_equal(e, expected);
	assert_int_equal(pin_refusal_stands(&f->config), e == ERR_PIN_REFUSED);
	if (e == ERR_OK)
		pin_refusal_end(&r, good);
}

static void
test_nothing_is_left_of_a_login_that_was_not_refused(void **state)
{
	struct fixture *f = *state;

	assert_false(pin_refusal_stands(&f->config));
	for (unsigned good = 0; good < 2; good++) {
		expect(f, ERR_OK, good != 0);
		assert_false(is_kept(f));
	}
}

static void
test_a_refusal_stands(void **state)
{
	struct fixture *f = *state;

	refuse(f);
	for (unsigned i = 0; i < 3; i++)
		expect(f, ERR_PIN_REFUSED, false);
	chmod(f->pin, 0400); /* is no other file */
	expect(f, ERR_PIN_REFUSED, false);
}

static void
doubt(const struct fixture *f, enum err expected)
{
	struct pin_refusal r;

	assert_int_equal(pin_refusal_begin(&f->config, false, &r), ERR_OK);
	assert_int_equal(pin_refusal_doubt(&r, "PKCS#11 error 0x5"), expected);
	pin_refusal_forget(&r); /* it has perhaps cost a try */
	pin_refusal_end(&r, false);
	assert_true(is_kept(f));
	assert_int_equal(pin_refusal_stands(&f->config), expected == ERR_PIN_REFUSED);
}

static void
test_the_second_doubt_is_a_refusal(void **state)
{
	struct fixture *f = *state;

	for (unsigned credential = 0; credential < 2; credential++) {
		f->config.pin_credential = credential != 0 ? "pin" : NULL;
		doubt(f, ERR_OK);
		expect(f, ERR_OK, false); /* the token was away */
		if (credential != 0)
			write_file(f->pin, "1234\n");
		doubt(f, ERR_PIN_REFUSED);
		expect(f, ERR_PIN_REFUSED, false);
	}
}

static void
test_a_login_or_another_file_ends_a_doubt(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 3; i++) {
		doubt(f, ERR_OK);
		expect(f, ERR_OK, true);
		assert_false(is_kept(f));
	}
	doubt(f, ERR_OK);
	write_file(f->pin, "77777\n");
	doubt(f, ERR_OK);
	doubt(f, ERR_PIN_REFUSED);
}

static void
test_a_doubt_does_not_end_a_refusal(void **state)
{
	struct fixture *f = *state;
	struct pin_refusal r;

	refuse(f);
	assert_int_equal(pin_refusal_begin(&f->config, true, &r), ERR_OK);
	assert_int_equal(pin_refusal_doubt(&r, "PKCS#11 error 0x5"), ERR_OK);
	pin_refusal_end(&r, false);
	expect(f, ERR_PIN_REFUSED, false);
}

static void
test_another_file_ends_it(void **state)
{
	struct fixture *f = *state;
	const struct timespec times[2] = {{1, 0}, {1, 0}};
	char other[96];

	refuse(f);
	snprintf(other, sizeof(other), "%s.new", f->pin);
	write_file(other, "8888\n");
	assert_int_equal(rename(other, f->pin), 0);
	expect(f, ERR_OK, false);
	assert_false(is_kept(f));
	refuse(f);
	write_file(f->pin, "77777\n");
	expect(f, ERR_OK, false);
	refuse(f);
	assert_int_equal(utimensat(AT_FDCWD, f->pin, times, 0), 0);
	expect(f, ERR_OK, true);
}

static void
test_a_credential_is_a_new_file_each_time(void **state)
{
	struct fixture *f = *state;

	f->config.pin_credential = "pin";
	refuse(f);
	write_file(f->pin, "1234\n");
	expect(f, ERR_PIN_REFUSED, false);
	f->config.pin_file = "/nonexistent"; /* of another unit, gone again */
	assert_true(pin_refusal_stands(&f->config));
}

/* An operator's login goes well, and so does the next one of a process. */
static void
unlock(const struct fixture *f)
{
	struct pin_refusal r;

	assert_int_equal(pin_refusal_begin(&f->config, true, &r), ERR_OK);
	pin_refusal_end(&r, true);
	assert_false(is_kept(f));
	expect(f, ERR_OK, true);
}

static void
test_an_operator_tries_again(void **state)
{
	struct fixture *f = *state;
	struct pin_refusal r;

	refuse(f);
	assert_int_equal(pin_refusal_begin(&f->config, true, &r), ERR_OK);
	pin_refusal_end(&r, false); /* the token was away */
	expect(f, ERR_PIN_REFUSED, false);
	assert_int_equal(pin_refusal_begin(&f->config, true, &r), ERR_OK);
	assert_int_equal(pin_refusal_keep(&r, "it is wrong"), ERR_PIN_REFUSED);
	pin_refusal_end(&r, false);
	expect(f, ERR_PIN_REFUSED, false);
	unlock(f);
}

static void
test_tokens_and_sources_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	const struct hsm_config config = f->config;

	refuse(f);
	f->config.token_label = "another";
	expect(f, ERR_OK, true);
	f->config = config;
	f->config.module = "/another.so";
	expect(f, ERR_OK, true);
	f->config = config;
	f->config.pin_credential = "pin";
	expect(f, ERR_OK, true);
	f->config = config;
	expect(f, ERR_PIN_REFUSED, false);
}

static void
test_what_is_damaged_stands(void **state)
{
	struct fixture *f = *state;
	static const char *const damaged[] = {"refused file 1 2 3: cut off",
	    "doubted file 1 2 3: cut off", "refused", "begun", "\n",
	    "refused credential: of another form\n"};
	char path[512];

	refuse(f);
	record_path(f, path);
	write_file(f->pin, "1234\n");
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		write_file(path, damaged[i]);
		expect(f, ERR_PIN_REFUSED, false);
	}
	write_file(path, "begun\n");
	expect(f, ERR_OK, true);
}

/* A disk that has lost what was in it gives zeros. */
static void
test_an_operator_ends_what_is_damaged(void **state)
{
	struct fixture *f = *state;
	static const char zeros[64], *const damaged[] = {"refused", "begum\n", zeros};
	char path[512];

	refuse(f);
	record_path(f, path);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		write_file(path, damaged[i]);
		if (damaged[i] == zeros)
			assert_int_equal(truncate(path, sizeof(zeros)), 0);
		expect(f, ERR_PIN_REFUSED, false);
		unlock(f);
	}
}

static void
test_a_refusal_that_was_being_taken_back_is_over(void **state)
{
	struct fixture *f = *state;
	char path[512], text[512] = "";
	FILE *file;

	refuse(f);
	record_path(f, path);
	assert_non_null(file = fopen(path, "r+"));
	assert_true(fputs("begun\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	expect(f, ERR_OK, true);
	assert_non_null(file = fopen(path, "r"));
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), strlen("begun\n"));
	fclose(file);
}

static void
test_the_record_holds_no_pin(void **state)
{
	struct fixture *f = *state;
	char path[512], text[1024] = "";
	FILE *file;

	write_file(f->pin, "secret-77\n");
	refuse(f);
	record_path(f, path);
	assert_non_null(file = fopen(path, "r"));
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_null(strstr(text, "secret"));
	assert_non_null(strstr(text, "it is wrong"));
}

/* The second waits for the first, and does not try what that one found refused. */
static void
test_one_tries_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct pin_refusal r;
	int status, ready[2];
	pid_t child;
	char byte;

	assert_int_equal(pin_refusal_begin(&f->config, false, &r), ERR_OK);
	assert_int_equal(pipe(ready), 0);
	if ((child = fork()) == 0) {
		struct pin_refusal own;

		close(r.fd); /* else the lock is this process's, too */
		if (write(ready[1], "", 1) != 1)
			_exit(2);
		_exit(pin_refusal_begin(&f->config, false, &own) == ERR_PIN_REFUSED ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(pin_refusal_keep(&r, "it is wrong"), ERR_PIN_REFUSED);
	pin_refusal_end(&r, false);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(ready[0]);
	close(ready[1]);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_nothing_is_left_of_a_login_that_was_not_refused),
	    TEST(test_a_refusal_stands),
	    TEST(test_another_file_ends_it),
	    TEST(test_the_second_doubt_is_a_refusal),
	    TEST(test_a_login_or_another_file_ends_a_doubt),
	    TEST(test_a_doubt_does_not_end_a_refusal),
	    TEST(test_a_credential_is_a_new_file_each_time),
	    TEST(test_an_operator_tries_again),
	    TEST(test_tokens_and_sources_are_kept_apart),
	    TEST(test_what_is_damaged_stands),
	    TEST(test_an_operator_ends_what_is_damaged),
	    TEST(test_a_refusal_that_was_being_taken_back_is_over),
	    TEST(test_the_record_holds_no_pin),
	    TEST(test_one_tries_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
