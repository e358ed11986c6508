#include "signer/policies/approval.h"

#include <string.h>
#include <time.h>

#include "proto/text.h"
#include "proto/utc.h"
#include "signer/policies/differ.h"
#include "signer/policies/in_force.h"
#include "signer/policies/paragraph.h"
#include "signer/policies/told.h"

#define COLUMN 20 /* where words beside a name begin */

struct asked {
	const struct approval_options *options;
	struct in_force in_force;
	struct policy *policy; /* the new one */
	char manifest[DIGEST_HEX_SIZE + 1];
	struct standing_approvals approvals;
	uint64_t now_s;
	FILE *to;
};

static bool read_both(struct asked *a);
static const char *why_none(const struct asked *a);
static void print_text(const struct asked *a, const char *none);
static void print_operators(const struct asked *a);
static size_t count_operators(const struct asked *a);
static void print_too_few(const struct asked *a);
static bool may_approve(const struct asked *a, const struct operator_entry *op);
static void print_commands(const struct asked *a);
static void print_quoted(const char *text, FILE *to);
static bool print_json(const struct asked *a);

int
approval_tell(const struct approval_options *options, FILE *to)
{
	struct asked a = {.options = options, .now_s = (uint64_t)time(NULL), .to = to};
	int result = APPROVAL_EXIT_UNKNOWN;

	if (read_both(&a)) {
		const char *none = why_none(&a);

		result = none != NULL ? APPROVAL_EXIT_NONE : 0;
		if (!options->json)
			print_text(&a, none);
		else if (!print_json(&a))
			result = APPROVAL_EXIT_UNKNOWN;
	}
	policy_free(&a.policy);
	in_force_free(&a.in_force);
	return result;
}

static bool
read_both(struct asked *a)
{
	const struct approval_options *o = a->options;

	if (!in_force_read(o->log, o->evidence, &a->in_force) ||
	    (a->policy = told_policy(o->policy)) == NULL)
		return false;
	digest_to_hex(policy_manifest_digest(a->policy), a->manifest);
	standing_find_approvals(
	    a->in_force.standing, policy_manifest_digest(a->policy), a->now_s, &a->approvals);
	return true;
}

/* NULL: some are needed. */
static const char *
why_none(const struct asked *a)
{
	const struct digest *stands = standing_manifest(a->in_force.standing);

	if (stands != NULL && digest_equal(stands, policy_manifest_digest(a->policy)))
		return "is in force already";
	if (a->approvals.needed == 0)
		return "needs no approval: what is in force names no operators";
	if (a->approvals.found == a->approvals.needed)
		return "has all approvals: it comes into force as soon as the signer has it";
	return NULL;
}

static void
print_text(const struct asked *a, const char *none)
{
	struct buf head = BUF_INIT;

	buf_append_view(&head, policy_id(a->policy));
	if (none != NULL)
		buf_append_format(&head, " %s in %s", none, a->in_force.log.checkpoint.origin);
	else
		buf_append_format(&head, " needs %u approval%s in %s, and has %u",
		    a->approvals.needed, a->approvals.needed == 1 ? "" : "s",
		    a->in_force.log.checkpoint.origin, a->approvals.found);
	paragraph_print(a->to, 0, "", 0, buf_view(&head));
	buf_free(&head);
	if (a->in_force.policy != NULL) {
		fputc('\n', a->to);
		differ_print(a->in_force.policy, a->policy, a->options->all, a->to);
	}
	if (none != NULL)
		return;
	print_operators(a);
	if (count_operators(a) < a->approvals.needed)
		print_too_few(a);
	else
		print_commands(a);
}

static void
print_operators(const struct asked *a)
{
	const struct operators *o = standing_operators(a->in_force.standing);
	char name[COLUMN], until[UTC_TEXT_SIZE];
	struct buf words = BUF_INIT;

	fputs("\nThose who may approve it, none of them its author:\n", a->to);
	for (size_t i = 0; i < operators_count(o); i++) {
		const struct operator_entry *op = operators_at(o, i);

		if (!may_approve(a, op))
			continue;
		buf_clear(&words);
		buf_append_view(&words, op->role);
		if (op->until_s != 0)
			buf_append_format(&words, "%skey counts until %s",
			    words.size > 0 ? "; " : "", utc_text(op->until_s, until));
		(void)snprintf(name, sizeof(name), "%.*s", view_precision(op->name),
		    (const char *)op->name.data);
		paragraph_print(a->to, 2, name, COLUMN, buf_view(&words));
	}
	buf_free(&words);
}

static bool
may_approve(const struct asked *a, const struct operator_entry *op)
{
	return op->right[STATEMENT_APPROVE] && operator_counts(op, a->now_s) &&
	       (a->options->author == NULL ||
		   !operator_is_named(op, view_of_string(a->options->author)));
}

static size_t
count_operators(const struct asked *a)
{
	const struct operators *o = standing_operators(a->in_force.standing);
	size_t count = 0;

	for (size_t i = 0; i < operators_count(o); i++)
		count += may_approve(a, operators_at(o, i));
	return count;
}

/* Nothing that anybody signs then lets the policy come into force. */
static void
print_too_few(const struct asked *a)
{
	struct buf text = BUF_INIT;

	buf_append_format(&text,
	    "That is %zu of %u: whatever they sign, it does not come into force. ",
	    count_operators(a), a->approvals.needed);
	buf_append_string(
	    &text, a->options->author != NULL
		       ? "Let somebody be its author (--author) without whom there are enough."
		       : "The others' keys are over, or they have not the right `approve`.");
	paragraph_print(a->to, 0, "", 0, buf_view(&text));
	buf_free(&text);
}

/* As a shell takes them, but for the words in capitals. */
static void
print_commands(const struct asked *a)
{
	const struct approval_options *o = a->options;

	fputs("\nEach with a key of theirs:\n\n  hallmark-hsm statement sign --kind approve \\\n"
	      "      --origin ",
	    a->to);
	print_quoted(a->in_force.log.checkpoint.origin, a->to);
	fprintf(a->to, " \\\n      --subject manifest=%s \\\n      --author ", a->manifest);
	print_quoted(o->author != NULL ? o->author : "AUTHOR", a->to);
	fprintf(a->to,
	    " --reason REASON \\\n"
	    "      --not-after \"$(date -u -d '+1 day' +%%FT%%TZ)\" \\\n"
	    "      --key KEY -o approve-%.8s.json\n"
	    "  hallmark-signer statement submit -c ",
	    a->manifest);
	print_quoted(o->config != NULL ? o->config : "CONFIG", a->to);
	fprintf(a->to, " \\\n      approve-%.8s.json\n", a->manifest);
}

/* So that a shell reads it as one word: plain where it is, else between '. */
static void
print_quoted(const char *text, FILE *to)
{
	const bool plain = text[0] != '\0' &&
			   text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "0123456789_./:@%+=,-")] == '\0';

	if (plain) {
		fputs(text, to);
		return;
	}
	fputc('\'', to);
	for (; *text != '\0'; text++)
		if (*text == '\'')
			fputs("'\\''", to);
		else
			fputc(*text, to);
	fputc('\'', to);
}

static bool
print_json(const struct asked *a)
{
	const struct operators *o = standing_operators(a->in_force.standing);
	struct buf text = BUF_INIT;

	buf_append_byte(&text, '{');
	told_text(&text, "policy", policy_id(a->policy));
	told_text(&text, "manifest", view_of_string(a->manifest));
	told_text(&text, "origin", view_of_string(a->in_force.log.checkpoint.origin));
	if (a->in_force.policy != NULL)
		told_text(&text, "in_force", policy_id(a->in_force.policy));
	else
		buf_append_string(&text, ",\"in_force\":null");
	told_number(&text, "needed", a->approvals.needed);
	told_number(&text, "found", a->approvals.found);
	buf_append_string(&text, ",\"operators\":[");
	for (size_t i = 0, any = 0; o != NULL && i < operators_count(o); i++) {
		if (!may_approve(a, operators_at(o, i)))
			continue;
		buf_append_string(&text, any++ > 0 ? "," : "");
		json_append_string(&text, operators_at(o, i)->name);
	}
	buf_append_string(&text, "]}\n");
	return told_print(&text, a->to);
}
