/*
 * How the guard of one key takes over from that of another (guard.h, succession.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/guard_file.h"

static enum err check_inherited(const struct guard_file *old, const struct guard_file *new);
static enum err check_unused(const char *path);
static enum err refuse_unmade(const char *path);
static enum err write_both(struct guard_file *g, const struct guard_state *state);
static enum err end(struct guard_file *g, const char *directory, enum err e);

/* By way of a file of another name: cut anywhere, the one of this name is as it was, or whole. */
enum err
guard_wait(const char *directory, const char *origin, struct view spki,
    const struct digest *transition, const struct checkpoint *from)
{
	struct guard_state waiting = {.phase = GUARD_WAITING, .transition = *transition};
	char *path = guard_file_path(directory, origin, spki);
	struct guard_file g = {.fd = -1};
	enum err e = guard_exists(directory, origin, spki) ? check_unused(path) : ERR_OK;

	merkle_empty_root(&waiting.root);
	if (from != NULL) {
		waiting.size = from->size;
		waiting.root = from->root;
	}
	if (asprintf(&g.path, "%s.new", path) < 0)
		abort();
	if (e == ERR_OK &&
	    (g.fd = open(g.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
		e = refuse_unmade(path);
	if (e == ERR_OK && (e = write_both(&g, &waiting)) == ERR_OK && rename(g.path, path) != 0)
		e = refuse_unmade(path);
	free(path);
	return end(&g, directory, e);
}

enum err
guard_begin(
    const char *directory, const char *origin, struct view spki, const struct guard_state *closed)
{
	struct guard_file g = {.path = guard_file_path(directory, origin, spki)};
	struct guard_state begun = *closed;
	enum err e = guard_file_take(&g);

	begun.phase = GUARD_OPEN;
	begun.closed_s = 0;
	begun.token_lifetime_s = 0; /* it has made none */
	/* What waits for a succession has a size: it begins with the log's notice alone. */
	if (e == ERR_OK &&
	    (closed->phase != GUARD_CLOSED || g.state.phase != GUARD_WAITING || g.state.size > 0 ||
		!digest_equal(&g.state.transition, &closed->transition))) {
		complain("%s: this key waits for another transition than the one by which the "
			 "log's key was closed; see hallmark-hsm show",
		    g.path);
		e = ERR_GUARD_KEY;
	}
	if (e == ERR_OK)
		e = write_both(&g, &begun);
	return end(&g, directory, e);
}

enum err
guard_inherit(const char *directory, const char *origin, struct view before, struct view spki,
    const struct digest *succession, uint64_t now_s)
{
	struct guard_file old = {.path = guard_file_path(directory, origin, before), .fd = -1},
			  new = {.path = guard_file_path(directory, origin, spki), .fd = -1};
	enum err e = ERR_OK;

	if (guard_exists(directory, origin, before) && (e = guard_file_take(&old)) == ERR_OK &&
	    (e = guard_file_take(&new)) == ERR_OK && (e = check_inherited(&old, &new)) == ERR_OK) {
		if (old.state.phase == GUARD_OPEN) {
			old.state.phase = GUARD_RETIRED;
			old.state.transition = *succession;
			old.state.closed_s = now_s;
			e = write_both(&old, &old.state);
		}
		if (e == ERR_OK && old.state.size > new.state.size) {
			new.state.size = old.state.size;
			new.state.root = old.state.root;
			e = write_both(&new, &new.state);
		}
	}
	e = end(&old, directory, e);
	return end(&new, directory, e);
}

/* Retired before its tree is gone on from: what it might sign behind that would be a fork. */
static enum err
check_inherited(const struct guard_file *old, const struct guard_file *new)
{
	if (old->state.phase == GUARD_WAITING || old->state.phase == GUARD_CLOSED) {
		complain("%s: that key is not the log's newest: go on with the one that it has "
			 "given way to, or that it waits to follow",
		    old->path);
		return ERR_GUARD_KEY;
	}
	if (old->state.size == new->state.size &&
	    !digest_equal(&old->state.root, &new->state.root)) {
		complain("%s: that key has signed another tree of size %" PRIu64
			 " than the checkpoint's: the log has forked; keep both",
		    old->path, old->state.size);
		return ERR_GUARD_FORK;
	}
	return ERR_OK;
}

/* Only what has signed nothing may be made to follow. */
static enum err
check_unused(const char *path)
{
	struct guard_file g = {.fd = -1, .path = strdup(path)};
	enum err e;

	if (g.path == NULL)
		return ERR_MEMORY;
	if ((e = guard_file_take(&g)) == ERR_OK &&
	    (g.state.phase == GUARD_CLOSED || g.state.phase == GUARD_RETIRED ||
		(g.state.phase == GUARD_OPEN && g.state.size > 0))) {
		complain("%s: this key has signed a log already: one that is to follow has signed "
			 "nothing; make another",
		    path);
		e = ERR_MISMATCH;
	}
	if (g.fd >= 0)
		close(g.fd);
	free(g.path);
	return e;
}

static enum err
refuse_unmade(const char *path)
{
	complain("%s: cannot make the guard's state: %s", path, strerror(errno));
	return ERR_IO;
}

/* The slot that does not count first: cut in between, the old state stands. */
static enum err
write_both(struct guard_file *g, const struct guard_state *state)
{
	enum err e = ERR_OK;

	for (unsigned i = 1; i <= GUARD_FILE_SLOTS && e == ERR_OK; i++)
		e = guard_file_write(g, g->sequence + i, state);
	return e;
}

static enum err
end(struct guard_file *g, const char *directory, enum err e)
{
	if (g->fd >= 0 && close(g->fd) != 0 && e == ERR_OK)
		e = ERR_IO;
	if (e == ERR_OK)
		e = guard_file_sync_directory(directory);
	free(g->path);
	return e;
}
