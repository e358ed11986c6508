#include "proto/statement/statement.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/bundle.h"
#include "proto/evidence/identity.h"
#include "proto/glob.h"
#include "proto/json/json_extensions.h"
#include "proto/text.h"
#include "proto/tlog/checkpoint.h"

/* What a member of a kind's subject has to be. */
enum member_form { FORM_DIGEST, FORM_IDENTITY, FORM_NUMBER, FORM_PATTERN, FORM_WORKLOAD };

struct member_rule {
	enum statement_kind kind;
	const char *name; /* those of a kind in the order of their names */
	enum member_form form;
};

static const struct member_rule rules[] = {
    {STATEMENT_APPROVE, "manifest", FORM_DIGEST},
    {STATEMENT_MAINTENANCE, "collectors", FORM_PATTERN},
    {STATEMENT_MAINTENANCE, "workloads", FORM_PATTERN},
    {STATEMENT_RETIRE, "collector", FORM_IDENTITY},
    {STATEMENT_RETIRE, "workload", FORM_WORKLOAD},
    {STATEMENT_REVOKE, "statement", FORM_DIGEST},
    {STATEMENT_CLOCK, "from", FORM_NUMBER},
    {STATEMENT_RETIRE_KEY, "key", FORM_DIGEST},
    {STATEMENT_RETIRE_KEY, "since", FORM_NUMBER},
    {STATEMENT_CONTINUE_KEY, "from", FORM_DIGEST},
    {STATEMENT_CONTINUE_KEY, "root", FORM_DIGEST},
    {STATEMENT_CONTINUE_KEY, "size", FORM_NUMBER},
    {STATEMENT_CONTINUE_KEY, "to", FORM_DIGEST},
};

static bool members_are_good(const struct statement *s);
static bool is_word(struct view v, size_t size_max);
static bool is_text(struct view v, size_t size_max);
static bool has_form(struct view value, enum member_form form);
static bool is_name(struct view v, size_t size_max);

enum err
statement_check(const struct statement *s)
{
	if (!is_word(s->kind_name, STATEMENT_KIND_NAME_MAX) ||
	    checkpoint_origin_check(s->origin) != ERR_OK || !members_are_good(s) ||
	    s->not_before_s >= s->not_after_s || s->not_after_s > JSON_NUMBER_MAX ||
	    !is_text(s->reason, STATEMENT_REASON_MAX) ||
	    !is_name(s->author, STATEMENT_AUTHOR_MAX) || s->number == 0 ||
	    s->number > STATEMENT_NUMBER_MAX ||
	    (s->extensions.size > 0 && json_extensions_check(s->extensions) != ERR_OK))
		return ERR_STATEMENT_FORMAT;
	return ERR_OK;
}

enum err
statement_check_subject(const struct statement *s)
{
	const enum statement_kind kind = statement_kind(s);
	size_t at = 0;

	if (!statement_kind_is_acted_on(kind))
		return ERR_STATEMENT_KIND;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].kind != kind)
			continue;
		if (at == s->member_count ||
		    !view_equal(s->member[at].name, view_of_string(rules[i].name)) ||
		    !has_form(s->member[at].value, rules[i].form))
			return ERR_STATEMENT_SUBJECT;
		at++;
	}
	return at == s->member_count ? ERR_OK : ERR_STATEMENT_SUBJECT;
}

enum statement_kind
statement_kind(const struct statement *s)
{
	return statement_kind_from_name(s->kind_name);
}

struct view
statement_value(const struct statement *s, const char *name)
{
	for (size_t i = 0; i < s->member_count; i++)
		if (view_equal(s->member[i].name, view_of_string(name)))
			return s->member[i].value;
	return (struct view){NULL, 0};
}

enum err
statement_value_digest(const struct statement *s, const char *name, struct digest *out)
{
	return digest_from_hex(statement_value(s, name), out) == ERR_OK ? ERR_OK
									: ERR_STATEMENT_SUBJECT;
}

enum err
statement_value_number(const struct statement *s, const char *name, uint64_t *out)
{
	return decimal_decode(statement_value(s, name), out) == ERR_OK && *out <= JSON_NUMBER_MAX
		   ? ERR_OK
		   : ERR_STATEMENT_SUBJECT;
}

static bool
members_are_good(const struct statement *s)
{
	if (s->member_count == 0 || s->member_count > STATEMENT_MEMBERS_MAX)
		return false;
	for (size_t i = 0; i < s->member_count; i++)
		if (!is_word(s->member[i].name, STATEMENT_NAME_MAX) ||
		    !is_text(s->member[i].value, STATEMENT_VALUE_MAX) ||
		    (i > 0 && view_compare(s->member[i - 1].name, s->member[i].name) >= 0))
			return false;
	return true;
}

static bool
is_word(struct view v, size_t size_max)
{
	for (size_t i = 0; i < v.size; i++)
		if ((v.data[i] < 'a' || v.data[i] > 'z') && (v.data[i] < '0' || v.data[i] > '9') &&
		    v.data[i] != '-')
			return false;
	return v.size > 0 && v.size <= size_max;
}

static bool
is_text(struct view v, size_t size_max)
{
	return v.size > 0 && v.size <= size_max && text_is_printable(v, true);
}

static bool
has_form(struct view value, enum member_form form)
{
	struct digest digest;
	uint64_t number;

	switch (form) {
	case FORM_DIGEST:
		return digest_from_hex(value, &digest) == ERR_OK;
	case FORM_IDENTITY:
		return identity_is_valid(value);
	case FORM_NUMBER:
		return decimal_decode(value, &number) == ERR_OK && number <= JSON_NUMBER_MAX;
	case FORM_PATTERN:
		return glob_check(value) == ERR_OK;
	case FORM_WORKLOAD:
		break;
	}
	return bundle_workload_check(value) == ERR_OK;
}

/* Two of them that people take for the same differ in a letter that can be seen. */
static bool
is_name(struct view v, size_t size_max)
{
	return v.size > 0 && v.size <= size_max && text_is_printable(v, false);
}
