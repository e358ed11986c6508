"""Control groups made by hand, for tests: as a service manager and runtimes of containers make them."""

import os
import pathlib
import time

TOP = next((top for top in map(pathlib.Path, ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"))
            if (top / "cgroup.procs").exists()), None)


# systemd's own hierarchy beside those of version 1, where there is one.
SYSTEMD = pathlib.Path("/sys/fs/cgroup/systemd")


def can_be_made():
    return TOP is not None and os.access(TOP, os.W_OK) and os.geteuid() == 0


class Groups:
    """Those that it makes are gone at its end, and so is whoever is in them."""

    def __init__(self):
        self.made = []

    def __enter__(self):
        return self

    def make(self, path, owner=None, top=None):
        """The directory of a group; with those above it that were not there."""
        top = top or TOP
        group = top / path.lstrip("/")
        if not group.exists():
            if group.parent != top:
                self.make(str(group.parent.relative_to(top)), top=top)
            group.mkdir()
            self.made.append(group)
        if owner is not None:
            os.chown(group, owner, owner)
        return group

    def put(self, path, *pids, top=None):
        group = self.make(path, top=top)
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))
        return group

    def __exit__(self, *_):
        for group in reversed(self.made):
            deadline = time.monotonic() + 20
            while True:
                for pid in (group / "cgroup.procs").read_text().split():
                    try:
                        os.kill(int(pid), 9)
                        os.waitpid(int(pid), 0)
                    except (ProcessLookupError, ChildProcessError):
                        pass
                try:
                    group.rmdir()
                    break
                except OSError:
                    assert time.monotonic() < deadline, group
