/*
 * The program that is to start: opened once, measured and run by that open file.
 */
#ifndef HALLMARK_COLLECTOR_GATE_GATE_PROGRAM_H
#define HALLMARK_COLLECTOR_GATE_GATE_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "collector/ground/trouble.h"

struct gate_program {
	int fd;              /* -1: there is none */
	char path[PATH_MAX]; /* as the kernel has it */
	struct stat stat;    /* when it was opened */
	bool leased;         /* who opens it for writing is seen */
	bool is_script;
};

#define GATE_PROGRAM_INIT ((struct gate_program){.fd = -1})

/*
 * Finds it as execvp(3) does, and opens it. False with the trouble: it is nowhere, no regular file,
 * may not be run, or somebody has it open for writing.
 */
bool gate_program_open(struct gate_program *p, const char *name, struct trouble *t);
void gate_program_close(struct gate_program *p);

/* What was opened has not been written to since. False with the trouble. True where none is open.
 */
bool gate_program_is_unchanged(const struct gate_program *p, struct trouble *t);

/*
 * Goes on as the program, by the open file; a script, whose interpreter opens it once more, by its
 * path. Where none is open, as the command is found. Returns with errno.
 */
void gate_program_run(const struct gate_program *p, char *const *command);

#endif
