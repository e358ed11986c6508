/*
 * The control groups of the host: where each process is, by an absolute path, and who could have
 * made the directories there.
 *
 * Two hierarchies count, version 2's and the one that systemd keeps beside those of version 1
 * ("name=systemd"). They are below /sys/fs/cgroup of the host's root directory. A collector in a
 * control group namespace of its own sees paths from where it is ("/../app.service"): its own place
 * is looked for in the hierarchy then, by the processes listed there. Where that cannot be had, no
 * such path is known.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_CONTROL_GROUPS_H
#define HALLMARK_COLLECTOR_SUBJECT_CONTROL_GROUPS_H

#include <stdbool.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/err.h"

enum control_groups_hierarchy { GROUPS_VERSION_2, GROUPS_SYSTEMD, GROUPS_HIERARCHIES };

struct control_groups {
	int tree[GROUPS_HIERARCHIES];         /* its directory, O_PATH; -1: it is not to be seen */
	bool is_inside[GROUPS_HIERARCHIES];   /* paths are seen from `place` */
	struct buf place[GROUPS_HIERARCHIES]; /* absolute path; empty: not known */
};

/* `root` is the host's root directory. ERR_MEMORY, ERR_IO with the trouble. */
enum err control_groups_open(int root, struct control_groups *out, struct trouble *t) MUST_USE;
void control_groups_close(struct control_groups *g);

/* Takes an absolute path, valid during the call; of no size where it cannot be told from here. */
typedef enum err control_groups_visit(
    void *context, enum control_groups_hierarchy in, struct view path);

/*
 * The groups of a process, whose /proc directory is `dir`. ERR_NOT_FOUND if it has ended, ERR_IO
 * with errno, ERR_FORMAT_SIZE, ERR_MEMORY, or what a visit returned.
 */
enum err control_groups_each(
    const struct control_groups *g, int dir, control_groups_visit *visit, void *context) MUST_USE;

/*
 * Nobody but root can have made what has this path: the directories above it are root's, and nobody
 * else may write to them. False where they cannot be looked at.
 */
bool control_groups_are_roots(
    const struct control_groups *g, enum control_groups_hierarchy in, struct view path);

/*
 * An absolute path out of one that is seen from `place`: "/../b" from "/a/c" is "/a/b". False if it
 * leads out of the hierarchy; then nothing is appended.
 */
bool control_groups_join(struct view place, struct view seen, struct buf *to);

#endif
