/*
 * What is known of workloads that have hooks, and which hook is to be told what: pure, but for the
 * clock's numbers that it is given.
 */
#ifndef HALLMARK_COLLECTOR_ACT_HOOK_STATE_H
#define HALLMARK_COLLECTOR_ACT_HOOK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/act/hook_receipt.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"

/* What a hook was told, or would have been if it had named that. */
struct hook_told {
	bool any;
	enum bundle_verdict verdict;
};

struct hook_workload {
	const struct collector_workload *config;
	size_t number; /* in the configuration */
	struct hook_said said;
	uint64_t heard_ms;      /* of the newest receipt; at first when it was begun with */
	struct hook_told *told; /* by hook */
};

struct hook_state {
	struct hook_workload *workload; /* those that have hooks or acts */
	size_t count;
};

/* What is to be told to whom. */
struct hook_task {
	size_t workload; /* in hook_state */
	size_t hook;
	enum bundle_verdict verdict;
	struct hook_told before;
};

/*
 * Of another configuration: what is known of a workload or hook of the same name stays. The old
 * one is not needed any more. ERR_MEMORY: all stays as it was.
 */
enum err hook_state_set(
    struct hook_state *s, const struct collector_config *config, uint64_t now_ms) MUST_USE;
void hook_state_free(struct hook_state *s);

/* NULL: no such workload has hooks or acts. */
struct hook_workload *hook_state_find(const struct hook_state *s, const char *workload);

/*
 * The next hook of a workload that is to be told something, from now on as told. False: none is.
 */
bool hook_state_next(struct hook_state *s, size_t workload, uint64_t now_ms, struct hook_task *out);

/* When the first verdict becomes unknown to a hook that was not told yet; UINT64_MAX: none. */
uint64_t hook_state_due_ms(const struct hook_state *s);

/* Appends what the program gets on its stdin; `now_s` since 1970. */
void hook_state_write(
    const struct hook_state *s, const struct hook_task *task, uint64_t now_s, struct buf *to);

#endif
