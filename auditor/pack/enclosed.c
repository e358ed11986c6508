#include "auditor/pack/enclosed.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#include "log/inputfile.h"

#define PAGE_SIZE_MAX (4U << 20) /* bytes of hallmark-verify.html */

/* The path is from the root of the sources; the Makefile has it as what this object is made of. */
__asm__(".pushsection .rodata\n"
	".global enclosed_script_begin\nenclosed_script_begin:\n"
	".incbin \"auditor/pack/verify.sh\"\n"
	".global enclosed_script_end\nenclosed_script_end:\n"
	".popsection\n");
extern const uint8_t enclosed_script_begin[], enclosed_script_end[];

const char *const enclosed_not_proved[] = {
    "That index.html and the CSV files say what the log says: they are made by hallmark-audit, "
    "whose "
    "answer is in audit.txt. Who has the log and its evidence makes them again; each receipt "
    "stands "
    "for itself.",
    "That the keys are the log's own: compare their sums with what you have from somebody you "
    "trust.",
    "That a host which never reported is not there: a log knows only who has reported.",
    "That nothing happened between two reports: what is changed and changed back in a gap is not "
    "seen.",
    "That a policy demands enough: policies/ has it, to be read.",
    "That times are right: they are the signer's clock, and \"measured\" the host's.",
    "That a host's kernel or its collector told the truth.",
    "That the log has no other version elsewhere: a witness or a checkpoint of your own tells.",
    NULL,
};

static const char words[] =
    "How this folder is verified, by somebody who trusts nobody\n"
    "\n"
    "1. sh verify.sh KEY, with openssl and coreutils alone. KEY is the log's public key or its\n"
    "   certificate, from somebody you trust. It verifies every sum, the signature of\n"
    "   checkpoints/end.txt, that the log only grew since checkpoints/start.txt, and every "
    "receipt.\n"
    "2. By hand: sha256sum --check SHA256SUMS; hallmark-audit verify --explain FILE --cert KEY "
    "prints\n"
    "   each step of a receipt as commands of openssl and coreutils.\n"
    "3. In a browser: hallmark-verify.html, where it is enclosed, takes a receipt and a "
    "certificate.\n"
    "4. The samples are drawn by the signed root, which nobody chose: samples.txt, and below.\n"
    "   Sample i of COUNT entries from FIRST on is FIRST + (the first 8 bytes of\n"
    "   SHA-256(root, i in 8 bytes), big-endian) mod COUNT; what is no report is passed over.\n"
    "5. To re-perform a verdict, ask for the log and its evidence:\n"
    "   hallmark-audit replay --log DIR --evidence DIR --cert KEY --index N\n"
    "\n"
    "What is not proved:\n";

static enum err put_pem(struct parcel *to, const char *name, BIO *bio, bool good);
static void put_page(struct parcel *to);

enum err
enclosed_put_keys(const struct signercerts *all, struct parcel *to)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < all->count && e == ERR_OK; i++) {
		STACK_OF(X509) *const chain = signercert_chain(all->certificate[i]);
		BIO *key = BIO_new(BIO_s_mem()), *text = BIO_new(BIO_s_mem());
		char name[PARCEL_NAME_MAX];
		bool good = text != NULL;

		(void)snprintf(name, sizeof(name), "keys/%zu.pem", i + 1);
		e = put_pem(to, name, key,
		    key != NULL &&
			PEM_write_bio_PUBKEY(key, signercert_key(all->certificate[i])) == 1);
		for (int k = 0; chain != NULL && good && k < sk_X509_num(chain); k++)
			good = PEM_write_bio_X509(text, sk_X509_value(chain, k)) == 1;
		(void)snprintf(name, sizeof(name), "certificates/%zu.pem", i + 1);
		if (e == ERR_OK && chain != NULL)
			e = put_pem(to, name, text, good);
		BIO_free(key);
		BIO_free(text);
	}
	return e;
}

void
enclosed_put_words(struct parcel *to)
{
	struct buf text = BUF_INIT;

	parcel_put(to, "verify.sh",
	    (struct view){
		enclosed_script_begin, (size_t)(enclosed_script_end - enclosed_script_begin)});
	buf_append_string(&text, words);
	for (size_t i = 0; enclosed_not_proved[i] != NULL; i++)
		buf_append_format(&text, "- %s\n", enclosed_not_proved[i]);
	if (buf_status(&text) == ERR_OK)
		parcel_put(to, "VERIFY.txt", buf_view(&text));
	else
		to->failed = true;
	buf_free(&text);
	put_page(to);
}

static enum err
put_pem(struct parcel *to, const char *name, BIO *bio, bool good)
{
	char *text = NULL;
	const long size = good ? BIO_get_mem_data(bio, &text) : -1;

	if (size < 0)
		return ERR_MEMORY;
	parcel_put(to, name, (struct view){(const uint8_t *)text, (size_t)size});
	return ERR_OK;
}

/* Beside the program where it was built, else where it is installed. */
static void
put_page(struct parcel *to)
{
	static const char *const places[] = {
	    "hallmark-verify.html", "../share/doc/hallmark/hallmark-verify.html"};
	char self[PATH_MAX], path[PATH_MAX + 64];
	const ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *slash;

	if (size <= 0)
		return;
	self[size] = '\0';
	if ((slash = strrchr(self, '/')) == NULL)
		return;
	for (size_t i = 0; i < 2; i++) {
		struct buf page = BUF_INIT;
		enum err e;

		(void)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - self), self, places[i]);
		e = inputfile_read(AT_FDCWD, path, PAGE_SIZE_MAX, &page);
		if (e == ERR_OK)
			parcel_put(to, "hallmark-verify.html", buf_view(&page));
		buf_free(&page);
		if (e == ERR_OK)
			return;
	}
}
