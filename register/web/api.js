/*
 * Asking the register: JSON below v1/, page after page, and its events. What comes back is text from
 * outside, whoever answers: it is shown as text (dom.js), and proved only by proof.js.
 */

const WAIT_MS = 15000;
const RETRY_MS = 5000;
const PAGES_MAX = 200; /* of a list that somebody wants whole: more is too much for a page */

/* Why there is no answer: `kind` is forbidden, missing, away (nobody answers), or wrong. */
export class NoAnswer extends Error {
	constructor(kind, message) {
		super(message);
		this.kind = kind;
	}
}

const KINDS = {401: "forbidden", 403: "forbidden", 404: "missing", 502: "away", 503: "away", 504: "away"};

async function ask(path) {
	let answer;
	try {
		answer = await fetch(path, {credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(WAIT_MS)});
	} catch {
		throw new NoAnswer("away", "The register does not answer.");
	}
	if (answer.ok)
		return answer;
	const text = (await answer.text().catch(() => "")).slice(0, 1000);
	let sentence = text.trim();
	try {
		sentence = String(JSON.parse(text).sentence);
	} catch {
		/* it is a line of text */
	}
	throw new NoAnswer(KINDS[answer.status] ?? "wrong", sentence || `HTTP ${answer.status}`);
}

export async function get(path, query = {}) {
	const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
	const tail = given.length > 0 ? `?${new URLSearchParams(given)}` : "";
	const answer = await ask(`v1/${path}${tail}`);
	try {
		return await answer.json();
	} catch {
		throw new NoAnswer("wrong", "The register's answer is no JSON.");
	}
}

export async function getBytes(path) {
	return new Uint8Array(await (await ask(`v1/${path}`)).arrayBuffer());
}

/* Items of up to `most` pages: {items, more: whether there are further ones, as_of}. */
export async function list(path, query = {}, most = 1) {
	const items = [];
	let cursor, said;
	for (let page = 0; page < Math.min(most, PAGES_MAX); page++) {
		said = await get(path, {...query, cursor});
		items.push(...said.items);
		if ((cursor = said.next) === undefined)
			break;
	}
	return {items, more: cursor !== undefined, as_of: said.as_of};
}

/* A link of an answer ("/v1/reports/tokyo/7"), as this page asks: only what is below v1/ is one. */
export function pathOf(link) {
	if (typeof link !== "string" || !link.startsWith("/v1/") || link.includes(".."))
		throw new NoAnswer("wrong", "The register gives a link that is none of its own.");
	return link.slice("/v1/".length);
}

/*
 * The register's events, the newest `last` of before first: on(event) for each, state(whether it is
 * connected). One connection for the page, and none while nobody sees it: a browser has six for a
 * host. It goes on behind the event that came last.
 */
export function listen(last, on, state) {
	let stream = null, newest = null;
	const take = message => {
		newest = message.lastEventId;
		try {
			on(JSON.parse(message.data));
		} catch {
			/* another version's: lists are asked again anyhow */
		}
	};
	const open = () => {
		stream = new EventSource(`v1/events?${newest === null ? `last=${last}` : new URLSearchParams({since: newest})}`);
		for (const kind of ["verdict", "silent", "back", "alarm", "acknowledged", "policy", "key"])
			stream.addEventListener(kind, take);
		stream.addEventListener("open", () => state(true));
		stream.addEventListener("error", () => {
			state(false);
			if (stream?.readyState === EventSource.CLOSED) { /* refused: that event is not kept any more, or he may not */
				close();
				newest = null;
				setTimeout(look, RETRY_MS);
			}
		});
	};
	const close = () => {
		stream?.close();
		stream = null;
	};
	const look = () => {
		if (document.visibilityState !== "visible")
			close();
		else if (stream === null)
			open();
	};
	document.addEventListener("visibilitychange", look);
	addEventListener("pagehide", close);
	addEventListener("pageshow", look);
	look();
}

/* --- names in paths -------------------------------------------------------------------------------- */

export function encodeName(text) {
	const bytes = new TextEncoder().encode(text);
	return btoa(Array.from(bytes, b => String.fromCharCode(b)).join(""))
		.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function decodeName(text) {
	try {
		const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0));
		return new TextDecoder().decode(bytes);
	} catch {
		return "";
	}
}

export function workloadRoute(log, host, workload, entry) {
	return `#/workload/${log}/${encodeName(host)}/${encodeName(workload)}${entry === undefined ? "" : `/${entry}`}`;
}
