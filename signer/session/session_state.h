/*
 * A session's insides, for the files of this room that work on one: session.c, which is told what
 * comes in, above upload.c and relay.c, above filing.c, challenge.c and refusal.c, above roster.c.
 * Nobody else includes this.
 */
#ifndef HALLMARK_SIGNER_SESSION_SESSION_STATE_H
#define HALLMARK_SIGNER_SESSION_SESSION_STATE_H

#include <openssl/x509.h>

#include "proto/bytes.h"
#include "proto/evidence/bundle.h"
#include "signer/session/roster.h"
#include "signer/session/service.h"
#include "signer/session/session_output.h"

struct challenge;

enum session_state { SESSION_NEW, SESSION_OPEN, SESSION_LOST, SESSION_STATES };

/* A bundle on its way through the checks; views into the frame, or into a waiting copy. */
struct filing {
	struct view bytes; /* canonical */
	struct view signature;
	struct bundle bundle;
	struct digest digest;
	struct workload *workload;      /* NULL until it was found and allowed */
	const struct policy_rule *rule; /* then, of the policy in force */
	struct nonce_word nonce;        /* of fresh evidence, once it was checked */
	uint64_t arrived_us;            /* monotonic; with all its components */
};

/* A segment that a bundle waits for, as the list that names it says. */
struct waiting_segment {
	struct component_segment named;
	enum component_kind kind;
	bool last; /* of the list */
	bool come;
};

/* A bundle that waits for components, and then for segments of those that are lists. */
struct waiting {
	struct buf bytes; /* bundle, then signature */
	size_t held;      /* bytes of the service's that this takes, without its segments */
	struct filing filing;
	bool lacks[COMPONENT_KIND_COUNT]; /* asked for, and not yet come */
	bool asked_segments;
	struct waiting_segment *segments; /* sorted by digest */
	size_t segment_count;
	size_t segments_left; /* not yet come */
	struct waiting *next;
};

/* What is said of the bytes that are awaited under a digest. */
struct awaited {
	uint64_t size;   /* bytes */
	bool is_segment; /* else a component of one of the other forms, and no more is known */
	enum component_kind kind;
	uint64_t count; /* items */
	bool last;
};

struct session {
	struct service *service;
	struct session_output output;
	const STACK_OF(X509) * chain; /* the peer's, its own certificate first */
	char *identity;
	struct collector *collector; /* of this identity, held from the hello on; NULL before */
	uint64_t number;             /* of the connection */
	enum session_state state;
	bool gone;
	bool counted;             /* among its collector's connections */
	bool is_relay;            /* as of this generation of the settings */
	uint64_t role_generation; /* 0: not looked up */
	struct roster_place place;
	struct challenge *asked; /* of this collector, and not come */
	uint32_t asking;         /* requests of this relay that have no answer */
	uint32_t in_flight;      /* bundles whose receipt is the ledger's to give */
	struct waiting *waiting;
	uint32_t waiting_count;
	/* The one component, or segment, that is being received. */
	struct digest upload_digest;
	struct awaited upload_as; /* size 0: none */
	struct buf upload;
	uint64_t void_bytes; /* asked for by bundles refused since: may still be on their way */
	uint64_t held_bytes; /* of the service's; holding.h */
	struct session *next_holder, *previous_holder; /* of the service's, while it holds any */
};

#endif
