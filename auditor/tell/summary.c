#include "auditor/tell/summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "auditor/tell/summary_revoked.h"
#include "proto/utc.h"

static void show_counts(const struct display *d, const struct walk *w);
static void show_keys(const struct display *d, const struct log_keys *k);
static void write_keys(struct json *j, const struct log_keys *k);
static void show_notices(const struct display *d, const struct walk_counts *c);
static void show_token(const struct display *d, const struct told_token *t);
static void write_token(struct json *j, const struct told_token *t);
static void show_manifests(const struct display *d, const struct manifests *m);
static void show_term(const struct display *d, const struct manifests *m, size_t i);
static void show_need(const struct display *d, const struct manifest_term *newest);
static void show_unknowns(const struct display *d, const struct unknowns *u);
static void write_counts(struct json *j, const struct walk *w);
static void write_manifests(struct json *j, const struct manifests *m);
static void write_unknowns(struct json *j, const struct unknowns *u);

void
summary_show(const struct display *d, const struct walk *w)
{
	show_counts(d, w);
	show_notices(d, walk_counts(w));
	show_keys(d, walk_keys(w));
	show_token(d, walk_token(w));
	if (walk_transcript(w) != NULL)
		display_digest(d, "transcript", walk_transcript(w));
	show_manifests(d, walk_manifests(w));
	summary_revoked_show(d, walk_revocations(w));
	show_unknowns(d, walk_unknowns(w));
}

void
summary_write(struct json *j, const struct walk *w)
{
	write_counts(j, w);
	write_keys(j, walk_keys(w));
	write_token(j, walk_token(w));
	if (walk_transcript(w) != NULL)
		json_digest(j, "transcript", walk_transcript(w));
	else
		json_null(j, "transcript");
	write_manifests(j, walk_manifests(w));
	summary_revoked_write(j, walk_revocations(w));
	write_unknowns(j, walk_unknowns(w));
}

static void
show_counts(const struct display *d, const struct walk *w)
{
	const struct walk_counts *c = walk_counts(w);

	display_field(d, "workloads", "%" PRIu64, walk_workloads(w));
	display_field(d, "reports",
	    "%" PRIu64 " affirming, %" PRIu64 " warning, %" PRIu64 " contraindicated, %" PRIu64
	    " none",
	    c->reports[report_status_rank(REPORT_AFFIRMING)],
	    c->reports[report_status_rank(REPORT_WARNING)],
	    c->reports[report_status_rank(REPORT_CONTRAINDICATED)],
	    c->reports[report_status_rank(REPORT_NONE)]);
	display_field(d, "absences", "%" PRIu64 ", naming %" PRIu64 " workload%s", c->absences,
	    c->absent, display_plural(c->absent));
}

static void
show_notices(const struct display *d, const struct walk_counts *c)
{
	display_field(d, "notices",
	    "%" PRIu64 " start%s, %" PRIu64 " manifest%s, %" PRIu64 " statement%s, %" PRIu64
	    " of the token",
	    c->notices[NOTICE_START], display_plural(c->notices[NOTICE_START]),
	    c->notices[NOTICE_MANIFEST], display_plural(c->notices[NOTICE_MANIFEST]),
	    c->notices[NOTICE_STATEMENT], display_plural(c->notices[NOTICE_STATEMENT]),
	    c->notices[NOTICE_TOKEN]);
	if (c->notices[NOTICE_FEED] > 0)
		display_field(d, "feeds", "%" PRIu64 " notice%s of advisories",
		    c->notices[NOTICE_FEED], display_plural(c->notices[NOTICE_FEED]));
	if (c->stops > 0)
		display_field(d, "not covered",
		    "%" PRIu64 " s in which the signer took no bundles, in %" PRIu64 " stop%s",
		    c->down_s, c->stops, display_plural(c->stops));
	if (c->unknown > 0)
		display_field(d, "not known",
		    "%" PRIu64 " entr%s of a kind or form that this version does not know",
		    c->unknown, c->unknown == 1 ? "y" : "ies");
}

/* Of a log that has changed its key: which signed what. */
static void
show_keys(const struct display *d, const struct log_keys *k)
{
	char hex[DIGEST_HEX_SIZE + 1], from[UTC_TEXT_SIZE];

	for (size_t i = 0; i < k->count; i++) {
		if (i == 0) {
			digest_to_hex(&k->change[0].from, hex);
			display_field(d, "keys", "%s from the beginning on", hex);
		}
		digest_to_hex(&k->change[i].to, hex);
		display_field(d, "", "%s from size %" PRIu64 " on (entry %" PRIu64 ", %s)%s", hex,
		    k->change[i].index + 1, k->change[i].index,
		    utc_text(k->change[i].issued_s, from),
		    k->change[i].statements == 0
			? ""
			: ": the key before was lost, operators have said that it goes on");
	}
}

static void
write_keys(struct json *j, const struct log_keys *k)
{
	json_open(j, "keys", '[');
	for (size_t i = 0; i < k->count; i++) {
		json_open(j, NULL, '{');
		json_number(j, "index", k->change[i].index);
		json_time(j, "from", k->change[i].issued_s);
		json_digest(j, "old", &k->change[i].from);
		json_digest(j, "new", &k->change[i].to);
		json_number(j, "statements", k->change[i].statements);
		json_close(j, '{');
	}
	json_close(j, '[');
}

/* By the signer's word, which it has from the key process. */
static void
show_token(const struct display *d, const struct told_token *t)
{
	char issued[UTC_TEXT_SIZE];

	if (!t->known)
		return;
	display_field(d, "token", "'%s', %s %s, serial %s, firmware %s", t->label, t->manufacturer,
	    t->model, t->serial, t->firmware);
	display_field(d, "", "  as the signer says (entry %" PRIu64 ", %s)", t->index,
	    utc_text(t->issued_s, issued));
	if (t->changes > 0)
		display_field(d, "",
		    "  what was not as before was told %" PRIu64 " time%s, the newest in entry "
		    "%" PRIu64,
		    t->changes, display_plural(t->changes), t->changed_index);
}

static void
write_token(struct json *j, const struct told_token *t)
{
	if (!t->known) {
		json_null(j, "token");
		return;
	}
	json_open(j, "token", '{');
	json_number(j, "index", t->index);
	json_time(j, "issued", t->issued_s);
	json_string(j, "label", t->label);
	json_string(j, "manufacturer", t->manufacturer);
	json_string(j, "model", t->model);
	json_string(j, "serial", t->serial);
	json_string(j, "firmware", t->firmware);
	json_number(j, "changes", t->changes);
	if (t->changes > 0)
		json_number(j, "changed_index", t->changed_index);
	else
		json_null(j, "changed_index");
	json_close(j, '{');
}

static void
show_manifests(const struct display *d, const struct manifests *m)
{
	for (size_t i = 0; i < m->count; i++)
		show_term(d, m, i);
	if (m->others > 0)
		display_field(d, "", "and %" PRIu64 " before the last, not kept", m->others);
	if (m->count > 0)
		show_need(d, &m->term[m->count - 1]);
}

/* Two lines: what it is, and what it rests on. */
static void
show_term(const struct display *d, const struct manifests *m, size_t i)
{
	const struct manifest_term *t = &m->term[i];
	char hex[DIGEST_HEX_SIZE + 1], from[UTC_TEXT_SIZE];

	digest_to_hex(&t->manifest, hex);
	display_field(d, i == 0 ? "policies" : "", "%" PRIu64 " report%s by %s%s%s", t->reports,
	    display_plural(t->reports), t->name[0] == '\0' ? "manifest " : "",
	    t->name[0] == '\0' ? hex : t->name, t->expected ? "" : ", which is not expected");
	if (i == 0)
		display_field(d, "", "  from %s on (entry %" PRIu64 "), the first",
		    utc_text(t->from_s, from), t->index);
	else if (t->approvals == 0)
		display_field(d, "", "  from %s on (entry %" PRIu64 "), without an approval",
		    utc_text(t->from_s, from), t->index);
	else
		display_field(d, "", "  from %s on (entry %" PRIu64 "), %s %zu approval%s%s",
		    utc_text(t->from_s, from), t->index, t->need_is_known ? "by" : "naming",
		    t->approvals, display_plural(t->approvals),
		    t->need_is_known ? "" : ", at which nobody looked here");
}

static void
show_need(const struct display *d, const struct manifest_term *newest)
{
	if (!newest->need_is_known)
		display_field(d, "approvals",
		    "whether the next policy needs any was not looked "
		    "at: that is in the evidence");
	else if (newest->needed == 0)
		display_field(d, "approvals", "policy changes need no approval here");
	else
		display_field(d, "approvals", "the next policy needs %" PRIu32, newest->needed);
}

static void
show_unknowns(const struct display *d, const struct unknowns *u)
{
	for (size_t i = 0; i < u->count; i++)
		display_field(d, i == 0 ? "unknown" : "",
		    "%s %s in %" PRIu64 " entr%s, the first is %" PRIu64, u->seen[i].what,
		    u->seen[i].name, u->seen[i].count, u->seen[i].count == 1 ? "y" : "ies",
		    u->seen[i].first);
	if (u->others > 0)
		display_field(d, "", "and %" PRIu64 " more that were not told apart", u->others);
}

static void
write_counts(struct json *j, const struct walk *w)
{
	static const enum report_status statuses[] = {
	    REPORT_AFFIRMING, REPORT_WARNING, REPORT_CONTRAINDICATED, REPORT_NONE};
	const struct walk_counts *c = walk_counts(w);

	json_number(j, "workloads", walk_workloads(w));
	json_open(j, "reports", '{');
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		json_number(j, report_status_name(statuses[i]),
		    c->reports[report_status_rank(statuses[i])]);
	json_close(j, '{');
	json_number(j, "absences", c->absences);
	json_number(j, "absent_workloads", c->absent);
	json_open(j, "notices", '{');
	json_number(j, "start", c->notices[NOTICE_START]);
	json_number(j, "manifest", c->notices[NOTICE_MANIFEST]);
	json_number(j, "statement", c->notices[NOTICE_STATEMENT]);
	json_number(j, "key", c->notices[NOTICE_KEY]);
	json_number(j, "token", c->notices[NOTICE_TOKEN]);
	json_number(j, "feed", c->notices[NOTICE_FEED]);
	json_close(j, '{');
	json_number(j, "not_covered_s", c->down_s);
	json_number(j, "stops", c->stops);
	json_number(j, "unknown_entries", c->unknown);
}

static void
write_manifests(struct json *j, const struct manifests *m)
{
	const struct manifest_term *newest = m->count > 0 ? &m->term[m->count - 1] : NULL;

	json_open(j, "policies", '[');
	for (size_t i = 0; i < m->count; i++) {
		const struct manifest_term *t = &m->term[i];

		json_open(j, NULL, '{');
		json_digest(j, "manifest", &t->manifest);
		json_string(j, "policy", t->name);
		json_number(j, "index", t->index);
		json_time(j, "from", t->from_s);
		json_number(j, "approvals", t->approvals);
		json_number(j, "reports", t->reports);
		json_bool(j, "expected", t->expected);
		json_close(j, '{');
	}
	json_close(j, '[');
	json_number(j, "policies_left_out", m->others);
	if (newest != NULL && newest->need_is_known)
		json_number(j, "approvals_needed", newest->needed);
	else
		json_null(j, "approvals_needed");
}

static void
write_unknowns(struct json *j, const struct unknowns *u)
{
	json_open(j, "unknown", '[');
	for (size_t i = 0; i < u->count; i++) {
		json_open(j, NULL, '{');
		json_string(j, "what", u->seen[i].what);
		json_string(j, "name", u->seen[i].name);
		json_number(j, "first", u->seen[i].first);
		json_number(j, "entries", u->seen[i].count);
		json_close(j, '{');
	}
	json_close(j, '[');
}
