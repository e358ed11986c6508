#include "pkcs11/serve/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/guard_file.h"
#include "pkcs11/serve/trees.h"

#define READ_TRIES 3 /* of a reader without the lock, which may meet a write */

struct guard {
	struct guard_file file;
	struct guard_state next; /* in the other slot, while unsynced */
	bool unsynced;
	uint64_t rested_us;
	struct trees trees;
};

static bool may_serve(const struct guard_state *s, const struct digest *awaited);
static enum err put_next(struct guard *g);
static enum err state_merge(struct guard_file *g, struct guard_state *state);

enum err
guard_create(const char *directory, const char *origin, struct view spki)
{
	struct guard_state empty = {.size = 0};
	struct guard_file g = {.path = guard_file_path(directory, origin, spki)};
	enum err e;

	merkle_empty_root(&empty.root);
	g.fd = open(g.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (g.fd < 0) {
		e = errno == EEXIST ? ERR_MISMATCH : ERR_IO;
		complain("%s: cannot make the guard's state: %s%s", g.path, strerror(errno),
		    errno == EEXIST ? "; this key has a log already" : "");
		free(g.path);
		return e;
	}
	e = guard_file_write(&g, 0, &empty);
	if (e == ERR_OK)
		e = guard_file_write(&g, 1, &empty);
	if (close(g.fd) != 0 && e == ERR_OK)
		e = ERR_IO;
	if (e == ERR_OK)
		e = guard_file_sync_directory(directory);
	free(g.path);
	return e;
}

bool
guard_exists(const char *directory, const char *origin, struct view spki)
{
	char *path = guard_file_path(directory, origin, spki);
	struct stat st;
	const bool there = lstat(path, &st) == 0 || errno != ENOENT;

	free(path);
	return there;
}

enum err
guard_open(const char *directory, const char *origin, struct view spki,
    const struct digest *awaited, struct guard **out)
{
	struct guard *g = calloc(1, sizeof(*g));
	enum err e = ERR_OK;

	*out = NULL;
	if (g == NULL)
		return ERR_MEMORY;
	g->file.path = guard_file_path(directory, origin, spki);
	if ((e = guard_file_take(&g->file)) == ERR_OK && !may_serve(&g->file.state, awaited)) {
		complain(
		    g->file.state.phase == GUARD_RETIRED
			? "%s: this key is retired by operators, since it is lost or others may "
			  "have it, and signs nothing any more: serve with a key that "
			  "follows it"
		    : g->file.state.phase == GUARD_CLOSED
			? "%s: this key has given way to another, by hallmark-hsm rotate or "
			  "continue, and signs nothing any more: serve with the key that "
			  "follows"
			: "%s: this key waits to follow the log's key and signs nothing yet: "
			  "serve with the configuration that names it as its next, or, where "
			  "the log's key is lost, run hallmark-hsm continue again",
		    g->file.path);
		e = ERR_GUARD_KEY;
	}
	if (e == ERR_OK)
		g->rested_us = guard_file_rested_us(g->file.fd);
	/* Where a sync failed, the kernel alone may have it: before it is relied on, once more. */
	if (e == ERR_OK)
		e = guard_file_write(&g->file, g->file.sequence, &g->file.state);
	if (e != ERR_OK) {
		guard_close(&g);
		return e;
	}
	guard_signed(g);
	*out = g;
	return ERR_OK;
}

enum err
guard_read(const char *directory, const char *origin, struct view spki, struct guard_state *out)
{
	struct guard_file g = {.path = guard_file_path(directory, origin, spki)};
	bool good = false;
	enum err e = guard_file_open(&g, O_RDONLY);

	for (unsigned i = 0; i < READ_TRIES && e == ERR_OK && !good; i++)
		good = guard_file_read(&g);
	if (good)
		*out = g.state;
	else if (e == ERR_OK)
		e = guard_file_refuse_damaged(&g);
	if (g.fd >= 0)
		close(g.fd);
	free(g.path);
	return e;
}

enum err
guard_adopt(const char *directory, const char *origin, struct view spki, struct guard_state *state)
{
	struct guard_file g = {.path = guard_file_path(directory, origin, spki)};
	enum err e = ERR_OK;

	g.fd = open(g.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (g.fd < 0 || flock(g.fd, LOCK_EX | LOCK_NB) != 0) {
		complain("%s: cannot take the guard's state: %s%s", g.path, strerror(errno),
		    errno == EWOULDBLOCK ? "; stop the key process first" : "");
		e = ERR_IO;
	}
	if (e == ERR_OK && (e = guard_file_check_owner(&g)) == ERR_OK)
		e = state_merge(&g, state);
	for (unsigned i = 0; i < GUARD_FILE_SLOTS && e == ERR_OK; i++)
		e = guard_file_write(&g, g.sequence + 1 + i, state);
	if (g.fd >= 0 && close(g.fd) != 0 && e == ERR_OK)
		e = ERR_IO;
	if (e == ERR_OK)
		e = guard_file_sync_directory(directory);
	free(g.path);
	return e;
}

void
guard_close(struct guard **g)
{
	if (*g == NULL)
		return;
	if ((*g)->file.fd >= 0)
		close((*g)->file.fd); /* what was not synced was never relied on */
	free((*g)->file.path);
	free(*g);
	*g = NULL;
}

enum err
guard_look(const struct guard *g)
{
	struct guard_file named = {.path = g->file.path};
	bool whole;

	named.fd = open(named.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (named.fd < 0 && errno == ENOENT)
		return ERR_OK;
	if (named.fd < 0) {
		complain("%s: cannot look whether operators have retired this key: %s", named.path,
		    strerror(errno));
		return ERR_IO;
	}
	whole = guard_file_read(&named);
	close(named.fd);
	if (!whole)
		return guard_file_refuse_damaged(&named);
	return named.state.phase == GUARD_RETIRED ? ERR_GUARD_KEY : ERR_OK;
}

const struct guard_state *
guard_state(const struct guard *g)
{
	return &g->file.state;
}

uint64_t
guard_rested_us(const struct guard *g)
{
	return g->rested_us;
}

enum err
guard_check(const struct guard *g, uint64_t size, const struct digest *root,
    const struct merkle_proof *consistency)
{
	if (g->file.state.phase == GUARD_CLOSED)
		return ERR_GUARD_KEY;
	if (size < g->file.state.size)
		return ERR_GUARD_ROLLBACK;
	if (merkle_verify_consistency(
		g->file.state.size, &g->file.state.root, size, root, consistency) != ERR_OK)
		return ERR_GUARD_FORK;
	return ERR_OK;
}

enum err
guard_write(struct guard *g, uint64_t size, const struct digest *root)
{
	if (size == g->file.state.size && digest_equal(root, &g->file.state.root))
		return ERR_OK;
	g->next = g->file.state;
	g->next.size = size;
	g->next.root = *root;
	return put_next(g);
}

enum err
guard_write_last(struct guard *g, uint64_t size, const struct digest *root,
    const struct digest *transition, uint64_t now_s)
{
	g->next = g->file.state;
	g->next.size = size;
	g->next.root = *root;
	g->next.phase = GUARD_CLOSED;
	g->next.transition = *transition;
	g->next.closed_s = now_s;
	return put_next(g);
}

enum err
guard_write_first(struct guard *g, uint64_t size, const struct digest *root)
{
	g->next = g->file.state;
	g->next.size = size;
	g->next.root = *root;
	g->next.phase = GUARD_OPEN;
	return put_next(g);
}

enum err
guard_note_lifetime(struct guard *g, uint32_t lifetime_s)
{
	enum err e;

	if (lifetime_s <= g->file.state.token_lifetime_s)
		return ERR_OK;
	g->next = g->file.state;
	g->next.token_lifetime_s = lifetime_s;
	return (e = put_next(g)) == ERR_OK ? guard_sync(g) : e;
}

static bool
may_serve(const struct guard_state *s, const struct digest *awaited)
{
	return s->phase == GUARD_OPEN || (s->phase == GUARD_WAITING && awaited != NULL &&
					     digest_equal(&s->transition, awaited));
}

static enum err
put_next(struct guard *g)
{
	enum err e;

	if (g->unsynced)
		abort(); /* over the slot that counts */
	if ((e = guard_file_check_named(&g->file)) == ERR_OK &&
	    (e = guard_file_put(&g->file, g->file.sequence + 1, &g->next)) == ERR_OK)
		g->unsynced = true;
	return e;
}

enum err
guard_sync(struct guard *g)
{
	enum err e;

	if (!g->unsynced)
		return ERR_OK;
	if ((e = guard_file_sync(&g->file)) != ERR_OK)
		return e;
	g->file.sequence++;
	g->file.state = g->next;
	g->unsynced = false;
	/* In both slots: no damage makes an open one of it. */
	if (g->file.state.phase == GUARD_CLOSED)
		return guard_file_write(&g->file, ++g->file.sequence, &g->file.state);
	return ERR_OK;
}

void
guard_signed(struct guard *g)
{
	if (g->unsynced)
		abort();
	if (g->file.state.phase != GUARD_WAITING)
		trees_add(&g->trees, g->file.state.size, &g->file.state.root);
}

enum err
guard_check_report(const struct guard *g, struct view report, uint64_t index, uint64_t size,
    const struct merkle_proof *inclusion, struct digest *leaf)
{
	const struct digest *root = trees_root(&g->trees, size);

	merkle_leaf(report, leaf);
	if (root == NULL)
		return ERR_GUARD_UNLOGGED;
	return merkle_verify_inclusion(leaf, index, size, root, inclusion) == ERR_OK
		   ? ERR_OK
		   : ERR_GUARD_UNLOGGED;
}

bool
guard_knows_tree(const struct guard *g, uint64_t size)
{
	return trees_root(&g->trees, size) != NULL;
}

/* What the slots that are whole have to say to a state that is to be adopted. */
static enum err
state_merge(struct guard_file *g, struct guard_state *state)
{
	const struct guard_state adopted = *state;
	bool undamaged = guard_file_read(g);
	struct guard_state known;
	uint64_t sequence;

	for (unsigned i = 0; i < GUARD_FILE_SLOTS; i++) {
		if (!guard_file_read_slot(g, i, &known, &sequence))
			continue;
		if (sequence > g->sequence)
			g->sequence = sequence;
		if (known.phase == GUARD_RETIRED) {
			complain("%s: this key is retired by operators, for good", g->path);
			return ERR_GUARD_KEY;
		}
		if (known.phase == GUARD_CLOSED) {
			complain("%s: this key has given way to another and signs nothing any more",
			    g->path);
			return ERR_GUARD_KEY;
		}
		if (known.size == adopted.size && !digest_equal(&known.root, &adopted.root)) {
			complain("%s: this key has signed another tree of that size", g->path);
			return ERR_GUARD_FORK;
		}
		if (known.size > state->size)
			*state = known;
		state->transition = known.transition;
		if (known.token_lifetime_s > state->token_lifetime_s)
			state->token_lifetime_s = known.token_lifetime_s;
	}
	state->phase = GUARD_OPEN;
	if (undamaged && state->size > adopted.size) {
		complain("%s: nothing is damaged, and the guard has signed a larger tree than this "
			 "checkpoint's",
		    g->path);
		return ERR_GUARD_ROLLBACK;
	}
	return ERR_OK;
}
