/* Facts of a machine that is made of files: what is there, what is not, and what is odd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "collector/machine/listeners.h"
#include "collector/machine/machine.h"
#include "collector/machine/modules.h"
#include "collector/machine/mounts.h"
#include "collector/machine/ports.h"
#include "tests/lib/vectors.h"

static char base[] = "/tmp/hallmark-machine-XXXXXX";
static int root;

static int
set_up(void **state)
{
	(void)state;
	strcpy(base + sizeof(base) - 7, "XXXXXX");
	assert_non_null(mkdtemp(base));
	root = open(base, O_PATH | O_DIRECTORY);
	return root >= 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	(void)close(root);
	(void)snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

static void
file(const char *path, const char *text, size_t size)
{
	char part[256];
	int fd;

	for (const char *p = path; (p = strchr(p, '/')) != NULL; p++) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		(void)mkdirat(root, part, 0755);
	}
	fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	(void)close(fd);
}

#define FILE_TEXT(path, text) file(path, text, strlen(text))

/* The values of a fact with a comma and a space between; "-" for no values, "none" for no fact. */
static void
fact_is(const char *name, const char *values)
{
	struct machine m = {.root = root, .to = component_builder_new(COMPONENT_HOST)};
	struct buf bytes = BUF_INIT, got = BUF_INIT;
	const char *text = "none";
	struct component *c;
	size_t count;

	assert_int_equal(machine_add(&m), ERR_OK);
	assert_int_equal(component_finish(m.to, &bytes, &count), ERR_OK);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	for (size_t i = 0; i < c->item_count; i++) {
		const struct component_fact *f = &c->items.facts[i];

		if (!view_equal(f->name, view_of_string(name)))
			continue;
		for (size_t j = 0; j < f->value_count; j++) {
			buf_append_string(&got, j > 0 ? ", " : "");
			buf_append_view(&got, f->values[j]);
		}
		buf_append(&got, f->value_count > 0 ? "" : "-", f->value_count > 0 ? 1 : 2);
		text = (const char *)got.data;
	}
	assert_string_equal(text, values);
	component_free(&c);
	component_builder_free(&m.to);
	buf_free(&got);
	buf_free(&bytes);
}

static void
test_what_is_not_there_is_a_fact_without_values(void **state)
{
	static const char *const names[] = {"clock_source", "cpu_vulnerabilities", "firmware",
	    "ipe", "kexec_loaded", "listening", "lockdown", "lsm", "microcode", "module_files",
	    "mounts", "secure_boot", "sysctl:kernel.kexec_load_disabled", "taint"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fact_is(names[i], "-");
	FILE_TEXT("sys/module/built_in/parameters/x", "1\n");
	FILE_TEXT("sys/firmware/efi/efivars/Other-8be4df61-93ca-11d2-aa0d-00e098032b8c", "x");
	fact_is("module_files", "-");
	fact_is("secure_boot", "-");
}

static void
test_what_may_not_be_read_is_no_fact(void **state)
{
	(void)state;
	FILE_TEXT("proc/sys/kernel/tainted/x", "a directory, which nobody can read");
	fact_is("taint", "none");
	FILE_TEXT("sys/kernel/security/ipe/enforce", "1\n");
	FILE_TEXT("sys/kernel/security/ipe/policies", "no directory");
	fact_is("ipe", "none");
}

static void
test_texts(void **state)
{
	(void)state;
	FILE_TEXT("proc/sys/kernel/tainted", "4096\n");
	fact_is("taint", "4096");
	FILE_TEXT("proc/sys/kernel/yama/ptrace_scope", "1\n");
	fact_is("sysctl:kernel.yama.ptrace_scope", "1");
	FILE_TEXT("sys/class/dmi/id/bios_version", "1.2 \n");
	FILE_TEXT("sys/class/dmi/id/sys_vendor", "Maker\n");
	FILE_TEXT("sys/class/dmi/id/product_serial", "secret\n");
	file("sys/firmware/devicetree/base/model", "Board\0", 6);
	fact_is("firmware", "bios_version=1.2 , model=Board, sys_vendor=Maker");
	FILE_TEXT("sys/devices/system/cpu/cpu0/microcode/version", "0xf\n");
	FILE_TEXT("sys/devices/system/cpu/cpu1/microcode/version", "0xf\n");
	FILE_TEXT("sys/devices/system/cpu/cpu10/microcode/version", "0xe\n");
	FILE_TEXT("sys/devices/system/cpu/cpuidle/microcode/version", "no\n");
	fact_is("microcode", "0xe, 0xf");
	FILE_TEXT("sys/devices/system/cpu/vulnerabilities/mds", "Not affected\n");
	FILE_TEXT("sys/devices/system/cpu/vulnerabilities/l1tf", "Vulnerable\n");
	fact_is("cpu_vulnerabilities", "l1tf=Vulnerable, mds=Not affected");
}

static void
test_security(void **state)
{
	(void)state;
	FILE_TEXT("sys/kernel/security/lsm", "lockdown,capability,yama");
	fact_is("lsm", "lockdown, capability, yama");
	FILE_TEXT("sys/kernel/security/lsm", "");
	fact_is("lsm", "-");
	FILE_TEXT("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	fact_is("lockdown", "integrity");
	FILE_TEXT("sys/kernel/security/lockdown", "none [integrity");
	fact_is("lockdown", "-");
	FILE_TEXT("sys/kernel/security/ipe/enforce", "1\n");
	FILE_TEXT("sys/kernel/security/ipe/success_audit", "0\n");
	FILE_TEXT("sys/kernel/security/ipe/policies/b/active", "1\n");
	FILE_TEXT("sys/kernel/security/ipe/policies/b/version", "0.0.1\n");
	FILE_TEXT("sys/kernel/security/ipe/policies/b/pkcs7", "x");
	FILE_TEXT("sys/kernel/security/ipe/policies/a/name", "a\n");
	fact_is("ipe", "enforce=1, policy=a active=- version=- -, policy=b active=1 version=0.0.1 "
		       "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, "
		       "success_audit=0");
	file("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
	    "\6\0\0\0\1", 5);
	file("sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c",
	    "\6\0\0\0\n", 5);
	file("sys/firmware/efi/efivars/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23",
	    "\6\0\0\0", 4);
	fact_is("secure_boot", "SecureBoot=1, SetupMode=10");
}

static void
test_modules(void **state)
{
	struct utsname kernel;
	char path[256];

	(void)state;
	assert_int_equal(uname(&kernel), 0);
	FILE_TEXT("sys/module/nf_tables/initstate", "live\n");
	FILE_TEXT("sys/module/nf_tables/taint", "\n");
	FILE_TEXT("sys/module/nf_tables/srcversion", "5A1E\n");
	FILE_TEXT("sys/module/hidden/initstate", "live\n");
	FILE_TEXT("sys/module/hidden/taint", "OE\n");
	fact_is("module_files", "hidden live OE - -, nf_tables live - 5A1E -");
	(void)snprintf(path, sizeof(path), "lib/modules/%s/modules.dep", kernel.release);
	FILE_TEXT(path, "kernel/nf-tables-more.ko: x\nkernel/net/nf-tables.ko.xz: a.ko\n");
	(void)snprintf(
	    path, sizeof(path), "lib/modules/%s/kernel/net/nf-tables.ko.xz", kernel.release);
	FILE_TEXT(path, "x");
	fact_is("module_files",
	    "hidden live OE - -, nf_tables live - 5A1E "
	    "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
}

static void
test_lines_of_modules_dep(void **state)
{
	struct view path;

	(void)state;
	assert_true(modules_find(VIEW_LITERAL("no colon\n:\nx.ko:\nc-d.ko: x\n"), "c_d", &path));
	assert_true(view_equal(path, VIEW_LITERAL("c-d.ko")));
	assert_false(modules_find(VIEW_LITERAL("c-d.ko: x\n"), "d", &path));
	assert_false(modules_find(VIEW_LITERAL("a/.ko: x\nab:\n"), "ab", &path));
	assert_false(modules_find(VIEW_LITERAL(""), "a", &path));
}

static void
test_mounts(void **state)
{
	(void)state;
	FILE_TEXT("proc/self/mountinfo",
	    "1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
	    "2 1 8:1 /sub /a\\040b ro - ext4 /dev/sda1 \n"
	    "3 1 0:5 / /run/user/0 rw - tmpfs tmpfs rw\n"
	    "4 1 0:6 / /run/users rw - tmpfs none rw,size=4k,rw\n"
	    "5 1 0:7 / /auto rw x:1 y:2 - autofs systemd-1 rw,fd=29,pgrp=1,timeout=0,pipe_ino=9\n");
	fact_is("mounts",
	    "/ ext4 /dev/sda1 / errors=remount-ro,relatime,rw, /a\\040b ext4 /dev/sda1 /sub ro, "
	    "/auto autofs systemd-1 / rw,timeout=0, /run/users tmpfs none / rw,size=4k");
}

static void
test_lines_that_are_no_mounts(void **state)
{
	static const char *const lines[] = {
	    "", " ", "1 0 8:1 / / rw shared:1", "1 0 8:1 / / -", "- - - - - -"};
	struct values values = VALUES_INIT;
	struct buf many = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(mounts_take(view_of_string(lines[i]), &values), ERR_FORMAT);
	buf_append_string(&many, "1 0 8:1 / / rw - t s ");
	for (unsigned i = 0; i < 300; i++)
		buf_append_string(&many, "a,");
	assert_int_equal(mounts_take(buf_view(&many), &values), ERR_FORMAT_SIZE);
	values_free(&values);
	buf_free(&many);
}

#define HEADER "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"

static void
test_ports(void **state)
{
	const bool little = htons(1) != 1;

	(void)state;
	FILE_TEXT("proc/sys/net/ipv4/ip_local_port_range", "40000\t50000\n");
	FILE_TEXT("proc/net/tcp", little ? HEADER "   0: 0100007F:0016 00000000:0000 0A 0:0\n"
						  "   1: 00000000:0016 00000000:0000 0A 0:0\n"
						  "   2: 00000000:9C40 00000000:0000 0A 0:0\n"
						  "   3: 0100007F:0050 0100007F:0051 01 0:0\n"
						  "   4: 00000000:0017 00000000:0000 0A 0:0\n"
					 : HEADER "   0: 7F000001:0016 00000000:0000 0A 0:0\n"
						  "   1: 00000000:0016 00000000:0000 0A 0:0\n");
	FILE_TEXT("proc/net/udp6", HEADER
	    "   0: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 "
	    "0:0\n"
	    "   1: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 "
	    "0:0\n"
	    "   2: 00000000000000000000000000000000:0036 00000000000000000000000000000000:0001 01 "
	    "0:0\n");
	fact_is("listening", "tcp 0.0.0.0:22, tcp 127.0.0.1:22, udp6 [::]:53");
}

/* Where the kernel would have to load something to say that this one listens, it is not asked. */
static void
test_nothing_is_loaded_to_answer(void **state)
{
	const int asked = listeners_socket(),
		  waits = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_true(asked >= 0 && waits >= 0);
	assert_int_equal(listen(waits, 1), 0);
	listeners_begin(asked);
	assert_true(listeners_load_nothing(root));
	FILE_TEXT("proc/sys/net/ipv4/ip_local_port_range", "1\t1\n");
	FILE_TEXT("proc/sys/kernel/modprobe", "/sbin/modprobe\n");
	assert_false(listeners_load_nothing(root));
	fact_is("listening", "-");
	FILE_TEXT("sys/module/tcp_diag/initstate", "live\n");
	assert_true(listeners_load_nothing(root));
	listeners_begin(-1);
	(void)close(waits);
	(void)close(asked);
}

static void
test_rows_that_are_none(void **state)
{
	static const char *const lines[] = {"", HEADER, "0: 0100007F 00000000:0000 0A",
	    "0: 0100007:0016 00000000:0000 0A", "0: 0100007F:0016 00000000:0000",
	    "x: 0100007F:0016 00000000:0000 0A"};
	struct port_row row;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(ports_read_row(lines[i], &row));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_what_is_not_there_is_a_fact_without_values),
	    TEST(test_what_may_not_be_read_is_no_fact),
	    TEST(test_texts),
	    TEST(test_security),
	    TEST(test_modules),
	    cmocka_unit_test(test_lines_of_modules_dep),
	    TEST(test_mounts),
	    cmocka_unit_test(test_lines_that_are_no_mounts),
	    TEST(test_ports),
	    TEST(test_nothing_is_loaded_to_answer),
	    cmocka_unit_test(test_rows_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
