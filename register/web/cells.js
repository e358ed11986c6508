/*
 * A strip of cells, a cell a host, the worst first: drawn on a canvas, since 10,000 elements are too
 * many and 10,000 rectangles are nothing. State is shape and colour: a bar below (affirmed), a
 * triangle (warning), a block with a cut (contraindicated), a dashed box (silent), a box with a line
 * (no verdict), a dot (left); in words it stands below for the cell under the pointer or the cursor.
 *
 * For the keyboard and for readers of the screen it is a slider over its hosts: arrows go from one
 * to the next, Home and End to the ends, Enter opens.
 */

import {workloadRoute} from "./api.js";
import {STATES, h, name, show, status} from "./dom.js";
import {ago, count} from "./time.js";

const SIZES = [[150, 12, 18], [600, 9, 14], [3000, 7, 10], [Infinity, 5, 8]]; /* up to so many: width, height */
const GAP = 2;

export function strip(fleet, of) {
	const canvas = h("canvas", {class: "cells", role: "slider", tabindex: "0", "aria-valuemin": "1"});
	const said = h("p", {class: "said sub", "aria-hidden": "true"}), counts = h("span", {class: "sub counts"});
	const view = {of, fleet, canvas, said, counts, at: 0, columns: 1, focus: false};
	listen(view);
	view.element = h("div", {class: "strip"},
		h("div", {class: "strip-name"}, h("b", {}, name(of.workload, 28)), fleet.asOf.size > 1 ? h("span", {class: "sub block"}, of.log) : null),
		h("div", {class: "strip-cells"}, canvas, said), counts);
	tell(view, 0, false);
	return view;
}

function listen(view) {
	const {canvas} = view;
	canvas.addEventListener("pointermove", event => {
		const at = under(view, event);
		canvas.style.cursor = at === null ? "default" : "pointer";
		if (at !== null)
			tell(view, at, true);
	});
	canvas.addEventListener("pointerleave", () => {
		if (!view.focus)
			show(view.said);
	});
	canvas.addEventListener("click", event => {
		const at = under(view, event);
		if (at !== null)
			open(view, at);
	});
	canvas.addEventListener("focus", () => {
		view.focus = true;
		tell(view, view.at, true);
		draw(view);
	});
	canvas.addEventListener("blur", () => {
		view.focus = false;
		show(view.said);
		draw(view);
	});
	canvas.addEventListener("keydown", event => {
		const last = view.of.cells.length - 1, step = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: view.columns,
			ArrowUp: -view.columns, PageDown: 10 * view.columns, PageUp: -10 * view.columns, Home: -Infinity, End: Infinity}[event.key];
		if (event.key === "Enter" || event.key === " ") {
			event.preventDefault();
			open(view, view.at);
		} else if (step !== undefined) {
			event.preventDefault();
			tell(view, Math.max(0, Math.min(last, view.at + step)), true);
			draw(view);
		}
	});
}

function under(view, event) {
	const box = view.canvas.getBoundingClientRect(), {width, height, columns} = view;
	const column = Math.floor((event.clientX - box.left) / (width + GAP)), row = Math.floor((event.clientY - box.top) / (height + GAP));
	const at = row * columns + column;
	return column >= 0 && column < columns && at >= 0 && at < view.of.cells.length ? at : null;
}

function open(view, at) {
	const {log, host, workload} = view.of.cells[at];
	location.hash = workloadRoute(log, host, workload);
}

function tell(view, at, aloud) {
	const cell = view.of.cells[at], all = view.of.cells.length, {canvas} = view;
	view.at = at;
	const since = cell.state === "silent" ? cell.silent : cell.since;
	canvas.setAttribute("aria-label", `${view.of.workload}: its hosts, the worst first`);
	canvas.setAttribute("aria-valuemax", String(all));
	canvas.setAttribute("aria-valuenow", String(at + 1));
	canvas.setAttribute("aria-valuetext", `${cell.host}, ${STATES[cell.state].word}${since > 0 ? `, since ${ago(since)}` : ""}; ${at + 1} of ${all}`);
	if (aloud)
		show(view.said, status(cell.state), " ", name(cell.host, 60), since > 0 ? ` since ${ago(since)}` : "");
}

/* Its numbers in words, beside the cells: those that are not affirmed, and how many there are. */
function sum(view) {
	const parts = Object.entries(view.of.counts).filter(([state]) => state !== "affirming")
		.sort(([a], [b]) => STATES[b].rank - STATES[a].rank)
		.map(([state, n]) => h("span", {class: "block"}, status(state, `${n} ${STATES[state].word.toLowerCase()}`)));
	show(view.counts, h("span", {class: "block"}, count(view.of.cells.length, "host")), parts);
}

export function draw(view) {
	const {canvas, of} = view, style = getComputedStyle(canvas), ratio = globalThis.devicePixelRatio || 1;
	const room = canvas.parentElement.clientWidth, [, width, height] = SIZES.find(([most]) => of.cells.length <= most);
	if (room === 0)
		return;
	const columns = Math.max(1, Math.floor((room + GAP) / (width + GAP))), rows = Math.ceil(of.cells.length / columns);
	Object.assign(view, {width, height, columns});
	canvas.width = Math.round(room * ratio);
	canvas.height = Math.round((rows * (height + GAP)) * ratio);
	canvas.style.height = `${rows * (height + GAP)}px`;
	const pen = canvas.getContext("2d"), ink = name_ => style.getPropertyValue(name_).trim();
	const colours = Object.fromEntries(["good", "warn", "bad", "quiet", "soft", "good-bg", "warn-bg", "raised", "ink"].map(each => [each, ink(`--${each}`)]));
	pen.scale(ratio, ratio);
	for (let i = 0; i < of.cells.length; i++)
		SHAPES[of.cells[i].state](pen, (i % columns) * (width + GAP), Math.floor(i / columns) * (height + GAP), width, height, colours);
	if (view.focus)
		cursor(pen, (view.at % columns) * (width + GAP), Math.floor(view.at / columns) * (height + GAP), width, height, colours);
	of.dirty = false;
	sum(view);
}

function cursor(pen, x, y, w, ht, c) {
	pen.strokeStyle = c.ink;
	pen.lineWidth = 2;
	pen.setLineDash([]);
	pen.strokeRect(x, y, w, ht);
}

const SHAPES = {
	affirming(pen, x, y, w, ht, c) {
		const bar = Math.max(2, Math.round(ht / 5));
		pen.fillStyle = c["good-bg"];
		pen.fillRect(x, y, w, ht - bar);
		pen.fillStyle = c.good;
		pen.fillRect(x, y + ht - bar, w, bar);
	},
	warning(pen, x, y, w, ht, c) {
		pen.fillStyle = c["warn-bg"];
		pen.fillRect(x, y, w, ht);
		pen.fillStyle = c.warn;
		pen.beginPath();
		pen.moveTo(x + w / 2, y + 1);
		pen.lineTo(x + w, y + ht);
		pen.lineTo(x, y + ht);
		pen.fill();
	},
	contraindicated(pen, x, y, w, ht, c) {
		pen.fillStyle = c.bad;
		pen.fillRect(x, y, w, ht);
		pen.strokeStyle = c.raised;
		pen.lineWidth = w < 7 ? 1 : 1.6;
		pen.setLineDash([]);
		pen.beginPath();
		pen.moveTo(x + 1.5, y + 1.5);
		pen.lineTo(x + w - 1.5, y + ht - 1.5);
		pen.stroke();
	},
	silent(pen, x, y, w, ht, c) {
		pen.strokeStyle = c.quiet;
		pen.lineWidth = 1.2;
		pen.setLineDash([2, 2]);
		pen.strokeRect(x + 0.6, y + 0.6, w - 1.2, ht - 1.2);
	},
	none(pen, x, y, w, ht, c) {
		pen.strokeStyle = c.quiet;
		pen.lineWidth = 1.2;
		pen.setLineDash([]);
		pen.strokeRect(x + 0.6, y + 0.6, w - 1.2, ht - 1.2);
		pen.fillStyle = c.quiet;
		pen.fillRect(x + 2, y + ht / 2 - 0.8, w - 4, 1.6);
	},
	left(pen, x, y, w, ht, c) {
		pen.fillStyle = c.soft;
		pen.beginPath();
		pen.arc(x + w / 2, y + ht / 2, Math.min(w, ht) / 5, 0, 2 * Math.PI);
		pen.fill();
	},
};
