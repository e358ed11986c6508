#!/usr/bin/python3
"""What a handshake may be made of: the kinds of keys, exchanges and ciphers of TLS 1.3."""

import subprocess

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

import hallmark
import wire
from hallmark import APP, Site

KEYS = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}
CIPHERS = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
GROUPS = ("X25519", "X448", "P-256", "P-384", "P-521")


def submit(site, name, workload, **changes):
    collector = wire.Collector(site.port, str(site.path("collectors-ca.crt")),
                               str(site.path(f"{name}.crt")), str(site.path(f"{name}.key")))
    return collector.submit(workload, APP, **changes)


def s_client(site, name, *arguments):
    """One handshake by the openssl program; its output if that succeeded, else None."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{site.port}", "-CAfile",
         site.path("collectors-ca.crt"), "-cert", site.path(f"{name}.crt"), "-key",
         site.path(f"{name}.key"), "-alpn", "hallmark", "-verify_return_error", "-trace",
         *arguments],
        input="", capture_output=True, text=True, check=False, timeout=hallmark.PATIENCE_S)
    return done.stdout if done.returncode == 0 else None


def rsa_pss(site, name):
    """A certificate whose key may make PSS signatures only, which Python's library cannot make."""
    key, request, extensions = (site.path(f"{name}.{end}") for end in ("key", "csr", "ext"))
    extensions.write_text(f"subjectAltName=URI:spiffe://test/{name}\nextendedKeyUsage=clientAuth\n")
    for command in (
            ["genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key],
            ["req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request],
            ["x509", "-req", "-in", request, "-CA", site.path("collectors-ca.crt"), "-CAkey",
             site.path("ca.key"), "-days", "2", "-extfile", extensions, "-out",
             site.path(f"{name}.crt")]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)


def signature_by(key):
    """Of a bundle, by the key of its collector's certificate (proto/PROTOCOL.md)."""
    how = {ec.EllipticCurvePrivateKey: (ec.ECDSA(hashes.SHA256()),),
           rsa.RSAPrivateKey: (padding.PKCS1v15(), hashes.SHA256())}
    arguments = next((a for kind, a in how.items() if isinstance(key, kind)), ())
    return lambda data: key.sign(b"hallmark bundle signature v1\n" + data, *arguments)


def test_every_kind_of_key_is_let_in_and_may_sign_bundles():
    with Site(loops=2) as site:
        site.start_signer()
        for name, generate in KEYS.items():
            key = generate()
            site.issue(name, uri=f"spiffe://test/{name}", key=key)
            for loop in range(2):
                assert submit(site, name, f"{name}-{loop}", signature=signature_by(key)), name


def test_a_key_for_pss_signatures_is_let_in():
    with Site() as site:
        site.start_signer()
        site.secret("ca.key", site.ca.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()).decode())
        rsa_pss(site, "pss")
        assert submit(site, "pss", "app")


def test_every_cipher_and_exchange_is_spoken():
    with Site(loops=1) as site:
        site.start_signer()
        site.issue("host", uri="spiffe://test/host")
        for cipher in CIPHERS:
            said = s_client(site, "host", "-ciphersuites", cipher)
            assert said and f"Cipher is {cipher}" in said, cipher
        for group in GROUPS:
            assert s_client(site, "host", "-groups", group), group
        assert site.status()["counters"]["handshakes"] == len(CIPHERS) + len(GROUPS)


def test_the_cipher_is_the_first_of_ours():
    with Site(loops=1) as site:
        site.start_signer()
        site.issue("host", uri="spiffe://test/host")
        for offered in (CIPHERS, CIPHERS[::-1]):
            said = s_client(site, "host", "-ciphersuites", ":".join(offered))
            assert said and f"Cipher is {CIPHERS[0]}" in said, offered


def test_the_exchange_is_one_of_elliptic_curves():
    """Who begins with a finite field is asked again; who knows nothing else is not let in."""
    with Site(loops=1) as site:
        signer = site.start_signer()
        site.issue("host", uri="spiffe://test/host")
        said = s_client(site, "host", "-groups", "ffdhe2048:P-256")
        assert said and said.count("ClientHello, Length") == 2
        assert s_client(site, "host", "-groups", "ffdhe8192") is None
        signer.wait_for("code=tls-handshake ")


if __name__ == "__main__":
    hallmark.run_tests("__main__")
