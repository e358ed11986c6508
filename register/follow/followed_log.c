#include "register/follow/followed_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/logger.h"
#include "log/evidence_reader.h"
#include "log/inputfile.h"
#include "log/seal.h"
#include "log/tree_check.h"
#include "log/walk/walk.h"
#include "register/follow/kept_walk.h"
#include "register/follow/log_trust.h"
#include "register/follow/newest.h"
#include "register/follow/state_file.h"
#include "register/follow/troubles.h"

/* Entries that are told before they are committed: some 20 MB of them, a third of a second. */
#define BATCH_MAX ((uint64_t)64 * TILE_WIDTH)

#define ASK_EVERY_MS 100 /* whether evidence that was missing has come */

struct followed_log {
	struct followed_log_wanted wanted;
	const struct register_log *config;
	struct troubles troubles;
	struct log_trust trust;
	int state;
	struct newest newest;

	struct evidence_reader *evidence;
	struct defects defects;
	struct tree_check *tree;
	bool tree_is_known; /* it goes on where it is */
	struct walk *walk;
	struct digest *leaves; /* of entries that the tree check has looked at and the walk not */
	uint64_t leaf_first;
	size_t leaf_count;
	uint64_t walked; /* entries that were told */
	uint64_t kept;   /* that all who listen have kept before the start */
	struct kept_walk written;
	struct buf bundle;

	uint64_t newest_issued_s;
	uint64_t missing_since_ms; /* evidence was not there; 0: it was */
	uint64_t asked_ms;
	bool missed;  /* in this look */
	bool stopped; /* in the middle of a batch: nothing of it counts */
};

static enum err load(struct followed_log *l);
static bool is_ready(struct followed_log *l);
static enum err begin_walk(struct followed_log *l);
static enum err go_on(struct followed_log *l);
static void write_down(struct followed_log *l);
static bool follow_batch(struct followed_log *l);
static bool check_tree(struct followed_log *l, uint64_t from, uint64_t to);
static bool walk_batch(struct followed_log *l);
static enum err walk_bundle(struct followed_log *l);
static void conclude(struct followed_log *l);
static void check_signer(struct followed_log *l);
static void tell_state(struct followed_log *l);
static void take_leaves(void *context, const struct tree_check_entries *entries);
static void hear(void *context, const struct walk_visited *v);
static bool ask_for_evidence(void *context);
static uint64_t now_ms(void);

enum err
followed_log_new(const struct followed_log_wanted *wanted, struct followed_log **out)
{
	struct followed_log *l = calloc(1, sizeof(*l));
	enum err e = l != NULL ? ERR_OK : ERR_MEMORY;

	*out = NULL;
	if (e == ERR_OK) {
		l->wanted = *wanted;
		l->config = &wanted->config->logs[wanted->number];
		troubles_begin(&l->troubles, wanted->config->follow.grace_s);
		l->newest.log.dir = l->state = -1;
		e = load(l);
	}
	if (e != ERR_OK) {
		followed_log_free(&l);
		return e;
	}
	*out = l;
	return ERR_OK;
}

void
followed_log_free(struct followed_log **lp)
{
	struct followed_log *l = *lp;

	if (l == NULL)
		return;
	walk_free(&l->walk);
	tree_check_free(&l->tree);
	evidence_reader_close(&l->evidence);
	newest_close(&l->newest);
	alarm_teller_close(&l->troubles.alarms);
	troubles_free(&l->troubles);
	if (l->state >= 0)
		close(l->state);
	log_trust_free(&l->trust);
	free(l->leaves);
	buf_free(&l->bundle);
	free(l);
	*lp = NULL;
}

void
followed_log_begin(struct followed_log *l)
{
	const struct followed_listener *heard = l->wanted.heard;
	const unsigned number = l->wanted.number;
	const uint64_t kept = heard->kept != NULL ? heard->kept(heard->context, number) : 0;

	l->kept = heard->kept != NULL ? kept : UINT64_MAX;
	alarm_teller_begin(&l->troubles.alarms);
	/* What was kept of more than was ever verified is of another log. */
	if (heard->forget != NULL && kept != UINT64_MAX && kept > 0 &&
	    (!l->newest.verified.is_there || kept > l->newest.verified.checkpoint.size)) {
		heard->forget(heard->context, number);
		l->kept = 0;
	}
}

void
followed_log_look(struct followed_log *l)
{
	l->troubles.doubted = false;
	if (alarm_teller_look(&l->troubles.alarms))
		l->troubles.lacking_since_ms = l->missing_since_ms = 0;
	if (!newest_look(&l->newest) || !is_ready(l))
		return;
	l->missed = false;
	while (l->walked < l->newest.log.checkpoint.size)
		if (!l->wanted.wait(l->wanted.wait_context, 0) || !follow_batch(l))
			return;
	l->troubles.lacking_since_ms = 0;
	if (!l->missed)
		l->missing_since_ms = 0;
	conclude(l);
	tell_state(l);
	write_down(l);
}

const struct seal_wanted *
followed_log_seal(const struct followed_log *l)
{
	return &l->trust.seal;
}

void
followed_log_lack(struct followed_log *l, const char *words)
{
	if (alarm_teller_look(&l->troubles.alarms))
		l->troubles.lacking_since_ms = l->missing_since_ms = 0;
	troubles_lack(&l->troubles, FOLLOWED_UNREADABLE, words);
}

void
followed_log_unsealed(struct followed_log *l, const char *words)
{
	(void)alarm_teller_look(&l->troubles.alarms);
	alarm_teller_raise(&l->troubles.alarms, FOLLOWED_BAD_SEAL, FOLLOWED_NO_ENTRY, words);
}

bool
followed_log_doubts(const struct followed_log *l)
{
	return l->troubles.doubted;
}

static enum err
load(struct followed_log *l)
{
	const struct register_log *c = l->config;
	enum err e;

	if (log_trust_load(&l->trust, c, &l->troubles.findings) != OUTCOME_GOOD) {
		logger_say(
		    LOGGER_ERROR, "log-unusable", "%s: %s", c->name, troubles_words(&l->troubles));
		return ERR_CONFIG;
	}
	if ((e = state_directory_open(l->wanted.state_directory, c->name, &l->state)) != ERR_OK ||
	    (e = alarm_teller_open(&l->troubles.alarms, l->wanted.number, c->name, l->state,
		 l->wanted.heard)) != ERR_OK) {
		logger_say(LOGGER_ERROR, "log-unusable", "%s: its state: %s", c->name,
		    inputfile_reason(e));
		return ERR_CONFIG;
	}
	if (newest_open(&l->newest, l->state, c, &l->trust.seal, &l->troubles) != OUTCOME_GOOD) {
		logger_say(LOGGER_ERROR, "log-unusable",
		    "%s: what was verified of it before cannot be told: %s; name the certificates "
		    "of its keys before, too, or put %s/%s/verified back",
		    c->name, troubles_words(&l->troubles), l->wanted.config->state_directory,
		    c->name);
		return ERR_CONFIG;
	}
	l->written = (struct kept_walk){.dir = l->state,
	    .log = c->name,
	    .under = log_trust_digest(&l->trust, c),
	    .every_s = l->wanted.config->follow.freeze_every_s};
	l->leaves = calloc((size_t)BATCH_MAX, sizeof(*l->leaves));
	defects_begin(&l->defects, &l->troubles.findings, UINT64_MAX);
	l->tree = tree_check_new(&l->defects, take_leaves, l);
	l->tree_is_known = true;
	return l->leaves != NULL && l->tree != NULL ? ERR_OK : ERR_MEMORY;
}

/* What a walk needs, and the walk. */
static bool
is_ready(struct followed_log *l)
{
	const struct register_log *c = l->config;
	enum err e;

	if (l->walk != NULL)
		return true;
	troubles_clear(&l->troubles);
	if (l->evidence == NULL && evidence_reader_open(c->evidence, &l->troubles.findings,
				       &l->evidence) != OUTCOME_GOOD) {
		troubles_lack(&l->troubles, FOLLOWED_UNREADABLE, troubles_words(&l->troubles));
		return false;
	}
	evidence_reader_ask(l->evidence, ask_for_evidence, l);
	e = begin_walk(l);
	if (e == ERR_OK && go_on(l) != ERR_OK) {
		walk_free(&l->walk);
		e = begin_walk(l);
	}
	if (e != ERR_OK)
		logger_say(LOGGER_ERROR, "log-unusable", "%s: %s", c->name, err_text(e));
	return e == ERR_OK;
}

static enum err
begin_walk(struct followed_log *l)
{
	const struct walk_wanted wanted = {.origin = l->newest.verified.checkpoint.origin,
	    .evidence = l->evidence,
	    .verdicts = true,
	    .approvers = l->trust.approvers,
	    .approver_count = l->trust.approver_count,
	    .trust = l->trust.collectors,
	    .visit = hear,
	    .visit_context = l};

	return walk_new(&wanted, &l->defects, &l->walk);
}

/* Where a register before this one was; else the walk is to be begun again. */
static enum err
go_on(struct followed_log *l)
{
	struct kept_walk_place place;
	const enum err e =
	    kept_walk_thaw(&l->written, &l->newest.log, l->kept, l->walk, l->tree, &place);

	l->tree_is_known = e == ERR_OK;
	l->walked = place.size;
	l->newest_issued_s = place.newest_issued_s;
	return e;
}

/* Once all who listen have kept it: a walk that is ahead of them is good for nothing. */
static void
write_down(struct followed_log *l)
{
	const struct kept_walk_place place = {l->walked, l->newest_issued_s};
	const struct followed_listener *heard = l->wanted.heard;

	if (!kept_walk_is_due(&l->written, l->walked))
		return;
	if (heard->keep != NULL)
		heard->keep(heard->context, l->wanted.number);
	if (heard->kept != NULL && heard->kept(heard->context, l->wanted.number) < l->walked)
		return;
	kept_walk_freeze(&l->written, &l->newest.log, l->walk, &place);
}

/* False: the look is over. */
static bool
follow_batch(struct followed_log *l)
{
	const uint64_t size = l->newest.log.checkpoint.size;
	uint64_t to;

	if (l->leaf_count == 0) {
		to = (l->walked / TILE_WIDTH) * TILE_WIDTH + BATCH_MAX;
		if (!check_tree(l, l->walked, to < size ? to : size))
			return false;
	}
	if (!walk_batch(l))
		return false;
	tell_state(l);
	write_down(l);
	return true;
}

static bool
check_tree(struct followed_log *l, uint64_t from, uint64_t to)
{
	struct log_reader end = l->newest.log, begin;
	char words[ALARM_WORDS_SIZE];
	enum err e = ERR_OK;

	end.note = BUF_INIT;
	troubles_clear(&l->troubles);
	if (!l->tree_is_known) {
		if ((e = log_begin_of(&l->newest.log, from, &begin)) == ERR_OK)
			e = tree_check_resume(l->tree, &begin);
		l->tree_is_known = e == ERR_OK;
	}
	if (e == ERR_OK && to < l->newest.log.checkpoint.size)
		e = log_begin_of(&l->newest.log, to, &end);
	if (e != ERR_OK) {
		(void)snprintf(words, sizeof(words),
		    "tiles of entries %" PRIu64 " to %" PRIu64 ": %s", from, to - 1,
		    e == ERR_IO ? inputfile_reason(e) : err_text(e));
		l->troubles.doubted = true;
		troubles_lack(&l->troubles,
		    outcome_of_error(e) == OUTCOME_BAD ? FOLLOWED_BAD_TREE : FOLLOWED_UNREADABLE,
		    words);
		return false;
	}
	l->leaf_first = from;
	l->leaf_count = 0;
	tree_check_run(l->tree, &end);
	if (tree_check_state(l->tree) == TREE_CHECK_GOOD && l->leaf_count == to - from)
		return true;
	l->tree_is_known = false;
	l->leaf_count = 0;
	l->troubles.doubted = true;
	if (tree_check_state(l->tree) == TREE_CHECK_WRONG)
		alarm_teller_raise(&l->troubles.alarms, FOLLOWED_BAD_TREE, FOLLOWED_NO_ENTRY,
		    troubles_words(&l->troubles));
	else
		troubles_lack(&l->troubles, FOLLOWED_UNREADABLE, troubles_words(&l->troubles));
	return false;
}

static void
take_leaves(void *context, const struct tree_check_entries *entries)
{
	struct followed_log *l = context;

	for (size_t i = 0; i < entries->count; i++) {
		if (entries->first + i != l->leaf_first + l->leaf_count ||
		    l->leaf_count == (size_t)BATCH_MAX)
			return; /* they do not follow one another: the check has told it */
		l->leaves[l->leaf_count++] = entries->leaf[i];
	}
}

/* What was checked; between two of its bundles nothing more may be to be done. */
static bool
walk_batch(struct followed_log *l)
{
	char words[ALARM_WORDS_SIZE];
	enum err e;

	while (l->leaf_count > 0) {
		if (l->stopped || !l->wanted.wait(l->wanted.wait_context, 0))
			return false;
		if ((e = walk_bundle(l)) == ERR_OK)
			continue;
		if (!l->stopped) {
			(void)snprintf(words, sizeof(words), "entries from %" PRIu64 " on: %s",
			    l->walked, e == ERR_IO ? inputfile_reason(e) : err_text(e));
			troubles_lack(&l->troubles, FOLLOWED_UNREADABLE, words);
		}
		return false;
	}
	return true;
}

/* They are read a second time: what is walked is what was hashed, whoever writes there meanwhile.
 */
static enum err
walk_bundle(struct followed_log *l)
{
	const unsigned begin = (unsigned)(l->walked % TILE_WIDTH);
	struct view entry[TILE_WIDTH], rest;
	struct digest leaf[TILE_WIDTH];
	struct tree_check_entries entries = {l->walked, 0, entry + begin, leaf + begin};
	unsigned end = begin;
	bool exact;
	enum err e = log_read_entries(&l->newest.log, l->walked / TILE_WIDTH, &l->bundle, &exact);

	rest = buf_view(&l->bundle);
	for (unsigned i = 0; e == ERR_OK && i < TILE_WIDTH && i < begin + l->leaf_count; i++)
		if ((e = tile_entry_next(&rest, &entry[i])) == ERR_OK)
			end = i + 1;
	if (e != ERR_OK || end <= begin)
		return e != ERR_OK ? e : ERR_CHANGED;
	entries.count = end - begin;
	merkle_leaves(entries.entry, entries.count, leaf + begin);
	if (memcmp(leaf + begin, l->leaves + (l->walked - l->leaf_first),
		entries.count * sizeof(*leaf)) != 0)
		return ERR_CHANGED;
	walk_take(l->walk, &entries);
	if (l->stopped)
		return ERR_CLOSED;
	l->walked += entries.count;
	l->leaf_count -= entries.count;
	return ERR_OK;
}

/* All that there is was walked. */
static void
conclude(struct followed_log *l)
{
	uint64_t index;

	if (walk_first_approval(l->walk, &index) == OUTCOME_BAD)
		alarm_teller_raise(&l->troubles.alarms, FOLLOWED_UNAPPROVED, index,
		    "the first manifest is approved by none of the keys that were named");
	check_signer(l);
}

/* Which sizes the key may sign stands in the log. */
static void
check_signer(struct followed_log *l)
{
	const uint64_t bad = l->defects.bad;

	troubles_clear(&l->troubles);
	walk_check_key(l->walk, "checkpoint", &l->newest.log.signer, l->newest.log.checkpoint.size);
	if (l->defects.bad != bad)
		alarm_teller_raise(&l->troubles.alarms, FOLLOWED_BAD_SEAL, FOLLOWED_NO_ENTRY,
		    troubles_words(&l->troubles));
}

static void
tell_state(struct followed_log *l)
{
	const struct followed_listener *heard = l->wanted.heard;
	const struct followed_state s = {.log = l->wanted.number,
	    .size = l->newest.log.checkpoint.size,
	    .checked_to = l->walked + l->leaf_count,
	    .replayed_to = l->walked,
	    .newest_issued_s = l->newest_issued_s,
	    .seen_ms = l->newest.seen_ms,
	    .checkpoint = buf_view(&l->newest.log.note)};

	if (heard->state != NULL)
		heard->state(heard->context, &s);
}

/* From the walk. */
static void
hear(void *context, const struct walk_visited *v)
{
	struct followed_log *l = context;
	const struct followed_listener *heard = l->wanted.heard;
	const struct followed_entry told = {.log = l->wanted.number,
	    .index = v->index,
	    .leaf = v->leaf,
	    .kind = v->kind,
	    .issued_s = v->issued_s,
	    .outcome = outcome_worse(walk_visited_outcome(v), v->in_force),
	    .report = v->report,
	    .absence = v->absence,
	    .notice = v->notice,
	    .due_s = v->due_s,
	    .bytes = v->bytes};

	if (l->stopped)
		return;
	l->newest_issued_s = v->issued_s;
	l->missed = l->missed || v->lacks_evidence;
	if (heard->entry != NULL)
		heard->entry(heard->context, &told);
	troubles_of_entry(&l->troubles, v, l->wanted.config->follow.vouched_within_s);
}

/* From the evidence: a content is not there. */
static bool
ask_for_evidence(void *context)
{
	struct followed_log *l = context;
	const uint64_t now = now_ms();
	bool more = false;

	if (l->stopped)
		return false;
	if (now - l->asked_ms >= ASK_EVERY_MS || l->missing_since_ms == 0) {
		l->asked_ms = now;
		if (l->wanted.fetch != NULL)
			l->wanted.fetch(l->wanted.fetch_context);
		if (evidence_reader_update(l->evidence, &l->troubles.findings, &more) ==
			OUTCOME_GOOD &&
		    more)
			return true;
	}
	if (troubles_is_over(&l->troubles, &l->missing_since_ms) ||
	    alarms_stands(&l->troubles.alarms.alarms, FOLLOWED_MISSING))
		return false;
	if (l->wanted.wait(l->wanted.wait_context, ASK_EVERY_MS))
		return true;
	l->stopped = true;
	return false;
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
