#!/usr/bin/python3
"""The systemd units: how exposed each service is, as systemd-analyze counts it, with its drop-ins."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import ROOT, run_tests

UNITS = ROOT / "config/systemd"
SAMPLES = ROOT / "config/samples"
TOOL = shutil.which("systemd-analyze")
LEVEL = re.compile(r"Overall exposure level for \S+: (\d+\.\d+)")


def settings(*files):
    """Name to values, in order, of the section [Service]; an empty value is said too."""
    found = {}
    for file in files:
        section = file.read_text().split("[Service]\n")[1].split("\n[")[0]
        for name, value in re.findall(r"(?m)^(\w+)=(.*)$", section):
            found.setdefault(name, []).append(value)
    return found


def exposure(unit, *drop_ins):
    """What systemd-analyze says; None, and told, where it is not or is older than the option."""
    if TOOL is None:
        print("skipped: there is no systemd-analyze here")
        return None
    with tempfile.TemporaryDirectory() as place:
        path = shutil.copy(UNITS / unit, place)
        for drop_in in drop_ins:
            os.makedirs(f"{path}.d", exist_ok=True)
            shutil.copy(drop_in, f"{path}.d")
        done = subprocess.run([TOOL, "security", "--offline=true", "--no-pager", path],
                              capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if "unrecognized option" in done.stderr:
        print("skipped: this systemd-analyze knows no --offline")
        return None
    level = LEVEL.search(done.stdout)
    assert level, done.stdout + done.stderr
    assert not re.search(r"Unknown|Invalid|Failed to parse", done.stderr), done.stderr
    return float(level.group(1))


def permitted(unit):
    """System calls that a unit lets through, of systemd's sets; None, and told, where it is not."""
    if TOOL is None:
        print("skipped: there is no systemd-analyze here")
        return None
    listed = subprocess.run([TOOL, "syscall-filter", "--no-pager"], capture_output=True, text=True,
                            check=True, env={**os.environ, "LC_ALL": "C"}).stdout
    sets = {name: body.split() for name, body
            in re.findall(r"(?m)^(@[\w-]+)\n((?:    .*\n)+)", re.sub(r" +#.*\n", "", listed))}

    def calls(words):
        return {call for word in words
                for call in (calls(sets[word]) if word.startswith("@") else [word])}

    found = calls(["@default"])
    for value in settings(UNITS / unit)["SystemCallFilter"]:
        if value.startswith("~"):
            found -= calls(value[1:].split())
        else:
            found |= calls(value.split())
    return found


def check(most, unit, *drop_ins):
    level = exposure(unit, *drop_ins)
    assert level is None or level <= most, (unit, drop_ins, level, most)
    return level


def test_the_signer_is_exposed_at_most_so():
    check(1.3, "hallmark-signer.service")


def test_the_register_is_exposed_at_most_so():
    check(1.3, "hallmark-register.service")
    check(1.3, "hallmark-register-tell.service")
    check(1.0, "hallmark-register-grant.service")


def test_the_collector_is_exposed_at_most_so():
    check(2.2, "hallmark-collector.service")


def test_tokens_take_a_drop_in():
    drop_in = SAMPLES / "collector-tokens.conf"
    level = check(2.4, "hallmark-collector.service", drop_in)
    assert level is None or level > check(2.2, "hallmark-collector.service"), "it has no effect"
    assert "fchown" not in (permitted("hallmark-collector.service") or ())
    assert "CAP_CHOWN" in settings(drop_in)["CapabilityBoundingSet"]


def test_acts_take_a_drop_in():
    drop_in = SAMPLES / "collector-acts.conf"
    level = check(2.8, "hallmark-collector.service", drop_in)
    assert level is None or level > check(2.2, "hallmark-collector.service"), "it has no effect"
    assert settings(drop_in)["CapabilityBoundingSet"] == ["CAP_DAC_OVERRIDE CAP_NET_ADMIN"]


def test_nobody_is_told_when_the_collector_looks_at_it():
    assert settings(UNITS / "hallmark-collector.service")["ProtectProc"] == ["ptraceable"]


def test_what_measures_may_stand_back_for_all_else():
    calls = permitted("hallmark-collector.service")
    assert calls is None or {"setpriority", "ioprio_set", "prlimit64"} <= calls


def test_what_measures_may_ask_what_listens():
    families = settings(UNITS / "hallmark-collector.service")["RestrictAddressFamilies"]
    assert "AF_NETLINK" in families[-1].split()


def test_the_key_process_is_exposed_at_most_so():
    without = check(1.3, "hallmark-hsm@.service")
    for sample in ("hsm-network.conf", "hsm-device.conf"):
        level = check(1.3, "hallmark-hsm@.service", SAMPLES / sample)
        assert level is None or level > without, f"{sample} has no effect"


def test_the_key_process_has_no_network_until_a_drop_in_gives_it():
    alone = settings(UNITS / "hallmark-hsm@.service")
    assert alone["PrivateNetwork"] == ["yes"] and alone["IPAddressDeny"] == ["any"]
    assert alone["RestrictAddressFamilies"] == ["AF_UNIX"] and "IPAddressAllow" not in alone
    assert alone["MemoryDenyWriteExecute"] == ["yes"]
    given = settings(UNITS / "hallmark-hsm@.service", SAMPLES / "hsm-network.conf")
    assert given["PrivateNetwork"][-1] == "no" and given["IPAddressDeny"] == ["any"]
    assert given["IPAddressAllow"] and "any" not in given["IPAddressAllow"]


def test_no_service_reaches_every_address():
    for unit in UNITS.glob("*.service"):
        assert settings(unit)["IPAddressDeny"] == ["any"], unit


if __name__ == "__main__":
    run_tests("__main__")
