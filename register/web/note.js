/*
 * Signatures of notes (PROTOCOL.md, section 9): by which line a key has signed, and whether it has.
 *
 * Of the lines that bear the log's name and the key's ID there is exactly one, and it verifies; lines
 * of other keys are not looked at. An ECDSA signature has its one DER form and the lower s.
 */

import {concat, demand, equal, fromBase64, toHex} from "./bytes.js";
import {RSA_SCHEMES} from "./x509.js";

const CURVES = {
	"P-256": {size: 32, order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n},
	"P-384": {size: 48, order: BigInt("0xffffffffffffffffffffffffffffffffffffffffffffffff" +
		"c7634d81f4372ddf581a0db248b0a77aecec196accc52973")},
};

/* A key that this browser cannot check with: it is not known whether the signature is good. */
export class Unavailable extends Error {}

/* {line, id: hex, scheme} of the signature that verifies; refused if none, several, or a wrong one. */
export async function verifyNote(subtle, note, origin, trust) {
	const mine = [];
	for (const scheme of schemesOf(trust)) {
		const id = await keyId(subtle, origin, trust, scheme);
		demand(trust.id === null || (trust.name === origin ? equal(trust.id, id) : true),
			"verifier key: its hash is another key's");
		if (trust.name === null || trust.name === origin)
			note.lines.forEach((line, i) => {
				if (line.name === origin && equal(line.id, id))
					mine.push({...line, line: i, scheme});
			});
	}
	demand(mine.length > 0, "it is not by the key that you gave: no line bears that key's ID");
	demand(mine.length === 1, `expected one signature by this key, found ${mine.length}`);
	const [found] = mine;
	demand(await isGood(subtle, new TextEncoder().encode(note.text), found, trust),
		"the signature is not this key's over this checkpoint");
	return {line: found.line, id: toHex(found.id), scheme: found.scheme};
}

function schemesOf(trust) {
	return trust.kind === "RSA" ? trust.scheme !== null ? [trust.scheme] : RSA_SCHEMES : [trust.kind];
}

/* The first four bytes of a hash over name, type and key; of ECDSA over the key alone. */
async function keyId(subtle, name, trust, scheme) {
	const text = new TextEncoder(), head = text.encode(`${name}\n`);
	const over = trust.kind === "RSA" ? concat(head, Uint8Array.of(0xff), text.encode(scheme), trust.spki)
		: trust.kind === "Ed25519" ? concat(head, Uint8Array.of(1), trust.raw) : trust.spki;
	return new Uint8Array(await subtle.digest("SHA-256", over)).subarray(0, 4);
}

async function isGood(subtle, text, {signature, scheme}, trust) {
	const curve = CURVES[trust.kind];
	let how = {name: "Ed25519"}, bytes = signature;
	if (curve !== undefined) {
		how = {name: "ECDSA", namedCurve: trust.kind, hash: "SHA-256"};
		bytes = rawSignature(signature, curve);
	} else if (trust.kind === "RSA") {
		how = {name: scheme === RSA_SCHEMES[0] ? "RSASSA-PKCS1-v1_5" : "RSA-PSS", hash: "SHA-256", saltLength: 32};
	}
	let key;
	try {
		key = await subtle.importKey("spki", trust.spki, how, false, ["verify"]);
	} catch (error) {
		if (error?.name === "NotSupportedError")
			throw new Unavailable(`this browser cannot check ${trust.kind}`);
		demand(false, `expected a ${trust.kind} key, found one that the browser does not take`);
	}
	return await subtle.verify(how, key, bytes, text) === true;
}

/* DER of two INTEGERs, both in their shortest form, to r || s. */
function rawSignature(der, {size, order}) {
	demand(der[0] === 0x30 && der[1] === der.length - 2 && der.length < 0x80 + 2,
		"expected an ECDSA signature in DER");
	const numbers = [];
	for (let at = 2; at < der.length;) {
		const length = der[at + 1], digits = der.subarray(at + 2, at + 2 + length);
		demand(der[at] === 2 && length > 0 && digits.length === length && digits[0] < 0x80 &&
			(digits[0] !== 0 || (length > 1 && digits[1] >= 0x80)), "expected an ECDSA signature in its one form");
		numbers.push(BigInt(`0x${toHex(digits)}`));
		at += 2 + length;
	}
	const [r, s] = numbers;
	demand(numbers.length === 2 && r > 0n && r < order && s > 0n && s < order, "expected two numbers of the curve");
	demand(s <= order / 2n, "expected the lower s of an ECDSA signature: this is its other form");
	const hex = numbers.map(number => number.toString(16).padStart(2 * size, "0")).join("");
	return Uint8Array.from(hex.match(/../g), pair => parseInt(pair, 16));
}

/* A list of hashes: hex or base64, as texts, or one text of base64 lines. */
export function hashList(proof) {
	const list = typeof proof === "string" ? proof.split("\n").filter(line => line !== "") : proof;
	demand(Array.isArray(list) && list.length <= 65, "expected a list of at most 65 hashes");
	return list.map(each => {
		demand(typeof each === "string", "expected hashes as text");
		const bytes = /^[0-9a-f]{64}$/.test(each) ? Uint8Array.from(each.match(/../g), pair => parseInt(pair, 16))
			: fromBase64(each, "hash");
		demand(bytes.length === 32, "expected hashes of 32 bytes");
		return bytes;
	});
}
