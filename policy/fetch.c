#include "policy/fetch.h"

#include <string.h>

#include "policy/governance/manifest.h"

static enum err parse_operators(struct view yaml, struct operators **out);

enum err
fetch_manifest(const struct digest *manifest, policy_fetch *fetch, void *context,
    struct operators **operators, bool *rolls_out, struct digest *rollout)
{
	struct buf text = BUF_INIT, yaml = BUF_INIT;
	struct manifest *m = NULL;
	const struct digest *file = NULL, *from = NULL;
	enum err e = fetch_checked(fetch, context, PACK_MANIFEST, manifest, &text);

	*operators = NULL;
	memset(rollout, 0, sizeof(*rollout));
	if (e == ERR_OK && (e = manifest_parse(buf_view(&text), &m)) == ERR_OK) {
		file = manifest_find(m, MANIFEST_OPERATORS, VIEW_LITERAL(MANIFEST_OPERATORS_NAME));
		from = manifest_rollout(m);
	}
	*rolls_out = from != NULL;
	if (from != NULL)
		*rollout = *from;
	if (file != NULL &&
	    (e = fetch_checked(fetch, context, PACK_OPERATORS, file, &yaml)) == ERR_OK)
		e = parse_operators(buf_view(&yaml), operators);
	manifest_free(&m);
	buf_free(&text);
	buf_free(&yaml);
	return e;
}

enum err
fetch_checked(policy_fetch *fetch, void *context, enum pack_kind kind, const struct digest *digest,
    struct buf *to)
{
	struct digest found;
	enum err e = fetch(context, kind, digest, to);

	if (e != ERR_OK || (e = buf_status(to)) != ERR_OK)
		return e;
	digest_of(to->data, to->size, &found);
	return digest_equal(&found, digest) ? ERR_OK : ERR_DIGEST;
}

static enum err
parse_operators(struct view yaml, struct operators **out)
{
	struct faults faults = FAULTS_INIT;
	enum err e = operators_parse("stored operators", yaml, &faults, out);

	faults_free(&faults);
	return e;
}
