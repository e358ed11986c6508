/*
 * The page: which view the address names, what the register has checked, the search, the keyboard.
 *
 *   #/                                      the fleet
 *   #/workload/LOG/HOST/WORKLOAD[/ENTRY]    names in base64url, as in paths of v1/
 *   #/artifact/SHA256   #/policy   #/log[/LOG/ENTRY]   #/prove   #/find/TEXT
 */

import {list, listen} from "./api.js";
import {failed, h, name, show} from "./dom.js";
import {Changes} from "./changes.js";
import {Fleet} from "./fleet_state.js";
import {fleetView} from "./fleet.js";
import {ago, clock, count, number, now, seconds} from "./time.js";

const EVENTS_LAST = 300;
const TRUTH_MS = 5000;
const RETRY_MS = 5000;
const OLD_S = 900; /* without a new entry somebody should know */

/* Views but the first are fetched when they are asked for. */
const VIEWS = {
	"": page => fleetView(page, page.main),
	workload: async (page, ...names) => (await import("./workload.js")).workloadView(page, page.main, ...names),
	artifact: async (page, sha256) => (await import("./artifact.js")).artifactView(page, page.main, sha256),
	policy: async page => (await import("./policy.js")).policyView(page, page.main),
	log: async (page, log, entry) => (await import("./log.js")).logView(page, page.main, log, entry),
	prove: async page => (await import("./proof.js")).proveView(page, page.main),
	find: async (page, text) => (await import("./find.js")).findView(page, page.main, decoded(text ?? "")),
};

function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

const fleet = new Fleet(), changes = new Changes(), listeners = new Set();
const main = document.getElementById("main"), truth = document.getElementById("truth");
let leaving = new AbortController(), connected = null, lastTruth = null, first = true;

async function route() {
	leaving.abort();
	leaving = new AbortController();
	listeners.clear();
	const [, view = "", ...rest] = (location.hash || "#/").split("/");
	const page = {fleet, changes, main, ended: leaving.signal, onChange: f => listeners.add(f)};
	for (const link of document.querySelectorAll("nav a")) {
		const here = link.dataset.view === (view === "" || view === "workload" ? "fleet" : view);
		link.toggleAttribute("aria-current", here);
		if (here)
			link.setAttribute("aria-current", "page");
	}
	document.title = "Hallmark";
	main.setAttribute("aria-busy", "true");
	try {
		await (VIEWS[view] ?? VIEWS.find)(page, ...(VIEWS[view] ? rest : [encodeURIComponent(view)]));
	} catch (error) {
		if (!page.ended.aborted)
			show(main, h("h1", {}, "This cannot be shown"), failed(error));
		if (error.kind === "away" && !page.ended.aborted)
			setTimeout(() => page.ended.aborted || route(), RETRY_MS);
	}
	if (page.ended.aborted)
		return;
	main.removeAttribute("aria-busy");
	if (!first) { /* a reader of the screen hears where it is now */
		main.focus({preventScroll: true});
		scrollTo(0, 0);
	}
	first = false;
}

/* --- what was checked here ---------------------------------------------------------------------------- */

async function askTruth() {
	try {
		const {items} = await list("logs");
		lastTruth = {items, at: now(), error: null};
	} catch (error) {
		lastTruth = {...(lastTruth ?? {items: []}), error};
	}
	tellTruth();
}

function tellTruth() {
	if (lastTruth === null)
		return;
	const {items, at, error} = lastTruth;
	const stale = error !== null || connected === false;
	truth.classList.toggle("stale", stale);
	show(truth, items.slice(0, 4).map(log => h("div", {class: "log"}, h("b", {}, name(log.origin || log.log, 60)),
		h("span", {}, "checked here: every leaf to ", h("b", {}, number(log.checked_to))),
		h("span", {}, "every verdict again to ", h("b", {}, number(log.replayed_to)),
			log.taken_to > log.replayed_to ? ` (${number(log.taken_to - log.replayed_to)} behind)` : ""),
		age(log.newest))),
	items.length > 4 ? h("span", {}, `and ${count(items.length - 4, "log")} more`) : null,
	stale ? h("span", {class: "warn"}, error?.kind === "forbidden" ? "Your name has no role that may see this." : at === undefined ? "The register does not answer."
		: `Not connected: this is of ${clock(at)}, ${ago(at)}.`) : null);
}

function age(newest) {
	const at = seconds(newest);
	if (at === null)
		return h("span", {}, "no entry yet");
	const old = now() - at > OLD_S;
	return h("span", {class: old ? "warn" : ""}, "newest entry ", h("b", {}, ago(at)), old ? ": nothing new since" : "");
}

/* --- events ---------------------------------------------------------------------------------------------- */

listen(EVENTS_LAST, event => {
	const known = fleet.apply(event);
	changes.take(event);
	for (const listener of listeners)
		listener(event, known);
}, open => {
	connected = open;
	tellTruth();
});

/* --- search, keyboard --------------------------------------------------------------------------------- */

const text = document.getElementById("find-text");

document.getElementById("find").addEventListener("submit", event => {
	event.preventDefault();
	const wanted = text.value.trim();
	if (wanted !== "")
		location.hash = /^[0-9a-f]{64}$/i.test(wanted) ? `#/artifact/${wanted.toLowerCase()}` : `#/find/${encodeURIComponent(wanted)}`;
});

addEventListener("keydown", event => {
	const typing = event.target instanceof HTMLElement && (event.target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName));
	if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
		event.preventDefault();
		text.focus();
		text.select();
	} else if (event.key === "Escape" && event.target === text) {
		main.focus();
	}
});

/* A receipt that is dropped anywhere is verified; nothing is sent. */
addEventListener("dragover", event => event.preventDefault());
addEventListener("drop", async event => {
	event.preventDefault();
	const files = [...(event.dataTransfer?.files ?? [])];
	if (files.length === 0)
		return;
	const proof = await import("./proof.js");
	await proof.take(files);
	if (location.hash === "#/prove")
		route();
	else
		location.hash = "#/prove";
});

document.querySelector(".skip").addEventListener("click", event => {
	event.preventDefault();
	main.focus();
});

addEventListener("hashchange", route);
route();
askTruth();
setInterval(() => document.visibilityState === "visible" && askTruth(), TRUTH_MS);
