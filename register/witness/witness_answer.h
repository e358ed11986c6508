/*
 * What the witness answers by HTTP.
 *
 *   GET /v1/witness            its verifier key line
 *   GET /v1/cosigned/{log}     the oldest checkpoint of the log that it has cosigned, as a note;
 * with `size` in the query, of those whose tree has as many entries or more
 *
 * Both are for everybody who may ask at all: whoever believes the witness was given its key by
 * another way.
 */
#ifndef HALLMARK_REGISTER_WITNESS_WITNESS_ANSWER_H
#define HALLMARK_REGISTER_WITNESS_WITNESS_ANSWER_H

#include "register/front/route.h"

/* Handlers for a thread of the pool; the context is the witness. */
void witness_answer_key(void *witness, const struct request *r, struct response *out);
void witness_answer_cosigned(void *witness, const struct request *r, struct response *out);

#endif
