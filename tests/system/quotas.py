#!/usr/bin/python3
"""What one identity may take of the signer: each quota is met, refused by its code, said, and no matter of
anybody else's."""

import os

import hallmark
import wire
from hallmark import APP, Site

WORKLOADS, CONNECTIONS, COMPONENTS, REPORTS, IN_FLIGHT = 5, 3, 7, 4, 16


def refused(call, *arguments):
    try:
        call(*arguments)
    except wire.Refused as refusal:
        return refusal.body["name"]
    raise AssertionError("expected a refusal, found none")


def said(signer, name):
    return [line for line in signer.lines if "event=refusal" in line and f"code={name}" in line]


def limited(**limits):
    return Site(limits={"connections": 100, **limits})


def test_workloads_of_a_collector_are_so_many():
    with limited(workloads_per_collector=WORKLOADS) as site:
        signer = site.start_signer()
        first, other = site.collector(), site.collector("host2")
        for i in range(WORKLOADS):
            first.submit(f"app-{i}", APP)
        for i in range(20):
            assert refused(first.submit, f"more-{i}", APP) == "too-many-workloads"
        assert refused(site.collector().submit, "more", APP) == "too-many-workloads"
        first.submit("app-0", APP)
        other.submit("app", APP)
        status = site.status()
        assert status["refusals"] == {"too-many-workloads": 21}, status["refusals"]
        assert status["workloads"] == WORKLOADS + 1
        assert len(said(signer, "too-many-workloads")) == 21
        signer.stop()
        # They are counted again from the index, and what there is more of than allowed goes on.
        site.options["limits"]["workloads_per_collector"] = 2
        site.write_configs()
        site.start_signer()
        again = site.collector()
        again.chains = first.chains
        again.submit("app-4", APP)
        assert refused(again.submit, "more", APP) == "too-many-workloads"


def test_connections_of_a_collector_are_so_many():
    with limited(connections_per_collector=CONNECTIONS) as site:
        signer = site.start_signer()
        here = [site.collector() for _ in range(CONNECTIONS)]
        for _ in range(4):
            assert refused(site.collector) == "collector-connections"
        site.collector("host2").submit("app", APP)
        here[0].submit("app", APP)
        assert len(said(signer, "collector-connections")) == 4
        assert site.status()["refusals"] == {"collector-connections": 4}
        here.pop().close()
        while True:  # the signer hears of the end when it does
            try:
                here.append(site.collector())
                break
            except wire.Refused as refusal:
                assert refusal.body["name"] == "collector-connections"
        assert refused(site.collector) == "collector-connections"


def test_new_components_of_a_collector_in_an_hour_are_so_many():
    with limited(components_per_hour=COMPONENTS) as site:
        signer = site.start_signer()
        first = site.collector()
        things = [{"executable": wire.random_component()} for _ in range(COMPONENTS + 3)]
        for thing in things[:COMPONENTS]:
            first.submit("app", thing)
        for thing in things[COMPONENTS:]:
            assert refused(first.submit, "app", thing) == "too-many-components"
        # A connection of its own changes nothing, and what is there already costs nothing.
        again = site.collector()
        again.chains = first.chains
        assert refused(again.submit, "app", things[-1]) == "too-many-components"
        again.submit("app", things[0])
        other = site.collector("host2")
        other.submit("app", things[-1])
        again.submit("app", things[-1])
        assert len(said(signer, "too-many-components")) == 4
        assert site.status()["refusals"] == {"too-many-components": 4}
        assert site.status()["counters"]["components"] == COMPONENTS + 1


def large_component():
    """Of more than two parts, and less than three."""
    return wire.plain("host", [wire.fact_item(f"fact-{n}", os.urandom(60_000)) for n in range(5)])


def test_a_large_component_counts_as_several():
    with limited(components_per_hour=COMPONENTS) as site:
        site.start_signer()
        first = site.collector()
        for _ in range(COMPONENTS // 3):
            first.submit("app", {"host": large_component()})
        first.submit("app", {"executable": wire.random_component()})
        assert refused(first.submit, "app", {"executable": wire.random_component()}) == \
            "too-many-components"
        assert site.status()["counters"]["components"] == COMPONENTS // 3 + 1


def test_reports_of_a_collector_in_an_hour_are_so_many():
    with limited(reports_per_hour=REPORTS) as site:
        signer = site.start_signer()
        first = site.collector()
        for _ in range(REPORTS):
            last = first.make("app", APP)
            first.submit("app", APP)
        assert refused(first.submit, "app", APP) == "too-many-reports"
        assert refused(first.submit, "other", APP) == "too-many-reports"
        again = site.collector()
        again.chains = first.chains
        assert refused(again.submit, "app", APP) == "too-many-reports"
        site.collector("host2").submit("app", APP)
        # A receipt that was lost costs nothing.
        first.connection.send([wire.BUNDLE, {"bundle": last}])
        assert first.await_receipt()["seq"] == REPORTS
        assert len(said(signer, "too-many-reports")) == 3
        assert site.status()["workloads"] == 2


def test_a_collector_has_so_many_in_flight():
    """However slow the token is, and over however many connections: the rest is for others."""
    with Site(token_module=True, limits={"connections": 100, "in_flight": 4 * IN_FLIGHT,
                                         "in_flight_per_collector": IN_FLIGHT}) as site:
        site.write_policy(token=[{"profile": "test"}])
        signer = site.start_signer()
        greedy = [site.collector("greedy") for _ in range(CONNECTIONS)]
        other = site.collector("other")
        other.submit("app", APP)
        site.token.set(latency_us=10_000, serial=1)
        for number, collector in enumerate(greedy):
            for i in range(2 * IN_FLIGHT):
                collector.connection.send(
                    [wire.BUNDLE, {"bundle": collector.make(f"app-{number}-{i}", APP)}])
        greedy.pop().close()  # what it has in flight counts on
        most = 0
        while (now := site.status())["workloads"] < 2 * IN_FLIGHT * len(greedy):
            most = max(most, now["in_flight"])
        assert IN_FLIGHT // 2 < most <= IN_FLIGHT, most
        for collector in greedy:
            for _ in range(2 * IN_FLIGHT):
                collector.await_receipt()
        other.submit("app", APP)
        assert signer.stop() == 0


if __name__ == "__main__":
    hallmark.run_tests("__main__")
