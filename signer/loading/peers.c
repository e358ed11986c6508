#include "signer/loading/peers.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "proto/utc.h"
#include "trust/certificate_text.h"
#include "trust/own_chain.h"
#include "trust/pem_blocks.h"
#include "trust/validity.h"
#include "trust/verifier.h"

#define NAMES_SHOWN 5 /* of CAs that a note is about; then how many more there are */

/* CAs that something is wrong with: the first few by name. */
struct named {
	char name[NAMES_SHOWN][CERTIFICATE_NAME_SIZE];
	size_t count;
};

static void note_authorities(const struct signer_config *c, const struct authorities *a,
    struct faults *faults, struct faults *notes);
static void check_lists(
    const struct signer_config *c, const struct revocations *r, struct faults *faults);
static void note_lists(const struct signer_config *c, const struct authorities *a,
    const struct revocations *r, struct faults *notes);
static bool is_first_of_name(const struct authorities *a, size_t index);
static void add_name(struct named *to, const X509_NAME *name);
static void note_names(struct faults *notes, const char *file, const struct named *n,
    const char *before, const char *after);
static X509_STORE *store_of(SSL_CTX *tls);

void
peers_check(
    const struct signer_config *c, SSL_CTX *tls, struct faults *faults, struct faults *notes)
{
	const X509_STORE *store = store_of(tls);
	const struct revocations *r = verifier_revocations(store);
	char why[VERIFIER_REASON_SIZE];

	if (!own_chain_is_sound(tls, why))
		faults_add(notes, c->tls.certificate, 0,
		    "tls.certificate: %s; collectors may refuse it", why);
	note_authorities(c, verifier_authorities(store), faults, notes);
	check_lists(c, r, faults);
	if (r != NULL)
		note_lists(c, verifier_authorities(store), r, notes);
}

void
peers_check_valid(const struct signer_config *c, SSL_CTX *tls, struct faults *faults)
{
	const X509_STORE *store = store_of(tls);

	validity_check(c->tls.client_ca, "tls.client_ca", VALIDITY_CA, faults);
	check_lists(c, verifier_revocations(store), faults);
}

bool
peers_check_as(
    const char *path, SSL_CTX *tls, struct faults *faults, char identity[IDENTITY_SIZE_MAX + 1])
{
	char why[VERIFIER_REASON_SIZE];
	bool good = false;
	struct buf pem = BUF_INIT;
	const enum err e = pem_file_read(path, &pem);
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	X509 *own = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL, *next;
	STACK_OF(X509) *chain = sk_X509_new_null();

	while (own != NULL && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(chain, next) <= 0)
			X509_free(next);
	if (own == NULL)
		faults_add(faults, path, 0, "--as: expected a PEM certificate chain: %s",
		    e == ERR_IO ? strerror(errno) : "no certificate can be read");
	else if (!verifier_accepts(store_of(tls), own, chain, "ssl_client", why))
		faults_add(faults, path, 0, "--as: would be refused: %s", why);
	else if (identity_of_certificate(own, identity) != ERR_OK)
		faults_add(faults, path, 0, "--as: would be refused: %s", err_text(ERR_IDENTITY));
	else
		good = true;
	sk_X509_pop_free(chain, X509_free);
	X509_free(own);
	BIO_free(bio);
	buf_free(&pem);
	return good;
}

static void
note_authorities(const struct signer_config *c, const struct authorities *a, struct faults *faults,
    struct faults *notes)
{
	const int64_t now_s = (int64_t)time(NULL);
	struct named over = {.count = 0}, others = {.count = 0};
	size_t names = 0;

	for (size_t i = 0; i < authorities_count(a); i++) {
		X509 *x = authorities_at(a, i);

		if (!is_first_of_name(a, i))
			continue;
		names++;
		if (!authorities_has_valid(a, X509_get_subject_name(x), now_s))
			add_name(&over, X509_get_subject_name(x));
		else if (X509_check_ca(x) == 0 || (X509_get_key_usage(x) & KU_KEY_CERT_SIGN) == 0)
			add_name(&others, X509_get_subject_name(x));
	}
	/* That all are over is said with their dates (trust/validity.h). */
	if (over.count < names)
		note_names(notes, c->tls.client_ca, &over, "tls.client_ca: over, or not yet valid",
		    "who shows a "
		    "certificate by it is refused");
	note_names(notes, c->tls.client_ca, &others,
	    "tls.client_ca: no CA, by what the certificate says of itself", "it lets nobody in");
	if (others.count > 0 && over.count + others.count == names)
		faults_add(faults, c->tls.client_ca, 0,
		    "tls.client_ca: expected certificates of CAs, found others only (%s): "
		    "everybody "
		    "would be refused",
		    others.name[0]);
}

/* Of one CA that is enough: its collectors are refused, whatever the others' lists say. */
static void
check_lists(const struct signer_config *c, const struct revocations *r, struct faults *faults)
{
	const int64_t now_s = (int64_t)time(NULL);
	char name[CERTIFICATE_NAME_SIZE], from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];

	for (size_t i = 0; i < revocations_count(r); i++) {
		const struct revocation_list *l = revocations_at(r, i);
		const int64_t from_s = revocation_list_from_s(l), to_s = revocation_list_to_s(l);

		if (revocation_list_is_delta(l) || (from_s <= now_s && now_s < to_s))
			continue;
		faults_add(faults, c->tls.client_crl, 0,
		    "tls.client_crl: expected revocation lists that are valid now, found one for "
		    "%s to %s, of %s: everybody with a certificate by it would be refused; renew "
		    "it, or set the clock",
		    utc_text((uint64_t)from_s, from),
		    to_s != INT64_MAX ? utc_text((uint64_t)to_s, to) : "no end",
		    certificate_name(revocation_list_issuer(l), name));
	}
}

static void
note_lists(const struct signer_config *c, const struct authorities *a, const struct revocations *r,
    struct faults *notes)
{
	struct named without = {.count = 0}, unknown = {.count = 0};

	for (size_t i = 0; i < authorities_count(a); i++) {
		const X509_NAME *name = X509_get_subject_name(authorities_at(a, i));

		if (is_first_of_name(a, i) && !revocations_has_list_of(r, name))
			add_name(&without, name);
	}
	for (size_t i = 0; i < revocations_count(r); i++)
		if (!revocation_list_is_good(revocations_at(r, i)))
			add_name(&unknown, revocation_list_issuer(revocations_at(r, i)));
	note_names(notes, c->tls.client_crl, &without, "tls.client_crl: no list of",
	    "what this CA has issued is not looked up");
	note_names(notes, c->tls.client_crl, &unknown,
	    "tls.client_crl: a list of a CA that is not in tls.client_ca",
	    "it is verified, and used whole, once a collector sends this CA with its chain");
}

/* Those of one name stand together. */
static bool
is_first_of_name(const struct authorities *a, size_t index)
{
	return index == 0 || X509_NAME_cmp(X509_get_subject_name(authorities_at(a, index)),
				 X509_get_subject_name(authorities_at(a, index - 1))) != 0;
}

static void
add_name(struct named *to, const X509_NAME *name)
{
	if (to->count < NAMES_SHOWN)
		(void)certificate_name(name, to->name[to->count]);
	to->count++;
}

static void
note_names(struct faults *notes, const char *file, const struct named *n, const char *before,
    const char *after)
{
	for (size_t i = 0; i < n->count && i < NAMES_SHOWN; i++)
		faults_add(notes, file, 0, "%s: %s; %s", before, n->name[i], after);
	if (n->count > NAMES_SHOWN)
		faults_add(
		    notes, file, 0, "%s: %zu more; %s", before, n->count - NAMES_SHOWN, after);
}

static X509_STORE *
store_of(SSL_CTX *tls)
{
	X509_STORE *store = NULL;

	(void)SSL_CTX_get0_verify_cert_store(tls, &store);
	return store;
}
