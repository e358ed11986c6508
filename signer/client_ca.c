#include "signer/client_ca.h"

#include "proto/evidence/identity.h"

static bool is_known(X509 *certificate, const struct policy *policy);

bool
client_ca_check(SSL_CTX *tls, const char *file, const struct policy *policy, struct faults *faults)
{
	const STACK_OF(X509_OBJECT) * trusted;
	X509_STORE *store = NULL;
	bool good = true;

	if (policy_collectors_ca_count(policy) == 0)
		return true;
	SSL_CTX_get0_verify_cert_store(tls, &store);
	trusted = X509_STORE_get0_objects(store);
	for (int i = 0; i < sk_X509_OBJECT_num(trusted); i++) {
		X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i));
		char name[256] = "";

		if (certificate == NULL || is_known(certificate, policy))
			continue; /* NULL: a revocation list */
		(void)X509_NAME_oneline(
		    X509_get_subject_name(certificate), name, (int)sizeof(name));
		faults_add(faults, file, 0,
		    "tls.client_ca: expected only certificates that the policy lists under "
		    "\"collectors_ca\", found another: %s; have it added to the policy, or take it "
		    "out here",
		    name);
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
