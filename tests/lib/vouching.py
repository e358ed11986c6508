"""Who vouches for a collector: certificates that tests issue, and which of several CAs stands behind a
chain at a time, written from proto/PROTOCOL.md (section 11). Shares no code with Hallmark.
"""

import datetime
import hashlib

import make_log
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rederivation import first_der

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM


def at(seconds):
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def sha256(certificate):
    return hashlib.sha256(certificate.public_bytes(DER)).hexdigest()


class CA:
    """A CA of collectors; `issuer` is another one, or it signs itself."""

    def __init__(self, subject="hosts", issuer=None, start=make_log.TIME_S - 86400, days=365):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject, self.issuer = name(subject), issuer
        self.certificate = self.build(self.subject, self.key, issuer or self, start, days).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True).add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False).sign(
                    (issuer or self).key, hashes.SHA256())

    @staticmethod
    def build(subject, key, issuer, start, days):
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(at(start)).not_valid_after(at(start + days * 86400)))

    def pem(self):
        return self.certificate.public_bytes(PEM)

    def collector(self, identity=make_log.COLLECTOR, start=make_log.TIME_S - 3600, days=30,
                  usage=ExtendedKeyUsageOID.CLIENT_AUTH, rsa_bits=None, digest=hashes.SHA256()):
        """(certificates in DER, function that signs) as Workload.report takes them; .certificate.
        `rsa_bits`: of its key, where it is RSA; `digest`: with which the CA signs it."""
        return Collector(self, identity, start, days, usage, rsa_bits, digest)

    def revocations(self, *revoked, key=None, names_key=None):
        """A list of (collector, seconds[, seconds since when it was invalid]); `names_key`: whose it says
        that it is."""
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.subject)
                   .last_update(at(make_log.TIME_S)).next_update(at(make_log.TIME_S + 86400)))
        for collector, seconds, *invalid in revoked:
            entry = (x509.RevokedCertificateBuilder().serial_number(collector.certificate.serial_number)
                     .revocation_date(at(seconds)))
            for since in invalid:
                entry = entry.add_extension(x509.InvalidityDate(at(since)), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        if names_key:
            builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                names_key.public_key()), critical=False)
        return builder.sign(key or self.key, hashes.SHA256())


class Collector(tuple):
    def __new__(cls, ca, identity, start, days, usage, rsa_bits, digest):
        key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
        how = (padding.PKCS1v15(), hashes.SHA256()) if rsa_bits else (ec.ECDSA(hashes.SHA256()),)
        certificate = (CA.build(name("host"), key, ca, start, days)
                       .add_extension(x509.SubjectAlternativeName(
                           [x509.UniformResourceIdentifier(identity)]), critical=False)
                       .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
                       .sign(ca.key, digest))
        chain = certificate.public_bytes(DER)
        while ca.issuer:  # those between; the last is left out, as in TLS
            chain, ca = chain + ca.certificate.public_bytes(DER), ca.issuer
        self = super().__new__(cls, (chain, lambda data: key.sign(data, *how)))
        self.certificate = certificate
        return self


# --- the document's rule -------------------------------------------------------------------------


def read_pem(text):
    """All certificates in it."""
    end = b"-----END CERTIFICATE-----"
    return [x509.load_pem_x509_certificate(part + end) for part in text.split(end)[:-1]]


def split(chain):
    certificates = []
    while chain:
        der = first_der(chain)
        certificates.append(x509.load_der_x509_certificate(der))
        chain = chain[len(der):]
    return certificates


def issued(certificate, issuer):
    try:
        if certificate.issuer != issuer.subject:
            return False
        issuer.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes,
                                   ec.ECDSA(certificate.signature_hash_algorithm))
        return True
    except InvalidSignature:
        return False


def way_to(certificate, between, cas, seen=()):
    """Each way from it to one of the CAs."""
    for ca in cas:
        if certificate == ca:
            yield [certificate]
        elif issued(certificate, ca):
            yield [certificate, ca]
    for other in between:
        if other not in seen and other != certificate and issued(certificate, other):
            yield from ([certificate, *rest] for rest in way_to(other, between, cas, (*seen, other)))


def names_key_of(revocations, issuer):
    """What the list says of the key that signed it fits this CA; it may say nothing."""
    try:
        said = revocations.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        has = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return True
    return said.key_identifier == has.digest


def ended(entry):
    try:
        said = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date
    except x509.ExtensionNotFound:
        said = entry.revocation_date
    return min(said, entry.revocation_date)


def judged(way, revocations, iat):
    """(the list has it by then, its CA has signed the list) of each list that says something about
    what is on the way. Of a CA of another's that counts itself nobody has that other's key."""
    for certificate, issuer in zip(way, [*way[1:], None]):
        for r in (r for r in revocations if r.issuer == certificate.issuer):
            if issuer is None and issued(certificate, certificate):
                continue
            entry = r.get_revoked_certificate_by_serial_number(certificate.serial_number)
            has = entry is not None and ended(entry) <= at(iat)
            if issuer is not None and names_key_of(r, issuer):
                yield has, r.is_signature_valid(issuer.public_key())
            elif has:
                yield True, False


def is_strong(way):
    """No key on it and no signature is one that TLS would not take."""
    return all(c.public_key().key_size >= (2048 if isinstance(c.public_key(), rsa.RSAPublicKey) else 224)
               for c in way) and \
        not any(isinstance(c.signature_hash_algorithm, (hashes.MD5, hashes.SHA1)) for c in way[:-1])


def ways(chain, cas, revocations, iat):
    """(the CA, whether all on the way to it was valid at that time) where nothing was revoked. A list in
    the name of a CA by another key makes it unknown: that is not valid either."""
    own, *between = split(chain)
    usage = own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        return
    for way in way_to(own, between, cas):
        lists = list(judged(way, revocations, iat))
        if not any(has and good for has, good in lists):
            yield way[-1], all(good for _, good in lists) and \
                all(c.not_valid_before <= at(iat) < c.not_valid_after for c in way) and is_strong(way)


def voucher(chain, cas, revocations, iat):
    """SHA-256 of the CA that stands behind the chain at that time; None: none does."""
    return next((sha256(ca) for ca, valid in ways(chain, cas, revocations, iat) if valid), None)


def stands(chain, cas, revocations, iat):
    """One of the CAs does, whatever the dates are: a connection may outlive a certificate."""
    return any(True for _ in ways(chain, cas, revocations, iat))
