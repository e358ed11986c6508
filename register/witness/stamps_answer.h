/*
 * What is answered of timestamps by HTTP.
 *
 *   GET /v1/timestamps/{log}/checkpoint   the oldest checkpoint of the log that has a timestamp, as
 *                                         a note, to the byte as it was timestamped
 *   GET /v1/timestamps/{log}/reply        the authority's reply to it (RFC 3161)
 *
 * with `size` in the query, of those whose tree has as many entries or more: the same of both, as
 * none is kept behind a larger one. They are for everybody who may ask at all: what they are worth
 * is the log's and the authority's word.
 */
#ifndef HALLMARK_REGISTER_WITNESS_STAMPS_ANSWER_H
#define HALLMARK_REGISTER_WITNESS_STAMPS_ANSWER_H

#include "register/front/route.h"

/* Handlers for a thread of the pool; the context is a struct stamps. */
void stamps_answer_checkpoint(void *stamps, const struct request *r, struct response *out);
void stamps_answer_reply(void *stamps, const struct request *r, struct response *out);

#endif
