#include "pkcs11/continue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/ground/small_file.h"
#include "pkcs11/log_key.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/observe.h"
#include "pkcs11/serve/succession.h"
#include "pkcs11/token/certificate.h"
#include "proto/encoding.h"
#include "proto/statement/statement.h"
#include "proto/tlog/cosignature.h"

/* What is to go on, and by whose word. */
struct continuation {
	const struct hsm_config *config;
	const struct continue_request *request;
	struct log_key key;
	struct buf from; /* SubjectPublicKeyInfo of the lost key */
	struct digest from_id, to_id;
	struct checkpoint newest;
	struct statement_document *statement[TRANSITION_STATEMENTS_MAX]; /* by their names */
	struct buf envelope[TRANSITION_STATEMENTS_MAX]; /* in the request's order */
};

static enum err look(struct continuation *c);
static enum err read_lost(struct continuation *c, X509 **certificate);
static enum err read_newest(struct continuation *c, X509 *lost);
static enum err check_witness(const struct continuation *c, const char *line, struct view bytes);
static enum err check_guards(const struct continuation *c);
static enum err read_statements(struct continuation *c);
static enum err check_statement(const struct continuation *c, size_t index);
static bool is_about(const struct continuation *c, const struct statement *s);
static enum err check_operator(const struct hsm_config *config, const struct statement_document *d);
static bool is_ordered(const struct continuation *c);
static enum err order(const struct continuation *c);
static void append_brought(const struct continuation *c, struct view note, struct buf *to);
static void tell(const struct continuation *c);
static int compare_statements(const void *a, const void *b);

int
continue_log(const struct hsm_config *config, const struct continue_request *r)
{
	struct continuation c = {
	    .config = config, .request = r, .key.spki = BUF_INIT, .from = BUF_INIT};
	const bool dry = r->dry || r->statement_count == 0;
	enum err e = look(&c);

	if (e == ERR_OK) {
		tell(&c);
		e = read_statements(&c);
	}
	if (e == ERR_OK && dry)
		printf("dry run  nothing was changed\n");
	else if (e == ERR_OK && (is_ordered(&c) || (e = order(&c)) == ERR_OK))
		printf("ordered  the log goes on when the signer is started with this "
		       "configuration; give %s to whoever has %s\n",
		    config->certificate, r->from);
	for (size_t i = 0; i < TRANSITION_STATEMENTS_MAX; i++) {
		statement_document_free(&c.statement[i]);
		buf_free(&c.envelope[i]);
	}
	buf_free(&c.from);
	log_key_free(&c.key);
	return e == ERR_OK ? 0 : 1;
}

static enum err
look(struct continuation *c)
{
	X509 *lost = NULL;
	enum err e = log_key_look(&c->key, c->config,
	    c->request->dry || c->request->statement_count == 0 ? TOKEN_DRY_RUN : TOKEN_CEREMONY);

	if (e == ERR_OK && (e = read_lost(c, &lost)) == ERR_OK &&
	    (e = read_newest(c, lost)) == ERR_OK)
		e = check_guards(c);
	X509_free(lost);
	return e;
}

static enum err
read_lost(struct continuation *c, X509 **certificate)
{
	enum err e = certificate_read(c->request->from, certificate);

	if (e == ERR_OK)
		e = certificate_append_spki(X509_get0_pubkey(*certificate), &c->from);
	if (e != ERR_OK)
		return e;
	digest_of(c->from.data, c->from.size, &c->from_id);
	digest_of(c->key.spki.data, c->key.spki.size, &c->to_id);
	if (!digest_equal(&c->from_id, &c->to_id))
		return ERR_OK;
	complain("%s: is this key's own: a key that is there is not lost", c->request->from);
	return ERR_MISMATCH;
}

static enum err
read_newest(struct continuation *c, X509 *lost)
{
	const struct continue_request *r = c->request;
	struct note_verifier *verifier = NULL;
	struct buf bytes = BUF_INIT;
	enum err e = note_verifier_new(c->config->origin, X509_get0_pubkey(lost), &verifier);

	if (e == ERR_OK && (e = small_file_read(r->checkpoint, NOTE_SIZE_MAX, &bytes)) == ERR_OK) {
		e = observe_note(buf_view(&bytes), verifier, NULL, &c->newest);
		if (e == ERR_OK && c->newest.size == 0)
			e = ERR_MISMATCH; /* nothing is in it to go on with */
		if (e != ERR_OK)
			complain("%s: expected a checkpoint of %s signed by the key of %s: %s",
			    r->checkpoint, c->config->origin, r->from, err_text(e));
	}
	for (size_t i = 0; e == ERR_OK && i < r->witness_count; i++)
		e = check_witness(c, r->witness[i], buf_view(&bytes));
	note_verifier_free(&verifier);
	buf_free(&bytes);
	return e;
}

static enum err
check_witness(const struct continuation *c, const char *line, struct view bytes)
{
	struct cosigner *witness;
	uint64_t time_s;
	struct note n;
	enum err e = cosigner_read(view_of_string(line), &witness);

	if (e != ERR_OK)
		complain("--witness: expected the verifier key of a witness (name+hash+key): %s",
		    err_text(e));
	else if ((e = note_parse(bytes, &n)) == ERR_OK &&
		 (e = cosigner_check(witness, &n, &time_s)) != ERR_OK)
		complain("%s: expected a cosignature by %s: %s", c->request->checkpoint,
		    cosigner_name(witness), err_text(e));
	cosigner_free(&witness);
	return e;
}

/* What stands here against it; what a start then does about the lost key's guard is said. */
static enum err
check_guards(const struct continuation *c)
{
	const struct hsm_config *config = c->config;
	struct guard_state old;
	enum err e;

	if (c->key.has_guard &&
	    (c->key.guard.phase == GUARD_CLOSED || c->key.guard.phase == GUARD_RETIRED ||
		(c->key.guard.phase == GUARD_OPEN && c->key.guard.size > 0))) {
		complain("key '%s' has signed a log already: one that is to go on with another's "
			 "has signed nothing; make another",
		    config->key_label);
		return ERR_MISMATCH;
	}
	if (!guard_exists(config->guard_directory, config->origin, buf_view(&c->from)))
		return ERR_OK;
	if ((e = guard_read(config->guard_directory, config->origin, buf_view(&c->from), &old)) !=
	    ERR_OK)
		return e;
	if (old.size == c->newest.size && !digest_equal(&old.root, &c->newest.root)) {
		complain("%s: the lost key's guard is here, and has another tree of size %" PRIu64
			 ": the log has forked; keep both",
		    c->request->checkpoint, old.size);
		return ERR_GUARD_FORK;
	}
	if (old.size > c->newest.size)
		printf("guard    the lost key's is here, at size %" PRIu64
		       ", which the log has to have when it goes on\n",
		    old.size);
	return ERR_OK;
}

/* In the order of their names, as the succession has them. */
static enum err
read_statements(struct continuation *c)
{
	const struct continue_request *r = c->request;
	const uint32_t needed = c->config->continuation_count;
	enum err e = ERR_OK;

	for (size_t i = 0; i < r->statement_count && e == ERR_OK; i++)
		if ((e = small_file_read(r->statement[i], STATEMENT_SIZE_MAX, &c->envelope[i])) ==
			ERR_OK &&
		    (e = statement_parse(buf_view(&c->envelope[i]), &c->statement[i])) != ERR_OK)
			complain("%s: %s", r->statement[i], err_text(e));
	for (size_t i = 0; i < r->statement_count && e == ERR_OK; i++)
		e = check_statement(c, i);
	if (e != ERR_OK || r->statement_count == 0)
		return e;
	qsort(c->statement, r->statement_count, sizeof(c->statement[0]), compare_statements);
	if (needed > 0 && r->statement_count >= needed)
		return ERR_OK;
	complain("it takes %" PRIu32 " of continuation_operators to say so, found %zu",
	    needed > 0 ? needed : 1, r->statement_count);
	return ERR_STATEMENT_RIGHT;
}

static enum err
check_statement(const struct continuation *c, size_t index)
{
	const struct statement_document *d = c->statement[index];
	const struct statement *s = statement_document_statement(d);
	const uint64_t now_s = (uint64_t)time(NULL);
	enum err e = statement_check_subject(s);

	if (e == ERR_OK && statement_kind(s) != STATEMENT_CONTINUE_KEY)
		e = ERR_STATEMENT_KIND;
	if (e == ERR_OK && !view_equal(s->origin, view_of_string(c->config->origin)))
		e = ERR_STATEMENT_ORIGIN;
	if (e == ERR_OK && !is_about(c, s))
		e = ERR_STATEMENT_SUBJECT;
	if (e == ERR_OK && (now_s < s->not_before_s || now_s >= s->not_after_s))
		e = ERR_STATEMENT_TIME;
	if (e == ERR_OK)
		e = check_operator(c->config, d);
	/* One operator says it once: two statements of his are one man's word. */
	for (size_t i = 0; e == ERR_OK && i < index; i++)
		if (digest_equal(
			statement_document_key_id(d), statement_document_key_id(c->statement[i])))
			e = ERR_STATEMENT_AUTHOR;
	if (e != ERR_OK)
		complain("%s: expected a statement continue-key about just this, by another of "
			 "continuation_operators: %s",
		    c->request->statement[index], err_text(e));
	return e;
}

static bool
is_about(const struct continuation *c, const struct statement *s)
{
	struct digest from, to, root;
	uint64_t size;

	return statement_value_digest(s, "from", &from) == ERR_OK &&
	       digest_equal(&from, &c->from_id) && statement_value_digest(s, "to", &to) == ERR_OK &&
	       digest_equal(&to, &c->to_id) && statement_value_digest(s, "root", &root) == ERR_OK &&
	       digest_equal(&root, &c->newest.root) &&
	       statement_value_number(s, "size", &size) == ERR_OK && size == c->newest.size;
}

static enum err
check_operator(const struct hsm_config *config, const struct statement_document *d)
{
	enum err e = ERR_STATEMENT_KEY;

	for (uint32_t i = 0; i < config->continuation_operator_count && e == ERR_STATEMENT_KEY;
	     i++) {
		struct statement_key *key = NULL;
		struct buf spki = BUF_INIT;

		if (base64_decode(view_of_string(config->continuation_operators[i]), &spki) ==
			ERR_OK &&
		    statement_key_from_spki(buf_view(&spki), &key) == ERR_OK)
			e = statement_verify(d, key);
		statement_key_free(&key);
		buf_free(&spki);
	}
	return e;
}

/* By these statements, whole. */
static bool
is_ordered(const struct continuation *c)
{
	const struct guard_state *guard = &c->key.guard;
	struct buf brought = BUF_INIT;
	struct transition t = {.time_s = 0};
	bool is = c->key.has_guard && guard->phase == GUARD_WAITING &&
		  succession_read_continuation(c->config, buf_view(&c->key.spki), &brought, &t) ==
		      ERR_OK &&
		  digest_equal(&t.digest, &guard->transition) &&
		  t.statement_count == c->request->statement_count;

	for (size_t i = 0; is && i < t.statement_count; i++)
		is = digest_equal(&t.statement[i], statement_document_digest(c->statement[i]));
	transition_free(&t);
	buf_free(&brought);
	return is;
}

static enum err
order(const struct continuation *c)
{
	const struct hsm_config *config = c->config;
	struct digest name[TRANSITION_STATEMENTS_MAX];
	struct transition made = {.time_s = 0};
	struct buf text = BUF_INIT, note = BUF_INIT, brought = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < c->request->statement_count; i++)
		name[i] = *statement_document_digest(c->statement[i]);
	transition_write_succession(&c->newest, buf_view(&c->from), buf_view(&c->key.spki),
	    (uint64_t)time(NULL), name, c->request->statement_count, &text);
	if ((e = buf_status(&text)) == ERR_OK &&
	    (e = log_key_sign(&c->key, buf_view(&text), true, &note)) == ERR_OK &&
	    (e = transition_parse(buf_view(&note), &made)) == ERR_OK) {
		append_brought(c, buf_view(&note), &brought);
		if ((e = buf_status(&brought)) == ERR_OK && brought.size > SUCCESSION_SIZE_MAX) {
			complain("the statements are too long: expected %d bytes in all, found "
				 "%zu; let fewer sign",
			    SUCCESSION_SIZE_MAX, brought.size);
			e = ERR_FORMAT_SIZE;
		}
	}
	if (e == ERR_OK && (e = guard_wait(config->guard_directory, config->origin,
				buf_view(&c->key.spki), &made.digest, &c->newest)) == ERR_OK)
		e = succession_write_continuation(
		    config, buf_view(&c->key.spki), buf_view(&brought));
	if (e != ERR_OK)
		complain("nothing is ordered: mend the cause, and run continue again");
	transition_free(&made);
	buf_free(&text);
	buf_free(&note);
	buf_free(&brought);
	return e;
}

static void
append_brought(const struct continuation *c, struct view note, struct buf *to)
{
	const size_t count = c->request->statement_count;
	struct digest name;

	buf_append_view(to, note);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			digest_of(c->envelope[j].data, c->envelope[j].size, &name);
			if (!digest_equal(&name, statement_document_digest(c->statement[i])))
				continue;
			buf_append_view(to, buf_view(&c->envelope[j]));
			buf_append_byte(to, '\n');
		}
}

/* The subject as `statement sign` takes it. */
static void
tell(const struct continuation *c)
{
	char from[DIGEST_HEX_SIZE + 1], to[DIGEST_HEX_SIZE + 1], root[DIGEST_HEX_SIZE + 1];

	digest_to_hex(&c->from_id, from);
	digest_to_hex(&c->to_id, to);
	digest_to_hex(&c->newest.root, root);
	printf("log      %s, of which %s is the newest checkpoint by the word of those who sign%s\n"
	       "to       key '%s' on token '%s'\n"
	       "sign     --kind continue-key --origin %s --subject from=%s --subject to=%s "
	       "--subject size=%" PRIu64 " --subject root=%s\n",
	    c->config->origin, c->request->checkpoint,
	    c->request->witness_count > 0 ? ", and cosigned" : "", c->config->key_label,
	    c->config->token_label, c->config->origin, from, to, c->newest.size, root);
	if (c->config->continuation_operator_count > 0)
		printf("by       %" PRIu32 " of the %" PRIu32 " in continuation_operators\n",
		    c->config->continuation_count, c->config->continuation_operator_count);
	else
		printf("by       nobody: the configuration has no continuation_operators, whose "
		       "word this takes\n");
}

static int
compare_statements(const void *a, const void *b)
{
	const struct statement_document *const *x = a, *const *y = b;

	return digest_compare(statement_document_digest(*x), statement_document_digest(*y));
}
