/*
 * Runs one fuzz target over every file in the given files and directories, without a fuzzer: what
 * once broke a parser is tried again with each check.
 *
 *   replay_<parser> PATH...
 */
#include <fts.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the sanitizers' runtime, where there is one: called when a finding ends the program. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static const char *current = "";

static int replay_file(const char *path, size_t size);
static void say_which(void);
static void on_signal(int number);

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	FTS *walk = argc > 1 ? fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	unsigned passed = 0, failed = 0;

	sigaction(SIGABRT, &action, NULL);
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(say_which);
	else
		sigaction(SIGSEGV, &action, NULL);
	for (FTSENT *f; walk != NULL && (f = fts_read(walk)) != NULL;) {
		if (f->fts_info != FTS_F)
			continue;
		if (replay_file(f->fts_path, (size_t)f->fts_statp->st_size) == 0)
			passed++;
		else
			failed++;
	}
	if (walk != NULL)
		fts_close(walk);
	if (passed == 0) {
		fprintf(stderr, "expected files of a corpus, found none\n");
		failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}

/* A target that finds a fault aborts; only reading the file can fail here. */
static int
replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	/* Not a byte more, so that the address sanitizer sees a read beyond the end. */
	uint8_t *data = malloc(size);
	int result = -1;

	current = path;
	if (file != NULL && (data != NULL || size == 0) && fread(data, 1, size, file) == size)
		result = LLVMFuzzerTestOneInput(data, size);
	else
		fprintf(stderr, "%s: cannot be read\n", path);
	if (file != NULL)
		fclose(file);
	free(data);
	return result;
}

static void
say_which(void)
{
	if (write(STDERR_FILENO, current, strlen(current)) < 0 ||
	    write(STDERR_FILENO, ": this file broke it\n", 21) < 0)
		return;
}

/* The handler is reset: the signal comes again and ends the program. */
static void
on_signal(int number)
{
	say_which();
	raise(number);
}
