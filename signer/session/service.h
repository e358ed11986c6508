/*
 * What all sessions of one signer share. Built and owned by signer.c; on the ledger's loop.
 */
#ifndef HALLMARK_SIGNER_SESSION_SERVICE_H
#define HALLMARK_SIGNER_SESSION_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/signer_config.h"
#include "policy/policy.h"
#include "proto/evidence/bundle.h"
#include "proto/report/report.h"
#include "proto/wire/message.h"
#include "signer/chronicle/chronicle.h"
#include "signer/ground/clock.h"
#include "signer/ground/counters.h"
#include "signer/ground/witnesses.h"
#include "signer/ledger/heads/workload.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/store/evidence.h"
#include "signer/ledger/store/storage.h"
#include "signer/session/nonce.h"
#include "signer/session/verdicts.h"
#include "trust/expiry.h"

struct challenge;
struct policy_change;
struct relays;
struct roster;

/* Challenges that wait (challenge.h), in the order in which their time is over. */
struct challenges {
	struct challenge *first, *last;
	size_t count;
};

/* Who is measured because something was revoked (recall.h). Zero-initialised. */
struct recall {
	bool active;
	bool rests;  /* until the next tick: then those that were passed over have their turn */
	bool passed; /* some could not be asked in this walk */
	bool everybody;
	struct workload_walk walk;
	uint64_t since;          /* index of the notice */
	uint64_t contents_since; /* of the newest that revoked a digest or a set; 0: none did */
	size_t asked;            /* and not answered yet */
	size_t sent;             /* since it began */
};

/* What has an end (signer/loading/ends.h). */
enum ends {
	ENDS_CERTIFICATE,
	ENDS_CLIENT_CA,
	ENDS_CLIENT_CRL,
	ENDS_LOG_CERTIFICATE,
	ENDS_POLICY_REVIEW,
	ENDS_POLICY_EXCEPTION,
	ENDS_POLICY_WINDOW,
	ENDS
};

/* The file of a feed that the policy wants, as it was looked at last. */
struct feed_seen {
	char name[BUNDLE_WORKLOAD_MAX + 1];
	uint64_t written_s; /* since 1970, of the newest that is one, or is in force; 0: none */
	bool refused;       /* what lies there now is none */
};

struct service {
	const struct signer_config *config;
	uint64_t config_generation; /* rises with each configuration; 1 is the first */
	struct policy *policy;      /* in force, once the chronicle has begun */
	struct digest amended;      /* amendments_of_components, as components were judged last */
	uint32_t policy_generation; /* rises with each policy, and with `amended`; 1 is the first */
	struct policy *waiting;     /* configured, and not approved; NULL: none */
	uint32_t waiting_needed, waiting_found; /* approvals, when it was said last */
	bool waiting_said;
	struct policy_change *change; /* by which it is put into force; NULL before it is needed */
	uint64_t reload_refused_s; /* since 1970, of the last reload; 0: it was taken, or there was
				      none */
	struct counters counters;
	struct traffic traffic; /* what the fronts count */
	struct nonce_source *nonces;
	struct evidence_store *evidence;
	struct verdicts verdicts; /* about its components */
	struct workload_table *workloads;
	struct ledger *ledger;
	struct chronicle chronicle;
	struct statement_wait *statement_waits; /* notices whose submitters wait; statements.c */
	struct storage storage;                 /* low: nothing new is taken */
	struct message_decoder *decoder;
	struct buf scratch; /* words of findings, while a report is written */
	struct roster *roster;
	struct relays *relays;
	struct challenges challenges;
	struct recall recall;
	uint64_t evidence_bytes; /* that evidence on its way in takes, whole signer */
	struct session *holders; /* of these bytes; linked in session_state.h */
	struct clock clock;
	struct clock_facts clock_facts; /* when last looked at */
	enum clock_state clock_state;   /* that follows from them */
	struct witnesses *witnesses;
	uint64_t last_issued_s; /* no entry is issued with a time before its predecessor's */
	uint64_t looked_s;      /* what comes before entries of this second is in the log */
	bool clock_behind;      /* said once */
	bool wall_known;        /* `wall_ahead_ms` is set */
	int64_t wall_ahead_ms;  /* wall clock over the time since boot, when last looked at */
	bool stopping;          /* takes no more bundles */
	bool someone_rests;     /* has its share, and is to be looked at again soon (quota.h) */
	struct expiry ends[ENDS];
	struct feed_seen feeds[REPORT_FEEDS_MAX];
	size_t feed_count; /* of them */
};

/* The ledger is open: the clock is held against its newest entry. */
void service_begin_clock(struct service *s);

/*
 * Time for entries, in seconds: the wall clock's if it is trusted (clock.h), never falling; else
 * the newest entry's, and `clock_state` says why. The log says once that this differs, and names
 * every jump of the clock.
 */
uint64_t service_now_s(struct service *s);

/*
 * The same, for an entry that is about to be staged: what has to come before it is staged now
 * (chronicle.h). Not to be called while an entry is being written.
 */
uint64_t service_entry_s(struct service *s);

/*
 * The wall clock's time as it is, trusted or not: for a statement by which the log is set back to
 * it. When that was taken: all goes on from there.
 */
uint64_t service_wall_s(struct service *s);
void service_set_back(struct service *s, uint64_t iat_s);

/* An identity has sent fresh evidence of this time, under a nonce of this age. */
void service_hear_time(
    struct service *s, const char *identity, uint64_t measured_ms, uint64_t nonce_age_ms);

/* What service_entry_s does, at the time that service_now_s gave just now. */
uint64_t service_entry_as_looked_s(struct service *s);

/* A report bears the time that service_now_s gave last. */
void service_has_dated(struct service *s);

/* Wall clock in milliseconds, not before the last entry: as it is, and as service_now_s found it.
 */
uint64_t service_wall_ms(const struct service *s);
uint64_t service_wall_as_looked_ms(const struct service *s);

/* Whether this is the name of a relay, by the configuration in force. */
bool service_is_relay(const struct service *s, const char *identity);

/* Counts a refusal; on the ledger's loop. */
void service_count(struct service *s, enum err e);

#endif
