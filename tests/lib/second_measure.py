"""A second collector's measurements: what a process runs, has mapped, is and stands on.

Written from section 4 of proto/PROTOCOL.md alone ("A collector of another make that is to satisfy the
same policies measures as follows"), as second_forms.py was.
"""

import collections
import fcntl
import hashlib
import os
import re
import stat
import types

import second_code
import second_config
import second_machine
import second_packages
import second_subject
from second_files import files_of
from second_forms import Component
from second_items import (ANONYMOUS, NO_DIGEST, OTHER, PROBED, WRITABLE, mapped_item, read_facts,
                          stat_fields)

REREAD = b"reread_percent=2"  # by default


# --- what is mapped ------------------------------------------------------------------------------

def mappings(pid):
    """Each executable one."""
    for line in read_facts(f"/proc/{pid}/maps").splitlines():
        area, permissions, offset, device, inode, *name = line.split(None, 5)
        if b"x" in permissions:
            begin, end = (int(address, 16) for address in area.split(b"-"))
            yield types.SimpleNamespace(
                begin=begin, end=end, offset=int(offset, 16), permissions=permissions, device=device, inode=int(inode),
                link=f"/proc/{pid}/map_files/{begin:x}-{end:x}", name=name[0] if name else b"")


def without_file(m):
    return m.inode == 0 or (b"s" in m.permissions and m.name == b"/dev/zero (deleted)"
                            and int(m.device.split(b":")[0], 16) == 0)


def maps_stat(device, inode):
    major, minor = (int(part, 16) for part in device.split(b":"))
    return types.SimpleNamespace(st_dev=os.makedev(major, minor), st_ino=inode)


def mapped_files(subject):
    """Components `executable` and `libraries`."""
    executable, libraries, memory = [], [], collections.defaultdict(list)
    subject = second_subject.of(subject)
    started = os.stat(f"/proc/{subject.main}/exe")
    for pid in subject.members:
        program, others, without = mapped_by(pid)
        for name, sizes in without.items():
            memory[os.fsencode(os.readlink(f"/proc/{pid}/exe")), name].append(sizes)
        if not os.path.samestat(os.stat(f"/proc/{pid}/exe"), started):
            program[0][6] |= OTHER
        executable += program
        libraries += others
    libraries += [run_time_code(*key, sizes) for key, sizes in memory.items()]
    made = [("options", [*subject.options, REREAD])]
    return Component("executable", unique(executable), made), Component("libraries", unique(libraries), made)


def unique(items):
    return [list(item) for item in {tuple(item) for item in items}]


def run_time_code(program, name, processes):
    """Of (writable, bytes) of each mapping of each process: the most that one has, rounded up."""
    told = second_config.escaped(program)
    if len(told) > 952:
        told = f"sha256:{hashlib.sha256(program).hexdigest()}"
    size = max(65536, *(sum(size for _, size in mappings) for mappings in processes))
    count = max(map(len, processes))
    writable = WRITABLE if any(w for mappings in processes for w, _ in mappings) else 0
    flag = PROBED if name in (b"[uprobes]", b"[uprobes-trampoline]") else ANONYMOUS
    return [name, NO_DIGEST, power_of_two(size), 0, 0, 0, flag | writable,
            (f"mappings={power_of_two(count)}".encode(), f"program={told}".encode())]


def power_of_two(number):
    return 1 << (number - 1).bit_length()


def mapped_by(pid):
    """Items of the program and of its code, of all other files, (writable, size) of what has none by name."""
    program = os.stat(f"/proc/{pid}/exe")
    program_text = os.fsencode(os.readlink(f"/proc/{pid}/exe"))
    own = (program.st_dev, program.st_ino, program_text)
    files, memory, of_file = {own: [f"/proc/{pid}/exe", 0]}, collections.defaultdict(list), []
    for m in mappings(pid):
        writable = WRITABLE if b"w" in m.permissions else 0
        if without_file(m):
            if m.name in (b"[vdso]", b"[vsyscall]") and not writable:
                if m.name == b"[vdso]":
                    of_file.append((m, None, None))
                continue
            memory[m.name if re.fullmatch(rb"\[[^:]*\]", m.name) else b"[anon]"].append((writable, m.end - m.begin))
            continue
        try:
            mapped, text, link = os.stat(m.link), os.fsencode(os.readlink(m.link)), m.link
        except PermissionError:  # what the line of maps says, and whatever its name leads to
            mapped = maps_stat(m.device, m.inode)
            text, link = m.name.replace(b"\\012", b"\n"), None
        key = (mapped.st_dev, mapped.st_ino, text)
        files.setdefault(key, [link, 0])[1] |= writable
        of_file.append((m, link, key))
    items = {key: mapped_item(pid, *key, *value) for key, value in files.items()}
    code = {True: [], False: []}
    for m, link, key in of_file:
        file = items[key] if key else [b"[vdso]", b"", 0, 0, 0, 0]
        if key is None or stat.S_ISREG(file[3]):
            made = code[key == own]
            made += second_code.code_items(pid, m, link, file, second_code.ITEMS_MAX - len(made))
    return [items.pop(own), *code[True]], [*items.values(), *code[False]], memory


# --- facts ---------------------------------------------------------------------------------------

def runtime_of(subject, environment=()):
    subject = second_subject.of(subject)
    facts = [*arguments_of(subject.mains), environment_names(subject.members), *subject.facts,
             ("start_time", [b"%d" % n for n in sorted({int(stat_fields(pid)[19]) for pid in subject.mains})])]
    if environment:
        facts.append(("environment", variables_of(subject.members, environment)))
    programs = collections.Counter(os.fsencode(os.readlink(f"/proc/{p}/exe")) for p in subject.members)
    facts.append(("processes", [b"%s %s" % (class_of(n), name) for name, n in sorted(programs.items())]))
    facts += rights_of(*subject.members)
    options = [*subject.options, *(b"environment=" + n.encode() for n in environment)]
    return Component("runtime", facts, [("options", options)] if options else [])


def class_of(count):
    below = {1: b"0", 2: b"1", 10: b"2-9", 100: b"10-99", 1000: b"100-999", 10000: b"1000-9999"}
    return next((word for least, word in below.items() if count < least), b"10000-")


def environment_names(family):
    """Of all variables."""
    names = sorted({entry.partition(b"=")[0] for pid in family
                    for entry in read_facts(f"/proc/{pid}/environ").split(b"\0")
                    if entry.find(b"=") > 0})
    if len(names) <= 4096 and max(map(len, names), default=0) <= 1024:
        return "environment_names", names
    digest = hashlib.sha256(b"".join(name + b"\0" for name in names)).hexdigest()
    return "environment_names_digest", [f"sha256:{digest} {len(names)}".encode()]


def variables_of(family, names):
    names = tuple(n.encode() + b"=" for n in names)
    own, *others = ([e for e in read_facts(f"/proc/{p}/environ").split(b"\0") if e.startswith(names)]
                    for p in family)
    return own + sorted({e for entries in others for e in entries} - set(own))


RIGHTS = {"uid": b"Uid", "gid": b"Gid", "groups": b"Groups", "seccomp": b"Seccomp",
          "no_new_privs": b"NoNewPrivs", "tracer": b"TracerPid",
          **{"capabilities_" + name: line for name, line in (
              ("inheritable", b"CapInh"), ("permitted", b"CapPrm"), ("effective", b"CapEff"),
              ("bounding", b"CapBnd"), ("ambient", b"CapAmb"))}}
NAMESPACES = {"cgroup": "cgroup", "ipc": "ipc", "mount": "mnt", "network": "net", "pid": "pid",
              "time": "time", "user": "user", "uts": "uts"}
NS_GET_USERNS = 0xB701


def whose(thread, file):
    """Of a namespace, as a list of values."""
    try:
        own = os.stat(f"/proc/self/ns/{file}")
    except FileNotFoundError:
        return ()
    if os.path.samestat(os.stat(f"{thread}/ns/{file}"), own):
        return (b"host",)
    if file == "user":
        return (b"foreign",)
    with open(f"{thread}/ns/{file}", "rb") as namespace:
        try:
            owner = fcntl.ioctl(namespace, NS_GET_USERNS)
        except PermissionError:
            return (b"foreign",)
    with open(owner, "rb") as owner:
        same = os.path.samestat(os.fstat(owner.fileno()), os.stat("/proc/self/ns/user"))
    return (b"own",) if same else (b"foreign",)


def rights_of_thread(thread):
    """fact: its values; None if it lives no more"""
    status = dict(line.split(b":", 1) for line in read_facts(f"{thread}/status").splitlines())
    if status[b"State"].split()[0] in (b"Z", b"X"):
        return None
    return {**{name: tuple(status[line].split()) for name, line in RIGHTS.items()},
            **{f"namespace_{name}": whose(thread, file) for name, file in NAMESPACES.items()},
            **{name: (os.fsencode(os.readlink(f"{thread}/{name}")),) for name in ("cwd", "root")}}


def rights_of(*pids):
    """Facts of all threads that live, of all processes."""
    threads = [rights_of_thread(f"/proc/{pid}/task/{t}") for pid in pids
               for t in os.listdir(f"/proc/{pid}/task")]
    threads = [t for t in threads if t]
    facts, differ = [], []
    for name in sorted(threads[0]):
        lists = collections.Counter(t[name] for t in threads)
        if len(lists) == 1:
            facts.append((name, list(*lists)))
            continue
        told = [(count, list(values) or [b""]) for values, count in sorted(lists.items())]
        facts.append((name, [value for _, values in told for value in values]))
        differ.append(" ".join([name, *(f"{class_of(count).decode()}x{len(values)}" for count, values in told)]).encode())
    return [*facts, ("threads_differ", differ)]


def arguments_of(mains):
    """Of each different command line, and how many processes have it."""
    lines = collections.Counter(read_facts(f"/proc/{pid}/cmdline") for pid in mains)
    told = [(count, line, line.removesuffix(b"\0").split(b"\0") if line else []) for line, count in sorted(lines.items())]
    if sum(map(len, lines)) > 1_048_576 or sum(len(v) for _, _, v in told) > 4096 or any(
            len(one) > 65_536 for _, _, v in told for one in v):
        name = "arguments_digest"
        told = [(count, [f"sha256:{hashlib.sha256(line).hexdigest()} {len(line)}".encode()]) for count, line, _ in told]
    else:
        name = "arguments"
        told = [(count, values or ([b""] if len(told) > 1 else [])) for count, _, values in told]
    yield name, [value for _, values in told for value in values]
    if len(lines) > 1:
        yield "mains_differ", [" ".join(["arguments", *(f"{class_of(count).decode()}x{len(v)}" for count, v in told)]).encode()]


def host(pid):
    machine, (root, made) = os.uname(), root_of(pid)
    facts = [("kernel_release", [machine.release.encode()]), ("hostname", [machine.nodename.encode()]),
             ("kernel_version", [machine.version.encode()]), ("machine", [machine.machine.encode()]),
             ("cmdline", [read_facts("/proc/cmdline").rstrip(b"\n")]),
             ("boot_id", [read_facts("/proc/sys/kernel/random/boot_id").strip()])]
    release = second_packages.under(root, "/etc/os-release")
    release, modules = lines_of(release) if release else [], lines_of("/proc/modules")
    facts.append(("os_release", sorted(
        line for line in release if line.startswith((b"ID=", b"PRETTY_NAME=", b"VERSION_ID=")))))
    facts.append(("modules", sorted(line.split()[0] for line in modules)))
    return Component("host", [*facts, *second_machine.facts()], made)


def lines_of(name):
    try:
        return read_facts(name).splitlines()
    except FileNotFoundError:
        return []


def root_of(pid, host_root="/"):
    """The root directory that the host's files are read from, and what is noted of that."""
    if not os.path.samestat(os.stat(f"/proc/{pid}/root"), os.stat(host_root)):
        return f"/proc/{pid}/root", [("options", [b"root=process"])]
    return host_root, [] if host_root == "/" else [("options", [f"host_root={host_root}".encode()])]


def packages(pid):
    root, made = root_of(pid)
    return Component("packages", second_packages.packages(root), made)


def config_of(pid, files):
    """Component `config`: of each file (short name, form, path, patterns)."""
    root, made = root_of(pid)
    facts, notes = [], []
    for name, form, path, patterns in files:
        notes += [f"{name} {form} {path}".encode(), *(f"{name} {p}".encode() for p in patterns)]
        facts += second_config.facts(name, form, second_packages.under(root, path).read_bytes(), patterns)
    return Component("config", facts, [*made, ("patterns", notes)])


def boot():
    return bytes.fromhex(read_facts("/proc/sys/kernel/random/boot_id").decode().strip()
                         .replace("-", ""))


def process(pid, patterns=None, environment=()):
    """All that the document has a measurement for."""
    components = [*mapped_files(pid), runtime_of(pid, environment), host(pid), packages(pid)]
    if patterns is not None:
        components.append(files_of(patterns, pid))
    return components
