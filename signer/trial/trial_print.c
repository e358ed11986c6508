#include "signer/trial/trial_print.h"

#include <inttypes.h>
#include <string.h>

#include "policy/policy_rollout.h"
#include "proto/text.h"
#include "proto/utc.h"

#define NAMED_MAX 5 /* workloads of a group, unless all are wanted */

/* Workloads by change. */
struct changes {
	uint64_t count[TRIAL_CHANGES];
};

static struct changes changes_in(const struct trial_summary *s, size_t group);
static void print_policy_groups(const struct trial_summary *s, FILE *to);
static void write_changes(const struct changes *c, struct buf *to);
static void write_policy_group(const struct trial_summary *s, size_t group, struct buf *to);
static size_t group_size(const struct trial_summary *s, size_t begin);
static void print_group(
    const struct trial_summary *s, size_t begin, size_t size, bool all, FILE *to);
static void print_head(const struct trial_workload *w, size_t size, FILE *to);
static void print_count(uint64_t number, FILE *to);
static void write_workload(const struct trial_workload *w, struct buf *to);
static void write_text(const char *name, struct view value, struct buf *to);
static const char *status_name(int rank);
static const char *plural(uint64_t count);

static const char *const change_names[] = {[TRIAL_FALLS] = "falls",
    [TRIAL_UNKNOWN] = "unknown",
    [TRIAL_RISES] = "rises",
    [TRIAL_STAYS] = "stays"};

void
trial_print_text(const struct trial_summary *s, bool all, FILE *to)
{
	char from[UTC_TEXT_SIZE], until[UTC_TEXT_SIZE];

	print_count(s->reports, to);
	fprintf(to, " report%s of ", plural(s->reports));
	print_count(s->workload_count, to);
	fprintf(to, " workload%s appraised again in %" PRIu64 ".%" PRIu64 " s",
	    plural(s->workload_count), s->took_ms / 1000, s->took_ms % 1000 / 100);
	if (s->reports > 0)
		fprintf(to, ", from %s to %s", utc_text(s->from_s, from), utc_text(s->to_s, until));
	fputs("\n", to);
	for (size_t i = 0, size; i < s->workload_count; i += size) {
		size = group_size(s, i);
		print_group(s, i, size, all, to);
	}
	print_policy_groups(s, to);
	if (s->unreadable > 0)
		fprintf(to, "\n%" PRIu64 " entr%s could not be read: hallmark-audit fsck\n",
		    s->unreadable, s->unreadable == 1 ? "y" : "ies");
}

bool
trial_print_json(const struct trial_summary *s, FILE *to)
{
	struct changes all = {{0}};
	struct buf text = BUF_INIT;
	bool good;

	for (size_t i = 0; i < s->workload_count; i++)
		all.count[trial_workload_change(s->workloads[i])]++;
	buf_append_byte(&text, '{');
	write_text("policy", policy_id(s->policy), &text);
	buf_append_format(&text,
	    ",\"reports\":%" PRIu64 ",\"unreadable\":%" PRIu64 ",\"took_ms\":%" PRIu64
	    ",\"workloads\":{",
	    s->reports, s->unreadable, s->took_ms);
	write_changes(&all, &text);
	buf_append_string(&text, "},\"groups\":[");
	for (size_t g = 1; g <= policy_group_count(s->policy); g++) {
		write_policy_group(s, g, &text);
		buf_append_byte(&text, ',');
	}
	write_policy_group(s, 0, &text);
	buf_append_string(&text, "],\"changes\":[");
	for (size_t i = 0; i < s->workload_count; i++) {
		if (trial_workload_change(s->workloads[i]) == TRIAL_STAYS)
			continue;
		buf_append_string(&text, i > 0 ? "," : "");
		write_workload(s->workloads[i], &text);
	}
	buf_append_string(&text, "]}\n");
	if ((good = buf_status(&text) == ERR_OK))
		(void)fwrite(text.data, 1, text.size, to);
	buf_free(&text);
	return good;
}

/* By the groups of the policy that is tried, in their order; nothing where it has none. */
static void
print_policy_groups(const struct trial_summary *s, FILE *to)
{
	const size_t groups = policy_group_count(s->policy);

	if (groups == 0)
		return;
	fprintf(to, "\n  %-20s", "group");
	for (unsigned c = 0; c < TRIAL_CHANGES; c++)
		fprintf(to, " %9s", change_names[c]);
	for (size_t g = 1; g <= groups + 1; g++) {
		const struct view name =
		    g <= groups ? policy_group_name(s->policy, g - 1) : VIEW_LITERAL("in none");
		const struct changes in = changes_in(s, g <= groups ? g : 0);

		fprintf(to, "\n  %-20.*s", view_precision(name), (const char *)name.data);
		for (unsigned c = 0; c < TRIAL_CHANGES; c++)
			fprintf(to, " %9" PRIu64, in.count[c]);
	}
	fputs("\n", to);
}

static struct changes
changes_in(const struct trial_summary *s, size_t group)
{
	struct changes in = {{0}};

	for (size_t i = 0; i < s->workload_count; i++)
		if (s->workloads[i]->group == group)
			in.count[trial_workload_change(s->workloads[i])]++;
	return in;
}

static void
write_changes(const struct changes *c, struct buf *to)
{
	for (unsigned i = 0; i < TRIAL_CHANGES; i++)
		buf_append_format(
		    to, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", change_names[i], c->count[i]);
}

static void
write_policy_group(const struct trial_summary *s, size_t group, struct buf *to)
{
	const struct changes in = changes_in(s, group);

	buf_append_string(to, "{\"name\":");
	if (group > 0)
		json_append_string(to, policy_group_name(s->policy, group - 1));
	else
		buf_append_string(to, "null");
	buf_append_byte(to, ',');
	write_changes(&in, to);
	buf_append_byte(to, '}');
}

/* How many there are from `begin` on that one line tells: of those that stay all. */
static size_t
group_size(const struct trial_summary *s, size_t begin)
{
	const struct trial_workload *first = s->workloads[begin];
	const enum trial_change change = trial_workload_change(first);
	size_t end = begin + 1;

	for (; end < s->workload_count; end++) {
		const struct trial_workload *w = s->workloads[end];

		if (trial_workload_change(w) != change)
			break;
		if (change != TRIAL_STAYS && (w->was != first->was || w->is != first->is ||
						 strcmp(w->cause, first->cause) != 0))
			break;
	}
	return end - begin;
}

static void
print_group(const struct trial_summary *s, size_t begin, size_t size, bool all, FILE *to)
{
	const struct trial_workload *first = s->workloads[begin];
	const bool stays = trial_workload_change(first) == TRIAL_STAYS;
	const size_t named = all || size <= NAMED_MAX ? size : NAMED_MAX;

	print_head(first, size, to);
	if (first->cause[0] != '\0')
		fprintf(to, "          %s\n", first->cause);
	if (stays && !all)
		return;
	for (size_t i = begin; i < begin + named; i++) {
		const struct trial_workload *w = s->workloads[i];

		fprintf(to, "          %s on %s", w->workload, w->collector);
		if (!stays)
			fprintf(to, ", %" PRIu64 " report%s, the newest entry %" PRIu64,
			    w->reports[trial_workload_change(w)],
			    plural(w->reports[trial_workload_change(w)]), w->index);
		fputs("\n", to);
	}
	if (named < size)
		fprintf(to, "          and %zu more: --all\n", size - named);
}

static void
print_head(const struct trial_workload *w, size_t size, FILE *to)
{
	const char *s = size == 1 ? "s" : "";

	fprintf(to, "\n  %6zu  ", size);
	switch (trial_workload_change(w)) {
	case TRIAL_FALLS:
		fprintf(to, "fall%s from %s to %s\n", s, status_name(w->was), status_name(w->is));
		break;
	case TRIAL_RISES:
		fprintf(to, "rise%s from %s to %s\n", s, status_name(w->was), status_name(w->is));
		break;
	case TRIAL_UNKNOWN:
		fputs("could not be told\n", to);
		break;
	case TRIAL_STAYS:
	case TRIAL_CHANGES:
		fprintf(to, "stay%s as %s\n", s, size == 1 ? "it is" : "they are");
		break;
	}
}

/* 1,234,567 */
static void
print_count(uint64_t number, FILE *to)
{
	if (number >= 1000) {
		print_count(number / 1000, to);
		fprintf(to, ",%03" PRIu64, number % 1000);
	} else {
		fprintf(to, "%" PRIu64, number);
	}
}

static void
write_workload(const struct trial_workload *w, struct buf *to)
{
	buf_append_byte(to, '{');
	write_text("workload", view_of_string(w->workload), to);
	buf_append_byte(to, ',');
	write_text("collector", view_of_string(w->collector), to);
	buf_append_byte(to, ',');
	write_text("change", view_of_string(change_names[trial_workload_change(w)]), to);
	buf_append_byte(to, ',');
	write_text("was", view_of_string(status_name(w->was)), to);
	buf_append_byte(to, ',');
	write_text("is", view_of_string(status_name(w->is)), to);
	buf_append_byte(to, ',');
	write_text("cause", view_of_string(w->cause), to);
	buf_append_format(to, ",\"index\":%" PRIu64 ",\"reports\":{", w->index);
	for (unsigned c = 0; c < TRIAL_CHANGES; c++)
		buf_append_format(
		    to, "%s\"%s\":%" PRIu64, c > 0 ? "," : "", change_names[c], w->reports[c]);
	buf_append_string(to, "}}");
}

static void
write_text(const char *name, struct view value, struct buf *to)
{
	json_append_string(to, view_of_string(name));
	buf_append_byte(to, ':');
	json_append_string(to, value);
}

static const char *
status_name(int rank)
{
	static const enum report_status by_rank[] = {
	    REPORT_AFFIRMING, REPORT_NONE, REPORT_WARNING, REPORT_CONTRAINDICATED};

	return rank == TRIAL_REFUSED ? "refused" : report_status_name(by_rank[rank]);
}

static const char *
plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}
