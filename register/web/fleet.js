/*
 * The fleet: in words what needs somebody, then why, then all of it at a glance, and what changed.
 */

import {h, failed, nothing, show, waiting} from "./dom.js";
import {alarms, alarmsList, alerts, alertsList, causes, causesTable} from "./causes.js";
import {draw, strip} from "./cells.js";
import {STATES, mark} from "./dom.js";
import {count, long, number, now, ago} from "./time.js";

const STRIPS_SHOWN = 60;

/* `page`: {fleet, changes, onChange(f), ended: signal} */
export async function fleetView(page, main) {
	const parts = {head: h("div", {}, waiting("the fleet")), alarms: h("div"), causes: h("div"), alerts: h("div"), strips: h("div", {class: "card strips"}), feed: h("div")};
	show(main, parts.head, parts.alarms, parts.causes);
	const state = {page, parts, views: [], rows: null};
	try {
		await page.fleet.load();
	} catch (error) {
		if (error.kind === "away")
			throw error; /* it is asked again */
		show(parts.head, h("h1", {}, "The fleet is not to be seen"), failed(error));
		return;
	}
	if (page.ended.aborted)
		return;
	build(state, main);
	watch(state);
	await look(state);
}

function build(state, main) {
	const {parts, page} = state;
	const foot = page.fleet.cells.size === 0 ? null : h("div", {class: "two"},
		h("section", {"aria-labelledby": "all"}, h("h2", {id: "all"}, "All workloads ", h("span", {class: "sub"}, "a cell is a host; worst first")), parts.strips, legend()),
		h("section", {"aria-labelledby": "changed"}, h("h2", {id: "changed"}, "What changed"), parts.feed));
	show(main, parts.head, parts.alarms, parts.causes, foot, parts.alerts);
	headline(state);
	strips(state);
	show(parts.feed, page.changes.list(page.fleet));
}

function strips(state) {
	const {page: {fleet}, parts} = state, shown = fleet.strips.slice(0, STRIPS_SHOWN);
	state.views = shown.map(of => strip(fleet, of));
	show(parts.strips, state.views.map(view => view.element), fleet.strips.length > shown.length
		? h("p", {class: "sub"}, `The worst ${shown.length} of ${count(fleet.strips.length, "workload")}; search finds the others.`) : null);
	for (const view of state.views)
		draw(view);
}

function legend() {
	return h("p", {class: "legend sub"}, Object.values(STATES).sort((a, b) => b.rank - a.rank)
		.map(({word, mark: shape, colour}) => h("span", {class: `st ${colour}`}, mark(shape), word)));
}

function headline(state) {
	const {page: {fleet}, parts, rows, found} = state, good = fleet.count("affirming"), all = fleet.present;
	const things = rows === null ? null : rows.rows.length + new Set((found?.items ?? []).map(alarm => `${alarm.log} ${alarm.kind}`)).size;
	const newest = Math.max(0, ...[...fleet.asOf.values()].map(log => Date.parse(log.newest ?? "") / 1000 || 0));
	const words = all === 0 ? "No workload has reported yet"
		: things === null ? `${number(good)} of ${count(all, "workload")} are affirmed`
		: things === 0 ? good === all ? `Nothing needs somebody; ${all === 1 ? "the one workload is" : `all ${number(all)} workloads are`} affirmed` : `Nothing needs somebody; ${number(good)} of ${number(all)} workloads are affirmed`
		: `${count(things, "thing needs", "things need")} somebody; ${number(good)} of ${count(all, "workload")} ${all === 1 ? "is" : "are"} affirmed`;
	show(parts.head, h("h1", {}, words), h("p", {class: "lead"}, `${long(now())}. `,
		newest > 0 ? `The newest entry is of ${ago(newest)}.` : "", fleet.more ? " There are more workloads than a page can show." : ""),
	all === 0 ? nothing("Once a collector has sent its first report, its host stands here. ", h("code", {}, "hallmark-collector check"), " says what keeps it from that.") : null);
	document.title = all > 0 && things > 0 ? `${things} need somebody · Hallmark` : "Fleet · Hallmark";
}

async function look(state) {
	const {page, parts} = state;
	try {
		const [rows, found, odd] = await Promise.all([causes(page.fleet), alarms(), alerts()]);
		if (page.ended.aborted)
			return;
		Object.assign(state, {rows, found});
		show(parts.alarms, alarmsList(found));
		show(parts.alerts, alertsList(odd));
		show(parts.causes, page.fleet.cells.size > 0 ? causesTable(page.fleet, rows) : null);
		headline(state);
	} catch (error) {
		if (!page.ended.aborted)
			show(parts.causes, failed(error));
	}
}

/* What comes by events is drawn at once; lists are asked again when it has been quiet for a moment. */
function watch(state) {
	const {page, parts} = state;
	let asked = null, frame = null, stranger = false;
	const again = async () => {
		asked = null;
		if (stranger) {
			stranger = false;
			await page.fleet.load().then(() => strips(state), () => { stranger = true; });
		}
		await look(state);
	};
	page.onChange((event, known) => {
		stranger ||= !known;
		asked ??= setTimeout(again, 400);
		frame ??= requestAnimationFrame(() => {
			frame = null;
			for (const view of state.views)
				if (view.of.dirty)
					draw(view);
			headline(state);
			show(parts.feed, page.changes.list(page.fleet));
		});
	});
	const redraw = () => state.views.forEach(draw);
	const resized = new ResizeObserver(redraw), dark = matchMedia("(prefers-color-scheme: dark)");
	resized.observe(parts.strips);
	dark.addEventListener("change", redraw);
	page.ended.addEventListener("abort", () => {
		resized.disconnect();
		dark.removeEventListener("change", redraw);
		clearTimeout(asked);
	});
}
