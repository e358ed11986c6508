#include "signer/loading/client_ca.h"

#include "proto/evidence/identity.h"
#include "trust/certificate_text.h"
#include "trust/verifier.h"

static bool is_known(X509 *certificate, const struct policy *policy);

bool
client_ca_check(SSL_CTX *tls, const char *file, const struct policy *policy, struct faults *faults)
{
	const struct authorities *trusted;
	X509_STORE *store = NULL;
	bool good = true;

	if (policy_collectors_ca_count(policy) == 0)
		return true;
	SSL_CTX_get0_verify_cert_store(tls, &store);
	trusted = verifier_authorities(store);
	for (size_t i = 0; i < authorities_count(trusted); i++) {
		X509 *certificate = authorities_at(trusted, i);
		char text[CERTIFICATE_TEXT_SIZE];

		if (is_known(certificate, policy))
			continue;
		faults_add(faults, file, 0,
		    "tls.client_ca: expected only certificates that the policy lists under "
		    "\"collectors_ca\", found another: %s; have it added to the policy, or take it "
		    "out here",
		    certificate_text(certificate, text));
		good = false;
	}
	return good;
}

static bool
is_known(X509 *certificate, const struct policy *policy)
{
	struct buf der = BUF_INIT;
	struct digest digest;
	bool known = identity_certificate_bytes(certificate, &der, &digest) == ERR_OK &&
		     policy_has_collectors_ca(policy, &digest);

	buf_free(&der);
	return known;
}
