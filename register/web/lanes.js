/*
 * A workload's time as lanes, drawn as SVG: verdict, policy, release (what its components were), and
 * reports with gaps and silences. Each piece is a link to the report that it began with.
 */

import {STATES, h, s} from "./dom.js";
import {clock, dayOf, seconds, span} from "./time.js";

const WIDTH = 1100, LEFT = 84, TOP = 24, HEIGHT = 20, STEP = 28;
const DAY = 86400;
const PIECES_MOST = 400; /* of a lane: more cannot be told apart */

/* `lanes`: [{label, pieces: [{from, to, text, kind, href, title}]}] in seconds; `here`: a time or null */
export function lanesOf(lanes, from, to, here, label) {
	const long = Math.max(60, to - from), x = at => LEFT + (Math.max(from, Math.min(to, at)) - from) / long * (WIDTH - LEFT);
	const bottom = TOP + lanes.length * STEP;
	return h("div", {class: "wide card", tabindex: "0", role: "region", "aria-label": label},
		s("svg", {class: "lanes", viewBox: `0 0 ${WIDTH} ${bottom + 4}`, role: "group", "aria-label": label},
			ticks(from, to).map(at => [s("line", {class: "grid", x1: x(at), x2: x(at), y1: TOP - 4, y2: bottom}),
				s("text", {x: x(at) + 4, y: 12}, long > 2 * DAY ? dayOf(at) : clock(at, at).slice(0, 5))]),
			lanes.map(({label: own, pieces}, i) => [s("text", {class: "lab", x: 0, y: TOP + i * STEP + 14}, own),
				pieces.slice(0, PIECES_MOST).map(piece => pieceOf(piece, x, TOP + i * STEP))]),
			here === null ? null : s("line", {class: "here", x1: x(here), x2: x(here), y1: TOP - 4, y2: bottom})));
}

function pieceOf({from, to, text, kind, href, title}, x, y) {
	const left = x(from), width = Math.max(4, x(to) - left - 2), fits = Math.floor((width - 12) / 7);
	const said = `${text}: ${title ?? ""} from ${clock(from, 0)}, for ${span(to - from)}`;
	const parts = [s("title", {}, said), s("rect", {class: kind, x: left, y, width, height: HEIGHT, rx: 3})];
	if (fits >= 4)
		parts.push(s("text", {class: "in", x: left + 7, y: y + 14}, text.length > fits ? `${text.slice(0, fits - 1)}…` : text));
	return href ? s("a", {href, "aria-label": said}, parts) : s("g", {role: "img", "aria-label": said}, parts);
}

function ticks(from, to) {
	const step = [60, 600, 3600, 6 * 3600, DAY, 7 * DAY, 30 * DAY, 365 * DAY].find(each => (to - from) / each <= 9) ?? 3650 * DAY, found = [];
	for (let at = Math.ceil(from / step) * step; at < to; at += step)
		found.push(at);
	return found;
}

/* Lanes of intervals (the newest first) and silences of one workload. */
export function lanesOfWorkload(intervals, silences, until, href) {
	const ordered = [...intervals].reverse().map((each, i, all) => {
		const from = seconds(each.from.time), next = all[i + 1];
		return {...each, start: from, end: next ? seconds(next.from.time) : each.last === null ? until : seconds(each.last.time)};
	});
	const verdicts = ordered.filter(({offline}) => !offline);
	return [
		{label: "Verdict", pieces: joined(verdicts, each => each.tier).map(({first, from, to}) => ({from, to, kind: STATES[first.tier].colour,
			text: STATES[first.tier].word.toLowerCase(), href: href(first.from.entry)}))},
		{label: "Release", pieces: joined(verdicts, each => JSON.stringify(each.states?.components)).map(({first, from, to}) => ({from, to, kind: "plain",
			text: Object.values(first.states?.components ?? {})[0]?.sha256?.slice(0, 8) ?? "none", title: "components", href: href(first.from.entry)}))},
		{label: "Policy", pieces: joined(verdicts, each => each.policy).map(({first, from, to}) => ({from, to, kind: "plain",
			text: first.policy.replace(/@sha256:(.{8}).*/, " $1"), href: href(first.from.entry)}))},
		{label: "Reports", pieces: [...joined(ordered, each => String(each.offline)).map(({first, from, to, reports}) => ({from, to,
			kind: first.offline ? "soft" : "plain", text: first.offline ? "gathered offline" : reports > 0 ? `${reports} report${reports === 1 ? "" : "s"}` : "reports"})),
		...silences.map(each => ({from: seconds(each.from.time), to: each.to === null ? until : seconds(each.to.time), kind: "quiet",
			text: "silent", title: each.due === null ? "" : `due ${each.due}`, href: href(each.from.entry)}))]},
	];
}

function joined(intervals, keyOf) {
	const found = [];
	for (const each of intervals) {
		const key = keyOf(each), last = found.at(-1);
		if (last !== undefined && last.key === key) {
			last.to = each.end;
			last.reports += each.reports ?? 0;
		} else {
			found.push({key, first: each, from: each.start, to: each.end, reports: each.reports ?? 0});
		}
	}
	return found;
}
