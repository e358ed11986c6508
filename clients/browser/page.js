/*
 * The page of hallmark-verify.html: files in, steps out (result.js). A result is taken away before
 * another is made, so that no green mark stands beside what it is not about.
 */

import {grouped, printable} from "../../register/web/bytes.js";
import {verifyReceipt} from "../../register/web/verify.js";
import {ahead, shown} from "./result.js";

const FILE_SIZE_MAX = 262144; /* bytes: more than any receipt or certificate has */

const place = id => document.getElementById(id);
const given = {receipt: null, trust: null}; /* {name, bytes} */
let run = 0; /* which verification is the newest: a slower one before it is not shown */

/* --- what comes in -------------------------------------------------------------------------------- */

/* A receipt says so in its first line; all else may be a key. */
function whatItIs(bytes) {
	const start = new TextDecoder("latin1").decode(bytes.subarray(0, 64)).trimStart();
	return start.startsWith("c2sp.org/") || start.startsWith("extra ") ? "receipt"
		: start.startsWith("-----BEGIN") || bytes[0] === 0x30 || /^[^\s+]+\+[0-9a-f]{8}\+/.test(start) ? "trust" : null;
}

async function take(file, wanted) {
	if (file.size > FILE_SIZE_MAX)
		return put(wanted ?? "receipt", {name: file.name, bytes: null,
			fault: `${grouped(file.size)} bytes: larger than any is`});
	const bytes = new Uint8Array(await file.arrayBuffer());
	return put(whatItIs(bytes) ?? wanted ?? "receipt", {name: file.name, bytes});
}

function put(what, value) {
	given[what] = value;
	const box = place(what);
	box.classList.toggle("given", value !== null);
	box.querySelector(".state").textContent = value === null ? "Nothing yet"
		: `${printable(value.name, 120)} · ${value.fault ?? `${grouped(value.bytes.length)} bytes`}`;
	return show();
}

function listen(what) {
	const box = place(what), input = place(`${what}-file`), text = place(`${what}-text`);
	input.addEventListener("change", async () => {
		for (const file of input.files)
			await take(file, what);
		input.value = ""; /* the same file again is a change */
	});
	text.addEventListener("input", () => put(what, text.value === "" ? null
		: {name: "Pasted text", bytes: new TextEncoder().encode(text.value)}));
	box.addEventListener("dragover", () => box.classList.add("over"));
	for (const type of ["dragleave", "drop"])
		box.addEventListener(type, () => box.classList.remove("over"));
}

/* Dropped anywhere, a file goes where it belongs. */
function listenToDrops() {
	document.addEventListener("dragover", event => event.preventDefault());
	document.addEventListener("drop", async event => {
		event.preventDefault();
		const over = event.target.closest?.(".input")?.id;
		for (const file of [...event.dataTransfer.files].slice(0, 2))
			await take(file, over);
	});
}

/* --- what comes out ------------------------------------------------------------------------------- */

async function show() {
	const mine = ++run, result = place("result");
	delete result.dataset.verified;
	place("said").textContent = "";
	result.replaceChildren(...(given.receipt === null ? [ahead()] : []));
	if (given.receipt === null)
		return;
	const began = performance.now();
	const trust = given.trust === null ? null : given.trust.bytes ?? new Uint8Array(1); /* what was too large is no key */
	const proof = await verifyReceipt(given.receipt.bytes, trust);
	const took = performance.now() - began;
	if (mine !== run)
		return;
	result.replaceChildren(...shown(proof, took));
	place("said").textContent = result.querySelector(".verdict h2").textContent; /* for who hears the page */
	result.dataset.verified = String(proof.verified);
	result.dataset.ms = took.toFixed(1);
}

/* --- all of it -------------------------------------------------------------------------------------- */

function sayIfUnable() {
	if (globalThis.crypto?.subtle === undefined) {
		place("unable").querySelector("span").textContent = "This browser has no WebCrypto here, so it can check nothing. "
			+ "Open this file from a disk or by https, in a browser that has it; hallmark-audit verify does the same in "
			+ "a shell.";
		place("unable").hidden = false;
	}
}

/* On paper nothing can be pressed. */
function printWhole() {
	let opened = [];
	addEventListener("beforeprint", () => {
		opened = [...document.querySelectorAll("#result details:not([open])")];
		opened.forEach(each => each.setAttribute("open", ""));
		document.querySelectorAll(".hash").forEach(each => { each.textContent = each.dataset.whole; });
	});
	addEventListener("afterprint", () => {
		opened.forEach(each => each.removeAttribute("open"));
		document.querySelectorAll(".hash").forEach(each => { each.textContent = each.dataset.short; });
	});
}

listen("receipt");
listen("trust");
listenToDrops();
printWhole();
sayIfUnable();
show();
document.documentElement.dataset.ready = "true";
