#include "log/retired.h"

#include <fcntl.h>
#include <stdlib.h>

#include "log/approver.h"
#include "log/inputfile.h"
#include "proto/utc.h"

static enum outcome read_file(const char *path, const char *const *by, size_t by_count,
    const struct findings *f, struct retired_keys *out);
static enum outcome verify(const char *path, const struct statement_document *d,
    const char *const *by, size_t by_count, const struct findings *f);
static enum outcome take(const char *path, const struct statement *s, const struct findings *f,
    struct retired_keys *out);

enum outcome
retired_keys_read(const char *const *files, size_t count, const char *const *by, size_t by_count,
    const struct findings *f, struct retired_keys *out)
{
	enum outcome o = OUTCOME_GOOD;

	*out = (struct retired_keys){.count = 0};
	for (size_t i = 0; i < count; i++)
		o = outcome_worse(o, read_file(files[i], by, by_count, f, out));
	return o;
}

void
retired_keys_free(struct retired_keys *r)
{
	free(r->key);
	*r = (struct retired_keys){.count = 0};
}

enum err
retired_keys_take(struct retired_keys *r, const struct statement *s)
{
	struct retired_key said;

	if (statement_kind(s) != STATEMENT_RETIRE_KEY ||
	    statement_value_digest(s, "key", &said.key) != ERR_OK ||
	    statement_value_number(s, "since", &said.since_s) != ERR_OK)
		return ERR_OK;
	return retired_keys_add(r, &said);
}

enum err
retired_keys_add(struct retired_keys *r, const struct retired_key *said)
{
	struct retired_key *grown;

	for (size_t i = 0; i < r->count; i++)
		if (digest_equal(&r->key[i].key, &said->key)) {
			if (said->since_s < r->key[i].since_s)
				r->key[i].since_s = said->since_s;
			return ERR_OK;
		}
	if ((grown = reallocarray(r->key, r->count + 1, sizeof(*grown))) == NULL)
		return ERR_MEMORY;
	r->key = grown;
	r->key[r->count++] = *said;
	return ERR_OK;
}

enum err
retired_keys_join(struct retired_keys *r, const struct retired_keys *more)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < more->count && e == ERR_OK; i++)
		e = retired_keys_add(r, &more->key[i]);
	return e;
}

const struct retired_key *
retired_keys_find(const struct retired_keys *r, const struct digest *key)
{
	for (size_t i = 0; i < r->count; i++)
		if (digest_equal(&r->key[i].key, key))
			return &r->key[i];
	return NULL;
}

static enum outcome
read_file(const char *path, const char *const *by, size_t by_count, const struct findings *f,
    struct retired_keys *out)
{
	struct statement_document *d = NULL;
	struct buf bytes = BUF_INIT;
	const struct statement *s;
	enum outcome o;
	enum err e;

	if ((e = inputfile_read(AT_FDCWD, path, STATEMENT_SIZE_MAX, &bytes)) != ERR_OK) {
		o = findings_step(
		    f, "retired", OUTCOME_UNKNOWN, "%s: %s", path, inputfile_reason(e));
	} else if ((e = statement_parse(buf_view(&bytes), &d)) != ERR_OK) {
		o = findings_step(f, "retired", OUTCOME_UNKNOWN, "%s: %s", path, err_text(e));
	} else {
		s = statement_document_statement(d);
		if (statement_kind(s) != STATEMENT_RETIRE_KEY ||
		    statement_check_subject(s) != ERR_OK)
			o = findings_step(f, "retired", OUTCOME_UNKNOWN,
			    "%s: expected a statement of the kind retire-key, found one of %.*s",
			    path, view_precision(s->kind_name), (const char *)s->kind_name.data);
		else if ((o = verify(path, d, by, by_count, f)) == OUTCOME_GOOD)
			o = take(path, s, f, out);
	}
	statement_document_free(&d);
	buf_free(&bytes);
	return o;
}

/* Under the key that it names, if that is one of those that count. */
static enum outcome
verify(const char *path, const struct statement_document *d, const char *const *by, size_t by_count,
    const struct findings *f)
{
	struct statement_key *key = NULL;
	enum outcome o = OUTCOME_GOOD;
	enum err e = ERR_STATEMENT_KEY;
	struct digest id;

	for (size_t i = 0; i < by_count && e == ERR_STATEMENT_KEY; i++) {
		if (digest_from_hex(view_of_string(by[i]), &id) == ERR_OK)
			continue; /* verifies nothing */
		if ((o = approver_read_key(by[i], f, &key)) != OUTCOME_GOOD)
			return o;
		e = statement_verify(d, key);
		statement_key_free(&key);
	}
	if (e == ERR_OK)
		return OUTCOME_GOOD;
	return findings_step(f, "retired", OUTCOME_UNKNOWN,
	    "%s: expected one signed by a key that was named with --operator, as a file: %s", path,
	    err_text(e));
}

static enum outcome
take(
    const char *path, const struct statement *s, const struct findings *f, struct retired_keys *out)
{
	const struct view key = statement_value(s, "key");
	char since[UTC_TEXT_SIZE];
	uint64_t since_s = 0;
	enum err e = retired_keys_take(out, s);

	if (e == ERR_OK)
		e = statement_value_number(s, "since", &since_s);
	if (e != ERR_OK)
		return findings_step(f, "retired", OUTCOME_UNKNOWN, "%s: %s", path, err_text(e));
	return findings_step(f, "retired", OUTCOME_GOOD,
	    "%s: others may have had the key %.*s since %s", path, view_precision(key),
	    (const char *)key.data, utc_text(since_s, since));
}
