/*
 * An entry of a log, in the one spelling of JSON (PROTOCOL.md, section 7): what kind it is, and what
 * it says. A reader for that spelling and no other: what JSON.parse would take besides (white space,
 * a key twice, escapes, floats) is refused, so that the bytes that are shown are those that were proved.
 *
 * Whether each member has its form, and follows from policy and evidence, is the auditor's to say
 * (hallmark-audit replay); here stand those that are shown and relied on.
 */

import {byteLength, demand, isPrintable, printable, utf8} from "./bytes.js";

const DEPTH_MAX = 16; /* a report is nested 9 deep */
const STRING_MAX = 22000; /* bytes: a transition in base64; all else has 1,024 */
const INTEGER_MAX = Number.MAX_SAFE_INTEGER; /* 2^53 - 1 */
const SECONDS_MAX = 253402300799; /* the last second of the year 9999 */
const ABSENCE = "tag:github.com,2026:hallmark/absence#1";
const DIALECTS = {
	"tag:github.com,2023:veraison/ear": "deployed",
	"tag:ietf.org,2026:rats/ear#04": "draft",
};
const STATUSES = ["affirming", "warning", "contraindicated", "none"];

/* {kind: "report"|"absence"|"notice", document, text}; Refusal of anything else. */
export function parseEntry(bytes) {
	const text = utf8(bytes, "entry"), reader = {text, at: 0};
	const document = readValue(reader, 0);
	demand(reader.at === text.length, "entry: expected nothing behind it");
	demand(typeof document === "object" && !Array.isArray(document), "entry: expected an object");
	const kind = text.startsWith('{"hallmark.notice":"') ? "notice"
		: !text.startsWith('{"eat_profile":"') ? "unknown"
		: document.eat_profile === ABSENCE ? "absence" : "report";
	demand(kind !== "unknown", "entry: of a kind that is not known here");
	checkCommon(document, kind);
	if (kind === "report")
		checkReport(document);
	return {kind, document, text};
}

function checkCommon(document, kind) {
	const own = kind === "report" && DIALECTS[document.eat_profile] === "draft" ? document.hallmark?.form
		: document["hallmark.form"];
	demand(kind !== "report" || DIALECTS[document.eat_profile] !== undefined,
		"entry: of a profile that is not known here");
	demand(own === 1, "entry: of a form that is not known here");
	demand(isSecond(document.iat), "entry: expected iat, the time when it was made");
	demand(typeof document.iss === "string", "entry: expected iss, the log that it was made for");
	if (kind !== "notice")
		demand(typeof document.sub === "string" && /^[!-~]{1,512}$/.test(document.sub) &&
			/^[0-9a-f]{64}$/.test(document.jti), "entry: expected sub and jti, whom and which bundle it is about");
}

function checkReport(report) {
	demand(isSecond(report.exp) && report.exp > report.iat, "report: expected exp, behind iat");
	const names = isObject(report.submods) ? Object.keys(report.submods) : [];
	demand(names.length === 1 && isWorkload(names[0]), "report: expected submods of one workload");
	const appraisal = report.submods[names[0]];
	demand(isObject(appraisal) && STATUSES.includes(appraisal["ear.status"] ?? appraisal.ear_status),
		"report: expected a status");
}

/* What people ask of a report first, in one form for both dialects. Values are as they stand there. */
export function summarise(kind, document) {
	if (kind !== "report")
		return {kind, issued: document.iat, issuer: document.iss, collector: document.sub ?? null};
	const [[workload, appraisal]] = Object.entries(document.submods);
	const draft = appraisal.ear_status !== undefined, own = draft ? document.hallmark : null;
	const of = (map, name) => (isObject(map) ? map[name] : undefined) ?? null;
	return {
		kind, workload, issued: document.iat, expires: document.exp, issuer: document.iss, collector: document.sub,
		status: appraisal["ear.status"] ?? appraisal.ear_status,
		policy: draft ? of(appraisal.ear_appraisal_policy_ids, 0) : of(appraisal, "ear.appraisal-policy-id"),
		findings: draft ? of(appraisal.hallmark, "findings") : of(appraisal, "hallmark.findings"),
		findingCount: draft ? of(appraisal.hallmark, "finding-count") : of(appraisal, "hallmark.finding-count"),
		measured: of(draft ? own.bundle : document["hallmark.bundle"], "time"),
	};
}

function isObject(value) {
	return typeof value === "object" && value !== null;
}

function isSecond(value) {
	return Number.isSafeInteger(value) && value > 0 && value <= SECONDS_MAX;
}

/* A chain's name: a workload's, behind which /start may stand. */
function isWorkload(name) {
	const own = name.endsWith("/start") ? name.slice(0, -6) : name;
	return own !== "" && byteLength(own) <= 128 && !/[\s/]/u.test(own) && !own.startsWith(".");
}

/* --- the one spelling --------------------------------------------------------------------------- */

function readValue(reader, depth) {
	demand(depth <= DEPTH_MAX, `entry: expected no more than ${DEPTH_MAX} levels`);
	const c = reader.text[reader.at];
	if (c === "{")
		return readObject(reader, depth);
	if (c === "[")
		return readArray(reader, depth);
	if (c === '"')
		return readString(reader);
	for (const [word, value] of [["true", true], ["false", false]])
		if (reader.text.startsWith(word, reader.at)) {
			reader.at += word.length;
			return value;
		}
	return readInteger(reader);
}

function readObject(reader, depth) {
	const object = Object.create(null); /* whose keys are the entry's alone, __proto__ too */
	for (let next = "{"; next !== "}"; next = reader.text[reader.at]) {
		demand(reader.text[reader.at++] === next && (next === "{" || next === ","), "entry: expected , or }");
		if (next === "{" && reader.text[reader.at] === "}")
			break;
		const key = readString(reader);
		demand(!(key in object), `entry: expected "${printable(key, 40)}" once`);
		demand(reader.text[reader.at++] === ":", "entry: expected :");
		object[key] = readValue(reader, depth + 1);
	}
	reader.at++;
	return object;
}

function readArray(reader, depth) {
	const array = [];
	for (let next = "["; next !== "]"; next = reader.text[reader.at]) {
		demand(reader.text[reader.at++] === next && (next === "[" || next === ","), "entry: expected , or ]");
		if (next === "[" && reader.text[reader.at] === "]")
			break;
		array.push(readValue(reader, depth + 1));
	}
	reader.at++;
	return array;
}

/* Sticky: they match where they are told to, and copy nothing. */
const STRING_FORM = /"((?:[^"\\]|\\["\\])*)"/uy;
const INTEGER_FORM = /0|[1-9][0-9]{0,15}/y;

function readString(reader) {
	STRING_FORM.lastIndex = reader.at;
	const match = STRING_FORM.exec(reader.text);
	demand(match !== null, "entry: expected a string in the one spelling of JSON");
	reader.at = STRING_FORM.lastIndex;
	const value = match[1].replace(/\\(.)/g, "$1");
	demand(isPrintable(value), `entry: expected printable text, found "${printable(value, 80)}"`);
	demand(byteLength(value) <= STRING_MAX, `entry: expected strings of at most ${STRING_MAX} bytes`);
	return value;
}

function readInteger(reader) {
	INTEGER_FORM.lastIndex = reader.at;
	const match = INTEGER_FORM.exec(reader.text), value = Number(match?.[0]);
	demand(match !== null && value <= INTEGER_MAX, "entry: expected an integer from 0 to 2^53 - 1");
	reader.at = INTEGER_FORM.lastIndex;
	return value;
}
