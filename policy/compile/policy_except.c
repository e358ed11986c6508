#include "policy/compile/policy_except.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/redacted.h"
#include "proto/evidence/reference_entry.h"
#include "proto/text.h"

/* Where in the file one is being put together. */
struct place {
	struct draft *draft;
	const char *rule; /* its key */
	size_t index;     /* in `except` */
	char key[DRAFT_KEY_MAX];
};

static void take(struct place *p, const struct raw_exception *raw, struct exception_rule *to);
static void take_path(struct place *p, const char *path, struct exception_rule *to);
static void take_digest(struct place *p, const char *hex, struct exception_rule *to);
static void check_again(struct place *p, const struct policy_rule *rule);
static struct view printable(struct draft *d, struct view path);
static const char *key_of(struct place *p, const char *name);

void
policy_except_compile(struct draft *d, const char *key, enum component_kind kind,
    const struct raw_file_rule *raw, struct policy_rule *to)
{
	if (raw->except_count > 0 && to->exception == NULL)
		to->exception =
		    draft_memory(d->policy, REPORT_EXCEPTIONS_MAX, sizeof(*to->exception));
	for (size_t i = 0; i < raw->except_count; i++) {
		struct place p = {.draft = d, .rule = key, .index = i};

		if (to->exception_count == REPORT_EXCEPTIONS_MAX) {
			draft_fault(d, key_of(&p, ""),
			    "\"%s\": all rules of an entry together may have %d exceptions: make a "
			    "set of what is to stay",
			    p.key, REPORT_EXCEPTIONS_MAX);
			return;
		}
		to->exception[to->exception_count] =
		    (struct exception_rule){.kind = kind, .place = i};
		take(&p, &raw->except[i], &to->exception[to->exception_count]);
		check_again(&p, to);
		to->exception_count++;
	}
}

static void
take(struct place *p, const struct raw_exception *raw, struct exception_rule *to)
{
	take_path(p, raw->path, to);
	take_digest(p, raw->sha256, to);
	to->until_s = draft_date(p->draft, key_of(p, ".until"), raw->until);
	if (raw->why != NULL)
		to->why = view_of_string(raw->why); /* printable, as every text of a policy is */
	if (raw->owner != NULL)
		to->owner = view_of_string(raw->owner);
}

static void
take_path(struct place *p, const char *path, struct exception_rule *to)
{
	const char *wrong;

	if (path == NULL)
		return; /* a fault already */
	to->path = view_of_string(path);
	to->subject = printable(p->draft, to->path);
	if (!redacted_is(to->path) && (wrong = reference_path_check(to->path)) != NULL)
		draft_fault(
		    p->draft, key_of(p, ".path"), "\"%s\": %s; found \"%s\"", p->key, wrong, path);
}

static void
take_digest(struct place *p, const char *hex, struct exception_rule *to)
{
	if (hex != NULL && (digest_from_hex(view_of_string(hex), &to->digest) != ERR_OK ||
			       digest_is_zero(&to->digest)))
		draft_fault(p->draft, key_of(p, ".sha256"),
		    "\"%s\" must be 64 lower-case hex digits, not all zeros; found \"%s\"", p->key,
		    hex);
}

/* The first would be told, and the second believed to count longer. */
static void
check_again(struct place *p, const struct policy_rule *rule)
{
	const struct exception_rule *new = &rule->exception[rule->exception_count];

	for (size_t i = 0; i < rule->exception_count; i++)
		if (rule->exception[i].kind == new->kind &&new->path.size > 0 &&
		    view_equal(rule->exception[i].path, new->path) &&
		    digest_equal(&rule->exception[i].digest, &new->digest))
			draft_fault(p->draft, key_of(p, ""),
			    "\"%s\" is for the same file as one before it: join them", p->key);
}

/* As findings show it, and owned by the policy. */
static struct view
printable(struct draft *d, struct view path)
{
	struct buf text = BUF_INIT;
	uint8_t *kept;
	struct view to;

	text_append_printable(&text, path, REPORT_SUBJECT_MAX);
	if (buf_status(&text) != ERR_OK)
		abort();
	kept = draft_memory(d->policy, text.size, 1);
	memcpy(kept, text.data, text.size);
	to = (struct view){kept, text.size};
	buf_free(&text);
	return to;
}

static const char *
key_of(struct place *p, const char *name)
{
	snprintf(p->key, sizeof(p->key), "%s.except[%zu]%s", p->rule, p->index, name);
	return p->key;
}
