/* What the paths of control groups say: units, patterns, containers; and what only looks like it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/subject/control_groups.h"
#include "collector/subject/group_path.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD   "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define POD_  "0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0"

static const uid_t user = 1000;

/* How much of the path is the unit's; 0: it is of none. */
static size_t
of_unit(const char *path, const char *pattern, const uid_t *whose)
{
	size_t size = 0;

	return group_path_of_unit(view_of_string(path), pattern, whose, &size) ? size : 0;
}

static size_t
matches(const char *path, const char *pattern)
{
	size_t size = 0;

	return group_path_matches(view_of_string(path), pattern, &size) ? size : 0;
}

static void
units(void **state)
{
	static const char *const refused[] = {"", "/", "app.service", "/system.slice/xapp.service",
	    "/system.slice/app.service.d", "/system.slice/app.service (deleted)",
	    /* trees of users and of containers, who may make groups of any name */
	    "/user.slice/user-1000.slice/user@1000.service/app.service", "/user.slice/app.service",
	    "/machine.slice/m.scope/system.slice/app.service",
	    "/system.slice/docker.service/app.service", "/docker/0123/app.service",
	    "/../app.service", "/.slice/app.service"};

	(void)state;
	assert_int_equal(of_unit("/system.slice/app.service", "app.service", NULL), 25);
	assert_int_equal(of_unit("/app.service", "app.service", NULL), 12);
	assert_int_equal(
	    of_unit("/system.slice/a.slice/app.service/worker/1", "app.service", NULL), 33);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(of_unit(refused[i], "app.service", NULL), 0);
}

static void
templates_and_patterns(void **state)
{
	static const char instance[] = "/system.slice/system-worker.slice/worker@7.service";

	(void)state;
	assert_int_equal(of_unit(instance, "worker@.service", NULL), strlen(instance));
	assert_int_equal(of_unit(instance, "worker@*.service", NULL), strlen(instance));
	assert_int_equal(of_unit(instance, "worker@[0-9].service", NULL), strlen(instance));
	assert_int_equal(of_unit(instance, "worker@8.service", NULL), 0);
	assert_int_equal(of_unit(instance, "worker.service", NULL), 0);
	assert_int_equal(of_unit("/a.slice/worker.service", "worker@.service", NULL), 0);
	assert_int_equal(of_unit("/a.slice/other@7.service", "worker@*.service", NULL), 0);
}

static void
units_of_users(void **state)
{
	static const char path[] =
	    "/user.slice/user-1000.slice/user@1000.service/app.slice/app.service";

	(void)state;
	assert_int_equal(of_unit(path, "app.service", &user), strlen(path));
	assert_int_equal(of_unit(path, "app.service", NULL), 0);
	assert_int_equal(of_unit("/system.slice/app.service", "app.service", &user), 0);
	assert_int_equal(of_unit("/user.slice/user-1001.slice/user@1001.service/app.service",
			     "app.service", &user),
	    0);
	assert_int_equal(of_unit("/user.slice/user-1000.slice/user@1000.service/x/app.service",
			     "app.service", &user),
	    0);
}

static void
patterns_of_paths(void **state)
{
	(void)state;
	assert_int_equal(matches("/trading.slice/a.scope", "/trading.slice/*"), 22);
	assert_int_equal(matches("/trading.slice/a.scope/b", "/trading.slice/*"), 22);
	assert_int_equal(matches("/trading.slice/a.scope/b", "/trading.slice"), 14);
	assert_int_equal(matches("/trading.slice", "/trading.slice/*"), 0);
	assert_int_equal(matches("/trading.slice/.x", "/trading.slice/*"), 0);
	assert_int_equal(matches("/trading.slicer/a", "/trading.slice/*"), 0);
	assert_int_equal(matches("/user.slice/a.scope", "/*/a.scope"), 0);
	assert_int_equal(matches("/user.slice/a.scope", "/user.slice/*"), 19);
	assert_int_equal(matches("/", "/*"), 0);
	assert_int_equal(matches("", "/*"), 0);
}

static void
check_container(const char *path, const char *id, const char *pod)
{
	struct group_container found;

	if (!group_path_container(view_of_string(path), &found))
		found.id[0] = found.pod[0] = '\0';
	assert_string_equal(found.id, id);
	assert_string_equal(found.pod, pod);
}

static void
containers_of_all_runtimes(void **state)
{
	(void)state;
	check_container("/docker/" ID, ID, "");
	check_container("/system.slice/docker-" ID ".scope", ID, "");
	check_container("/system.slice/docker-" ID ".scope/init.scope", ID, "");
	check_container("/machine.slice/libpod-" ID ".scope/container", ID, "");
	check_container("/k8s.io/" ID, ID, "");
	check_container("/kubepods/burstable/pod" POD "/" ID, ID, POD);
	check_container("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD_
			".slice/cri-containerd-" ID ".scope",
	    ID, POD);
	check_container("/kubelet-kubepods.slice/kubelet-kubepods-pod" POD_ ".slice/crio-" ID
			".scope/container",
	    ID, POD);
	check_container("/k8s/" POD ":" ID, ID, POD);
	check_container("/kubepods-pod" POD_ ".slice:cri-containerd:" ID, ID, POD);
}

static void
what_is_no_container(void **state)
{
	(void)state;
	check_container("", "", "");
	check_container("/", "", "");
	check_container("/system.slice/app.service", "", "");
	check_container("/docker/" ID "0", "", ""); /* longer, shorter, in capitals */
	check_container("/docker/0123456789abcdef", "", "");
	check_container("/docker/0123456789ABCDEF" OTHER, "", "");
	check_container("/machine.slice/libpod-conmon-" ID ".scope", "", "");
	check_container("/system.slice/crio-conmon-" ID ".scope", "", "");
	check_container(
	    "/user.slice/user-1000.slice/user@1000.service/docker-" ID ".scope", "", "");
	/* the outer one has made the inner one's name */
	check_container("/docker/" ID "/docker/" OTHER, ID, "");
	check_container("/system.slice/docker-" ID ".scope/docker-" OTHER ".scope", ID, "");
	check_container("/docker/" ID "/pod" POD "/" OTHER, ID, "");
}

static void
check_joined(const char *place, const char *seen, const char *expected)
{
	struct buf found = BUF_INIT;

	if (control_groups_join(view_of_string(place), view_of_string(seen), &found))
		assert_true(view_equal(buf_view(&found), view_of_string(expected)));
	else
		assert_string_equal("", expected);
	buf_free(&found);
}

static void
paths_seen_from_below(void **state)
{
	(void)state;
	check_joined("/a/c", "/", "/a/c");
	check_joined("/a/c", "/d", "/a/c/d");
	check_joined("/a/c", "/../b", "/a/b");
	check_joined("/a/c", "/../../b/x", "/b/x");
	check_joined("/a/c", "/../..", "/");
	check_joined("/a/c", "/../../../b", "");
	check_joined("/a/c", "/..b", "/a/c/..b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(units),
	    cmocka_unit_test(templates_and_patterns),
	    cmocka_unit_test(units_of_users),
	    cmocka_unit_test(patterns_of_paths),
	    cmocka_unit_test(containers_of_all_runtimes),
	    cmocka_unit_test(what_is_no_container),
	    cmocka_unit_test(paths_seen_from_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
