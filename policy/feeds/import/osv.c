#include "policy/feeds/import/osv.h"

#include <string.h>

#include "policy/sources/json_text.h"
#include "policy/sources/source_options.h"
#include "policy/values/package_version.h"

static const char withdrawn[] = "advisories that were withdrawn";
static const char other_release[] = "packages of other releases, or of none that --release names";
static const char other_manager[] =
    "packages of ecosystems whose packages are not measured (apk, dpkg, rpm are)";
static const char no_range[] = "packages without versions that have an order";

static const struct {
	const char *ecosystem; /* before ":" */
	const char *manager;
	bool of_source;
} ecosystems[] = {
    {"AlmaLinux", "rpm", false},
    {"Alpine", "apk", true},
    {"Debian", "dpkg", true},
    {"Red Hat", "rpm", false},
    {"Rocky Linux", "rpm", false},
    {"SUSE", "rpm", false},
    {"Ubuntu", "dpkg", true},
    {"openSUSE", "rpm", false},
};

struct place {
	const char *file;
	struct faults *faults;
	const struct feed_options *options;
	struct feed_draft *to;
	struct view id;
};

static enum err take_affected(const struct place *p, const json_t *affected);
static bool find_manager(struct view ecosystem, struct feed_range *to);
static enum err take_range(const struct place *p, const json_t *range, struct feed_range r);
static void take_introduced(
    const struct place *p, const json_t *events, struct view from, struct feed_range r);
static bool take_versions(const struct place *p, const json_t *versions, struct feed_range r);

enum err
osv_read(const char *file, const json_t *document, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to)
{
	struct place p = {file, faults, o, to, {NULL, 0}};
	const json_t *affected = json_object_get(document, "affected");
	enum err e = ERR_OK;

	if (!json_text_member(document, "id", &p.id) || p.id.size == 0)
		return source_fail(file, faults, "is no OSV: it has no \"id\"", p.id);
	if (o->releases.count == 0)
		return source_fail(file, faults,
		    "names ecosystems: say with --release which counts, such as \"Debian:12\"",
		    (struct view){NULL, 0});
	if (json_object_get(document, "withdrawn") != NULL) {
		feed_draft_leave_out(to, p.id, withdrawn);
		return ERR_OK;
	}
	for (size_t i = 0; i < json_array_size(affected) && e == ERR_OK; i++)
		e = take_affected(&p, json_array_get(affected, i));
	return e;
}

static enum err
take_affected(const struct place *p, const json_t *affected)
{
	const json_t *package = json_object_get(affected, "package");
	const json_t *ranges = json_object_get(affected, "ranges");
	struct feed_range r = {.id = p->id};
	struct view ecosystem;
	bool any = false;
	enum err e = ERR_OK;

	if (!json_text_member(package, "ecosystem", &ecosystem) ||
	    !json_text_member(package, "name", &r.name) || !find_manager(ecosystem, &r)) {
		feed_draft_leave_out(p->to, p->id, other_manager);
		return ERR_OK;
	}
	if (!source_texts_have(&p->options->releases, ecosystem)) {
		feed_draft_leave_out(p->to, (struct view){NULL, 0}, other_release);
		return ERR_OK;
	}
	for (size_t i = 0; i < json_array_size(ranges) && e == ERR_OK; i++) {
		const json_t *range = json_array_get(ranges, i);
		struct view type;

		if (!json_text_member(range, "type", &type) ||
		    !view_equal(type, VIEW_LITERAL("ECOSYSTEM")))
			continue;
		any = true;
		e = take_range(p, range, r);
	}
	if (!any && !take_versions(p, json_object_get(affected, "versions"), r))
		feed_draft_leave_out(p->to, p->id, no_range);
	return e;
}

static bool
find_manager(struct view ecosystem, struct feed_range *to)
{
	const uint8_t *colon =
	    ecosystem.size > 0 ? memchr(ecosystem.data, ':', ecosystem.size) : NULL;
	const struct view name = {
	    ecosystem.data, colon != NULL ? (size_t)(colon - ecosystem.data) : ecosystem.size};

	for (size_t i = 0; i < sizeof(ecosystems) / sizeof(ecosystems[0]); i++)
		if (view_equal(name, view_of_string(ecosystems[i].ecosystem))) {
			to->manager = view_of_string(ecosystems[i].manager);
			to->of_source = ecosystems[i].of_source;
			return true;
		}
	return false;
}

/* Events in whatever order. */
static enum err
take_range(const struct place *p, const json_t *range, struct feed_range r)
{
	const json_t *events = json_object_get(range, "events");

	if (json_array_size(events) > OSV_EVENTS_MAX)
		return source_fail(
		    p->file, p->faults, "has a range with more than 1,024 events", p->id);
	for (size_t i = 0; i < json_array_size(events); i++) {
		struct view from;

		if (json_text_member(json_array_get(events, i), "introduced", &from))
			take_introduced(p, events, from, r);
	}
	return ERR_OK;
}

/* Up to the first event that ends it. "0" is before every version. */
static void
take_introduced(const struct place *p, const json_t *events, struct view from, struct feed_range r)
{
	const struct package_order *order = package_order_of(r.manager);
	const bool always = view_equal(from, VIEW_LITERAL("0"));

	r.from = always ? (struct view){NULL, 0} : from;
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);
		bool included = false;
		struct view end;
		int place;

		if (!json_text_member(event, "fixed", &end)) {
			if (!json_text_member(event, "last_affected", &end))
				continue;
			included = true;
		}
		/* What is no version is left out when it comes to a line. */
		if (order->check(end) != ERR_OK ||
		    (!always && order->check(from) == ERR_OK &&
			order->compare(end, from) < (included ? 0 : 1)))
			continue;
		place = r.before.size > 0 ? order->compare(end, r.before) : -1;
		if (place < 0 || (place == 0 && r.included)) {
			r.before = end;
			r.included = included;
		}
	}
	feed_draft_add(p->to, p->options, &r);
}

static bool
take_versions(const struct place *p, const json_t *versions, struct feed_range r)
{
	for (size_t i = 0; i < json_array_size(versions); i++) {
		const json_t *version = json_array_get(versions, i);

		r.from = r.before = (struct view){
		    (const uint8_t *)json_string_value(version), json_string_length(version)};
		r.included = true;
		if (r.from.size > 0)
			feed_draft_add(p->to, p->options, &r);
	}
	return json_array_size(versions) > 0;
}
