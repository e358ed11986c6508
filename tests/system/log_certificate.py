#!/usr/bin/python3
"""The certificate of the log's key: its chain taken over and shown, renewed while the signer serves, its end
said a month, a week and a day before."""

import json
import os
import re
import threading
import time

import hallmark
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hallmark import APP, Authority, Site, write_certificate
from wallclock import WallClock

DAY = 86400


class Issuer:
    """A root, an issuing CA below it, and the log's key with a certificate of that CA's."""

    def __init__(self, site, days=30):
        self.site = site
        site.hsm("init")
        self.root = Authority("root", site.dir, path_length=1, days=400)
        self.issuing = Authority("issuing", site.dir, parent=self.root, days=days)
        self.request = x509.load_pem_x509_csr(site.hsm("csr").stdout.encode())

    def issue(self, days=300, key=None, padding=0):
        builder = self.issuing.build(self.request.subject, key or self.request.public_key(), days)
        if padding:
            builder = builder.add_extension(x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), bytes(padding)), critical=False)
        return builder.sign(self.issuing.key, hashes.SHA256())

    def write(self, name, *certificates):
        write_certificate(self.site.path(name), *certificates)
        return str(self.site.path(name))

    def chain(self, name="chain.pem", **options):
        return self.write(name, self.issue(**options), self.issuing.certificate, self.root.certificate)

    def take(self, **options):
        self.site.hsm("import-cert", self.chain(**options))
        return self.site.path("log.crt").read_bytes()


def prometheus(site):
    return site.tool("hallmark-signer", "status", "--socket", str(site.path("run/status.sock")),
                     "--prometheus").stdout


def end_of(site, state):
    """As the status has it, which is told by a look at the clock that may be still to come."""
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while (end := site.status()["expiry"]["log_certificate"])["state"] != state:
        assert time.monotonic() < deadline, (state, end)
    return end


# --- the chain ------------------------------------------------------------------------------------

def test_a_chain_is_taken_over_in_order_and_shown():
    with Site() as site:
        issuer = Issuer(site)
        taken = issuer.take()
        assert taken == site.path("chain.pem").read_bytes()
        shown = json.loads(site.hsm("show", "--json").stdout)
        assert (shown["issuer"], shown["ca_1"], shown["ca_2"]) == ("CN=issuing CA", "CN=issuing CA", "CN=root CA")
        for number, ca in ((1, issuer.issuing), (2, issuer.root)):
            assert shown[f"ca_{number}_not_after"] == ca.certificate.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert re.search(r"(?m)^ca 1 +CN=issuing CA$", site.hsm("show").stdout)
        site.hsm("check")
        assert len(json.loads(site.hsm("jwks").stdout)["keys"][0]["x5c"]) == 3
        said = "no CA's certificate is behind it"
        assert said in site.hsm("import-cert", issuer.write("alone.pem", issuer.issue())).stdout
        assert said not in site.hsm("import-cert", issuer.chain()).stdout


def test_a_chain_in_another_order_is_refused_and_changes_nothing():
    with Site() as site:
        issuer = Issuer(site)
        own, issuing, root = issuer.issue(), issuer.issuing.certificate, issuer.root.certificate
        other = Authority("issuing", site.dir)  # of the same name
        no_ca = issuer.root.build(issuer.issuing.name, issuer.issuing.key.public_key()).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True).sign(issuer.root.key, hashes.SHA256())
        for chain, odd in (((own, root, issuing), (2, "root CA")), ((own, issuing, issuing), (3, "issuing CA")),
                           ((own, other.certificate), (2, "issuing CA")), ((own, no_ca, root), (2, "issuing CA")),
                           ((own, issuing, root, site.ca.certificate), (4, "collectors CA"))):
            done = site.hsm("import-cert", issuer.write("odd.pem", *chain), check=False)
            assert done.returncode == 1 and "put them in that order" in done.stderr, done
            assert "certificate {}, of CN={},".format(*odd) in done.stderr, done.stderr
            assert not site.path("log.crt").exists()
        done = site.hsm("import-cert", issuer.write("odd.pem", issuing, own), check=False)
        assert done.returncode == 1 and "put them in that order" in done.stderr, done
        done = site.hsm("import-cert", issuer.write("odd.pem", issuing, root), check=False)
        assert done.returncode == 1 and "of another key than the token's" in done.stderr, done
        site.path("odd.der").write_bytes(own.public_bytes(serialization.Encoding.DER))
        done = site.hsm("import-cert", str(site.path("odd.der")), check=False)
        assert done.returncode == 1 and "openssl x509 -inform DER" in done.stderr, done
        issuer.write("log.crt", own, root, issuing)  # by hand
        done = site.hsm("check", check=False)
        assert done.returncode == 1 and "put them in that order" in done.stderr, done


def test_a_chain_that_is_larger_than_what_a_signer_takes_is_refused():
    with Site() as site:
        issuer = Issuer(site)
        for padding, good in ((20000, False), (10000, True)):
            done = site.hsm("import-cert", issuer.chain(padding=padding), check=False)
            assert (done.returncode == 0) == good, done
            assert good or "of 16384 bytes in all" in done.stderr, done


def test_a_chain_with_a_ca_that_is_over_is_said():
    with Site() as site:
        issuer = Issuer(site, days=-3)
        done = site.hsm("import-cert", issuer.chain())
        assert "the certificate of the CA CN=issuing CA has expired" in done.stderr, done
        done = site.hsm("check", check=False)
        assert done.returncode == 1 and "CA CN=issuing CA has expired" in done.stderr, done


# --- renewed --------------------------------------------------------------------------------------

class Reporting:
    """A collector that reports without end; the longest time that it waited for a receipt."""

    def __init__(self, site):
        self.collector, self.count, self.worst_s, self.stop = site.collector(), 0, 0.0, threading.Event()
        self.counted = threading.Condition()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop.is_set():
            began = time.monotonic()
            self.collector.submit("app", APP)
            with self.counted:
                self.worst_s = max(self.worst_s, time.monotonic() - began)
                self.count += 1
                self.counted.notify_all()

    def more(self, count=20):
        with self.counted:
            wanted = self.count + count
            assert self.counted.wait_for(lambda: self.count >= wanted, hallmark.PATIENCE_S), self.count

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def test_a_renewed_certificate_is_taken_while_receipts_go_on():
    with Site() as site:
        issuer = Issuer(site)
        issuer.take(days=20)
        signer = site.start_signer()
        pid = site.key_process_pid()
        before = site.status()["expiry"]["log_certificate"]
        assert before["name"] == f"CN={hallmark.ORIGIN}" and before["state"] == "near", before
        with Reporting(site) as reporting:
            reporting.more()
            issuer.issuing = Authority("issuing", site.dir, parent=issuer.root, days=200)
            issuer.take()
            line = signer.wait_for("event=renewed what=log_certificate")
            assert "CN=issuing CA" in line, line  # of the chain what ends first
            reporting.more()
            end = end_of(site, "far")
            assert 199 * DAY < end["left_s"] < 201 * DAY, end
            # One of another key, half of one, and one of 70 kB are said, once, and change nothing.
            good, seen = site.path("log.crt").read_bytes(), len(signer.lines)
            other = issuer.issue(key=ec.generate_private_key(ec.SECP256R1()).public_key())
            write_certificate(site.path("new.crt"), other)
            os.replace(site.path("new.crt"), site.path("log.crt"))
            signer.wait_for("log.crt: the certificate there is not taken", seen)
            site.path("log.crt").write_bytes(good[:200])
            signer.wait_for("log.crt: the certificate there is not taken",
                            1 + signer.lines.index(signer.wait_for("not taken", seen)))
            seen = len(signer.lines)
            write_certificate(site.path("new.crt"), issuer.issue(padding=70000))
            os.replace(site.path("new.crt"), site.path("log.crt"))
            signer.wait_for("log.crt: the certificate there is not taken", seen)
            reporting.more()
            seen = len(signer.lines)
            site.path("log.crt").write_bytes(good)
            signer.wait_for("event=renewed what=log_certificate", seen)
            reporting.more()
        assert len([line for line in signer.lines if "not taken" in line]) == 3, signer.lines
        assert site.key_process_pid() == pid and site.status()["counters"]["key_process_starts"] == 1
        assert reporting.worst_s < 1, reporting.worst_s
        print(f"     {reporting.count} receipts, the slowest in {1000 * reporting.worst_s:.0f} ms")


# --- its end --------------------------------------------------------------------------------------

def test_its_end_is_said_a_month_a_week_and_a_day_before():
    with Site() as site:
        clock = WallClock(site)
        site.env.update(clock.env)
        issuer = Issuer(site, days=100)
        issuer.take(days=35)
        signer = site.start_signer()
        site.key_process_pid()
        said = "event=expire[sd] what=log_certificate"
        assert site.status()["expiry"]["log_certificate"]["state"] == "far"
        assert not [line for line in signer.lines if re.search(said, line)], signer.lines

        for day, event, level, left, state in (
                (4.9, "", "", "", "far"), (5.1, "expires", "info", "29 days left", "near"),
                (27.9, "expires", "info", "7 days left", "near"), (28.1, "expires", "warning", "6 days left", "urgent"),
                (34.1, "expires", "error", "21 h left", "last"), (35.5, "expired", "error", "over for 12 h", "over"),
                (36.6, "expired", "error", "over for 38 h", "over")):
            seen = len(signer.lines)
            clock.move(int(day * DAY))
            if event:
                line = signer.wait_for(f"event={event} what=log_certificate", seen)
                assert f"level={level}" in line and left in line and hallmark.ORIGIN in line, line
            end_of(site, state)
        assert re.search(r'hallmark_expiry_seconds\{of="log_certificate"\} -\d+\n', prometheus(site))
        done = site.tool("hallmark-signer", "status", "--socket", str(site.path("run/status.sock")), check=False)
        assert done.returncode == 1 and f"CN={hallmark.ORIGIN} has been over for" in done.stdout, done


def test_a_log_goes_on_after_the_end_of_its_certificate():
    with Site() as site:
        issuer = Issuer(site)
        issuer.take(days=-1)
        signer = site.start_signer()
        site.key_process_pid()
        signer.wait_for("event=expired what=log_certificate")
        signer.wait_for("log.crt: the certificate has expired; make a new one for the same key")
        receipt = site.collector().submit("app", APP)
        site.path("r.tlog-proof").write_bytes(hallmark.wire.tlog_proof(receipt))
        done = site.audit("verify", str(site.path("r.tlog-proof")), "--cert", str(site.path("log.crt")))
        assert "PROVED" in done.stdout and "outside the certificate's dates" in done.stdout, done.stdout


if __name__ == "__main__":
    hallmark.run_tests(__name__)
