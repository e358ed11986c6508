/*
 * What the key process was asked and has not answered: under its number, what each request was
 * about. All of it belongs to one life of the process: a fresh one knows of no request.
 */
#ifndef HALLMARK_SIGNER_LEDGER_KEY_UNANSWERED_H
#define HALLMARK_SIGNER_LEDGER_KEY_UNANSWERED_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/wire/keychannel.h"

/* All zero is empty. */
struct unanswered {
	struct {
		uint64_t id; /* 0: a free place */
		enum keychannel_type type;
		void *about;
	} asked[KEYCHANNEL_UNANSWERED_MAX];
	unsigned count;
	uint64_t last_id;
};

/* Gives the request its `id`. Aborts if KEYCHANNEL_UNANSWERED_MAX are there. */
void unanswered_add(struct unanswered *u, struct keychannel_request *request, void *about);

/*
 * Takes out the request that this is the answer to, and gives what it was about. False, and nothing
 * is taken, if nobody asked for that.
 */
bool unanswered_take(
    struct unanswered *u, const struct keychannel_answer *answer, void **about) MUST_USE;

#endif
