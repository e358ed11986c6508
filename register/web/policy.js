/*
 * Policies: what is in force in each log, what was before, who approved it; and the statements and
 * other notices that the log has beside them.
 */

import {list} from "./api.js";
import {digest, facts, h, name, nothing, show, table, time, waiting} from "./dom.js";

export async function policyView(page, main) {
	document.title = "Policy · Hallmark";
	show(main, waiting("policies"));
	const [{items, more}, notices] = await Promise.all([list("policies", {limit: 200}), list("notices", {limit: 200})]);
	if (page.ended.aborted)
		return;
	const logs = [...new Set(items.map(each => each.log))], statements = notices.items.map(each => ({...each, said: parse(each.notice)})).filter(each => each.kind !== "manifest");
	show(main, h("h1", {}, logs.length === 0 ? "No policy is in force" : "Policy"), h("p", {class: "lead"}, "What is in force, and who approved it."),
		logs.map(log => inForce(log, items.find(each => each.log === log), statements)),
		h("h2", {}, "History"), items.length === 0 ? nothing("No log has put a policy in force yet.") : table("Policies, the newest first", ["From", "Log", "Policy", "Manifest", "Approved by"],
			items.map(each => h("tr", {}, h("td", {}, time(each.from.time)), h("td", {}, name(each.log)), h("td", {}, name(each.name ?? "not named yet", 50)),
				h("td", {}, digest(each.manifest, false)), h("td", {}, approvers(each, statements)))), {class: "stacked"}), more ? h("p", {class: "sub"}, "Older ones are not shown.") : null,
		h("h2", {}, "Statements and notices"), statements.length === 0 ? nothing("There are none.") : table("Notices, the newest first", ["When", "Log", "Kind", "What"],
			statements.map(each => h("tr", {}, h("td", {}, time(each.time)), h("td", {}, name(each.log)), h("td", {}, name(each.kind)),
				h("td", {}, wordsOf(each.said), " ", h("a", {href: `#/log/${each.log}/${each.entry}`}, `entry ${each.entry}`)))), {class: "stacked"}),
		notices.more ? h("p", {class: "sub"}, "Older ones are not shown.") : null,
		h("p", {class: "note apart"}, "Rules, windows and exceptions in sentences: ", h("code", {}, "hallmark-signer policy explain"), "; the log has a policy's digest, and its text is evidence."));
}

function inForce(log, {name: own, manifest, from, approvals}, statements) {
	return h("section", {class: "card", "aria-label": `In force in ${log}`}, facts(["Log", name(log)], ["In force", h("b", {}, name(own ?? "not named yet", 60))],
		["Manifest", digest(manifest, false)], ["Since", time(from.time), h("span", {class: "sub"}, ` entry ${from.entry}`)],
		["Approved by", approvers({approvals, log}, statements)]));
}

function approvers({approvals, log}, statements) {
	if (approvals.length === 0)
		return h("span", {class: "warn"}, "nobody: the signer's own");
	return approvals.map(sha256 => {
		const found = statements.find(each => each.log === log && each.said?.["hallmark.subject"]?.sha256 === sha256), key = found?.said["hallmark.subject"].key;
		return h("span", {class: "block"}, key ? ["key ", digest(key, false)] : ["statement ", digest(sha256, false)]);
	});
}

function wordsOf(said) {
	const subject = said?.["hallmark.subject"] ?? {};
	return Object.entries(subject).slice(0, 8).flatMap(([key, value], i) => [i > 0 ? ", " : "", h("span", {class: "sub"}, name(key, 30), " "),
		/^[0-9a-f]{64}$/.test(value) ? digest(value, false) : name(typeof value === "string" ? value : JSON.stringify(value), 60)]);
}

function parse(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}
