/*
 * A statement in words (statement.h). Whoever signs reads this, so it says what follows, not only
 * what stands there; and nothing in it can pass for another line.
 */
#include <string.h>

#include "proto/json/json_extensions.h"
#include "proto/statement/statement.h"
#include "proto/statement/statement_act.h"
#include "proto/text.h"
#include "proto/utc.h"

#define NAME_WIDTH "%-11s"
#define SHOWN_MAX  (4 * STATEMENT_VALUE_MAX) /* bytes: each may become \xNN */

static void print_effect(const struct statement *s, struct buf *to);
static void print_maintenance(const struct statement *s, struct buf *to);
static void print_clock(const struct statement *s, struct buf *to);
static void print_retired_key(const struct statement *s, struct buf *to);
static void print_continued_key(const struct statement *s, struct buf *to);
static void print_revoke(const struct statement *s, struct buf *to);
static void print_not_affected(const struct statement *s, struct buf *to);
static void print_act_grant(const struct statement *s, struct buf *to);
static void print_break_glass(const struct statement *s, struct buf *to);
static void print_unknown(const struct statement *s, struct buf *to);
static void print_extensions(const struct statement *s, struct buf *to);
static void append_name(struct buf *to, const char *name);
static void append_line(struct buf *to, const char *name, struct view value);
static void append_value(const struct statement *s, const char *name, struct buf *to);

void
statement_print(const struct statement *s, struct buf *to)
{
	append_line(to, "statement", s->kind_name);
	append_line(to, "log", s->origin);
	append_name(to, "effect");
	if (statement_check_subject(s) == ERR_OK)
		print_effect(s, to);
	else
		print_unknown(s, to);
	append_name(to, "in force");
	buf_append_string(to, "from ");
	utc_append(to, s->not_before_s);
	buf_append_string(to, " until ");
	utc_append(to, s->not_after_s);
	buf_append_byte(to, '\n');
	append_line(to, "reason", s->reason);
	append_line(to, "author", s->author);
	append_name(to, "number");
	buf_append_decimal(to, s->number);
	buf_append_byte(to, '\n');
	print_extensions(s, to);
}

static void
print_effect(const struct statement *s, struct buf *to)
{
	switch (statement_kind(s)) {
	case STATEMENT_APPROVE:
		buf_append_string(to, "the policy whose manifest has the SHA-256 ");
		append_value(s, "manifest", to);
		buf_append_string(to, " may come into force within this time, as the next one\n");
		break;
	case STATEMENT_MAINTENANCE:
		print_maintenance(s, to);
		break;
	case STATEMENT_RETIRE:
		buf_append_string(to, "nothing more is expected of workload ");
		append_value(s, "workload", to);
		buf_append_string(to, " of collector ");
		append_value(s, "collector", to);
		buf_append_string(to, " until it reports again: its silence is not recorded\n");
		break;
	case STATEMENT_CLOCK:
		print_clock(s, to);
		break;
	case STATEMENT_RETIRE_KEY:
		print_retired_key(s, to);
		break;
	case STATEMENT_CONTINUE_KEY:
		print_continued_key(s, to);
		break;
	case STATEMENT_NOT_AFFECTED:
		print_not_affected(s, to);
		break;
	case STATEMENT_ACT_GRANT:
		print_act_grant(s, to);
		break;
	case STATEMENT_BREAK_GLASS:
		print_break_glass(s, to);
		break;
	default: /* the last that statement_check_subject lets through */
		print_revoke(s, to);
	}
}

static void
print_maintenance(const struct statement *s, struct buf *to)
{
	buf_append_string(to, "workloads that match ");
	append_value(s, "workloads", to);
	buf_append_string(to, " of collectors that match ");
	append_value(s, "collectors", to);
	buf_append_string(to, " may be silent within this time: what is due in it is due behind "
			      "its end\n");
}

static void
print_clock(const struct statement *s, struct buf *to)
{
	uint64_t from_s;

	if (statement_value_number(s, "from", &from_s) != ERR_OK)
		return; /* its subject was checked */
	buf_append_string(to, "the log, whose newest entry is of ");
	utc_append(to, from_s);
	buf_append_string(to, " (");
	buf_append_decimal(to, from_s);
	buf_append_string(to,
	    "), goes on at the time of the signer's clock, if that is earlier and "
	    "within this time\n");
}

static void
print_retired_key(const struct statement *s, struct buf *to)
{
	uint64_t since_s;

	if (statement_value_number(s, "since", &since_s) != ERR_OK)
		return; /* its subject was checked */
	buf_append_string(to, "what the log's key ");
	append_value(s, "key", to);
	buf_append_string(to, " has signed at ");
	utc_append(to, since_s);
	buf_append_string(to, " (");
	buf_append_decimal(to, since_s);
	buf_append_string(to, ") or later proves nothing by itself, and whatever it has signed may "
			      "be of then; this is for good\n");
}

static void
print_continued_key(const struct statement *s, struct buf *to)
{
	buf_append_string(to, "the log, whose key ");
	append_value(s, "from", to);
	buf_append_string(to, " is lost, goes on under the key ");
	append_value(s, "to", to);
	buf_append_string(to, "; its newest checkpoint that anybody has is of size ");
	append_value(s, "size", to);
	buf_append_string(to, ", root ");
	append_value(s, "root", to);
	buf_append_byte(to, '\n');
}

static void
print_revoke(const struct statement *s, struct buf *to)
{
	const bool by_collector = statement_value(s, "collectors").size > 0;
	const bool by_workload = statement_value(s, "workloads").size > 0;

	if (statement_value(s, "statement").size > 0) {
		buf_append_string(to, "the statement whose envelope has the SHA-256 ");
		append_value(s, "statement", to);
		buf_append_string(to, " is in force no more; what it has done stays\n");
		return;
	}
	if (statement_value(s, "digest").size > 0) {
		buf_append_string(to, "whatever file, link or code in memory has the SHA-256 ");
		append_value(s, "digest", to);
	} else if (statement_value(s, "set").size > 0) {
		buf_append_string(to, "whatever only the reference set with the SHA-256 ");
		append_value(s, "set", to);
		buf_append_string(to, " knows");
	} else {
		buf_append_string(to, "every workload");
		if (by_workload) {
			buf_append_string(to, " that matches ");
			append_value(s, "workloads", to);
		}
		buf_append_string(to, " of every collector");
		if (by_collector) {
			buf_append_string(to, " that matches ");
			append_value(s, "collectors", to);
		}
	}
	buf_append_string(to, " is contraindicated until its end, or until this is revoked\n");
}

static void
print_not_affected(const struct statement *s, struct buf *to)
{
	buf_append_string(to, "the advisory ");
	append_value(s, "advisory", to);
	buf_append_string(
	    to, " is no finding within this time about packages and files that match ");
	append_value(s, "package", to);
	buf_append_string(to, ", of the policy's workloads that match ");
	append_value(s, "workloads", to);
	buf_append_string(to, ": reports say that it was accepted\n");
}

static void
print_act_grant(const struct statement *s, struct buf *to)
{
	const enum statement_act act = statement_act_from_word(statement_value(s, "act"));

	buf_append_string(to, "workload ");
	append_value(s, "workload", to);
	buf_append_string(to, " of collector ");
	append_value(s, "collector", to);
	buf_append_format(to, " may be %s within this time, once, for the fall that report ",
	    statement_act_participle(act));
	append_value(s, "report", to);
	buf_append_string(to, " is of");
	buf_append_string(to, statement_act_end(act)[0] == '\0'
				  ? "\n"
				  : "; it stays so until its verdict is affirming again\n");
}

static void
print_break_glass(const struct statement *s, struct buf *to)
{
	buf_append_string(to, "within this time nothing is done to workloads that match ");
	append_value(s, "workloads", to);
	buf_append_string(to, " of collectors that match ");
	append_value(s, "collectors", to);
	buf_append_string(to,
	    ", whatever their verdict and whatever is granted, and what was done to "
	    "them and can be undone is undone\n");
}

static void
print_unknown(const struct statement *s, struct buf *to)
{
	const enum statement_kind kind = statement_kind(s);

	if (kind == STATEMENT_KIND_UNKNOWN)
		buf_append_string(to, "none: this version does not know this kind\n");
	else if (statement_kind_place(kind) != STATEMENT_NOWHERE)
		buf_append_string(to, "none: its subject is not that of its kind\n");
	else
		buf_append_format(to, "none: this version does not act on this kind (%s)\n",
		    statement_kind_purpose(kind));
	for (size_t i = 0; i < s->member_count; i++) {
		append_name(to, i == 0 ? "subject" : "");
		buf_append_view(to, s->member[i].name);
		buf_append_byte(to, ' ');
		text_append_printable(to, s->member[i].value, SHOWN_MAX);
		buf_append_byte(to, '\n');
	}
}

static void
print_extensions(const struct statement *s, struct buf *to)
{
	struct view rest = s->extensions, key, value;

	while (rest.size > 0 && json_extensions_next(&rest, &key, &value)) {
		append_name(to, "extension");
		buf_append_view(to, key);
		buf_append_string(to, " is not known to this version: ");
		text_append_printable(to, value, SHOWN_MAX);
		buf_append_byte(to, '\n');
	}
}

static void
append_name(struct buf *to, const char *name)
{
	buf_append_format(to, NAME_WIDTH, name);
}

static void
append_line(struct buf *to, const char *name, struct view value)
{
	append_name(to, name);
	text_append_printable(to, value, SHOWN_MAX);
	buf_append_byte(to, '\n');
}

static void
append_value(const struct statement *s, const char *name, struct buf *to)
{
	text_append_printable(to, statement_value(s, name), SHOWN_MAX);
}
