#include "pkcs11/serve/own_certificate.h"

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/certificate.h"

enum err
own_certificate_open(struct own_certificate *o, const char *path)
{
	enum err e;

	*o = (struct own_certificate){.path = path};
	file_identity_of(path, &o->seen); /* before it is read: what comes between is seen */
	if ((e = certificate_read_chain(path, &o->chain)) != ERR_OK)
		return e;
	o->key = X509_get_pubkey(sk_X509_value(o->chain, 0));
	return ERR_OK;
}

void
own_certificate_free(struct own_certificate *o)
{
	certificate_free_chain(&o->chain);
	EVP_PKEY_free(o->key);
	o->key = NULL;
}

void
own_certificate_tell(const struct own_certificate *o)
{
	(void)certificate_is_current(o->path, o->chain);
	if (certificate_check_order(o->path, o->chain) != ERR_OK)
		return; /* explained; the key's own stands first, and is what counts here */
}

bool
own_certificate_is_renewed(struct own_certificate *o)
{
	STACK_OF(X509) *chain = NULL;
	struct file_identity now;

	file_identity_of(o->path, &now);
	if (file_identity_equal(&now, &o->seen))
		return false;
	o->seen = now;
	if (certificate_read_chain(o->path, &chain) != ERR_OK ||
	    certificate_check_key(o->path, sk_X509_value(chain, 0), o->key) != ERR_OK) {
		certificate_free_chain(&chain);
		complain("%s: the certificate there is not taken; the key process goes on with the "
			 "one that it has, and would not start with that",
		    o->path);
		return false;
	}
	certificate_free_chain(&o->chain);
	o->chain = chain; /* moved */
	own_certificate_tell(o);
	return true;
}

enum err
own_certificate_append(const struct own_certificate *o, struct buf *to)
{
	enum err e = ERR_OK;

	for (int i = 0; i < sk_X509_num(o->chain) && e == ERR_OK; i++)
		e = certificate_append_der(sk_X509_value(o->chain, i), to);
	return e;
}
