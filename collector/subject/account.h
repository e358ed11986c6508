/*
 * Users: the number of a configured one, and whose a process is.
 *
 * Names are looked up in /etc/passwd of the host alone: what a network knows of users is no part of
 * how this host is measured; such a user is named by the number.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_ACCOUNT_H
#define HALLMARK_COLLECTOR_SUBJECT_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/ground/trouble.h"
#include "proto/err.h"

/*
 * `user` is a decimal number or a name; `host_root` is as in collector/subject/host_root.h.
 * ERR_NOT_FOUND with the trouble: there is no such name, or no such file; ERR_IO.
 */
enum err account_find(
    const char *host_root, const char *user, uid_t *out, struct trouble *t) MUST_USE;

/* The same of a group, in /etc/group. */
enum err account_find_group(
    const char *host_root, const char *group, gid_t *out, struct trouble *t) MUST_USE;

/* Real, effective, saved and file system's, of the first thread. */
struct account_ids {
	uid_t id[4];
};

/* `dir` is /proc/PID. ERR_NOT_FOUND if it has ended, ERR_IO with errno, ERR_FORMAT. */
enum err account_of_process(int dir, struct account_ids *out) MUST_USE;

/*
 * The process is the user's: it acts or was started as `user`, and has no id of anybody else's but
 * root's. So it is not one that another user has started (set-user-id), nor one that became
 * another's.
 */
bool account_is(const struct account_ids *ids, uid_t user);

#endif
