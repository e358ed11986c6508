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
	struct workload *workload; /* NULL until it was found and allowed */
	uint64_t serial;           /* of its nonce */
	uint64_t arrived_us;       /* monotonic; with all its components */
};

/* A bundle that waits for components. */
struct waiting {
	struct buf bytes; /* bundle, then signature */
	struct filing filing;
	bool lacks[COMPONENT_KIND_COUNT]; /* asked for, and not yet come */
	struct waiting *next;
};

struct session {
	struct service *service;
	struct session_output output;
	X509 *certificate; /* the peer's */
	char *identity;
	uint64_t number; /* of the connection */
	enum session_state state;
	bool gone;
	bool is_relay;            /* as of this generation of the settings */
	uint64_t role_generation; /* 0: not looked up */
	struct roster_place place;
	struct challenge *asked; /* of this collector, and not come */
	uint32_t asking;         /* requests of this relay that have no answer */
	uint32_t in_flight;      /* bundles whose receipt is the ledger's to give */
	struct waiting *waiting;
	uint32_t waiting_count;
	/* The one component that is being received. */
	struct digest upload_digest;
	struct buf upload;
	uint64_t upload_size;                          /* bytes, as its bundle says; 0: none */
	struct session *next_upload, *previous_upload; /* of the service's, while there is one */
	uint64_t void_bytes; /* asked for by bundles refused since: may still be on their way */
};

#endif
