#include "collector/machine/machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "collector/machine/firmware.h"
#include "collector/machine/modules.h"
#include "collector/machine/mounts.h"
#include "collector/machine/ports.h"
#include "collector/machine/security.h"
#include "proto/evidence/fact_names.h"

#define SYSCTL_PATH "proc/sys"
#define PATH_SIZE   512 /* bytes; a longer one is of no file here */

static enum err add_text(const struct machine *m, const char *name, const char *path);
static enum err add_clock(const struct machine *m, const char *name);
static enum err add_sysctl(const struct machine *m, const char *name);

enum err
machine_add(const struct machine *m)
{
	struct machine below;
	const char *name;
	enum err e;

	if ((e = add_text(m, "clock_source",
		 "sys/devices/system/clocksource/clocksource0/current_clocksource")) == ERR_OK &&
	    (e = add_clock(m, "clock_synchronised")) == ERR_OK && (e = security_add(m)) == ERR_OK &&
	    (e = firmware_add(m)) == ERR_OK &&
	    (e = add_text(m, "kexec_loaded", "sys/kernel/kexec_loaded")) == ERR_OK &&
	    (e = ports_add(m)) == ERR_OK && (e = modules_add(m)) == ERR_OK &&
	    (e = mounts_add(m)) == ERR_OK)
		e = add_text(m, "taint", "proc/sys/kernel/tainted");
	below = machine_enter(m, SYSCTL_PATH);
	for (size_t i = 0; e == ERR_OK && (name = fact_name_at(COMPONENT_HOST, i)) != NULL; i++)
		if (strncmp(name, FACT_SYSCTL_PREFIX, strlen(FACT_SYSCTL_PREFIX)) == 0)
			e = add_sysctl(&below, name);
	machine_leave(&below, m);
	return e;
}

static enum err
add_text(const struct machine *m, const char *name, const char *path)
{
	struct values values = VALUES_INIT;
	const enum err e = machine_read(m, path, &values.text);

	if (e == ERR_OK)
		values_end(&values);
	return machine_finish(m, e, &values, VALUES_KEPT, name);
}

/* Whether somebody keeps the clock (ntp_adjtime); how well changes all the time. */
static enum err
add_clock(const struct machine *m, const char *name)
{
	struct values values = VALUES_INIT;
	struct timex state = {.modes = 0};
	const int result = adjtimex(&state);

	if (result >= 0)
		values_add(&values, view_of_string((state.status & STA_UNSYNC) == 0 ? "1" : "0"));
	return machine_finish(m, result >= 0 ? ERR_OK : ERR_IO, &values, VALUES_KEPT, name);
}

static enum err
add_sysctl(const struct machine *m, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), SYSCTL_PATH "/%s", name + strlen(FACT_SYSCTL_PREFIX));
	for (char *p = path; *p != '\0'; p++)
		if (*p == '.')
			*p = '/';
	return add_text(m, name, path);
}
