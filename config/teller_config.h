/*
 * Taking from `tell` of register.yaml who is told of events, and how.
 */
#ifndef HALLMARK_CONFIG_TELLER_CONFIG_H
#define HALLMARK_CONFIG_TELLER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"

#define TELLERS_MAX          16   /* a thread and a connection each */
#define TELLER_ARGUMENTS_MAX 32   /* of a command, with the program */
#define TELLER_PATTERNS_MAX  64   /* of workloads */
#define TELLER_TIMEOUT_S     10   /* default, of one try */
#define TELLER_TIMEOUT_MOST  3600 /* seconds */

/* X(identifier, name): what may be told (register/tell/event.h). */
#define EVENT_KIND_MAP(X)                                                                          \
	X(EVENT_VERDICT, "verdict")                                                                \
	X(EVENT_SILENT, "silent")                                                                  \
	X(EVENT_BACK, "back")                                                                      \
	X(EVENT_ALARM, "alarm")                                                                    \
	X(EVENT_ACKNOWLEDGED, "acknowledged")                                                      \
	X(EVENT_POLICY, "policy")                                                                  \
	X(EVENT_KEY, "key")

#define EVENT_KIND_ENUM(identifier, name) identifier,
enum event_kind { EVENT_KIND_MAP(EVENT_KIND_ENUM) EVENT_KINDS };
#undef EVENT_KIND_ENUM

enum teller_form {
	TELLER_WEBHOOK, /* JSON is posted */
	TELLER_COMMAND, /* a program gets it on its stdin */
	TELLER_SYSLOG,  /* RFC 5424 */
};

struct teller {
	const char *name; /* under which is kept what was acknowledged */
	enum teller_form form;
	const char *url;    /* of a webhook */
	const char *secret; /* file with the key of its HMAC; NULL: none */
	const char *ca;     /* that https is checked against; NULL: the system's */
	const char *const *arguments;
	size_t argument_count; /* of a command */
	const char *socket;    /* of a syslog: path of a Unix socket, or */
	const char *address;   /* an IP address, asked by TCP */
	uint16_t port;
	uint32_t timeout_s; /* of one try */
	bool wants[EVENT_KINDS];
	const char *const *workloads; /* patterns; none: all. Of what is of no workload: always */
	size_t workload_count;
};

struct raw_teller {
	char *name, *webhook, *secret, *ca, *syslog;
	char **command, **workloads;
	enum event_kind *events;
	uint32_t command_count, workloads_count, events_count, timeout_s;
};

extern const cyaml_schema_value_t teller_schema;

/* As many as there are, with a fault for what is wrong of them. */
const struct teller *tellers_take(struct settings *s, const struct raw_teller *raw, size_t count);

#endif
