/*
 * What the register tells others of: a verdict that changed, a workload that fell silent or is
 * back, an alarm, a policy or a key that is in force.
 *
 * As JSON in one spelling (proto/json/json_write.h):
 *
 *   {"id":,"event":,"log":,"index":?,"time":?,  and by its kind:
 *    verdict       "collector":,"workload":,"before":?,"after":,"policy":,"finding-count":,
 *                  "findings":[{"kind":,"code":,"subject":},...]
 *    silent        "collector":,"workload":,"due":,"before":?
 *    back          "collector":,"workload":,"after":
 *    alarm         "alarm":,"words":
 *    acknowledged
 *    policy        "sha256":
 *    key           "from":,"to":}
 *
 * The id names the cause and is the same whenever it is told again, also after all of the
 * register's state was lost: whoever is told twice knows it by that. "time" is the entry's iat, in
 * seconds since 1970.
 */
#ifndef HALLMARK_REGISTER_TELL_EVENT_H
#define HALLMARK_REGISTER_TELL_EVENT_H

#include <stdint.h>

#include "config/teller_config.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "register/follow/followed.h"

/* "verdict", "silent", ... */
const char *event_kind_name(enum event_kind kind);

/* EVENT_KINDS for what is none. */
enum event_kind event_kind_from_name(struct view name);

#define EVENT_FINDINGS_MAX 4   /* that are listed: a reader who wants all has the report */
#define EVENT_ID_MAX       160 /* bytes: the log's name, a kind and two numbers */

/* Views are borrowed, and printable. */
struct event {
	enum event_kind kind;
	const char *log; /* its name in the configuration */
	uint64_t index;  /* of the entry; FOLLOWED_NO_ENTRY: of none */
	uint64_t time_s; /* 0: not known */
	unsigned part;   /* which of the entry's: an absence is of several workloads */
	uint64_t epoch;  /* alarms: how often somebody has acknowledged those of the log before */
	struct view collector, workload;
	const char *before, *after; /* names of tiers; NULL: none */
	uint64_t due_s;
	const struct report *report;    /* of a verdict */
	enum followed_alarm_kind alarm; /* of an alarm */
	struct view words;              /* of an alarm */
	const struct digest *from, *to; /* of a key; `to` also of a policy */
};

/* Appends its id, and all of it. ERR_MEMORY. */
enum err event_write_id(const struct event *e, struct buf *to) MUST_USE;
enum err event_write(const struct event *e, struct buf *to) MUST_USE;

#endif
