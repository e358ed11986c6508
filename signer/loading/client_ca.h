/*
 * Who may connect is at most who the policy says collectors are certified by: the policy is
 * approved and kept for auditors, the signer's configuration is not.
 */
#ifndef HALLMARK_SIGNER_LOADING_CLIENT_CA_H
#define HALLMARK_SIGNER_LOADING_CLIENT_CA_H

#include <openssl/ssl.h>

#include "config/faults.h"
#include "policy/policy.h"

/*
 * Adds a fault of `file` (tls.client_ca) for each certificate that the context trusts and that is
 * in none of the policy's `collectors_ca`; none where the policy has no such list. False if there
 * was any.
 */
bool client_ca_check(
    SSL_CTX *tls, const char *file, const struct policy *policy, struct faults *faults);

#endif
