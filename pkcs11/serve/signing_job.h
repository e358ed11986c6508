/*
 * What is to be signed, and what was: from the request that it is of to the answer.
 */
#ifndef HALLMARK_PKCS11_SERVE_SIGNING_JOB_H
#define HALLMARK_PKCS11_SERVE_SIGNING_JOB_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/wire/keychannel.h"

struct signing_job {
	enum keychannel_type type; /* KEYCHANNEL_CHECKPOINT or KEYCHANNEL_TOKEN */
	uint64_t id;               /* of the request */
	bool is_summary;           /* and no JWS */
	struct buf input;          /* the checkpoint's text, the claims, or a summary's payload */
	struct buf body;           /* when done: the signed note, the JWS, or the envelope */
	struct buf beside;         /* the signing threads': of a note, the Ed25519 key's line */
	unsigned unsigned_parts;   /* theirs, under the mutex: signatures that are not made yet */
	enum err result; /* when done; ERR_TOKEN: the token may hang in any further call */
	struct signing_job *next;
};

struct signing_job *signing_job_new(enum keychannel_type type, uint64_t id);
void signing_job_free(struct signing_job **job);

/* In their order. */
struct signing_jobs {
	struct signing_job *first, *last; /* NULL: none */
};

void signing_jobs_add(struct signing_jobs *to, struct signing_job *job);

/* There is at least one of them. */
void signing_jobs_append(struct signing_jobs *to, struct signing_jobs jobs);

/* With all behind it; takes NULL. */
void signing_jobs_free(struct signing_job **list);

#endif
