#include "policy/policy_seal.h"

#include <stdlib.h>

#include "policy/compile/draft.h"
#include "policy/governance/manifest.h"

static size_t gather_objects(
    struct policy *p, struct policy_object *object, struct manifest_line *line);

void
policy_seal(struct policy *p)
{
	/* The policy itself, its operators, what it is rolled out against, all the rest. */
	const size_t most = 3 + layout_text_count(p->layout) + p->reference_count +
			    p->collectors_ca_count + p->package_list_count;
	struct manifest_line *line = draft_memory(p, most, sizeof(*line));
	const struct raw_policy *raw = yaml_file_data(p->yaml);
	char hex[DIGEST_HEX_SIZE + 1];
	size_t count;

	p->objects = draft_memory(p, most + 1, sizeof(*p->objects));
	count = gather_objects(p, p->objects + 1, line);
	p->object_count = count + 1;
	/* That is stored already, or this cannot follow it. */
	if (p->rolls_out)
		line[count++] = (struct manifest_line){
		    MANIFEST_ROLLOUT, VIEW_LITERAL(MANIFEST_ROLLOUT_NAME), p->rollout_from};
	manifest_write(line, count, &p->manifest);
	if (buf_status(&p->manifest) != ERR_OK)
		abort();
	p->objects[0] =
	    (struct policy_object){.kind = PACK_MANIFEST, .content = buf_view(&p->manifest)};
	digest_of(p->manifest.data, p->manifest.size, &p->objects[0].digest);
	digest_to_hex(&p->objects[0].digest, hex);
	buf_append_string(&p->id, raw->name);
	buf_append_string(&p->id, POLICY_ID_MARK);
	buf_append_string(&p->id, hex);
	if (buf_status(&p->id) != ERR_OK)
		abort();
}

/* All but the manifest, and its lines, object by object. Gives how many there are. */
static size_t
gather_objects(struct policy *p, struct policy_object *object, struct manifest_line *line)
{
	const struct raw_policy *raw = yaml_file_data(p->yaml);
	struct policy_object *o = object;

	*o = (struct policy_object){.kind = PACK_POLICY, .content = yaml_file_bytes(p->yaml)};
	digest_of(o->content.data, o->content.size, &o->digest);
	*line++ = (struct manifest_line){MANIFEST_POLICY, view_of_string(raw->name), o++->digest};
	for (size_t i = 0; i < layout_text_count(p->layout); i++) {
		*o = (struct policy_object){
		    .kind = PACK_POLICY, .content = layout_text(p->layout, i)};
		digest_of(o->content.data, o->content.size, &o->digest);
		*line++ = (struct manifest_line){
		    MANIFEST_INCLUDE, view_of_string(layout_text_name(p->layout, i)), o++->digest};
	}
	if (p->operators.operators != NULL) {
		*o = (struct policy_object){
		    PACK_OPERATORS, p->operators.digest, buf_view(&p->operators.content)};
		*line++ = (struct manifest_line){
		    MANIFEST_OPERATORS, VIEW_LITERAL(MANIFEST_OPERATORS_NAME), o++->digest};
	}
	for (size_t i = 0; i < p->collectors_ca_count; i++) {
		const struct policy_collectors_ca *c = &p->collectors_ca[i];

		*o = (struct policy_object){PACK_CA, c->digest, buf_view(&c->content)};
		*line++ = (struct manifest_line){
		    MANIFEST_COLLECTORS_CA, view_of_string(c->name), o++->digest};
	}
	for (size_t i = 0; i < p->package_list_count; i++) {
		const struct policy_package_list *l = &p->package_lists[i];

		*o = (struct policy_object){PACK_PACKAGE_LIST, l->digest, buf_view(&l->content)};
		*line++ = (struct manifest_line){
		    MANIFEST_PACKAGE_LIST, view_of_string(l->name), o++->digest};
	}
	for (size_t i = 0; i < p->reference_count; i++) {
		const struct policy_reference *r = &p->references[i];

		*o = (struct policy_object){PACK_REFERENCE, r->digest, buf_view(&r->content)};
		*line++ = (struct manifest_line){
		    MANIFEST_REFERENCE, view_of_string(r->name), o++->digest};
	}
	return (size_t)(o - object);
}
