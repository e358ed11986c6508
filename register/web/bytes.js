/*
 * Bytes, text and numbers as they stand in receipts, each in its one form (PROTOCOL.md, conventions).
 *
 * What is not in that form throws a Refusal, whose message is for people: it says what was expected,
 * and shows of what was found only what is printable.
 */

export class Refusal extends Error {}

export function demand(good, message) {
	if (!good)
		throw new Refusal(message);
}

/* No uint64 has more digits, and BigInt would take its time for a million of them. */
const DECIMAL_DIGITS_MAX = 20;
const U64_MAX = (1n << 64n) - 1n;

/* Control characters, and what nobody sees or what turns the order of what stands beside it. */
const UNSEEN = new RegExp("[" +
	"\\u{0}-\\u{1f}\\u{7f}-\\u{9f}\\u{ad}\\u{34f}\\u{61c}\\u{115f}\\u{1160}\\u{17b4}\\u{17b5}" +
	"\\u{180b}-\\u{180f}\\u{200b}-\\u{200f}\\u{2028}-\\u{202e}\\u{2060}-\\u{206f}\\u{2800}\\u{3164}" +
	"\\u{fe00}-\\u{fe0f}\\u{feff}\\u{ffa0}\\u{fff0}-\\u{fffb}\\u{fffe}\\u{ffff}" +
	"\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]", "u");

export function isPrintable(text) {
	return !UNSEEN.test(text) && !/\p{Surrogate}/u.test(text);
}

/* For showing what came from outside: escapes, and never longer than `most` characters. */
export function printable(text, most = 200) {
	const shown = [];
	for (const c of String(text).slice(0, most))
		shown.push(isPrintable(c) ? c : `\\u{${c.codePointAt(0).toString(16)}}`);
	return shown.join("") + (String(text).length > most ? "..." : "");
}

/* Bytes of a string or of a buffer; null of anything else. */
export function toBytes(value) {
	if (typeof value === "string")
		return /\p{Surrogate}/u.test(value) ? null : new TextEncoder().encode(value);
	if (value instanceof ArrayBuffer)
		return new Uint8Array(value);
	if (ArrayBuffer.isView(value))
		return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
	return null;
}

/* Well-formed UTF-8 as it stands: no byte order mark is taken away, nothing is replaced. */
export function utf8(bytes, what) {
	try {
		return new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(bytes);
	} catch {
		throw new Refusal(`${what}: expected UTF-8`);
	}
}

export function byteLength(text) {
	return new TextEncoder().encode(text).length;
}

export function concat(...parts) {
	const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

export function equal(a, b) {
	return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function toHex(bytes) {
	return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text, what) {
	demand(typeof text === "string" && /^([0-9a-f]{2})*$/.test(text), `${what}: expected hex in lower case`);
	return Uint8Array.from(text.match(/../g) ?? [], pair => parseInt(pair, 16));
}

export function toBase64(bytes) {
	let text = "";
	for (let at = 0; at < bytes.length; at += 32768)
		text += String.fromCharCode(...bytes.subarray(at, at + 32768));
	return btoa(text);
}

/* RFC 4648 section 4 with padding, unused bits zero: what is written again is what was read. */
export function fromBase64(text, what) {
	demand(/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0, `${what}: expected base64 with padding`);
	const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
	demand(toBase64(bytes) === text, `${what}: expected the one form of base64, found unused bits that are set`);
	return bytes;
}

/* A uint64 without leading zeros, as a BigInt. */
export function decimal(text, what) {
	demand(/^(0|[1-9][0-9]*)$/.test(text) && text.length <= DECIMAL_DIGITS_MAX,
		`${what}: expected a decimal number, found "${printable(text, 40)}"`);
	const number = BigInt(text);
	demand(number <= U64_MAX, `${what}: ${text} is more than any tree has`);
	return number;
}

/* For people: 12,384,221. */
export function grouped(number) {
	return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/* [line, rest] of a text whose lines all end in a line feed. */
export function takeLine(text, what) {
	const end = text.indexOf("\n");
	demand(end >= 0, `${what}: expected a line, found the end`);
	return [text.slice(0, end), text.slice(end + 1)];
}
