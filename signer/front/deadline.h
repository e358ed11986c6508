/*
 * Deadlines of many connections at little cost: within one class all timeouts are equal, so a list
 * in order of arming is a list in order of expiry, and arming, moving and disarming take a few
 * pointers. One coarse timer looks at the heads.
 */
#ifndef HALLMARK_SIGNER_FRONT_DEADLINE_H
#define HALLMARK_SIGNER_FRONT_DEADLINE_H

#include <stdint.h>

enum deadline_class {
	DEADLINE_NONE,      /* we are the ones who are slow: no deadline runs */
	DEADLINE_HANDSHAKE, /* accept to end of TLS handshake and hello */
	DEADLINE_FRAME,     /* first byte of a frame to its last */
	DEADLINE_READER,    /* answers wait for the peer to read */
	DEADLINE_IDLE,      /* between frames */
	DEADLINE_CLASSES,
};

/* Embedded in whatever has a deadline; zero-initialised. */
struct deadline {
	struct deadline *next, *previous;
	uint64_t expires_ms; /* monotonic */
	enum deadline_class class;
};

struct deadlines {
	struct deadline *first[DEADLINE_CLASSES], *last[DEADLINE_CLASSES];
	uint64_t timeout_ms[DEADLINE_CLASSES];
};

/* Puts `d` into a class with a full timeout from now; out of its former class. */
void deadline_arm(
    struct deadlines *all, struct deadline *d, enum deadline_class class, uint64_t now_ms);

/* The same, but a deadline that runs in this class already goes on unchanged. */
void deadline_keep(
    struct deadlines *all, struct deadline *d, enum deadline_class class, uint64_t now_ms);

void deadline_disarm(struct deadlines *all, struct deadline *d);

/* One that has expired, or NULL. It stays armed: the caller ends or re-arms its owner. */
struct deadline *deadline_expired(struct deadlines *all, uint64_t now_ms);

#endif
