#include "policy/feeds/import/debian_tracker.h"

#include "policy/sources/json_members.h"
#include "policy/sources/json_text.h"

static const char undetermined[] = "advisories that nobody has looked at yet (undetermined)";
static const char unimportant[] = "advisories that the tracker calls unimportant";
static const char other_status[] = "advisories of a status that is not known";

struct place {
	const struct feed_options *options;
	struct feed_draft *to;
	struct view package, id;
};

static void take_package(struct place *p, const json_t *package);
static void take_release(const struct place *p, const json_t *release);

enum err
debian_tracker_read(const char *file, struct view text, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to)
{
	struct place p = {.options = o, .to = to};
	struct json_members members;
	json_t *member;
	enum err e;

	if (o->releases.count == 0)
		return source_fail(file, faults,
		    "has several releases: say with --release which counts, such as \"bookworm\"",
		    (struct view){NULL, 0});
	json_members_begin(&members, file, text);
	while ((e = json_members_next(&members, faults, &member)) == ERR_OK && member != NULL) {
		const char *name;
		json_t *package;

		json_object_foreach(member, name, package)
		{
			p.package = view_of_string(name);
			take_package(&p, package);
			if (!json_is_object(package))
				e = source_fail(file, faults,
				    "is none of the JSON that is read: OSV, CSAF 2.0, Debian's "
				    "security tracker",
				    p.package);
		}
		json_decref(member);
		if (e != ERR_OK)
			return e;
	}
	return e;
}

static void
take_package(struct place *p, const json_t *package)
{
	const char *id;
	json_t *advisory;

	json_object_foreach((json_t *)package, id, advisory)
	{
		const json_t *releases = json_object_get(advisory, "releases");

		p->id = view_of_string(id);
		for (size_t i = 0; i < p->options->releases.count; i++)
			take_release(p, json_object_get(releases, p->options->releases.text[i]));
	}
}

/* A fixed version of "0" says that no version of this release ever had it. */
static void
take_release(const struct place *p, const json_t *release)
{
	struct feed_range r = {
	    .manager = VIEW_LITERAL("dpkg"), .name = p->package, .id = p->id, .of_source = true};
	struct view status = {NULL, 0}, urgency = {NULL, 0};

	if (release == NULL)
		return;
	(void)json_text_member(release, "status", &status);
	(void)json_text_member(release, "urgency", &urgency);
	if (view_equal(status, VIEW_LITERAL("undetermined"))) {
		feed_draft_leave_out(p->to, p->id, undetermined);
	} else if (view_equal(urgency, VIEW_LITERAL("unimportant"))) {
		feed_draft_leave_out(p->to, p->id, unimportant);
	} else if (view_equal(status, VIEW_LITERAL("resolved")) &&
		   json_text_member(release, "fixed_version", &r.before) && r.before.size > 0) {
		if (!view_equal(r.before, VIEW_LITERAL("0")))
			feed_draft_add(p->to, p->options, &r);
	} else if (view_equal(status, VIEW_LITERAL("open"))) {
		r.before = (struct view){NULL, 0};
		feed_draft_add(p->to, p->options, &r);
	} else {
		feed_draft_leave_out(p->to, p->id, other_status);
	}
}
