#include "signer/learn/propose.h"

#include <inttypes.h>
#include <string.h>

#include "policy/compile/policy_schema.h"
#include "proto/report/report.h"
#include "proto/utc.h"
#include "signer/learn/propose_facts.h"
#include "signer/learn/propose_files.h"
#include "signer/learn/yaml_text.h"

/* How long the older releases count behind the last report: until somebody has read the review. */
#define WINDOW_S (7 * 86400)

static void write_head(struct proposal *p);
static void write_references(struct proposal *p);
static void write_releases(struct proposal *p);
static void write_entry(struct proposal *p);
static void write_families(struct proposal *p);
static bool family_of(struct view host, struct buf *to);
static void write_recorded(struct proposal *p);
static bool is_main_only(const struct proposal *p);

bool
propose(struct proposal *p)
{
	const struct seen_summary *s = seen_summary(p->seen);

	buf_append_string(
	    &p->review, "What to look at before the policy beside this file is used.\n");
	/* Nothing else says which reports are of which release. */
	if (s->with[COMPONENT_EXECUTABLE] == s->reports)
		releases_find(p->seen, &p->releases);
	if (p->releases.too_many)
		buf_append_format(&p->review,
		    "executable: more than %d releases of the program, of which so many can count "
		    "at one time: no family\n",
		    RELEASES_MAX);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const enum component_kind kind = (enum component_kind)k;

		if (k == COMPONENT_UNMEASURED || s->components[k] == 0)
			continue;
		if (s->with[k] < s->reports) {
			/* A rule would hold all reports without it at a warning. */
			p->recorded[k] = true;
			buf_append_format(&p->review,
			    "%s: not in every report (%" PRIu64 " of %" PRIu64 "): no rule\n",
			    component_kind_name(kind), s->with[k], s->reports);
		} else if (component_kind_shape(kind) == COMPONENT_SHAPE_FILE) {
			propose_files(p, kind);
		} else {
			propose_facts(p, kind);
		}
	}
	if (s->components[COMPONENT_UNMEASURED] > 0)
		buf_append_string(&p->review,
		    "unmeasured: some reports say that something could not be measured; such are "
		    "never affirming\n");
	write_head(p);
	write_references(p);
	if (p->releases.count > 0)
		write_releases(p);
	write_entry(p);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (buf_status(&p->set[k]) != ERR_OK)
			return false;
	for (size_t i = 0; i < p->releases.count; i++)
		if (buf_status(&p->release_set[i]) != ERR_OK)
			return false;
	return p->rule_count > 0 && buf_status(&p->policy) == ERR_OK &&
	       buf_status(&p->review) == ERR_OK && buf_status(&p->rules) == ERR_OK;
}

static void
write_head(struct proposal *p)
{
	const struct seen_summary *s = seen_summary(p->seen);
	static const enum report_status by_rank[] = {
	    REPORT_AFFIRMING, REPORT_NONE, REPORT_WARNING, REPORT_CONTRAINDICATED};
	char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];
	const size_t hosts = seen_host_count(p->seen);
	const char *between = "";

	buf_append_format(&p->policy,
	    "# Proposed by hallmark-signer policy learn, for review: nothing uses it yet.\n"
	    "# It takes for good what %" PRIu64 " report%s of %zu host%s had, from %s\n"
	    "# to %s. Their verdicts were: ",
	    s->reports, s->reports == 1 ? "" : "s", hosts, hosts == 1 ? "" : "s",
	    utc_text(s->from_s, from), utc_text(s->to_s, to));
	for (size_t i = 0; i < sizeof(by_rank) / sizeof(by_rank[0]); i++) {
		if (s->verdicts[i] == 0)
			continue;
		buf_append_format(&p->policy, "%s%" PRIu64 " %s", between, s->verdicts[i],
		    report_status_name(by_rank[i]));
		between = ", ";
	}
	buf_append_format(&p->policy,
	    "\n# What varied, was on one host only, or was left out is in review.txt: %zu line%s.\n"
	    "name: learned\n",
	    p->noted, p->noted == 1 ? "" : "s");
}

static void
write_references(struct proposal *p)
{
	buf_append_string(&p->policy, "references:\n");
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const char *name = component_kind_name((enum component_kind)k);

		if (p->set[k].size > 0)
			buf_append_format(
			    &p->policy, "  - {name: learned-%s, file: %s.sha256}\n", name, name);
	}
	if (p->set[COMPONENT_EXECUTABLE].size + p->set[COMPONENT_LIBRARIES].size +
		p->set[COMPONENT_FILES].size ==
	    0)
		buf_append_string(&p->policy, "  []\n");
}

/* The window is what makes affirming what was seen of the older ones. */
static void
write_releases(struct proposal *p)
{
	const struct releases *r = &p->releases;
	char hex[DIGEST_HEX_SIZE + 1], time[UTC_TEXT_SIZE];

	buf_append_string(&p->policy, "families:\n  - name: learned\n    releases:\n");
	for (size_t i = 0; i < r->count; i++) {
		digest_to_hex(&r->program[i]->digest, hex);
		buf_append_format(&p->policy,
		    "      - {name: \"%zu\", file: release-%zu.sha256}  # program %.16s.., first "
		    "seen "
		    "%s\n",
		    i + 1, i + 1, hex, utc_text(r->program[i]->when.from_s, time));
	}
	buf_append_format(&p->policy,
	    "windows:\n  - {family: learned, from: \"1\", to: \"%zu\", until: %s}  # look: until "
	    "then the older releases count, too\n",
	    r->count, utc_text(seen_summary(p->seen)->to_s + WINDOW_S, time));
}

static void
write_entry(struct proposal *p)
{
	const size_t hosts = seen_host_count(p->seen);

	buf_append_string(&p->policy, "workloads:\n  - match: ");
	(void)yaml_text_append(view_of_string(p->workloads), &p->policy);
	buf_append_string(&p->policy, "\n    collectors:\n");
	for (size_t i = 0; i < hosts && hosts <= POLICY_COLLECTORS_MAX; i++) {
		buf_append_string(&p->policy, "      - ");
		(void)yaml_pattern_append(seen_host(p->seen, i), &p->policy);
		buf_append_byte(&p->policy, '\n');
	}
	if (hosts > POLICY_COLLECTORS_MAX)
		write_families(p);
	if (is_main_only(p))
		buf_append_string(&p->policy,
		    "    main_only: true  # look: collectors look at the main process alone\n");
	write_recorded(p);
	if (p->releases.count > 0)
		buf_append_string(&p->policy, "    release: [learned]\n");
	buf_append_view(&p->policy, buf_view(&p->rules));
}

/* More hosts than a policy can list: what their names have in common. */
static void
write_families(struct proposal *p)
{
	const size_t hosts = seen_host_count(p->seen), begun = p->policy.size;
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < hosts && !p->policy.failed; i++) {
		buf_clear(&line);
		buf_append_string(&line, "      - ");
		if (!family_of(seen_host(p->seen, i), &line))
			continue;
		buf_append_string(&line, "  # look: more hosts than a policy can list\n");
		if (line.failed || memmem(p->policy.data + begun, p->policy.size - begun, line.data,
				       line.size) == NULL)
			buf_append_view(&p->policy, buf_view(&line));
	}
	p->policy.failed = p->policy.failed || line.failed;
	buf_free(&line);
}

/* A URI's last part, or a DNS name's first, is a *. False: the pattern would be too long. */
static bool
family_of(struct view host, struct buf *to)
{
	const bool uri = memchr(host.data, ':', host.size) != NULL;
	const uint8_t *mark =
	    uri ? memrchr(host.data, '/', host.size) : memchr(host.data, '.', host.size);
	const size_t at = mark != NULL ? (size_t)(mark - host.data) : host.size;
	const struct view same = uri ? (struct view){host.data, at < host.size ? at + 1 : at}
				     : (struct view){host.data + at, host.size - at};
	struct buf pattern = BUF_INIT;
	bool good;

	good = yaml_pattern_append(same, &pattern);
	if (good && at < host.size) { /* within the quotes */
		buf_append(to, pattern.data, uri ? pattern.size - 1 : 1);
		buf_append_string(to, uri ? "*\"" : "*");
		if (!uri)
			buf_append(to, pattern.data + 1, pattern.size - 1);
	} else if (good) {
		(void)yaml_pattern_append(host, to);
	}
	to->failed = to->failed || pattern.failed;
	buf_free(&pattern);
	return good;
}

static void
write_recorded(struct proposal *p)
{
	const char *between = "    recorded: [";

	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		if (!p->recorded[k])
			continue;
		buf_append_format(
		    &p->policy, "%s%s", between, component_kind_name((enum component_kind)k));
		between = ", ";
	}
	if (between[0] == ',')
		buf_append_string(&p->policy, "]\n");
}

static bool
is_main_only(const struct proposal *p)
{
	const size_t count = seen_item_count(p->seen);

	for (size_t i = 0; i < count; i++) {
		const struct seen_item *item = seen_item_at(p->seen, i);

		for (size_t v = 0; item->made && v < item->fact.value_count; v++)
			if (view_equal(item->name, VIEW_LITERAL("options")) &&
			    view_equal(item->fact.values[v], VIEW_LITERAL("main_only")))
				return true;
	}
	return false;
}
