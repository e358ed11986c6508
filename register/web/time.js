/*
 * Times as people read them: of the day in UTC, which the log is in, beside how long ago; the
 * visitor's own zone on demand. Numbers with their thousands apart.
 */

const MINUTE = 60, HOUR = 3600, DAY = 86400;
const NUMBER = new Intl.NumberFormat("en-GB");
const LOCAL = new Intl.DateTimeFormat("en-GB", {dateStyle: "medium", timeStyle: "long"});
const DATE = new Intl.DateTimeFormat("en-GB", {timeZone: "UTC", weekday: "long", day: "numeric", month: "long", year: "numeric"});
const DAY_SHORT = new Intl.DateTimeFormat("en-GB", {timeZone: "UTC", day: "numeric", month: "short"});

export function number(n) {
	return NUMBER.format(n);
}

export function count(n, one, many = `${one}s`) {
	return `${number(n)} ${n === 1 ? one : many}`;
}

/* Seconds since 1970, of RFC 3339 or such a number; null for what is neither. */
export function seconds(time) {
	if (typeof time === "number")
		return time > 0 ? time : null;
	const ms = typeof time === "string" ? Date.parse(time) : NaN;
	return Number.isNaN(ms) ? null : ms / 1000;
}

export function now() {
	return Date.now() / 1000;
}

/* "18:05:09 UTC", of another day with its date. */
export function clock(s, today = now()) {
	const text = new Date(s * 1000).toISOString(), same = Math.floor(s / DAY) === Math.floor(today / DAY);
	return same ? `${text.slice(11, 19)} UTC` : `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}

export function long(s) {
	const date = new Date(s * 1000);
	return `${DATE.format(date)}, ${date.toISOString().slice(11, 16)} UTC`;
}

export function dayOf(s) {
	return DAY_SHORT.format(new Date(s * 1000));
}

export function local(s) {
	return LOCAL.format(new Date(s * 1000));
}

export function span(s) {
	if (s < 1)
		return `${Math.max(0, s).toFixed(1)} s`;
	if (s < 2 * MINUTE)
		return `${Math.floor(s)} s`;
	if (s < 2 * HOUR)
		return `${Math.floor(s / MINUTE)} min`;
	if (s < 2 * DAY)
		return `${Math.floor(s / HOUR)} h`;
	return `${number(Math.floor(s / DAY))} days`;
}

export function ago(s, at = now()) {
	return s > at + 1 ? `in ${span(s - at)}` : `${span(at - s)} ago`;
}
