/*
 * A receipt, verified here: in whatever runs this, by WebCrypto, without asking anybody.
 *
 *   verifyReceipt(receipt, trust, {now, subtle, origin})
 *
 * `receipt` is the text of a .tlog-proof, or better its bytes; `trust` what the visitor says is the
 * log's key (x509.js). Neither is believed: whatever they are, nothing is thrown, and `verified` is
 * true only if each step below was done and came out right. The steps, in order; they end with the
 * first that fails:
 *
 *   bytes       the receipt has its one form, and what it holds is an entry in its one spelling
 *   leaf        the hash of the entry's bytes
 *   inclusion   with the hashes of the path it leads to the checkpoint's root
 *   checkpoint  whose log is the one for which the entry was made
 *   signature   the checkpoint is signed by the key that the visitor gave
 *   key         which key that is, and whether it names this log
 *
 * `ok: null` says that this was not checked here: no key was given, this browser cannot, or, of `key`,
 * that nothing but the visitor's word makes it this log's. What is never shown by a receipt: that the
 * verdict follows from policy and evidence (hallmark-audit replay), and that the host told the truth.
 */

import {Refusal, demand, grouped, printable, toBytes, toHex, utf8} from "./bytes.js";
import {RECEIPT_SIZE_MAX, parseCheckpoint, parseNote, parseReceipt} from "./receipt.js";
import {demandConsistency, leafHash, rootOfPath} from "./merkle.js";
import {Unavailable, hashList, verifyNote} from "./note.js";
import {namesOrigin, parseTrust} from "./x509.js";
import {parseEntry, summarise} from "./entry.js";

/* What each step is called where it came out right, where it did not, and where it was not done. */
const TITLES = {
	bytes: ["The receipt is whole", "This is no receipt in its one form", "The receipt has no report"],
	leaf: ["These bytes have this hash", "The bytes have no hash", "Nothing was checked"],
	inclusion: ["That hash leads to the root", "That hash does not lead to the root", "The path was not checked"],
	checkpoint: ["Entry and root name the same log", "The root is not of the log that was expected",
		"The log was not checked"],
	signature: ["The root is signed", "The root is not signed by the key that you gave", "The signature was not checked"],
	checkpoints: ["These are two checkpoints of one log", "These are not two checkpoints of one log",
		"The checkpoints were not looked at"],
	consistency: ["The log only grew", "It is not shown that the log only grew", "The proof was not checked"],
	key: ["By the key that you gave", "What you gave is no key for this", "By the key that you gave: on your word"],
};

export async function verifyReceipt(receipt, trust, {now = Date.now(), subtle = webCrypto(), origin = null} = {}) {
	const result = {
		verified: false, steps: [], error: null, report: null, reportText: null, kind: null, summary: null,
		leaf: null, index: null, size: null, root: null, origin: null, path: [], expired: null,
	};
	await walk(result, "bytes", async step => {
		const parsed = readReceipt(receipt, result, step);
		await proveInclusion(subtle, parsed, result, step);
		checkOrigin(parsed.checkpoint, result, origin, step);
		await proveSignature(subtle, parsed, trust, result, step);
		result.expired = result.kind === "report" ? result.report.exp * 1000 <= now : null;
		result.verified = true;
	});
	return result;
}

/*
 * That the log only grew from one checkpoint to another: {consistent, steps, error, from, to}, where the
 * steps are checkpoints, consistency, signature, key. Both are signed notes of one log by the visitor's
 * key; `proof` is a list of hashes, in hex or base64.
 */
export async function verifyConsistency(older, newer, proof, trust, {subtle = webCrypto()} = {}) {
	const result = {consistent: false, verified: false, steps: [], error: null, from: null, to: null};
	await walk(result, "checkpoints", async step => {
		const notes = [older, newer].map(each => parseNote(utf8(demandBytes(each, "checkpoint"), "checkpoint")));
		const [from, to] = notes.map(note => parseCheckpoint(note.text));
		demand(from.origin === to.origin, "expected two checkpoints of one log");
		result.from = {size: from.size.toString(), root: toHex(from.root)};
		result.to = {size: to.size.toString(), root: toHex(to.root)};
		step("checkpoints", true, `both of ${from.origin}, in their one form`);
		demandSubtle(subtle, "consistency");
		await at("consistency", () => demandConsistency(subtle, from, to, hashList(proof)));
		step("consistency", true, `the first ${grouped(from.size)} of ${grouped(to.size)} entries are unchanged`,
			{from: result.from.size, to: result.to.size});
		const key = demandTrust(trust);
		for (const note of notes)
			await at("signature", () => verifyNote(subtle, note, from.origin, key));
		step("signature", true, "both are signed by this key");
		keyStep(key, from.origin, null, step);
		result.consistent = result.verified = true;
	});
	return result;
}

/* --- steps -------------------------------------------------------------------------------------- */

/* A refusal that knows at which step it came; `ok` is false, or null where it could not be checked. */
class Stop extends Error {
	constructor(id, ok, message, numbers = {}) {
		super(message);
		Object.assign(this, {id, ok, numbers});
	}
}

/* Runs the steps, and turns whatever is thrown into the last one, by default the first: nothing leaves here. */
async function walk(result, first, run) {
	const step = (id, ok, detail, numbers = {}) => result.steps.push(
		{id, ok, title: TITLES[id][ok === true ? 0 : ok === false ? 1 : 2], detail, numbers});
	try {
		await run(step);
	} catch (error) {
		const id = error instanceof Stop ? error.id : first, known = error instanceof Stop || error instanceof Refusal;
		result.verified = false;
		result.error = known ? error.message : `it could not be looked at: ${printable(error?.message ?? error)}`;
		step(id, error instanceof Stop ? error.ok : false, result.error, error?.numbers);
	}
}

async function at(id, act) {
	try {
		return await act();
	} catch (error) {
		throw new Stop(id, error instanceof Unavailable ? null : false, error instanceof Refusal ||
			error instanceof Unavailable ? error.message : `it could not be checked: ${printable(error?.message ?? error)}`);
	}
}

function webCrypto() {
	return globalThis.crypto?.subtle ?? null;
}

function demandSubtle(subtle, id) {
	if (typeof subtle?.digest !== "function" || typeof subtle.verify !== "function")
		throw new Stop(id, null, "this browser has no WebCrypto here, so nothing can be checked: open the page from "
			+ "a file or by https, in a browser that has it");
}

function demandBytes(value, what) {
	const bytes = toBytes(value);
	demand(bytes !== null && bytes.length > 0, `expected a ${what}, found nothing`);
	demand(bytes.length <= RECEIPT_SIZE_MAX, `expected at most ${RECEIPT_SIZE_MAX} bytes, found ${bytes.length}`);
	return bytes;
}

function readReceipt(receipt, result, step) {
	const bytes = demandBytes(receipt, "receipt"), parsed = parseReceipt(utf8(bytes, "receipt"));
	Object.assign(result, {
		index: parsed.index.toString(), size: parsed.checkpoint.size.toString(), root: toHex(parsed.checkpoint.root),
		origin: parsed.checkpoint.origin, path: parsed.path.map(toHex),
	});
	if (parsed.entry === null)
		throw new Stop("bytes", null, "the receipt has no report in it (no line \"extra\"): it says where one stands, "
			+ "and not which");
	const {kind, document, text} = parseEntry(parsed.entry);
	Object.assign(result, {report: document, reportText: text, kind, summary: summarise(kind, document)});
	step("bytes", true,
		`${kind} of ${grouped(parsed.entry.length)} bytes, a path of ${hashes(parsed.path)}, signed checkpoint`,
		{bytes: bytes.length, entry: parsed.entry.length, hashes: parsed.path.length});
	return parsed;
}

async function proveInclusion(subtle, {entry, index, path, checkpoint}, result, step) {
	demandSubtle(subtle, "leaf");
	const leaf = await at("leaf", () => leafHash(subtle, entry));
	result.leaf = toHex(leaf);
	step("leaf", true, `SHA-256 of 00 and the ${grouped(entry.length)} bytes`, {leaf: result.leaf, bytes: entry.length});
	const {root, sides} = await at("inclusion", () => rootOfPath(subtle, leaf, index, checkpoint.size, path));
	const numbers = {index: result.index, size: result.size, hashes: path.length, sides, root: toHex(root),
		expected: result.root};
	const what = `entry ${grouped(index)} of a tree of ${grouped(checkpoint.size)}: a path of ${hashes(path)} leads to `;
	if (numbers.root !== numbers.expected)
		throw new Stop("inclusion", false, `${what}another root than the checkpoint’s`, numbers);
	step("inclusion", true, `${what}its root`, numbers);
}

function checkOrigin(checkpoint, result, demanded, step) {
	if (demanded !== null && checkpoint.origin !== demanded)
		throw new Stop("checkpoint", false, `expected the log ${printable(demanded)}, found ${checkpoint.origin}`);
	if (result.report.iss !== checkpoint.origin)
		throw new Stop("checkpoint", false, `the entry was made for ${printable(result.report.iss)}, and the checkpoint is `
			+ `of ${checkpoint.origin}`);
	step("checkpoint", true, `log ${checkpoint.origin}, ${grouped(checkpoint.size)} entries`,
		{origin: checkpoint.origin, size: result.size, root: result.root});
}

function demandTrust(trust) {
	if (trust === null || trust === undefined || trust === "")
		throw new Stop("signature", null, "no certificate was given: whose log this is was not checked");
	try {
		return parseTrust(trust);
	} catch (error) {
		throw new Stop("key", false, error instanceof Refusal ? error.message : "expected a certificate");
	}
}

async function proveSignature(subtle, {note, checkpoint}, trust, result, step) {
	const key = demandTrust(trust);
	const found = await at("signature", () => verifyNote(subtle, note, checkpoint.origin, key));
	step("signature", true, `line ${found.line + 1} of ${note.lines.length}, over the checkpoint’s `
		+ `${new TextEncoder().encode(note.text).length} bytes`,
		{id: found.id, lines: note.lines.length, scheme: found.scheme, others: note.lines.length - 1});
	keyStep(key, checkpoint.origin, result.report.iat, step);
}

function hashes(path) {
	return `${path.length} ${path.length === 1 ? "hash" : "hashes"}`;
}

/* Dates end no receipt (PROTOCOL.md, section 9): they are told. */
function keyStep(key, origin, issued, step) {
	const named = namesOrigin(key, origin), what = `${key.kind === "RSA" ? `RSA of ${key.bits} bits` : key.kind}`;
	const late = issued !== null && key.from !== null && key.until !== null &&
		(issued * 1000 < key.from || issued * 1000 > key.until);
	const subject = key.subject !== "" ? ` of ${key.subject}` : "";
	step("key", named ? true : null, `${what}, ${key.form}${subject}` +
		(named ? ", which names this log" : "; it does not name this log: that it is this log’s is your word")
		+ (late ? "; the entry was made outside the certificate’s dates" : ""),
		{kind: key.kind, bits: key.bits, form: key.form, subject: key.subject, names: named,
			from: key.from, until: key.until});
}
