#include "register/view/stated.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/component.h"
#include "proto/text.h"

static void put_number(struct buf *to, uint64_t number);
static void put_view(struct buf *to, struct view v);
static void put_digest(struct buf *to, const struct digest *d);
static bool is_of_bundle(const struct report_finding *f);
static void digest_lists(const struct report *r, struct buf *to);
static void begin_member(struct buf *to, const char *name);
static void add_string(struct buf *to, const char *name, struct view value);
static void add_digests(struct buf *to, const char *name, const struct digest *list, size_t count);
static void add_vector(struct buf *to, const struct report *r);
static void add_rollout(struct buf *to, const struct report *r);
static void add_components(struct buf *to, const struct report *r);
static void add_findings(struct buf *to, const struct report *r);
static void add_not_checked(struct buf *to, const struct report *r);
static void add_accepted(struct buf *to, const struct report *r);
static void add_exceptions(struct buf *to, const struct report *r);
static const char *outcome_name(enum outcome o);

enum err
stated_digest(const struct report *r, enum outcome checked, struct buf *scratch, struct digest *out)
{
	buf_clear(scratch);
	put_number(scratch, (uint64_t)checked);
	put_number(scratch, (uint64_t)r->status);
	buf_append(scratch, r->claim, sizeof(r->claim));
	put_view(scratch, r->policy_id);
	put_view(scratch, r->group);
	put_number(scratch, (uint64_t)r->rollout.enforce);
	if (r->rollout.enforce != REPORT_ENFORCE_ON) {
		put_view(scratch, r->rollout.decided);
		put_number(scratch, (uint64_t)r->rollout.status);
		put_number(scratch, r->rollout.finding_total);
	}
	for (size_t i = 0; i < COMPONENT_KIND_COUNT; i++) {
		const struct bundle_component *c = &r->bundle.component[i];

		buf_append_byte(scratch, (uint8_t)(c->present | r->not_checked[i] << 1));
		if (c->present)
			put_digest(scratch, &c->digest);
	}
	digest_lists(r, scratch);
	if (buf_status(scratch) != ERR_OK)
		return ERR_MEMORY;
	digest_of(scratch->data, scratch->size, out);
	return ERR_OK;
}

static void
digest_lists(const struct report *r, struct buf *to)
{
	put_number(to, r->reference_count);
	for (size_t i = 0; i < r->reference_count; i++)
		put_digest(to, &r->reference[i]);
	put_number(to, r->feed_count);
	for (size_t i = 0; i < r->feed_count; i++)
		put_digest(to, &r->feed[i]);
	put_number(to, r->finding_total);
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct report_finding *f = &r->finding[i];

		put_view(to, f->kind);
		put_view(to, f->code);
		put_view(to, f->subject);
		if (!is_of_bundle(f))
			put_view(to, f->detail);
	}
	put_number(to, r->accepted_count);
	for (size_t i = 0; i < r->accepted_count; i++) {
		put_view(to, r->accepted[i].kind);
		put_view(to, r->accepted[i].code);
	}
	put_number(to, r->exception_count);
	for (size_t i = 0; i < r->exception_count; i++) {
		put_view(to, r->exception[i].kind);
		put_view(to, r->exception[i].subject);
		put_number(to, r->exception[i].until_s);
		put_view(to, r->exception[i].why);
	}
}

enum report_status
stated_tier(const struct report *r, enum outcome checked)
{
	return checked == OUTCOME_GOOD ? r->status : REPORT_NONE;
}

enum err
stated_body(const struct report *r, enum outcome checked, struct buf *to)
{
	buf_append_byte(to, '{');
	add_string(to, "checked", view_of_string(outcome_name(checked)));
	add_string(to, "claimed", view_of_string(report_status_name(r->status)));
	add_vector(to, r);
	if (r->group.size > 0)
		add_string(to, "group", r->group);
	add_rollout(to, r);
	add_digests(to, "references", r->reference, r->reference_count);
	add_digests(to, "feeds", r->feed, r->feed_count);
	add_components(to, r);
	begin_member(to, "finding_count");
	buf_append_decimal(to, r->finding_total);
	add_findings(to, r);
	add_not_checked(to, r);
	add_accepted(to, r);
	add_exceptions(to, r);
	buf_append_byte(to, '}');
	return buf_status(to);
}

static void
put_number(struct buf *to, uint64_t number)
{
	uint8_t bytes[8];

	be64_put(bytes, number);
	buf_append(to, bytes, sizeof(bytes));
}

static void
put_view(struct buf *to, struct view v)
{
	put_number(to, v.size);
	buf_append_view(to, v);
}

static void
put_digest(struct buf *to, const struct digest *d)
{
	buf_append(to, d->bytes, DIGEST_SIZE);
}

static bool
is_of_bundle(const struct report_finding *f)
{
	return view_equal(f->kind, VIEW_LITERAL("bundle"));
}

/* Behind a value comes a comma; behind what opens an object or a list, none. */
static void
separate(struct buf *to)
{
	if (to->size > 0 && strchr("{[", to->data[to->size - 1]) == NULL)
		buf_append_byte(to, ',');
}

static void
begin_member(struct buf *to, const char *name)
{
	separate(to);
	json_append_string(to, view_of_string(name));
	buf_append_byte(to, ':');
}

static void
add_string(struct buf *to, const char *name, struct view value)
{
	begin_member(to, name);
	json_append_string(to, value);
}

static void
add_hex(struct buf *to, const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	json_append_string(to, view_of_string(hex));
}

static void
add_digests(struct buf *to, const char *name, const struct digest *list, size_t count)
{
	begin_member(to, name);
	buf_append_byte(to, '[');
	for (size_t i = 0; i < count; i++) {
		separate(to);
		add_hex(to, &list[i]);
	}
	buf_append_byte(to, ']');
}

static void
add_vector(struct buf *to, const struct report *r)
{
	begin_member(to, "vector");
	buf_append_byte(to, '{');
	for (unsigned i = 0; i < REPORT_CLAIM_COUNT; i++) {
		if (r->claim[i] == 0)
			continue;
		begin_member(to, report_claim_name((enum report_claim)i));
		buf_append_format(to, "%d", r->claim[i]);
	}
	buf_append_byte(to, '}');
}

static void
add_rollout(struct buf *to, const struct report *r)
{
	if (r->rollout.enforce == REPORT_ENFORCE_ON)
		return;
	begin_member(to, "rollout");
	buf_append_byte(to, '{');
	add_string(to, "enforce", view_of_string(report_enforce_name(r->rollout.enforce)));
	add_string(to, "decided", r->rollout.decided);
	add_string(to, "tier", view_of_string(report_status_name(r->rollout.status)));
	begin_member(to, "finding_count");
	buf_append_decimal(to, r->rollout.finding_total);
	buf_append_byte(to, '}');
}

static void
add_components(struct buf *to, const struct report *r)
{
	begin_member(to, "components");
	buf_append_byte(to, '{');
	for (unsigned i = 0; i < COMPONENT_KIND_COUNT; i++) {
		const struct bundle_component *c = &r->bundle.component[i];

		if (!c->present)
			continue;
		begin_member(to, component_kind_name((enum component_kind)i));
		buf_append_string(to, "{\"sha256\":");
		add_hex(to, &c->digest);
		buf_append_format(to, ",\"count\":%llu,\"size\":%llu}",
		    (unsigned long long)c->count, (unsigned long long)c->size);
	}
	buf_append_byte(to, '}');
}

static void
add_findings(struct buf *to, const struct report *r)
{
	begin_member(to, "findings");
	buf_append_byte(to, '[');
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct report_finding *f = &r->finding[i];

		separate(to);
		buf_append_byte(to, '{');
		add_string(to, "kind", f->kind);
		add_string(to, "code", f->code);
		add_string(to, "subject", f->subject);
		add_string(to, "detail", is_of_bundle(f) ? (struct view){NULL, 0} : f->detail);
		buf_append_byte(to, '}');
	}
	buf_append_byte(to, ']');
}

static void
add_not_checked(struct buf *to, const struct report *r)
{
	begin_member(to, "not_checked");
	buf_append_byte(to, '[');
	for (unsigned i = 0; i < COMPONENT_KIND_COUNT; i++) {
		if (!r->not_checked[i])
			continue;
		separate(to);
		json_append_string(to, view_of_string(component_kind_name((enum component_kind)i)));
	}
	buf_append_byte(to, ']');
}

static void
add_accepted(struct buf *to, const struct report *r)
{
	begin_member(to, "accepted");
	buf_append_byte(to, '[');
	for (size_t i = 0; i < r->accepted_count; i++) {
		separate(to);
		buf_append_byte(to, '{');
		add_string(to, "kind", r->accepted[i].kind);
		add_string(to, "code", r->accepted[i].code);
		buf_append_byte(to, '}');
	}
	buf_append_byte(to, ']');
}

static void
add_exceptions(struct buf *to, const struct report *r)
{
	begin_member(to, "exceptions");
	buf_append_byte(to, '[');
	for (size_t i = 0; i < r->exception_count; i++) {
		const struct report_exception *x = &r->exception[i];

		separate(to);
		buf_append_byte(to, '{');
		add_string(to, "kind", x->kind);
		add_string(to, "subject", x->subject);
		begin_member(to, "until_s");
		buf_append_decimal(to, x->until_s);
		add_string(to, "why", x->why);
		buf_append_byte(to, '}');
	}
	buf_append_byte(to, ']');
}

static const char *
outcome_name(enum outcome o)
{
	return o == OUTCOME_GOOD ? "good" : o == OUTCOME_BAD ? "bad" : "unknown";
}
