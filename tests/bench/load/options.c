#include "tests/bench/load/options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 100000000 /* of anything: a typing error is larger */

enum kind { KIND_TEXT, KIND_NUMBER, KIND_FLAG, KIND_WATCH };

static const struct option {
	const char *name;
	enum kind kind;
	size_t offset;
} list[] = {
    {"--ca", KIND_TEXT, offsetof(struct options, ca)},
    {"--cert", KIND_TEXT, offsetof(struct options, cert)},
    {"--key", KIND_TEXT, offsetof(struct options, key)},
    {"--ca-key", KIND_TEXT, offsetof(struct options, ca_key)},
    {"--log-cert", KIND_TEXT, offsetof(struct options, log_cert)},
    {"--prefix", KIND_TEXT, offsetof(struct options, prefix)},
    {"--port", KIND_NUMBER, offsetof(struct options, port)},
    {"--connections", KIND_NUMBER, offsetof(struct options, connections)},
    {"--workloads", KIND_NUMBER, offsetof(struct options, workloads)},
    {"--seconds", KIND_NUMBER, offsetof(struct options, seconds)},
    {"--warm-ms", KIND_NUMBER, offsetof(struct options, warm_ms)},
    {"--sample", KIND_NUMBER, offsetof(struct options, sample)},
    {"--rate", KIND_NUMBER, offsetof(struct options, rate)},
    {"--change", KIND_FLAG, offsetof(struct options, change)},
    {"--resume", KIND_FLAG, offsetof(struct options, resume)},
    {"--once", KIND_FLAG, offsetof(struct options, once)},
    {"--watch", KIND_WATCH, offsetof(struct options, watch)},
};

static const struct option *find(const char *name);
static unsigned number(const char *name, const char *text);
static void bad(const char *what, const char *which);

void
options_parse(int argc, char **argv, struct options *o)
{
	unsigned watched = 0;

	*o = (struct options){.connections = 32,
	    .workloads = 32,
	    .seconds = 3,
	    .warm_ms = 500,
	    .sample = 100,
	    .prefix = "w"};
	for (int i = 0; i < argc; i++) {
		const struct option *option = find(argv[i]);
		const char *value = NULL;
		char *member = (char *)o + option->offset;

		if (option->kind != KIND_FLAG && (value = argv[++i]) == NULL)
			bad("a value is missing for", option->name);
		if (option->kind == KIND_TEXT)
			memcpy(member, &value, sizeof(value));
		else if (option->kind == KIND_FLAG)
			memcpy(member, &(bool){true}, sizeof(bool));
		else if (option->kind == KIND_NUMBER)
			memcpy(member, &(unsigned){number(option->name, value)}, sizeof(unsigned));
		else if (watched == OPTIONS_WATCH_MAX)
			bad("too many of", option->name);
		else
			o->watch[watched++] = number(option->name, value);
	}
	if (o->ca == NULL || o->cert == NULL || o->key == NULL || o->port == 0 ||
	    o->port > UINT16_MAX || o->connections == 0 || o->workloads == 0)
		bad("needed are", "--port, --ca, --cert, --key, and some --connections");
}

static const struct option *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	bad("there is no option", name);
	return NULL;
}

static unsigned
number(const char *name, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value > NUMBER_MAX)
		bad("a number is expected after", name);
	return (unsigned)value;
}

static void
bad(const char *what, const char *which)
{
	fprintf(stderr, "load: %s %s\n", what, which);
	exit(2);
}
