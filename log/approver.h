/*
 * The key of somebody whose approvals count for whoever reads a log: named by a file or by its id,
 * and by nobody else.
 */
#ifndef HALLMARK_LOG_APPROVER_H
#define HALLMARK_LOG_APPROVER_H

#include "log/findings.h"
#include "log/outcome.h"
#include "proto/digest.h"
#include "proto/statement/statement_key.h"

#define APPROVER_SIZE_MAX (256 * 1024) /* bytes of a file: as a log's certificate */

/*
 * `named`: 64 hexadecimal digits, the SHA-256 of the key's SubjectPublicKeyInfo; or a PEM file with
 * a certificate or else a public key; of several the first counts. A certificate's dates and issuer
 * are not looked at: whoever named it has chosen it. Says what is wrong as a step.
 */
enum outcome approver_read(
    const char *named, const struct findings *f, struct digest *key_id) MUST_USE;

/* The same for who needs the key itself, which an id does not give. */
enum outcome approver_read_key(
    const char *named, const struct findings *f, struct statement_key **out) MUST_USE;

#endif
