/*
 * What a program does about its descriptors before it opens anything.
 */
#ifndef HALLMARK_CONFIG_DESCRIPTORS_H
#define HALLMARK_CONFIG_DESCRIPTORS_H

#include "proto/err.h"

/*
 * Sees that descriptors 0 to 2 are open: of those that were closed the next file, a state or a
 * connection, would take the place, and what is said on stderr would be written into it. They are
 * only to be read, so that writing to one still fails. ERR_IO with errno.
 */
enum err descriptors_open_standard(void) MUST_USE;

#endif
