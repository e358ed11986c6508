#include "auditor/arguments.h"

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
static bool *flag_of(struct arguments *a, char letter);
static struct argument_list *list_of(struct arguments *a, char letter);
static const char **text_of(struct arguments *a, char letter);
static bool take_value(struct arguments *a, char letter, const char *value);
static bool take_status(struct arguments *a, const char *value);
static bool take_number(const char *value, bool *has, uint64_t *to);

static const struct {
	char letter;
	bool has_value;
	const char *name;
} option_names[] = {
    {'c', true, "--cert"},
    {'o', true, "--origin"},
    {'l', true, "--log"},
    {'e', true, "--evidence"},
    {'i', true, "--index"},
    {'n', true, "--faults"},
    {'p', true, "--policy"},
    {'k', true, "--approver"},
    {'t', true, "--report"},
    {'r', true, "--receipt"},
    {'m', true, "--at-least"},
    {'w', true, "--newest-within"},
    {'F', true, "--fork-proof"},
    {'s', true, "--status"},
    {'W', true, "--workload"},
    {'C', true, "--collector"},
    {'A', true, "--max-age"},
    {'T', true, "--at"},
    {'K', true, "--collectors-ca"},
    {'R', true, "--collectors-crl"},
    {'v', false, "--vouched"},
    {'j', false, "--json"},
    {'u', false, "--full"},
    {'x', false, "--explain"},
    {'y', false, "--tree-only"},
    {'a', false, "--all"},
};

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
	    &a->approvers, &a->collectors_ca, &a->crl};

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
	    &a->approvers, &a->collectors_ca, &a->crl};
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
	struct argument_list *list;
	const char **text;
	bool *flag;
	size_t i = 0;

	while (i < sizeof(option_names) / sizeof(option_names[0]) &&
	       strcmp(option_names[i].name, option) != 0)
		i++;
	if (i == sizeof(option_names) / sizeof(option_names[0]) ||
	    strchr(options, option_names[i].letter) == NULL ||
	    (option_names[i].has_value && argc == 0))
		return 0;
	if ((flag = flag_of(a, option_names[i].letter)) != NULL) {
		if (*flag)
			return 0;
		*flag = true;
		return 1;
	}
	if ((list = list_of(a, option_names[i].letter)) != NULL)
		return 1 + take_list(list, option_names[i].letter == 'r', argc, argv);
	if ((text = text_of(a, option_names[i].letter)) != NULL) {
		/* Else a variable that is not set would prove a good receipt bad. */
		if (*text != NULL || (text == &a->origin && checkpoint_origin_check(
								view_of_string(argv[0])) != ERR_OK))
			return 0;
		*text = argv[0];
		return 2;
	}
	return take_value(a, option_names[i].letter, argv[0]) ? 2 : 0;
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

static bool *
flag_of(struct arguments *a, char letter)
{
	switch (letter) {
	case 'j':
		return &a->json;
	case 'x':
		return &a->explain;
	case 'u':
		return &a->full;
	case 'y':
		return &a->tree_only;
	case 'a':
		return &a->all;
	case 'v':
		return &a->vouched;
	default:
		return NULL;
	}
}

static struct argument_list *
list_of(struct arguments *a, char letter)
{
	switch (letter) {
	case 'c':
		return &a->certificates;
	case 'r':
		return &a->receipts;
	case 'm':
		return &a->at_least;
	case 'k':
		return &a->approvers;
	case 'K':
		return &a->collectors_ca;
	case 'R':
		return &a->crl;
	default:
		return NULL;
	}
}

static const char **
text_of(struct arguments *a, char letter)
{
	switch (letter) {
	case 'o':
		return &a->origin;
	case 'l':
		return &a->log;
	case 'e':
		return &a->evidence;
	case 't':
		return &a->report;
	case 'F':
		return &a->fork_proof;
	case 'W':
		return &a->workload;
	case 'C':
		return &a->collector;
	default:
		return NULL;
	}
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
	case 'i':
		return take_number(value, &a->has_index, &a->index);
	case 'A':
		return take_number(value, &a->has_max_age, &a->max_age_s);
	case 'w':
		return take_number(value, &a->has_newest_within, &a->newest_within_s);
	case 'T':
		if (a->has_at)
			return false;
		a->has_at = true;
		return utc_parse(view_of_string(value), &a->at_s) == ERR_OK;
	default:
		return take_number(value, &a->has_faults_max, &a->faults_max) && a->faults_max > 0;
	}
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
