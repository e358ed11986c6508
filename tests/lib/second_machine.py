"""What kernel and firmware say of the machine, as a second collector reads it: written from section 4 of
proto/PROTOCOL.md alone, as second_measure.py was."""

import ctypes
import hashlib
import os
import pathlib
import re
import socket
import struct
import sys

SYSCTLS = """
    fs.protected_fifos fs.protected_hardlinks fs.protected_regular fs.protected_symlinks fs.suid_dumpable
    kernel.core_pattern kernel.dmesg_restrict kernel.ftrace_enabled kernel.io_uring_disabled
    kernel.kexec_load_disabled kernel.kptr_restrict kernel.modprobe kernel.modules_disabled
    kernel.perf_event_paranoid kernel.randomize_va_space kernel.sysrq kernel.unprivileged_bpf_disabled
    kernel.unprivileged_userns_clone kernel.yama.ptrace_scope net.core.bpf_jit_enable
    net.ipv4.conf.all.accept_redirects net.ipv4.conf.all.accept_source_route
    net.ipv4.conf.all.rp_filter net.ipv4.ip_forward net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies
    net.ipv6.conf.all.forwarding user.max_user_namespaces vm.mmap_min_addr vm.overcommit_memory
    vm.unprivileged_userfaultfd
""".split()

FIRMWARE = ("bios_date bios_release bios_vendor bios_version board_name board_vendor board_version "
            "ec_firmware_release product_name product_version sys_vendor").split()
PASSING = tuple(f"/{d}/".encode() for d in (
    "run/containerd run/containers run/credentials run/docker run/netns run/snapd/ns run/user "
    "var/lib/containerd var/lib/containers var/lib/docker var/lib/kubelet").split())
EFI = {"AuditMode": "8be4df61-93ca-11d2-aa0d-00e098032b8c", "DeployedMode": "8be4df61-93ca-11d2-aa0d-00e098032b8c",
       "SecureBoot": "8be4df61-93ca-11d2-aa0d-00e098032b8c", "SetupMode": "8be4df61-93ca-11d2-aa0d-00e098032b8c",
       "MokSBStateRT": "605dab50-e046-4300-abb6-3dd810dd8b23"}
STA_UNSYNC = 0x40


class Machine:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    def text(self, path):
        return (self.root / path).read_bytes().rstrip(b"\n\0")

    def texts(self, directory, names, before="{}="):
        """Those that are there, and can be read."""
        for name in names:
            try:
                yield before.format(name).encode() + self.text(f"{directory}/{name}")
            except OSError:
                pass

    def names(self, directory):
        return [n for n in os.listdir(self.root / directory) if not n.startswith(".")]

    def single(self, path):
        return [self.text(path)]

    def vulnerabilities(self):
        where = "sys/devices/system/cpu/vulnerabilities"
        return sorted(self.texts(where, self.names(where)))

    def firmware(self):
        return sorted([*self.texts("sys/class/dmi/id", FIRMWARE),
                       *self.texts("sys/firmware/devicetree/base", ["model"])])

    def ipe(self):
        where = "sys/kernel/security/ipe"
        values = [*self.texts(where, ("enforce", "success_audit"))]
        for name in self.names(f"{where}/policies"):
            words = [next(self.texts(f"{where}/policies/{name}", [n], ""), b"-") for n in ("active", "version")]
            try:
                digest = self.digest(self.root / where / "policies" / name / "pkcs7")
            except OSError:
                digest = b"-"
            values.append(b"policy=%b active=%b version=%b %b" % (name.encode(), *words, digest))
        return sorted(values)

    @staticmethod
    def digest(path):
        return b"sha256:" + hashlib.sha256(path.read_bytes()).hexdigest().encode()

    def lockdown(self):
        return re.findall(rb"\[(.*?)\]", self.text("sys/kernel/security/lockdown"))[:1]

    def lsm(self):
        return self.text("sys/kernel/security/lsm").split(b",")

    def microcode(self):
        where = "sys/devices/system/cpu"
        return sorted({*self.texts(where, [f"{n}/microcode/version" for n in self.names(where)
                                           if re.fullmatch("cpu[0-9]+", n)], "")})

    def module_files(self):
        library, files = self.root / "lib/modules" / os.uname().release, {}
        if (library / "modules.dep").exists():
            for line in (library / "modules.dep").read_text().splitlines():
                path = line.partition(":")[0]
                files.setdefault(path.rpartition("/")[2].partition(".ko")[0].replace("-", "_"), path)
        values = []
        for name in self.names("sys/module"):
            if (self.root / "sys/module" / name / "initstate").exists():
                words = [next(self.texts(f"sys/module/{name}", [n], ""), b"") or b"-"
                         for n in ("initstate", "taint", "srcversion")]
                try:
                    words.append(self.digest(library / files[name]))
                except (KeyError, OSError):
                    words.append(b"-")
                values.append(b" ".join([name.encode(), *words]))
        return sorted(values)

    def mounts(self):
        values = []
        for line in (self.root / "proc/self/mountinfo").read_bytes().splitlines():
            first, _, second = line.partition(b" - ")
            _, _, _, root, place, own, *_ = first.split(b" ")
            kind, source, options = second.split(b" ", 2)
            if not place.startswith(PASSING):
                all_options = {*own.split(b","), *options.split(b",")} - {b""}
                if kind == b"autofs":
                    all_options = {o for o in all_options if not o.startswith((b"fd=", b"pgrp=", b"pipe_ino="))}
                values.append(b" ".join([place, kind, source, root, b",".join(sorted(all_options))]))
        return sorted(values)

    def listening(self):
        least, most = (int(n) for n in self.text("proc/sys/net/ipv4/ip_local_port_range").split())
        found = set()
        for name, state in (("tcp", b"0A"), ("tcp6", b"0A"), ("udp", b"07"), ("udp6", b"07")):
            path = self.root / "proc/net" / name
            for line in path.read_bytes().splitlines()[1:] if path.exists() else []:
                _, local, _, now, *_ = line.split()
                address, port = local.split(b":")
                if now == state and not least <= int(port, 16) <= most:
                    raw = b"".join(struct.pack("=I", int(address[i:i + 8], 16))
                                   for i in range(0, len(address), 8))
                    text = socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)
                    text = text if len(raw) == 4 else f"[{text}]"
                    found.add(f"{name} {text}:{int(port, 16)}".encode())
        return sorted(found)

    def secure_boot(self):
        values = []
        for name, owner in EFI.items():
            path = self.root / f"sys/firmware/efi/efivars/{name}-{owner}"
            if path.exists() and len(content := path.read_bytes()) == 5:
                values.append(b"%b=%d" % (name.encode(), content[4]))
        return sorted(values)

    @staticmethod
    def clock():
        """struct timex: modes, then four longs, then status."""
        state = ctypes.create_string_buffer(256)
        assert ctypes.CDLL(None).adjtimex(state) >= 0
        status, = struct.unpack_from("i", state, 5 * ctypes.sizeof(ctypes.c_long))
        return [b"0" if status & STA_UNSYNC else b"1"]


def facts(root="/"):
    """Those that can be read."""
    m = Machine(root)
    single = {"clock_source": "sys/devices/system/clocksource/clocksource0/current_clocksource",
              "kexec_loaded": "sys/kernel/kexec_loaded", "taint": "proc/sys/kernel/tainted",
              **{f"sysctl:{n}": "proc/sys/" + n.replace(".", "/") for n in SYSCTLS}}
    for name, read in {
            "clock_synchronised": m.clock, "cpu_vulnerabilities": m.vulnerabilities, "firmware": m.firmware,
            "ipe": m.ipe, "listening": m.listening, "lockdown": m.lockdown, "lsm": m.lsm,
            "microcode": m.microcode, "module_files": m.module_files, "mounts": m.mounts,
            "secure_boot": m.secure_boot, **{n: lambda p=p: m.single(p) for n, p in single.items()}}.items():
        try:
            yield name, read()
        except FileNotFoundError:
            yield name, []
        except OSError as error:
            print(f"{name}: {error}", file=sys.stderr)
