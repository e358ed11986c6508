#include "pkcs11/statement_sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/new_file.h"
#include "proto/encoding.h"
#include "proto/text.h"
#include "proto/tlog/checkpoint.h"
#include "proto/utc.h"

static enum err gather_subject(const struct statement_arguments *a, struct statement *s);
static enum err gather_times(const struct statement_arguments *a, struct statement *s);
static enum err check_text(const char *option, const char *text, size_t size_max, bool spaces);
static enum err explain(enum err e, const struct statement *s);
static void explain_kind(struct view found);
static int member_order(const void *a, const void *b);
static enum err make_envelope(
    const struct statement *s, struct operator_key *key, struct buf *to, struct digest *name);

enum err
statement_sign_retirement(struct statement_arguments *a)
{
	struct statement_key *key;
	char hex[DIGEST_HEX_SIZE + 1];
	uint64_t since_s;
	enum err e;

	if (utc_parse(view_of_string(a->compromised_since), &since_s) != ERR_OK) {
		complain("--compromised-since: expected a time in UTC such as "
			 "2027-01-31T00:00:00Z, found \"%s\"",
		    a->compromised_since);
		return ERR_STATEMENT_FORMAT;
	}
	if ((e = operator_key_of_certificate(a->certificate, &key)) != ERR_OK)
		return e;
	digest_to_hex(statement_key_id(key), hex);
	(void)snprintf(a->retired_key, sizeof(a->retired_key), "key=%s", hex);
	(void)snprintf(a->retired_since, sizeof(a->retired_since), "since=%" PRIu64, since_s);
	a->kind = statement_kind_name(STATEMENT_RETIRE_KEY);
	a->subject[a->subject_count++] = a->retired_key;
	a->subject[a->subject_count++] = a->retired_since;
	statement_key_free(&key);
	return ERR_OK;
}

enum err
statement_sign_gather(const struct statement_arguments *a, struct statement *out)
{
	enum err e;

	*out = (struct statement){.kind_name = view_of_string(a->kind),
	    .origin = view_of_string(a->origin),
	    .reason = view_of_string(a->reason),
	    .author = view_of_string(a->author)};
	if (checkpoint_origin_check(out->origin) != ERR_OK) {
		complain("--origin: expected the log's origin, 1 to %d printable ASCII characters "
			 "without space and \"+\", found \"%s\"",
		    CHECKPOINT_ORIGIN_MAX, a->origin);
		return ERR_STATEMENT_FORMAT;
	}
	if ((e = check_text("--reason", a->reason, STATEMENT_REASON_MAX, true)) != ERR_OK ||
	    (e = check_text("--author", a->author, STATEMENT_AUTHOR_MAX, false)) != ERR_OK ||
	    (e = gather_subject(a, out)) != ERR_OK || (e = gather_times(a, out)) != ERR_OK)
		return e;
	if ((e = statement_check(out)) == ERR_OK)
		e = statement_check_subject(out);
	return e == ERR_OK ? ERR_OK : explain(e, out);
}

enum err
statement_sign_write(const struct statement *s, struct operator_key *key, const char *path)
{
	struct buf envelope = BUF_INIT, words = BUF_INIT;
	char hex[2][DIGEST_HEX_SIZE + 1];
	struct digest name;
	struct new_file file;
	enum err e = make_envelope(s, key, &envelope, &name);

	if (e == ERR_OK && (e = new_file_make(path, "the statement", &file)) == ERR_OK &&
	    (e = new_file_write(&file, "the statement", buf_view(&envelope))) == ERR_OK) {
		statement_print(s, &words);
		digest_to_hex(statement_key_id(operator_key_public(key)), hex[0]);
		digest_to_hex(&name, hex[1]);
		printf("%.*skey id     %s\nsha256     %s\nwritten    %s\n", (int)words.size,
		    (const char *)words.data, hex[0], hex[1], path);
	}
	buf_free(&envelope);
	buf_free(&words);
	return e;
}

static enum err
gather_subject(const struct statement_arguments *a, struct statement *s)
{
	for (size_t i = 0; i < a->subject_count; i++) {
		const char *equals = strchr(a->subject[i], '=');
		struct statement_member *m = &s->member[i];

		if (equals == NULL) {
			complain("--subject: expected name=value, found \"%s\"", a->subject[i]);
			return ERR_STATEMENT_FORMAT;
		}
		m->name =
		    (struct view){(const uint8_t *)a->subject[i], (size_t)(equals - a->subject[i])};
		m->value = view_of_string(equals + 1);
	}
	s->member_count = a->subject_count;
	qsort(s->member, s->member_count, sizeof(s->member[0]), member_order);
	return ERR_OK;
}

static enum err
gather_times(const struct statement_arguments *a, struct statement *s)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec <= 0) {
		complain("the clock tells no time");
		return ERR_IO;
	}
	s->not_before_s = (uint64_t)now.tv_sec;
	s->number = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (a->not_before != NULL &&
	    utc_parse(view_of_string(a->not_before), &s->not_before_s) != ERR_OK) {
		complain("--not-before: expected a time in UTC such as 2027-01-31T00:00:00Z, found "
			 "\"%s\"",
		    a->not_before);
		return ERR_STATEMENT_FORMAT;
	}
	if (utc_parse(view_of_string(a->not_after), &s->not_after_s) != ERR_OK ||
	    s->not_after_s <= s->not_before_s) {
		complain("--not-after: expected a time in UTC such as 2027-01-31T00:00:00Z, behind "
			 "that of --not-before, found \"%s\"",
		    a->not_after);
		return ERR_STATEMENT_FORMAT;
	}
	if (a->number != NULL && (decimal_decode(view_of_string(a->number), &s->number) != ERR_OK ||
				     s->number == 0 || s->number > STATEMENT_NUMBER_MAX)) {
		complain("--number: expected 1 to %llu, larger than the last of this key in this "
			 "log, found \"%s\"",
		    STATEMENT_NUMBER_MAX, a->number);
		return ERR_STATEMENT_FORMAT;
	}
	return ERR_OK;
}

static enum err
check_text(const char *option, const char *text, size_t size_max, bool spaces)
{
	const struct view v = view_of_string(text);

	if (v.size > 0 && v.size <= size_max && text_is_printable(v, spaces))
		return ERR_OK;
	complain("%s: expected 1 to %zu bytes of UTF-8 without %scontrol or invisible characters, "
		 "found %zu bytes",
	    option, size_max, spaces ? "" : "white space, ", v.size);
	return ERR_STATEMENT_FORMAT;
}

/* What is left to be wrong is the kind or the subject. */
static enum err
explain(enum err e, const struct statement *s)
{
	static const char *const subjects[] = {
	    [STATEMENT_APPROVE] = "manifest=<sha256>",
	    [STATEMENT_MAINTENANCE] = "collectors=<pattern> and workloads=<pattern>",
	    [STATEMENT_RETIRE] = "collector=<identity> and workload=<name>",
	    [STATEMENT_REVOKE] = "statement=<sha256 of its envelope>",
	    [STATEMENT_CLOCK] = "from=<seconds since 1970, iat of the log's newest entry>",
	    [STATEMENT_RETIRE_KEY] =
		"key=<sha256 of its public key> and since=<seconds since 1970>",
	    [STATEMENT_NOT_AFFECTED] = "advisory=<id>, package=<pattern> and workloads=<pattern>",
	    [STATEMENT_CONTINUE_KEY] =
		"from=<sha256>, root=<sha256>, size=<decimal> and to=<sha256>",
	    [STATEMENT_ACT_GRANT] =
		"act=freeze, stop or isolate, collector=<identity>, "
		"report=<leaf hash of a report of the fall> and workload=<name>",
	    [STATEMENT_BREAK_GLASS] = "collectors=<pattern> and workloads=<pattern>",
	};
	const enum statement_kind kind = statement_kind(s);

	struct buf found = BUF_INIT;

	for (size_t i = 0; i < s->member_count; i++)
		buf_append_format(&found, "%s%.*s=%.*s", i == 0 ? "" : " ",
		    view_precision(s->member[i].name), (const char *)s->member[i].name.data,
		    view_precision(s->member[i].value), (const char *)s->member[i].value.data);
	if (buf_status(&found) != ERR_OK)
		abort();
	if (statement_kind_place(kind) != STATEMENT_NOWHERE)
		complain("--subject: expected %s, each once, for --kind %s; found \"%.*s\"",
		    subjects[kind], statement_kind_name(kind), view_precision(buf_view(&found)),
		    (const char *)found.data);
	else
		explain_kind(s->kind_name);
	buf_free(&found);
	return e;
}

static void
explain_kind(struct view found)
{
	struct buf kinds = BUF_INIT;

	for (unsigned k = 0; k < STATEMENT_KIND_COUNT; k++)
		if (statement_kind_place((enum statement_kind)k) != STATEMENT_NOWHERE)
			buf_append_format(&kinds, "%s%s", k == 0 ? "" : ", ",
			    statement_kind_name((enum statement_kind)k));
	if (buf_status(&kinds) != ERR_OK)
		abort();
	complain("--kind: expected one of %.*s, found \"%.*s\"", view_precision(buf_view(&kinds)),
	    (const char *)kinds.data, view_precision(found), (const char *)found.data);
	buf_free(&kinds);
}

static int
member_order(const void *a, const void *b)
{
	const struct statement_member *x = a, *y = b;

	return view_compare(x->name, y->name);
}

/* What comes out is read again and verified as its readers do, before anybody sees it. */
static enum err
make_envelope(
    const struct statement *s, struct operator_key *key, struct buf *to, struct digest *name)
{
	struct buf payload = BUF_INIT, text = BUF_INIT, signature = BUF_INIT;
	struct statement_document *d = NULL;
	enum err e = statement_write_payload(s, &payload);

	statement_signed_bytes(buf_view(&payload), &text);
	if (e == ERR_OK && (e = buf_status(&text)) == ERR_OK &&
	    (e = operator_key_sign(key, buf_view(&text), &signature)) == ERR_OK &&
	    (e = statement_write_envelope(buf_view(&payload),
		 statement_key_id(operator_key_public(key)), buf_view(&signature), to)) == ERR_OK &&
	    (e = statement_parse(buf_view(to), &d)) == ERR_OK)
		e = statement_verify(d, operator_key_public(key));
	if (e == ERR_OK)
		*name = *statement_document_digest(d);
	else
		complain("the statement is not made: %s", err_text(e));
	statement_document_free(&d);
	buf_free(&payload);
	buf_free(&text);
	buf_free(&signature);
	return e;
}
