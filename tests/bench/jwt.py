"""A JWS for every report, against C_Sign alone on the same token with as many sessions.

Three tokens: SoftHSM itself; one that takes 10 ms a signature and does as many at once as it has
sessions, like a network HSM; one of 114 ms that does one at a time, like a YubiHSM 2. Raw and whole
path take turns on a token of their own each, so that no session of the one is held by the other.

With SoftHSM the two cores are what is short, not the token: each signature is also verified, its report
appraised, logged and sent, and the load runs beside. There signer and key process may use both cores,
as C_Sign may. The raw rate is that of all sessions, or of one if that is more: SoftHSM takes turns
inside, and threads that only wait for it cost it a part of its rate.
"""

import json
import subprocess

import hallmark
import stand
from table import median, median_ratio

GOAL = 0.9
WORKLOADS = 16  # a connection

# name, sessions, latency in us, one at a time, connections: enough that the token always has work, and
# so few that what is under way at a turn's end is signed before the next turn of the same kind begins
TOKENS = (
    ("SoftHSM", 4, 0, False, 32),
    ("a token of 10 ms, 16 at once", 16, 10_000, False, 32),
    ("a token of 114 ms, one at a time", 2, 114_000, True, 3),
)


class JwtStand(stand.Stand):
    """With JWS for all, and both processes on both cores."""

    def __init__(self, sessions, latency_us, serial):
        super().__init__(cores="0,1", token_module=latency_us > 0, hsm={"sessions": sessions})
        if latency_us > 0:
            self.token.set(latency_us=latency_us, serial=int(serial))
        self.sessions = sessions
        self.write_policy(token=[{"profile": "test"}])

    def start(self):
        self.signer = self.start_signer()
        self.key_process = self.key_process_pid()
        return self

    def tokens(self):
        return self.status()["counters"]["tokens"]

    def whole_path(self, connections, seconds):
        """JWS a second: of the receipts that came in time each has one."""
        before = self.tokens()
        turn = self.reports("--connections", connections, "--workloads", WORKLOADS, "--seconds",
                            seconds)
        assert self.tokens() - before >= turn["receipts"], turn
        return turn


def raw(site, sessions, seconds, *arguments):
    done = subprocess.run(
        [hallmark.program("rawsign"), "--module", site.options.get("module", hallmark.MODULE),
         "--token", "test", "--pin-file", str(site.path("pin")), "--key", "log", "--sessions",
         str(sessions), "--seconds", str(seconds), *arguments], env=site.env, capture_output=True,
        text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def modes(table):
    for token in TOKENS:
        mode(table, *token)


def mode(table, name, sessions, latency_us, serial, connections):
    """One row; gives what it was made of."""
    # So long that what a token has begun at the end of a turn does not matter.
    seconds = max(table.seconds, 60 * latency_us // 1_000_000)
    with JwtStand(sessions, latency_us, serial) as ours, \
            JwtStand(sessions, latency_us, serial) as theirs:
        ours.start()
        theirs.init_key()

        def with_reports():
            return ours.whole_path(connections, seconds)

        def c_sign():
            counts = {sessions} if latency_us > 0 else {1, sessions}
            return max((raw(theirs, n, seconds) for n in counts), key=lambda r: r["per_second"])

        def and_verify():
            return raw(theirs, sessions, seconds, "--libp11", "--verify", str(theirs.path("log.crt")))

        measured, alone, verified = table.alternate(f"JWS, {name}", with_reports, c_sign, and_verify)
        checkpoints = ours.status()["counters"]["checkpoints"]
        rate, rate_raw = median(measured, "per_second"), median(alone, "per_second")
        ratio = median_ratio(measured, alone)
        table.row(f"JWS, {name}", rate, "/s", f"C_Sign {rate_raw:,.1f}/s", ratio, GOAL)
        table.note(f"{sessions} sessions; {checkpoints / max(1, ours.tokens()):.1%} as many checkpoints "
                   f"as JWS; p50 {median(measured, 'p50_us') / 1000:,.0f} ms; busy: signer "
                   f"{median_of_list(measured, 0):.0%}, key process {median_of_list(measured, 1):.0%} of a "
                   "core")
        table.note(f"through libp11, and each verified, with nothing else to do: "
                   f"{median(verified, 'per_second'):,.1f}/s; of that {median_ratio(measured, verified):.2f}")
        costs = [us_each(measured, lambda t: t["busy"][1]), us_each(measured, lambda t: t["busy"][0]),
                 us_each(measured, lambda t: t["load_busy"])]
        least = us_each(verified, lambda t: t["busy"])
        table.note("us of a core each: key process {:.0f}, signer {:.0f}, load {:.0f}".format(*costs) +
                   f", against {least:.0f} through libp11 and verified: {least / sum(costs):.2f}")
        ours.finish()
    return {"value": rate, "raw": rate_raw, "ratio": ratio}


def us_each(turns, busy):
    """Processor time of a signature."""
    return median([{"us": 1e6 * busy(turn) / turn["per_second"]} for turn in turns], "us")


def median_of_list(turns, at):
    return median([{"busy": turn["busy"][at]} for turn in turns], "busy")
