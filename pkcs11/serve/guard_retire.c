/*
 * How the guard of a key that others may have is closed for good (guard.h).
 *
 * A key process that serves holds the lock on the guard's file, and is not waited for: the closed
 * state is made in a file of another name, which takes the name. So the closing has happened or has
 * not, whatever it is cut in. That process finds that its file is not the one of the name any more,
 * by its own look or at its next signature, and ends; the next one meets the closed state.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/guard_file.h"

#define END_TRIES   100 /* each of END_WAIT_MS: longer than a process looks (serve.c), and signs */
#define END_WAIT_MS 100

static bool is_closed(const struct guard_state *s);
static void retire_state(struct guard_state *state, const struct digest *statement, uint64_t now_s);
static enum err catch_up(struct guard_file *old, const char *directory,
    const struct digest *statement, uint64_t now_s, struct guard_state *state);
static enum err read_old(struct guard_file *g);
static enum err replace(const struct guard_file *old, const struct guard_state *closed);
static enum err wait_for_end(const struct guard_file *old);

enum err
guard_retire(const char *directory, const char *origin, struct view spki,
    const struct digest *statement, uint64_t now_s, struct guard_state *state)
{
	struct guard_file g = {.path = guard_file_path(directory, origin, spki)};
	enum err e = guard_file_open(&g, O_RDWR);

	if (e == ERR_OK)
		e = read_old(&g);
	*state = g.state;
	if (e == ERR_OK && !is_closed(&g.state)) {
		retire_state(state, statement, now_s);
		if ((e = replace(&g, state)) == ERR_OK &&
		    (e = guard_file_sync_directory(directory)) == ERR_OK)
			e = wait_for_end(&g);
		if (e == ERR_OK)
			e = catch_up(&g, directory, statement, now_s, state);
	}
	if (g.fd >= 0)
		close(g.fd);
	free(g.path);
	return e;
}

static bool
is_closed(const struct guard_state *s)
{
	return s->phase == GUARD_CLOSED || s->phase == GUARD_RETIRED;
}

static void
retire_state(struct guard_state *state, const struct digest *statement, uint64_t now_s)
{
	state->phase = GUARD_RETIRED;
	state->transition = *statement;
	state->closed_s = now_s;
}

/*
 * What that process wrote between our look and its end it may have signed: whoever goes on from
 * this state has to have that too. If it has given way to another key meanwhile, it has.
 */
static enum err
catch_up(struct guard_file *old, const char *directory, const struct digest *statement,
    uint64_t now_s, struct guard_state *state)
{
	const uint64_t seen = old->sequence;
	enum err e;

	if (!guard_file_read(old))
		return guard_file_refuse_damaged(old);
	if (old->sequence == seen)
		return ERR_OK;
	*state = old->state;
	if (!is_closed(state))
		retire_state(state, statement, now_s);
	if ((e = replace(old, state)) == ERR_OK)
		e = guard_file_sync_directory(directory);
	return e;
}

/* Without the lock: it may meet a write. */
static enum err
read_old(struct guard_file *g)
{
	for (unsigned i = 0; i < END_TRIES; i++)
		if (guard_file_read(g))
			return ERR_OK;
	return guard_file_refuse_damaged(g);
}

static enum err
replace(const struct guard_file *old, const struct guard_state *closed)
{
	struct guard_file new = {.sequence = old->sequence};
	enum err e = ERR_OK;

	if (asprintf(&new.path, "%s.new", old->path) < 0)
		abort();
	new.fd = open(new.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (new.fd < 0)
		e = ERR_IO;
	for (unsigned i = 1; i <= GUARD_FILE_SLOTS && e == ERR_OK; i++)
		e = guard_file_write(&new, new.sequence + i, closed);
	if (e == ERR_OK && rename(new.path, old->path) != 0)
		e = ERR_IO;
	if (e != ERR_OK)
		complain("%s: cannot close the guard: %s", old->path, strerror(errno));
	if (new.fd >= 0)
		close(new.fd);
	free(new.path);
	return e;
}

/* Who has the lock on what was the guard's file may have a signature in hand. */
static enum err
wait_for_end(const struct guard_file *old)
{
	const struct timespec pause = {.tv_nsec = END_WAIT_MS * 1000000L};

	for (unsigned i = 0; i < END_TRIES; i++) {
		if (flock(old->fd, LOCK_EX | LOCK_NB) == 0)
			return ERR_OK;
		(void)nanosleep(&pause, NULL);
	}
	complain("%s: the guard is closed, and a key process that held it before has not ended: "
		 "stop the signer and that process",
	    old->path);
	return ERR_IO;
}
