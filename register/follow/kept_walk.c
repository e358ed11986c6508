#include "register/follow/kept_walk.h"

#include <inttypes.h>
#include <time.h>

#include "journal/logger.h"
#include "log/walk/walk_frozen.h"
#include "register/follow/frozen.h"

/* Of the time that writing it down takes, so many times it passes until the next. */
#define SHARE 20

static enum err thaw(
    const struct frozen *f, const struct log_reader *l, struct walk *w, struct tree_check *tree);
static enum err read_proved(void *context, uint64_t index, struct buf *to);
static uint64_t now_ms(void);

enum err
kept_walk_thaw(struct kept_walk *k, const struct log_reader *l, uint64_t most, struct walk *w,
    struct tree_check *tree, struct kept_walk_place *out)
{
	struct buf bytes = BUF_INIT;
	struct frozen f;
	enum err e = frozen_read(k->dir, &bytes, &f);

	*out = (struct kept_walk_place){0, 0};
	if (e == ERR_OK && (f.size > most || !digest_equal(&f.under, &k->under)))
		e = ERR_NOT_FOUND;
	if (e == ERR_OK)
		e = thaw(&f, l, w, tree);
	if (e == ERR_OK) {
		*out = (struct kept_walk_place){f.size, f.newest_issued_s};
		k->size = f.size;
		logger_say(
		    LOGGER_INFO, "walk-goes-on", "%s: behind %" PRIu64 " entries", k->log, f.size);
	} else if (e != ERR_NOT_FOUND) {
		logger_say(LOGGER_NOTICE, "walk-again",
		    "%s: from its first entry: where it was cannot be gone on from: %s", k->log,
		    err_text(e));
	}
	buf_free(&bytes);
	return e;
}

bool
kept_walk_is_due(const struct kept_walk *k, uint64_t size)
{
	return size != k->size && now_ms() >= k->at_ms;
}

void
kept_walk_freeze(struct kept_walk *k, const struct log_reader *l, const struct walk *w,
    const struct kept_walk_place *place)
{
	const uint64_t begun_ms = now_ms();
	struct frozen f = {
	    .under = k->under, .size = place->size, .newest_issued_s = place->newest_issued_s};
	struct log_reader begin;
	enum err e;

	if ((e = log_begin_of(l, place->size, &begin)) == ERR_OK) {
		f.root = begin.checkpoint.root;
		e = frozen_write(k->dir, &f, w);
	}
	if (e == ERR_OK)
		k->size = place->size;
	else if (e != ERR_UNSUPPORTED)
		logger_say(LOGGER_WARNING, "walk-not-kept", "%s: %s", k->log, err_text(e));
	k->at_ms = begun_ms + k->every_s * 1000 + SHARE * (now_ms() - begun_ms);
}

/* It is how the log began that is followed. */
static enum err
thaw(const struct frozen *f, const struct log_reader *l, struct walk *w, struct tree_check *tree)
{
	struct log_reader begin;
	enum err e = log_begin_of(l, f->size, &begin);

	if (e == ERR_OK && !digest_equal(&begin.checkpoint.root, &f->root))
		e = ERR_MISMATCH;
	if (e == ERR_OK)
		e = walk_thaw(w, f->walk, read_proved, &begin);
	if (e == ERR_OK && walk_next(w) != f->size)
		e = ERR_MISMATCH;
	return e == ERR_OK ? tree_check_resume(tree, &begin) : e;
}

static enum err
read_proved(void *context, uint64_t index, struct buf *to)
{
	return log_prove_entry(context, index, to);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
