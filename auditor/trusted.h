/*
 * What is right beside the log's key, as whoever runs the auditor says: policies, since a signer
 * chooses its own, and one that lets anything pass replays as well as any; and CAs of collectors,
 * since with one of its own a signer is every host.
 */
#ifndef HALLMARK_AUDITOR_TRUSTED_H
#define HALLMARK_AUDITOR_TRUSTED_H

#include <stddef.h>

#include "auditor/arguments.h"
#include "auditor/tell/display.h"
#include "log/walk/walk_wanted.h"
#include "proto/digest.h"

/* As the command line has it. Without approvers and manifests every policy is good. */
struct trusted {
	struct manifests_expected manifests;       /* for sites without approvers */
	const struct argument_list *approvers;     /* key ids, or files */
	struct digest *approver_ids;               /* room for as many; filled by trusted_read */
	const struct argument_list *collectors_ca; /* files */
	const struct argument_list *crl;           /* files */
	struct vouching_trust *trust;              /* made by trusted_read */
};

/* Reads the files; says what is wrong with one. To be freed whatever comes out. */
enum outcome trusted_read(struct trusted *t, const struct findings *f) MUST_USE;
void trusted_free(struct trusted *t);

/* What it wants of a walk. */
void trusted_want(const struct trusted *t, struct walk_wanted *out);

/* A remark where nobody said which policies are right. */
void trusted_warn(const struct trusted *t, const struct display *d);

#endif
