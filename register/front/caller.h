/*
 * Who asks, and what he may: by the name that his certificate or the kernel gives him, and by what
 * the configuration grants to such names. Who has no name has what his listener grants.
 *
 * Names: the identity of a client certificate (proto/evidence/identity.h: "spiffe://...", a DNS
 * name), or "uid:1000" and "gid:33" of whoever has connected to a Unix socket.
 */
#ifndef HALLMARK_REGISTER_FRONT_CALLER_H
#define HALLMARK_REGISTER_FRONT_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proto/bytes.h"
#include "proto/err.h"

/* Bits: a caller has several, a route asks for one of several. */
enum role {
	ROLE_VIEWER = 1,        /* what is known of workloads, hosts, artifacts */
	ROLE_OPERATOR = 2,      /* a viewer who may also bring something about */
	ROLE_AUDITOR = 4,       /* a viewer who may also have tiles and evidence */
	ROLE_RELYING_PARTY = 8, /* his own workloads: their decisions, reports, receipts */
	ROLE_LOCAL = 16,        /* comes by a loopback without TLS, or a Unix socket */
};

/* "viewer", "operator", "auditor", "relying-party" to its bit; 0 for any other. */
unsigned role_from_name(struct view name);

/* Patterns are those of proto/glob.h, and have passed glob_check. Borrowed from the configuration.
 */
struct grant {
	const char *name; /* pattern of an identity, or "uid:N", "gid:N" to the letter */
	unsigned roles;
	const char *const *workload; /* patterns; of a relying party none is nothing, else all */
	size_t workloads;
	const char *const *log; /* names; none: all */
	size_t logs;
};

#define CALLER_GRANTS_MAX 8 /* that one caller has; further ones give him nothing */

struct caller {
	char *name; /* NULL: he has none */
	unsigned roles;
	size_t grants;
	const struct grant *grant[CALLER_GRANTS_MAX]; /* borrowed */
};

/*
 * What is granted to a name, or to a process of this user whose groups are these, beside `roles`
 * that the listener grants to all. ERR_MEMORY; to be freed in any case.
 */
enum err caller_named(struct caller *c, const char *name, unsigned roles,
    const struct grant *grants, size_t count) MUST_USE;
enum err caller_process(struct caller *c, uid_t user, const gid_t *groups, size_t groups_count,
    unsigned roles, const struct grant *grants, size_t count) MUST_USE;

/* For a thread of its own, which may outlast the connection. ERR_MEMORY. */
enum err caller_copy(struct caller *to, const struct caller *from) MUST_USE;
void caller_free(struct caller *c);

/* Whether he may know of a workload of a log. */
bool caller_may_see(const struct caller *c, struct view log, struct view workload);

/* Whether something of a log is his, so that he may know how long it is. */
bool caller_may_see_log(const struct caller *c, struct view log);

/* Whether he has one of these roles for this workload of a log. */
bool caller_has_role_for(
    const struct caller *c, unsigned roles, struct view log, struct view workload);

/* Whether he has one of these roles for all of a log, whichever workload it is about. */
bool caller_has_role(const struct caller *c, unsigned roles, struct view log);

/* Whether all there is is open to him: lists need not be looked through. */
bool caller_sees_all(const struct caller *c);

#endif
