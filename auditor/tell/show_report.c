#include "auditor/tell/show_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "proto/encoding.h"
#include "proto/evidence/extension_map.h"
#include "proto/utc.h"

static void show_verdict(const struct report *r, const struct display *d);
static void show_rollout(const struct report *r, const struct display *d);
static void show_findings(const struct report *r, const struct display *d);
static void show_evidence(const struct report *r, const struct display *d);
static void show_action(const struct bundle_action *a, const struct display *d);
static void show_extensions(const struct bundle_extensions *x, const struct display *d);
static void show_chain(const struct report *r, const struct display *d);

/* What a view needs in a format of "%.*s". */
#define SHOWN(v) view_precision(v), (const char *)(v).data

void
show_report(const struct report *r, const struct display *d)
{
	const struct bundle_extensions *x = &r->bundle.extensions;
	char issued[UTC_TEXT_SIZE], expires[UTC_TEXT_SIZE], measured[UTC_TEXT_SIZE];

	display_line(d, "who");
	display_field(d, "  workload", "%.*s", SHOWN(r->bundle.workload));
	display_field(d, "  collector", "%.*s", SHOWN(r->collector));
	display_field(d, "  log", "%.*s", SHOWN(r->issuer));
	display_field(d, "  verifier", "%.*s, %.*s", SHOWN(r->build), SHOWN(r->developer));
	display_line(d, "when");
	display_field(d, "  measured", "%s", utc_text(r->bundle.time_ms / 1000, measured));
	display_field(d, "  issued", "%s", utc_text(r->issued_s, issued));
	display_field(d, "  expires", "%s", utc_text(r->expires_s, expires));
	if (x->leaving == BUNDLE_MOVED)
		display_field(d, "  next", "none: moved to %.*s", SHOWN(x->moved_to));
	else if (x->leaving != BUNDLE_STAYING)
		display_field(d, "  next", "none: %s", bundle_leaving_word(x->leaving));
	else if (r->bundle.next_s == 0)
		display_field(d, "  next", "nothing was promised");
	else
		display_field(
		    d, "  next", "within %" PRIu64 " s, says the collector", r->bundle.next_s);
	show_verdict(r, d);
	show_findings(r, d);
	show_evidence(r, d);
	show_chain(r, d);
}

static void
show_verdict(const struct report *r, const struct display *d)
{
	display_line(d, "verdict");
	display_field(d, "  status", "%s", report_status_name(r->status));
	for (unsigned i = 0; i < REPORT_CLAIM_COUNT; i++) {
		char label[48];

		if (r->claim[i] == 0)
			continue;
		(void)snprintf(
		    label, sizeof(label), "  %s", report_claim_name((enum report_claim)i));
		display_field(d, label, "%d (%s)", r->claim[i],
		    report_status_name(report_claim_status(r->claim[i])));
	}
	display_field(d, "  policy", "%.*s", SHOWN(r->policy_id));
	show_rollout(r, d);
	for (size_t i = 0; i < r->reference_count; i++)
		display_digest(d, "  reference set", &r->reference[i]);
}

/* What is not said of most reports. */
static void
show_rollout(const struct report *r, const struct display *d)
{
	const struct report_rollout *o = &r->rollout;

	if (r->group.size > 0)
		display_field(d, "  group", "%.*s", SHOWN(r->group));
	if (o->enforce == REPORT_ENFORCE_ON)
		return;
	display_field(d, "  decided by", "%.*s", SHOWN(o->decided));
	display_field(d, "  beside it",
	    "its policy is rolled out (enforce: %s) and gives %s, with %" PRIu64 " finding%s",
	    report_enforce_name(o->enforce), report_status_name(o->status), o->finding_total,
	    display_plural(o->finding_total));
}

static void
show_findings(const struct report *r, const struct display *d)
{
	display_line(d, "findings");
	if (r->finding_total == 0)
		display_line(d, "  none");
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct report_finding *f = &r->finding[i];

		display_line(d, "  %-3zu %.*s: %.*s%s%.*s", i + 1, SHOWN(f->kind), SHOWN(f->code),
		    f->subject.size > 0 ? " " : "", SHOWN(f->subject));
		if (f->detail.size > 0)
			display_line(d, "      %.*s", SHOWN(f->detail));
	}
	if (r->finding_total > r->finding_count)
		display_line(d,
		    "  and %" PRIu64 " more, not written out here: --evidence DIR --findings",
		    r->finding_total - r->finding_count);
	for (unsigned i = 0; i < COMPONENT_KIND_COUNT; i++)
		if (r->not_checked[i])
			display_field(d, "  not checked", "%s: recorded only, by no rule",
			    component_kind_name((enum component_kind)i));
	for (size_t i = 0; i < r->accepted_count; i++)
		display_field(d, "  accepted", "%.*s: %.*s, by the policy",
		    SHOWN(r->accepted[i].kind), SHOWN(r->accepted[i].code));
	for (size_t i = 0; i < r->feed_count; i++)
		display_digest(d, "  advisories", &r->feed[i]);
	for (size_t i = 0; i < r->exception_count; i++) {
		const struct report_exception *x = &r->exception[i];
		char until[UTC_TEXT_SIZE];

		display_field(d, "  exception", "%.*s: %.*s, until %s: %.*s", SHOWN(x->kind),
		    SHOWN(x->subject), utc_text(x->until_s, until), SHOWN(x->why));
	}
}

static void
show_evidence(const struct report *r, const struct display *d)
{
	const struct bundle *b = &r->bundle;
	struct buf hex = BUF_INIT;
	char digest[DIGEST_HEX_SIZE + 1];

	display_line(d, "evidence");
	for (unsigned i = 0; i < COMPONENT_KIND_COUNT; i++) {
		const struct bundle_component *c = &b->component[i];
		char label[48];

		if (!c->present)
			continue;
		(void)snprintf(
		    label, sizeof(label), "  %s", component_kind_name((enum component_kind)i));
		digest_to_hex(&c->digest, digest);
		display_field(d, label, "%s, %" PRIu64 " item%s, %" PRIu64 " byte%s", digest,
		    c->count, display_plural(c->count), c->size, display_plural(c->size));
	}
	hex_append(&hex, (struct view){b->boot_id, BOOT_ID_SIZE});
	if (buf_status(&hex) == ERR_OK)
		display_field(d, "  boot", "%.*s", SHOWN(buf_view(&hex)));
	buf_clear(&hex);
	hex_append(&hex, b->extensions.challenge);
	if (b->offline)
		display_field(d, "  nonce", "none: gathered offline, behind bundle %" PRIu64,
		    b->extensions.gap_after);
	else if (b->extensions.challenge.size == 0)
		display_field(d, "  nonce", "of the signer: gathered when it asked");
	else if (buf_status(&hex) == ERR_OK)
		display_field(
		    d, "  nonce", "of somebody who challenged: %.*s", SHOWN(buf_view(&hex)));
	show_extensions(&b->extensions, d);
	buf_free(&hex);
}

/* What was done on the host. */
static void
show_action(const struct bundle_action *a, const struct display *d)
{
	char end[48];

	if (a->result < BUNDLE_ACTION_SIGNALLED)
		(void)snprintf(end, sizeof(end), "exit status %" PRIu64, a->result);
	else if (a->result < BUNDLE_ACTION_OVERDUE)
		(void)snprintf(
		    end, sizeof(end), "signal %" PRIu64, a->result - BUNDLE_ACTION_SIGNALLED);
	else
		(void)snprintf(end, sizeof(end), "%s",
		    a->result == BUNDLE_ACTION_OVERDUE   ? "ended when its time was over"
		    : a->result == BUNDLE_ACTION_REFUSED ? "not started"
							 : "nobody knows how it ended");
	if (a->is_act)
		(void)snprintf(end, sizeof(end), "%s",
		    a->result == BUNDLE_ACTION_DONE ? "done, by statement"
						    : "failed, by statement");
	display_field(
	    d, "  action", "%.*s for %s: %s", SHOWN(a->hook), bundle_verdict_word(a->verdict), end);
	if (a->is_act)
		display_digest(d, "", &a->granted);
}

/* What else the bundle says, and what of it this version does not know. */
static void
show_extensions(const struct bundle_extensions *x, const struct display *d)
{
	char time[UTC_TEXT_SIZE];
	struct extension_map m;
	enum err e = x->bytes.size > 0 ? extension_map_begin(x->bytes, &m) : ERR_NOT_FOUND;

	if (x->dropped.bundles > 0)
		display_field(d, "  dropped",
		    "%" PRIu64 " bundle%s before it, since %s, says the collector",
		    x->dropped.bundles, display_plural(x->dropped.bundles),
		    utc_text(x->dropped.since_s, time));
	if (x->cached.files > 0)
		display_field(d, "  cached",
		    "%" PRIu64 " of %" PRIu64 " file%s not read again; the first of them at %s",
		    x->cached.known, x->cached.files, display_plural(x->cached.files),
		    utc_text(x->cached.oldest_s, time));
	if (x->has_program)
		display_digest(d, "  program", &x->program);
	if (x->has_configuration)
		display_digest(d, "  configuration", &x->configuration);
	for (size_t i = 0; i < x->action_count; i++)
		show_action(&x->action[i], d);
	if (x->has_workload_key)
		display_digest(d, "  workload key", &x->workload_key);
	while (e == ERR_OK && m.left > 0) {
		e = extension_map_next(&m);
		if (e == ERR_OK && !bundle_extension_is_known(m.key))
			display_field(d, "  extension",
			    "%.*s is not known to this version; it decides nothing", SHOWN(m.key));
	}
}

static void
show_chain(const struct report *r, const struct display *d)
{
	char time[UTC_TEXT_SIZE];

	display_line(d, "chain");
	display_field(d, "  notice", "entry %" PRIu64 " is the newest before it", r->notice.index);
	display_field(d, "  sequence", "%" PRIu64, r->bundle.seq);
	display_digest(d, "  bundle", &r->bundle_digest);
	if (digest_is_zero(&r->bundle.prev))
		display_field(d, "  bundle before", "none");
	else
		display_digest(d, "  bundle before", &r->bundle.prev);
	if (r->has_previous)
		display_digest(d, "  entry before", &r->previous);
	else
		display_field(d, "  entry before", "none");
	if (r->has_signature)
		display_digest(d, "  signed by cert.", &r->certificate);
	if (r->last_signed_s != 0)
		display_field(d, "  last signed", "%s", utc_text(r->last_signed_s, time));
	else
		display_field(d, "  last signed", "never");
}
