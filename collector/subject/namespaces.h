/*
 * Whose namespaces a thread lives in, in words that are the same after each boot.
 *
 *   host      the collector's own
 *   own       another, made by who had rights in the collector's user namespace: root of the host,
 *             its service manager, its container runtime
 *   foreign   another, made within a user namespace that is not the collector's. Any user can make
 *             these, and what is seen from within (a mount namespace: which file has which name)
 *             is what that user wants
 *
 * A user namespace that is not the collector's is foreign.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_NAMESPACES_H
#define HALLMARK_COLLECTOR_SUBJECT_NAMESPACES_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/err.h"

enum namespace_type {
	NAMESPACE_CGROUP,
	NAMESPACE_IPC,
	NAMESPACE_MOUNT,
	NAMESPACE_NETWORK,
	NAMESPACE_PID,
	NAMESPACE_TIME,
	NAMESPACE_USER,
	NAMESPACE_UTS,
	NAMESPACE_TYPE_COUNT
};

enum namespace_place {
	NAMESPACE_UNKNOWN, /* the kernel has none of this type */
	NAMESPACE_HOST,
	NAMESPACE_OWN,
	NAMESPACE_FOREIGN
};

/* Those of the collector. */
struct namespaces {
	struct {
		bool is_there;
		dev_t device;
		ino_t inode;
	} own[NAMESPACE_TYPE_COUNT];
};

/* ERR_IO with errno. */
enum err namespaces_of_collector(struct namespaces *out) MUST_USE;

/*
 * `dir` is /proc/PID or /proc/PID/task/TID. ERR_NOT_FOUND if the thread has ended, ERR_IO with
 * errno, such as for want of the right to look.
 */
enum err namespaces_place(const struct namespaces *n, int dir, enum namespace_type type,
    enum namespace_place *out) MUST_USE;

/* "host", "own", "foreign"; "" for NAMESPACE_UNKNOWN. */
const char *namespace_word(enum namespace_place place);

#endif
