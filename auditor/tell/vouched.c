#include "auditor/tell/vouched.h"

#include <inttypes.h>
#include <stdio.h>

#define SHORT_DIGITS 8 /* of a CA's SHA-256; --json has all of it */

static void tell_whole(const struct display *d, const struct vouchers *all);
static void tell_workloads(const struct display *d, const struct walk *w, bool full);
static void tell_workload(
    const struct display *d, const struct vouchers *all, const struct chain *c);
static uint64_t lacks(const struct chain *c);
static const char *name_of(const struct voucher *v, char to[VOUCHING_NAME_SIZE + 32]);
static void write_workload(struct json *j, const struct vouchers *all, const struct chain *c);
static void write_ca(struct json *j, const struct digest *ca, const char *name);

enum outcome
vouched_tell(
    const struct display *d, struct json *j, const struct walk *w, bool demanded, bool full)
{
	const struct vouchers *all = walk_vouchers(w);
	enum outcome o = OUTCOME_GOOD;

	tell_whole(d, all);
	if (all->vouched > 0)
		tell_workloads(d, w, full);
	if (demanded && all->not_vouched > 0)
		o = display_step(d, "vouched", OUTCOME_UNKNOWN,
		    "demanded, and nobody who is named vouches for %" PRIu64 " report%s",
		    all->not_vouched, display_plural(all->not_vouched));
	json_open(j, "vouching", '{');
	json_number(j, "vouched", all->vouched);
	json_number(j, "not_vouched", all->not_vouched);
	json_number(j, "signed", all->is_signed);
	json_number(j, "unnamed", all->unnamed);
	json_number(j, "rejected", all->rejected);
	json_open(j, "workloads", '[');
	for (const struct chain *c = walk_first_chain(w); c != NULL; c = c->hh.next)
		write_workload(j, all, c);
	json_close(j, '[');
	json_close(j, '{');
	return o;
}

enum outcome
vouched_tell_one(const struct display *d, struct json *j, const struct vouched *v, bool demanded)
{
	static const char *const said[] = {
	    [VOUCHING_UNSIGNED] = "not by this report: it has no signature of its collector; a "
				  "later one may vouch for it (--all)",
	    [VOUCHING_UNNAMED] = "signed by its collector, and nobody said here whose word counts "
				 "for that (--collectors-ca)",
	    [VOUCHING_REJECTED] = "signed by its collector, with a certificate that did not count "
				  "then",
	};
	struct voucher by = {.ca = v->by.ca};
	char name[VOUCHING_NAME_SIZE + 32];

	(void)snprintf(by.name, sizeof(by.name), "%s", v->by.ca_name);
	if (v->state == VOUCHING_VOUCHED)
		display_field(d, "vouched", "under %s", name_of(&by, name));
	else
		display_field(d, "vouched", "%s", said[v->state]);
	if (v->state == VOUCHING_VOUCHED) {
		json_open(j, "vouched_by", '{');
		write_ca(j, &by.ca, by.name);
		json_close(j, '{');
	} else {
		json_null(j, "vouched_by");
	}
	return demanded && v->state != VOUCHING_VOUCHED
		   ? display_step(d, "vouched", OUTCOME_UNKNOWN,
			 "demanded, and nobody who is named vouches for this report")
		   : OUTCOME_GOOD;
}

static void
tell_whole(const struct display *d, const struct vouchers *all)
{
	char name[VOUCHING_NAME_SIZE + 32];

	display_field(d, "vouched", "%" PRIu64 " of %" PRIu64 " report%s", all->vouched,
	    all->vouched + all->not_vouched, display_plural(all->vouched + all->not_vouched));
	for (size_t i = 0; i < all->count; i++)
		display_field(d, "", "%" PRIu64 " under %s", all->all[i].reports,
		    name_of(&all->all[i], name));
	if (all->rejected > 0)
		display_field(d, "",
		    "%" PRIu64 " signature%s by certificates that did not count then",
		    all->rejected, display_plural(all->rejected));
	if (all->unnamed > 0)
		display_warn(d, "vouched",
		    "could not tell of %" PRIu64 " signed report%s: nobody said here by whose "
		    "certificates (--collectors-ca; or --policy, --approver, where the policy "
		    "lists collectors_ca)",
		    all->unnamed, display_plural(all->unnamed));
}

static void
tell_workloads(const struct display *d, const struct walk *w, bool full)
{
	uint64_t left = full ? UINT64_MAX : VOUCHED_LINES_MAX, more = 0;

	for (unsigned pass = 0; pass < 2; pass++)
		for (const struct chain *c = walk_first_chain(w); c != NULL; c = c->hh.next) {
			if ((lacks(c) > 0) != (pass == 0))
				continue;
			if (left > 0) {
				tell_workload(d, walk_vouchers(w), c);
				left--;
			} else {
				more++;
			}
		}
	if (more > 0)
		display_field(d, "", "  and %" PRIu64 " more workload%s (--full)", more,
		    display_plural(more));
}

static void
tell_workload(const struct display *d, const struct vouchers *all, const struct chain *c)
{
	const struct view workload = chain_workload(c), collector = chain_collector(c);
	char name[VOUCHING_NAME_SIZE + 32];
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < c->vouched.by_count; i++)
		buf_append_format(&text, "%" PRIu64 " vouched under %s, ", c->vouched.by[i].reports,
		    name_of(&all->all[c->vouched.by[i].voucher], name));
	buf_append_format(&text, "%" PRIu64 " not", lacks(c));
	if (buf_status(&text) == ERR_OK)
		display_field(d, "", "  %.*s on %.*s: %.*s", view_precision(workload),
		    (const char *)workload.data, view_precision(collector),
		    (const char *)collector.data, view_precision(buf_view(&text)),
		    (const char *)text.data);
	buf_free(&text);
}

static uint64_t
lacks(const struct chain *c)
{
	return c->vouched.pending + c->vouched.lost;
}

static const char *
name_of(const struct voucher *v, char to[VOUCHING_NAME_SIZE + 32])
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(&v->ca, hex);
	(void)snprintf(
	    to, VOUCHING_NAME_SIZE + 32, "%s (sha256 %.*s..)", v->name, SHORT_DIGITS, hex);
	return to;
}

static void
write_workload(struct json *j, const struct vouchers *all, const struct chain *c)
{
	json_open(j, NULL, '{');
	json_view(j, "workload", chain_workload(c));
	json_view(j, "collector", chain_collector(c));
	json_open(j, "under", '[');
	for (size_t i = 0; i < c->vouched.by_count; i++) {
		const struct voucher *v = &all->all[c->vouched.by[i].voucher];

		json_open(j, NULL, '{');
		write_ca(j, &v->ca, v->name);
		json_number(j, "reports", c->vouched.by[i].reports);
		json_close(j, '{');
	}
	json_close(j, '[');
	json_number(j, "not_vouched", lacks(c));
	json_close(j, '{');
}

static void
write_ca(struct json *j, const struct digest *ca, const char *name)
{
	json_string(j, "ca", name);
	json_digest(j, "ca_sha256", ca);
}
