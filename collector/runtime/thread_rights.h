/*
 * What threads may do and where they live, as facts of a component: ids, groups, capabilities,
 * filters, tracer, namespaces (collector/subject/namespaces.h), root and working directory.
 *
 * Where all threads agree, a fact has the values of each. Where they do not, it has those of every
 * one: each different list once, sorted, one behind the other, an empty list as one empty value. So
 * a rule over `uid` judges every thread. The fact `threads_differ` says how they divide: for each
 * such fact, sorted, a value "NAME THREADSxVALUES ...", how many threads have a list (a class:
 * count_class.h) and how many values are in it; none where all agree.
 */
#ifndef HALLMARK_COLLECTOR_RUNTIME_THREAD_RIGHTS_H
#define HALLMARK_COLLECTOR_RUNTIME_THREAD_RIGHTS_H

#include "collector/subject/namespaces.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define THREAD_RIGHTS_MAX       256                /* different lists of a fact */
#define THREAD_RIGHTS_BYTES_MAX (16 * 1024 * 1024) /* of all different lists */

struct thread_rights;

struct thread_rights *thread_rights_new(void); /* NULL: no memory */
void thread_rights_free(struct thread_rights **r);

/* What is known of a thread. */
struct thread_view {
	struct view status; /* /proc/PID/task/TID/status */
	enum namespace_place place[NAMESPACE_TYPE_COUNT];
	struct view cwd, root; /* texts of the links */
};

/*
 * ERR_FORMAT if something is not in `status`, ERR_FORMAT_SIZE if the threads differ in more ways
 * than the limits allow, ERR_MEMORY.
 */
enum err thread_rights_note(struct thread_rights *r, const struct thread_view *t) MUST_USE;

/* The facts of all threads so far. As component_add_fact. */
enum err thread_rights_add(struct thread_rights *r, struct component_builder *to) MUST_USE;

#endif
