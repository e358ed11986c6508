#include "signer/front/tls_files.h"

#include <errno.h>
#include <string.h>

#include "trust/authorities.h"
#include "trust/pem_blocks.h"

static bool read_file(const char *path, const char *key, struct faults *faults, struct buf *to);
static bool read_revocations(struct tls_files *f, struct faults *faults);

enum err
tls_files_read(const struct signer_config *c, struct faults *faults, struct tls_files *out)
{
	bool good;

	*out = (struct tls_files){c, BUF_INIT, BUF_INIT, NULL};
	good = c->tls.certificate != NULL &&
	       read_file(c->tls.certificate, "tls.certificate", faults, &out->certificate);
	good = c->tls.client_ca != NULL &&
	       read_file(c->tls.client_ca, "tls.client_ca", faults, &out->client_ca) && good;
	if (c->tls.client_crl != NULL)
		good = read_revocations(out, faults) && good;
	return good ? ERR_OK : ERR_CONFIG;
}

void
tls_files_free(struct tls_files *f)
{
	buf_free(&f->certificate);
	buf_free(&f->client_ca);
	revocations_release(&f->revocations);
}

static bool
read_file(const char *path, const char *key, struct faults *faults, struct buf *to)
{
	const enum err e = pem_file_read(path, to);

	if (e == ERR_OK)
		return true;
	faults_add(faults, path, 0, "%s: expected a file that can be read: %s", key,
	    e == ERR_IO ? strerror(errno) : err_text(e));
	return false;
}

/* By the CAs that are there; a fault of these is told by whoever uses them. */
static bool
read_revocations(struct tls_files *f, struct faults *faults)
{
	const struct signer_config *c = f->config;
	struct faults elsewhere = FAULTS_INIT;
	struct authorities *a = NULL;
	struct buf pem = BUF_INIT;
	bool good = read_file(c->tls.client_crl, "tls.client_crl", faults, &pem);

	if (authorities_parse("", "", buf_view(&f->client_ca), NULL, &elsewhere, &a) != ERR_OK)
		a = NULL;
	good = good && revocations_parse(c->tls.client_crl, "tls.client_crl", buf_view(&pem), a,
			   faults, &f->revocations) == ERR_OK;
	authorities_free(&a);
	faults_free(&elsewhere);
	buf_free(&pem);
	return good;
}
