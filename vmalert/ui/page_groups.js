// SPDX-License-Identifier: Apache-2.0
// Groups and their rules. The address keeps the state that is asked for and the search.
import * as api from "./api.js";
import { button, h, note, replace } from "./dom.js";
import { ago, expression, labelChips, ruleTitle, stateBadge } from "./parts.js";

const STATES = [["", "All"], ["unhealthy", "Unhealthy"], ["nomatch", "No Match"]];
const SEARCH_DELAY_MS = 300;

function matches(group, rule, words) {
    const text = [group.name, group.file, rule.name, ...Object.entries(rule.labels || {}).map(([k, v]) => `${k}="${v}"`)]
        .join("\n").toLowerCase();
    return text.includes(words);
}

function ruleItem(rule) {
    const isFailed = rule.health === "err";
    return h("li", { class: isFailed ? "rule failed" : "rule" },
        h("div", { class: "line" },
            h("b", null, ruleTitle(rule)), rule.state && stateBadge(rule.state),
            h("a", { href: api.ruleLink(rule) }, "Details"),
            h("span", { class: "note" }, `${rule.lastSamples} series, `, ago(rule.lastEvaluation))),
        expression(rule.query),
        h("div", { class: "chips" }, labelChips(rule.labels)),
        rule.lastError && h("p", { class: "error" }, rule.lastError));
}

// The rules are made when the group is first opened.
function groupItem(group, rules, isOpen) {
    const content = h("div");
    const details = h("details", { id: "group-" + group.id, class: group.states.unhealthy ? "group failed" : "group" },
        h("summary", null, h("b", null, group.name),
            group.type !== "prometheus" && ` (${group.type})`,
            ` (every ${group.interval}s) `,
            h("a", { href: "#group-" + group.id, "aria-label": "Link to this group" }, "#"), " ",
            Object.entries(group.states).filter(([, count]) => count).map(([state, count]) => stateBadge(state, count)),
            h("div", { class: "note" }, group.file,
                group.params && ` · params: ${group.params.join(", ")}`,
                group.headers && ` · headers: ${group.headers.map((text) => text.split(":")[0]).join(", ")}`)),
        content);
    details.addEventListener("toggle", () => {
        if (details.open && !content.firstChild) {
            content.append(h("ul", null, rules.map(ruleItem)));
        }
    });
    details.open = isOpen;
    return details;
}

export class GroupsPage {
    constructor(params) {
        this.title = "Groups";
        this.state = params.get("state") || "";
        this.words = (params.get("search") || "").toLowerCase();
        this.list = h("div");
        this.element = h("section", { "aria-label": "Groups" },
            h("div", { class: "row" },
                button("Collapse All", () => this.openAll(false)), button("Expand All", () => this.openAll(true)),
                h("label", null, "Status ", h("select", { onchange: (e) => this.go({ state: e.target.value }, true) },
                    STATES.map(([state, title]) => h("option", { value: state, selected: state === this.state }, title)))),
                h("input", {
                    type: "search", placeholder: "Filter by group, rule or labels", "aria-label": "Filter",
                    value: params.get("search") || "", oninput: (e) => this.search(e.target.value),
                })),
            this.list);
    }

    go(changes, reloads) {
        const url = new URL(window.location.href);
        for (const [name, value] of Object.entries(changes)) {
            value ? url.searchParams.set(name, value) : url.searchParams.delete(name);
        }
        reloads ? window.location.assign(url) : window.history.replaceState(null, "", url);
    }

    search(text) {
        window.clearTimeout(this.timer);
        this.timer = window.setTimeout(() => {
            this.words = text.toLowerCase();
            this.go({ search: text }, false);
            this.show();
        }, SEARCH_DELAY_MS);
    }

    async load() {
        this.groups = await api.groups(this.state ? { state: this.state } : {});
        this.show();
    }

    show() {
        const shown = this.groups
            .map((g) => [g, g.rules.filter((r) => !this.words || matches(g, r, this.words))])
            .filter(([, rules]) => rules.length > 0);
        replace(this.list, shown.length
            ? shown.map(([g, rules]) => groupItem(g, rules, this.words !== "" || window.location.hash === "#group-" + g.id))
            : note("No groups..."));
        document.querySelector(window.location.hash.startsWith("#group-") ? window.location.hash : "none")?.scrollIntoView();
    }

    openAll(isOpen) {
        this.list.querySelectorAll("details").forEach((d) => { d.open = isOpen; });
    }
}
