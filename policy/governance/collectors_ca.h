/*
 * The CAs that a policy knows collectors by: certificates in a PEM file, which the manifest names
 * and the evidence store keeps. So an auditor can tell who could speak for a host, years later.
 */
#ifndef HALLMARK_POLICY_GOVERNANCE_COLLECTORS_CA_H
#define HALLMARK_POLICY_GOVERNANCE_COLLECTORS_CA_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define COLLECTORS_CA_SIZE_MAX  (1024 * 1024) /* bytes of a file: some 500 certificates */
#define COLLECTORS_CA_COUNT_MAX 256           /* certificates of a file; a site has a few */

struct collectors_ca;

/*
 * Certificates alone, one or more, with text between them as openssl writes it. Everything else is
 * a fault of `file`: what is named here is kept for years and shown to auditors, and a private key
 * in the same file would be too. Then ERR_CONFIG and *out NULL. No clock decides anything.
 */
enum err collectors_ca_parse(
    const char *file, struct view pem, struct faults *faults, struct collectors_ca **out) MUST_USE;
void collectors_ca_free(struct collectors_ca **c);

size_t collectors_ca_count(const struct collectors_ca *c);
X509 *collectors_ca_at(const struct collectors_ca *c, size_t index); /* borrowed */

/* By the SHA-256 of a certificate in DER. */
bool collectors_ca_has(const struct collectors_ca *c, const struct digest *certificate);

#endif
