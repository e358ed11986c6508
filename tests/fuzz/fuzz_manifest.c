/*
 * The manifest of a policy: what is accepted is spelled as manifest_write spells it.
 */
#include <stdlib.h>

#include "policy/governance/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view text = {data, size};
	struct buf again = BUF_INIT;
	struct manifest *m;
	enum err e = manifest_parse(text, &m);

	if ((e == ERR_OK) != (m != NULL))
		abort();
	if (m == NULL)
		return 0;
	for (size_t i = 0; i < m->count; i++)
		if (manifest_find(m, m->line[i].kind, m->line[i].name) != &m->line[i].digest)
			abort();
	if (manifest_policy(m)->kind != MANIFEST_POLICY)
		abort();
	manifest_write(m->line, m->count, &again);
	if (!view_equal(buf_view(&again), text))
		abort();
	manifest_free(&m);
	buf_free(&again);
	return 0;
}
