#include "auditor/kept.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "auditor/demands.h"
#include "auditor/fork.h"
#include "log/history.h"
#include "proto/report/entry_issued.h"
#include "proto/utc.h"

/* One run of kept_check. */
struct checking {
	const struct kept_options *options;
	const struct log_reader *log;
	const struct seal_wanted *wanted;
	const struct display *d;
	struct json *json;
	struct history *history;
	const struct anchor *copy;
	struct kept *out;
};

static void tell_newest(struct checking *c);
static enum err read_newest(const struct log_reader *l, uint64_t *issued_s);
static void tell_age(struct checking *c);
static bool begin(struct checking *c, const char *name);
static enum err note_signer(struct kept *k, const char *path, const struct anchor *a);
static void note_unheld(struct kept *k, const char *path);
static void hold_all(struct checking *c, const char *step, const struct argument_list *files);
static void hold(struct checking *c, const char *step, const char *path);
static bool tell_hold(struct checking *c, const char *step, const struct anchor *a, enum err e);
static void write_file(struct json *j, const char *path, const struct anchor *a, const char *holds);
static void worsen(struct kept *k, enum kept_verdict v);

void
kept_check(const struct kept_options *options, const struct log_reader *l, const char *name,
    const struct seal_wanted *wanted, const struct display *d, struct json *j, struct kept *out)
{
	struct checking c = {.options = options,
	    .log = l,
	    .wanted = wanted,
	    .d = d,
	    .json = j,
	    .history = history_new(),
	    .out = out};

	*out = (struct kept){.verdict = KEPT_GOOD};
	tell_newest(&c);
	json_open(j, "kept", '[');
	if (begin(&c, name)) {
		hold_all(&c, "at least", options->at_least);
		hold_all(&c, "receipt", options->receipts);
	}
	json_close(j, '[');
	if (c.history != NULL && fork_tell(c.history, d, j, options->fork_proof) == OUTCOME_BAD)
		worsen(out, KEPT_FORK);
	history_free(&c.history);
}

void
kept_free(struct kept *k)
{
	free(k->checkpoint);
	k->checkpoint = NULL;
	k->checkpoint_count = 0;
	free(k->unheld);
	k->unheld = NULL;
	k->unheld_count = 0;
}

enum outcome
kept_outcome(enum kept_verdict v)
{
	if (v == KEPT_GOOD)
		return OUTCOME_GOOD;
	return v == KEPT_UNKNOWN ? OUTCOME_UNKNOWN : OUTCOME_BAD;
}

void
kept_warn(const struct kept_options *options, const struct display *d)
{
	if (options->receipts->count + options->at_least->count == 0 && !options->has_newest_within)
		display_warn(d, "end",
		    "whether the log is longer elsewhere is not known: --receipt, --at-least and "
		    "--newest-within hold it against what was kept");
}

static void
tell_newest(struct checking *c)
{
	const uint64_t size = c->log->checkpoint.size, now_s = display_now();
	char time[UTC_TEXT_SIZE], age[DISPLAY_AGE_SIZE];
	struct kept *k = c->out;
	enum err e = read_newest(c->log, &k->newest_s);

	k->newest_is_known = e == ERR_OK;
	if (size == 0)
		display_field(c->d, "newest", "none: the log is empty");
	else if (e != ERR_OK)
		display_field(c->d, "newest",
		    "entry %" PRIu64 " of %" PRIu64 ", when is not known: %s", size - 1, size,
		    err_text(e));
	else
		display_field(c->d, "newest", "entry %" PRIu64 " of %" PRIu64 ", %s, %s %s",
		    size - 1, size, utc_text(k->newest_s, time),
		    display_age(
			now_s > k->newest_s ? now_s - k->newest_s : k->newest_s - now_s, age),
		    now_s >= k->newest_s ? "ago" : "ahead of the clock here");
	if (k->newest_is_known) {
		json_open(c->json, "newest", '{');
		json_number(c->json, "index", size - 1);
		json_time(c->json, "issued", k->newest_s);
		json_close(c->json, '{');
	} else {
		json_null(c->json, "newest");
	}
	if (c->options->has_newest_within)
		tell_age(c);
}

static void
tell_age(struct checking *c)
{
	const uint64_t now_s = display_now(), within_s = c->options->newest_within_s;
	const struct kept *k = c->out;
	const bool ahead = k->newest_is_known && k->newest_s > now_s + DEMAND_SKEW_S;

	if (c->log->checkpoint.size > 0 && !k->newest_is_known) {
		(void)display_step(c->d, "newest within", OUTCOME_UNKNOWN,
		    "the newest entry does not say when it is from");
		worsen(c->out, KEPT_UNKNOWN);
	} else if (ahead) {
		/* Whoever dates it forth makes a log that looks new for years. */
		(void)display_step(c->d, "newest within", OUTCOME_BAD,
		    "expected an entry of the last %" PRIu64
		    " s, found one that is ahead of the clock here: how old it is cannot be told",
		    within_s);
		worsen(c->out, KEPT_OLD);
	} else if (c->log->checkpoint.size > 0 &&
		   (now_s <= k->newest_s || now_s - k->newest_s <= within_s)) {
		(void)display_step(
		    c->d, "newest within", OUTCOME_GOOD, "%" PRIu64 " s, as demanded", within_s);
	} else {
		(void)display_step(c->d, "newest within", OUTCOME_BAD,
		    "expected an entry of the last %" PRIu64
		    " s, found none: the copy is old, or the log stands still",
		    within_s);
		worsen(c->out, KEPT_OLD);
	}
}

static enum err
read_newest(const struct log_reader *l, uint64_t *issued_s)
{
	struct buf entry = BUF_INIT;
	enum err e = l->checkpoint.size > 0 ? log_prove_entry(l, l->checkpoint.size - 1, &entry)
					    : ERR_NOT_FOUND;

	if (e == ERR_OK)
		e = entry_issued(buf_view(&entry), issued_s);
	buf_free(&entry);
	return e;
}

/* The copy's own checkpoint is one of those that have to be of one history. */
static bool
begin(struct checking *c, const char *name)
{
	struct anchor *copy = c->history != NULL ? anchor_of_log(name, c->log) : NULL;

	c->copy = copy;
	if (copy != NULL && history_add(c->history, copy) == ERR_OK)
		return true;
	(void)display_step(c->d, "kept", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	worsen(c->out, KEPT_UNKNOWN);
	return false;
}

static enum err
note_signer(struct kept *k, const char *path, const struct anchor *a)
{
	struct log_check_signed *grown =
	    reallocarray(k->checkpoint, k->checkpoint_count + 1, sizeof(*grown));

	if (grown == NULL)
		return ERR_MEMORY;
	k->checkpoint = grown;
	k->checkpoint[k->checkpoint_count++] =
	    (struct log_check_signed){path, a->signer, a->checkpoint.size};
	return ERR_OK;
}

static void
note_unheld(struct kept *k, const char *path)
{
	const char **more = reallocarray(k->unheld, k->unheld_count + 1, sizeof(*more));

	if (more == NULL)
		abort(); /* a fork would be taken for less */
	k->unheld = more;
	k->unheld[k->unheld_count++] = path;
}

static void
hold_all(struct checking *c, const char *step, const struct argument_list *files)
{
	for (size_t i = 0; i < files->count; i++)
		hold(c, step, files->value[i]);
}

static void
hold(struct checking *c, const char *step, const char *path)
{
	const struct findings f = display_findings(c->d);
	struct anchor *a;
	enum outcome o = anchor_read(path, c->wanted, &f, &a);
	bool holds = false;
	enum err e;

	if (o != OUTCOME_GOOD) {
		worsen(c->out, o == OUTCOME_BAD ? KEPT_WRONG : KEPT_UNKNOWN);
		note_unheld(c->out, path);
		write_file(c->json, path, NULL, "unknown");
		return;
	}
	e = history_add(c->history, a);
	if (e == ERR_OK)
		e = note_signer(c->out, path, a);
	if (e == ERR_OK)
		e = history_hold(c->history, a, c->log, c->copy);
	holds = tell_hold(c, step, a, e);
	if (!holds)
		note_unheld(c->out, path);
	write_file(c->json, path, a,
	    holds                                                       ? "yes"
	    : e == ERR_PROOF || e == ERR_NOT_FOUND || e == ERR_MISMATCH ? "no"
									: "unknown");
}

static bool
tell_hold(struct checking *c, const char *step, const struct anchor *a, enum err e)
{
	const uint64_t size = c->log->checkpoint.size;

	switch (e) {
	case ERR_OK:
		if (a->has_leaf)
			(void)display_step(c->d, step, OUTCOME_GOOD,
			    "%s: its entry %" PRIu64 " is in this log, which grew from its %" PRIu64
			    " entries",
			    a->name, a->index, a->checkpoint.size);
		else
			(void)display_step(c->d, step, OUTCOME_GOOD,
			    "%s: this log grew from its %" PRIu64 " entries", a->name,
			    a->checkpoint.size);
		return true;
	case ERR_PROOF:
		(void)display_step(
		    c->d, step, OUTCOME_BAD, "%s: this log did not grow from it", a->name);
		worsen(c->out, KEPT_FORK);
		break;
	case ERR_NOT_FOUND:
		(void)display_step(c->d, step, OUTCOME_BAD,
		    "%s: of %" PRIu64 " entries that were signed this copy has %" PRIu64, a->name,
		    a->checkpoint.size, size);
		worsen(c->out, KEPT_SHORT);
		break;
	case ERR_MISMATCH:
		(void)display_step(c->d, step, OUTCOME_BAD, "%s: it is of another log, %s", a->name,
		    a->checkpoint.origin);
		worsen(c->out, KEPT_WRONG);
		break;
	default:
		(void)display_step(c->d, step, OUTCOME_UNKNOWN,
		    "%s: what this log has in its place cannot be told by its tiles: %s", a->name,
		    err_text(e));
		worsen(c->out, KEPT_UNKNOWN);
		break;
	}
	return false;
}

static void
write_file(struct json *j, const char *path, const struct anchor *a, const char *holds)
{
	json_open(j, NULL, '{');
	json_string(j, "file", path);
	if (a != NULL)
		json_number(j, "size", a->checkpoint.size);
	else
		json_null(j, "size");
	if (a != NULL && a->has_leaf)
		json_number(j, "index", a->index);
	else
		json_null(j, "index");
	json_string(j, "holds", holds);
	json_close(j, '{');
}

static void
worsen(struct kept *k, enum kept_verdict v)
{
	if (k->verdict == KEPT_GOOD || v < k->verdict)
		k->verdict = v;
}
