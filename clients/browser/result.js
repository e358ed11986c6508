/*
 * What hallmark-verify.html shows of a verification: the verdict, the steps with their numbers, what the
 * entry says, and what none of it shows. All that comes from a receipt becomes a text node. Green is for
 * what is proved: where the whole is not, no part of it is green.
 */

import {grouped} from "../../register/web/bytes.js";

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
const SECONDS_MAX_SHOWN = 253402300799; /* the last second of the year 9999: what dates can show */

/* The nodes that show `proof`, which took so many milliseconds. */
export function shown(proof, took) {
	return [verdict(proof, took), steps(proof), ...(proof.report === null ? [] : [report(proof)]),
		...(proof.verified ? [notShown(proof)] : [])];
}

/* --- the verdict ---------------------------------------------------------------------------------- */

function verdict(proof, took) {
	const last = proof.steps.at(-1), key = last.numbers, at = STEPS.findIndex(([id]) => id === last.id) + 1;
	const mark = proof.verified ? "good" : last.ok === false ? "bad" : "quiet";
	const title = proof.verified
		? `Proved: ${key.names ? proof.origin : "the key that you gave"} recorded this ${proof.kind}`
		: last.ok === false ? `Not proved: ${lower(last.title)}` : "Nothing is proved";
	const text = proof.verified
		? `It is entry ${grouped(proof.index)} of a log of ${grouped(proof.size)}`
			+ (key.names ? "" : `; that this key is the log’s (${proof.origin}) is your word alone`)
			+ `. Computed in this browser in ${Math.max(1, Math.round(took))} ms, without asking anybody.`
		: last.ok === false ? `Step ${at} of ${STEPS.length} failed; nothing behind it was looked at, and nothing here `
			+ "may be relied on."
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
export function ahead() {
	return make("section", {class: "card ahead"}, make("h2", {}, "What is checked"), make("ol", {class: "steps"},
		STEPS.map(([, question]) => make("li", {}, shape("quiet"), make("div", {}, question)))));
}

function lower(text) {
	return text[0].toLowerCase() + text.slice(1);
}

function sentence(text) {
	return text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

/* --- the steps ------------------------------------------------------------------------------------ */

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
			make("p", {}, ok ? "Root " : "It leads to ", digest(numbers.root),
				...(ok ? [] : [", expected ", digest(numbers.expected)]))];
	if (id === "signature" && ok)
		return [make("p", {}, `Key ID ${numbers.id}` + (numbers.others === 0 ? ""
			: numbers.others === 1 ? "; one more signature, of another key, was not looked at"
			: `; ${numbers.others} more signatures, of other keys, were not looked at`))];
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
		nodes.push(drawing("circle", {cx: at(i)[0], cy: at(i)[1], r: i === 0 || i === count ? 5 : 3.2,
			fill: "currentColor"}));
	return drawing("svg", {class: `path${proved ? "" : " unproved"}`, viewBox: `0 0 ${16 + count * gap} 56`,
		width: 16 + count * gap, role: "img", "aria-label": `${count} hashes, from the leaf to the root`}, ...nodes);
}

function pathHashes(path, sides) {
	if (path.length === 0)
		return make("p", {}, "The tree has one entry: its leaf is its root.");
	const title = path.length === 1 ? "The hash beside it" : `The ${path.length} hashes beside it`;
	return make("details", {}, make("summary", {}, title), make("ol", {class: "hashes"},
		path.map((hash, i) => make("li", {}, make("code", {}, hash), ` from the ${sides[i]}`))));
}

/* --- the entry ------------------------------------------------------------------------------------ */

function report(proof) {
	const {summary, verified} = proof, rows = [];
	const row = (name, ...value) => value[0] !== null &&
		rows.push(make("tr", {}, make("th", {scope: "row"}, name), make("td", {}, ...value)));
	row("Kind", summary.kind === "report" ? null : summary.kind);
	if (summary.kind === "report") {
		const [mark, word] = MARKS[summary.status];
		row("Verdict", verified ? make("span", {class: `status ${mark}`}, shape(mark), word)
			: `“${summary.status}”, not proved`);
		row("Workload", summary.workload);
	}
	row("Collector", summary.collector);
	if (summary.kind === "absence")
		row("Silent", absent(proof.report));
	if (summary.kind === "notice")
		row("About", String(proof.report["hallmark.notice"]));
	row("Issued", moment(summary.issued * 1000));
	if (isSecondShown(Math.floor(summary.measured / 1000)))
		row("Measured", moment(summary.measured));
	if (summary.kind === "report")
		row("Relied on until", moment(summary.expires * 1000), proof.expired ? make("span", {class: "sub"}, ", over") : "");
	if (typeof summary.policy === "string")
		row("Policy", policy(summary.policy));
	if (Array.isArray(summary.findings))
		row("Findings", findings(summary));
	return make("section", {class: "card"}, make("h2", {}, verified ? `What the ${summary.kind} says`
		: "What these bytes say, unproved"), make("table", {}, make("tbody", {}, rows)),
	make("details", {}, make("summary", {}, "All of it"), make("pre", {tabindex: "0",
		"aria-label": `The whole ${summary.kind}`}, JSON.stringify(proof.report, null, 2))));
}

function isSecondShown(value) {
	return Number.isSafeInteger(value) && value > 0 && value <= SECONDS_MAX_SHOWN;
}

function absent(document) {
	const list = Array.isArray(document["hallmark.absent"]) ? document["hallmark.absent"] : [];
	return make("ul", {class: "findings"}, list.slice(0, 128).map(each => make("li", {},
		make("b", {}, String(each?.workload)),
		isSecondShown(each?.due) ? make("span", {}, ", was due ", moment(each.due * 1000)) : null)));
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
	return make("ul", {class: "findings"}, items,
		more > 0 ? make("li", {class: "sub"}, `and ${grouped(more)} more`) : null);
}

function notShown({kind}) {
	const lines = [
		...(kind === "report" ? [
			"That the verdict follows from policy and evidence: it is the signer’s. hallmark-audit replay makes it again.",
			"That the host’s kernel told the truth to the collector.",
			"That nothing was reported since: a receipt is about its moment."] : []),
		"That the log shows everybody the same history: hold it against a checkpoint that somebody else has.",
		"That nobody else has had the log’s key: operators can say so later, and then a witness has to have seen this "
			+ "before.",
	];
	return make("section", {class: "card"}, make("h2", {}, "What this does not show"),
		make("ul", {class: "not-shown"}, lines.map(line => make("li", {}, shape("quiet"), make("span", {}, line)))));
}

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
