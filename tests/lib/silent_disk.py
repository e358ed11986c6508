"""A file system (FUSE, raw) with one program in it, which is run from there; then it answers no more.

silent_disk.py DIRECTORY PROGRAM [PYTHON]: with the third, a Python by that name, which has it as its root directory
instead, is what runs. Says "runs", and waits to be killed. The kernel ends what waits for it then."""

import ctypes
import os
import select
import signal
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, OPENDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = (
    1, 2, 3, 14, 15, 18, 25, 26, 27, 29, 36, 42)
HEADER = struct.Struct("<IIQQ")  # length, operation, unique, node
ROOT, PROGRAM = 1, 2
ENOSYS = 38


def attributes(node, size):
    mode = 0o40755 if node == ROOT else 0o100755
    return struct.pack("<6Q10I", node, 0 if node == ROOT else size, 8, 1, 1, 1, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(operation, node, body, content):
    """None: it takes none."""
    if operation == INIT:
        return struct.pack("<4I2H2I2H8I", 7, 31, 65536, 0, 16, 12, 65536, 1, 1, 0, *[0] * 8)
    if operation == LOOKUP:
        return struct.pack("<4Q2I", PROGRAM, 1, 0, 0, 0, 0) + attributes(PROGRAM, len(content))
    if operation == GETATTR:
        return struct.pack("<QII", 0, 0, 0) + attributes(node, len(content))
    if operation in (OPEN, OPENDIR):
        return struct.pack("<QII", 1, 0, 0)
    if operation == READ:
        offset, size = struct.unpack_from("<QI", body, 8)
        return content[offset:offset + size]
    return b""


def serve(device, content, is_done):
    """Until nothing more is asked and it is done."""
    while select.select([device], [], [], 0.2)[0] or not is_done():
        request = os.read(device, 1 << 20)
        _, operation, unique, node = HEADER.unpack_from(request)
        if operation in (FORGET, BATCH_FORGET, INTERRUPT):
            continue
        known = operation in (INIT, LOOKUP, GETATTR, OPEN, OPENDIR, READ, RELEASE, RELEASEDIR, FLUSH)
        reply = answer(operation, node, request[40:], content) if known else b""
        os.write(device, struct.pack("<IiQ", 16 + len(reply), 0 if known else -ENOSYS, unique) + reply)


def main(directory, program, instead=None):
    with open(program, "rb") as f:
        content = f.read()
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    if ctypes.CDLL(None).mount(b"silent", directory.encode(), b"fuse", 0, options.encode()) != 0:
        sys.exit("no file system can be mounted")
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG
        if instead is not None:
            os.execv(instead, [instead, "-c", f"import os, signal; os.chroot('{directory}'); signal.pause()"])
        os.execv(f"{directory}/program", ["program", "1000"])
    serve(device, content,
          lambda: os.readlink(f"/proc/{child}/{'exe' if instead is None else 'root'}").startswith(directory))
    print("runs", flush=True)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
