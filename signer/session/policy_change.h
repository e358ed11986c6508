/*
 * Which policy the signer judges by: the one that is in force in its log. One that is configured
 * comes into force with a manifest notice, which may need approvals (policy/standing.h); until they
 * are there it waits, and what is in force goes on. The first policy of a log is taken as it is.
 *
 * A signer whose policy names no operators starts under none that does: a site without operators
 * has not named them, and whoever had its signer judges by that policy.
 */
#ifndef HALLMARK_SIGNER_SESSION_POLICY_CHANGE_H
#define HALLMARK_SIGNER_SESSION_POLICY_CHANGE_H

#include <stdbool.h>
#include <uv.h>

#include "policy/policy.h"
#include "proto/err.h"
#include "signer/session/service.h"

/*
 * At the start, behind the start notice: `service->policy` is the configured one. If another one is
 * in force, it is loaded from the evidence store, unless the configured one may follow it. ERR_IO
 * if it cannot be loaded, ERR_CONFIG if it is not to be, which has been said; ERR_MEMORY.
 */
enum err policy_change_begin(struct service *s) MUST_USE;

/*
 * While the signer runs. What takes long of a large policy is done by a thread of its own, beside
 * the loop, or a piece a turn (signer/chronicle/policy_packing.h): the loop is held for some
 * milliseconds, whatever the policies' size. `settled` is called when one that was offered is in
 * force, or waits. ERR_MEMORY.
 */
struct policy_change_events {
	void (*settled)(void *context);
	void *context;
};
enum err policy_change_open(
    struct service *s, uv_loop_t *loop, const struct policy_change_events *events) MUST_USE;

/*
 * Whether this one may be offered: one that is rolled out has to be so against what is in force. A
 * fault that says what is.
 */
bool policy_change_may_follow(
    const struct service *s, const struct policy *p, struct faults *faults);

/* Another one is configured (moved), that may follow: `settled` follows, perhaps before this
 * returns. */
void policy_change_offer(struct service *s, struct policy *configured);

/* Whether the one that waits has what it needs by now. */
void policy_change_look(struct service *s);

/* In each turn. True if the next one should not wait for anything else. */
bool policy_change_go_on(struct service *s);

/* A policy (moved, or NULL) that is not used any more goes when there is time. */
void policy_change_discard(struct service *s, struct policy **p);

/* Waits for the thread, and ends it; what waits stays as it is. */
void policy_change_close(struct service *s);

#endif
