#!/usr/bin/python3
"""A real program, its library and its file from one release to the next: no alarm through the window of its
family, and what is left of the old release under the new one is found."""

import contextlib
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import run_tests
from judged import Judged, mapped, sums

PROGRAM = r"""
#include <stdio.h>
#include <unistd.h>
const char *work(void);
const char *version = "program of " RELEASE;
int main(void)
{
	puts(work());
	fflush(stdout);
	for (;;)
		pause();
}
"""
LIBRARY = r"""
const char *version_of_library = "library of " RELEASE;
const char *work(void) { return "ready"; }
"""
PARTS = ("bin/app", "bin/tool", "lib/libwork.so", "etc/app.conf")
AFFIRMING = ("affirming", set())


def cc(source, release, *options):
    subprocess.run(["cc", "-O1", f'-DRELEASE="{release}"', "-x", "c", "-", *options], check=True,
                   input=source.encode(), timeout=60)


class Host(Judged):
    """Releases lie ready below `built`; what runs is below `app`."""

    def __init__(self, *releases):
        super().__init__()
        self.app, self.sets = self.dir / "app", {}
        for release in releases:
            self.build(release)
        self.measure_by(measure=["executable", "libraries", "files"], pid_file=str(self.dir / "pid"),
                        files=[f"{self.app}/**"])

    def build(self, release):
        at = self.dir / "built" / release
        for part in PARTS:
            (at / part).parent.mkdir(parents=True, exist_ok=True)
        cc(LIBRARY, release, "-shared", "-fPIC", "-o", at / "lib/libwork.so")
        for name in ("app", "tool"):
            cc(PROGRAM.replace("program of", name + " of"), release, "-L", at / "lib", "-x", "none", "-lwork",
               "-Wl,-rpath,$ORIGIN/../lib", "-o", at / "bin" / name)
        (at / "etc/app.conf").write_text(f"{release}\n")
        self.sets[release] = sums([at / part for part in PARTS]).replace(str(at), str(self.app))

    def install(self, release, *parts):
        """As a package manager does: each file beside the old one, then in its place."""
        for part in parts or PARTS:
            (self.app / part).parent.mkdir(parents=True, exist_ok=True)
            new = self.app / f"{part}.new"
            new.write_bytes((self.dir / "built" / release / part).read_bytes())
            new.chmod(0o755)
            os.replace(new, self.app / part)

    @contextlib.contextmanager
    def run(self, name="app"):
        process = self.start(self.app / "bin" / name, ready=True)
        (self.dir / "pid").write_text(f"{process.pid}\n")
        yield process
        self.end(process)

    def decide(self, *releases, until_s=None):
        """By these releases, with a window over all of them if it ends then."""
        for release in releases:
            self.site.path(f"app-{release}.sha256").write_text(self.sets[release])
        top = {"families": [{"name": "app", "releases": [{"name": r, "file": f"app-{r}.sha256"} for r in releases]}]}
        if until_s is not None:
            until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + until_s))
            top["windows"] = [{"family": "app", "from": releases[0], "to": releases[-1], "until": until}]
        self.judge_by({"system": self.system}, top, release=["app"],
                      executable={"references": ["app"], "path": str(self.app / "bin/app")},
                      libraries={"references": ["app", "system"], "demand": [str(self.app / "lib/libwork.so")]},
                      files={"references": ["app"]})

    def of_app(self, *findings):
        return {(code, str(self.app / part)) for code, part in findings}


def test_an_upgrade_through_a_window_is_no_alarm_and_half_of_one_is_found():
    with Host("1", "2") as host:
        host.install("1")
        with host.run() as process:
            host.system = sums(p for p in mapped(process) if not p.startswith(str(host.app)))
            host.decide("1")
            assert host.verdict() == AFFIRMING
            host.decide("1", "2", until_s=3600)
            assert host.verdict() == AFFIRMING, "before it is upgraded"
        host.install("2", "bin/app", "bin/tool", "etc/app.conf")
        with host.run():
            mixed = {("mixed-release", "app"), *host.of_app(("mixed-release", "lib/libwork.so"))}
            assert host.verdict() == ("contraindicated", mixed), "an old library under a new program"
            words = [f["detail"] for f in host.appraisal()["hallmark.findings"]]
            assert words == ["executable of app@2, libraries of app@1", "of app@1, and what comes before it of app@2"]
        host.install("2")
        with host.run():
            assert host.verdict() == AFFIRMING, "behind it"
            host.decide("1", "2", until_s=-1)
            assert host.verdict() == AFFIRMING, "when the window is over"
        host.install("1")
        with host.run():
            assert host.verdict() == ("contraindicated", host.of_app(
                *(("other-release", part) for part in PARTS)))


def test_another_program_of_the_release_in_its_place():
    with Host("1") as host:
        host.install("1")
        with host.run("tool") as process:
            host.system = sums(p for p in mapped(process) if not p.startswith(str(host.app)))
            host.decide("1")
            assert host.verdict() == ("contraindicated", host.of_app(("other-program", "bin/tool")))


if __name__ == "__main__":
    run_tests(__name__)
