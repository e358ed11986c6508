#include "signer/session/policy_change.h"

#include "journal/logger.h"
#include "signer/chronicle/stored_policy.h"
#include "signer/ledger/ledger_stage.h"

static bool is_in_force(const struct service *s, const struct policy *p);
static bool take(struct service *s, struct policy *p);
static void replace(struct service *s, struct policy *p);
static void wait_for(struct service *s, struct policy *p);
static enum err refuse_operators(const struct service *s);
static void say_waiting(struct service *s);
static void say_in_force(const struct service *s);

enum err
policy_change_begin(struct service *s)
{
	struct policy *configured = s->policy;
	const struct digest *manifest = standing_manifest(s->chronicle.notices.standing);
	struct logline l;
	enum err e;

	/* Whatever the store has lost of it is stored again. */
	if (manifest != NULL && is_in_force(s, configured))
		return stored_policy_keep(s->evidence, configured, ledger_evidence(s->ledger));
	s->policy = NULL; /* moved */
	if (take(s, configured))
		return ERR_OK;
	/* Of a site that has no operators: somebody else has named them, and judges by that policy.
	 */
	if (policy_operators(configured) == NULL) {
		s->policy = configured;
		return refuse_operators(s);
	}
	e = stored_policy_load(s->evidence, manifest, &s->policy);
	if (e == ERR_OK) {
		wait_for(s, configured);
		return ERR_OK;
	}
	s->policy = configured;
	if (e == ERR_MEMORY)
		return e;
	logline_begin(&l, LOGGER_ERROR, "policy-unreadable");
	logline_error(&l, e);
	logline_string(&l, "mend",
	    "the policy in force is another one than the configured, and cannot be read from the "
	    "evidence store; restore its packs from a copy, or configure it again");
	logline_end(&l);
	return ERR_IO;
}

void
policy_change_offer(struct service *s, struct policy *configured)
{
	policy_free(&s->waiting);
	if (!s->chronicle.begun) {
		replace(s, configured);
	} else if (is_in_force(s, configured)) {
		policy_free(&configured);
	} else if (!take(s, configured)) {
		wait_for(s, configured);
	}
}

void
policy_change_look(struct service *s)
{
	struct policy *p = s->waiting;

	if (p == NULL)
		return;
	s->waiting = NULL; /* moved */
	if (take(s, p))
		return;
	s->waiting = p;
	say_waiting(s);
}

static bool
is_in_force(const struct service *s, const struct policy *p)
{
	const struct digest *manifest = standing_manifest(s->chronicle.notices.standing);

	return manifest != NULL && digest_equal(policy_manifest_digest(p), manifest);
}

/* If all that it needs is there, and there is room for the notice. */
static bool
take(struct service *s, struct policy *p)
{
	struct notice_writer *n = &s->chronicle.notices;
	struct standing_approvals approvals;
	uint64_t iat_s;

	/* The first one is put whatever the disk says: without it nothing is. */
	if (standing_manifest(n->standing) != NULL &&
	    (s->storage.low || s->stopping || !ledger_entry_fits(s->ledger)))
		return false;
	iat_s = service_entry_s(s);
	absences_settle(&s->chronicle.absences);
	standing_find_approvals(n->standing, policy_manifest_digest(p), iat_s, &approvals);
	if (approvals.found < approvals.needed)
		return false;
	notice_writer_put_policy(n, p, &approvals, iat_s);
	replace(s, p);
	say_in_force(s);
	return true;
}

static void
replace(struct service *s, struct policy *p)
{
	policy_free(&s->policy);
	s->policy = p;
	s->policy_generation++;
}

static void
wait_for(struct service *s, struct policy *p)
{
	s->waiting = p;
	s->waiting_said = false;
	say_waiting(s);
}

static enum err
refuse_operators(const struct service *s)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct logline l;

	digest_to_hex(standing_manifest(s->chronicle.notices.standing), hex);
	logline_begin(&l, LOGGER_ERROR, "operators-unknown");
	logline_string(&l, "in_force", hex);
	logline_string(&l, "mend",
	    "the policy in force names operators, whose approvals the configured one lacks, and "
	    "the configured one names none: get the approvals before it is configured; if the "
	    "site has no operators, somebody else had the signer, and this log is over "
	    "(SECURITY.md)");
	logline_end(&l);
	return ERR_CONFIG;
}

/* Once for each policy, and when another approval has come or is over. */
static void
say_waiting(struct service *s)
{
	struct standing_approvals approvals;
	char hex[DIGEST_HEX_SIZE + 1];
	struct logline l;

	standing_find_approvals(s->chronicle.notices.standing, policy_manifest_digest(s->waiting),
	    s->last_issued_s, &approvals);
	if (s->waiting_said && s->waiting_found == approvals.found)
		return;
	s->waiting_said = true;
	s->waiting_found = approvals.found;
	s->waiting_needed = approvals.needed;
	digest_to_hex(policy_manifest_digest(s->waiting), hex);
	logline_begin(&l, LOGGER_WARNING, "policy-waiting");
	logline_string(&l, "manifest", hex);
	logline_number(&l, "needed", approvals.needed);
	logline_number(&l, "found", approvals.found);
	logline_view(&l, "in_force", policy_id(s->policy));
	logline_end(&l);
}

static void
say_in_force(const struct service *s)
{
	struct logline l;

	logline_begin(&l, LOGGER_INFO, "policy-in-force");
	logline_view(&l, "policy", policy_id(s->policy));
	logline_number(&l, "index", s->chronicle.notices.newest.index);
	logline_end(&l);
}
