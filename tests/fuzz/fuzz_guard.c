/*
 * The guard's state file. What is accepted has two whole slots that follow one another, so the
 * state is one of the two that stand there, and it is what a serving key process would find; none
 * serves with one that waits or is closed.
 */
#include <dirent.h>

#include "pkcs11/serve/guard.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct view spki = VIEW_LITERAL("key");
static const char origin[] = "hallmark.test/log";

static const char *state_name(void);
static void check_state(const uint8_t *data, size_t size, const struct guard_state *state);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int before = scratch_hush();
	struct guard_state state;
	struct guard *g;
	enum err e, served;

	scratch_write(state_name(), data, size);
	e = guard_read(scratch_directory(), origin, spki, &state);
	if (e == ERR_OK)
		check_state(data, size, &state);
	served = e == ERR_OK && state.phase != GUARD_OPEN ? ERR_GUARD_KEY : e;
	if (guard_open(scratch_directory(), origin, spki, NULL, &g) != served)
		abort();
	if (served == ERR_OK && (guard_state(g)->size != state.size ||
				    !digest_equal(&guard_state(g)->root, &state.root)))
		abort();
	guard_close(&g);
	scratch_speak(before);
	return e == ERR_OK || e == ERR_FORMAT ? 0 : (abort(), 0);
}

/* As guard_create names it. */
static const char *
state_name(void)
{
	static char name[256];
	struct dirent *entry;
	DIR *names;

	if (name[0] != '\0')
		return name;
	if (guard_create(scratch_directory(), origin, spki) != ERR_OK ||
	    (names = opendir(scratch_directory())) == NULL)
		abort();
	while ((entry = readdir(names)) != NULL)
		if (entry->d_name[0] != '.')
			(void)snprintf(name, sizeof(name), "%s", entry->d_name);
	closedir(names);
	return name;
}

static void
check_state(const uint8_t *data, size_t size, const struct guard_state *state)
{
	uint8_t wanted[8 + DIGEST_SIZE];

	be64_put(wanted, state->size);
	memcpy(wanted + 8, state->root.bytes, DIGEST_SIZE);
	if (memmem(data, size, wanted, sizeof(wanted)) == NULL)
		abort();
}
