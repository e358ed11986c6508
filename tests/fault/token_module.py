#!/usr/bin/python3
"""The faulty token itself: what the other tests and the benchmarks rely on, by PKCS#11 calls alone."""

import contextlib
import ctypes
import os
import threading
import time

import hallmark
import token_control as tc
from hallmark import Site

LATENCY_S = 0.05
CKF_RW_AND_SERIAL, CKU_USER, CKM_ECDSA = 6, 1, 0x1041
CKA_CLASS, CKO_PRIVATE_KEY, CKF_OS_LOCKING_OK = 0, 3, 2
CKR_OK, CKR_SESSION_COUNT, CKR_SESSION_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN = 0, 0xb1, 0xb3, 0x101

# Places in CK_FUNCTION_LIST, behind the version.
PLACES = {"C_Initialize": 0, "C_Finalize": 1, "C_GetSlotList": 4, "C_OpenSession": 12,
          "C_CloseAllSessions": 14, "C_Login": 18, "C_FindObjectsInit": 26, "C_FindObjects": 27,
          "C_FindObjectsFinal": 28, "C_SignInit": 42, "C_Sign": 43}

Handle = ctypes.c_ulong


class Mechanism(ctypes.Structure):
    _fields_ = [("type", ctypes.c_ulong), ("parameter", ctypes.c_void_p), ("size", ctypes.c_ulong)]


class Attribute(ctypes.Structure):
    _fields_ = [("type", ctypes.c_ulong), ("value", ctypes.c_void_p), ("size", ctypes.c_ulong)]


class InitializeArguments(ctypes.Structure):
    _fields_ = [("mutexes", ctypes.c_void_p * 4), ("flags", ctypes.c_ulong),
                ("reserved", ctypes.c_void_p)]


class Module:
    """The module in this process, its token's slot, and the key `log`."""

    def __init__(self, path):
        library = ctypes.CDLL(path)
        functions = ctypes.POINTER(ctypes.c_void_p)()
        assert library.C_GetFunctionList(ctypes.byref(functions)) == CKR_OK
        self.functions = functions
        self.good("C_Initialize",
                  ctypes.byref(InitializeArguments(flags=CKF_OS_LOCKING_OK)))
        slots, count = (Handle * 8)(), ctypes.c_ulong(8)
        self.good("C_GetSlotList", ctypes.c_ubyte(1), slots, ctypes.byref(count))
        self.slot = Handle(slots[0])

    def call(self, name, *arguments):
        address = self.functions[1 + PLACES[name]]
        return ctypes.CFUNCTYPE(ctypes.c_ulong)(address)(*arguments)

    def good(self, name, *arguments):
        rv = self.call(name, *arguments)
        assert rv == CKR_OK, f"{name}: 0x{rv:x}"

    def open(self):
        session = Handle()
        rv = self.call("C_OpenSession", self.slot, Handle(CKF_RW_AND_SERIAL), None, None,
                       ctypes.byref(session))
        return rv, session

    def login(self, session):
        self.good("C_Login", session, Handle(CKU_USER), b"1234", Handle(4))

    def key(self, session):
        wanted = ctypes.c_ulong(CKO_PRIVATE_KEY)
        template = Attribute(CKA_CLASS, ctypes.addressof(wanted), ctypes.sizeof(wanted))
        key, count = Handle(), ctypes.c_ulong()
        self.good("C_FindObjectsInit", session, ctypes.byref(template), Handle(1))
        self.good("C_FindObjects", session, ctypes.byref(key), Handle(1), ctypes.byref(count))
        self.good("C_FindObjectsFinal", session)
        assert count.value == 1
        return key

    def sign(self, session, key):
        signature, size = ctypes.create_string_buffer(512), ctypes.c_ulong(512)
        rv = self.call("C_SignInit", session, ctypes.byref(Mechanism(CKM_ECDSA)), key)
        if rv == CKR_OK:
            rv = self.call("C_Sign", session, bytes(32), Handle(32), signature,
                           ctypes.byref(size))
        return rv, signature.raw[:size.value]

    def close(self):
        self.good("C_CloseAllSessions", self.slot)
        self.good("C_Finalize", None)


@contextlib.contextmanager
def module(sessions=1):
    """The module with so many sessions, logged in; and the control."""
    with Site(token_module=True) as site:
        site.hsm("init")
        before = {name: os.environ.get(name) for name in ("SOFTHSM2_CONF", "HALLMARK_TOKEN_CONTROL")}
        os.environ.update({name: site.env[name] for name in before})
        try:
            m = Module(site.options["module"])
            try:
                opened = [m.open() for _ in range(sessions)]
                assert all(rv == CKR_OK for rv, _ in opened)
                m.login(opened[0][1])
                yield m, [session for _, session in opened], site.token
            finally:
                site.token.recover()
                m.close()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def sign_in_all(m, sessions, each):
    """Every session signs `each` times, all at once; the seconds it took."""
    key = m.key(sessions[0])
    results = []
    threads = [threading.Thread(target=lambda s=s: results.extend(
        m.sign(s, key)[0] for _ in range(each))) for s in sessions]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [CKR_OK] * (each * len(sessions)), results
    return time.monotonic() - began


def test_sessions_are_slow_each_for_itself():
    with module(sessions=4) as (m, sessions, token):
        token.set(latency_us=int(LATENCY_S * 1e6))
        before = token.get("signs")  # init has seen whether its key signs
        took = sign_in_all(m, sessions, 5)
        assert 5 * LATENCY_S <= took < 10 * LATENCY_S, took
        assert token.get("signing_peak") == 4 and token.get("signs") == before + 20


def test_a_serial_token_signs_one_at_a_time():
    with module(sessions=4) as (m, sessions, token):
        token.set(latency_us=int(LATENCY_S * 1e6), serial=1)
        assert sign_in_all(m, sessions, 3) >= 12 * LATENCY_S


def test_sessions_are_capped():
    with module(sessions=2) as (m, _, token):
        token.set(sessions_max=3)
        assert m.open()[0] == CKR_OK
        assert m.open()[0] == CKR_SESSION_COUNT
        token.set(sessions_max=0)
        assert m.open()[0] == CKR_OK


def test_faults_begin_and_end_where_told():
    with module() as (m, (session,), token):
        key = m.key(session)
        token.inject("error", error=tc.CKR_DEVICE_ERROR, skip=2, count=1)
        assert [m.sign(session, key)[0] for _ in range(4)] == [0, 0, tc.CKR_DEVICE_ERROR, 0]
        assert token.get("faults") == 1
        token.inject("error", everywhere=True, error=tc.CKR_DEVICE_REMOVED)
        assert m.open()[0] == m.sign(session, key)[0] == tc.CKR_DEVICE_REMOVED
        token.recover()
        assert m.sign(session, key)[0] == CKR_OK


def test_what_is_lost_stays_lost_until_done_anew():
    with module() as (m, (session,), token):
        key = m.key(session)
        token.log_out()
        assert m.sign(session, key)[0] == CKR_USER_NOT_LOGGED_IN
        m.login(session)
        assert m.sign(session, key)[0] == CKR_OK
        token.lose_sessions()
        assert m.sign(session, key)[0] == CKR_SESSION_HANDLE_INVALID
        rv, fresh = m.open()
        assert rv == CKR_OK and m.sign(fresh, m.key(fresh))[0] == CKR_OK


def test_wrong_signatures_look_like_good_ones():
    with module() as (m, (session,), token):
        key = m.key(session)
        for fault, size in (("garbage", 64), ("short", 7)):
            token.inject(fault)
            rv, signature = m.sign(session, key)
            assert rv == CKR_OK and len(signature) == size, (fault, rv, signature)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
