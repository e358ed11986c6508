"""A second finding of the processes that a workload is.

Written from section 4 of proto/PROTOCOL.md alone ("Processes"), as second_forms.py was.
"""

import json
import os
import pathlib
import pwd
import re

from second_names import name_matches, names_in
from second_items import GONE, boot_s, read_facts, stat_fields


def all_processes():
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def lives(pid):
    """The first thread may have ended."""
    try:
        return stat_fields(pid)[0] != b"Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def parent_of(pid):
    try:
        return int(stat_fields(pid)[1])
    except (FileNotFoundError, ProcessLookupError):
        return None  # it has just ended


def began(pid):
    return int(stat_fields(pid)[19])


class Subject:
    """Main processes, the oldest first, and all processes, that one first; `options`: how it was chosen."""

    def __init__(self, mains, members, options=(), main_only=False, facts=()):
        self.mains = sorted(mains, key=lambda pid: (began(pid), pid))
        self.main = self.mains[0]
        self.members = [self.main, *sorted(set(members) - {self.main})]
        self.facts = facts
        self.options = [*([b"main_only"] if main_only else []), *options]
        if main_only:
            self.mains = self.members = [self.main]


def family(main):
    """The process, its children, theirs, and so on."""
    parents = {pid: parent_of(pid) for pid in all_processes()}
    found = {main}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid for pid in found if lives(pid)}


def of(subject):
    """That of a pid file, where it is a number; nobody's where it is None."""
    if isinstance(subject, int):
        return by_pid(subject)
    return subject or Nobody


class Nobody:
    members = ()


def by_pid(pid, **options):
    return Subject([pid], family(pid), **options)


def members(main):
    return by_pid(main).members


# --- by the executable ---------------------------------------------------------------------------

def by_executable(path, user=None, arguments=(), **options):
    held = os.stat(path)
    owners = {pwd.getpwnam(user).pw_uid if not user.isdecimal() else int(user)} if user else {0, held.st_uid}
    found = [pid for pid in all_processes() if runs(pid, path, held) and lives(pid) and is_of(pid, owners)
             and has_arguments(pid, arguments)]
    mains = [pid for pid in found if not any(pid != one and pid in family(one) for one in found)]
    assert len(mains) == 1, mains
    return Subject(mains, family(mains[0]), [*([f"user={user}".encode()] if user else []),
                                             *(f"argument={a}".encode() for a in arguments)], **options)


def runs(pid, path, held):
    try:
        if os.path.samestat(os.stat(f"/proc/{pid}/exe"), held):
            return True
        text, own_root = os.readlink(f"/proc/{pid}/exe"), os.path.samestat(os.stat(f"/proc/{pid}/root"), os.stat("/"))
    except OSError:
        return False
    return own_root and text.removesuffix(GONE.decode()) in (path, os.path.realpath(path))


def is_of(pid, owners):
    """Its four ids are one owner's or root's, its real or effective one the owner's."""
    ids = [int(n) for n in re.search(rb"^Uid:(.*)$", read_facts(f"/proc/{pid}/status"), re.M)[1].split()]
    return any(set(ids) <= {owner, 0} and owner in ids[:2] for owner in owners)


def has_arguments(pid, patterns):
    arguments = read_facts(f"/proc/{pid}/cmdline").split(b"\0")[:-1]
    return all(any(name_matches(a, os.fsencode(p), 0) for a in arguments) for p in patterns)


# --- by control groups ---------------------------------------------------------------------------

def groups_of(pid):
    """Paths in the hierarchies that count."""
    try:
        lines = read_facts(f"/proc/{pid}/cgroup").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
    fields = [line.split(b":", 2) for line in lines]
    return [tuple(names_in(path)) for number, name, path in fields if number == b"0" or name == b"name=systemd"]


def is_roots(names):
    """The directories above; of the hierarchy that has them."""
    for top in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup"):
        if (pathlib.Path(top) / "cgroup.procs").exists():
            places = [os.path.join(os.fsencode(top), *names[:i]) for i in range(len(names))]
            if all(map(os.path.exists, places)):
                told = map(os.stat, places)
                if all(t.st_uid == 0 and not t.st_mode & 0o022 for t in told):
                    return True
    return False


def is_unit(names, pattern, user=None):
    *above, name = names
    if user is not None:
        manager = [b"user.slice", f"user-{user}.slice".encode(), f"user@{user}.service".encode()]
        if above[:3] != manager:
            return False
        above = above[3:]
    elif above[:1] == [b"user.slice"]:
        return False
    pattern = re.sub(rb"@(\.[^.]*)\Z", rb"@*\1", os.fsencode(pattern))
    return all(a.endswith(b".slice") for a in above) and name_matches(name, pattern)


def by_unit(pattern, user=None, **options):
    checked = 3 if user is not None else None
    return by_groups(lambda names: is_unit(names, pattern, user), checked,
                     [f"user={user}".encode()] if user is not None else [], mains_of_unit, **options)


def by_cgroup(pattern, **options):
    wanted = names_in(pattern)
    return by_groups(lambda names: len(names) == len(wanted) and all(map(name_matches, names, wanted)), **options)


def mains_of_group(_, pids):
    return without_parent(pids)[:1]


def by_groups(is_called, checked=None, made=(), mains_of=mains_of_group, **options):
    """All in the groups that are called so, and below."""
    groups = {}
    for pid in all_processes():
        for path in groups_of(pid):
            for i in range(1, len(path) + 1):
                if is_called(path[:i]) and is_roots(path[:i][:checked]) and lives(pid):
                    groups.setdefault(path[:i], set()).add(pid)
    mains = {pid for names, pids in groups.items() for pid in mains_of(names, pids)}
    return Subject(mains, set().union(*groups.values()), made, **options)


def without_parent(pids):
    """In this group, the oldest first."""
    return sorted((pid for pid in pids if parent_of(pid) not in pids), key=lambda pid: (began(pid), pid))


def mains_of_unit(names, pids):
    first = without_parent(pids)
    if not names[-1].endswith(b".service"):
        return first[:1]
    try:
        started = os.lstat(b"/run/systemd/units/invocation:" + names[-1]).st_mtime
    except FileNotFoundError:
        return first
    boot_s = boot_s()
    young = [pid for pid in first if boot_s + began(pid) / os.sysconf("SC_CLK_TCK") >= started - 0.02]
    return (young or first)[:1]


# --- by the container ------------------------------------------------------------------------------

def container_at(names):
    """How many of the names are a container's, and its id."""
    if names[0] != b"user.slice":
        for i, name in enumerate(names):
            found = re.search(rb"(?<![0-9a-z])[0-9a-f]{64}(?![0-9a-z])", name)
            if found and not name.startswith(b"conmon-"):
                return i + 1, found[0].decode()
    return 0, None


def state_of(root, path):
    try:
        return json.loads((pathlib.Path(root) / path).read_text())
    except FileNotFoundError:
        return None


class Container:
    """What is written of one; of each fact all values."""

    def __init__(self, root, group, identity):
        self.id, self.names, self.images, self.digests, self.pods = {identity}, set(), set(), set(), set()
        for name in group[:-1]:
            if found := re.search(rb"pod([0-9a-f]{8}([-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})", name):
                self.pods.add(found[1].decode().replace("_", "-"))
        docker = state_of(root, f"var/lib/docker/containers/{identity}/config.v2.json")
        if docker:
            self.names.add(docker["Name"].removeprefix("/"))
            self.images.add(docker["Config"]["Image"])
            self.digests.add(docker["Image"])
        for config in pathlib.Path(root).glob(f"run/containerd/io.containerd.runtime.v2.task/*/{identity}/config.json"):
            noted = json.loads(config.read_text()).get("annotations", {})
            self.tell({word: noted.get(f"io.kubernetes.cri.{name}") for word, name in (
                ("name", "container-name"), ("image", "image-name"), ("uid", "sandbox-uid"),
                ("namespace", "sandbox-namespace"), ("pod", "sandbox-name"))})
        storage = "var/lib/containers/storage/overlay-"
        for entry in state_of(root, f"{storage}containers/containers.json") or ():
            if entry["id"] == identity:
                self.names |= set(entry["names"])
                noted = json.loads(entry["metadata"])
                self.tell({word: noted.get(name) for word, name in (
                    ("name", "metadata-name"), ("image", "image-name"), ("uid", "uid"), ("namespace", "namespace"), ("pod", "pod-name"))})
                for image in state_of(root, f"{storage}images/images.json") or ():
                    if image["id"] == entry["image"]:
                        self.images |= set(image.get("names", ()))
                        self.digests |= {image["digest"]} if "digest" in image else set()
                self.digests.add(f"sha256:{entry['image']}")

    def tell(self, noted):
        self.names |= {noted["name"]} - {None}
        self.images |= {noted["image"]} - {None}
        self.pods |= {noted["uid"]} - {None}
        if noted["namespace"] and noted["pod"]:
            self.pods.add(f"{noted['namespace']}/{noted['pod']}")

    def is_meant(self, wanted):
        def any_like(values, pattern):
            return any(name_matches(v.encode(), pattern.encode(), 0) for v in values)

        return all(any(i.startswith(pattern) for i in self.id) if what == "id" else
                   any_like({"name": self.names, "image": self.images | self.digests, "pod": self.pods}[what], pattern)
                   for what, pattern in wanted.items())

    def facts(self):
        return {"container_id": self.id, "container_name": self.names, "container_image": self.images,
                "container_digest": self.digests, "container_pod": self.pods}


def by_container(wanted, root="/", **options):
    containers, groups = {}, set()
    for pid in all_processes():
        for path in groups_of(pid):
            count, identity = container_at(path) if path else (0, None)
            if count:
                one = containers.setdefault(identity, Container(root, path[:count], identity))
                groups |= {path[:count]} if one.is_meant(wanted) else set()
    found = by_groups(lambda names: names in groups, **options)
    facts = {}
    for identity in {container_at(path)[1] for pid in found.members for path in groups_of(pid) if path} - {None}:
        for name, values in containers[identity].facts().items():
            facts.setdefault(name, set()).update(v.encode() for v in values)
    found.facts = [(name, sorted(values)) for name, values in facts.items()]
    return found
