#include "register/acknowledge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/register_config.h"
#include "register/follow/alarms.h"

static bool is_configured(const struct register_config *config, const char *log);
static int acknowledge(const struct register_config *config, const char *log);

int
register_acknowledge(const char *config_path, const char *log)
{
	struct faults faults = FAULTS_INIT;
	struct register_config *config;
	int status = 1;

	if (register_config_load(config_path, &faults, &config) != ERR_OK)
		faults_print(&faults, stderr);
	else if (!is_configured(config, log))
		(void)fprintf(
		    stderr, "hallmark-register: %s names no log \"%s\"\n", config_path, log);
	else
		status = acknowledge(config, log);
	faults_free(&faults);
	register_config_free(&config);
	return status;
}

static bool
is_configured(const struct register_config *config, const char *log)
{
	for (size_t i = 0; i < config->log_count; i++)
		if (strcmp(config->logs[i].name, log) == 0)
			return true;
	return false;
}

static int
acknowledge(const struct register_config *config, const char *log)
{
	const int all = open(config->state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int dir = all >= 0 ? openat(all, log, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	size_t count = 0;
	const bool good = dir >= 0 && alarms_acknowledge(dir, &count) == ERR_OK;

	if (good)
		(void)printf("%s: %zu alarm%s acknowledged\n", log, count, count == 1 ? "" : "s");
	else
		(void)fprintf(stderr, "hallmark-register: %s/%s: %s; nothing is acknowledged\n",
		    config->state_directory, log, strerror(errno));
	if (dir >= 0)
		close(dir);
	if (all >= 0)
		close(all);
	return good ? 0 : 1;
}
