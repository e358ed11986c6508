#include "collector/command_gate_options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/encoding.h"

#define SECONDS_MAX 31536000 /* a year */

static const char *parse(int count, char **list, struct gate_options *out);
static const char *take(const char *option, const char *value, struct gate_options *out);
static const char *take_text(const char *value, const char **to);
static const char *take_seconds(const char *value, uint64_t *to);
static const char *check(struct gate_options *o);
static const char *check_summary(const struct gate_options *o);

bool
gate_options_parse(int count, char **list, struct gate_options *out)
{
	const char *wrong;

	*out = (struct gate_options){.timeout_s = GATE_TIMEOUT_S};
	if ((wrong = parse(count, list, out)) == NULL && (wrong = check(out)) == NULL)
		return true;
	(void)fprintf(stderr,
	    "hallmark-collector: gate: %s\n"
	    "usage: hallmark-collector gate NAME -c FILE [--program FILE | --root DIR | --image "
	    "IMAGE\n"
	    "                               [--platform P] [--tag T]] [--max-age S]\n"
	    "                               [--timeout S] [--summary FILE] [--receipt FILE]\n"
	    "                               [--demand-summary FILE [--verifier URI]] "
	    "[-- COMMAND...]\n",
	    wrong);
	return false;
}

static const char *
parse(int count, char **list, struct gate_options *out)
{
	const char *wrong = NULL;

	for (int i = 0; wrong == NULL && i < count; i++) {
		if (strcmp(list[i], "--") == 0) {
			out->command = &list[i + 1];
			return i + 1 < count ? NULL : "expected a command behind --";
		}
		if (list[i][0] == '-') {
			wrong = i + 1 < count ? take(list[i], list[i + 1], out)
					      : "expected a value behind each option";
			i++;
		} else {
			wrong = out->name == NULL ? NULL : "expected one name of a workload";
			out->name = list[i];
		}
	}
	return wrong;
}

static const char *
take(const char *option, const char *value, struct gate_options *out)
{
	const struct {
		const char *name;
		const char **text;
		uint64_t *seconds;
	} known[] = {
	    {"-c", &out->config, NULL},
	    {"--program", &out->program, NULL},
	    {"--root", &out->root, NULL},
	    {"--image", &out->image, NULL},
	    {"--platform", &out->platform, NULL},
	    {"--tag", &out->tag, NULL},
	    {"--summary", &out->summary, NULL},
	    {"--receipt", &out->receipt, NULL},
	    {"--demand-summary", &out->demanded, NULL},
	    {"--verifier", &out->verifier, NULL},
	    {"--max-age", NULL, &out->max_age_s},
	    {"--timeout", NULL, &out->timeout_s},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(option, known[i].name) == 0)
			return known[i].text != NULL ? take_text(value, known[i].text)
						     : take_seconds(value, known[i].seconds);
	return "expected no options but -c, --program, --root, --image, --platform, --tag, "
	       "--max-age, --timeout, --summary, "
	       "--receipt, --demand-summary and --verifier";
}

static const char *
take_text(const char *value, const char **to)
{
	if (*to != NULL || value[0] == '\0')
		return "expected each option once, and something behind it";
	*to = value;
	return NULL;
}

static const char *
take_seconds(const char *value, uint64_t *to)
{
	return decimal_decode(view_of_string(value), to) == ERR_OK && *to > 0 && *to <= SECONDS_MAX
		   ? NULL
		   : "expected 1 to 31536000 seconds behind --max-age and --timeout";
}

static const char *
check(struct gate_options *o)
{
	static char resolved[PATH_MAX]; /* a command line has one */
	const char *wrong = check_summary(o);

	if (o->name == NULL)
		return "expected the name of a workload";
	if (o->config == NULL)
		return "expected -c FILE, the configuration";
	if ((o->image != NULL && (o->root != NULL || o->program != NULL)) ||
	    (o->image == NULL && (o->platform != NULL || o->tag != NULL)))
		return "expected --image alone, without --root and --program; --platform and --tag "
		       "are for it";
	if (o->program != NULL && (o->root != NULL || o->command != NULL))
		return "expected --program alone: without --root, and without a command, which is "
		       "the program";
	if (wrong != NULL || o->root == NULL)
		return wrong;
	if ((o->root = realpath(o->root, resolved)) == NULL)
		return "expected --root DIR, a directory that is there";
	return NULL;
}

static const char *
check_summary(const struct gate_options *o)
{
	if (o->demanded == NULL)
		return o->verifier != NULL ? "expected --verifier with --demand-summary alone"
		       : o->summary != NULL && o->max_age_s > 0
			   ? "expected --summary without --max-age: a receipt that serves again "
			     "has "
			     "no summary"
			   : NULL;
	if (o->summary != NULL || o->receipt != NULL)
		return "expected no --summary and no --receipt with --demand-summary: no signer is "
		       "asked";
	return o->max_age_s > 0 ? NULL
				: "expected --max-age with --demand-summary: how old it may be";
}
