#include "proto/evidence/fact_names.h"

static const char *const host[] = {
    "boot_id",
    "clock_source",
    "clock_synchronised",
    "cmdline",
    "cpu_vulnerabilities",
    "firmware",
    "hostname",
    "ipe",
    "kernel_release",
    "kernel_version",
    "kexec_loaded",
    "listening",
    "lockdown",
    "lsm",
    "machine",
    "microcode",
    "module_files",
    "modules",
    "mounts",
    "os_release",
    "secure_boot",
    /* What says how hard a kernel is to take over, and what it does for the network. */
    "sysctl:fs.protected_fifos",
    "sysctl:fs.protected_hardlinks",
    "sysctl:fs.protected_regular",
    "sysctl:fs.protected_symlinks",
    "sysctl:fs.suid_dumpable",
    "sysctl:kernel.core_pattern",
    "sysctl:kernel.dmesg_restrict",
    "sysctl:kernel.ftrace_enabled",
    "sysctl:kernel.io_uring_disabled",
    "sysctl:kernel.kexec_load_disabled",
    "sysctl:kernel.kptr_restrict",
    "sysctl:kernel.modprobe",
    "sysctl:kernel.modules_disabled",
    "sysctl:kernel.perf_event_paranoid",
    "sysctl:kernel.randomize_va_space",
    "sysctl:kernel.sysrq",
    "sysctl:kernel.unprivileged_bpf_disabled",
    "sysctl:kernel.unprivileged_userns_clone",
    "sysctl:kernel.yama.ptrace_scope",
    "sysctl:net.core.bpf_jit_enable",
    "sysctl:net.ipv4.conf.all.accept_redirects",
    "sysctl:net.ipv4.conf.all.accept_source_route",
    "sysctl:net.ipv4.conf.all.rp_filter",
    "sysctl:net.ipv4.ip_forward",
    "sysctl:net.ipv4.ip_local_port_range",
    "sysctl:net.ipv4.tcp_syncookies",
    "sysctl:net.ipv6.conf.all.forwarding",
    "sysctl:user.max_user_namespaces",
    "sysctl:vm.mmap_min_addr",
    "sysctl:vm.overcommit_memory",
    "sysctl:vm.unprivileged_userfaultfd",
    "taint",
};

static const char *const image[] = {"added", "changed", "deleted", "manifest", "mounted", "set"};

static const char *const packages[] = {"apk", "dpkg", "rpm"};

static const char *const runtime[] = {
    "arguments",
    "arguments_digest",
    "capabilities_ambient",
    "capabilities_bounding",
    "capabilities_effective",
    "capabilities_inheritable",
    "capabilities_permitted",
    "container_digest",
    "container_id",
    "container_image",
    "container_name",
    "container_pod",
    "cwd",
    "environment",
    "environment_names",
    "environment_names_digest",
    "gid",
    "groups",
    "mains_differ",
    "namespace_cgroup",
    "namespace_ipc",
    "namespace_mount",
    "namespace_network",
    "namespace_pid",
    "namespace_time",
    "namespace_user",
    "namespace_uts",
    "no_new_privs",
    "processes",
    "root",
    "seccomp",
    "start_time",
    "threads_differ",
    "tracer",
    "uid",
};

static const char *const web[] = {
    "base", "cookie", "frame", "handler", "header", "inline", "script"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *const *name;
	size_t count;
} names[COMPONENT_KIND_COUNT] = {
    [COMPONENT_HOST] = {host, COUNT(host)},
    [COMPONENT_IMAGE] = {image, COUNT(image)},
    [COMPONENT_PACKAGES] = {packages, COUNT(packages)},
    [COMPONENT_RUNTIME] = {runtime, COUNT(runtime)},
    [COMPONENT_WEB] = {web, COUNT(web)},
};

const char *
fact_name_at(enum component_kind kind, size_t index)
{
	return index < names[kind].count ? names[kind].name[index] : NULL;
}

enum component_kind
fact_name_kind(struct view name)
{
	unsigned kind = 0;
	const char *one;

	for (; kind < COMPONENT_KIND_COUNT; kind++)
		for (size_t i = 0; (one = fact_name_at((enum component_kind)kind, i)) != NULL; i++)
			if (view_equal(view_of_string(one), name))
				return (enum component_kind)kind;
	return (enum component_kind)kind;
}
