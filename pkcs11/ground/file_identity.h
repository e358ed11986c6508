/*
 * Whether a file is still the one that it was: by what a new one, or one that was written again,
 * does not have in common with it. Says nothing of what is in it, so it may be kept for a secret.
 * Not the device, whose number may be another after a restart of the machine, and not the time of
 * its last change of rights.
 */
#ifndef HALLMARK_PKCS11_GROUND_FILE_IDENTITY_H
#define HALLMARK_PKCS11_GROUND_FILE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

/* All 0: there is none. */
struct file_identity {
	uint64_t inode;
	uint64_t mtime_ns; /* since 1970 */
	uint64_t size;     /* bytes */
};

void file_identity_of(const char *path, struct file_identity *out);
void file_identity_of_open(int fd, struct file_identity *out);
bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);

#endif
