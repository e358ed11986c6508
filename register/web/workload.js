/*
 * One workload on one host: its time in lanes, and the report of a moment.
 */

import {decodeName, get, list, workloadRoute} from "./api.js";
import {h, failed, name, show, status, time, waiting} from "./dom.js";
import {lanesOf, lanesOfWorkload} from "./lanes.js";
import {reportView} from "./report.js";
import {now, number, seconds} from "./time.js";

export async function workloadView(page, main, log, host64, workload64, entry) {
	const host = decodeName(host64), own = decodeName(workload64), href = index => workloadRoute(log, host, own, index);
	show(main, waiting("the workload"));
	const path = `workloads/${encodeURIComponent(log)}/${encodeURIComponent(host64)}/${encodeURIComponent(workload64)}`;
	const [said, places, silences] = await Promise.all([get(path, {limit: 500}), list(`${path}/reports`, {limit: 100}),
		list("silences", {log, host: pattern(host), workload: pattern(own), limit: 100})]);
	if (page.ended.aborted)
		return;
	const {workload} = said, known = places.items.map(place => place.entry);
	const index = entry !== undefined && /^[0-9]+$/.test(entry) ? Number(entry) : workload.last?.entry ?? known[0];
	const state = workload.tier === "contraindicated" ? workload.tier : workload.silent !== null ? "silent" : workload.left ? "left" : workload.tier;
	const from = seconds(workload.intervals.at(-1)?.from.time) ?? now() - 3600, until = now();
	const moment = h("div", {}, waiting("the report"));
	document.title = `${own.slice(0, 80)} · Hallmark`;
	show(main, h("h1", {}, name(own, 60), " on ", name(page.fleet.cells.size > 0 ? page.fleet.hostName(host) : host, 80)),
		h("p", {class: "lead"}, status(state), " since ", time((state === "silent" ? workload.silent : workload.since)?.time),
			h("span", {class: "sub block"}, name(host, 120), ", log ", name(log))),
		lanesOf(lanesOfWorkload(workload.intervals, silences.items, until, href), from, until,
			entry === undefined ? null : seconds([...workload.intervals.map(each => each.from), ...places.items].find(each => each.entry === index)?.time), `The time of ${own.slice(0, 80)}`),
		said.next !== undefined ? h("p", {class: "sub"}, `Shown are the newest ${workload.intervals.length} changes.`) : null,
		steps(known, index, href), moment);
	if (index === undefined)
		return;
	const older = known.find(each => each < index) ?? workload.intervals.map(each => each.from.entry).find(each => each < index) ?? null;
	const view = await reportView(log, index, older).catch(failed);
	if (!page.ended.aborted)
		show(moment, view);
}

function steps(known, index, href) {
	const newer = known.findLast(each => each > index), older = known.find(each => each < index);
	return h("p", {class: "row"}, older === undefined ? null : h("a", {href: href(older)}, "← The report before"),
		newer === undefined ? null : h("a", {href: href(newer)}, "The next report →"),
		h("span", {class: "sub"}, `entry ${number(index ?? 0)}`));
}

/* A name as a pattern that matches it alone. */
export function pattern(text) {
	return text.replace(/[\\*?]/g, "\\$&");
}
