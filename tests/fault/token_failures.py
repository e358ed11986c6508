#!/usr/bin/python3
"""Every error that PKCS#11 has, from every call that the key process makes: what it does about it is what
pkcs11/token/failure.c says, and each is told with its name and its mend.

HALLMARK_FAULT=long: every error of every call; otherwise every error of C_Sign, and of the other calls one
of each class.
"""

import collections
import os
import re

import hallmark
from keychannel import KeyProcess, Tree, make_site, signed, told_why

LONG = os.environ.get("HALLMARK_FAULT", "short") == "long"
LOST, UNFIT, PIN_REFUSED = 602, 609 + 1, 609
HEADER = "/usr/include/p11-kit-1/p11-kit/pkcs11.h"

# What can be done about a failure of a call, beyond a fresh process: failure.h.
REMEDIES = {"C_SignInit": ("RETRY", "SESSION"), "C_Sign": ("RETRY", "SESSION"), "C_OpenSession": ("RETRY",)}
START = ("C_Initialize", "C_GetSlotList", "C_OpenSession", "C_Login", "C_FindObjectsInit", "C_FindObjects",
         "C_FindObjectsFinal")
NOT_FAILURES = {"CKR_OK", "CKR_VENDOR_DEFINED"}
OF_THE_PIN = {"CKR_PIN_INCORRECT", "CKR_PIN_INVALID", "CKR_PIN_LEN_RANGE", "CKR_PIN_EXPIRED", "CKR_PIN_LOCKED",
              "CKR_USER_PIN_NOT_INITIALIZED"}


def read_numbers():
    text = open(HEADER).read()
    return {name: int(number, 16 if number.startswith("0x") else 10)
            for name, number in re.findall(r"^#define (CKR_\w+)\s+\(\(?(0x[0-9a-fA-F]+|\d+)UL", text, re.M)}


def read_classes():
    text = (hallmark.ROOT / "pkcs11/token/failure.c").read_text()
    return dict((name, cls) for cls, name in
                re.findall(r"^    (RETRY|SESSION|PROCESS|OPERATOR)\((CKR_\w+),", text, re.M))


NUMBERS, CLASSES = read_numbers(), read_classes()


def reaction(call, name):
    cls = CLASSES[name]
    return cls if cls == "OPERATOR" or cls in REMEDIES.get(call, ()) else "PROCESS"


def one_of_each_class():
    first = {}
    for name, cls in CLASSES.items():
        first.setdefault(cls, name)
    return list(first.values())


def test_every_error_is_classed():
    assert set(NUMBERS) - NOT_FAILURES == set(CLASSES), set(NUMBERS) ^ set(CLASSES)
    assert len(CLASSES) > 80 and len(set(CLASSES.values())) == 4


class Served:
    """A key process that is started anew when one has ended."""

    def __init__(self, site):
        self.site, self.tree, self.key, self.seen = site, Tree(), None, collections.Counter()

    def fresh(self):
        if self.key is None:
            self.key = KeyProcess(self.site)
            self.size = self.key.state.size

    def grow(self):
        old, self.size = self.size, len(self.tree.add(b"{}"))
        return self.key.sign(self.tree, old)

    def ended(self):
        assert self.key.process.wait() == 1
        self.key = None

    def fails(self, call, name):
        """One failure of that call while a checkpoint is signed."""
        self.fresh()
        token, expected = self.site.token, reaction(call, name)
        opened = token.get("sessions_opened")
        token.inject("error", call=call, error=NUMBERS[name], count=1)
        answer = self.grow()
        assert token.get("count") == 0, (call, name)
        token.recover()
        opened = token.get("sessions_opened") - opened
        if expected in ("RETRY", "SESSION"):
            signed(self.site, answer, self.tree)
            assert opened == (expected == "SESSION"), (call, name, opened)
        else:
            assert answer.error == (UNFIT if expected == "OPERATOR" else LOST), (call, name, answer)
            assert f"error 0x{NUMBERS[name]:x}, {name}: ".encode() in answer.body, answer
            self.ended()
        self.seen[expected] += 1


def test_signing_fails_with_each_error():
    with make_site(token_module=True, hsm={"sessions": 1}) as site:
        served = Served(site)
        for name in CLASSES:
            served.fails("C_Sign", name)
        for name in CLASSES if LONG else one_of_each_class():
            served.fails("C_SignInit", name)
        print(f"     {dict(served.seen)}", flush=True)
        assert len(served.seen) == 4


def test_each_call_of_a_start_fails_with_an_error_of_each_class():
    with make_site(token_module=True) as site:
        for call in START:
            for name in CLASSES if LONG else one_of_each_class():
                if call == "C_Login" and name in OF_THE_PIN | {"CKR_USER_ALREADY_LOGGED_IN"} or \
                        call == "C_Initialize" and name == "CKR_CRYPTOKI_ALREADY_INITIALIZED":
                    continue  # tests/system/pin_refused.py; and no failure
                expected = reaction(call, name)
                site.token.inject("error", call=call, error=NUMBERS[name], count=1)
                key = KeyProcess(site, start=False)
                if expected == "RETRY":
                    assert key.receive().error == 0, (call, name)
                    key.kill()
                else:
                    text = told_why(key, UNFIT if expected == "OPERATOR" else LOST)
                    assert f"error 0x{NUMBERS[name]:x} ({call}), {name}: " in text, (call, name, text)
                    assert key.process.wait() == 1
                assert site.token.get("count") == 0, (call, name)
                site.token.recover()
                for doubt in site.path("guard").glob("pin-refused-*"):  # two of them refuse the PIN
                    doubt.unlink()


def test_a_failure_that_stays_is_not_tried_for_ever():
    with make_site(token_module=True, hsm={"sessions": 1}) as site:
        for name, calls in (("CKR_FUNCTION_CANCELED", 4), ("CKR_SESSION_CLOSED", 2)):
            served = Served(site)
            served.fresh()
            before = site.token.get("faults")
            site.token.inject("error", call="C_Sign", error=NUMBERS[name])
            answer = served.grow()
            assert answer.error == LOST and site.token.get("faults") == before + calls, (name, answer)
            site.token.recover()
            served.ended()


def test_a_login_that_is_lost_with_its_sessions_is_for_a_fresh_process():
    """The PIN was wiped: this one cannot log in again."""
    with make_site(token_module=True, hsm={"sessions": 1}) as site:
        served = Served(site)
        served.fresh()
        site.token.reset()
        answer = served.grow()
        assert answer.error == LOST and b"CKR_USER_NOT_LOGGED_IN" in answer.body, answer
        served.ended()
        served.fresh()
        signed(site, served.grow(), served.tree)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
