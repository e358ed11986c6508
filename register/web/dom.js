/*
 * Making elements. Text is always a text node: there is no way to markup here, and the page's policy
 * (trusted types) has none either. What comes from outside stands in a <bdi>, so that it cannot turn
 * what is around it.
 */

import {ago, clock, local, seconds} from "./time.js";

const SVG = "http://www.w3.org/2000/svg";
const NAME_MOST = 72; /* characters that are shown of a name before somebody wants all */

export function h(tag, attributes, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes, ...children) {
	return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (typeof value === "function")
			element.addEventListener(name.slice(2), value);
		else if (value !== null && value !== undefined && value !== false)
			element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.flat(3).filter(child => child !== null && child !== undefined && child !== false));
	return element;
}

export function show(element, ...children) {
	element.replaceChildren(...children.flat(3).filter(child => child !== null && child !== undefined && child !== false));
}

/* --- states ---------------------------------------------------------------------------------------- */

/* What a workload is, the worst last: word, mark (its shape), colour. */
export const STATES = {
	left: {rank: 0, word: "Left", mark: "gone", colour: "soft"},
	affirming: {rank: 1, word: "Affirmed", mark: "good", colour: "good"},
	none: {rank: 2, word: "No verdict", mark: "none", colour: "quiet"},
	warning: {rank: 3, word: "Warning", mark: "warn", colour: "warn"},
	silent: {rank: 4, word: "Silent", mark: "silent", colour: "quiet"},
	contraindicated: {rank: 5, word: "Contraindicated", mark: "bad", colour: "bad"},
};

export function mark(name) {
	return s("svg", {class: "mark", "aria-hidden": "true"}, s("use", {href: `#mark-${name}`}));
}

export function status(state, word) {
	const {mark: shape, colour, word: own} = STATES[state] ?? STATES.none;
	return h("span", {class: `st ${colour}`}, mark(shape), word ?? own);
}

/* --- names, digests, times --------------------------------------------------------------------------- */

/* A name from outside: isolated, cut where it is long, the whole on demand. */
export function name(text, most = NAME_MOST) {
	const whole = String(text), letters = whole.length > most ? Array.from(whole.slice(0, 2 * most)) : null;
	if (letters === null || letters.length <= most)
		return h("bdi", {class: "name"}, whole === "" ? "(nothing)" : whole);
	const shown = h("bdi", {class: "name"}, letters.slice(0, most - 1).join(""), "…");
	const button = h("button", {type: "button", class: "more", "aria-expanded": "false", onclick() {
		const open = button.getAttribute("aria-expanded") !== "true";
		button.setAttribute("aria-expanded", String(open));
		button.textContent = open ? "less" : "whole";
		shown.textContent = open ? whole : `${letters.slice(0, most - 1).join("")}…`;
	}}, "whole");
	return h("span", {class: "cut"}, shown, " ", button);
}

/* A host's identity, by what is last in it; the whole stands beside it where it is looked at. */
export function shortHost(identity) {
	const parts = String(identity).split("/").filter(part => part !== "");
	return parts.length > 0 ? parts[parts.length - 1] : String(identity);
}

export function digest(hex, link = true) {
	const text = String(hex), short = text.length > 16 ? `${text.slice(0, 8)}…${text.slice(-4)}` : text;
	const code = h("code", {title: text}, short);
	return h("span", {class: "digest"}, link && /^[0-9a-f]{64}$/.test(text)
		? h("a", {href: `#/artifact/${text}`, "aria-label": `SHA-256 ${short}`}, code) : code, copier(text, "SHA-256"));
}

export function copier(text, what) {
	const button = h("button", {type: "button", class: "copy", "aria-label": `Copy the whole ${what}`, async onclick() {
		try {
			await navigator.clipboard.writeText(text);
			button.textContent = "copied";
		} catch {
			button.textContent = "not copied";
		}
	}}, "copy");
	return button;
}

/* When something was: `full` with the time of the day, else how long ago; all of it on demand. */
export function time(at, full = true) {
	const when = seconds(at);
	if (when === null)
		return h("span", {class: "sub"}, "not known");
	const iso = new Date(when * 1000).toISOString().replace(".000", "");
	return h("time", {datetime: iso, title: `${iso} (${local(when)})`},
		full ? `${clock(when)}, ${ago(when)}` : ago(when));
}

/* --- what a view shows while it has nothing -------------------------------------------------------- */

export function waiting(what) {
	return h("p", {class: "note", role: "status"}, `Asking for ${what} …`);
}

export function nothing(...words) {
	return h("p", {class: "note"}, words);
}

const FAILED = {
	forbidden: "You may not see this",
	missing: "There is no such thing",
	away: "The register cannot say it now",
	wrong: "The register's answer cannot be used",
};

export function failed(error) {
	const kind = FAILED[error.kind] !== undefined ? error.kind : "wrong";
	const help = kind === "forbidden" ? "It needs the role viewer, auditor or operator: register.yaml grants roles to names "
		+ "(roles), or to all who come by a listener (role)."
		: kind === "missing" ? "Or none that you may see: the register makes no difference between the two."
		: kind === "away" ? "What was shown before is as old as it says. This page asks again by itself." : null;
	return h("div", {class: "note", role: "alert"}, h("b", {}, FAILED[kind]), ". ", name(error.message, 300),
		help === null ? null : h("span", {class: "sub block"}, help));
}

export function table(caption, heads, rows, attributes = {}) {
	return h("div", {class: "wide", tabindex: "0", role: "region", "aria-label": caption},
		h("table", attributes, h("caption", {class: "hidden"}, caption),
			h("thead", {}, h("tr", {}, heads.map(head => typeof head === "string" ? h("th", {scope: "col"}, head)
				: h("th", {scope: "col", class: head.class}, head.text)))),
			h("tbody", {}, rows)));
}

export function facts(...pairs) {
	return h("dl", {class: "facts"}, pairs.filter(pair => pair !== null && pair !== undefined)
		.map(([term, ...said]) => h("div", {}, h("dt", {}, term), h("dd", {}, said))));
}
