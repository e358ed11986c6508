#!/usr/bin/python3
"""What does not fit among workloads that are alike, out of a followed log: told with what it is held
against, the same again after a restart and from the log's beginning, and never a verdict."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import PATIENCE_S, run_tests
from make_log import EVIL, GOOD, TIME_S, Workload
from register_answers import Made, own_role

HOSTS = 12


class Fleet(Made):
    """One workload on each of twelve hosts, which have reported once."""

    def __init__(self, **options):
        super().__init__(**options)
        self.host = [Workload("app", collector=f"spiffe://test/host-{n:02}") for n in range(HOSTS)]
        self.add(*[(n, GOOD) for n in range(HOSTS)])

    def add(self, *reports):
        for n, data in reports:
            self.log.append(self.host[n].report(data, TIME_S + len(self.log.entries)))
        self.grow()

    def alerts(self, count):
        """Waits until it has answered with so many."""
        until = time.monotonic() + PATIENCE_S
        self.known(len(self.log.entries))
        while True:
            said = self.tried()
            if said is not None and len(said) == count:
                return said
            assert time.monotonic() < until, said

    def tried(self):
        try:
            return self.ask("alerts")["items"]
        except AssertionError as e:  # not ready yet, or what openapi.yaml does not have
            if e.args and e.args[0][1] == 503:
                return None
            raise


def test_what_one_host_alone_has_is_told_once_and_is_over_when_it_is_gone():
    with Fleet() as fleet:
        fleet.register.start()
        assert fleet.alerts(0) == []
        fleet.add((7, EVIL), (3, GOOD))
        alert, = fleet.alerts(1)
        assert (alert["code"], alert["end"], alert["group"]) == ("first-seen", None, "app"), alert
        assert alert["first"]["entry"] == 2 + HOSTS, alert
        assert [w["collector"] for w in alert["named"]] == ["spiffe://test/host-07"], alert
        assert alert["component"]["kind"] == "executable", alert
        assert {k: alert["component"][k] for k in ("have_it", "peers", "have_usual")} == \
            {"have_it": 1, "peers": HOSTS, "have_usual": HOSTS - 1}, alert
        assert "app on spiffe://test/host-07" in alert["words"], alert
        fleet.add((8, EVIL))
        while fleet.alerts(1)[0]["workloads"] != 2:
            pass
        fleet.add((7, GOOD), (8, GOOD))
        while (alert := fleet.alerts(1)[0])["end"] is None:
            pass
        assert alert["why_ended"] == "gone" and alert["end"]["entry"] == len(fleet.log.entries) - 1


def test_what_does_not_follow_is_no_fact():
    with Fleet() as fleet:
        fleet.log.append(fleet.host[5].report(EVIL, TIME_S + len(fleet.log.entries), status="affirming", findings=[],
                                              vector={"instance-identity": 2, "executables": 2}))
        fleet.add((6, EVIL))
        fleet.register.start()
        fleet.register.alarm("bad-verdict", entry=2 + HOSTS)
        alert, = fleet.alerts(1)
        assert [w["collector"] for w in alert["named"]] == ["spiffe://test/host-06"], alert


def test_the_same_log_gives_the_same_alerts():
    with Fleet() as fleet:
        fleet.register.start()
        fleet.add((7, EVIL), (3, GOOD))
        first = fleet.alerts(1)
        fleet.register.stop()
        fleet.register.start()
        assert fleet.alerts(1) == first
        fleet.register.stop()
        fleet.register.state("tokyo", "view.db").unlink()
        fleet.register.start()
        assert fleet.alerts(1) == first


def test_it_changes_no_verdict_and_is_told_to_who_may_see_it():
    with Fleet(roles=[{**own_role("relying-party"), "workloads": ["other*"]}]) as fleet:
        fleet.register.start()
        fleet.add((7, EVIL))
        fleet.alerts(1)
        tiers = [w["tier"] for w in fleet.ask("workloads")["items"]]
        assert sorted(tiers) == ["affirming"] * (HOSTS - 1) + ["contraindicated"], tiers
        assert fleet.ask("alerts", connection=fleet.by_socket())["items"] == []
        assert len(fleet.ask("alerts?code=first-seen&host=spiffe://test/host-07")["items"]) == 1
        assert fleet.ask("alerts?code=rare")["items"] == []
        assert fleet.ask("alerts?host=spiffe://test/host-08")["items"] == []


if __name__ == "__main__":
    run_tests(__name__)
