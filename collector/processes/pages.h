/*
 * The program that fetches pages, hallmark-web (collector/web/main.c), as the collector sees it.
 *
 * It is started before a secret is read, where the configuration has pages; who starts measuring
 * processes has its channel, a socket with borders, by which orders go, each with a descriptor: the
 * end of a stream by which the pages of that workload are
 * answered, once (collector/measure/web_answer.h). The other end has the
 * measuring process.
 *
 * What is answered is what servers say, and by a process that may be hijacked: it is measured as it
 * is, up to limits, and says nothing of anything else.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_PAGES_H
#define HALLMARK_COLLECTOR_PROCESSES_PAGES_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"

#define PAGES_PROGRAM "hallmark-web"

/* As they go through the sockets. */
struct pages_order {
	struct digest configuration; /* SHA-256 of the file */
	char workload[BUNDLE_WORKLOAD_MAX + 1];
};

/*
 * Starts it, if the configuration, loaded from `path`, has pages; else *control is -1. ERR_IO with
 * the trouble in words: the program is not beside this one, or cannot be started.
 */
enum err pages_begin(const char *path, const struct collector_config *config, int *control,
    struct trouble *t) MUST_USE;

/*
 * Orders the pages of a workload; the end by which they come, to be closed. -1: nobody is there.
 */
int pages_order(
    int control, const struct collector_config *config, const struct collector_workload *w);

#endif
