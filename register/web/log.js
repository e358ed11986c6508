/*
 * The logs that are followed, and any entry of them with its proof.
 */

import {list} from "./api.js";
import {facts, h, name, nothing, show, time, waiting} from "./dom.js";
import {alarms, alarmsList} from "./causes.js";
import {reportView} from "./report.js";
import {number} from "./time.js";

export async function logView(page, main, log, entry) {
	document.title = "Log · Hallmark";
	show(main, waiting("the logs"));
	if (log !== undefined && /^[0-9]+$/.test(entry ?? "")) {
		const view = await reportView(log, Number(entry), null);
		if (!page.ended.aborted)
			show(main, h("h1", {}, `Entry ${number(Number(entry))} of `, name(log)), view);
		return;
	}
	const [{items}, found] = await Promise.all([list("logs"), alarms()]);
	if (page.ended.aborted)
		return;
	show(main, h("h1", {}, items.length === 1 ? "The log" : "Logs"), h("p", {class: "lead"}, found.items.length === 0 ? "Each only grew, and what it says follows, as far as it was checked." : "Something is wrong."),
		alarmsList(found), items.length === 0 ? nothing("No log is followed.") : items.map(each => section(each)));
}

function section(log) {
	const index = h("input", {type: "number", min: "0", max: String(Math.max(0, log.taken_to - 1)), value: String(Math.max(0, log.taken_to - 1)), "aria-label": `Entry of ${log.log}`, class: "short"});
	return h("section", {class: "card log-card", "aria-label": log.log}, facts(["Log", h("b", {}, name(log.log)), " ", name(log.origin, 80)],
		["Entries", number(log.taken_to), log.unread > 0 ? `, ${number(log.unread)} of which say nothing to this version` : ""],
		["Checked", `every leaf to ${number(log.checked_to)}, every verdict again to ${number(log.replayed_to)}`],
		["Newest", time(log.newest)], log.hosts === undefined ? null : ["Hosts", `${number(log.hosts)}, with ${number(log.workloads)} workloads`],
		["Checkpoint", h("details", {}, h("summary", {}, "the signed note"), h("pre", {}, name(log.checkpoint, 2000)))],
		["Look at", h("form", {class: "row", onsubmit(event) {
			event.preventDefault();
			location.hash = `#/log/${log.log}/${index.value}`;
		}}, index, h("button", {}, "Look, and prove it"))]));
}
