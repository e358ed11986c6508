/*
 * What every workload of every host is: asked once (v1/fleet), then kept by the register's events,
 * which come within a second. A cell is one workload on one host; a strip all hosts of a workload.
 */

import {get} from "./api.js";
import {STATES, shortHost} from "./dom.js";
import {seconds} from "./time.js";

const TIERS = {0: "none", 2: "affirming", 32: "warning", 96: "contraindicated"};
const PAGES_MAX = 50; /* a million cells: more is no fleet to be looked at in a browser */

export class Fleet {
	constructor() {
		this.strips = [];
		this.cells = new Map();
		this.hosts = new Map(); /* identity: its cells */
		this.shorts = new Map(); /* what is last in an identity: how many have it */
		this.asOf = new Map();
		this.more = false;
	}

	async load() {
		const fresh = new Fleet();
		let cursor;
		for (let page = 0; page < PAGES_MAX; page++) {
			const said = await get("fleet", {cursor});
			fresh.take(said);
			if ((cursor = said.next) === undefined)
				break;
		}
		fresh.more = cursor !== undefined;
		fresh.sort();
		Object.assign(this, fresh);
		return this;
	}

	take({as_of, hosts, workloads, items}) {
		for (const log of as_of)
			this.asOf.set(log.log, log);
		for (const [log, host, workload, tier, since, silent, left] of items)
			this.add({log: as_of[log].log, host: hosts[host], workload: workloads[workload],
				tier: TIERS[tier] ?? "none", since, silent, left: left === 1});
	}

	add(cell) {
		cell.state = stateOf(cell);
		this.cells.set(keyOf(cell), cell);
		if (!this.hosts.has(cell.host)) {
			this.hosts.set(cell.host, []);
			const short = shortHost(cell.host);
			this.shorts.set(short, (this.shorts.get(short) ?? 0) + 1);
		}
		this.hosts.get(cell.host).push(cell);
	}

	/* Workloads of one name in one log, the worst first; in each the worst hosts first. */
	sort() {
		const strips = new Map();
		for (const cell of this.cells.values()) {
			const key = `${cell.log}\n${cell.workload}`;
			if (!strips.has(key))
				strips.set(key, {log: cell.log, workload: cell.workload, cells: [], counts: {}, dirty: true});
			strips.get(key).cells.push(cell);
		}
		this.strips = [...strips.values()];
		for (const strip of this.strips) {
			order(strip);
			for (const cell of strip.cells)
				cell.strip = strip;
		}
		this.strips.sort((a, b) => worst(b) - worst(a) || bad(b) - bad(a) || compare(a.workload, b.workload));
	}

	/* Whether the event was about a cell that is known; one that is not is to be asked for. */
	apply(event) {
		if (!["verdict", "silent", "back"].includes(event.event))
			return true;
		const cell = this.cells.get(keyOf({log: event.log, host: event.collector, workload: event.workload}));
		if (cell === undefined)
			return false;
		const at = seconds(event.time) ?? 0, was = cell.state;
		if (at < Math.max(cell.since, cell.silent))
			return true; /* it is older than what is known */
		if (event.event === "silent")
			cell.silent = at;
		else
			cell.silent = 0;
		if (event.after !== undefined) {
			if (event.after !== cell.tier)
				cell.since = at;
			cell.tier = event.after;
		}
		cell.state = stateOf(cell);
		if (cell.state !== was && cell.strip !== undefined) {
			order(cell.strip);
			cell.strip.dirty = true;
		}
		return true;
	}

	count(state) {
		return this.strips.reduce((sum, strip) => sum + (strip.counts[state] ?? 0), 0);
	}

	/* Those that are meant to be there. */
	get present() {
		return this.cells.size - this.count("left");
	}

	hostName(identity) {
		const short = shortHost(identity);
		return this.shorts.get(short) > 1 ? identity : short;
	}

	cell(log, host, workload) {
		return this.cells.get(keyOf({log, host, workload}));
	}
}

export function keyOf({log, host, workload}) {
	return `${log}\n${host}\n${workload}`;
}

function stateOf({tier, silent, left}) {
	if (tier === "contraindicated")
		return tier;
	return left ? "left" : silent > 0 ? "silent" : tier;
}

function order(strip) {
	strip.cells.sort((a, b) => STATES[b.state].rank - STATES[a.state].rank || compare(a.host, b.host));
	strip.counts = {};
	for (const {state} of strip.cells)
		strip.counts[state] = (strip.counts[state] ?? 0) + 1;
}

function worst(strip) {
	return strip.cells.length > 0 ? STATES[strip.cells[0].state].rank : 0;
}

function bad(strip) {
	return strip.cells.length - (strip.counts.affirming ?? 0) - (strip.counts.left ?? 0);
}

const collator = new Intl.Collator("en", {numeric: true});

function compare(a, b) {
	return collator.compare(a, b);
}
