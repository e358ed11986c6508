"""The test's hold on build/token_module.so: tests/fault/token_control.h says what each number means.

Made by `Site(token_module=True)` as site.token. Everything starts at 0: a token without faults.
"""

import mmap
import pathlib
import re
import struct
import subprocess

HEADER = pathlib.Path(__file__).resolve().parents[1] / "fault/token_control.h"
FOR_EVER = 2 ** 64 - 1

# PKCS#11 v2.40.
CKR_GENERAL_ERROR = 0x05
CKR_FUNCTION_FAILED = 0x06
CKR_DEVICE_ERROR = 0x30
CKR_DEVICE_MEMORY = 0x31
CKR_DEVICE_REMOVED = 0x32
CKR_KEY_HANDLE_INVALID = 0x60
CKR_OPERATION_ACTIVE = 0x90
CKR_PIN_INCORRECT = 0xa0
CKR_PIN_INVALID = 0xa1
CKR_PIN_LEN_RANGE = 0xa2
CKR_PIN_EXPIRED = 0xa3
CKR_PIN_LOCKED = 0xa4
CKR_SESSION_CLOSED = 0xb0
CKR_USER_PIN_NOT_INITIALIZED = 0x102
CKR_CRYPTOKI_NOT_INITIALIZED = 0x190
CKF_USER_PIN_FINAL_TRY = 0x20000
CKF_USER_PIN_LOCKED = 0x40000


def read_header():
    """Names of the numbers in their order, names of the faults and of the calls, magic, size."""
    text = HEADER.read_text()
    fields = re.findall(r"^\tX\((\w+), ", text, re.M)
    faults = re.findall(r"^\tFAULT_(\w+),", text, re.M)
    calls = re.findall(r"^\tX\((C_\w+)\)", text, re.M)
    magic = int(re.search(r"TOKEN_CONTROL_MAGIC (0x\w+)ULL", text)[1], 16)
    size = int(re.search(r"TOKEN_CONTROL_SIZE +(\d+)", text)[1])
    assert fields[0] == "magic" and faults[0] == "NONE"
    return fields, [f.lower() for f in faults], ["any", *calls], magic, size


class TokenControl:
    """A control file at `path`, made new. Its fields are read and set one by one, at once."""

    FIELDS, FAULTS, CALLS, MAGIC, SIZE = read_header()

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.write_bytes(bytes(self.SIZE))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), self.SIZE)
        self.set(magic=self.MAGIC)

    def set(self, **fields):
        for name, value in fields.items():
            struct.pack_into("=Q", self.map, 8 * self.FIELDS.index(name), value)

    def get(self, name):
        return struct.unpack_from("=Q", self.map, 8 * self.FIELDS.index(name))[0]

    def inject(self, fault, everywhere=False, call="any", error=0, skip=0, count=FOR_EVER):
        """A fault of C_Sign, of every call, or of the one that is named; it lasts until `count` calls had
        it, or recover."""
        self.set(fault=0)
        self.set(everywhere=int(everywhere), call=self.CALLS.index(call), error=error, skip=skip,
                 count=count)
        self.set(fault=self.FAULTS.index(fault))

    def recover(self):
        """The token is well again. What hangs in it goes on hanging, lost sessions stay lost."""
        self.set(fault=0)

    def lose_sessions(self):
        self.set(sessions_lost=self.get("sessions_lost") + 1)

    def log_out(self):
        self.set(logged_out=self.get("logged_out") + 1)

    def reset(self):
        """Sessions and the login in them are gone."""
        self.lose_sessions()
        self.log_out()

    def make_other_key(self, module, env):
        """What the fault other_key signs with: a second key pair on the test's token."""
        subprocess.run(["pkcs11-tool", "--module", module, "--login", "--pin", "1234",
                        "--keypairgen", "--key-type", "EC:prime256v1", "--label", "other", "--id",
                        "77", "--token-label", "test", "--usage-sign"], env=env, check=True,
                       capture_output=True)

    def close(self):
        self.map.close()
