/*
 * The ledger's insides, shared by the files that make it up. From the top:
 *
 *   ledger.c          the group commit; hears all events, and moves everything on
 *   ledger_stage.c    entries into the open batch (ledger_stage.h)
 *   ledger_recover.c  once, before all others; with ledger_entries.c
 *   ledger_sign.c     guard and log, checkpoints, receipts
 *   ledger_publish.c  publication; receipts from the published log
 *   ledger_succession.c  the change of the log's key
 *   ledger_tokens.c   reports that wait for their token
 *   ledger_state.c    batches in memory, and the end
 *
 * Each calls only what is below it. What a lower one has freed or found is taken up when it
 * returns, by ledger.c's one function that moves every batch as far as it can go. Nobody else
 * includes this.
 */
#ifndef HALLMARK_SIGNER_LEDGER_LEDGER_STATE_H
#define HALLMARK_SIGNER_LEDGER_LEDGER_STATE_H

#include "proto/report/absence.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"
#include "proto/tlog/note.h"
#include "proto/tlog/transition.h"
#include "signer/ledger/batch.h"
#include "signer/ledger/committer.h"
#include "signer/ledger/index_changes.h"
#include "signer/ledger/key/keyprocess.h"
#include "signer/ledger/known_trees.h"
#include "signer/ledger/ledger_events.h"
#include "signer/ledger/ledger_replay.h"
#include "signer/ledger/publisher.h"
#include "signer/ledger/store/evidence.h"
#include "signer/ledger/store/store.h"
#include "signer/ledger/token_turns.h"
#include "signer/ledger/token_window.h"
#include "signer/ledger/told_seen.h"
#include "trust/expiry.h"

/* Published this often where anything is unpublished; a checkpoint is at most this much behind. */
#define LEDGER_PUBLISH_MS 500

/*
 * Published early at this many reports, so that memory and recovery stay small under load, and what
 * a publication keeps from others is over soon.
 */
#define LEDGER_PUBLISH_REPORTS 8192

/*
 * With more than this to publish at once the publisher did not keep up, and hurries. Otherwise it
 * gives way until LEDGER_UNPUBLISHED_MAX is reached, and then everybody waits for it alone.
 */
#define LEDGER_PUBLISH_BEHIND (2 * LEDGER_PUBLISH_REPORTS)

/*
 * The index gets changes at most this often, with a publication: what recovery reads again from the
 * tiles for it takes less time than that.
 */
#define LEDGER_INDEX_MS 2000

/* Bytes of reports held for publication; over it the ledger has no room. */
#define LEDGER_UNPUBLISHED_MAX (256ULL * 1024 * 1024)

/*
 * Bytes of evidence that is not durable yet, held at once as it came and as it goes to the disk;
 * over it the ledger has no room. As much as a batch's reports: a disk that stalls must not make
 * the memory grow with what is sent meanwhile.
 */
#define LEDGER_EVIDENCE_MAX RECORD_SIZE_MAX

/*
 * With so many reports waiting for a token, a checkpoint that only more of them wait for is put
 * off: twice as many as the key process can have sessions keep it busy until that checkpoint is
 * there.
 */
#define LEDGER_TOKENS_LOW 32

/* The key process's view of the log, from its last answer. */
struct ledger_guard {
	uint64_t size;
	struct digest root;
};

/* Reports that wait for their token; ledger_tokens.c. */
struct ledger_token;
struct ledger_tokens {
	struct ledger_token *table; /* by index, in order */
	struct token_turns turns;   /* of those that were not asked */
	struct token_window window; /* of those that were */
	unsigned again;             /* in the table, of receipts that have left before */
	struct known_trees trees;
	bool no_clock;            /* nobody can say what is over: nothing is asked */
	bool want_publication;    /* the next one needs the published tree to catch up */
	uint64_t unsaid;          /* refused since the last line about it */
	uint64_t silent_until_ms; /* uv_now: the next such line not before */
};

/* How the log's key gives way to another; ledger_succession.c. */
struct ledger_succession {
	struct buf ordered;      /* the transition that the key process has brought; or empty */
	struct transition order; /* the same, taken apart */
	bool awaited; /* it is a succession to the key that is there, which signs nothing before it
		       */
	bool has_notice;          /* the log has a key notice */
	uint64_t index;           /* of its newest */
	struct transition newest; /* what that is about */
};

/* What recovery reads entries into, one at a time. */
struct ledger_reader {
	struct report_document report;
	struct absence_document absence;
	struct notice_document notice;
};

struct ledger {
	uv_loop_t *loop;
	const struct signer_config *config;
	struct store *store;
	struct evidence_store *evidence;
	struct workload_table *workloads;
	struct counters *counters;
	struct ledger_events events;
	struct ledger_replay replay;
	struct ledger_reader *reader; /* NULL after recovery */
	struct committer *committer;
	struct publisher *publisher;
	struct keyprocess *key_process;

	struct batch *open;
	struct batch *writing;                    /* with the committer */
	struct batch *written;                    /* waits for the key process */
	struct batch *signing;                    /* with the key process */
	struct batch *sealed_first, *sealed_last; /* to be published */
	struct batch *publishing;                 /* list with the publisher */
	struct batch *spare;                      /* list for reuse */
	size_t spare_bytes;                       /* that these hold, used or not */

	struct merkle_frontier head;        /* tree with every sealed batch */
	struct merkle_frontier signed_head; /* tree of the last checkpoint */
	struct ledger_guard guard;
	struct note_verifier *verifier; /* from the first certificate; NULL before */
	struct expiry certificate;      /* of the newest ones */
	struct digest certificates;     /* SHA-256 of all that were shown last */
	struct told_seen token;
	bool guard_agrees; /* guard and log were compared since the key process came up */
	bool catching_up;  /* the guard is older than the published log and is led up to it */
	bool ready_said;
	bool
	    growth_said; /* that the key process lets the log grow no faster; until it does again */
	uv_timer_t ask_timer;
	struct ledger_tokens tokens;
	struct ledger_succession succession;

	uint64_t published_size;
	struct buf published_note;
	uint64_t publishing_size; /* after the job under way */
	struct buf publishing_note;
	struct index_changes unindexed;
	struct index_changes publishing_changes;
	uint64_t indexed_ms;    /* when the index was last given changes */
	uint64_t last_issued_s; /* of the newest entry */
	uv_timer_t publish_timer;

	uint64_t storage_us, token_us; /* the last commit, the last checkpoint signature */
	uint64_t in_flight;            /* staged and not answered */
	uint64_t unpublished_bytes;
	uint64_t last_signature_ms;
	bool was_full;
	bool failed;
	void (*drained)(void *context);
	void (*closed)(void *context);
	void *closed_context;
	unsigned open_parts; /* committer, publisher, key process, two timers */
};

/* ledger_state.c */

/* Says why and stops everything: from here on no receipt leaves. */
void ledger_fail(struct ledger *l, const char *event, const char *text);

/* An empty open batch that begins at `index`; and one back, for reuse. */
struct batch *ledger_batch_take(struct ledger *l, uint64_t index);
void ledger_batch_give(struct ledger *l, struct batch *b);

/* The batch in memory that holds entry `index`, or NULL. */
struct batch *ledger_batch_find(struct ledger *l, uint64_t index);

/* The receipt of an entry whose batch is signed, without a JWS; `proof` is made for it. */
void ledger_batch_receipt(
    const struct batch *b, size_t entry, struct merkle_proof *proof, struct ledger_receipt *out);

/* Bytes of memory of all batches. */
size_t ledger_batch_bytes(const struct ledger *l);

/* ledger_sign.c */

void ledger_sign_start(struct ledger *l);

/* A key process is there: compares guard and log, and asks again what was not answered. */
void ledger_sign_begin(
    struct ledger *l, uint64_t size, const struct digest *root, struct view certificates);
void ledger_sign_answer(void *context, void *about, const struct keychannel_answer *answer);
void ledger_sign_down(void *context);
void ledger_sign_advance(struct ledger *l);
enum err ledger_answer(struct ledger *l, const struct batch *b, size_t entry,
    const struct ledger_wanted *wanted) MUST_USE;

/* ledger_certificate.c */

/*
 * What a key process that comes up shows: its certificate, those of CAs, what it has seen of its
 * token, and a transition or nothing. False, with the ledger failed, unless the key is the log's.
 */
bool ledger_certificate_take(struct ledger *l, struct view shown);

/*
 * The same in the middle of its life, where the certificate was renewed or something was seen; the
 * ledger fails if the key is another.
 */
void ledger_certificate_renewed(struct ledger *l, struct view shown);

/* ledger_succession.c */

/* A notice of the log, in its order, in recovery; then, once, what the newest key notice says. */
void ledger_succession_note(struct ledger *l, const struct notice_row *row);
enum err ledger_succession_recover(struct ledger *l) MUST_USE;

/* What a key process that is up has brought with its certificate; size 0: nothing. */
void ledger_succession_told(struct ledger *l, struct view transition);

/* The log says that this key follows the one before. */
bool ledger_succession_follows(const struct ledger *l, const struct note_verifier *key);

/*
 * The batch of the key notice that is awaited gets a tree that begins where the last checkpoint's
 * ended, with what is before it. ERR_MEMORY.
 */
enum err ledger_succession_join(struct ledger *l, struct batch *b) MUST_USE;

/* The checkpoint of this size is the old key's, and it had not given way yet. */
bool ledger_succession_signed(const struct ledger *l, const struct note *n, uint64_t size);
void ledger_succession_free(struct ledger *l);

/* ledger_tokens.c */
enum err ledger_tokens_add(struct ledger *l, struct batch *b) MUST_USE;
void ledger_tokens_advance(struct ledger *l);
void ledger_tokens_answer(struct ledger *l, void *about, struct view jws);
void ledger_tokens_refused(struct ledger *l, void *about, struct view text);
void ledger_tokens_restart(struct ledger *l, uint64_t size);
bool ledger_tokens_hold(const struct ledger *l);
enum err ledger_tokens_take_place(
    struct ledger *l, uint64_t index, const struct ledger_wanted *wanted) MUST_USE;

/* Whether a token is wanted about this report, and it is not over. */
bool ledger_tokens_may_ask(const struct ledger *l, struct view wants, struct view report);

/* A receipt under a note of the tree of this size waits for its token. ERR_MEMORY. */
enum err ledger_tokens_again(struct ledger *l, const struct ledger_receipt *receipt,
    uint64_t tree_size, const struct ledger_wanted *wanted) MUST_USE;
void ledger_tokens_free(struct ledger *l);

/* ledger_publish.c */
void ledger_publish_start(struct ledger *l);
void ledger_publish_done(struct ledger *l, enum err result);
void ledger_publish_add(struct ledger *l, struct batch *b);
void ledger_publish_advance(struct ledger *l, bool now);
void ledger_index_entry(struct ledger *l, const struct batch_entry *entry);
enum err ledger_answer_published(
    struct ledger *l, const struct workload *w, const struct ledger_wanted *wanted) MUST_USE;

/* ledger_recover.c */
enum err ledger_recover(struct ledger *l, struct log_index *index) MUST_USE;

/* ledger_entries.c */
enum err ledger_check_newest_bundle(struct ledger *l) MUST_USE;
enum err ledger_replay_tiles(struct ledger *l, uint64_t from) MUST_USE;
enum err ledger_replay_entry(
    struct ledger *l, struct view bytes, uint64_t index, struct batch_entry *entry) MUST_USE;

#endif
