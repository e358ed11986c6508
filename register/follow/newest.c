#include "register/follow/newest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "journal/logger.h"
#include "log/inputfile.h"

static bool read_checkpoint(struct newest *n, struct log_reader *out);
static bool accept(struct newest *n, struct log_reader *now);
static void refuse_older(struct newest *n, const struct log_reader *now);
static uint64_t now_ms(void);

enum outcome
newest_open(struct newest *n, int state, const struct register_log *config,
    const struct seal_wanted *seal, struct troubles *troubles)
{
	n->config = config;
	n->seal = seal;
	n->troubles = troubles;
	return verified_open(&n->verified, state, seal, &troubles->findings);
}

void
newest_close(struct newest *n)
{
	log_close(&n->log);
	verified_free(&n->verified);
}

bool
newest_look(struct newest *n)
{
	struct log_reader now;

	if (read_checkpoint(n, &now) && accept(n, &now))
		return true;
	log_close(&now);
	return false;
}

/* Authentic, where it is true; to be closed whatever comes out. */
static bool
read_checkpoint(struct newest *n, struct log_reader *out)
{
	const struct register_log *c = n->config;
	char words[ALARM_WORDS_SIZE];
	struct seal seal;
	enum err e = ERR_IO;

	*out = (struct log_reader){.dir = -1, .note = BUF_INIT};
	troubles_clear(n->troubles);
	if ((out->dir = open(c->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    (e = inputfile_read(out->dir, "checkpoint", NOTE_SIZE_MAX, &out->note)) != ERR_OK) {
		(void)snprintf(
		    words, sizeof(words), "%s/checkpoint: %s", c->directory, inputfile_reason(e));
		troubles_lack(n->troubles, FOLLOWED_UNREADABLE, words);
		return false;
	}
	if (view_equal(buf_view(&out->note), buf_view(&n->log.note)) && n->log.note.size > 0) {
		out->checkpoint = n->log.checkpoint; /* its signature was verified before */
		out->signer = n->log.signer;
		return true;
	}
	if (seal_check(n->seal, buf_view(&out->note), &n->troubles->findings, &seal) !=
	    OUTCOME_GOOD) {
		alarm_teller_raise(&n->troubles->alarms, FOLLOWED_BAD_SEAL, FOLLOWED_NO_ENTRY,
		    troubles_words(n->troubles));
		return false;
	}
	out->checkpoint = seal.checkpoint;
	out->signer = *signercert_key_digest(seal.by);
	seal_free(&seal);
	return true;
}

/* Then it is `n->log`, moved. */
static bool
accept(struct newest *n, struct log_reader *now)
{
	struct buf words = BUF_INIT;
	char text[ALARM_WORDS_SIZE];
	bool accepted = false;
	enum err e;

	switch (verified_compare(&n->verified, now, &words, &e)) {
	case VERIFIED_SAME:
	case VERIFIED_GROWN:
		accepted = true;
		break;
	case VERIFIED_SMALLER:
		refuse_older(n, now);
		break;
	case VERIFIED_FORKED:
		buf_append_byte(&words, '\0');
		alarm_teller_raise(&n->troubles->alarms, FOLLOWED_FORK, FOLLOWED_NO_ENTRY,
		    (const char *)words.data);
		break;
	case VERIFIED_OTHER:
		(void)snprintf(text, sizeof(text), "expected a checkpoint of %s, found one of %s",
		    n->verified.checkpoint.origin, now->checkpoint.origin);
		alarm_teller_raise(
		    &n->troubles->alarms, FOLLOWED_BAD_SEAL, FOLLOWED_NO_ENTRY, text);
		break;
	case VERIFIED_UNTOLD:
		n->troubles->doubted = true;
		(void)snprintf(text, sizeof(text),
		    "whether the %" PRIu64 " entries that were verified are how its %" PRIu64
		    " began cannot be told: %s",
		    n->verified.checkpoint.size, now->checkpoint.size,
		    e == ERR_IO ? inputfile_reason(e) : err_text(e));
		troubles_lack(n->troubles,
		    outcome_of_error(e) == OUTCOME_BAD ? FOLLOWED_BAD_TREE : FOLLOWED_UNREADABLE,
		    text);
		break;
	}
	buf_free(&words);
	if (accepted && verified_accept(&n->verified, now) != ERR_OK) {
		logger_say(LOGGER_ERROR, "state-unwritable",
		    "%s: what was verified cannot be kept: %s; nothing more of it is followed",
		    n->config->name, strerror(errno));
		accepted = false;
	}
	if (!accepted)
		return false;
	log_close(&n->log);
	n->log = *now;
	now->dir = -1; /* moved */
	now->note = BUF_INIT;
	n->seen_ms = now_ms();
	return true;
}

static void
refuse_older(struct newest *n, const struct log_reader *now)
{
	char text[ALARM_WORDS_SIZE];

	(void)snprintf(text, sizeof(text),
	    "expected the %" PRIu64 " entries that were verified, or more, found %" PRIu64,
	    n->verified.checkpoint.size, now->checkpoint.size);
	troubles_lack(n->troubles, FOLLOWED_ROLLBACK, text);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
