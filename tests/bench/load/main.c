/*
 * Load for a signer, and for the web server it is compared with:
 *
 *   load reports|handshakes|storm|idle|http --port N --ca FILE --cert FILE --key FILE [option...]
 *
 * options.h has the options, modes.h says what each mode does. One thread, so that it needs no more
 * than its own core, and one clock for all that is measured.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/load/modes.h"

static const struct {
	const char *name;
	int (*run)(const struct options *o);
} modes[] = {
    {"reports", reports_run},
    {"handshakes", handshakes_run},
    {"storm", storm_run},
    {"idle", idle_run},
    {"http", http_run},
};

int
main(int argc, char **argv)
{
	struct options o;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, argv[1]) != 0)
			continue;
		options_parse(argc - 2, argv + 2, &o);
		return modes[i].run(&o);
	}
	fprintf(stderr, "load: the first argument is one of:");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		fprintf(stderr, " %s", modes[i].name);
	fprintf(stderr, "\n");
	return 2;
}
