/*
 * Whose policies are right, as whoever runs the auditor says: a signer chooses its policy, and one
 * that lets anything pass replays as well as any.
 */
#ifndef HALLMARK_AUDITOR_TRUSTED_H
#define HALLMARK_AUDITOR_TRUSTED_H

#include <stddef.h>

#include "auditor/display.h"
#include "log/walk/walk_wanted.h"
#include "proto/digest.h"

/* As the command line has it. Without either, every policy of the signer's is good. */
struct trusted {
	struct manifests_expected manifests; /* for sites without approvers */
	char *const *approvers;              /* key ids, or files */
	struct digest *approver_ids;         /* room for as many; filled by trusted_read */
	size_t approver_count;
};

/* Reads the approvers' files; says what is wrong with one. */
enum outcome trusted_read(const struct trusted *t, const struct findings *f) MUST_USE;

/* What it wants of a walk. */
void trusted_want(const struct trusted *t, struct walk_wanted *out);

/* A remark where nobody said which policies are right. */
void trusted_warn(const struct trusted *t, const struct display *d);

#endif
