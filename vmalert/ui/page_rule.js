// SPDX-License-Identifier: Apache-2.0
// One rule and its last evaluations.
import * as api from "./api.js";
import { h, replace } from "./dom.js";
import { annotations, expression, facts, labelChips, table, timeOf } from "./parts.js";

const NS_PER_S = 1e9;

function updateRows(u, hasFetched) {
    const cells = [timeOf(u.time), String(u.samples), ...(hasFetched ? [String(u.series_fetched ?? "")] : []),
        (u.duration / NS_PER_S).toFixed(3) + "s", timeOf(u.at),
        h("textarea", { value: u.curl, readonly: true, rows: 1, "aria-label": "cURL", onclick: (e) => e.target.select() })];
    return [
        h("tr", { class: u.error ? "failed" : null }, cells.map((cell) => h("td", null, cell))),
        u.error && h("tr", { class: "failed" }, h("td", { colspan: cells.length, class: "error" },
            typeof u.error === "string" ? u.error : JSON.stringify(u.error))),
    ];
}

function updates(r) {
    const list = r.updates || [];
    const hasFetched = list.some((u) => u.series_fetched !== null && u.series_fetched !== undefined);
    return [
        list.some((u) => u.series_fetched === 0) && h("p", { class: "warning", role: "alert" },
            "Some evaluations found no series at all: the expression may be misspelt, or the data may be missing."),
        h("h2", null, `Last ${list.length}/${r.max_updates_entries} updates`),
        table(["Updated at", "Series returned", ...(hasFetched ? ["Series fetched"] : []), "Duration", "Execution timestamp", "cURL"],
            list.map((u) => updateRows(u, hasFetched))),
    ];
}

export class RulePage {
    constructor(params) {
        this.title = "Rule";
        this.ids = [params.get("group_id") || "", params.get("rule_id") || ""];
        this.element = h("section", { "aria-label": "Rule" });
    }

    async load() {
        const r = await api.rule(...this.ids);
        const isAlerting = r.type === "alerting";
        replace(this.element,
            h("div", { class: "line" }, h("h1", null, r.name),
                h("span", { class: "badge " + (r.health === "ok" ? "ok" : "unhealthy") }, r.health)),
            facts([
                ["Expr", expression(r.query)],
                ["For", isAlerting && r.duration ? r.duration + " seconds" : ""],
                ["Keep firing for", isAlerting && r.keep_firing_for ? r.keep_firing_for + " seconds" : ""],
                ["Labels", labelChips(r.labels)],
                ["Annotations", annotations(r.annotations)],
                ["Debug", isAlerting ? String(r.debug) : ""],
                ["Last error", r.lastError && h("span", { class: "error" }, r.lastError)],
                ["Group", h("a", { href: api.groupLink(r.group_id) }, r.group_name || r.group_id)],
            ]),
            updates(r));
    }
}
