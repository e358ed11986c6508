/*
 * The form of a receipt (C2SP tlog-proof), of the signed note in it, and of that note's checkpoint
 * (PROTOCOL.md, sections 8 and 9). Nothing is verified here; what has another form is refused.
 */

import {byteLength, decimal, demand, fromBase64, isPrintable, takeLine} from "./bytes.js";

export const RECEIPT_SIZE_MAX = 192 * 1024; /* bytes: base64 of an entry, 64 hashes, a note */
const NOTE_SIZE_MAX = 65536;
const ENTRY_SIZE_MAX = 65535; /* a uint16 stands before each entry of a log */
const SIGNATURES_MAX = 64;
const PATH_MAX = 64; /* a size is a uint64: no path is longer */
const HASH_SIZE = 32;
const KEY_ID_SIZE = 4;
const FIRST_LINE = "c2sp.org/tlog-proof@v1";

/* {entry: bytes or null, index: BigInt, path: [bytes], note, checkpoint} */
export function parseReceipt(text) {
	let line, rest, entry = null;

	[line, rest] = takeLine(text, "receipt");
	demand(line === FIRST_LINE, `expected a receipt, whose first line is ${FIRST_LINE}`);
	if (rest.startsWith("extra ")) {
		[line, rest] = takeLine(rest, "extra");
		entry = fromBase64(line.slice(6), "extra");
		demand(entry.length <= ENTRY_SIZE_MAX, `extra: expected an entry of at most ${ENTRY_SIZE_MAX} bytes`);
	}
	[line, rest] = takeLine(rest, "index");
	demand(line.startsWith("index "), "expected a line that begins with index");
	const index = decimal(line.slice(6), "index"), path = [];
	for ([line, rest] = takeLine(rest, "path"); line !== ""; [line, rest] = takeLine(rest, "path")) {
		demand(path.length < PATH_MAX, `path: expected at most ${PATH_MAX} hashes`);
		path.push(hash(line, `hash ${path.length + 1} of the path`));
	}
	const note = parseNote(rest);
	return {entry, index, path, note, checkpoint: parseCheckpoint(note.text)};
}

/* {text: what is signed, lines: [{name, id: bytes, signature: bytes}]} */
export function parseNote(bytes) {
	demand(byteLength(bytes) <= NOTE_SIZE_MAX, `checkpoint: expected at most ${NOTE_SIZE_MAX} bytes`);
	/* The last empty line separates: signature lines are never empty, texts may have some. */
	const split = bytes.lastIndexOf("\n\n");
	demand(split >= 0, "checkpoint: expected an empty line before the signatures");
	const text = bytes.slice(0, split + 1), lines = [];
	demand(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(text), "checkpoint: expected no control characters");
	let line, rest = bytes.slice(split + 2);
	demand(rest !== "", "checkpoint: expected a signature");
	while (rest !== "") {
		demand(lines.length < SIGNATURES_MAX, `checkpoint: expected at most ${SIGNATURES_MAX} signatures`);
		[line, rest] = takeLine(rest, "signature");
		lines.push(parseSignatureLine(line));
	}
	return {text, lines};
}

/* {origin, size: BigInt, root: bytes} */
export function parseCheckpoint(text) {
	let origin, size, root, rest;

	[origin, rest] = takeLine(text, "origin");
	[size, rest] = takeLine(rest, "size");
	[root, rest] = takeLine(rest, "root");
	demand(rest === "", "checkpoint: expected origin, size and root on three lines, and nothing behind");
	demand(/^[!-*,-~]{1,200}$/.test(origin),
		"origin: expected 1 to 200 printable ASCII characters without space and +");
	return {origin, size: decimal(size, "size"), root: hash(root, "root")};
}

function parseSignatureLine(line) {
	demand(line.startsWith("\u2014 "), "signature: expected a line that begins with a dash and a space");
	const space = line.indexOf(" ", 2);
	demand(space > 2, "signature: expected a name and base64");
	const name = line.slice(2, space);
	demand(isKeyName(name), "signature: expected a printable name without white space and +");
	const bytes = fromBase64(line.slice(space + 1), "signature");
	demand(bytes.length > KEY_ID_SIZE, "signature: expected a key ID and a signature");
	return {name, id: bytes.subarray(0, KEY_ID_SIZE), signature: bytes.subarray(KEY_ID_SIZE)};
}

export function isKeyName(name) {
	return name !== "" && !/[\s+]/u.test(name) && isPrintable(name);
}

function hash(line, what) {
	const bytes = fromBase64(line, what);
	demand(bytes.length === HASH_SIZE, `${what}: expected ${HASH_SIZE} bytes, found ${bytes.length}`);
	return bytes;
}
