/*
 * What a word finds: hosts and workloads of the fleet, paths that findings are about.
 */

import {list, workloadRoute} from "./api.js";
import {h, name, nothing, show, status, table, waiting} from "./dom.js";
import {count} from "./time.js";

const SHOWN = 100;

export async function findView(page, main, text) {
	const wanted = text.toLowerCase(), shown = h("q", {}, name(text, 60));
	document.title = "Find · Hallmark";
	show(main, waiting("what fits"));
	if (page.fleet.cells.size === 0)
		await page.fleet.load();
	const {items} = await list("findings", {limit: 500}, 4);
	if (page.ended.aborted)
		return;
	const cells = [...page.fleet.cells.values()].filter(cell => cell.host.toLowerCase().includes(wanted) || cell.workload.toLowerCase().includes(wanted));
	const causes = items.filter(cause => cause.subject.toLowerCase().includes(wanted) || cause.code.includes(wanted));
	show(main, h("h1", {}, cells.length + causes.length === 0 ? "Nothing fits " : `${count(cells.length + causes.length, "thing fits", "things fit")} `, shown),
		h("p", {class: "lead"}, "Names of hosts and workloads, and paths that findings are about; a SHA-256 finds where a content runs."),
		cells.length === 0 ? null : [h("h2", {}, "Workloads"), table("Workloads that fit", ["State", "Workload", "Host"], cells.slice(0, SHOWN).map(cell => h("tr", {},
			h("td", {}, status(cell.state)), h("td", {}, h("a", {href: workloadRoute(cell.log, cell.host, cell.workload)}, name(cell.workload, 60))), h("td", {}, name(cell.host, 80)))), {class: "stacked"})],
		cells.length > SHOWN ? h("p", {class: "sub"}, `Shown are ${SHOWN} of ${cells.length}: say more of the name.`) : null,
		causes.length === 0 ? null : [h("h2", {}, "Findings"), table("Findings that fit", ["Code", "What it is about", "Workloads"], causes.slice(0, SHOWN).map(cause => h("tr", {},
			h("td", {}, name(cause.code)), h("td", {}, h("code", {}, name(cause.subject, 100))), h("td", {}, String(cause.workloads)))), {class: "stacked"})],
		cells.length + causes.length === 0 ? nothing("Part of a name is enough; a path is found where a finding is about it.") : null);
}
