/*
 * The chronicle: what the signer itself has to say in its log, beside the reports. That it took no
 * bundles for a while (start notices), what is in force (manifest and statement notices), and who
 * was silent (absences). PROTOCOL.md, "Notices", "Statements" and "Absence", has the rules.
 *
 * Happy path
 *   1. recovery tells what the log says already (chronicle_replay)
 *   2. when the ledger is ready, before anything is accepted: a start notice, and what the key
 *      process tells of its token where the log does not have it (chronicle_begin)
 *   3. before the first entry of each second of the log, and now and then where there is none:
 *      chronicle_look, which puts the absences of that second
 *   4. for each report: its due, and the newest notice that it names
 *
 * How it fails
 *   - nothing could be taken for more than CHRONICLE_HELD_S, because the ledger had no room, the
 *     disk was nearly full, the loop stood still, or the clock was set: a start notice comes
 *     before any later entry. So no workload is called absent for the signer's own time, and none
 *     that was overdue before is forgotten: the auditor sees the same.
 *   - there is more to say than fits: the rest is said as soon as it does. What must not be
 *     preceded by a report holds reports up (chronicle_is_late).
 *   - kill -9: what was staged and not durable is not said; it is, after the next start.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_CHRONICLE_H
#define HALLMARK_SIGNER_CHRONICLE_CHRONICLE_H

#include "signer/chronicle/absences.h"
#include "signer/chronicle/notice_writer.h"
#include "signer/chronicle/replay.h"

/* Shorter ones are covered by any grace that makes sense, and by the auditor's slack. */
#define CHRONICLE_HELD_S 10

struct chronicle {
	char *origin;
	struct notice_writer notices;
	struct absences absences;
	struct replay *replay; /* until it begins */
	uint64_t taking_s;     /* when bundles could last be taken */
	bool storage_was_low;  /* since then */
	bool had_no_time;      /* since then */
	bool begun;
};

/* Whether bundles can be taken. */
enum chronicle_taking {
	CHRONICLE_TAKES,
	CHRONICLE_NO_ROOM,
	CHRONICLE_STORAGE_LOW,
	CHRONICLE_NO_TIME /* the clock is not to be trusted */
};

/*
 * Of the log with this origin, which is copied. `configured` is the policy of the configuration,
 * and stays until the ledger is open. ERR_MEMORY.
 */
enum err chronicle_init(struct chronicle *c, const char *origin, struct evidence_store *evidence,
    struct workload_table *workloads, const struct policy *configured) MUST_USE;
void chronicle_free(struct chronicle *c);

/* For ledger_open. */
struct ledger_replay chronicle_replay(struct chronicle *c);

/* `transcript`: of the ceremony, which the first notice of a new log names; NULL: none. */
void chronicle_begin(
    struct chronicle *c, struct ledger *ledger, uint64_t iat_s, const struct digest *transcript);

/* The one that this log's first notice names; NULL: none, or the log has not begun. */
const struct digest *chronicle_transcript(const struct chronicle *c);

/* An entry of this time may follow; `taking` as it is now. */
void chronicle_look(struct chronicle *c, uint64_t iat_s, enum chronicle_taking taking);

/* A notice has set the log back to this time. */
void chronicle_set_back(struct chronicle *c, uint64_t iat_s);

/* Goes on with what chronicle_look left, if the ledger takes it. True: call again. */
bool chronicle_go_on(struct chronicle *c);

/* What is left must not come behind a report. */
bool chronicle_is_late(const struct chronicle *c);

#endif
