/*
 * What is said to one process that asks at the desk (collector/tokens/desk.h), and what it says.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_DESK_VISITOR_H
#define HALLMARK_COLLECTOR_TOKENS_DESK_VISITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/tokens/giver_channel.h"

#define DESK_REQUEST_MAX  576 /* bytes: nonce and audience */
#define DESK_NONCE_DIGITS 32

enum desk_state {
	DESK_FREE,
	DESK_GREETED,  /* has the nonce */
	DESK_WAITING,  /* has asked */
	DESK_LOOKED_AT /* kin.h was asked about it */
};

struct desk_visitor {
	enum desk_state state;
	int fd, pidfd;
	size_t workload;
	pid_t pid;
	uid_t user;
	uint64_t order, until_ms;
	char nonce[DESK_NONCE_DIGITS + 1];
	size_t size; /* of the request, as far as it has come */
	char request[DESK_REQUEST_MAX + 1];
	const char *audience; /* in it; empty: the first */
};

/* Pins it and gives it a nonce; one that has ended is refused. */
void desk_visitor_greet(struct desk_visitor *v, struct giver_counts *counts);

/* Takes what has come. With all of the request it is DESK_WAITING; refused, DESK_FREE. */
void desk_visitor_read(struct desk_visitor *v, struct giver_counts *counts);

bool desk_visitor_has_ended(const struct desk_visitor *v);

/* The last that is said; counted there. It is DESK_FREE then. */
void desk_visitor_refuse(struct desk_visitor *v, const char *word, uint64_t *count);
void desk_visitor_give(
    struct desk_visitor *v, const char *jws, uint64_t expires_s, uint64_t *count);

#endif
