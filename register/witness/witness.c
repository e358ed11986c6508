#include "register/witness/witness.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal/logger.h"
#include "log/log_reader.h"
#include "proto/tlog/cosignature.h"
#include "register/ground/private_key.h"
#include "register/witness/cosigned.h"

#define FILE_NAME "cosigned.db" /* in the state directory */

/* Of one log: why it is not cosigned, said once until it is again. */
enum refusal {
	REFUSAL_NONE,
	REFUSAL_ALARM,
	REFUSAL_BEHIND,
	REFUSAL_OTHER_TREE,
	REFUSAL_UNPROVED,
	REFUSAL_CLOCK,
	REFUSAL_FAILED,
	REFUSALS,
};

static const char *const refusal_text[REFUSALS] = {
    [REFUSAL_ALARM] = "it has an alarm that forbids it: see what was said of the log",
    [REFUSAL_BEHIND] = "its tree is smaller than one that was cosigned: a copy that is behind, or "
		       "a log that was set back",
    [REFUSAL_OTHER_TREE] = "its tree is not the one of that size that was cosigned: the log has "
			   "forked; keep this checkpoint and the one in cosigned.db",
    [REFUSAL_UNPROVED] = "that its tree has grown from the one that was cosigned last could not "
			 "be proved by its tiles",
    [REFUSAL_CLOCK] = "the clock of this machine is behind the last cosignature: it has to be set "
		      "right first",
    [REFUSAL_FAILED] = "it could not be signed or kept",
};

struct witnessed {
	char origin[CHECKPOINT_ORIGIN_MAX + 1]; /* "": nothing was heard of it */
	bool in_alarm;
	enum refusal said;
};

struct witness {
	const struct register_config *config;
	struct cosigner *key;
	pthread_mutex_t lock; /* of all below */
	struct cosigned *cosigned;
	struct witnessed *log; /* as many as are configured */
};

static enum err read_key(const struct register_config *config, struct cosigner **out);
static uint64_t take_nothing(void *context, unsigned log);
static void take_state(void *context, const struct followed_state *state);
static void take_alarm(void *context, const struct followed_alarm *alarm);
static void take_acknowledged(void *context, unsigned log);
static bool forbids(enum followed_alarm_kind kind);
static bool is_anothers(const struct witness *w, unsigned log, const char *origin);
static enum refusal cosign(
    struct witness *w, unsigned log, struct view note_bytes, const struct checkpoint *c);
static enum refusal check_growth(
    const char *directory, const struct checkpoint *old, const struct checkpoint *new_one);
static void tell(struct witness *w, unsigned log, enum refusal why);

enum err
witness_open(const struct register_config *config, struct witness **out)
{
	struct buf path = BUF_INIT;
	struct witness *w;
	enum err e = ERR_OK;

	*out = NULL;
	if (config->witness.key == NULL)
		return ERR_OK;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return ERR_MEMORY;
	w->config = config;
	(void)pthread_mutex_init(&w->lock, NULL);
	buf_append_format(&path, "%s/" FILE_NAME, config->state_directory);
	buf_append_byte(&path, '\0');
	if ((w->log = calloc(config->log_count, sizeof(*w->log))) == NULL)
		e = ERR_MEMORY;
	if (e == ERR_OK && (e = buf_status(&path)) == ERR_OK &&
	    (e = read_key(config, &w->key)) == ERR_OK)
		e = cosigned_open((const char *)path.data, &w->cosigned);
	buf_free(&path);
	if (e != ERR_OK)
		witness_free(&w);
	*out = w;
	return e;
}

void
witness_free(struct witness **wp)
{
	struct witness *w = *wp;

	if (w == NULL)
		return;
	cosigned_close(&w->cosigned);
	cosigner_free(&w->key);
	(void)pthread_mutex_destroy(&w->lock);
	free(w->log);
	free(w);
	*wp = NULL;
}

struct followed_listener
witness_listener(struct witness *w)
{
	return (struct followed_listener){.context = w,
	    .kept = take_nothing,
	    .state = take_state,
	    .alarm = take_alarm,
	    .acknowledged = take_acknowledged};
}

bool
witness_find_log(const struct witness *w, struct view name, unsigned *log)
{
	for (unsigned i = 0; i < w->config->log_count; i++) {
		if (view_equal(name, view_of_string(w->config->logs[i].name))) {
			*log = i;
			return true;
		}
	}
	return false;
}

enum err
witness_write_key(const struct witness *w, struct buf *to)
{
	enum err e = cosigner_write(w->key, to);

	buf_append_byte(to, '\n');
	return e == ERR_OK ? buf_status(to) : e;
}

enum err
witness_find(struct witness *w, unsigned log, uint64_t size, struct buf *note)
{
	enum err e = ERR_NOT_FOUND;

	(void)pthread_mutex_lock(&w->lock);
	if (log < w->config->log_count && w->log[log].origin[0] != '\0')
		e = cosigned_find_covering(w->cosigned, w->log[log].origin, size, note);
	(void)pthread_mutex_unlock(&w->lock);
	return e;
}

static enum err
read_key(const struct register_config *config, struct cosigner **out)
{
	EVP_PKEY *key;
	enum err e = private_key_read(config->witness.key, "witness-key", &key);

	if (e != ERR_OK)
		return e;
	if ((e = cosigner_new(config->witness.name, key, out)) != ERR_OK)
		logger_say(LOGGER_ERROR, "witness-key", "%s: %s", config->witness.key, err_text(e));
	EVP_PKEY_free(key);
	return e;
}

/* Entries are nothing to it. */
static uint64_t
take_nothing(void *context, unsigned log)
{
	(void)context;
	(void)log;
	return UINT64_MAX;
}

static void
take_state(void *context, const struct followed_state *state)
{
	struct witness *w = context;
	struct checkpoint c;
	struct note note;
	enum refusal why = REFUSAL_FAILED;

	/* Not what is only on the way to it. */
	if (state->checkpoint.size == 0 || state->replayed_to != state->size)
		return;
	(void)pthread_mutex_lock(&w->lock);
	if (note_parse(state->checkpoint, &note) == ERR_OK &&
	    checkpoint_parse(note.text, &c) == ERR_OK) {
		if (is_anothers(w, state->log, c.origin)) {
			(void)pthread_mutex_unlock(&w->lock);
			return;
		}
		memcpy(w->log[state->log].origin, c.origin, sizeof(c.origin));
		why = w->log[state->log].in_alarm ? REFUSAL_ALARM
						  : cosign(w, state->log, state->checkpoint, &c);
	}
	tell(w, state->log, why);
	(void)pthread_mutex_unlock(&w->lock);
}

static void
take_alarm(void *context, const struct followed_alarm *alarm)
{
	struct witness *w = context;

	(void)pthread_mutex_lock(&w->lock);
	w->log[alarm->log].in_alarm = w->log[alarm->log].in_alarm || forbids(alarm->kind);
	(void)pthread_mutex_unlock(&w->lock);
}

static void
take_acknowledged(void *context, unsigned log)
{
	struct witness *w = context;

	(void)pthread_mutex_lock(&w->lock);
	w->log[log].in_alarm = false;
	(void)pthread_mutex_unlock(&w->lock);
}

/* A witness says how the tree has grown, and nothing about what is in it. */
static bool
forbids(enum followed_alarm_kind kind)
{
	return kind == FOLLOWED_FORK || kind == FOLLOWED_ROLLBACK || kind == FOLLOWED_BAD_SEAL ||
	       kind == FOLLOWED_BAD_TREE;
}

static bool
is_anothers(const struct witness *w, unsigned log, const char *origin)
{
	for (size_t i = 0; i < w->config->log_count; i++)
		if (i != log && strcmp(w->log[i].origin, origin) == 0)
			return w->log[log].origin[0] == '\0';
	return false;
}

static enum refusal
cosign(struct witness *w, unsigned log, struct view note_bytes, const struct checkpoint *c)
{
	struct checkpoint before;
	struct buf signed_note = BUF_INIT;
	uint64_t before_s = 0;
	const time_t now = time(NULL);
	const uint64_t now_s = now > 0 ? (uint64_t)now : 0;
	struct note note;
	enum refusal why = REFUSAL_NONE;
	enum err e = cosigned_find_newest(w->cosigned, c->origin, &before, &before_s);

	if (e == ERR_OK && before.size == c->size)
		return digest_equal(&before.root, &c->root) ? REFUSAL_NONE : REFUSAL_OTHER_TREE;
	if (e == ERR_OK)
		why = now_s < before_s ? REFUSAL_CLOCK
				       : check_growth(w->config->logs[log].directory, &before, c);
	else if (e != ERR_NOT_FOUND)
		why = REFUSAL_FAILED;
	if (why != REFUSAL_NONE)
		return why;
	buf_append_view(&signed_note, note_bytes);
	if (note_parse(note_bytes, &note) != ERR_OK ||
	    cosigner_sign(w->key, note.text, now_s, &signed_note) != ERR_OK ||
	    cosigned_put(w->cosigned, c, now_s, buf_view(&signed_note)) != ERR_OK)
		why = REFUSAL_FAILED;
	buf_free(&signed_note);
	return why;
}

/* By a proof from root to root, so that it does not matter what the tiles were when they were read.
 */
static enum refusal
check_growth(const char *directory, const struct checkpoint *old, const struct checkpoint *new_one)
{
	struct log_reader reader = {.dir = -1};
	struct merkle_proof proof;
	enum err e;

	if (new_one->size < old->size)
		return REFUSAL_BEHIND;
	if ((e = log_open_unproved(&reader, directory)) == ERR_OK) {
		reader.checkpoint = *new_one;
		e = merkle_prove_consistency(
		    old->size, new_one->size, log_read_node, &reader, &proof);
	}
	log_close(&reader);
	if (e == ERR_OK)
		e = merkle_verify_consistency(
		    old->size, &old->root, new_one->size, &new_one->root, &proof);
	return e == ERR_OK ? REFUSAL_NONE : REFUSAL_UNPROVED;
}

static void
tell(struct witness *w, unsigned log, enum refusal why)
{
	struct witnessed *one = &w->log[log];

	if (why == one->said)
		return;
	one->said = why;
	if (why != REFUSAL_NONE)
		logger_say(LOGGER_ERROR, "not-cosigned", "%s: %s", w->config->logs[log].name,
		    refusal_text[why]);
	else
		logger_say(
		    LOGGER_NOTICE, "cosigning", "%s is cosigned again", w->config->logs[log].name);
}
