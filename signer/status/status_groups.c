#include "signer/status/status_groups.h"

#include <string.h>

#include "proto/report/report.h"

#define ENFORCES (REPORT_ENFORCE_OFF + 1U)

/* Digits of a digest that a line has room for. */
#define DIGEST_SHOWN 12

/* One of them, as it was told. */
struct group {
	const char *name, *enforce; /* never NULL; `name` of none: "" */
	json_int_t workloads, falls;
};

static struct group group_of(json_t *one);
static const char *text_of(json_t *object, const char *key);
static json_int_t sum(json_t *groups, const char *enforce, const char *key);
static void print_by_enforce(
    json_t *groups, const char *key, const char *name, const char *help, FILE *to);

void
status_groups_say(json_t *status, FILE *to)
{
	const json_int_t left = json_integer_value(json_object_get(status, "unjudged_workloads"));
	const char *from = json_string_value(json_object_get(status, "rollout_from"));
	const char *policy = text_of(status, "policy");
	const int name_size = (int)strcspn(policy, "@");
	json_t *one;
	size_t i;

	if (from == NULL)
		return;
	fprintf(to,
	    "Policy %.*s is rolled out; where it is not on, the one before decides (%.*s..).\n",
	    name_size, policy, DIGEST_SHOWN, from);
	json_array_foreach(json_object_get(status, "groups"), i, one)
	{
		const struct group g = group_of(one);

		if (g.name[0] == '\0' && g.workloads == 0)
			continue;
		fprintf(to, "  %s (%s): %" JSON_INTEGER_FORMAT " workload%s",
		    g.name[0] != '\0' ? g.name : "in no group", g.enforce, g.workloads,
		    g.workloads == 1 ? "" : "s");
		if (strcmp(g.enforce, report_enforce_name(REPORT_ENFORCE_ON)) == 0)
			fputc('\n', to);
		else if (g.falls == 0)
			fprintf(to, ", none would fall\n");
		else
			fprintf(to, ", %" JSON_INTEGER_FORMAT " would fall\n", g.falls);
	}
	if (left > 0)
		fprintf(to, "  not judged by it yet: %" JSON_INTEGER_FORMAT "\n", left);
}

void
status_groups_numbers(json_t *status, FILE *to)
{
	json_t *one;
	size_t i;

	fprintf(to, "\n%-28s %10s %10s\n", "groups", "workloads", "falls");
	json_array_foreach(json_object_get(status, "groups"), i, one)
	{
		const struct group g = group_of(one);

		fprintf(to, "  %-20s %-5s %10" JSON_INTEGER_FORMAT " %10" JSON_INTEGER_FORMAT "\n",
		    g.name[0] != '\0' ? g.name : "-", g.enforce, g.workloads, g.falls);
	}
}

const char *
status_groups_unknown(json_t *status)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(status, "groups"), i, one)
	{
		const struct group g = group_of(one);
		unsigned e = 0;

		while (e < ENFORCES &&
		       strcmp(report_enforce_name((enum report_enforce)e), g.enforce) != 0)
			e++;
		if (e == ENFORCES)
			return g.enforce;
	}
	return NULL;
}

void
status_groups_metrics(json_t *status, FILE *to)
{
	json_t *groups = json_object_get(status, "groups");

	print_by_enforce(groups, "workloads", "rollout_workloads",
	    "workloads that the policy in force has judged, by what it does in their group", to);
	print_by_enforce(groups, "falls", "rollout_falls",
	    "of them, those whose verdict would be worse if it decided", to);
}

static struct group
group_of(json_t *one)
{
	return (struct group){.name = text_of(one, "name"),
	    .enforce = text_of(one, "enforce"),
	    .workloads = json_integer_value(json_object_get(one, "workloads")),
	    .falls = json_integer_value(json_object_get(one, "falls"))};
}

static const char *
text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static json_int_t
sum(json_t *groups, const char *enforce, const char *key)
{
	json_int_t all = 0;
	json_t *one;
	size_t i;

	json_array_foreach(groups, i, one)
	{
		if (strcmp(text_of(one, "enforce"), enforce) == 0)
			all += json_integer_value(json_object_get(one, key));
	}
	return all;
}

static void
print_by_enforce(json_t *groups, const char *key, const char *name, const char *help, FILE *to)
{
	fprintf(to, "# HELP hallmark_%s %s\n# TYPE hallmark_%s gauge\n", name, help, name);
	for (unsigned e = 0; e < ENFORCES; e++) {
		const char *enforce = report_enforce_name((enum report_enforce)e);

		fprintf(to, "hallmark_%s{enforce=\"%s\"} %" JSON_INTEGER_FORMAT "\n", name, enforce,
		    sum(groups, enforce, key));
	}
}
