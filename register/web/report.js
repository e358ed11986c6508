/*
 * One entry of a log, as its report says it: findings with what was expected and found and what would
 * mend them, components, and the difference to the report before. The words are of the entry; what
 * mends a finding is the register's.
 */

import {get, getBytes} from "./api.js";
import {digest, facts, failed, h, name, nothing, show, status, time} from "./dom.js";
import {parseEntry, summarise} from "./entry.js";
import {proofPanel} from "./proof.js";
import {wordsOf} from "./causes.js";
import {count, number} from "./time.js";

export async function entryOf(log, index) {
	const {entry} = await get(`reports/${log}/${index}`);
	const {kind, document: said} = parseEntry(new TextEncoder().encode(entry.entry));
	return {...entry, kind, said, summary: summarise(kind, said)};
}

/* `older`: index of the workload's report before, or null. */
export async function reportView(log, index, older) {
	const place = h("div", {class: "two"}), [entry, words, before] = await Promise.all([entryOf(log, index), wordsOf(),
		older === null ? null : entryOf(log, older).catch(() => null)]);
	show(place, h("section", {}, h("h2", {}, `What entry ${number(entry.index)} says`), what(entry, words), entry.kind === "report" ? difference(entry, before) : null),
		h("section", {}, h("h2", {}, "Prove it, here"), await getBytes(`receipts/${log}/${index}`).then(
			receipt => proofPanel(receipt, {replayed: entry.replayed, origin: null, index: String(entry.index)}), failed)));
	return place;
}

export function componentsOf(said) {
	return said.hallmark?.bundle?.components ?? said["hallmark.bundle"]?.components ?? {};
}

function what({kind, said, summary}, words) {
	if (kind !== "report")
		return h("pre", {class: "card"}, name(JSON.stringify(said, null, 2), 4000));
	const findings = summary.findings ?? [], components = Object.entries(componentsOf(said));
	return h("div", {class: "card"}, facts(
		["Verdict", status(summary.status), h("span", {class: "sub"}, " as the report says")],
		["Issued", time(summary.issued), h("span", {class: "sub block"}, "holds until ", time(summary.expires))],
		["Policy", name(summary.policy ?? "none", 40)],
		findings.length === 0 ? ["Findings", "none"] : null,
		...findings.map(finding => ["Finding", ...findingOf(finding, words)]),
		summary.findingCount > findings.length ? ["Further", `${count(summary.findingCount - findings.length, "finding")} that the report does not write out`] : null,
		["Components", h("ul", {class: "difference"}, components.map(([own, part]) => h("li", {}, name(own), ` ${count(part.count, "item")} `, digest(part.sha256))))]));
}

function findingOf({code, kind, subject, detail}, words) {
	const known = words.get(code), parts = /^expected (.*), found (.*)$/s.exec(detail) ?? /^(.*); found (.*)$/s.exec(detail);
	return [h("b", {}, known?.sentence ?? code), h("span", {class: "sub block"}, name(kind), ", ", h("code", {}, name(code))),
		subject === "" ? null : h("code", {class: "block"}, name(subject, 120)),
		parts === null ? h("span", {class: "block"}, text(detail)) : [h("span", {class: "block"}, h("span", {class: "sub"}, "Expected: "), text(parts[1])),
			h("span", {class: "block"}, h("span", {class: "sub"}, "Found: "), text(parts[2]))],
		known?.mend ? h("span", {class: "block"}, h("span", {class: "sub"}, "To mend it: "), known.mend) : null];
}

/* Digests in words are short, and lead to where they are. */
function text(words) {
	const parts = String(words).slice(0, 20000).split(/([0-9a-f]{64})/);
	return parts.map((part, i) => i % 2 === 1 ? digest(part) : part === "" ? null : name(part, 200));
}

function difference(entry, before) {
	const title = h("h2", {}, "Against the report before");
	if (before === null || before.kind !== "report")
		return [title, nothing("There is none on this page to compare with.")];
	const was = componentsOf(before.said), is = componentsOf(entry.said), lines = [];
	for (const kind of new Set([...Object.keys(was), ...Object.keys(is)])) {
		if (was[kind]?.sha256 === is[kind]?.sha256)
			continue;
		lines.push(h("li", {}, h("b", {}, name(kind)), ": ", was[kind] ? [count(was[kind].count, "item"), " ", digest(was[kind].sha256)] : "not there",
			" → ", is[kind] ? [count(is[kind].count, "item"), " ", digest(is[kind].sha256)] : "not there"));
	}
	const key = ({kind, code, subject}) => `${kind} ${code} ${subject}`, old = new Set((before.summary.findings ?? []).map(key)), now = new Set((entry.summary.findings ?? []).map(key));
	for (const each of now)
		if (!old.has(each))
			lines.push(h("li", {}, "New: ", name(each, 90)));
	for (const each of old)
		if (!now.has(each))
			lines.push(h("li", {}, "Gone: ", name(each, 90)));
	if (before.summary.policy !== entry.summary.policy)
		lines.push(h("li", {}, "Policy: ", name(before.summary.policy, 40), " → ", name(entry.summary.policy, 40)));
	return [title, h("div", {class: "card"}, h("p", {class: "sub"}, `Entry ${number(before.index)}, `, time(before.said.iat)),
		lines.length > 0 ? h("ul", {class: "difference"}, lines) : "It says the same.")];
}
