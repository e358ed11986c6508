/*
 * An alert: something that does not fit, and what it is held against. It says nothing about a
 * verdict, and changes none: policy alone decides. It is for people who look for what policy could
 * not foresee.
 *
 * One cause is one alert, however many workloads it is about: those that come to it are added while
 * it lasts. What is told follows from the log alone, in whole numbers: whoever follows the same log
 * is told the same.
 */
#ifndef HALLMARK_REGISTER_ALERT_ALERT_H
#define HALLMARK_REGISTER_ALERT_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/evidence/component.h"

/* X(identifier, name): names stand in answers; doc/register.md says what each is. */
#define ALERT_KIND_MAP(X)                                                                          \
	X(ALERT_FIRST_SEEN, "first-seen")                                                          \
	X(ALERT_RARE, "rare")                                                                      \
	X(ALERT_OLD_BACK, "old-back")                                                              \
	X(ALERT_AGAINST_WAVE, "against-wave")                                                      \
	X(ALERT_STRAGGLER, "straggler")                                                            \
	X(ALERT_CLONE, "clone")                                                                    \
	X(ALERT_RESTARTS, "restarts")                                                              \
	X(ALERT_FLAPPING, "flapping")

/* X(identifier, name): why it is over. */
#define ALERT_END_MAP(X)                                                                           \
	X(ALERT_LASTS, "")                                                                         \
	X(ALERT_GONE, "gone")     /* nobody has it any more */                                     \
	X(ALERT_USUAL, "usual")   /* most have it now */                                           \
	X(ALERT_CEASED, "ceased") /* it has not happened again for a day */

#define ALERT_ENUM(identifier, name) identifier,
enum alert_kind { ALERT_KIND_MAP(ALERT_ENUM) ALERT_KINDS };
enum alert_end { ALERT_END_MAP(ALERT_ENUM) ALERT_ENDS };
#undef ALERT_ENUM

/* What is looked at in hours, is rare for a day, is left behind for a week. */
#define ALERT_HOUR_S 3600
#define ALERT_DAY_S  86400
#define ALERT_WEEK_S 604800

/* Whom an alert names; of the others it is told how many they are. */
#define ALERT_PLACES_MAX 32

struct peer;
struct peer_group;

struct alert {
	enum alert_kind kind;
	const struct peer_group *group; /* whose peers it is held against; NULL: a host's alert */
	enum component_kind component;  /* where it is about a component */
	/* The component that does not fit; of a clone the boot id in the first 16 bytes. Of
	 * restarts and flapping: zero. */
	struct digest subject;
	uint64_t first_entry, first_s; /* the entry that it came with, and its time */
	uint64_t last_entry, last_s;   /* the newest that was added */
	enum alert_end end;
	uint64_t end_entry, end_s;
	size_t place_count; /* workloads it is about */
	const struct peer *place[ALERT_PLACES_MAX];
	/* When it was last added to: how many have it, of how many, and what most have. */
	uint32_t holders, peers, usual_holders;
	struct digest usual;
};

/* "first-seen", ...; "gone", ... */
const char *alert_kind_name(enum alert_kind k);
const char *alert_end_name(enum alert_end e);

/* Whether it is about a component that is held by some and not by others. */
bool alert_is_about_component(enum alert_kind k);

/* Its name in this log: hex of half a SHA-256 over what it is about and the entry it came with. */
#define ALERT_ID_SIZE 32
void alert_id(const struct alert *a, char id[ALERT_ID_SIZE + 1]);

/* Appends its cause in a sentence; names in it are printable. */
void alert_words(const struct alert *a, struct buf *to);

#endif
