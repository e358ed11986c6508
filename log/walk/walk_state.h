/*
 * A walk while it looks at one entry, and how it tells what is wrong with it. Only walk.c and
 * walk_entry.c include this.
 */
#ifndef HALLMARK_LOG_WALK_WALK_STATE_H
#define HALLMARK_LOG_WALK_WALK_STATE_H

#include "log/defects.h"
#include "log/stored/policy_cache.h"
#include "log/told_token.h"
#include "log/walk/chains.h"
#include "log/walk/notices.h"
#include "log/walk/rederive.h"
#include "log/walk/revocations.h"
#include "log/walk/silence.h"
#include "log/walk/unknowns.h"
#include "log/walk/walk_wanted.h"
#include "proto/report/absence.h"

#define DOUBT_SIZE 160 /* bytes of half a sentence */

struct walk {
	struct walk_wanted wanted;
	struct defects *defects;
	struct notices *notices;
	struct policy_cache *policies; /* NULL without evidence */
	struct rederive *rederive;     /* NULL unless verdicts are wanted */
	struct chains chains;
	struct silence silence; /* only with evidence */
	struct manifests manifests;
	struct revocations revocations;
	struct unknowns unknowns;
	struct told_token token;
	struct vouchers vouchers;
	struct walk_counts counts;
	uint64_t next;          /* index of the next entry */
	uint64_t issued_s;      /* iat of the newest entry; 0: there was none */
	uint64_t policy_told;   /* serial number of the policy whose absence was told last */
	enum outcome term;      /* of the notice that brought the manifest in force */
	bool concluded;         /* what is not of one entry was told */
	char doubt[DOUBT_SIZE]; /* why what follows from entries before is not certain; or empty */

	/* the entry */
	uint64_t index;
	struct view bytes;
	struct entry_place here;
	char own_doubt[DOUBT_SIZE]; /* why it cannot be proved wrong; or empty */
	enum walk_about about;      /* what is looked at */
	struct walk_visited now;    /* what is found */
	struct report_document report;
	struct absence_document absence;
	struct notice_document notice;
};

#define WHERE_SIZE 32 /* bytes of "entry " and a number */

void walk_where(uint64_t index, char where[WHERE_SIZE]);

/* `format` says, behind "because", why nothing behind this entry is certain. The first stays. */
void walk_doubt(struct walk *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Of the entry no more is told before this is followed by another. */
void walk_state_begin_entry(struct walk *w);

/* An outcome that hangs on nothing but the entry. */
void walk_tell(struct walk *w, enum outcome o, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * What was found, if anything. In doubt about the entry, and where `of_place` says that it follows
 * from others about those too, nothing is bad. Gives the outcome.
 */
enum outcome walk_tell_reason(struct walk *w, const struct reason *r, bool of_place);

#endif
