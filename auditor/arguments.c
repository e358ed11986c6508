#include "auditor/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/tlog/checkpoint.h"

static const char *parse(int argc, char **argv, const char *options, struct arguments *a);
static int take_option(const char *options, struct arguments *a, const char *option, char *value);

static bool *flag_of(struct arguments *a, char letter);
static const char **text_of(struct arguments *a, char letter);
static bool take_value(struct arguments *a, char letter, char *value);

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
    {'j', false, "--json"},
    {'x', false, "--explain"},
    {'y', false, "--tree-only"},
    {'a', false, "--all"},
};

enum err
arguments_read(int argc, char **argv, const char *options, struct arguments *out, const char **odd)
{
	const size_t most = argc > 0 ? (size_t)argc : 1;

	*odd = NULL;
	out->files = calloc(most, sizeof(*out->files));
	out->policies = calloc(most, sizeof(*out->policies));
	out->approvers = calloc(most, sizeof(*out->approvers));
	out->approver_ids = calloc(most, sizeof(*out->approver_ids));
	if (out->files == NULL || out->policies == NULL || out->approvers == NULL ||
	    out->approver_ids == NULL)
		return ERR_MEMORY;
	*odd = parse(argc, argv, options, out);
	return ERR_OK;
}

void
arguments_free(struct arguments *a)
{
	free(a->files);
	free(a->policies);
	free(a->approvers);
	free(a->approver_ids);
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
		taken = take_option(options, a, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
		if (taken == 0)
			return argv[i];
		i += taken - 1;
	}
	return NULL;
}

/* How many arguments were taken: 0 if it is not known, there twice or lacks a valid value. */
static int
take_option(const char *options, struct arguments *a, const char *option, char *value)
{
	const char **text;
	bool *flag;
	size_t i = 0;

	while (i < sizeof(option_names) / sizeof(option_names[0]) &&
	       strcmp(option_names[i].name, option) != 0)
		i++;
	if (i == sizeof(option_names) / sizeof(option_names[0]) ||
	    strchr(options, option_names[i].letter) == NULL ||
	    (option_names[i].has_value && value == NULL))
		return 0;
	if ((flag = flag_of(a, option_names[i].letter)) != NULL) {
		if (*flag)
			return 0;
		*flag = true;
		return 1;
	}
	if ((text = text_of(a, option_names[i].letter)) != NULL) {
		/* Else a variable that is not set would prove a good receipt bad. */
		if (*text != NULL || (text == &a->origin &&
					 checkpoint_origin_check(view_of_string(value)) != ERR_OK))
			return 0;
		*text = value;
		return 2;
	}
	return take_value(a, option_names[i].letter, value) ? 2 : 0;
}

static bool *
flag_of(struct arguments *a, char letter)
{
	switch (letter) {
	case 'j':
		return &a->json;
	case 'x':
		return &a->explain;
	case 'y':
		return &a->tree_only;
	case 'a':
		return &a->all;
	default:
		return NULL;
	}
}

static const char **
text_of(struct arguments *a, char letter)
{
	switch (letter) {
	case 'c':
		return &a->certificate;
	case 'o':
		return &a->origin;
	case 'l':
		return &a->log;
	case 'e':
		return &a->evidence;
	case 't':
		return &a->report;
	default:
		return NULL;
	}
}

/* Those that are more than a text. */
static bool
take_value(struct arguments *a, char letter, char *value)
{
	switch (letter) {
	case 'p':
		return digest_from_hex(view_of_string(value), &a->policies[a->policy_count++]) ==
		       ERR_OK;
	case 'k':
		a->approvers[a->approver_count++] = value;
		return true;
	case 'i':
		if (a->has_index)
			return false;
		a->has_index = true;
		return decimal_decode(view_of_string(value), &a->index) == ERR_OK;
	default:
		return decimal_decode(view_of_string(value), &a->faults_max) == ERR_OK &&
		       a->faults_max > 0;
	}
}
