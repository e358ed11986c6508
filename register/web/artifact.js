/*
 * Where a content runs and ran, by its SHA-256: how it spread, and who still has something else.
 */

import {list, get, workloadRoute} from "./api.js";
import {copier, h, name, nothing, s, show, table, time, waiting} from "./dom.js";
import {count, dayOf, now, seconds} from "./time.js";

const SHOWN = 50, PAGES = 20;

export async function artifactView(page, main, sha256) {
	document.title = "Artifact · Hallmark";
	if (sha256 === undefined || sha256 === "") {
		show(main, h("h1", {}, "Artifacts"), h("p", {class: "lead"}, "Where does a content run, and where did it?"),
			nothing("Type or paste the SHA-256 of a file or component into the search above: ", h("code", {}, "sha256sum FILE"), " prints it."));
		return;
	}
	show(main, waiting("the content"));
	const first = await get(`artifacts/${encodeURIComponent(sha256)}`, {limit: 1}), {items, more} = await list(`artifacts/${encodeURIComponent(sha256)}`, {limit: 500}, PAGES);
	if (page.ended.aborted)
		return;
	const runs = items.filter(each => each.last === null), ran = items.filter(each => each.last !== null), place = each => `${each.log}\n${each.collector}\n${each.workload}`;
	const here = new Set(runs.map(place)), strips = new Set(items.map(each => each.workload));
	const alike = [...page.fleet.cells.values()].filter(cell => strips.has(cell.workload) && cell.state !== "left");
	const stragglers = alike.filter(cell => !here.has(`${cell.log}\n${cell.host}\n${cell.workload}`));
	const paths = [...new Set(first.found.flatMap(found => found.paths))], unread = first.found.reduce((sum, found) => sum + found.not_looked_into, 0);
	show(main, h("h1", {}, "Content ", h("code", {}, sha256.slice(0, 16), "…"), copier(sha256, "SHA-256")),
		h("p", {class: "lead"}, items.length === 0 ? "It is in no evidence that the register has looked into." : `It runs on ${count(new Set(runs.map(each => each.collector)).size, "host")}; on ${count(new Set(ran.map(each => each.collector).filter(host => !runs.some(run => run.collector === host))).size, "host")} it ran before.`),
		paths.length > 0 ? h("p", {}, "As ", paths.slice(0, 8).flatMap((path, i) => [i > 0 ? ", " : "", h("code", {}, name(path, 100))])) : null,
		unread > 0 ? h("p", {class: "sub"}, `${count(unread, "component")} of evidence not looked into yet: it may be there, too.`) : null,
		items.length === 0 ? null : [h("h2", {}, "How it spread"), curve(items)],
		items.length === 0 || alike.length === 0 ? null : [h("h2", {}, "Stragglers ", h("span", {class: "sub"}, "the same workloads, without it")),
			stragglers.length === 0 ? nothing("All hosts of these workloads have it.") : h("ul", {class: "card difference"}, stragglers.slice(0, 50).map(cell =>
				h("li", {}, h("a", {href: workloadRoute(cell.log, cell.host, cell.workload)}, name(cell.workload, 40)), " on ", name(page.fleet.hostName(cell.host), 60))),
			stragglers.length > 50 ? h("li", {class: "sub"}, `and ${stragglers.length - 50} more`) : null)],
		items.length === 0 ? null : [h("h2", {}, "Where it runs and ran"), usesTable(items),
			items.length > SHOWN || more ? h("p", {class: "sub"}, `Shown are ${SHOWN} of ${items.length}${more ? " and more" : ""}.`) : null]);
}

function usesTable(items) {
	return table("Where it runs and ran", ["Workload", "Host", "From", "Until"], items.slice(0, SHOWN).map(each => h("tr", {},
		h("td", {}, h("a", {href: workloadRoute(each.log, each.collector, each.workload, each.from.entry)}, name(each.workload, 40))),
		h("td", {}, name(each.collector, 60)), h("td", {}, time(each.from.time)), h("td", {}, each.last === null ? h("b", {}, "it runs") : time(each.last.time)))), {class: "stacked"});
}

/* On how many it was at each time: steps up where it came, down where it went. */
function curve(items) {
	const steps = items.flatMap(each => [[seconds(each.from.time), 1], ...each.last === null ? [] : [[seconds(each.last.time), -1]]]).sort((a, b) => a[0] - b[0]);
	const from = steps[0][0], until = Math.max(now(), from + 60), x = at => 40 + (at - from) / (until - from) * 1040;
	let most = 0, sum = 0;
	for (const [, by] of steps)
		most = Math.max(most, sum += by);
	const y = n => 108 - n / Math.max(1, most) * 92;
	let path = `M${x(from)} ${y(0)}`;
	sum = 0;
	for (const [at, by] of steps)
		path += `H${x(at).toFixed(1)}V${y(sum += by).toFixed(1)}`;
	const words = `From none at ${dayOf(from)} to ${most} at most, ${sum} now`;
	return h("div", {class: "card"}, s("svg", {class: "lanes", viewBox: "0 0 1090 130", role: "img", "aria-label": words},
		s("path", {class: "curve", d: `${path}H${x(until)}`}), s("text", {x: 0, y: y(most) + 4}, String(most)), s("text", {x: 0, y: 112}, "0"),
		s("text", {x: 40, y: 126}, dayOf(from)), s("text", {x: 1080, y: 126, "text-anchor": "end"}, "now")), h("p", {class: "sub"}, `${words}.`));
}
