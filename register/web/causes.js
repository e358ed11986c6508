/*
 * What needs somebody, by its cause: a library that no release has is one thing, on however many
 * hosts it is. Findings of the same workloads are one row; who is silent is one row a workload.
 */

import {list, pathOf, workloadRoute} from "./api.js";
import {STATES, h, mark, name, nothing, status, table, time} from "./dom.js";
import {keyOf} from "./fleet_state.js";
import {count, seconds, ago} from "./time.js";

const CAUSES_MOST = 40; /* whose workloads are asked for; further ones are counted */
const HOSTS_SHOWN = 3;
const FINDINGS_SHOWN = 3;

let words = null;

/* code: {sentence, mend}; of the register's version, so asked once. */
export async function wordsOf() {
	words ??= list("words").then(({items}) => new Map(items.map(item => [item.code, item])), () => {
		words = null;
		return new Map();
	});
	return words;
}

/* {rows: the worst first, more: how many causes were not looked at} */
export async function causes(fleet) {
	const [found, silences, sentences] = await Promise.all([list("findings", {limit: 500}), list("silences", {limit: 500}), wordsOf()]);
	const newest = found.items.sort((a, b) => seconds(b.since.time) - seconds(a.since.time));
	const looked = newest.slice(0, CAUSES_MOST);
	const affected = await Promise.all(looked.map(cause => list(pathOf(cause.link), {limit: 500})));
	const groups = new Map(), explained = new Set();
	looked.forEach((cause, i) => {
		const cells = affected[i].items.map(each => ({each, cell: fleet.cell(each.log, each.collector, each.workload)}))
			.filter(({cell}) => cell !== undefined && !["affirming", "left"].includes(cell.state));
		if (cells.length === 0)
			return;
		const key = cells.map(({cell}) => keyOf(cell)).sort().join("\n\n");
		const group = groups.get(key) ?? groups.set(key, {cells: cells.map(({cell}) => cell), findings: [], since: Infinity,
			total: affected[i].more ? cause.workloads : cells.length, report: cells[0].each.report}).get(key);
		group.findings.push({...cause, words: sentences.get(cause.code)});
		group.since = Math.min(group.since, ...cells.map(({each}) => seconds(each.since.time) ?? Infinity));
		for (const {cell} of cells)
			explained.add(cell);
	});
	const rows = [...groups.values(), ...unexplained(fleet, explained, silences.items)];
	for (const row of rows)
		row.state = row.cells.reduce((worst, {state}) => STATES[state].rank > STATES[worst].rank ? state : worst, "left");
	rows.sort((a, b) => STATES[b.state].rank - STATES[a.state].rank || b.since - a.since);
	return {rows, more: newest.length - looked.length + (found.more ? 1 : 0)};
}

/* By workload and state: the silent, those without a verdict, and those of causes that were not looked at. */
function unexplained(fleet, explained, silences) {
	const due = new Map(silences.filter(each => each.to === null)
		.map(each => [keyOf({log: each.log, host: each.collector, workload: each.workload}), each])), groups = new Map();
	for (const strip of fleet.strips)
		for (const cell of strip.cells) {
			if (explained.has(cell) && cell.state !== "silent")
				continue;
			if (cell.state === "affirming" || cell.state === "left")
				break; /* the worst are first */
			const key = `${cell.log}\n${cell.workload}\n${cell.state}`;
			const group = groups.get(key) ?? groups.set(key, {cells: [], findings: [], since: Infinity, silence: null}).get(key);
			group.cells.push(cell);
			group.since = Math.min(group.since, cell.state === "silent" ? cell.silent : cell.since || Infinity);
			group.silence ??= due.get(keyOf(cell)) ?? null;
		}
	return [...groups.values()];
}

export function causesTable(fleet, {rows, more}) {
	if (rows.length === 0)
		return nothing("Nobody has to look at anything.");
	const shown = rows.slice(0, 100);
	return h("div", {}, table("What needs somebody, the worst first", ["Verdict", "What, and why", "Where", {text: "Since", class: "n"}, "Open"], shown.map(row => rowOf(fleet, row)), {class: "stacked"}),
	rows.length > shown.length || more > 0 ? h("p", {class: "sub"}, `Shown are the worst ${count(shown.length, "row")}`,
		rows.length > shown.length ? ` of ${rows.length}` : "", more > 0 ? `; ${count(more, "older cause was", "older causes were")} not looked at` : "", ".") : null);
}

function rowOf(fleet, row) {
	const workloads = [...new Set(row.cells.map(({workload}) => workload))], first = row.cells[0];
	const whole = fleet.strips.find(strip => strip.log === first.log && strip.workload === first.workload)?.cells.length ?? 0;
	const hosts = [...new Set(row.cells.map(({host}) => host))];
	return h("tr", {}, h("td", {}, status(row.state)),
		h("td", {}, h("b", {}, workloads.slice(0, 2).flatMap((each, i) => [i > 0 ? ", " : "", name(each, 40)])),
			workloads.length > 2 ? ` and ${workloads.length - 2} more` : "", ": ", sentenceOf(fleet, row)),
		h("td", {}, hosts.slice(0, HOSTS_SHOWN).flatMap((host, i) => [i > 0 ? ", " : "", name(fleet.hostName(host), 40)]),
			hosts.length > HOSTS_SHOWN ? ` and ${count((row.total ?? hosts.length) - HOSTS_SHOWN, "more", "more")}` : "",
			workloads.length === 1 && whole > hosts.length ? h("span", {class: "sub"}, ` of ${whole} alike`) : ""),
		h("td", {class: "n"}, Number.isFinite(row.since) && row.since > 0 ? ago(row.since).replace(" ago", "") : "–"),
		h("td", {}, h("a", {class: "act", href: workloadRoute(first.log, first.host, first.workload),
			"aria-label": `Look at ${first.workload} on ${fleet.hostName(first.host)}`}, row.state === "silent" ? "Look" : "Look, prove")));
}

function sentenceOf(fleet, row) {
	if (row.findings.length > 0)
		return row.findings.slice(0, FINDINGS_SHOWN).map(finding => h("span", {class: "block"},
			finding.words?.sentence ?? finding.code, h("span", {class: "sub block"}, h("code", {}, name(finding.subject || finding.kind, 64)), ` ${finding.kind}, ${finding.code}`)))
			.concat(row.findings.length > FINDINGS_SHOWN ? [h("span", {class: "sub"}, `and ${row.findings.length - FINDINGS_SHOWN} more findings`)] : []);
	if (row.state === "silent") {
		const first = row.cells[0], host = fleet.hosts.get(first.host) ?? [], others = host.filter(cell => cell !== first && cell.silent === 0 && cell.state !== "left");
		return ["promised a report", row.silence?.due ? ` by ${row.silence.due.slice(11, 19)} UTC` : "", ", none came",
			others.length > 0 ? "; the host itself reports" : host.length > 1 ? "; nothing else of the host reports" : ""];
	}
	if (row.state === "none")
		return "its verdict could not be made again here, or none was made";
	return "see its report";
}

export async function alarms() {
	const {items, more} = await list("alarms", {limit: 100});
	return {items, more};
}

const ALARMS = {
	fork: "has two histories", rollback: "was set back", "bad-seal": "has a signature that is not its key's",
	"bad-tree": "does not hash to what was signed", "bad-entry": "has an entry that is none",
	"bad-verdict": "has a verdict that does not follow from policy and evidence",
	unapproved: "has something in force that nobody approved", unvouched: "has reports that no collector vouches for",
	"missing-evidence": "lacks evidence that it names", unreadable: "cannot be read",
};

/* Alarms of one kind of one log are one. */
export function alarmsList({items}) {
	const groups = new Map();
	for (const alarm of items)
		groups.set(`${alarm.log}\n${alarm.kind}`, [...groups.get(`${alarm.log}\n${alarm.kind}`) ?? [], alarm]);
	if (groups.size === 0)
		return null;
	return h("section", {class: "alarms", "aria-label": "Alarms"}, [...groups.values()].map(([alarm, ...others]) => h("div", {class: "alarm"},
		h("p", {}, status("contraindicated", "Alarm"), " ", h("b", {}, "The log ", name(alarm.log), " ", ALARMS[alarm.kind] ?? alarm.kind), ". Nothing by this log is to be relied on until somebody has looked: ",
			h("code", {}, `hallmark-register acknowledge ${alarm.log}`)),
		h("p", {class: "sub"}, name(alarm.words, 300), alarm.entry === null ? "." : [" (", h("a", {href: `#/log/${alarm.log}/${alarm.entry}`}, `entry ${alarm.entry}`), ")."],
			others.length > 0 ? ` And ${count(others.length, "other")} of this kind.` : "", " Seen ", time(alarm.first), "."))));
}

/* What does not fit among those that are alike: no verdict, and nobody has to believe it. */
export async function alerts() {
	const {items, more} = await list("alerts", {limit: 200});
	return {items: items.filter(alert => alert.end === null), more};
}

export function alertsList({items}) {
	if (items.length === 0)
		return null;
	return h("section", {"aria-labelledby": "odd"}, h("h2", {id: "odd"}, "What does not fit ", h("span", {class: "sub"}, "beside its peers; it changes no verdict")),
		table("What does not fit", ["Kind", "What, and beside whom", {text: "Since", class: "n"}, "Open"], items.slice(0, 20).map(alert => {
			const first = alert.named?.[0];
			return h("tr", {}, h("td", {}, h("span", {class: "st quiet"}, mark("none"), name(alert.code.replaceAll("-", " ")))), h("td", {}, name(alert.words, 300)),
				h("td", {class: "n"}, time(alert.first.time, false)), h("td", {}, first === undefined ? null : h("a", {class: "act",
					href: workloadRoute(first.log, first.collector, first.workload, alert.first.entry), "aria-label": `Look at ${first.workload} on ${first.collector}, entry ${alert.first.entry}`}, "Look")));
		}), {class: "stacked"}), items.length > 20 ? h("p", {class: "sub"}, `and ${items.length - 20} more`) : null);
}
