#include "pkcs11/retire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/ground/small_file.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/succession.h"
#include "proto/statement/statement.h"
#include "proto/utc.h"

static enum err read_statement(
    const struct hsm_config *c, const char *path, struct view spki, struct digest *name);
static enum err check_statement(const struct hsm_config *c, const char *path,
    const struct statement *s, const struct digest *key);
static enum err check_order(const struct hsm_config *c, struct view spki);
static void tell(
    const struct hsm_config *c, const struct guard_state *state, const struct digest *statement);

int
retire(const struct hsm_config *c, const char *path)
{
	struct buf spki = BUF_INIT;
	struct guard_state state;
	struct digest statement;
	enum err e = succession_append_spki(c, &spki);

	if (e == ERR_OK && (e = read_statement(c, path, buf_view(&spki), &statement)) == ERR_OK &&
	    (e = check_order(c, buf_view(&spki))) == ERR_OK &&
	    (e = guard_retire(c->guard_directory, c->origin, buf_view(&spki), &statement,
		 (uint64_t)time(NULL), &state)) == ERR_OK)
		tell(c, &state, &statement);
	buf_free(&spki);
	return e == ERR_OK ? 0 : 1;
}

static enum err
read_statement(const struct hsm_config *c, const char *path, struct view spki, struct digest *name)
{
	struct statement_document *d = NULL;
	struct buf bytes = BUF_INIT;
	struct digest key;
	enum err e = small_file_read(path, STATEMENT_SIZE_MAX, &bytes);

	if (e == ERR_OK && (e = statement_parse(buf_view(&bytes), &d)) != ERR_OK)
		complain("%s: %s", path, err_text(e));
	if (e == ERR_OK) {
		digest_of(spki.data, spki.size, &key);
		*name = *statement_document_digest(d);
		e = check_statement(c, path, statement_document_statement(d), &key);
	}
	statement_document_free(&d);
	buf_free(&bytes);
	return e;
}

static enum err
check_statement(const struct hsm_config *c, const char *path, const struct statement *s,
    const struct digest *key)
{
	struct digest said;

	if (statement_kind(s) != STATEMENT_RETIRE_KEY || statement_check_subject(s) != ERR_OK ||
	    statement_value_digest(s, "key", &said) != ERR_OK) {
		complain("%s: expected a statement of the kind retire-key, found one of %.*s", path,
		    view_precision(s->kind_name), (const char *)s->kind_name.data);
		return ERR_STATEMENT_KIND;
	}
	if (!view_equal(s->origin, view_of_string(c->origin))) {
		complain("%s: expected a statement for the log %s, found one for %.*s", path,
		    c->origin, view_precision(s->origin), (const char *)s->origin.data);
		return ERR_STATEMENT_ORIGIN;
	}
	if (digest_equal(&said, key))
		return ERR_OK;
	complain("%s: it is about another key than that of %s", path, c->certificate);
	return ERR_STATEMENT_SUBJECT;
}

/* The key that follows would wait for ever for a last checkpoint of this one. */
static enum err
check_order(const struct hsm_config *c, struct view spki)
{
	char *order = succession_file(c, spki);
	struct guard_state state;
	enum err e = guard_read(c->guard_directory, c->origin, spki, &state);

	if (e == ERR_OK && c->next != NULL && state.phase == GUARD_OPEN &&
	    access(order, F_OK) == 0) {
		complain("another key is ordered to follow: let the signer give the log over first "
			 "(key-changed), which closes this one as well; where it cannot, take "
			 "\"next\" out of the configuration, and the log ends here");
		e = ERR_GUARD_KEY;
	}
	free(order);
	return e;
}

static void
tell(const struct hsm_config *c, const struct guard_state *state, const struct digest *statement)
{
	char at[UTC_TEXT_SIZE], hex[DIGEST_HEX_SIZE + 1];

	(void)utc_text(state->closed_s, at);
	digest_to_hex(statement, hex);
	if (state->phase == GUARD_CLOSED)
		printf("closed   already: key '%s' gave way at size %" PRIu64
		       " (%s) and signs nothing any more\n",
		    c->key_label, state->size, at);
	else if (!digest_equal(&state->transition, statement))
		printf("retired  already, by another statement, at %s\n", at);
	else
		printf("retired  key '%s' signs nothing any more, behind size %" PRIu64 " (%s)\n"
		       "by       statement %s: submit it to the signer, and give it to whoever "
		       "checks receipts\n",
		    c->key_label, state->size, at, hex);
}
