/*
 * Proving, in this browser: the steps of verify.js with their numbers, in green what was computed
 * here. What nothing here can show has another mark and another colour: that the verdict follows from
 * policy and evidence is the register's word, and that the host told the truth nobody's.
 *
 * The certificate is the visitor's: by file or pasted, kept by this browser if he says so, shown by
 * its fingerprint. It is never asked of the register, which is what is being checked.
 */

import {copier, digest, h, mark, name, nothing, show, time} from "./dom.js";
import {parseTrust} from "./x509.js";
import {toHex} from "./bytes.js";
import {verifyReceipt} from "./verify.js";
import {number} from "./time.js";

const KEPT = "hallmark-certificate";
const RECEIPT_MOST = 400000; /* bytes of a file that is looked at */

const panels = new Set();
let trust = kept(), dropped = null;

function kept() {
	try {
		return localStorage.getItem(KEPT) ?? "";
	} catch {
		return ""; /* this browser keeps nothing for this page */
	}
}

export function give(text, keep) {
	trust = text;
	try {
		if (keep && text !== "")
			localStorage.setItem(KEPT, text);
		else
			localStorage.removeItem(KEPT);
	} catch {
		/* it is kept until the page is left */
	}
	for (const again of panels)
		again();
}

async function fingerprint(text) {
	try {
		const {spki, form, kind, subject} = parseTrust(text);
		const hash = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", spki)));
		return h("span", {}, `${form}, ${kind} `, subject ? name(subject, 40) : "", " key SHA-256 ", digest(hash, false));
	} catch (error) {
		return h("span", {class: "bad"}, name(error.message, 200));
	}
}

function giving() {
	const shown = h("p", {class: "sub"}), area = h("textarea", {rows: "3", spellcheck: "false", "aria-label": "The log's certificate or key, as PEM or a verifier key line",
		placeholder: "-----BEGIN CERTIFICATE-----", maxlength: "65536"});
	const file = h("input", {type: "file", "aria-label": "The certificate as a file", accept: ".crt,.pem,.cer,.der,.vkey", async onchange() {
		if (file.files[0] && file.files[0].size <= 65536) {
			const bytes = new Uint8Array(await file.files[0].arrayBuffer());
			give(bytes[0] === 0x30 ? pem(bytes) : new TextDecoder().decode(bytes), keep.checked);
		}
	}}), keep = h("input", {type: "checkbox", class: "keep", id: `keep-${panels.size}`, checked: kept() !== ""});
	const box = h("details", {class: "give", open: trust === ""}, h("summary", {}, trust === "" ? "Give the log's certificate" : "Another certificate"),
		h("p", {class: "sub"}, "From somebody whom you trust, and not from this register. It stays in this browser."), file, area,
		h("div", {class: "row"}, h("button", {type: "button", onclick: () => give(area.value.trim(), keep.checked)}, "Use it"),
			h("button", {type: "button", onclick: () => give("", false)}, "Forget it"), keep, h("label", {for: keep.id}, "keep it in this browser")));
	if (trust !== "")
		fingerprint(trust).then(words => show(shown, "By your ", words));
	return h("div", {}, shown, box);
}

function pem(bytes) {
	return `-----BEGIN CERTIFICATE-----\n${btoa(Array.from(bytes, b => String.fromCharCode(b)).join(""))}\n-----END CERTIFICATE-----\n`;
}

/* `about`: {replayed: what the register says or null, index: of the entry that was asked for or null} */
export function proofPanel(receipt, about) {
	const place = h("div", {class: "card proof", "aria-live": "polite"});
	let turn = 0;
	const again = async () => {
		if (turn > 0 && !place.isConnected) {
			panels.delete(again);
			return;
		}
		const own = ++turn, from = performance.now(), result = await verifyReceipt(receipt, trust === "" ? null : trust);
		const other = about.index !== null && result.index !== null && result.index !== about.index;
		if (own === turn)
			show(place, outcome(result, performance.now() - from, other ? about.index : null, about), saving(receipt, result), giving());
	};
	panels.add(again);
	again();
	return place;
}

function outcome(result, ms, asked, about) {
	const refused = result.steps.some(step => step.ok === false) || asked !== null, good = result.verified && asked === null;
	const words = good ? "Verified here, now" : refused ? "Refused: this proves nothing" : "Not verified: something is missing";
	return [h("p", {class: `verdict ${good ? "good" : refused ? "bad" : "quiet"}`, "data-verified": String(good)},
		h("b", {class: `st ${good ? "good" : refused ? "bad" : "quiet"}`}, mark(good ? "good" : refused ? "bad" : "silent"), words)),
	asked === null ? null : h("p", {class: "bad"}, `The register was asked for entry ${number(Number(asked))}, and gave a receipt of entry ${result.index}.`),
	h("ol", {class: "steps"}, result.steps.map(step => line(step.ok === true ? "good" : step.ok === false ? "bad" : "silent",
		step.ok === true ? "good" : step.ok === false ? "bad" : "quiet", step.title, name(step.detail, 300),
		step.id === "inclusion" && step.ok === true ? pathPicture(step.numbers) : null)),
	about.replayed === null ? null : line("word", "quiet", "The register says", about.replayed ? "that the verdict follows from policy and evidence: it has made it again. That is its word; hallmark-audit replay makes it yours"
		: "nothing of whether the verdict follows from policy and evidence: it could not make it again"),
	line("silent", "quiet", "Not shown by this", "that the host's kernel told the truth")),
	h("p", {class: "sub"}, result.summary?.issued ? ["Issued ", time(result.summary.issued), ". "] : "", result.expired === true ? "It has expired: it says what was. " : "",
		`Computed in this browser in ${ms.toFixed(0)} ms.`)];
}

function line(shape, colour, title, detail, more) {
	return h("li", {}, h("span", {class: colour}, mark(shape)), h("span", {}, h("b", {}, title), ": ", detail, more ?? null));
}

/* The way from the leaf to the root: on which side each hash of the path stands. */
function pathPicture({hashes, sides}) {
	const ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg"), n = Math.max(1, hashes);
	const put = (tag, attributes) => svg.append(Object.entries(attributes).reduce((e, [key, value]) => (e.setAttribute(key, value), e), document.createElementNS(ns, tag)));
	svg.setAttribute("class", "path good");
	svg.setAttribute("viewBox", "0 0 400 44");
	svg.setAttribute("aria-hidden", "true");
	for (let i = 0; i <= n; i++) {
		const x = 8 + i * 384 / n, y = 36 - i * 26 / n, side = String(sides?.[i] ?? "")[0];
		if (i < n) {
			put("line", {x1: x, y1: y, x2: x + 384 / n, y2: y - 26 / n, stroke: "currentColor"});
			put("circle", {cx: x + 192 / n, cy: y + (side === "l" ? -10 : 8), r: 2, fill: "currentColor", opacity: ".5"});
		}
		put("circle", {cx: x, cy: y, r: 3.2, fill: "currentColor"});
	}
	return svg;
}

function saving(receipt, result) {
	const text = typeof receipt === "string" ? receipt : new TextDecoder().decode(receipt);
	return h("div", {class: "row"}, h("a", {class: "button", download: `entry-${result.index ?? "unknown"}.tlog-proof`,
		href: `data:text/plain;base64,${btoa(Array.from(new TextEncoder().encode(text), b => String.fromCharCode(b)).join(""))}`}, "Save the receipt"),
	h("span", {class: "sub"}, "the same by openssl:"), copier(`hallmark-audit verify entry-${result.index ?? "unknown"}.tlog-proof --cert log.crt --explain`, "command that makes openssl commands of it"));
}

/* --- the view for receipts that were dropped ------------------------------------------------------------- */

export async function take(files) {
	for (const file of files.slice(0, 8)) {
		const bytes = file.size <= RECEIPT_MOST ? new Uint8Array(await file.arrayBuffer()) : null;
		const text = bytes === null ? "" : new TextDecoder().decode(bytes);
		if (/-----BEGIN (CERTIFICATE|PUBLIC KEY)/.test(text))
			give(text, false);
		else
			dropped = {name: file.name, bytes};
	}
}

export function proveView(page, main) {
	const file = h("input", {type: "file", "aria-label": "Choose a receipt", multiple: true, async onchange() {
		await take([...file.files]);
		proveView(page, main);
	}});
	document.title = "Prove · Hallmark";
	show(main, h("h1", {}, "Prove a receipt, here"), h("p", {class: "lead"}, "Nothing is sent: this browser computes it."),
		h("div", {class: "card drop"}, h("p", {}, "Drop a receipt (.tlog-proof) anywhere on this page, and the log's certificate, or choose them:"), file),
		dropped === null ? h("div", {class: "give-only"}, h("h2", {}, "The log's certificate"), h("div", {class: "card"}, giving()))
			: [h("h2", {}, name(dropped.name, 80)), dropped.bytes === null ? nothing("That file is too long for a receipt.") : proofPanel(dropped.bytes, {replayed: null, index: null})]);
}
