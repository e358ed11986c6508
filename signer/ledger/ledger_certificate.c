/*
 * The ledger and the certificate of the log's key, which the key process shows when it comes up,
 * and again when it was renewed: the key has to be the log's; when the certificate ends is told.
 */
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "journal/logger.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/ledger/ledger_state.h"

static bool read_chain(struct ledger *l, struct view *rest, struct note_verifier **out);
static STACK_OF(X509) * take_chain(struct view *rest);
static bool key_take(struct ledger *l, struct note_verifier *v);
static bool is_same_key(const struct ledger *l, const struct note_verifier *v);

bool
ledger_certificate_take(struct ledger *l, struct view shown)
{
	struct note_verifier *v;

	if (!read_chain(l, &shown, &v) || !key_take(l, v))
		return false;
	(void)told_seen_take(&l->token, &shown);
	ledger_succession_told(l, shown);
	return true;
}

void
ledger_certificate_renewed(struct ledger *l, struct view shown)
{
	const struct digest before = l->certificates;
	struct note_verifier *v;
	struct logline line;
	bool more_seen;

	if (l->failed || !read_chain(l, &shown, &v))
		return;
	more_seen = told_seen_take(&l->token, &shown);
	if (is_same_key(l, v) && more_seen && digest_equal(&before, &l->certificates)) {
		/* Of its token alone something is told. */
	} else if (is_same_key(l, v)) {
		logline_begin(&line, LOGGER_INFO, "renewed");
		logline_string(&line, "what", l->certificate.key);
		logline_string(&line, "certificate", l->certificate.name);
		logline_end(&line);
	} else {
		ledger_fail(l, "certificate-changed",
		    "the key process has shown a certificate of another key in the middle of its "
		    "life");
	}
	note_verifier_free(&v);
}

const struct token_seen *
ledger_token(const struct ledger *l)
{
	return l->token.known ? &l->token.seen : NULL;
}

/* The key's certificate, those of CAs, and leaves what is behind them in `rest`. */
static bool
read_chain(struct ledger *l, struct view *rest, struct note_verifier **out)
{
	const struct view shown = *rest;
	STACK_OF(X509) *chain = take_chain(rest);
	EVP_PKEY *key = sk_X509_num(chain) > 0 ? X509_get0_pubkey(sk_X509_value(chain, 0)) : NULL;

	*out = NULL;
	digest_of(shown.data, shown.size - rest->size, &l->certificates);
	if (key != NULL && note_verifier_new(l->config->log_origin, key, out) == ERR_OK)
		expiry_of_log(&l->certificate, "log_certificate", chain);
	else
		ledger_fail(l, "certificate-unusable",
		    "the key process's certificate has no usable key of ECDSA or RSA");
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return *out != NULL;
}

/* As many as there are. */
static STACK_OF(X509) * take_chain(struct view *rest)
{
	STACK_OF(X509) *chain = sk_X509_new_null();

	while (chain != NULL) {
		const unsigned char *bytes = rest->data;
		X509 *x = d2i_X509(NULL, &bytes, (long)rest->size);

		if (x == NULL || sk_X509_push(chain, x) <= 0) {
			X509_free(x);
			break;
		}
		rest->size -= (size_t)(bytes - rest->data);
		rest->data = bytes;
	}
	return chain;
}

/*
 * The log has one key: a process that comes back with another is not ours, unless the log says that
 * this one follows.
 */
static bool
key_take(struct ledger *l, struct note_verifier *v)
{
	const bool first = l->verifier == NULL, same = !first && is_same_key(l, v);

	if (!first && !same && !ledger_succession_follows(l, v)) {
		note_verifier_free(&v);
		ledger_fail(l, "certificate-changed",
		    "the key process came back with another key, and no key notice of the log says "
		    "that it follows");
		return false;
	}
	if (!first && !same)
		logger_say(LOGGER_NOTICE, "key-changed",
		    "the log's next key signs from here on, from size %" PRIu64,
		    l->succession.index + 1);
	note_verifier_free(&l->verifier);
	l->verifier = v; /* moved */
	return true;
}

static bool
is_same_key(const struct ledger *l, const struct note_verifier *v)
{
	return EVP_PKEY_eq(note_verifier_key(v), note_verifier_key(l->verifier)) == 1;
}
