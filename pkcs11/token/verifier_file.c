#include "pkcs11/token/verifier_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"

enum err
verifier_file_read(const char *path, const char *origin, struct note_verifier **out)
{
	uint8_t bytes[NOTE_KEY_LINE_MAX + 1];
	struct view line = {bytes, 0};
	enum note_scheme scheme;
	FILE *file = fopen(path, "re");
	enum err e;

	*out = NULL;
	if (file == NULL) {
		complain("%s: cannot read the verifier key: %s; hallmark-hsm init writes it", path,
		    strerror(errno));
		return ERR_NOT_FOUND;
	}
	line.size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (line.size > 0 && bytes[line.size - 1] == '\n')
		line.size--;
	if ((e = note_verifier_read(line, out)) == ERR_MEMORY)
		return e;
	if (e != ERR_OK) {
		complain("%s: expected a verifier key (NAME+HASH+KEY) on one line: %s", path,
		    err_text(e));
		return ERR_FORMAT;
	}
	if (strcmp(note_verifier_name(*out), origin) == 0 &&
	    note_verifier_scheme(*out, note_verifier_key_id(*out), &scheme) &&
	    scheme == NOTE_ED25519)
		return ERR_OK;
	complain(
	    "%s: expected the verifier key of an Ed25519 key of %s, found another's", path, origin);
	note_verifier_free(out);
	return ERR_KEY_MISMATCH;
}

enum err
verifier_file_check_key(const char *path, const struct note_verifier *v, EVP_PKEY *key)
{
	if (EVP_PKEY_eq(note_verifier_key(v), key) == 1)
		return ERR_OK;
	complain("%s: the verifier key is of another key than the token's", path);
	return ERR_KEY_MISMATCH;
}

enum err
verifier_file_find_key(const struct hsm_config *c, struct token *token, struct note_verifier **out)
{
	enum err e;

	if ((e = verifier_file_read(c->ed25519_verifier, c->origin, out)) != ERR_OK ||
	    (e = token_find_key(token, TOKEN_ED25519)) != ERR_OK ||
	    (e = verifier_file_check_key(
		 c->ed25519_verifier, *out, token_public_key(token, TOKEN_ED25519))) != ERR_OK)
		return e;
	return token_refuse_exportable(token, TOKEN_ED25519);
}

enum err
verifier_file_write(const char *path, const struct note_verifier *v)
{
	struct buf line = BUF_INIT;
	char temporary[PATH_MAX];
	bool good = false;
	FILE *file;
	enum err e = note_verifier_write(v, &line);

	buf_append_byte(&line, '\n');
	if (e == ERR_OK && (e = buf_status(&line)) == ERR_OK &&
	    snprintf(temporary, sizeof(temporary), "%s.new", path) < (int)sizeof(temporary) &&
	    (file = fopen(temporary, "we")) != NULL) {
		good = fwrite(line.data, 1, line.size, file) == line.size && fflush(file) == 0 &&
		       fsync(fileno(file)) == 0;
		good = fclose(file) == 0 && good && rename(temporary, path) == 0;
	}
	buf_free(&line);
	if (e == ERR_OK && !good) {
		complain("%s: cannot write the verifier key: %s", path, strerror(errno));
		e = ERR_IO;
	}
	return e;
}
