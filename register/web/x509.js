/*
 * What a visitor gives as the log's key, read: an X.509 certificate or a public key, in PEM or DER,
 * or a verifier key line (PROTOCOL.md, section 9). DER alone is taken, in its one form.
 *
 * Of a certificate its key, the names that it has and its dates are taken. Who has signed it is not
 * looked at: the visitor says that it is the log's.
 */

import {demand, equal, fromBase64, fromHex, printable, toBytes, toHex} from "./bytes.js";
import {isKeyName} from "./receipt.js";

const TRUST_SIZE_MAX = 65536; /* bytes: a certificate with its chain is a tenth of it */
const PEM = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE|PUBLIC KEY)-----([^-]*)-----END \1-----/;

const OID = {
	ec: "2a8648ce3d0201", p256: "2a8648ce3d030107", p384: "2b81040022", rsa: "2a864886f70d010101",
	ed25519: "2b6570", commonName: "550403", alternative: "551d11",
};
const SEQUENCE = 0x30, SET = 0x31, INTEGER = 2, BITS = 3, OCTETS = 4, NULL = 5, OBJECT = 6, BOOLEAN = 1;
const RSA_BITS_MIN = 2048;
/* Of RSA keys; behind the type 0xff in a verifier key line. */
export const RSA_SCHEMES = ["hallmark-rsa-pkcs1-sha256/1", "hallmark-rsa-pss-sha256/1"];

/*
 * {kind: "P-256"|"P-384"|"RSA"|"Ed25519", bits, spki: bytes, raw: bytes or null (Ed25519's key),
 *  form: "certificate"|"public key"|"verifier key", subject, names: [text], from, until: ms or null,
 *  name: text or null, scheme: text or null (those of a verifier key)}
 */
export function parseTrust(given) {
	const bytes = toBytes(given);
	demand(bytes !== null && bytes.length > 0, "expected a certificate, a public key or a verifier key, found nothing");
	demand(bytes.length <= TRUST_SIZE_MAX, `expected at most ${TRUST_SIZE_MAX} bytes of certificate`);
	if (bytes[0] === SEQUENCE)
		return elements(whole(bytes, SEQUENCE)).length === 3 ? parseCertificate(bytes) : parseKey(bytes);
	const text = new TextDecoder("latin1").decode(bytes), pem = PEM.exec(text);
	if (pem === null)
		return parseVerifierKey(text.endsWith("\n") ? text.slice(0, -1) : text);
	const der = fromBase64(pem[2].replace(/[ \t\r\n]/g, ""), `PEM of a ${pem[1].toLowerCase()}`);
	return pem[1] === "PUBLIC KEY" ? parseKey(der) : parseCertificate(der);
}

/* Whether this names a log: what PROTOCOL.md lets a certificate do. */
export function namesOrigin(trust, origin) {
	return trust.name === origin || trust.names.some(({form, text}) =>
		text === origin || (form === "uri" && text === `https://${origin}`));
}

function parseVerifierKey(line) {
	const parts = line.split("+"), name = parts[0];
	demand(parts.length >= 3 && isKeyName(name) && /^[!-~]*$/.test(name),
		"expected a certificate or public key in PEM or DER, or a verifier key (NAME+HASH+KEY)");
	const id = fromHex(parts[1], "verifier key"), bytes = fromBase64(parts.slice(2).join("+"), "verifier key");
	demand(id.length === 4, "verifier key: expected eight digits of hex");
	const trust = keyOfLine(bytes);
	return {...trust, form: "verifier key", name, id};
}

function keyOfLine(bytes) {
	if (bytes[0] === 1) {
		demand(bytes.length === 33, "verifier key: expected 32 bytes of Ed25519");
		return parseKey(Uint8Array.of(...fromHex("302a300506032b6570032100"), ...bytes.subarray(1)));
	}
	if (bytes[0] === 2) {
		const trust = parseKey(bytes.subarray(1));
		demand(trust.kind.startsWith("P-"), "verifier key: expected a key on P-256 or P-384 behind the type 02");
		return trust;
	}
	for (const scheme of RSA_SCHEMES) {
		const head = Uint8Array.of(0xff, ...new TextEncoder().encode(scheme));
		if (equal(bytes.subarray(0, head.length), head)) {
			const trust = parseKey(bytes.subarray(head.length));
			demand(trust.kind === "RSA", "verifier key: expected an RSA key");
			return {...trust, scheme};
		}
	}
	demand(false, "verifier key: of a type that is not known here");
}

/* --- certificates ------------------------------------------------------------------------------- */

function parseCertificate(der) {
	const [tbs, algorithm, signature, ...more] = elements(whole(der, SEQUENCE));
	demand(signature?.tag === BITS && algorithm.tag === SEQUENCE && tbs.tag === SEQUENCE && more.length === 0,
		"expected an X.509 certificate");
	const parts = elements(tbs.content);
	if (parts[0]?.tag === 0xa0) {
		const version = whole(parts.shift().content, INTEGER);
		demand(version.length === 1 && version[0] === 2, "certificate: expected version 3, or none said");
	}
	const [serial, inner, issuer, validity, subject, key, ...rest] = parts;
	demand(key?.tag === SEQUENCE && serial.tag === INTEGER &&
		[inner, issuer, validity, subject].every(part => part.tag === SEQUENCE), "expected an X.509 certificate");
	const times = elements(validity.content), [from, until] = times.map(time);
	demand(times.length === 2, "certificate: expected two times");
	const extensions = rest.find(part => part.tag === 0xa3);
	return {
		...parseKey(key.whole), form: "certificate", from, until,
		subject: commonNames(subject.content).map(text => printable(text, 128)).join(", "),
		names: [...commonNames(subject.content).map(text => ({form: "name", text})),
			...(extensions ? alternativeNames(whole(extensions.content, SEQUENCE)) : [])],
	};
}

function commonNames(name) {
	return elements(name).flatMap(set => elements(demandTag(set, SET).content)).flatMap(pair => {
		const [type, value, ...more] = elements(demandTag(pair, SEQUENCE).content);
		demand(type?.tag === OBJECT && value !== undefined && more.length === 0, "certificate: expected a name");
		return toHex(type.content) === OID.commonName ? [textOf(value.content)] : [];
	});
}

function alternativeNames(extensions) {
	return elements(extensions).flatMap(extension => {
		const [type, ...rest] = elements(demandTag(extension, SEQUENCE).content);
		const value = rest.at(-1);
		demand(type?.tag === OBJECT && value?.tag === OCTETS &&
			(rest.length === 1 || (rest.length === 2 && rest[0].tag === BOOLEAN)), "certificate: expected an extension");
		if (toHex(type.content) !== OID.alternative)
			return [];
		return elements(whole(value.content, SEQUENCE)).flatMap(({tag, content}) =>
			tag === 0x86 ? [{form: "uri", text: textOf(content)}]
			: tag === 0x82 ? [{form: "dns", text: textOf(content)}] : []);
	});
}

/* Milliseconds since 1970, of one of DER's two forms. */
function time({tag, content}) {
	const text = textOf(content);
	const match = (tag === 0x17 ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
		: tag === 0x18 ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /(?!)/).exec(text);
	demand(match !== null, "certificate: expected a time in DER");
	const [year, month, ...rest] = match.slice(1).map(Number);
	const full = tag === 0x18 ? year : year < 50 ? 2000 + year : 1900 + year; /* RFC 5280, 4.1.2.5.1 */
	const at = new Date(0);
	at.setUTCFullYear(full, month - 1, rest[0]);
	at.setUTCHours(rest[1], rest[2], rest[3]);
	demand(at.toISOString().replace(/\D/g, "").slice(-17, -3).endsWith(match.slice(2).join("")),
		"certificate: expected a time that there is");
	return at.getTime();
}

/* --- keys --------------------------------------------------------------------------------------- */

/* SubjectPublicKeyInfo of a key by which notes are signed, in the one form that Hallmark writes. */
function parseKey(spki) {
	const [algorithm, key, ...more] = elements(whole(spki, SEQUENCE));
	demand(algorithm?.tag === SEQUENCE && key?.tag === BITS && key.content[0] === 0 && more.length === 0,
		"expected a public key (SubjectPublicKeyInfo)");
	const [type, parameters, ...others] = elements(algorithm.content), bits = key.content.subarray(1);
	demand(type?.tag === OBJECT && others.length === 0, "public key: expected an algorithm");
	return {
		spki: spki.slice(), raw: null, subject: "", names: [], from: null, until: null, name: null,
		id: null, scheme: null, form: "public key", ...kindOf(toHex(type.content), parameters, bits),
	};
}

function kindOf(type, parameters, bits) {
	if (type === OID.ec && parameters?.tag === OBJECT) {
		const curve = toHex(parameters.content);
		if (curve === OID.p256 && bits.length === 65 && bits[0] === 4)
			return {kind: "P-256", bits: 256};
		if (curve === OID.p384 && bits.length === 97 && bits[0] === 4)
			return {kind: "P-384", bits: 384};
	} else if (type === OID.rsa && parameters?.tag === NULL && parameters.content.length === 0) {
		const [modulus, exponent, ...more] = elements(whole(bits, SEQUENCE));
		demand(modulus?.tag === INTEGER && exponent?.tag === INTEGER && more.length === 0, "expected an RSA key");
		const digits = toHex(modulus.content).replace(/^0+/, ""), size = BigInt(`0x${digits || 0}`).toString(2).length;
		if (size >= RSA_BITS_MIN)
			return {kind: "RSA", bits: size};
	} else if (type === OID.ed25519 && parameters === undefined && bits.length === 32) {
		return {kind: "Ed25519", bits: 256, raw: bits.slice()};
	}
	demand(false, "expected a key on P-256 or P-384, of RSA with 2,048 bits or more, or of Ed25519");
}

/* --- DER ---------------------------------------------------------------------------------------- */

/* All elements that stand one behind the other: [{tag, start, content, whole}]. */
function elements(bytes) {
	const found = [];
	for (let at = 0; at < bytes.length;) {
		const element = elementAt(bytes, at);
		found.push(element);
		at = element.end;
	}
	return found;
}

function elementAt(bytes, at) {
	const tag = bytes[at], first = bytes[at + 1];
	demand((tag & 0x1f) !== 0x1f && first !== undefined, "expected DER, found it cut off");
	let size = first, start = at + 2;
	if (first >= 0x80) {
		const count = first & 0x7f;
		demand(count >= 1 && count <= 3 && start + count <= bytes.length, "expected DER, found a length of another form");
		size = bytes.subarray(start, start + count).reduce((sum, byte) => sum * 256 + byte, 0);
		demand(size >= 0x80 && bytes[start] !== 0, "expected DER, found a length that is longer than it must be");
		start += count;
	}
	const end = start + size;
	demand(end <= bytes.length, "expected DER, found it cut off");
	return {tag, start, end, content: bytes.subarray(start, end), whole: bytes.subarray(at, end)};
}

/* The content of the one element that these bytes are, and nothing behind. */
function whole(bytes, tag) {
	const all = elements(bytes);
	demand(all.length === 1, "expected DER of one element, found bytes behind it");
	return demandTag(all[0], tag).content;
}

function demandTag(element, tag) {
	demand(element?.tag === tag, "expected DER of another type");
	return element;
}

/* Names are UTF-8 as a rule; whatever else they are is shown byte by byte. */
function textOf(bytes) {
	try {
		return new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(bytes);
	} catch {
		return new TextDecoder("latin1").decode(bytes);
	}
}
