// SPDX-License-Identifier: Apache-2.0
// All active alerts by group and rule, and a single one.
import * as api from "./api.js";
import { h, note, replace } from "./dom.js";
import { annotations, expression, facts, labelChips, stateBadge, table, timeOf } from "./parts.js";

const marks = (a) => [a.restored && h("span", { class: "badge" }, "restored"), a.stabilizing && h("span", { class: "badge" }, "stabilizing")];

function alertRow(a) {
    return h("tr", null,
        h("td", { class: "chips" }, labelChips(a.labels)), h("td", null, stateBadge(a.state)),
        h("td", null, timeOf(a.activeAt), " ", marks(a)), h("td", null, a.value),
        h("td", null, h("a", { href: api.alertLink(a) }, "Details")));
}

function groupItem(group) {
    const rules = group.rules.filter((r) => r.alerts?.length);
    const count = rules.reduce((sum, r) => sum + r.alerts.length, 0);
    return h("details", { class: "group", open: true },
        h("summary", null, h("b", null, group.name), " ", h("span", { class: "badge firing" }, String(count)),
            h("div", { class: "note" }, group.file)),
        rules.map((r) => [
            h("div", { class: "line" }, h("b", null, `${r.name} (${r.alerts.length})`),
                r.alerts[0].source && h("a", { href: r.alerts[0].source, rel: "noopener noreferrer" }, "Source")),
            expression(r.query),
            table(["Labels", "State", "Active at", "Value", "Link"], r.alerts.map(alertRow)),
        ]));
}

export class AlertsPage {
    constructor() {
        this.title = "Alerts";
        this.element = h("section", { "aria-label": "Alerts" });
    }

    async load() {
        const groups = (await api.groups({ type: "alert" })).filter((g) => g.rules.some((r) => r.alerts?.length));
        replace(this.element, groups.length ? groups.map(groupItem) : note("No active alerts..."));
    }
}

export class AlertPage {
    constructor(params) {
        this.title = "Alert";
        this.ids = [params.get("group_id") || "", params.get("alert_id") || ""];
        this.element = h("section", { "aria-label": "Alert" });
    }

    async load() {
        const a = await api.alert(...this.ids);
        replace(this.element,
            h("div", { class: "line" }, h("h1", null, a.name), stateBadge(a.state), marks(a)),
            facts([
                ["Active at", timeOf(a.activeAt)],
                ["Value", a.value],
                ["Expr", expression(a.expression)],
                ["Labels", labelChips(a.labels)],
                ["Annotations", annotations(a.annotations)],
                ["Group", h("a", { href: api.groupLink(a.group_id) }, a.group_id)],
                ["Source link", a.source && h("a", { href: a.source, rel: "noopener noreferrer" }, a.source)],
            ]));
    }
}
