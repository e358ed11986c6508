#include "auditor/consistency.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "auditor/fork.h"
#include "auditor/tell/display.h"
#include "log/history.h"

/* One of the two. */
struct state {
	const char *path;
	bool is_log;
	struct log_reader log;
	const struct anchor *anchor; /* the history's */
};

/* One call of the command. */
struct comparing {
	const struct consistency_options *options;
	const struct display *d;
	struct seal_wanted wanted;
	struct history *history;
	struct state older, newer;
};

static enum outcome compare(struct comparing *c, struct json *j);
static enum outcome load(struct comparing *c, struct state *s);
static void tell_state(const struct comparing *c, const char *label, const struct state *s);
static enum outcome hold(struct comparing *c);
static enum outcome conclude(struct comparing *c, enum outcome held);

enum outcome
consistency_run(const struct consistency_options *options, FILE *to)
{
	struct json json = {.comma = false}, found = {.comma = false};
	const struct display d = {
	    .to = options->json ? NULL : to, .margin = "", .found = &found, .brief = true};
	const struct findings f = display_findings(&d);
	struct comparing c = {.options = options,
	    .d = &d,
	    .wanted = {.origin = options->origin},
	    .history = history_new(),
	    .older = {.path = options->older, .log = {.dir = -1}},
	    .newer = {.path = options->newer, .log = {.dir = -1}}};
	enum outcome o;

	json_open(&json, NULL, '{');
	json_open(&found, NULL, '[');
	o = signercerts_load(
	    options->certificates->value, options->certificates->count, &f, &c.wanted.certificates);
	if (o == OUTCOME_GOOD && c.history == NULL)
		o = display_step(&d, "consistency", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	if (o == OUTCOME_GOOD)
		o = compare(&c, &json);
	json_close(&found, '[');
	json_embed(&json, "found", &found);
	json_outcome(&json, o);
	json_close(&json, '{');
	if (options->json && !json_print(&json, to))
		o = OUTCOME_UNKNOWN;
	buf_free(&json.text);
	log_close(&c.older.log);
	log_close(&c.newer.log);
	history_free(&c.history);
	signercerts_free(&c.wanted.certificates);
	return o;
}

static enum outcome
compare(struct comparing *c, struct json *j)
{
	enum outcome o = load(c, &c->older), fork;

	if (o == OUTCOME_GOOD)
		o = load(c, &c->newer);
	if (o != OUTCOME_GOOD)
		return o;
	tell_state(c, "OLDER", &c->older);
	tell_state(c, "NEWER", &c->newer);
	json_open(j, "sizes", '{');
	json_number(j, "older", c->older.anchor->checkpoint.size);
	json_number(j, "newer", c->newer.anchor->checkpoint.size);
	json_close(j, '{');
	if (strcmp(c->older.anchor->checkpoint.origin, c->newer.anchor->checkpoint.origin) != 0) {
		display_line(c->d, "UNPROVED  nothing: they are of two logs");
		return OUTCOME_UNKNOWN;
	}
	o = hold(c);
	fork = fork_tell(c->history, c->d, j, c->options->fork_proof);
	return fork == OUTCOME_BAD ? fork : conclude(c, o);
}

static enum outcome
load(struct comparing *c, struct state *s)
{
	const struct findings f = display_findings(c->d);
	struct anchor *a = NULL;
	enum outcome o;
	struct stat st;

	s->is_log = stat(s->path, &st) == 0 && S_ISDIR(st.st_mode);
	if (!s->is_log)
		o = anchor_read(s->path, &c->wanted, &f, &a);
	else if ((o = log_open(&s->log, s->path, &c->wanted, &f)) == OUTCOME_GOOD &&
		 (a = anchor_of_log(s->path, &s->log)) == NULL)
		o = display_step(c->d, "kept", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	if (o != OUTCOME_GOOD)
		return o;
	s->anchor = a;
	return history_add(c->history, a) == ERR_OK
		   ? OUTCOME_GOOD
		   : display_step(c->d, "kept", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
}

static void
tell_state(const struct comparing *c, const char *label, const struct state *s)
{
	const struct checkpoint *k = &s->anchor->checkpoint;
	char root[DIGEST_HEX_SIZE + 1];

	digest_to_hex(&k->root, root);
	display_line(c->d, "%-9s %s: %s of %" PRIu64 " entr%s, root %.8s..", label, s->path,
	    s->is_log             ? "a copy"
	    : s->anchor->has_leaf ? "a receipt"
				  : "a checkpoint",
	    k->size, k->size == 1 ? "y" : "ies", root);
}

/* By the tiles of whichever is a copy. Unknown where they cannot be read, or there is none. */
static enum outcome
hold(struct comparing *c)
{
	const struct state *copy = c->newer.is_log ? &c->newer : &c->older;
	const struct state *other = c->newer.is_log ? &c->older : &c->newer;
	const struct anchor *older, *newer;
	enum err e = ERR_NOT_FOUND;

	if (copy->is_log)
		e = history_hold(c->history, other->anchor, &copy->log, copy->anchor);
	if (e == ERR_OK || e == ERR_PROOF)
		return OUTCOME_GOOD; /* it is told */
	if (e != ERR_NOT_FOUND)
		return display_step(c->d, "tiles", OUTCOME_UNKNOWN, "%s: they cannot tell: %s",
		    copy->path, err_text(e));
	return history_is_told(c->history, &older, &newer) ? OUTCOME_GOOD : OUTCOME_UNKNOWN;
}

static enum outcome
conclude(struct comparing *c, enum outcome held)
{
	const struct checkpoint *older = &c->older.anchor->checkpoint;
	const struct checkpoint *newer = &c->newer.anchor->checkpoint;

	if (newer->size < older->size) {
		display_line(c->d,
		    "WRONG     the newer one lacks %" PRIu64 " entries that were signed before",
		    older->size - newer->size);
		return OUTCOME_BAD;
	}
	if (held == OUTCOME_GOOD) {
		display_line(c->d, "PROVED    %s only grew between them, by %" PRIu64 " entr%s",
		    newer->origin, newer->size - older->size,
		    newer->size - older->size == 1 ? "y" : "ies");
		return OUTCOME_GOOD;
	}
	display_line(c->d,
	    "UNPROVED  whether the newer one began with the %" PRIu64
	    " entries of the older: nothing in hand denies it",
	    older->size);
	display_line(c->d,
	    "          a copy of the log with %" PRIu64
	    " entries or more tells it (fsck --log DIR --at-least FILE)",
	    newer->size);
	return held;
}
