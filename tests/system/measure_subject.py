#!/usr/bin/python3
"""hallmark-collector finds the processes that a workload names, and nobody else silences or impersonates them."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import silent_disk
from hallmark import PATIENCE_S, run_tests
from control_groups import SYSTEMD, Groups, can_be_made
from measured import AS_NOBODY, NOBODY, PYTHON, Measured, can_be_others

SLEEP = "/bin/sleep"


def opened(host):
    """A directory of programs that everybody may run."""
    host.dir.chmod(0o755)
    (host.dir / "opt").mkdir(exist_ok=True)
    (host.dir / "opt").chmod(0o755)
    return host.dir / "opt"


def copied(host, name="app", source=SLEEP):
    return str(shutil.copy(source, opened(host) / name))


def until_runs(process, path):
    deadline = time.monotonic() + PATIENCE_S
    while os.readlink(f"/proc/{process.pid}/exe").removesuffix(" (deleted)") != str(path):
        assert time.monotonic() < deadline
    return process


def arguments(host, **workload):
    return host.facts("runtime", **workload)["arguments"]


def options(found):
    """How its one component says that its processes were chosen."""
    (component,) = found["components"].values()
    made = {i["name"]: i["values"] for i in component["made"]}["options"]
    if "executable" not in found["components"]:
        return made
    assert made[-1] == "reread_percent=2", made
    return made[:-1]


# --- by the executable -----------------------------------------------------------------------------

def test_a_stranger_neither_silences_nor_impersonates():
    if not can_be_others():
        return
    with Measured() as host:
        path = copied(host)
        mine = host.write("opt/mine", pathlib.Path(SLEEP).read_bytes() + b"x")
        mine.chmod(0o755)
        real = host.start(path, "600")
        ways = ([path, "601"],  # the same program; another one by that name, in a view of his own
                ["unshare", "-rm", "sh", "-c", f"mount --bind {mine} {path} && exec {path} 602"])
        for command in ways:
            until_runs(host.start(*AS_NOBODY, *command), path)
            assert arguments(host, executable=str(path)) == [str(path), "600"]
            assert host.measure("executable", executable=str(path))["pid"] == real.pid
        host.end(real)
        said = host.refused("runtime", executable=str(path))
        assert "no process of root runs" in said and "2 of others do" in said, said
        # The same without and with the file that everybody means.
        os.unlink(path)
        said = host.refused("runtime", executable=str(path))
        assert "no process of root runs" in said, said


def test_a_name_longer_than_a_path_may_be_is_in_nobodys_way():
    if not can_be_others():
        return
    with Measured() as host:
        path = copied(host)
        real = host.start(path, "600")
        (host.dir / "open").mkdir()
        (host.dir / "open").chmod(0o777)
        deep = (f"cd {host.dir}/open && for i in $(seq 30); do mkdir {'d' * 200} && cd -P {'d' * 200} || exit; done;"
                f"cp {SLEEP} deep && exec ./deep 604")
        other = host.start(*AS_NOBODY, "sh", "-c", deep)
        deadline = time.monotonic() + PATIENCE_S
        while pathlib.Path(f"/proc/{other.pid}/comm").read_text() != "deep\n":
            assert other.poll() is None and time.monotonic() < deadline
        assert host.measure("executable", executable=path)["pid"] == real.pid


def test_whose_it_is_can_be_said():
    if not can_be_others():
        return
    with Measured() as host:
        path = copied(host)
        host.start(path, "600")
        until_runs(host.start(*AS_NOBODY, path, "601"), path)
        for user in ("nobody", str(NOBODY)):
            assert arguments(host, executable=str(path), user=user) == [str(path), "601"]
            assert options(host.measure("executable", executable=str(path), user=user))[0] == f"user={user}"
        assert arguments(host, executable=str(path), user="root") == [str(path), "600"]
        said = host.refused("runtime", executable=str(path), user="no-such-user")
        assert "user no-such-user is not in /etc/passwd" in said, said
        said = host.refused("runtime", executable=str(path), user="12345")
        assert "no process of user 12345 runs" in said, said


def test_the_owner_of_the_file_may_run_it():
    if not can_be_others():
        return
    with Measured() as host:
        path = copied(host)
        os.chown(path, NOBODY, NOBODY)
        until_runs(host.start(*AS_NOBODY, path, "601"), path)
        assert arguments(host, executable=str(path)) == [str(path), "601"]


def test_what_is_started_by_set_user_id_is_the_starters():
    if not can_be_others():
        return
    with Measured() as host:
        path = copied(host)
        os.chmod(path, 0o4755)
        process = until_runs(host.start(*AS_NOBODY, path, "601"), path)
        assert "\t0\t" in next(line for line in open(f"/proc/{process.pid}/status") if line.startswith("Uid"))
        said = host.refused("runtime", executable=str(path))
        assert "no process of root runs" in said, said


def test_instances_are_chosen_by_arguments():
    with Measured() as host:
        path = copied(host)
        first, second = host.start(path, "600", "1"), host.start(path, "601", "1")
        said = host.refused("runtime", executable=str(path))
        assert f"2 processes run {path}" in said and "`arguments`" in said, said
        assert host.measure("runtime", executable=str(path), arguments=["600"])["pid"] == first.pid
        found = host.measure("runtime", executable=str(path), arguments=["60[1-9]", "1"])
        assert found["pid"] == second.pid
        assert options(found) == ["argument=60[1-9]", "argument=1"], options(found)
        said = host.refused("runtime", executable=str(path), arguments=["602"])
        assert "with `arguments`; 2 do with others" in said, said


def test_a_program_that_was_replaced_is_still_it():
    with Measured() as host:
        path = copied(host)
        process = host.start(path, "600")
        os.rename(copied(host, "new"), path)
        found = host.measure("executable", executable=str(path))
        assert found["pid"] == process.pid
        item = found["components"]["executable"]["items"][0]
        assert item["path"] == str(path) and item["flags"] == ["deleted", "replaced"], item


def test_a_program_of_this_name_in_another_root_is_not_it():
    if not can_be_others():
        return
    with Measured() as host:
        path = copied(host)
        real = host.start(path, "600")
        inner = host.dir / "root"
        script = (f"mkdir -p {inner}{host.dir}/opt && mount --bind {inner} {inner} && cd {inner} && "
                  "for d in usr lib lib64 bin proc; do [ -e /$d ] && mkdir -p $d && mount --rbind /$d $d; done; "
                  f"cp {SLEEP} .{path} && mkdir -p old && pivot_root . old && umount -l old && exec {path} 601")
        process = host.start("unshare", "-m", "sh", "-c", script)
        until_runs(process, path)
        assert host.measure("executable", executable=str(path))["pid"] == real.pid
        host.end(real)
        said = host.refused("executable", executable=str(path))
        assert "no process runs" in said, said


def test_servers_that_fork_are_the_one_that_forked_them():
    with Measured() as host:
        for start in (start_nginx, start_postgres):
            started = start(host)
            if started is None:
                print(f"     {start.__name__.removeprefix('start_')} is not installed", flush=True)
                continue
            process, path, user = started
            found = host.measure("runtime", executable=path, **user)
            assert found["pid"] == process.pid, (found["pid"], process.pid)
            facts = {i["name"]: i["values"] for i in found["components"]["runtime"]["items"]}
            assert facts["processes"] == [f"2-9 {path}"], facts["processes"]
            process.send_signal(signal.SIGTERM)
            process.wait()


def start_nginx(host):
    if shutil.which("nginx") is None:
        return None
    path = copied(host, "nginx", shutil.which("nginx"))  # others may run it here, too
    config = host.write("nginx.conf", f"daemon off; worker_processes 3; pid {host.dir}/nginx.pid;\n"
                        f"error_log {host.dir}/error.log; events {{}}\n"
                        f"http {{ access_log off; server {{ listen unix:{host.dir}/nginx.socket; }} }}\n")
    process = host.start(path, "-c", config)
    wait_for_children(process, 3)
    return process, path, {}


def start_postgres(host):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found or not can_be_others():
        return None
    data = opened(host) / "data"
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    subprocess.run([*AS_NOBODY, found[-1].with_name("initdb"), "-D", data, "-A", "trust", "-U", "test"],
                   check=True, capture_output=True, cwd="/")
    process = host.start(*AS_NOBODY, found[-1], "-D", data, "-k", data, "-h", "", cwd="/",
                         stderr=subprocess.DEVNULL)
    wait_for_children(process, 3)
    return process, os.path.realpath(found[-1]), {"user": "nobody", "arguments": [str(data)]}


def wait_for_children(process, count):
    deadline = time.monotonic() + PATIENCE_S
    while len(pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()) < count:
        assert process.poll() is None and time.monotonic() < deadline


def test_the_main_process_alone():
    with Measured() as host:
        path = copied(host, source="/bin/sh")
        process = host.start(path, "-c", f"{SLEEP} 600 & echo ready; read end; kill $!", ready=True)
        for way in ({"executable": path}, {"pid": process.pid}):
            whole = host.measure("executable", **way)["components"]["executable"]
            assert {i["path"] for i in whole["items"]} == {path, os.path.realpath(SLEEP)}
            found = host.measure("executable", "libraries", "runtime", "host", main_only=True, **way)
            assert [i["path"] for i in found["components"]["executable"]["items"]] == [path]
            for kind, component in found["components"].items():
                made = {i["name"]: i["values"] for i in component["made"]}
                assert ("main_only" in made.get("options", [])) == (kind != "host"), (kind, made)
        process.stdin.close()
        process.wait()


# --- by control groups -----------------------------------------------------------------------------

def unit(kind="service", instance=""):
    return f"hallmark-test-{os.getpid()}{instance}.{kind}"


def as_started(name, seconds_ago):
    """In a view where the service manager has written that it started the unit then."""
    return ["unshare", "-m", "sh", "-ec",
            "mount -t tmpfs none /run; mkdir -p /run/systemd/units; "
            f"ln -s 0123 '/run/systemd/units/invocation:{name}'; "
            f"touch -h -d @{time.time() - seconds_ago:.3f} '/run/systemd/units/invocation:{name}'; "
            'exec "$@"', "sh"]


def age(process):
    """Seconds since it was started."""
    ticks = int(pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def test_what_was_left_over_is_not_the_main_process():
    if not can_be_made():
        return
    with Groups() as groups, Measured() as host:
        path, other, name = copied(host), copied(host, "other"), unit()
        left, stranger = host.start(path, "600"), host.start(other, "600")
        while age(left) < 0.5:
            pass
        main = host.start(path, "601")
        groups.put(f"/system.slice/{name}", left.pid, stranger.pid, main.pid)
        found = host.measure("runtime", "executable", unit=name,
                             prefix=as_started(name, age(main) + 0.05))
        assert found["pid"] == main.pid
        facts = {i["name"]: i["values"] for i in found["components"]["runtime"]["items"]}
        assert facts["arguments"] == [path, "601"] and "mains_differ" not in facts, facts
        assert {i["path"]: i["flags"] for i in found["components"]["executable"]["items"]} == {
            path: [], other: ["other"]}
        # Everything is older than that: a clock was set. Then the oldest is it.
        found = host.measure("runtime", unit=name, prefix=as_started(name, -60))
        assert found["pid"] == left.pid


def test_without_a_record_all_that_may_be_it_are_looked_at():
    if not can_be_made():
        return
    with Groups() as groups, Measured() as host:
        path, name = copied(host), unit()
        running = [host.start(path, seconds) for seconds in ("600", "601", "601")]
        groups.put(f"/system.slice/{name}", *(p.pid for p in running))
        facts = host.facts("runtime", unit=name)
        assert facts["arguments"] == [path, "600", path, "601"], facts["arguments"]
        assert facts["mains_differ"] == ["arguments 1x2 2-9x2"], facts["mains_differ"]
        assert facts["processes"] == [f"2-9 {path}"]
        other = host.start(copied(host, "other"), "602")  # which may be it as well
        groups.put(f"/system.slice/{name}", other.pid)
        found = host.facts("runtime", unit=name)["arguments"]
        assert found == [path, "600", path, "601", f"{host.dir}/opt/other", "602"], found


def test_each_instance_of_a_template_has_a_main_process():
    if not can_be_made():
        return
    with Groups() as groups, Measured() as host:
        path = copied(host)
        running = [host.start(path, f"60{i}") for i in range(3)]
        for i, process in enumerate(running[:2]):
            groups.put(f"/system.slice/{unit(instance=f'@{i}')}", process.pid)
        groups.put(f"/system.slice/{unit()}", running[2].pid)
        for name in (unit(instance="@"), unit(instance="@*"), unit(instance="@[0-9]")):
            facts = host.facts("runtime", unit=name)
            assert facts["arguments"] == [path, "600", path, "601"], (name, facts["arguments"])
            assert facts["mains_differ"] == ["arguments 1x2 1x2"], facts["mains_differ"]
        assert arguments(host, unit=unit(instance="@1")) == [path, "601"]


def test_groups_by_a_pattern():
    if not can_be_made():
        return
    with Groups() as groups, Measured() as host:
        path, top = copied(host), unit("slice")
        for i in range(2):
            groups.put(f"/{top}/{i}.scope/below", host.start(path, f"60{i}").pid)
        groups.put(f"/{top}/2.other", host.start(path, "602").pid)
        assert arguments(host, cgroup=f"/{top}/*.scope") == [path, "600", path, "601"]
        assert arguments(host, cgroup=f"/{top}/1.*") == [path, "601"]
        assert host.facts("runtime", cgroup=f"/{top}")["processes"] == [f"2-9 {path}"]
        assert "is it started?" in host.refused("runtime", cgroup=f"/{top}/3.*")


def test_names_that_others_than_root_have_made_count_for_nothing():
    if not can_be_made() or not can_be_others():
        return
    with Groups() as groups, Measured() as host:
        path, theirs = copied(host), unit("slice")
        groups.make(f"/{theirs}", NOBODY)
        groups.put(f"/{theirs}/{unit()}", host.start(path, "600").pid)
        for way in ({"unit": unit()}, {"cgroup": f"/{theirs}/*.service"}):
            said = host.refused("runtime", **way)
            assert "others than root can make one" in said, said
        # Theirs is what is in it, not what it is called.
        assert arguments(host, cgroup=f"/{theirs}") == [path, "600"]


def test_a_units_user():
    if not can_be_made() or not can_be_others():
        return
    with Groups() as groups, Measured() as host:
        path = copied(host)
        manager = f"/user.slice/user-{NOBODY}.slice/user@{NOBODY}.service"
        process = until_runs(host.start(*AS_NOBODY, path, "600"), path)
        groups.make(manager, NOBODY)
        groups.make(f"{manager}/app.slice", NOBODY)
        groups.put(f"{manager}/app.slice/{unit()}", process.pid)
        assert host.measure("runtime", unit=unit(), user="nobody")["pid"] == process.pid
        for whose in ({}, {"user": "root"}, {"user": "12345"}):
            assert "is it started?" in host.refused("runtime", unit=unit(), **whose)


def test_a_collector_with_control_groups_of_its_own():
    if not can_be_made():
        return
    with Groups() as groups, Measured() as host:
        path = copied(host)
        groups.put(f"/system.slice/{unit()}", host.start(path, "600").pid)
        own = groups.make(f"/system.slice/{unit(instance='-own')}/below")
        inside = ["sh", "-ec", f'echo $$ >{own}/cgroup.procs; exec unshare -Cm "$@"', "sh"]
        for way in ({"unit": unit()}, {"cgroup": f"/system.slice/{unit()}"}):
            assert arguments(host, prefix=inside, **way) == [path, "600"]
        hidden = [*inside, "sh", "-ec", 'mount -t tmpfs none /sys/fs/cgroup; exec "$@"', "sh"]
        said = host.refused("runtime", unit=unit(), prefix=hidden)
        assert "mount the host's /sys/fs/cgroup" in said, said


# --- by the container -----------------------------------------------------------------------------

IDS = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("docker", "cri", "podman", "other")}
POD = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
IMAGE = "sha256:" + 64 * "a"


def layouts(top):
    """Where each runtime puts its containers, below a slice of ours."""
    return {"docker": f"/{top}/docker-{IDS['docker']}.scope",
            "cri": f"/{top}/kubepods-burstable-pod{POD.replace('-', '_')}.slice/"
                   f"cri-containerd-{IDS['cri']}.scope",
            "podman": f"/{top}/libpod-{IDS['podman']}.scope/container",
            "other": f"/{top}/docker-{IDS['other']}.scope"}


def written(root):
    """The runtimes' state below a root directory; gives how to run a collector there."""
    podman = {"id": IDS["podman"], "names": ["quotes"], "image": "b" * 64, "metadata": json.dumps(
        {"image-name": "quay.io/trading/quotes:7", "name": "quotes"})}
    states = {f"var/lib/docker/containers/{IDS['docker']}/config.v2.json":
              {"Name": "/orders", "Image": IMAGE, "Config": {"Image": "trading/orders:4.2"}},
              f"var/lib/docker/containers/{IDS['other']}/config.v2.json":
              {"Name": "/other", "Image": IMAGE, "Config": {"Image": "trading/orders:4.1"}},
              f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{IDS['cri']}/config.json":
              {"annotations": {"io.kubernetes.cri.container-name": "risk",
                               "io.kubernetes.cri.image-name": "registry.example/risk:9",
                               "io.kubernetes.cri.sandbox-uid": POD,
                               "io.kubernetes.cri.sandbox-namespace": "trading",
                               "io.kubernetes.cri.sandbox-name": "risk-0"}},
              "var/lib/containers/storage/overlay-containers/containers.json": [podman],
              "var/lib/containers/storage/overlay-images/images.json":
              [{"id": "b" * 64, "names": ["quay.io/trading/quotes:7"], "digest": "sha256:" + "c" * 64}]}
    for name, state in states.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(state))
        path.chmod(0o600)
    (root / "sys/fs/cgroup").mkdir(parents=True)
    return ["unshare", "-m", "sh", "-ec", f'mount --rbind /sys/fs/cgroup {root}/sys/fs/cgroup; exec "$@"', "sh"]


def put_containers(host, groups, path):
    started = {}
    for name, group in layouts(unit("slice")).items():
        started[name] = host.start(path, "600")
        groups.put(group, started[name].pid)
    return started


def test_containers_of_all_runtimes():
    if not can_be_made():
        return
    with Groups() as groups, Measured() as host:
        started = put_containers(host, groups, copied(host))
        root = host.dir / "root"
        options = {"prefix": written(root), "host_root": str(root)}
        for name, ways in {
                "docker": ({"id": IDS["docker"]}, {"id": IDS["docker"][:12]}, {"name": "orders"},
                           {"image": "trading/orders:4.2"}, {"image": IMAGE, "name": "ord*"}),
                "cri": ({"name": "risk"}, {"pod": POD}, {"pod": "trading/risk-*", "name": "risk"},
                        {"image": "registry.example/*"}),
                "podman": ({"name": "quotes"}, {"image": "quay.io/trading/quotes:*"},
                           {"image": "sha256:" + "c" * 64})}.items():
            for way in ways:
                found = host.measure("runtime", container=way, **options)
                assert found["pid"] == started[name].pid, (way, found["pid"])
                facts = {i["name"]: i["values"] for i in found["components"]["runtime"]["items"]}
                assert facts["container_id"] == [IDS[name]], facts
        facts = host.facts("runtime", container={"name": "risk"}, **options)
        assert facts["container_pod"] == [POD, "trading/risk-0"] and facts["container_name"] == ["risk"]
        facts = host.facts("runtime", container={"image": "trading/orders:*"}, **options)
        assert facts["container_id"] == sorted([IDS["docker"], IDS["other"]]), facts
        assert facts["container_digest"] == [IMAGE] and facts["processes"][0].startswith("2-9 ")
        for way in ({"name": "none"}, {"name": "orders", "image": "trading/orders:4.1"},
                    {"id": "0" * 64}):
            said = host.refused("runtime", container=way, **options)
            assert "is it started?" in said, said


def test_the_container_s_own_files():
    if not can_be_made() or not can_be_others():
        return
    with Groups() as groups, Measured() as host:
        inner = host.dir / "image"
        for name in ("etc", "opt"):
            (inner / name).mkdir(parents=True)
        (inner / "etc/os-release").write_text("ID=inner\n")
        (inner / "opt/app.conf").write_text("inner\n")
        process = host.start("unshare", "-m", "sh", "-ec", start_inside(inner), ready=True)
        groups.put(layouts(unit("slice"))["docker"], process.pid)
        way = {"id": IDS["docker"]}
        found = host.measure("runtime", "files", "host", files=["/opt/*"], container=way)["components"]
        (item,) = found["files"]["items"]
        assert (item["path"], item["sha256"]) == ("/opt/app.conf", hashlib.sha256(b"inner\n").hexdigest())
        made = {i["name"]: i["values"] for i in found["files"]["made"]}
        assert made["options"][0] == "root=container", made
        facts = {i["name"]: i["values"] for i in found["host"]["items"]}
        assert facts["os_release"] == ["ID=inner"], facts["os_release"]
        facts = {i["name"]: i["values"] for i in found["runtime"]["items"]}
        assert facts["namespace_mount"] == ["own"] and facts["container_name"] == [], facts
        items = host.measure("files", files=[f"{host.dir}/image/opt/*.conf"], view="host",
                             container=way)["components"]["files"]["items"]
        assert [i["path"] for i in items] == [f"{host.dir}/image/opt/app.conf"], items


def start_inside(inner):
    """A shell with a root directory of its own."""
    return (f"mount --rbind {inner} {inner}; cd {inner}; "
            "for d in usr lib lib64 bin proc; do [ ! -e /$d ] || { mkdir -p $d; mount --rbind /$d $d; }; done; "
            "mkdir -p old; pivot_root . old; umount -l old; exec /bin/sh -c 'echo ready; read end'")


def test_a_container_that_only_says_so():
    if not can_be_made() or not can_be_others():
        return
    with Groups() as groups, Measured() as host:
        path, theirs = copied(host), unit("slice")
        groups.make(f"/{theirs}", NOBODY)
        groups.put(f"/{theirs}/docker-{IDS['docker']}.scope", host.start(path, "600").pid)
        said = host.refused("runtime", container={"id": IDS["docker"]})
        assert "others than root can make one" in said, said
        # What a container's root makes below it is still the container.
        inside = f"/{unit('slice', '-own')}/docker-{IDS['other']}.scope"
        process = host.start(path, "601")
        groups.put(f"{inside}/docker-{IDS['cri']}.scope", process.pid)
        assert "is it started?" in host.refused("runtime", container={"id": IDS["cri"]})
        assert host.measure("runtime", container={"id": IDS["other"]})["pid"] == process.pid


def test_a_process_in_two_containers_at_once():
    if not can_be_made() or not (SYSTEMD / "cgroup.procs").exists():
        return
    with Groups() as groups, Measured() as host:
        process = host.start(copied(host), "600")
        group = layouts(unit("slice"))
        groups.put(group["docker"], process.pid)
        groups.put(group["other"], process.pid, top=SYSTEMD)
        for name in ("docker", "other"):
            said = host.refused("runtime", container={"id": IDS[name]})
            assert f"process {process.pid} is in two containers at once" in said, said
        groups.put(group["docker"], process.pid, top=SYSTEMD)
        assert host.measure("runtime", container={"id": IDS["docker"]})["pid"] == process.pid
        assert "is it started?" in host.refused("runtime", container={"id": IDS["other"]})


def test_state_that_cannot_be_believed():
    if not can_be_made() or not can_be_others():
        return
    with Groups() as groups, Measured() as host:
        groups.put(layouts(unit("slice"))["docker"], host.start(copied(host), "600").pid)
        root = host.dir / "root"
        options = {"prefix": written(root), "host_root": str(root), "container": {"name": "orders"}}
        state = root / f"var/lib/docker/containers/{IDS['docker']}/config.v2.json"
        whole = state.read_text()
        host.measure("runtime", **options)

        def said(words):
            found = host.refused("runtime", **options)
            assert words in found, found

        state.chmod(0o622)
        said("can be written by others than root")
        state.chmod(0o600)
        os.chown(state, NOBODY, NOBODY)
        said("can be written by others than root")
        os.chown(state, 0, 0)
        state.parent.chmod(0o777)
        said("can be written by others than root")
        state.parent.chmod(0o700)
        for text in ("", whole[:-1], "[" * 100_000, whole[:-1] + ',"Name":"/twice"}', " " * (17 << 20), "7"):
            state.write_text(text)
            said("it cannot be told")
        for text in ("[]", "{}", json.dumps({"Name": ["/orders"]}), json.dumps({"Name": ""})):
            state.write_text(text)
            said("is it started?")
        state.unlink()
        os.mkfifo(state)
        said("it cannot be told")


# --- of a host that is mounted somewhere -----------------------------------------------------------

def beside_what_is_dead(has_it_as_its_root):
    if not can_be_others() or not os.path.exists("/dev/fuse"):
        return
    with Measured() as host:
        dead = host.dir / "dead"
        dead.mkdir()
        program = shutil.copy(shutil.which("sleep"), host.dir / "program")
        script, more = f"exec {PYTHON} \"$@\"", []
        if has_it_as_its_root:  # another program, by the name of the one that is meant
            script, more = f"mount --bind {PYTHON} {program} && {script}", [program]
        served = host.start("unshare", "--mount", "sh", "-c", script, "sh", silent_disk.__file__, dead,
                            shutil.which("sleep"), *more, stderr=subprocess.PIPE)
        try:
            assert served.stdout.readline() == b"runs\n", served.stderr.read()
            process = host.start(program, "100")
            assert host.measure("executable", executable=str(program), budgets={"seconds": 5})["pid"] == process.pid
        finally:
            host.end(served)
            served.stderr.close()


def test_a_program_on_a_file_system_that_is_dead_holds_up_no_other():
    beside_what_is_dead(has_it_as_its_root=False)


def test_nor_does_one_whose_root_directory_is_there():
    beside_what_is_dead(has_it_as_its_root=True)


def test_a_host_that_is_mounted_somewhere():
    if not can_be_made():
        return
    with Groups() as groups, Measured() as host:
        path, own = copied(host), pathlib.Path(f"/var/tmp/hallmark-test-{os.getpid()}")
        shutil.copytree(host.dir, own)
        try:
            seen = own / "seen"
            seen.mkdir()
            process = host.start(path, "600")
            groups.put(f"/system.slice/{unit()}", process.pid)
            (host.dir / "link").symlink_to(host.dir / "opt")
            inside = ["unshare", "-m", "sh", "-ec",  # what is named is only there
                      f"mount --rbind / {seen}; mount -t tmpfs none {host.dir}; "
                      'mount -t tmpfs none /sys/fs/cgroup; exec "$@"', "sh"]
            pid_file = host.write("opt/app.pid", f"{process.pid}\n")
            collector = Measured.of(own)
            for way in ({"executable": f"{host.dir}/link/app"}, {"unit": unit()},
                        {"pid_file": str(pid_file)}):
                found = collector.measure("runtime", "files", "executable", "host", prefix=inside,
                                          files=[f"{host.dir}/opt/*"], host_root=str(seen), **way)
                assert found["pid"] == process.pid, (way, found["pid"])
                assert [i["path"] for i in found["components"]["files"]["items"]] == [path, str(pid_file)]
                assert found["components"]["executable"]["items"][0]["flags"] == []
                for kind in ("files", "host"):
                    made = {i["name"]: i["values"] for i in found["components"][kind]["made"]}
                    assert made["options"] == [f"host_root={seen}", *(["reread_percent=2"] if kind == "files" else [])], made
            said = collector.refused("runtime", prefix=inside, pid_file=str(pid_file))
            assert "No such file" in said, said
        finally:
            shutil.rmtree(own)


if __name__ == "__main__":
    run_tests(__name__)
