"""A second collector's measurements: what a process runs, has mapped, is and stands on.

Written from section 4 of proto/PROTOCOL.md alone ("A collector of another make that is to satisfy the
same policies measures as follows"), as second_forms.py was.
"""

import collections
import ctypes
import fcntl
import hashlib
import locale
import os
import pathlib
import re
import stat
import struct
import time
import types

import second_config
import second_machine
import second_packages
from second_forms import Component

DELETED, MEMFD, ANONYMOUS, WRITABLE, UNREADABLE, UNSTABLE, LINK, SPECIAL, REPLACED, OTHER, _, NEWER = (
    1 << i for i in range(12))
NO_DIGEST = bytes(32)
REREAD = b"reread_percent=2"  # by default
GONE = b" (deleted)"
DEPTH_MAX = 128
FNM_PERIOD = 4


def read_facts(name):
    return pathlib.Path(name).read_bytes()


# --- files as they are read ----------------------------------------------------------------------

def columns(path, fd, flags=0):
    """An item about an open file."""
    before = os.fstat(fd)
    if not stat.S_ISREG(before.st_mode):
        return [path, NO_DIGEST, before.st_size, before.st_mode, before.st_uid, before.st_gid,
                flags | SPECIAL, ()]
    digest, size = hashlib.sha256(), 0
    try:
        while data := os.read(fd, 1 << 20):
            digest.update(data)
            size += len(data)
    except OSError:
        return [path, NO_DIGEST, before.st_size, before.st_mode, before.st_uid, before.st_gid,
                flags | UNREADABLE, ()]
    after = os.fstat(fd)
    if (before.st_mtime_ns, before.st_ctime_ns, before.st_size) != (
            after.st_mtime_ns, after.st_ctime_ns, size):
        flags |= UNSTABLE
    return [path, digest.digest(), size, before.st_mode, before.st_uid, before.st_gid, flags, ()]


def walk_to(root, path):
    """stat of the file at a path below a root where no part of it is a symbolic link; None if nothing
    is there, "link" if there is one."""
    at = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        for part in path.strip(b"/").split(b"/"):
            try:
                there = os.open(part, os.O_PATH | os.O_NOFOLLOW, dir_fd=at)
            except OSError:
                return None
            os.close(at)
            at = there
            if stat.S_ISLNK(os.fstat(at).st_mode):
                return "link"
        return os.fstat(at)
    finally:
        os.close(at)


# --- which processes -----------------------------------------------------------------------------

def stat_fields(pid):
    """From the third on: field 2 is in parentheses and may hold anything."""
    return read_facts(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def members(main):
    """The main process, then its children, theirs, and so on, by number."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                parents[int(name)] = int(stat_fields(name)[1])
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has just ended
    family = {main}
    while more := {p for p, parent in parents.items() if parent in family} - family:
        family |= more
    family = {p for p in family if stat_fields(p)[0] != b"Z" or len(os.listdir(f"/proc/{p}/task")) > 1}
    return [main, *sorted(family - {main})]


# --- what is mapped ------------------------------------------------------------------------------

def named(pid, text, mapped):
    """The path of a mapped file, its flags, and a name to open it by (None: it has none any more)."""
    def is_there(path):
        found = []
        for root in (f"/proc/{pid}/root", "/"):
            there = walk_to(root, path)
            if there not in (None, "link") and os.path.samestat(there, mapped):
                return os.fsencode(root) + path
            found.append(there)
        return None if found == [None, None] else False

    if not text.startswith(b"/"):
        return text, 0, None
    flags = 0
    if text.endswith(GONE):
        if there := is_there(text):
            return text, 0, there
        text = text[:-len(GONE)]
        if text.startswith(b"/memfd:"):
            return text, MEMFD, None
        flags = DELETED
    there = is_there(text)
    if there:
        return text, 0, there
    return text, flags | (DELETED if there is None else REPLACED), None


def mappings(pid):
    """(link, text, permissions, device, inode, size) of each executable mapping."""
    for line in read_facts(f"/proc/{pid}/maps").splitlines():
        area, permissions, _, device, inode, *name = line.split(None, 5)
        if b"x" in permissions:
            begin, end = (int(address, 16) for address in area.split(b"-"))
            yield (f"/proc/{pid}/map_files/{begin:x}-{end:x}", name[0] if name else b"", permissions,
                   device, int(inode), end - begin)


def without_file(name, permissions, device, inode):
    return inode == 0 or (b"s" in permissions and name == b"/dev/zero (deleted)"
                          and int(device.split(b":")[0], 16) == 0)


def maps_stat(device, inode):
    major, minor = (int(part, 16) for part in device.split(b":"))
    return types.SimpleNamespace(st_dev=os.makedev(major, minor), st_ino=inode)


def mapped_item(pid, device, inode, text, link, writable):
    path, flags, there = named(pid, text, types.SimpleNamespace(st_dev=device, st_ino=inode))
    try:
        fd = os.open(link or there, os.O_RDONLY)
    except (OSError, TypeError):
        held = os.stat(link or there) if link or there else None
        told = [held.st_size, held.st_mode, held.st_uid, held.st_gid] if held else [0, 0, 0, 0]
        return [path, NO_DIGEST, *told, flags | writable | UNREADABLE, ()]
    try:
        item = columns(path, fd, flags | writable)
        if not item[6] & (MEMFD | UNREADABLE | SPECIAL):
            item[6] |= newer(pid, os.fstat(fd))
        return item
    finally:
        os.close(fd)


def mapped_files(main):
    """Components `executable` and `libraries`."""
    executable, libraries, memory = [], [], collections.defaultdict(list)
    started = os.stat(f"/proc/{main}/exe")
    for pid in members(main):
        program, others, code = mapped_by(pid)
        for name, sizes in code.items():
            memory[os.fsencode(os.readlink(f"/proc/{pid}/exe")), name].append(sizes)
        if not os.path.samestat(os.stat(f"/proc/{pid}/exe"), started):
            program[6] |= OTHER
        executable.append(program)
        libraries += others
    libraries += [run_time_code(*key, sizes) for key, sizes in memory.items()]
    return (Component("executable", unique(executable), [("options", [REREAD])]),
            Component("libraries", unique(libraries), [("options", [REREAD])]))


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
    return [name, NO_DIGEST, power_of_two(size), 0, 0, 0, ANONYMOUS | writable,
            (f"mappings={power_of_two(count)}".encode(), f"program={told}".encode())]


def power_of_two(number):
    return 1 << (number - 1).bit_length()


def newer(pid, there):
    """The file was changed after the process began, and two ticks."""
    boot_s = time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_BOOTTIME)
    began_s = boot_s + (int(stat_fields(pid)[19]) + 2) / os.sysconf("SC_CLK_TCK")
    changed_s = max(there.st_mtime, there.st_ctime if there.st_nlink else 0)
    return NEWER if changed_s >= began_s else 0


def mapped_by(pid):
    """Item of the program, items of all other files, (writable, size) of what has none by name."""
    program = os.stat(f"/proc/{pid}/exe")
    program_text = os.fsencode(os.readlink(f"/proc/{pid}/exe"))
    files = {(program.st_dev, program.st_ino, program_text): [f"/proc/{pid}/exe", 0]}
    memory = collections.defaultdict(list)
    for link, name, permissions, device, inode, size in mappings(pid):
        writable = WRITABLE if b"w" in permissions else 0
        if without_file(name, permissions, device, inode):
            if name in (b"[vdso]", b"[vsyscall]") and not writable:
                continue
            if not re.fullmatch(rb"\[[^:]*\]", name):
                name = b"[anon]"
            memory[name].append((writable, size))
            continue
        try:
            mapped = os.stat(link)
            text = os.fsencode(os.readlink(link))
        except PermissionError:  # what the line of maps says, and whatever its name leads to
            mapped = maps_stat(device, inode)
            text, link = name.replace(b"\\012", b"\n"), None
        files.setdefault((mapped.st_dev, mapped.st_ino, text), [link, 0])[1] |= writable
    items = [mapped_item(pid, *key, *value) for key, value in files.items()]
    return items[0], items[1:], memory


# --- patterns ------------------------------------------------------------------------------------

def files_of(patterns, of_process=None, main=None):
    """Component `files`: what the patterns name from the root directory of the host, or of a process.
    `main` is the main process of those that use them."""
    items, above = [], f"/proc/{of_process}/root" if of_process else "/"
    for pattern in patterns:
        root = os.open(above, os.O_RDONLY | os.O_DIRECTORY)
        expand(root, b"", [p for p in os.fsencode(pattern).split(b"/") if p], items, ())
    users = users_of_files(main or of_process)
    for item in items:
        there = os.stat(os.fsencode(above) + item[0], follow_symlinks=False)
        for pid in users.get((there.st_dev, there.st_ino), ()):
            item[6] |= newer(pid, there)
    options = [b"root=process", REREAD] if of_process else [REREAD]
    return Component("files", items, [("options", options), ("patterns", [os.fsencode(p) for p in patterns])])


def users_of_files(main):
    """(device, inode) of each regular file to the processes that name it or have it open for reading."""
    users = collections.defaultdict(list)
    for pid in members(main) if main else ():
        names = [os.path.join(os.fsencode(f"/proc/{pid}/cwd"), part)  # absolute ones are of our own root
                 for argument in read_facts(f"/proc/{pid}/cmdline").split(b"\0")
                 for part in parts_of(argument) if part]
        names += [entry.path for entry in os.scandir(os.fsencode(f"/proc/{pid}/fd"))
                  if entry.stat(follow_symlinks=False).st_mode & 0o600 == 0o400]
        for name in names:
            try:
                there = os.stat(name)
            except OSError:
                continue
            if stat.S_ISREG(there.st_mode):
                users[there.st_dev, there.st_ino].append(pid)
    return users


def parts_of(argument):
    """What may be a path."""
    starts = [0, *([2] if re.match(rb"-[^=:,;@]", argument) else []),
              *(found.end() for found in re.finditer(rb"[=:,;@]", argument))]
    return [part for start in starts
            for part in (re.match(rb"[^=:,;@]*", argument[start:])[0], argument[start:])]


def expand(at, path, parts, items, above, depth=0):
    """Everything in the open directory that the rest of a pattern names; closes the directory. `above`:
    path and status of the directories over it."""
    part, rest = parts[0], parts[1:]
    above = (*above, (path or b"/", os.fstat(at)))
    try:
        names = [os.fsencode(n) for n in os.listdir(at)]
    except OSError:
        there = os.fstat(at)
        items.append([path, NO_DIGEST, 0, there.st_mode, there.st_uid, there.st_gid, UNREADABLE, ()])
        names = []
    below = part == b"**" and not rest
    for name in names:
        if below or name_matches(name, part):
            meet(at, path + b"/" + name, name, [b"**"] if below else rest, items, above,
                 depth + 1 if below else 0)
    os.close(at)


def name_matches(name, pattern):
    """fnmatch(3) in the locale C, with FNM_PERIOD."""
    was = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    try:
        return ctypes.CDLL(None).fnmatch(pattern, name, FNM_PERIOD) == 0
    finally:
        locale.setlocale(locale.LC_CTYPE, was)


def meet(at, path, name, rest, items, above, depth):
    try:
        there = os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return
    tail = [there.st_mode, there.st_uid, there.st_gid]
    renamed = parent(above, there.st_uid)
    if stat.S_ISLNK(there.st_mode):
        target = os.readlink(name, dir_fd=at)
        items.append([path, hashlib.sha256(target).digest(), len(target), *tail, LINK, renamed])
    elif stat.S_ISDIR(there.st_mode):
        if not rest:
            return
        try:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
        except OSError:
            below = None
        if below is None or depth > DEPTH_MAX:
            items.append([path, NO_DIGEST, 0, *tail, UNREADABLE, ()])
        else:
            expand(below, path, rest, items, above, depth)
    elif not rest or rest == [b"**"] and depth:
        if not stat.S_ISREG(there.st_mode):
            items.append([path, NO_DIGEST, there.st_size, *tail, SPECIAL, renamed])
            return
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
        except OSError:
            items.append([path, NO_DIGEST, there.st_size, *tail, UNREADABLE, renamed])
            return
        items.append([*columns(path, fd)[:-1], tuple(sorted((*renamed, *attributes(fd))))])
        os.close(fd)


def parent(above, owner):
    for path, there in above:
        others = there.st_mode & 0o022 and not there.st_mode & stat.S_ISVTX
        if there.st_uid not in (0, owner) or others:
            return (f"parent={second_config.escaped(path)} {there.st_mode & 0o7777:04o} {there.st_uid} "
                    f"{there.st_gid}".encode(),)
    return ()


def attributes(fd):
    """What else it has; by another call of the kernel where there is one."""
    try:
        flags = struct.unpack("l", fcntl.ioctl(fd, 0x80086601, bytes(8)))[0]  # FS_IOC_GETFLAGS
    except OSError:
        flags = 0
    if flags & 0x30:
        yield b"attributes=" + b",".join([b"append"] * bool(flags & 0x20) + [b"immutable"] * bool(flags & 0x10))
    names = os.listxattr(fd)
    if "security.capability" in names:
        value = os.getxattr(fd, "security.capability")
        magic, low, low_kept, high, high_kept, *root = struct.unpack(f"<{len(value) // 4}I", value)
        yield " ".join([f"capability={high << 32 | low:016x}", f"{high_kept << 32 | low_kept:016x}",
                        str(magic & 1), *map(str, root)]).encode()
    if "system.posix_acl_access" in names:
        kinds = {1: "u:", 2: "u:%d", 4: "g:", 8: "g:%d", 16: "m:", 32: "o:"}
        yield ("acl=" + ",".join(
            (kinds[tag] % who if tag in (2, 8) else kinds[tag]) + ":" +
            "".join(letter if rights & bit else "-" for letter, bit in zip("rwx", (4, 2, 1)))
            for tag, rights, who in struct.iter_unpack(
                "<HHI", os.getxattr(fd, "system.posix_acl_access")[4:]))).encode()


# --- facts ---------------------------------------------------------------------------------------

def runtime_of(main, environment=()):
    family = members(main)
    facts = [arguments_of(read_facts(f"/proc/{main}/cmdline")), ("start_time", [stat_fields(main)[19]])]
    if environment:
        facts.append(("environment", variables_of(family, environment)))
    facts.append(names_of(family))
    programs = collections.Counter(os.fsencode(os.readlink(f"/proc/{p}/exe")) for p in family)
    facts.append(("processes", [b"%s %s" % (class_of(n), name) for name, n in sorted(programs.items())]))
    facts += rights_of(*family)
    return Component("runtime", facts, [("options", [b"environment=" + n.encode()
                                                     for n in environment])] if environment else [])


def class_of(count):
    below = {1: b"0", 2: b"1", 10: b"2-9", 100: b"10-99", 1000: b"100-999", 10000: b"1000-9999"}
    return next((word for least, word in below.items() if count < least), b"10000-")


def names_of(family):
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


def arguments_of(line):
    values = line.removesuffix(b"\0").split(b"\0") if line else []
    if len(line) > 1_048_576 or len(values) > 4096 or any(len(v) > 65_536 for v in values):
        return "arguments_digest", [f"sha256:{hashlib.sha256(line).hexdigest()} {len(line)}".encode()]
    return "arguments", values


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


def root_of(pid):
    """The root directory that the host's files are read from, and what is noted of that."""
    own = os.path.samestat(os.stat(f"/proc/{pid}/root"), os.stat("/"))
    return ("/", []) if own else (f"/proc/{pid}/root", [("options", [b"root=process"])])


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
        components.append(files_of(patterns, main=pid))
    return components
