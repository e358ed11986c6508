/*
 * When a workload that stays silent is called absent: pure arithmetic on what the log says, the
 * same for the signer that writes absences and for the auditor who checks that none was left out.
 * PROTOCOL.md, "Absence", has the same rules in words.
 *
 *   report   due = iat + interval + grace; none where nothing was promised and the policy demands
 *            nothing, or where the bundle says that the workload leaves
 *   absence  due = iat + DUE_REPEAT_S: a workload that stays silent is named once a day
 *   start    a due is moved by twice the time in which no bundles were taken: that time, and as
 *            much for coming back; not behind its end and grace
 *   clock    the log was set back: every due is as if the newest entry of its chain were of now
 *   windows  a due inside an operator's maintenance window is moved behind its end, and grace
 *   retired  none until the next report
 *
 * Times are seconds since 1970 in the log's own time (`iat`). No due is 0.
 */
#ifndef HALLMARK_POLICY_DUE_H
#define HALLMARK_POLICY_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

/* Often enough for a list of what is silent today, and 365 entries for a host that died a year ago.
 */
#define DUE_REPEAT_S 86400

/* At most one round of absences an identity in this time: 60 an hour, whatever its certificate
 * announces. */
#define DUE_ROUND_S 60

/*
 * An entry this much later than a due, with no absence before it, shows that one was left out: a
 * round, and as much again for a loop that is late.
 */
#define DUE_SLACK_S (2 * DUE_ROUND_S)

/* An operator's maintenance: who is expected to be silent, from when until when. */
struct due_window {
	struct view collectors; /* pattern for identities (glob.h) */
	struct view workloads;  /* pattern for names */
	uint64_t from_s;
	uint64_t to_s; /* first second after it */
};

/* Of an interval, and of grace: a policy and a bundle say at most 31,536,000. */
#define DUE_SECONDS_MAX 0x1ffffffU
#define DUE_COUNT_MAX   0x3fffU

/* What a chain promised with its newest report, and how it was called absent since. */
struct due {
	uint64_t at_s; /* it is absent after this; 0: nothing is due */
	/* Packed, since a signer has one for each of a million workloads. */
	uint64_t grace_s : 25;    /* of the policy that the newest report was judged under */
	uint64_t interval_s : 25; /* that it promised with its newest report */
	uint64_t count : 14;      /* absences since that report, one a day: of 44 years */
};

/*
 * After a report of `iat_s`: the bundle's promise (0: none), cut to what the policy demands (0:
 * nothing). `leaving`: the collector said that the workload goes.
 */
struct due due_after_report(
    uint64_t iat_s, uint64_t next_s, bool leaving, uint32_t report_every_s, uint32_t grace_s);

/* After an absence of `iat_s`. */
struct due due_after_absence(struct due d, uint64_t iat_s);

/* With so many absences since its newest report, as a log or a store says. */
struct due due_with_count(struct due d, uint64_t count);

/*
 * After a start notice that says that no bundles were taken from `from_s` to `to_s`. What moves
 * dues is time that the log shows as not covered, since no entry lies in it: else a signer that
 * says `start` again and again would never have to call anybody absent.
 */
struct due due_after_start(struct due d, uint64_t from_s, uint64_t to_s);

/* After a notice that sets the log back to this time. */
struct due due_after_clock(struct due d, uint64_t iat_s);

/* The operator retired the workload. */
struct due due_retired(struct due d);

/*
 * Moved behind the windows that match, of several behind the one that ends last, and again while
 * there are any: to be called when a due is set, and when a window comes. `windows` by their
 * beginnings, the earliest first; a log may have thousands, and each is looked at once.
 */
struct due due_in_windows(struct due d, const struct due_window *windows, size_t count,
    struct view collector, struct view workload);

/* It may be called absent in an entry of this time. */
bool due_is_over(struct due d, uint64_t iat_s);

/* An entry of this time without an absence before it: that absence was left out. */
bool due_was_left_out(struct due d, uint64_t iat_s);

#endif
