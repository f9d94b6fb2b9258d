// SPDX-License-Identifier: Apache-2.0
// Alerts, by the groups in which they are told, or by labels of the reader's choice.
import * as api from "./api.js";
import { alertList, labelChip } from "./alert_list.js";
import { button, error, h, note, replace } from "./dom.js";
import { FilterBar } from "./filter_bar.js";
import { alertsLink, alertsQuery, goTo, newSilenceLink } from "./links.js";
import { matchersOfLabels, sameMatcher } from "./matchers.js";
import * as settings from "./settings.js";

const DEFAULT_GROUPING = ["alertname"];
const SPECIAL = /[\\.+*?()|[\]{}^$]/g; // of regular expressions

const quoteRegex = (text) => text.replace(SPECIAL, "\\$&");
const unquoteRegex = (text) => text.replace(/\\([\\.+*?()|[\]{}^$])/g, "$1");

// As the server's groups, from a plain list.
function groupBy(alerts, names) {
    const groups = new Map();
    for (const alert of alerts) {
        const labels = Object.fromEntries(names.filter((name) => name in alert.labels)
            .map((name) => [name, alert.labels[name]]));
        const key = JSON.stringify(labels);
        if (!groups.has(key)) {
            groups.set(key, { labels, alerts: [] });
        }
        groups.get(key).alerts.push(alert);
    }
    return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

const keyOf = (group) => JSON.stringify([group.receiver?.name, group.labels, group.routeLabels]);

export class AlertsPage {
    constructor(params) {
        this.q = alertsQuery(params);
        this.open = new Set(); // keys of groups that the reader has opened
        this.closed = new Set();
        this.groups = h("div", { class: "groups" });
        this.bar = new FilterBar(this.q.matchers, (matchers) => this.go({ matchers }), {
            label: "Filter alerts",
            extra: h("a", { class: "button", href: newSilenceLink(this.q.matchers) }, "Silence"),
        });
        this.receivers = h("datalist", { id: "receivers" });
        this.element = h("section", { "aria-label": "Alerts" }, this.controls(), this.groups);
    }

    go(changes) {
        goTo(alertsLink({ ...this.q, ...changes }));
    }

    toggle(name, text) {
        return h("label", null, h("input", {
            type: "checkbox", checked: this.q[name], onchange: (e) => this.go({ [name]: e.target.checked }),
        }), text);
    }

    controls() {
        const receiver = h("input", {
            type: "search", list: "receivers", placeholder: "All receivers", "aria-label": "Receiver",
            value: unquoteRegex(this.q.receiver),
            onchange: (e) => this.go({ receiver: quoteRegex(e.target.value.trim()) }),
        });
        return h("div", { class: "controls" },
            h("div", { class: "row" }, receiver, this.receivers,
                this.toggle("silenced", "Silenced"), this.toggle("inhibited", "Inhibited"), this.toggle("muted", "Muted")),
            this.bar.element,
            h("div", { class: "row" },
                h("label", null, h("input", {
                    type: "checkbox", checked: this.q.isCustom,
                    onchange: (e) => this.go({ isCustom: e.target.checked, group: e.target.checked ? DEFAULT_GROUPING : null }),
                }), this.q.isCustom ? "Group (custom)" : "Group"),
                this.q.isCustom && this.grouping(),
                button(settings.expandsAll() ? "Collapse all groups" : "Expand all groups", () => this.expandAll())));
    }

    grouping() {
        this.labelNames = h("datalist", { id: "label-names" });
        const names = this.q.group || DEFAULT_GROUPING;
        return [
            names.map((name) => h("span", { class: "chip" }, h("span", { class: "text" }, name),
                button("×", () => this.go({ group: names.filter((n) => n !== name) }), { "aria-label": "Do not group by " + name }))),
            h("input", {
                type: "text", list: "label-names", placeholder: "Label name", "aria-label": "Group by label",
                onchange: (e) => e.target.value.trim() && this.go({ group: [...new Set([...names, e.target.value.trim()])] }),
            }),
            this.labelNames,
        ];
    }

    async load() {
        api.receivers().then((list) =>
            replace(this.receivers, list.map((r) => h("option", { value: r.name }))), () => {});
        try {
            this.data = this.q.isCustom
                ? groupBy(await api.alerts(this.q), this.q.group || DEFAULT_GROUPING)
                : await api.alertGroups(this.q);
            this.show();
        } catch (problem) {
            replace(this.groups, error(problem.message));
        }
    }

    show() {
        if (this.labelNames) {
            const names = new Set(this.data.flatMap((g) => g.alerts.flatMap((a) => Object.keys(a.labels))));
            replace(this.labelNames, [...names].sort().map((name) => h("option", { value: name })));
        }
        replace(this.groups, this.data.length ? this.data.map((g) => this.group(g)) : note("No alert groups found"));
    }

    expandAll() {
        settings.setExpandsAll(!settings.expandsAll());
        this.open.clear();
        this.closed.clear();
        replace(this.element, this.controls(), this.groups);
        this.show();
    }

    isOpen(key) {
        return !this.closed.has(key) && (this.open.has(key) || settings.expandsAll() || this.data.length === 1);
    }

    addFilter(matcher) {
        if (!this.q.matchers.some((m) => sameMatcher(m, matcher))) {
            this.go({ matchers: [...this.q.matchers, matcher] });
        }
    }

    // The list is made when the group is first opened.
    group(group) {
        const key = keyOf(group);
        const onFilter = (matcher) => this.addFilter(matcher);
        const labels = Object.entries(group.labels);
        const content = h("div");
        const set = (isOpen) => {
            (isOpen ? this.open : this.closed).add(key);
            (isOpen ? this.closed : this.open).delete(key);
            toggle.setAttribute("aria-expanded", String(isOpen));
            replace(content, isOpen && alertList(group.alerts, group.labels, onFilter));
        };
        const toggle = button(group.receiver ? group.receiver.name : "", () => set(toggle.getAttribute("aria-expanded") !== "true"),
            { class: "toggle", "aria-label": "Alerts of the group" });
        const count = group.alerts.length;
        const element = h("article", { class: "group" },
            h("header", { class: "line" }, toggle,
                labels.length ? labels.map(([name, value]) => labelChip(name, value, onFilter)) : h("span", { class: "note" }, "Not grouped"),
                Object.entries(group.routeLabels || {}).map(([name, value]) =>
                    h("span", { class: "chip route", title: "Route label" }, `${name}="${value}"`)),
                h("span", { class: "count" }, `${count} alert${count === 1 ? "" : "s"}`),
                labels.length > 0 && h("a", { class: "button", href: newSilenceLink(matchersOfLabels(group.labels)) }, "Silence group")),
            content);
        toggle.setAttribute("aria-expanded", "false");
        if (this.isOpen(key)) {
            set(true);
        }
        return element;
    }
}
