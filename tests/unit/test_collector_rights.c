/*
 * What the collector's reporting process can still reach, also as user 0; each check in a child of
 * its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/processes/landlock.h"
#include "collector/processes/rights.h"

#define SETUP_FAILS 100

static char place[] = "/tmp/hallmark-rights-XXXXXX";
static bool has_landlock;
static pid_t parent;

/* What the names below lead to, in turn: one result is in use until the next call but three. */
static const char *
at(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", place, name);
	return path;
}

static void
write_file(const char *name)
{
	const int fd = open(at(name), O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x\n", 2), 2);
	assert_int_equal(close(fd), 0);
}

/* tls/host.key is a link to where a tool puts renewed ones. */
static int
make_place(void **state)
{
	static const char *const directories[] = {
	    "config", "tls", "renewed", "log", "next", "state", "receipts", "other"};
	static const char *const files[] = {"config/collector.yaml", "tls/host.crt", "tls/ca.crt",
	    "renewed/1.key", "log/1.crt", "next/2.crt", "state/old", "other/secret"};
	struct trouble t = TROUBLE_INIT;
	struct landlock *l;

	(void)state;
	parent = getpid();
	if (mkdtemp(place) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		assert_int_equal(mkdir(at(directories[i]), 0700), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_file(files[i]);
	assert_int_equal(symlink(at("renewed/1.key"), at("tls/host.key")), 0);
	assert_int_equal(landlock_new(&l, &t), ERR_OK);
	has_landlock = l != NULL;
	landlock_free(&l);
	return 0;
}

static int
remove_place(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command);
}

static void
configure(struct collector_config *c)
{
	static char names[7][128];
	static struct collector_signer signer;

	memset(c, 0, sizeof(*c));
	c->tls.certificate = strcpy(names[0], at("tls/host.crt"));
	c->tls.key = strcpy(names[1], at("tls/host.key"));
	c->tls.signer_ca = strcpy(names[2], at("tls/ca.crt"));
	c->state_directory = strcpy(names[3], at("state"));
	c->receipt_directory = strcpy(names[4], at("receipts"));
	signer.log_certificate = strcpy(names[5], at("log/1.crt"));
	signer.log_certificate_next = strcpy(names[6], at("next/2.crt"));
	c->signers = &signer;
	c->signer_count = 1;
}

static int
as_reporter(int (*check)(void))
{
	struct trouble t = TROUBLE_INIT;
	struct collector_config c;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		configure(&c);
		if (rights_report(at("config/collector.yaml"), &c, &t) != ERR_OK)
			_exit(SETUP_FAILS);
		_exit(check());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool
opens(const char *path, int flags)
{
	const int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static bool
is_denied(const char *path, int flags)
{
	return !opens(path, flags) && errno == EACCES;
}

static int
has_no_capability(void)
{
	cap_t none = cap_init(), held = cap_get_proc();

	if (none == NULL || held == NULL || cap_compare(none, held) != 0)
		return 1;
#ifndef __SANITIZE_ADDRESS__
	if (prctl(PR_GET_DUMPABLE) != -1) /* not even to be asked */
		return 2;
#endif
	return 0;
}

static int
reads_what_is_configured(void)
{
	static const char *const files[] = {"config/collector.yaml", "tls/host.crt", "tls/host.key",
	    "tls/ca.crt", "log/1.crt", "next/2.crt"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!opens(at(files[i]), O_RDONLY))
			return 1 + (int)i;
	if (!opens("/etc/hosts", O_RDONLY) || !opens("/proc/self/exe", O_RDONLY))
		return 10;
	return 0;
}

static int
keeps_state_and_receipts(void)
{
	if (!opens(at("state/new"), O_WRONLY | O_CREAT) ||
	    !opens(at("state/old"), O_RDWR | O_TRUNC))
		return 1;
	if (mkdir(at("state/logs"), 0700) != 0 || !opens(at("state/logs/a"), O_RDWR | O_CREAT))
		return 2;
	if (rename(at("state/logs/a"), at("state/logs/b")) != 0 || unlink(at("state/logs/b")) != 0)
		return 3;
	return opens(at("receipts/1"), O_WRONLY | O_CREAT) ? 0 : 4;
}

static int
reads_nothing_else(void)
{
	char memory[32];

	(void)snprintf(memory, sizeof(memory), "/proc/%d/mem", (int)parent);
	if (!has_landlock)
		return 0;
	if (!is_denied(at("other/secret"), O_RDONLY) || !is_denied(place, O_RDONLY | O_DIRECTORY))
		return 1;
	if (!is_denied("/etc/shadow", O_RDONLY) || !is_denied("/var", O_RDONLY))
		return 2;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	if (!is_denied("/proc/1/status", O_RDONLY))
		return 3;
#endif
	return opens(memory, O_RDONLY) || opens(memory, O_RDWR) ? 4 : 0;
}

static int
writes_nothing_else(void)
{
	if (!has_landlock)
		return 0;
	if (!is_denied(at("config/collector.yaml"), O_WRONLY) ||
	    !is_denied(at("tls/host.key"), O_RDWR) || !is_denied(at("tls/new"), O_RDWR | O_CREAT) ||
	    !is_denied("/dev/null", O_WRONLY))
		return 1;
	if (unlink(at("tls/host.crt")) == 0 || mkdir(at("other/made"), 0700) == 0)
		return 2;
	return rename(at("state/old"), at("other/old")) == 0 ? 3 : 0;
}

static int
takes_no_connections(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(40000)};
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return 1;
	if (has_landlock &&
	    (bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0 || errno != EACCES))
		return 2;
	return listen(fd, 1) == -1 && errno == EPERM ? 0 : 3;
}

static int
tells_which_reload_is_beyond_it(void)
{
	struct trouble t = TROUBLE_INIT;
	struct collector_signer next;
	struct collector_config c;

	configure(&c);
	if (rights_check_report(&c, &t) != ERR_OK)
		return 1;
	c.receipt_directory = at("other");
	if (has_landlock && (rights_check_report(&c, &t) != ERR_CONFIG ||
				strstr(t.text, "/other: Permission denied; ") == NULL))
		return 2;
	configure(&c);
	c.tls.key = at("other/secret");
	if (has_landlock && rights_check_report(&c, &t) != ERR_CONFIG)
		return 3;
	c.tls.key = at("nowhere");
	if (rights_check_report(&c, &t) != ERR_CONFIG)
		return 4;
	configure(&c);
	next = c.signers[0];
	next.log_certificate_next = at("other/secret");
	c.signers = &next;
	return has_landlock && rights_check_report(&c, &t) != ERR_CONFIG ? 5 : 0;
}

#define RIGHTS_TEST(name)                                                                          \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		if (!has_landlock)                                                                 \
			print_message("this kernel has no Landlock\n");                            \
		assert_int_equal(as_reporter(name), 0);                                            \
	}
RIGHTS_TEST(has_no_capability)
RIGHTS_TEST(reads_what_is_configured)
RIGHTS_TEST(keeps_state_and_receipts)
RIGHTS_TEST(reads_nothing_else)
RIGHTS_TEST(writes_nothing_else)
RIGHTS_TEST(takes_no_connections)
RIGHTS_TEST(tells_which_reload_is_beyond_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_has_no_capability),
	    cmocka_unit_test(test_reads_what_is_configured),
	    cmocka_unit_test(test_keeps_state_and_receipts),
	    cmocka_unit_test(test_reads_nothing_else),
	    cmocka_unit_test(test_writes_nothing_else),
	    cmocka_unit_test(test_takes_no_connections),
	    cmocka_unit_test(test_tells_which_reload_is_beyond_it),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
