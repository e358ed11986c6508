/*
 * What changed: the register's events, those that say the same at about the same time as one line.
 */

import {workloadRoute} from "./api.js";
import {h, name, nothing, status} from "./dom.js";
import {clock, count, dayOf, now, seconds} from "./time.js";

const KEPT = 1000;
const SHOWN = 30;
const TOGETHER_S = 300;

export class Changes {
	constructor() {
		this.events = new Map(); /* by id, in their order */
	}

	take(event) {
		this.events.set(event.id, event);
		if (this.events.size > KEPT)
			this.events.delete(this.events.keys().next().value);
	}

	/* The newest first: {event, hosts, count}. */
	lines() {
		const lines = [];
		for (const event of [...this.events.values()].reverse()) {
			const key = [event.log, event.event, event.workload, event.before, event.after, event.alarm].join("\n");
			const line = lines.slice(-8).find(each => each.key === key && (event.workload !== undefined || event.event === "alarm") &&
				Math.abs((each.event.time ?? 0) - (event.time ?? 0)) < TOGETHER_S);
			if (line !== undefined)
				line.hosts.add(event.collector);
			else
				lines.push({key, event, hosts: new Set([event.collector])});
			if (lines.length > SHOWN)
				break;
		}
		return lines.slice(0, SHOWN);
	}

	list(fleet) {
		const lines = this.lines();
		if (lines.length === 0)
			return nothing("Nothing has changed that is still kept.");
		return h("ul", {class: "feed card"}, lines.map(line => lineOf(fleet, line)));
	}
}

function lineOf(fleet, {event, hosts}) {
	const at = seconds(event.time), today = at !== null && Math.floor(at / 86400) === Math.floor(now() / 86400);
	return h("li", {}, at === null ? h("span", {class: "sub"}, "–") : h("time", {datetime: new Date(at * 1000).toISOString(),
		title: clock(at, 0)}, today ? clock(at).slice(0, 5) : dayOf(at)), h("span", {}, wordsOf(fleet, event, hosts)));
}

function wordsOf(fleet, event, hosts) {
	const where = hosts.size === 1 ? name(fleet.hostName(event.collector ?? ""), 40) : count(hosts.size, "host");
	const what = event.workload === undefined ? null : h("a", {href: workloadRoute(event.log, event.collector, event.workload, event.index)},
		name(event.workload, 40));
	switch (event.event) {
	case "verdict":
		return [status(event.after), " ", what, " on ", where, event.before === undefined ? ", seen for the first time" : `, ${WAS[event.before] ?? event.before} before`,
			event["finding-count"] > 0 && event.findings?.length > 0 ? h("span", {class: "sub block"}, name(`${event.findings[0].code} ${event.findings[0].subject}`, 60)) : null];
	case "silent":
		return [status("silent"), " ", what, " on ", where, event.due ? `: a report was due at ${clock(event.due)}` : ""];
	case "back":
		return [status(event.after, "Back"), " ", what, " on ", where, " reports again"];
	case "policy":
		return ["Policy ", h("a", {href: "#/policy"}, h("code", {}, String(event.sha256).slice(0, 8))), " took effect in ", name(event.log)];
	case "key":
		return ["The log ", name(event.log), " is signed by another key: ", h("code", {}, String(event.to).slice(0, 8))];
	case "alarm":
		return [status("contraindicated", "Alarm"), " of the log ", name(event.log), h("span", {class: "sub block"}, name(event.words ?? event.alarm, 120))];
	case "acknowledged":
		return ["Somebody has acknowledged the alarms of ", name(event.log)];
	default:
		return name(event.event);
	}
}

const WAS = {affirming: "affirmed", warning: "a warning", contraindicated: "contraindicated", none: "without a verdict"};
