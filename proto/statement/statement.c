#include "proto/statement/statement.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/bundle.h"
#include "proto/evidence/identity.h"
#include "proto/glob.h"
#include "proto/json/json_extensions.h"
#include "proto/statement/statement_act.h"
#include "proto/text.h"
#include "proto/tlog/checkpoint.h"

/* What a member of a kind's subject has to be. */
enum member_form {
	FORM_ACT,      /* what a collector may do to a workload */
	FORM_ADVISORY, /* its id, of printable ASCII without spaces */
	FORM_CONTENT,  /* a digest that is not zero, which stands for no content */
	FORM_DIGEST,
	FORM_IDENTITY,
	FORM_NUMBER,
	FORM_PATTERN,
	FORM_WORKLOAD,
};

#define SUBJECT_MEMBERS_MAX 4

/* One of the ways in which a kind says what it is about: members in the order of their names. */
struct subject_form {
	enum statement_kind kind;
	struct {
		const char *name; /* NULL behind the last */
		enum member_form form;
	} member[SUBJECT_MEMBERS_MAX];
};

static const struct subject_form forms[] = {
    {STATEMENT_APPROVE, {{"manifest", FORM_DIGEST}}},
    {STATEMENT_MAINTENANCE, {{"collectors", FORM_PATTERN}, {"workloads", FORM_PATTERN}}},
    {STATEMENT_RETIRE, {{"collector", FORM_IDENTITY}, {"workload", FORM_WORKLOAD}}},
    {STATEMENT_REVOKE, {{"statement", FORM_DIGEST}}},
    {STATEMENT_REVOKE, {{"collectors", FORM_PATTERN}}},
    {STATEMENT_REVOKE, {{"workloads", FORM_PATTERN}}},
    {STATEMENT_REVOKE, {{"collectors", FORM_PATTERN}, {"workloads", FORM_PATTERN}}},
    {STATEMENT_REVOKE, {{"digest", FORM_CONTENT}}},
    {STATEMENT_REVOKE, {{"set", FORM_CONTENT}}},
    {STATEMENT_ACT_GRANT, {{"act", FORM_ACT}, {"collector", FORM_IDENTITY}, {"report", FORM_DIGEST},
			      {"workload", FORM_WORKLOAD}}},
    {STATEMENT_BREAK_GLASS, {{"collectors", FORM_PATTERN}, {"workloads", FORM_PATTERN}}},
    {STATEMENT_CLOCK, {{"from", FORM_NUMBER}}},
    {STATEMENT_RETIRE_KEY, {{"key", FORM_DIGEST}, {"since", FORM_NUMBER}}},
    {STATEMENT_NOT_AFFECTED,
	{{"advisory", FORM_ADVISORY}, {"package", FORM_PATTERN}, {"workloads", FORM_PATTERN}}},
    {STATEMENT_CONTINUE_KEY,
	{{"from", FORM_DIGEST}, {"root", FORM_DIGEST}, {"size", FORM_NUMBER}, {"to", FORM_DIGEST}}},
};

static bool is_of_form(const struct statement *s, const struct subject_form *form);
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

	if (statement_kind_place(kind) == STATEMENT_NOWHERE)
		return ERR_STATEMENT_KIND;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].kind == kind && is_of_form(s, &forms[i]))
			return ERR_OK;
	return ERR_STATEMENT_SUBJECT;
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

/* Just its members. */
static bool
is_of_form(const struct statement *s, const struct subject_form *form)
{
	size_t at = 0;

	for (; at < SUBJECT_MEMBERS_MAX && form->member[at].name != NULL; at++)
		if (at == s->member_count ||
		    !view_equal(s->member[at].name, view_of_string(form->member[at].name)) ||
		    !has_form(s->member[at].value, form->member[at].form))
			return false;
	return at == s->member_count;
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
	case FORM_ACT:
		return statement_act_from_word(value) != STATEMENT_NO_ACT;
	case FORM_ADVISORY:
		return is_name(value, STATEMENT_ADVISORY_MAX);
	case FORM_CONTENT:
		return digest_from_hex(value, &digest) == ERR_OK && !digest_is_zero(&digest);
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
