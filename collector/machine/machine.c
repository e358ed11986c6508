#include "collector/machine/machine.h"

#include <stdio.h>
#include <sys/timex.h>

#include "collector/machine/firmware.h"
#include "collector/machine/modules.h"
#include "collector/machine/mounts.h"
#include "collector/machine/ports.h"
#include "collector/machine/security.h"

#define PATH_SIZE 512 /* bytes; a longer one is of no file here */

/* What says how hard a kernel is to take over, and what it does for the network. */
static const char *const sysctls[] = {
    "fs.protected_fifos",
    "fs.protected_hardlinks",
    "fs.protected_regular",
    "fs.protected_symlinks",
    "fs.suid_dumpable",
    "kernel.core_pattern",
    "kernel.dmesg_restrict",
    "kernel.ftrace_enabled",
    "kernel.io_uring_disabled",
    "kernel.kexec_load_disabled",
    "kernel.kptr_restrict",
    "kernel.modprobe",
    "kernel.modules_disabled",
    "kernel.perf_event_paranoid",
    "kernel.randomize_va_space",
    "kernel.sysrq",
    "kernel.unprivileged_bpf_disabled",
    "kernel.unprivileged_userns_clone",
    "kernel.yama.ptrace_scope",
    "net.core.bpf_jit_enable",
    "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.conf.all.accept_source_route",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.ip_forward",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.forwarding",
    "user.max_user_namespaces",
    "vm.mmap_min_addr",
    "vm.overcommit_memory",
    "vm.unprivileged_userfaultfd",
};

static enum err add_text(const struct machine *m, const char *name, const char *path);
static enum err add_clock(const struct machine *m, const char *name);
static enum err add_sysctl(const struct machine *m, const char *sysctl);

enum err
machine_add(const struct machine *m)
{
	enum err e;

	if ((e = add_text(m, "clock_source",
		 "sys/devices/system/clocksource/clocksource0/current_clocksource")) == ERR_OK &&
	    (e = add_clock(m, "clock_synchronised")) == ERR_OK && (e = security_add(m)) == ERR_OK &&
	    (e = firmware_add(m)) == ERR_OK &&
	    (e = add_text(m, "kexec_loaded", "sys/kernel/kexec_loaded")) == ERR_OK &&
	    (e = ports_add(m)) == ERR_OK && (e = modules_add(m)) == ERR_OK &&
	    (e = mounts_add(m)) == ERR_OK)
		e = add_text(m, "taint", "proc/sys/kernel/tainted");
	for (size_t i = 0; e == ERR_OK && i < sizeof(sysctls) / sizeof(sysctls[0]); i++)
		e = add_sysctl(m, sysctls[i]);
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
add_sysctl(const struct machine *m, const char *sysctl)
{
	char path[PATH_SIZE], name[COMPONENT_FACT_NAME_MAX + 1];

	snprintf(path, sizeof(path), "proc/sys/%s", sysctl);
	for (char *p = path; *p != '\0'; p++)
		if (*p == '.')
			*p = '/';
	snprintf(name, sizeof(name), "sysctl:%s", sysctl);
	return add_text(m, name, path);
}
