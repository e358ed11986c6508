/*
 * The page of hallmark-verify.html: files in, steps out. What comes from a receipt goes into the page
 * as text and nothing else, and a result is taken away before another is made, so that no green mark
 * stands beside what it is not about.
 */

import {grouped} from "../../register/web/bytes.js";
import {verifyReceipt} from "../../register/web/verify.js";

const FILE_SIZE_MAX = 262144; /* bytes: more than any receipt or certificate has */
const MARKS = {
	affirming: ["good", "Affirming"], warning: ["warn", "Warning"],
	contraindicated: ["bad", "Contraindicated"], none: ["quiet", "No verdict"],
};
/* The steps, for what was not come to. */
const STEPS = [
	["bytes", "Is the receipt whole, and in its one form?"], ["leaf", "Which hash do its bytes have?"],
	["inclusion", "Does that hash lead to the root?"], ["checkpoint", "Do entry and root name the same log?"],
	["signature", "Is the root signed?"], ["key", "Is that the key that you gave, and does it name the log?"],
];
const DAY_MS = 86400000;

const place = id => document.getElementById(id);
const given = {receipt: null, trust: null}; /* {name, bytes} */
let run = 0; /* which verification is the newest: a slower one before it is not shown */

/* --- elements ------------------------------------------------------------------------------------ */

function make(tag, attributes, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes))
		node.setAttribute(name, value);
	node.append(...children.flat().filter(child => child !== null));
	return node;
}

function drawing(tag, attributes, ...children) {
	const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [name, value] of Object.entries(attributes))
		node.setAttribute(name, value);
	node.append(...children);
	return node;
}

function shape(mark, more = "") {
	return drawing("svg", {class: `shape ${mark} ${more}`, "aria-hidden": "true"}, drawing("use", {href: `#${mark}`}));
}

/* Short, and whole when it is pressed or printed. */
function digest(hex) {
	const short = `${hex.slice(0, 8)}…${hex.slice(-4)}`;
	const button = make("button", {type: "button", class: "hash", "data-whole": hex, "data-short": short,
		"aria-label": `digest ${short}, show all of it`, "aria-expanded": "false"}, short);
	button.addEventListener("click", () => {
		const whole = button.textContent === short;
		button.textContent = whole ? hex : short;
		button.setAttribute("aria-expanded", String(whole));
	});
	return button;
}

/* In UTC, with the time here and how long ago, for people. */
function moment(ms) {
	const at = new Date(ms), text = at.toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
	const gap = Date.now() - ms, size = Math.abs(gap);
	const [count, unit] = size < 3600000 ? [size / 60000, "minute"] : size < DAY_MS ? [size / 3600000, "hour"]
		: size < 700 * DAY_MS ? [size / DAY_MS, "day"] : [size / DAY_MS / 365.25, "year"];
	const whole = Math.round(count), words = `${grouped(whole)} ${unit}${whole === 1 ? "" : "s"}`;
	return make("span", {}, make("time", {datetime: at.toISOString()}, text),
		make("span", {class: "sub"}, whole === 0 ? " · now" : gap >= 0 ? ` · ${words} ago` : ` · in ${words}`));
}

/* --- what comes in -------------------------------------------------------------------------------- */

/* A receipt says so in its first line; all else may be a key. */
function whatItIs(bytes) {
	const start = new TextDecoder("latin1").decode(bytes.subarray(0, 64)).trimStart();
	return start.startsWith("c2sp.org/") || start.startsWith("extra ") ? "receipt"
		: start.startsWith("-----BEGIN") || bytes[0] === 0x30 || /^[^\s+]+\+[0-9a-f]{8}\+/.test(start) ? "trust" : null;
}

async function take(file, wanted) {
	if (file.size > FILE_SIZE_MAX)
		return put(wanted ?? "receipt", {name: file.name, bytes: null, fault: `${grouped(file.size)} bytes: larger than any is`});
	const bytes = new Uint8Array(await file.arrayBuffer());
	return put(whatItIs(bytes) ?? wanted ?? "receipt", {name: file.name, bytes});
}

function put(what, value) {
	given[what] = value;
	const box = place(what);
	box.classList.toggle("given", value !== null);
	box.querySelector(".state").textContent = value === null ? "Nothing yet"
		: `${value.name.slice(0, 120)} · ${value.fault ?? `${grouped(value.bytes.length)} bytes`}`;
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
	const proof = await verifyReceipt(given.receipt.bytes, given.trust === null ? null : given.trust.bytes ?? new Uint8Array(1));
	const took = performance.now() - began;
	if (mine !== run)
		return;
	result.replaceChildren(verdict(proof, took), steps(proof),
		...(proof.report === null ? [] : [report(proof)]), ...(proof.verified ? [notShown(proof)] : []));
	place("said").textContent = result.querySelector(".verdict h2").textContent; /* for who hears the page */
	result.dataset.verified = String(proof.verified);
	result.dataset.ms = took.toFixed(1);
}

function verdict(proof, took) {
	const last = proof.steps.at(-1), key = last.numbers, at = STEPS.findIndex(([id]) => id === last.id) + 1;
	const mark = proof.verified ? "good" : last.ok === false ? "bad" : "quiet";
	const title = proof.verified
		? key.names ? `Proved: ${proof.origin} recorded this ${proof.kind}` : `Proved: the key that you gave recorded this ${proof.kind}`
		: last.ok === false ? `Not proved: ${lower(last.title)}` : "Nothing is proved";
	const text = proof.verified
		? `It is entry ${grouped(proof.index)} of a log of ${grouped(proof.size)}`
			+ (key.names ? "" : `; that this key is the log’s (${proof.origin}) is your word alone`)
			+ `. Computed in this browser in ${Math.max(1, Math.round(took))} ms, without asking anybody.`
		: last.ok === false ? `Step ${at} of ${STEPS.length} failed; nothing behind it was looked at, and nothing here may be relied on.`
		: sentence(proof.error);
	return make("div", {class: `verdict ${mark}`}, shape(mark), make("div", {}, make("h2", {}, title),
		proof.verified && proof.kind === "report" ? says(proof.summary) : null, make("p", {}, text)));
}

/* What is proved is one thing, what it says another. */
function says({status, workload, collector}) {
	const [mark, word] = MARKS[status];
	return make("p", {class: "says"}, "It says ", make("span", {class: `status ${mark}`}, shape(mark), word),
		" about ", make("b", {}, workload), `, measured by ${collector}.`);
}

/* Before anything is given: what will be done. */
function ahead() {
	return make("section", {class: "card ahead"}, make("h2", {}, "What is checked"), make("ol", {class: "steps"},
		STEPS.map(([, question]) => make("li", {}, shape("quiet"), make("div", {}, question)))));
}

function lower(text) {
	return text[0].toLowerCase() + text.slice(1);
}

function sentence(text) {
	return text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

function steps(proof) {
	const list = make("ol", {class: "steps"}, proof.steps.map(step => {
		/* Green is for what is proved: a step that came out right on the way to nothing is none of that. */
		const mark = step.ok === true ? "good" : step.ok === false ? "bad" : "quiet", more = proof.verified ? "" : "plain";
		const word = step.ok === true ? "Checked: " : step.ok === false ? "Failed: " : "Not checked here: ";
		return make("li", {"data-step": step.id, "data-ok": String(step.ok)}, shape(mark, more), make("div", {},
			make("span", {class: "word"}, word), make("b", {}, step.title), make("p", {}, sentence(step.detail)),
			...pictures(step, proof)));
	}));
	const done = proof.steps.at(-1).id, left = STEPS.slice(STEPS.findIndex(([id]) => id === done) + 1);
	list.append(...left.map(([, question]) => make("li", {class: "left"}, shape("quiet"), make("div", {}, make("span",
		{class: "word"}, "Not looked at: "), question))));
	return make("section", {class: "card"}, make("h2", {}, "Step by step"), list);
}

/* The numbers of a step. */
function pictures({id, ok, numbers}, proof) {
	if (id === "leaf" && ok)
		return [make("p", {}, "Leaf ", digest(numbers.leaf))];
	if (id === "inclusion" && numbers.sides !== undefined)
		return [pathDrawing(numbers.sides, proof.verified), pathHashes(proof.path, numbers.sides),
			make("p", {}, ok ? "Root " : "It leads to ", digest(numbers.root), ...(ok ? [] : [", expected ", digest(numbers.expected)]))];
	if (id === "signature" && ok)
		return [make("p", {}, `Key ID ${numbers.id}` + (numbers.others > 0
			? `; ${numbers.others} more ${numbers.others === 1 ? "signature, of another key," : "signatures, of other keys,"} not looked at` : ""))];
	if (id === "key" && numbers.from !== undefined && numbers.from !== null && numbers.until !== null)
		return [make("p", {}, `Valid from ${day(numbers.from)} to ${day(numbers.until)}; its dates end no receipt.`)];
	return [];
}

function day(ms) {
	return new Date(ms).toISOString().slice(0, 10);
}

/* From the leaf, left and low, to the root: above the line stand the hashes that come from the left. */
function pathDrawing(sides, proved) {
	const count = sides.length, gap = Math.min(40, Math.max(9, 380 / Math.max(1, count))), nodes = [];
	const at = i => [8 + i * gap, 34 - i * 12 / Math.max(1, count)];
	sides.forEach((side, i) => {
		const [x, y] = at(i), [next, above] = at(i + 1), beside = side === "left" ? above - 16 : above + 16;
		nodes.push(drawing("line", {x1: x, y1: y, x2: next, y2: above, stroke: "currentColor", "stroke-width": 1.5}),
			drawing("line", {class: "join", x1: next - gap * 0.4, y1: beside, x2: next, y2: above}),
			drawing("circle", {class: "beside", cx: next - gap * 0.4, cy: beside, r: 2.5}));
	});
	for (let i = 0; i <= count; i++)
		nodes.push(drawing("circle", {cx: at(i)[0], cy: at(i)[1], r: i === 0 || i === count ? 5 : 3.2, fill: "currentColor"}));
	return drawing("svg", {class: `path${proved ? "" : " unproved"}`, viewBox: `0 0 ${16 + count * gap} 56`,
		width: 16 + count * gap, role: "img", "aria-label": `${count} hashes, from the leaf to the root`}, ...nodes);
}

function pathHashes(path, sides) {
	if (path.length === 0)
		return make("p", {}, "The tree has one entry: its leaf is its root.");
	return make("details", {}, make("summary", {}, path.length === 1 ? "The hash beside it" : `The ${path.length} hashes beside it`),
		make("ol", {class: "hashes"}, path.map((hash, i) => make("li", {}, make("code", {}, hash), ` from the ${sides[i]}`))));
}

function report(proof) {
	const {summary, verified} = proof, rows = [];
	const row = (name, ...value) => value[0] !== null && rows.push(make("tr", {}, make("th", {scope: "row"}, name), make("td", {}, ...value)));
	row("Kind", summary.kind === "report" ? null : summary.kind);
	if (summary.kind === "report") {
		const [mark, word] = MARKS[summary.status];
		row("Verdict", verified ? make("span", {class: `status ${mark}`}, shape(mark), word) : `“${summary.status}”, not proved`);
		row("Workload", summary.workload);
	}
	row("Collector", summary.collector);
	if (summary.kind === "absence")
		row("Silent", absent(proof.report));
	if (summary.kind === "notice")
		row("About", String(proof.report["hallmark.notice"]));
	row("Issued", moment(summary.issued * 1000));
	if (Number.isSafeInteger(summary.measured) && summary.measured > 0 && summary.measured < 253402300800000)
		row("Measured", moment(summary.measured));
	if (summary.kind === "report")
		row("Relied on until", moment(summary.expires * 1000), proof.expired ? make("span", {class: "sub"}, ", over") : "");
	if (typeof summary.policy === "string")
		row("Policy", policy(summary.policy));
	if (Array.isArray(summary.findings))
		row("Findings", findings(summary));
	return make("section", {class: "card"}, make("h2", {}, verified ? `What the ${summary.kind} says`
		: "What these bytes say, unproved"), make("table", {}, make("tbody", {}, rows)),
	make("details", {}, make("summary", {}, "All of it"), make("pre", {tabindex: "0", "aria-label": `The whole ${summary.kind}`},
		JSON.stringify(proof.report, null, 2))));
}

function absent(document) {
	const list = Array.isArray(document["hallmark.absent"]) ? document["hallmark.absent"] : [];
	return make("ul", {class: "findings"}, list.slice(0, 128).map(each => make("li", {}, make("b", {}, String(each?.workload)),
		Number.isSafeInteger(each?.due) && each.due > 0 && each.due < 253402300800
			? make("span", {}, ", was due ", moment(each.due * 1000)) : null)));
}

function policy(text) {
	const match = /^(.*)@sha256:([0-9a-f]{64})$/s.exec(text);
	return match === null ? text.slice(0, 300) : make("span", {}, `${match[1]} `, digest(match[2]));
}

function findings({findings: list, findingCount}) {
	const items = list.slice(0, 16).filter(each => typeof each === "object" && each !== null).map(each => make("li", {},
		make("b", {}, String(each.code)), make("span", {class: "sub"}, ` · ${each.kind}`), make("br", {}),
		make("code", {}, String(each.subject)), each.detail ? make("div", {class: "sub"}, String(each.detail)) : null));
	if (items.length === 0)
		return "none";
	const more = Number.isSafeInteger(findingCount) ? findingCount - items.length : 0;
	return make("ul", {class: "findings"}, items, more > 0 ? make("li", {class: "sub"}, `and ${grouped(more)} more`) : null);
}

function notShown({kind}) {
	const lines = [
		...(kind === "report" ? [
			"That the verdict follows from policy and evidence: it is the signer’s. hallmark-audit replay makes it again.",
			"That the host’s kernel told the truth to the collector.",
			"That nothing was reported since: a receipt is about its moment."] : []),
		"That the log shows everybody the same history: hold it against a checkpoint that somebody else has.",
		"That nobody else has had the log’s key: operators can say so later, and then a witness has to have seen this before.",
	];
	return make("section", {class: "card"}, make("h2", {}, "What this does not show"),
		make("ul", {class: "not-shown"}, lines.map(line => make("li", {}, shape("quiet"), make("span", {}, line)))));
}

/* --- all of it -------------------------------------------------------------------------------------- */

function sayIfUnable() {
	if (globalThis.crypto?.subtle === undefined) {
		place("unable").querySelector("span").textContent = "This browser has no WebCrypto here, so it can check nothing. "
			+ "Open this file from a disk or by https, in a browser that has it; hallmark-audit verify does the same in a shell.";
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
