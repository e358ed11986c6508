#include "pkcs11/serve/summaries.h"

#include <inttypes.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/bundle_chain.h"
#include "proto/summary/summary.h"

#define POLICY_DIGEST_MARK "@sha256:" /* in the id of a policy, between its name and its digest */

static bool is_start_in_time(
    const struct claims_source *source, const struct report *r, struct buf *why);
static enum err write(const struct summary_profile *p, const struct claims_source *source,
    const struct report *r, struct buf *payload, struct buf *why);
static bool split_policy(struct view id, struct view *name, struct digest *digest);
static void append_escaped(struct buf *to, struct view name);

const struct summary_profile *
summaries_find(const struct hsm_config *config, struct view name)
{
	for (size_t i = 0; i < config->summary_count; i++)
		if (view_equal(config->summaries[i].name, name))
			return &config->summaries[i];
	return NULL;
}

enum err
summaries_derive(const struct hsm_config *config, const struct summary_profile *profile,
    const struct claims_source *source, struct report_document *document, struct buf *payload,
    struct buf *why)
{
	enum err e;

	if (source->audience.size > 0 || source->lifetime_s > 0) {
		buf_append_format(why,
		    "profile '%.*s' is one of summaries, which have no audience and no end; found "
		    "that one was asked for",
		    view_precision(profile->name), (const char *)profile->name.data);
		return ERR_TOKEN_PROFILE;
	}
	if ((e = claims_read_report(source->report, document, why)) != ERR_OK)
		return e;
	if (!is_start_in_time(source, &document->report, why) ||
	    !claims_is_covered(config, profile->name, &profile->cover, &document->report, why))
		return ERR_TOKEN_PROFILE;
	return write(profile, source, &document->report, payload, why);
}

/* Says in `why` what is not. */
static bool
is_start_in_time(const struct claims_source *source, const struct report *r, struct buf *why)
{
	if (!bundle_chain_is_start(r->bundle.workload) ||
	    r->bundle.extensions.artifact.form == BUNDLE_ARTIFACT_NONE)
		buf_append_format(why,
		    "expected a report of what was measured before a start, which names an "
		    "artifact, found one of what runs");
	else if (r->issued_s > source->now_s + CLAIMS_AHEAD_S)
		buf_append_format(why,
		    "expected a report that was issued by now, found one %" PRIu64 " s ahead of it",
		    r->issued_s - source->now_s);
	else
		return true;
	return false;
}

static enum err
write(const struct summary_profile *p, const struct claims_source *source, const struct report *r,
    struct buf *payload, struct buf *why)
{
	struct buf resource = BUF_INIT, policy = BUF_INIT;
	struct summary s = {.artifact = r->bundle.extensions.artifact,
	    .workload = bundle_chain_workload(r->bundle.workload),
	    .collector = r->collector,
	    .log = r->issuer,
	    .index = source->index,
	    .leaf = source->leaf,
	    .status = r->status,
	    .verifier = p->verifier,
	    .developer = r->developer,
	    .build = r->build,
	    .verified_s = r->issued_s};
	struct view name;
	enum err e;

	digest_of(source->report.data, source->report.size, &s.report);
	if (!split_policy(r->policy_id, &name, &s.policy_digest)) {
		buf_append_format(why,
		    "expected a report by a policy with a name and a digest, found '%.*s'",
		    view_precision(r->policy_id), (const char *)r->policy_id.data);
		return ERR_TOKEN_PROFILE;
	}
	buf_append_view(&resource, p->resources);
	append_escaped(&resource, s.workload);
	buf_append_view(&policy, p->policies);
	append_escaped(&policy, name);
	s.resource = buf_view(&resource);
	s.policy = buf_view(&policy);
	if ((e = buf_status(&resource)) == ERR_OK && (e = buf_status(&policy)) == ERR_OK)
		e = summary_write_payload(&s, payload);
	buf_free(&resource);
	buf_free(&policy);
	return e;
}

static bool
split_policy(struct view id, struct view *name, struct digest *digest)
{
	const size_t mark = strlen(POLICY_DIGEST_MARK), behind = mark + 2 * (size_t)DIGEST_SIZE;
	struct view hex;

	if (id.size <= behind)
		return false;
	*name = (struct view){id.data, id.size - behind};
	hex = (struct view){id.data + name->size + mark, behind - mark};
	return memcmp(id.data + name->size, POLICY_DIGEST_MARK, mark) == 0 &&
	       hex_decode_exact(hex, digest->bytes, DIGEST_SIZE) == ERR_OK;
}

/* As one segment of a path. */
static void
append_escaped(struct buf *to, struct view name)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-._~";

	for (size_t i = 0; i < name.size; i++)
		if (memchr(unreserved, name.data[i], sizeof(unreserved) - 1) != NULL)
			buf_append_byte(to, name.data[i]);
		else
			buf_append_format(to, "%%%02X", name.data[i]);
}
