#!/usr/bin/python3
"""How a process was started, and what its threads may do: the other ways to say less, or something else, than
what was released. Each is seen, or told to the author of the policy by `check`, with a demand that sees it."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from floor import AFFIRMING, Floor, floor, seen
from hallmark import run_tests
from measured import PYTHON

# A thread that does something to itself alone, and waits.
THREAD = """
libc, done = ctypes.CDLL(None), threading.Event()
def thread():
    {}
    done.set()
    input()
threading.Thread(target=thread, daemon=True).start()
done.wait()
"""
CLONE_FS, CLONE_NEWNET, CLONE_NEWUTS = 0x200, 0x40000000, 0x04000000
NO_NEW_PRIVS, SETGROUPS, SEIZE = 38, 116, 0x4206


def demanding(host, *facts):
    """Of the runtime just this, and what is implied."""
    host.rules["runtime"]["facts"] = list(facts)
    host.accept()


def warned(host):
    """What `check` says of the policy that is in force."""
    return host.site.tool("hallmark-signer", "check", "-c", str(host.site.path("signer.yaml"))).stdout


def with_environment(command, *variables):
    """A command that starts another one with just these, also where one is there twice."""
    words = [os.fsencode(str(c)) for c in command]
    return [PYTHON, "-c", f"""
import ctypes
def array(*all_of_them):
    return (ctypes.c_char_p * (len(all_of_them) + 1))(*all_of_them, None)
ctypes.CDLL(None).execve({words[0]!r}, array(*{words!r}), array(*{[os.fsencode(v) for v in variables]!r}))"""]


def test_arguments_in_other_words():
    """One more and one less, another order, another spelling of the same, and what looks like nothing."""
    with Floor() as host:
        host.released()
        base = [str(c) for c in host.command()]
        honest = base + ["--limit=100", "--verify"]
        equals = {"name": "arguments", "equals": honest}
        demanding(host, equals)
        with host.run(command=honest):
            assert host.verdict() == AFFIRMING
        for other in (["--limit=100"], ["--verify", "--limit=100"], ["--limit=100", "--verify", "--verify"],
                      ["--limit", "100", "--verify"], ["--limit=100", "--verify", ""], ["", "--limit=100", "--verify"],
                      ["--limit=100\n", "--verify"], ["--limit=100", "--verify\n--off"], ["--limit=100 --verify"],
                      ["--limit=100", "--verify", "--limit=1000"], ["--limit=100", "--VERIFY"], ["--limit=*", "--verify"]):
            with host.run(command=base + other):
                assert seen(host) == {("unmatched-fact", "arguments")}, other


def test_a_variable_that_is_there_twice():
    """Programs take the first; a demand that one is there is met by the second, as `check` says."""
    loose = {"name": "environment", "require": ["TLS_REQUIRED=1"]}
    strict = {"name": "environment", "where": "TLS_REQUIRED=*", "equals": ["TLS_REQUIRED=1"]}
    with Floor() as host:
        host.released()
        demanding(host, loose)
        host.measured(environment=["TLS_REQUIRED"])
        told = warned(host)
        assert 'a second "TLS_REQUIRED=..." beside it' in told, told
        assert '{name: environment, where: "TLS_REQUIRED=*", equals: ["TLS_REQUIRED=1"]}' in told, told
        demanding(host, strict)
        assert "TLS_REQUIRED" not in warned(host)
        command, home = host.command(), "HOME=/"
        with host.run(command=with_environment(command, "TLS_REQUIRED=1", home)):
            assert host.verdict() == AFFIRMING
        for variables in (("TLS_REQUIRED=0", "TLS_REQUIRED=1"), ("TLS_REQUIRED=1", "TLS_REQUIRED=0"),
                          ("TLS_REQUIRED=1", "TLS_REQUIRED=1"), ("TLS_REQUIRED=",), ("TLS_REQUIRED=11",), (),
                          ("TLS_REQUIRED",), ("tls_required=1",), ("TLS_REQUIRED=1\n",)):
            with host.run(command=with_environment(command, *variables, home)):
                assert seen(host) == {("unmatched-fact", "environment")}, variables
        worker = "worker = subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], env={'TLS_REQUIRED': '0'}, " \
                 "stdin=subprocess.PIPE)"
        with host.run(hook=worker, TLS_REQUIRED="1"):
            assert seen(host) == {("unmatched-fact", "environment")}


def test_one_thread_with_something_else():
    """What each may do and where it stands; a demand of all values sees one of another thread."""
    groups = [str(g) for g in os.getgroups()] or [""]
    one_group = "assert libc.syscall(%d, 1, (ctypes.c_uint * 1)(4242)) == 0" % SETGROUPS
    away = f"assert libc.unshare({CLONE_FS}) == 0; os.chdir('/tmp')"
    cases = [({"name": "no_new_privs", "allow": ["0"]}, f"libc.prctl({NO_NEW_PRIVS}, 1, 0, 0, 0)"),
             ({"name": "cwd", "equals": [os.getcwd()]}, away),
             ({"name": "threads_differ", "equals": []}, away)]
    if os.geteuid() == 0:
        cases += [({"name": "groups", "allow": groups}, one_group),
                  ({"name": "root", "allow": ["/"]}, f"assert libc.unshare({CLONE_FS}) == 0; os.chroot('/tmp')"),
                  ({"name": "namespace_network", "allow": ["host"]}, f"assert libc.unshare({CLONE_NEWNET}) == 0"),
                  ({"name": "namespace_uts", "allow": ["host"]}, f"assert libc.unshare({CLONE_NEWUTS}) == 0")]
    with floor() as host:
        kept = host.rules["runtime"]["facts"]
        for fact, of_a_thread in cases:
            demanding(host, fact)
            with host.run():
                assert host.verdict() == AFFIRMING, fact
            with host.run(hook=THREAD.format(of_a_thread)):
                assert seen(host) == {("unmatched-fact", fact["name"])}, fact
        demanding(host, *kept)


def test_what_one_thread_is_enough_for():
    """`require` is met by one of them, as `check` says; `allow` is not."""
    with Floor() as host:
        host.released()
        demanding(host, {"name": "tracer", "require": ["0"]})
        told = warned(host)
        assert '"require" is met as soon as one thread of one process has "0" for "tracer"' in told, told
        assert 'to mend: say "allow" in place of "require"' in told, told
        demanding(host, {"name": "tracer", "allow": ["0"]})
        assert "one thread" not in warned(host)
        with host.run(hook=THREAD.format("pass")) as process:
            assert host.verdict() == AFFIRMING
            other, = (t for t in os.listdir(f"/proc/{process.pid}/task") if int(t) != process.pid)
            code = f"import ctypes; assert ctypes.CDLL(None).ptrace({SEIZE}, {other}, 0, 0) == 0; " \
                   "print('ready', flush=True); input()"
            debugger = host.start(PYTHON, "-c", code, ready=True)
            assert seen(host) == {("unmatched-fact", "tracer")}
            host.end(debugger)


def test_ids_as_a_puzzled_author_writes_them():
    """A process has four of each; one is never all of them, which `check` says."""
    with Floor() as host:
        host.released()
        user = str(os.geteuid())
        demanding(host, {"name": "uid", "equals": [user]})
        with host.run():
            assert seen(host) == {("unmatched-fact", "uid")}
            told = warned(host)
            assert '"equals" has 1 value, and "uid" has four' in told and "policy.yaml:" in told, told
            for good in ({"name": "uid", "allow": [user]}, {"name": "uid", "equals": [user] * 4}):
                demanding(host, good)
                assert "has four" not in warned(host)
                assert host.verdict() == AFFIRMING, good


if __name__ == "__main__":
    run_tests("__main__")
