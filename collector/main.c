#include <stdio.h>
#include <string.h>

#include "collector/commands.h"
#include "collector/interrupt.h"

static const char usage_text[] =
    "usage: hallmark-collector check -c FILE\n"
    "       hallmark-collector measure NAME -c FILE [--json]\n"
    "       hallmark-collector once -c FILE [NAME...]\n"
    "       hallmark-collector run -c FILE\n"
    "       hallmark-collector --version\n"
    "\n"
    "check    tells every fault of the configuration, and whether the workloads are there\n"
    "measure  prints what would be sent of a workload\n"
    "once     measures, reports and saves the receipts; exit 0 if there are all of them\n"
    "run      does so at the configured interval until SIGTERM; SIGHUP reloads\n";

struct arguments {
	const char *config;
	bool json;
	char **names; /* what is no option, in place */
	size_t name_count;
};

static int usage(void);
static bool parse(int count, char **list, struct arguments *out);

int
main(int argc, char **argv)
{
	struct arguments a;

	interrupt_setup();
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("hallmark-collector %s\n", HALLMARK_VERSION);
		return 0;
	}
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		(void)fputs(usage_text, stdout);
		return 0;
	}
	if (argc < 2 || !parse(argc - 2, argv + 2, &a) || a.config == NULL)
		return usage();
	if (strcmp(argv[1], "measure") == 0 && a.name_count == 1)
		return command_measure(a.config, a.names[0], a.json);
	if (a.json)
		return usage();
	if (strcmp(argv[1], "once") == 0)
		return command_once(a.config, a.names, a.name_count);
	if (a.name_count > 0)
		return usage();
	if (strcmp(argv[1], "check") == 0)
		return command_check(a.config);
	if (strcmp(argv[1], "run") == 0)
		return command_run(a.config);
	return usage();
}

static int
usage(void)
{
	(void)fputs(usage_text, stderr);
	return 1;
}

/* Options may stand anywhere; the names move together at the front of the list. */
static bool
parse(int count, char **list, struct arguments *out)
{
	*out = (struct arguments){NULL, false, list, 0};
	for (int i = 0; i < count; i++) {
		if (strcmp(list[i], "-c") == 0) {
			if (i + 1 == count || out->config != NULL)
				return false;
			out->config = list[++i];
		} else if (strcmp(list[i], "--json") == 0) {
			out->json = true;
		} else if (list[i][0] == '-') {
			return false;
		} else {
			list[out->name_count++] = list[i];
		}
	}
	return true;
}
