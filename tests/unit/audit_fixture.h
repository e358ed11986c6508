/*
 * For unit tests of reading logs: an empty directory that is removed again, files in it, output in
 * memory, and the certificate of the wire vectors' signer.
 */
#ifndef HALLMARK_TESTS_UNIT_AUDIT_FIXTURE_H
#define HALLMARK_TESTS_UNIT_AUDIT_FIXTURE_H

#include "tests/lib/vectors.h"

#include <fcntl.h>
#include <fts.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditor/tell/display.h"
#include "log/signercert.h"

struct fixture {
	char path[64];
	int dir;
	char *output;
	size_t output_size;
	struct display display;
	struct findings findings; /* shown by the display */
};

static inline int
fixture_open(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->path, "/tmp/hallmark-test-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dir >= 0);
	f->display.margin = "";
	f->display.to = open_memstream(&f->output, &f->output_size);
	assert_non_null(f->display.to);
	f->findings = display_findings(&f->display);
	*state = f;
	return 0;
}

static inline int
fixture_close(void **state)
{
	struct fixture *f = *state;
	char *roots[] = {f->path, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	for (FTSENT *e; (e = fts_read(walk)) != NULL;)
		if (e->fts_info != FTS_D)
			(void)remove(e->fts_path);
	(void)fts_close(walk);
	(void)fclose(f->display.to);
	free(f->output);
	close(f->dir);
	free(f);
	return 0;
}

/* Writes a file and the directories it is in. */
static inline void
fixture_write(const struct fixture *f, const char *name, const void *data, size_t size)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s", name);
	for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdirat(f->dir, path, 0700);
		*slash = '/';
	}
	fd = openat(f->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* What was displayed since the last call; valid until the next. */
static inline const char *
fixture_output(struct fixture *f)
{
	static char text[65536];

	(void)fflush(f->display.to);
	(void)snprintf(text, sizeof(text), "%.*s", (int)f->output_size, f->output);
	rewind(f->display.to);
	return text;
}

static inline void
fixture_says(struct fixture *f, const char *words)
{
	const char *output = fixture_output(f);

	if (strstr(output, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, output);
}

/* A certificate of the vectors' key under this common name. It is not signed; nobody asks. */
static inline X509 *
fixture_x509(const char *name)
{
	struct buf pem = BUF_INIT;
	X509 *x509 = X509_new();
	EVP_PKEY *key;
	BIO *bio;

	vector_file("wire-signer.pem", &pem);
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	assert_non_null(key);
	assert_int_equal(X509_set_pubkey(x509, key), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN",
			     MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0),
	    1);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), 1795514400));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), 1795518000));
	EVP_PKEY_free(key);
	BIO_free(bio);
	buf_free(&pem);
	return x509;
}

static inline struct signercert *
fixture_certificate(const char *name)
{
	X509 *x509 = fixture_x509(name);
	struct signercert *c;

	assert_int_equal(signercert_from_x509(x509, "signer.crt", &c), ERR_OK);
	X509_free(x509);
	return c;
}

#endif
