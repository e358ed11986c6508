/*
 * Which boot of which machine each host runs on, as its collector says: who boots too often, and
 * who is two.
 */
#ifndef HALLMARK_REGISTER_ALERT_BOOTS_H
#define HALLMARK_REGISTER_ALERT_BOOTS_H

#include "register/alert/alert_list.h"
#include "register/alert/fact.h"
#include "register/alert/peer.h"

struct boot;

/* A host, by its number in the view. */
struct boots_host {
	struct boot *boot;                /* NULL: not heard of */
	const struct peer *peer;          /* one of its workloads, whose identity it has */
	uint64_t present;                 /* workloads that are not away */
	uint64_t changed_s[PEER_CHANGES]; /* as peer_note_change */
	struct alert *restarts;           /* that lasts, or NULL */
};

/* Zero-initialised. */
struct boots {
	struct boots_host *host;
	size_t count;
	struct boot *all;
};

void boots_free(struct boots *b);

/* The host of this number, made if it is new; NULL for want of memory. It moves when another one is
 * made. */
struct boots_host *boots_host(struct boots *b, uint64_t n);

/* A host runs on this boot. `explained`: a restart was to be expected. ERR_MEMORY. */
enum err boots_take(struct boots *b, const struct fact *f, const struct peer *p,
    const uint8_t id[BOOT_ID_SIZE], bool explained, struct alert_list *alerts) MUST_USE;

/* At the full hour: who is two for an hour is told; what has not happened for a day is over. */
enum err boots_sweep(
    struct boots *b, uint64_t entry, uint64_t now_s, struct alert_list *alerts) MUST_USE;

#endif
