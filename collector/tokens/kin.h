/*
 * Whether a process is one of a workload's, by the rules by which these are found when it is
 * measured (collector/subject/subject.h).
 *
 * To know that takes what measuring takes, CAP_SYS_PTRACE say, and who answers strangers is not to
 * have it: a process of its own ("hallmark-kin") with the rights and the system calls of a
 * measuring one, which hears nothing but a number of a workload and one of a process, and says yes
 * or no. It ends with the one that asks.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_KIN_H
#define HALLMARK_COLLECTOR_TOKENS_KIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/digest.h"
#include "proto/err.h"

/* One at a time. It reads its configuration anew where it has another than is meant. */
struct kin_question {
	uint32_t number; /* comes back */
	uint32_t workload;
	int32_t pid;
	struct digest configuration;
};

struct kin_answer {
	uint32_t number;
	uint32_t is_kin; /* 1; else 0, also where it cannot be told */
};

/*
 * Makes it, with `config` that was loaded from `path`. `*control` is our end of a socket with
 * borders. ERR_IO.
 */
enum err kin_begin(
    const char *path, struct collector_config *config, int *control, struct trouble *t) MUST_USE;

#endif
