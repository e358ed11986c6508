#include "auditor/arguments.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/report/report.h"
#include "proto/tlog/checkpoint.h"
#include "proto/utc.h"

static bool make_room(struct arguments *a, size_t most);
static const char *parse(int argc, char **argv, const char *options, struct arguments *a);
static int take_option(
    const char *options, struct arguments *a, const char *option, int argc, char **argv);
static int take_list(struct argument_list *list, bool many, int argc, char **argv);
static bool take_value(struct arguments *a, char letter, const char *value);
static bool take_status(struct arguments *a, const char *value);
static bool take_number(const char *value, bool *has, uint64_t *to);
static bool take_date(const char *value, bool *has, uint64_t *to_s);
static bool take_time(const char *value, bool *has, uint64_t *to_s);

/* What an option leaves, and at which place of the arguments. */
enum sort {
	SORT_FLAG, /* bool; there once */
	SORT_TEXT, /* const char *; there once */
	SORT_LIST, /* struct argument_list */
	SORT_VALUE /* more than a text: take_value */
};

#define AT(member) offsetof(struct arguments, member)

static const struct option {
	char letter;
	enum sort sort;
	const char *name;
	size_t at;
} option_names[] = {
    {'c', SORT_LIST, "--cert", AT(certificates)},
    {'r', SORT_LIST, "--receipt", AT(receipts)},
    {'m', SORT_LIST, "--at-least", AT(at_least)},
    {'k', SORT_LIST, "--approver", AT(approvers)},
    {'K', SORT_LIST, "--collectors-ca", AT(collectors_ca)},
    {'R', SORT_LIST, "--collectors-crl", AT(crl)},
    {'D', SORT_LIST, "--retired", AT(retired)},
    {'O', SORT_LIST, "--operator", AT(operators)},
    {'S', SORT_LIST, "--witness", AT(witnesses)},
    {'G', SORT_TEXT, "--cosigned", AT(cosigned)},
    {'B', SORT_LIST, "--ca", AT(log_ca)},
    {'L', SORT_LIST, "--ca-crl", AT(log_crl)},
    {'o', SORT_TEXT, "--origin", AT(origin)},
    {'l', SORT_TEXT, "--log", AT(log)},
    {'e', SORT_TEXT, "--evidence", AT(evidence)},
    {'t', SORT_TEXT, "--report", AT(report)},
    {'P', SORT_TEXT, "--transcript", AT(transcript)},
    {'F', SORT_TEXT, "--fork-proof", AT(fork_proof)},
    {'W', SORT_TEXT, "--workload", AT(workload)},
    {'C', SORT_TEXT, "--collector", AT(collector)},
    {'H', SORT_TEXT, "--host", AT(host)},
    {'i', SORT_VALUE, "--index", 0},
    {'I', SORT_VALUE, "--index", 0}, /* once or twice */
    {'n', SORT_VALUE, "--faults", 0},
    {'p', SORT_VALUE, "--policy", 0},
    {'w', SORT_VALUE, "--newest-within", 0},
    {'s', SORT_VALUE, "--status", 0},
    {'A', SORT_VALUE, "--max-age", 0},
    {'T', SORT_VALUE, "--at", 0},
    {'y', SORT_VALUE, "--cosigned-by", 0},
    {'X', SORT_VALUE, "--from", 0},
    {'Y', SORT_VALUE, "--to", 0},
    {'V', SORT_FLAG, "--csv", AT(csv)},
    {'1', SORT_TEXT, "--framework", AT(framework)},
    {'2', SORT_TEXT, "--out", AT(out)},
    {'3', SORT_TEXT, "--inventory", AT(inventory)},
    {'4', SORT_FLAG, "--zip", AT(zip)},
    {'v', SORT_FLAG, "--vouched", AT(vouched)},
    {'j', SORT_FLAG, "--json", AT(json)},
    {'u', SORT_FLAG, "--full", AT(full)},
    {'x', SORT_FLAG, "--explain", AT(explain)},
    {'y', SORT_FLAG, "--tree-only", AT(tree_only)},
    {'a', SORT_FLAG, "--all", AT(all)},
    {'d', SORT_FLAG, "--findings", AT(findings)},
    {'M', SORT_FLAG, "--components", AT(components)},
};

static const struct option *find_option(const char *options, const char *name);

enum err
arguments_read(int argc, char **argv, const char *options, struct arguments *out, const char **odd)
{
	*odd = NULL;
	if (!make_room(out, argc > 0 ? (size_t)argc : 1))
		return ERR_MEMORY;
	*odd = parse(argc, argv, options, out);
	return ERR_OK;
}

void
arguments_free(struct arguments *a)
{
	struct argument_list *const lists[] = {&a->certificates, &a->receipts, &a->at_least,
	    &a->approvers, &a->collectors_ca, &a->crl, &a->retired, &a->operators, &a->witnesses,
	    &a->log_ca, &a->log_crl};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free((void *)lists[i]->value);
	free(a->files);
	free(a->policies);
	free(a->approver_ids);
}

static bool
make_room(struct arguments *a, size_t most)
{
	struct argument_list *const lists[] = {&a->certificates, &a->receipts, &a->at_least,
	    &a->approvers, &a->collectors_ca, &a->crl, &a->retired, &a->operators, &a->witnesses,
	    &a->log_ca, &a->log_crl};
	bool good = true;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		good = (lists[i]->value = calloc(most, sizeof(char *))) != NULL && good;
	a->files = calloc(most, sizeof(*a->files));
	a->policies = calloc(most, sizeof(*a->policies));
	a->approver_ids = calloc(most, sizeof(*a->approver_ids));
	return good && a->files != NULL && a->policies != NULL && a->approver_ids != NULL;
}

/* Options and files in any order; "--" ends the options. NULL, or the one that does not fit. */
static const char *
parse(int argc, char **argv, const char *options, struct arguments *a)
{
	bool options_end = false;

	for (int i = 0; i < argc; i++) {
		int taken;

		if (!options_end && strcmp(argv[i], "--") == 0) {
			options_end = true;
			continue;
		}
		if (options_end || argv[i][0] != '-') {
			if (strchr(options, 'f') == NULL)
				return argv[i];
			a->files[a->file_count++] = argv[i];
			continue;
		}
		taken = take_option(options, a, argv[i], argc - i - 1, argv + i + 1);
		if (taken == 0)
			return argv[i];
		i += taken - 1;
	}
	return NULL;
}

/*
 * `argv` are the arguments behind the option. How many were taken with it: 0 if it is not known,
 * there twice or lacks a valid value.
 */
static int
take_option(const char *options, struct arguments *a, const char *option, int argc, char **argv)
{
	const struct option *o = find_option(options, option);
	const char **text;
	bool *flag;

	if (o == NULL || (o->sort != SORT_FLAG && argc == 0))
		return 0;
	switch (o->sort) {
	case SORT_FLAG:
		flag = (bool *)((char *)a + o->at);
		if (*flag)
			return 0;
		*flag = true;
		return 1;
	case SORT_TEXT:
		text = (const char **)(void *)((char *)a + o->at);
		/* Else a variable that is not set would prove a good receipt bad. */
		if (*text != NULL || (o->letter == 'o' && checkpoint_origin_check(
							      view_of_string(argv[0])) != ERR_OK))
			return 0;
		*text = argv[0];
		return 2;
	case SORT_LIST:
		return 1 + take_list((struct argument_list *)(void *)((char *)a + o->at),
			       o->letter == 'r', argc, argv);
	case SORT_VALUE:
		break;
	}
	return take_value(a, o->letter, argv[0]) ? 2 : 0;
}

/* NULL unless it is one of those that the command takes. */
static const struct option *
find_option(const char *options, const char *name)
{
	for (size_t i = 0; i < sizeof(option_names) / sizeof(option_names[0]); i++)
		if (strcmp(option_names[i].name, name) == 0 &&
		    strchr(options, option_names[i].letter) != NULL)
			return &option_names[i];
	return NULL;
}

/* `many`: all up to the next option. How many were taken; the first is, whatever it is. */
static int
take_list(struct argument_list *list, bool many, int argc, char **argv)
{
	int taken = 0;

	do
		list->value[list->count++] = argv[taken++];
	while (many && taken < argc && argv[taken][0] != '-');
	return taken;
}

/* Those that are more than a text. */
static bool
take_value(struct arguments *a, char letter, const char *value)
{
	switch (letter) {
	case 'p':
		return digest_from_hex(view_of_string(value), &a->policies[a->policy_count++]) ==
		       ERR_OK;
	case 's':
		return take_status(a, value);
	case 'I':
		if (a->has_index)
			return take_number(value, &a->has_second_index, &a->second_index);
		return take_number(value, &a->has_index, &a->index);
	case 'i':
		return take_number(value, &a->has_index, &a->index);
	case 'A':
		return take_number(value, &a->has_max_age, &a->max_age_s);
	case 'w':
		return take_number(value, &a->has_newest_within, &a->newest_within_s);
	case 'T':
		return take_time(value, &a->has_at, &a->at_s);
	case 'y':
		return take_time(value, &a->has_cosigned_by, &a->cosigned_by_s);
	case 'X':
		return take_date(value, &a->has_from, &a->from_s);
	case 'Y':
		return take_date(value, &a->has_to, &a->to_s);
	default:
		return take_number(value, &a->has_faults_max, &a->faults_max) && a->faults_max > 0;
	}
}

/* There once. */
static bool
take_time(const char *value, bool *has, uint64_t *to_s)
{
	const bool first = !*has;

	*has = true;
	return first && utc_parse(view_of_string(value), to_s) == ERR_OK;
}

/* The same, or a date. */
static bool
take_date(const char *value, bool *has, uint64_t *to_s)
{
	const bool first = !*has;

	*has = true;
	return first && utc_parse_date(view_of_string(value), to_s) == ERR_OK;
}

static bool
take_status(struct arguments *a, const char *value)
{
	static const enum report_status known[] = {
	    REPORT_AFFIRMING, REPORT_NONE, REPORT_WARNING, REPORT_CONTRAINDICATED};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(report_status_name(known[i]), value) == 0) {
			a->status[report_status_rank(known[i])] = a->any_status = true;
			return true;
		}
	return false;
}

static bool
take_number(const char *value, bool *has, uint64_t *to)
{
	if (*has)
		return false;
	*has = true;
	return decimal_decode(view_of_string(value), to) == ERR_OK;
}
