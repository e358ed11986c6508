/*
 * Faults of configuration and policy files, gathered so that one run names them all.
 *
 * A fault is one line: file, line, what was expected, what was found, what to do about it.
 */
#ifndef HALLMARK_CONFIG_FAULTS_H
#define HALLMARK_CONFIG_FAULTS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "proto/bytes.h"

struct fault {
	char *file;
	unsigned line; /* 1 is the first; 0 where the fault has no line */
	char *text;
};

struct faults {
	struct fault *fault;
	size_t count;
};

#define FAULTS_INIT ((struct faults){NULL, 0})

/* Copies its arguments. Aborts for want of memory: the program is only just starting. */
void faults_add(struct faults *f, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void faults_add_list(struct faults *f, const char *file, unsigned line, const char *format,
    va_list arguments) __attribute__((format(printf, 4, 0)));

/* One line each, sorted by file and line: "file:line: text". */
void faults_print(const struct faults *f, FILE *to);

/* The same as a JSON array of {"file":,"line":,"text":}; a line of 0 is null. */
void faults_write_json(const struct faults *f, struct buf *to);

void faults_free(struct faults *f);

#endif
