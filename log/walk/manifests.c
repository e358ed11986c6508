#include "log/walk/manifests.h"

#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

bool
manifests_expects(const struct manifests_expected *expected, const struct digest *manifest)
{
	for (size_t i = 0; i < expected->count; i++)
		if (digest_equal(&expected->digest[i], manifest))
			return true;
	return expected->count == 0;
}

void
manifests_free(struct manifests *m)
{
	free(m->term);
	*m = (struct manifests){.expected = m->expected};
}

enum err
manifests_add(struct manifests *m, const struct manifest_term *term)
{
	if (m->count == MANIFESTS_MAX) {
		m->count--;
		m->others++;
	} else {
		struct manifest_term *more = reallocarray(m->term, m->count + 1, sizeof(*m->term));

		if (more == NULL)
			return ERR_MEMORY;
		m->term = more;
	}
	m->term[m->count] = *term;
	m->term[m->count].expected = manifests_expects(&m->expected, &term->manifest);
	m->count++;
	return ERR_OK;
}

void
manifests_take_report(struct manifests *m, struct view id, struct reason *reason)
{
	struct manifest_term *t = m->count > 0 ? &m->term[m->count - 1] : NULL;
	struct digest manifest;

	if (t == NULL) {
		reason_add(reason, OUTCOME_BAD, "no manifest is in force before this report");
		return;
	}
	t->reports++;
	if (view_equal(view_of_string(t->name), id))
		return;
	if (policy_id_digest(id, &manifest) != ERR_OK)
		reason_add(reason, OUTCOME_BAD, "its policy %.*s names no manifest",
		    view_precision(id), (const char *)id.data);
	else if (!digest_equal(&manifest, &t->manifest))
		reason_add_digests(
		    reason, "it was not judged by the manifest in force", &t->manifest, &manifest);
	else if (t->name[0] == '\0' && id.size <= ENTRY_STRING_MAX)
		memcpy(t->name, id.data, id.size); /* the rest is zero */
}
