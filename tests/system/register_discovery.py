#!/usr/bin/python3
"""A relying party finds the keys of tokens at a register, as OpenID Connect has it, and takes a real
token by them (python3-jwt, jose)."""

import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import jwt

import npm
from hallmark import APP, PATIENCE_S, TOKENS, Site, free_port, run_tests
from registered import Register

AUDIENCE = "https://party.test"

POLICY = """name: test
references: [{name: known, file: known.sha256}]
workloads:
  - {match: "jws-*", collectors: ["spiffe://test/**"], require: [executable], token: [{profile: test}],
     executable: {references: [known]}}
  - {match: "*", collectors: ["spiffe://test/**"], require: [executable],
     executable: {references: [known]}}
"""


class Issuer:
    """A site whose tokens name a register as their issuer, and that register, behind TLS."""

    def __init__(self, site, issuer):
        self.issuer = issuer
        certificate, key = site.issue("register", dns="localhost", server=True)
        self.keys = site.path("jwks.json")
        self.keys.write_text(site.hsm("jwks").stdout)
        self.register = Register(
            {"name": "tokyo", "directory": str(site.path("log")), "evidence": str(site.path("evidence")),
             "certificates": [str(site.path("log.crt"))]}, follow={"grace_s": 30},
            discovery={"issuer": issuer, "keys": str(self.keys)},
            listen=[{"address": f"127.0.0.1:{issuer.rpartition(':')[2]}",
                     "tls": {"certificate": certificate, "key": key}}])
        self.trust = ssl.create_default_context(cafile=str(site.path("collectors-ca.crt")))
        self.register.start()

    def ask(self, path):
        with urllib.request.urlopen(self.issuer + path, timeout=PATIENCE_S, context=self.trust) as answer:
            return answer.headers, json.load(answer)


JOSE = "jose@5.9.6"
TAKE = """
import { createRemoteJWKSet, jwtVerify } from "jose";
const [issuer, audience, token] = process.argv.slice(2);
const about = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const keys = createRemoteJWKSet(new URL(about.jwks_uri));
const terms = {issuer: about.issuer, algorithms: about.id_token_signing_alg_values_supported};
const {payload} = await jwtVerify(token, keys, {...terms, audience});
const refused = async (token, terms) => jwtVerify(token, keys, terms).then(() => false, () => true);
const [head, body, signature] = token.split(".");
const other = signature[0] === "A" ? "B" : "A";
console.log(JSON.stringify({payload,
    otherAudience: await refused(token, {...terms, audience: "https://other.test"}),
    otherIssuer: await refused(token, {...terms, issuer: "https://other.test", audience}),
    altered: await refused(`${head}.${body}.${other}${signature.slice(1)}`, {...terms, audience})}));
"""


def test_jose_takes_a_token_by_discovery():
    jose = npm.package(JOSE)
    if jose is None or shutil.which("node") is None:
        npm.skipped(f"nobody has looked whether {JOSE} takes a token by discovery")
        return
    issuer = f"https://localhost:{free_port()}"
    with Site(hsm={"tokens": [{**TOKENS[0], "iss": issuer}]}) as site:
        site.write_policy(POLICY)
        site.start_signer()
        with Issuer(site, issuer).register:
            token, = site.collector().submit("jws-1", APP)["tokens"]
            script = jose.parents[1] / "take.mjs"
            script.write_text(TAKE)
            done = subprocess.run(
                ["node", str(script), issuer, AUDIENCE, token if isinstance(token, str) else token.decode()],
                env={**os.environ, "NODE_EXTRA_CA_CERTS": str(site.path("collectors-ca.crt"))},
                capture_output=True, text=True, timeout=PATIENCE_S, check=False)
            assert done.returncode == 0, done.stderr
            said = json.loads(done.stdout)
            assert said["payload"]["submods"]["jws-1"]["ear.status"] == "affirming", said
            assert said["otherAudience"] and said["otherIssuer"] and said["altered"], said


def test_a_token_is_taken_by_the_keys_that_are_found():
    issuer = f"https://localhost:{free_port()}"
    with Site(hsm={"tokens": [{**TOKENS[0], "iss": issuer}]}) as site:
        site.write_policy(POLICY)
        site.start_signer()
        found = Issuer(site, issuer)
        with found.register:
            headers, about = found.ask("/.well-known/openid-configuration")
            assert headers["Content-Type"] == "application/json", headers
            assert headers["Cache-Control"] == "public, max-age=300"
            assert about == {"issuer": issuer, "jwks_uri": issuer + "/jwks",
                             "response_types_supported": ["id_token"],
                             "subject_types_supported": ["public"],
                             "id_token_signing_alg_values_supported": ["ES256"]}, about
            token, = site.collector().submit("jws-1", APP)["tokens"]
            token = token if isinstance(token, str) else token.decode()
            client = jwt.PyJWKClient(about["jwks_uri"], ssl_context=found.trust) \
                if "ssl_context" in jwt.PyJWKClient.__init__.__code__.co_varnames else None
            keys = jwt.PyJWKSet.from_dict(found.ask("/jwks")[1])
            kid = jwt.get_unverified_header(token)["kid"]
            key = client.get_signing_key_from_jwt(token) if client else \
                next(k for k in keys.keys if k.key_id == kid)
            claims = jwt.decode(token, key.key, algorithms=about["id_token_signing_alg_values_supported"],
                                audience=AUDIENCE, issuer=about["issuer"])
            assert claims["submods"]["jws-1"]["ear.status"] == "affirming", claims

            # A new file counts at once; one with a secret in it, or that is none, is not shown.
            good = json.loads(found.keys.read_text())
            for bad in ({**good, "keys": [{**good["keys"][0], "d": "AAAA"}]},
                        {**good, "keys": []}, {"keys": [{"kty": "EC"}]}, [], "no JSON"):
                found.keys.write_text(bad if isinstance(bad, str) else json.dumps(bad))
                for path in ("/jwks", "/.well-known/openid-configuration"):
                    try:
                        found.ask(path)
                    except urllib.error.HTTPError as error:
                        assert error.code == 503, error.code
                        assert b"AAAA" not in error.read()
                    else:
                        raise AssertionError(f"answered with {bad}")
            more = {"keys": [*good["keys"], {**good["keys"][0], "kid": "next", "alg": "RS256"}]}
            found.keys.write_text(json.dumps(more))
            assert found.ask("/jwks")[1] == more
            assert found.ask("/.well-known/openid-configuration")[1][
                "id_token_signing_alg_values_supported"] == ["ES256", "RS256"]


if __name__ == "__main__":
    run_tests("__main__")
