#include "signer/trial/trial_arguments.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/glob.h"

bool
trial_arguments_read(int argc, char **argv, struct trial_options *out, const char **file)
{
	const struct {
		const char *name;
		const char **value;
	} texts[] = {{"-c", file}, {"--log", &out->log}, {"--evidence", &out->evidence},
	    {"--workload", &out->workloads}};

	*out = (struct trial_options){.policy = NULL};
	*file = NULL;
	for (int i = 0; i < argc; i++) {
		const char **to = NULL;

		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			if (strcmp(argv[i], texts[k].name) == 0)
				to = texts[k].value;
		if (to != NULL && *to == NULL && i + 1 < argc)
			*to = argv[++i];
		else if (strcmp(argv[i], "--last") == 0 && out->last_s == 0 && i + 1 < argc &&
			 trial_last_parse(argv[i + 1], &out->last_s))
			i++;
		else if (strcmp(argv[i], "--all") == 0 && !out->all)
			out->all = true;
		else if (strcmp(argv[i], "--json") == 0 && !out->json)
			out->json = true;
		else if (argv[i][0] != '-' && out->policy == NULL)
			out->policy = argv[i];
		else
			return false;
	}
	if (out->workloads != NULL && glob_check(view_of_string(out->workloads)) != ERR_OK)
		return false;
	return out->policy != NULL && (*file != NULL ? out->log == NULL && out->evidence == NULL
						     : out->log != NULL && out->evidence != NULL);
}

bool
trial_last_parse(const char *text, uint64_t *seconds)
{
	static const struct {
		char letter;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	const size_t size = strlen(text);
	uint64_t number;

	if (size < 2 ||
	    decimal_decode((struct view){(const uint8_t *)text, size - 1}, &number) != ERR_OK ||
	    number > UINT32_MAX)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (text[size - 1] == units[i].letter) {
			*seconds = number * units[i].seconds;
			return number > 0;
		}
	return false;
}
