/*
 * The inside of struct reporter, on which reporter.c (rounds) and reporter_submit.c (a bundle and
 * its answer) build: the log that is reported to, its chains, and the end of a session.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_STATE_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_STATE_H

#include <openssl/evp.h>

#include "collector/act/actor.h"
#include "collector/ground/trouble.h"
#include "collector/measure/measure.h"
#include "collector/processes/measurer.h"
#include "collector/report/client.h"
#include "collector/report/ranking.h"
#include "collector/report/reporter_challenge.h"
#include "collector/report/unmeasured.h"
#include "collector/store/chain.h"
#include "collector/store/state.h"
#include "collector/tell/board.h"
#include "collector/tokens/giver.h"

/* What is known of one workload. */
struct reporter_workload {
	const struct collector_workload *config;
	struct reporter *reporter;      /* whose it is */
	struct chain *chain;            /* in the current log; NULL: not opened yet */
	struct measurement measurement; /* the newest one: its components are kept */
	struct unmeasured lack;         /* of that one */
	bool spool_was_full;            /* told already */
	bool was_unwatched;             /* some of it; told already */
	bool lacks_room;                /* what came of it last could not be kept */
	uint64_t took_ms;               /* the newest try to measure it */
	uint64_t refresh_ms;            /* measured anew for a token then; 0: there is none */
	/* of the measurement that is under way, as it was when that began */
	uint64_t clock_ms; /* by interrupt_clock_ms */
	uint64_t session;  /* 0: none */
	uint8_t nonce[NONCE_SIZE];
	struct reporter_challenge challenge;
	struct unmeasured lacks;
	uint64_t lost; /* state_segments_lost */
	bool unkept;   /* there was no room for some of it */
};

struct reporter {
	const struct collector_config *config;
	uint64_t next_s; /* what bundles promise; 0: nothing */
	bool has_program;
	struct digest program; /* of the executable that runs */
	struct state *state;
	struct channel_context *tls;
	struct measurer *measurer;    /* borrowed */
	struct board *board;          /* borrowed; NULL: nobody asks */
	struct giver *giver;          /* borrowed; NULL: tokens go nowhere */
	struct actor *actor;          /* borrowed; NULL: nothing is done about verdicts */
	struct receipt_keys *log_key; /* by signer */
	int receipts;                 /* directory */
	struct client *client;        /* NULL: not connected */
	uint64_t sessions;            /* so far; the number of this one */
	uint64_t away_ms;       /* since when no signer answers; 0: one did, or none has so far */
	bool was_there;         /* one has answered in this run */
	struct ranking ranking; /* of the signers */
	bool moved;             /* the session is with another one than the one before */
	uint64_t look_ms;       /* when the files of TLS were looked at last */
	struct buf log;         /* origin of the current log; empty: none yet */
	int log_dir;
	struct reporter_workload *workloads;
	struct reporter_challenges challenges; /* by workload, as those */
	bool stored;              /* components came, or bundles went, since the last tidying */
	uint64_t component_bytes; /* that are stored, or a few more */
	bool failed;              /* the state could not be kept, or nobody measures */
};

/*
 * Goes over to the log `origin`, if it is another one: all chains of it are opened at once, so that
 * it is known what waits. Any error but that of a chain whose file is faulty (told) is returned.
 */
enum err reporter_select_log(struct reporter *r, struct view origin, struct trouble *t) MUST_USE;

/* Opens the workload's chain in the current log. ERR_FORMAT, ERR_NO_ROOM (told), ERR_IO (failed).
 */
enum err reporter_open_chain(struct reporter *r, struct reporter_workload *w) MUST_USE;
void reporter_close_chains(struct reporter *r);

/*
 * Drops the oldest of what waits of a workload where it is more or older than may be kept, and some
 * more with it, since all that wait are written anew. Told once, until there is room again. False:
 * the state cannot be kept (told).
 */
bool reporter_make_room(struct reporter *r, struct reporter_workload *w);

/*
 * There was no room on the disk for what is to be kept of a workload, and there is. Told once,
 * until there is room for all of them again.
 */
void reporter_lack_room(struct reporter *r, struct reporter_workload *w, const struct trouble *t);
void reporter_have_room(struct reporter *r, struct reporter_workload *w);

/* The signer that is spoken to is passed over, for this. */
void reporter_tell_passed(const struct reporter *r, enum err e);

/* Ends the session, and tells why unless it is an orderly end between exchanges (t NULL). */
void reporter_disconnect(struct reporter *r, enum err e, const struct trouble *t);

#endif
