/*
 * What a program or library says that has to be loaded with it: ELF of 64 bits, little-endian, its
 * dynamic section (System V ABI, chapters 4 and 5). The file may say anything: what is read of it
 * is bounded, and nothing of it is run.
 */
#ifndef HALLMARK_COLLECTOR_LOADING_ELF_H
#define HALLMARK_COLLECTOR_LOADING_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define ELF_NEEDED_MAX 512  /* libraries that one file names; the largest programs have 150 */
#define ELF_TEXT_MAX   4096 /* bytes of a name or of a list of directories */

/* Texts have a NUL behind them; NULL: it says none. */
struct elf {
	uint16_t machine; /* e_machine */
	char *interpreter;
	char *rpath, *runpath;
	size_t needed_count;
	char **needed;
};

/*
 * Reads it from `fd`. ERR_FORMAT: it is no ELF, or says what none can; ERR_UNSUPPORTED: another
 * class or byte order; ERR_IO with errno, ERR_MEMORY. To be freed in any case.
 */
enum err elf_read(int fd, struct elf *out) MUST_USE;
void elf_free(struct elf *e);

#endif
