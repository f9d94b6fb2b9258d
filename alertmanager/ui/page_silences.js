// SPDX-License-Identifier: Apache-2.0
// The list of silences, by state, with a search and with ending many at once.
import * as api from "./api.js";
import { button, confirm, error, h, note, replace } from "./dom.js";
import { FilterBar } from "./filter_bar.js";
import { goTo, newSilenceLink, silenceLink, silencesLink } from "./links.js";
import { fromApi, parseOrNone, printMatcher } from "./matchers.js";
import * as time from "./time.js";

const STATES = ["active", "pending", "expired"];
const ROWS_AT_ONCE = 200;
const WHEN = { active: ["Ends", "endsAt"], pending: ["Starts", "startsAt"], expired: ["Expired", "endsAt"] };

const capital = (text) => text[0].toUpperCase() + text.slice(1);

// Asks, then ends the silences; says what failed. Resolves to whether anything was done.
export async function expire(silences) {
    const what = silences.length === 1 ? "this silence" : `these ${silences.length} silences`;
    if (!await confirm("Expire Silence", `Are you sure you want to expire ${what}?`)) {
        return false;
    }
    for (const s of silences) {
        await api.expireSilence(s.id);
    }
    return true;
}

// The buttons for what can be done with a silence. onDone: after it has ended.
export function actions(s, onDone, onError) {
    const isOver = s.status.state === "expired";
    const matchers = s.matchers.map(fromApi);
    return [
        isOver
            ? h("a", { class: "button", href: newSilenceLink(matchers, s.comment) }, "Recreate")
            : h("a", { class: "button", href: silenceLink(s.id) + "/edit" }, "Edit"),
        !isOver && button(s.status.state === "pending" ? "Delete" : "Expire",
            () => expire([s]).then((isDone) => isDone && onDone(), onError), { class: "danger" }),
    ];
}

export class SilencesPage {
    constructor(params) {
        this.matchers = parseOrNone(params.get("filter") || "");
        this.state = "active";
        this.search = "";
        this.shown = ROWS_AT_ONCE;
        this.chosen = new Set();
        this.bar = new FilterBar(this.matchers, (matchers) => goTo(silencesLink(matchers)), { label: "Filter silences" });
        this.tabs = h("div", { class: "tabs", role: "tablist" });
        this.tools = h("div", { class: "row" });
        this.problem = h("div");
        this.list = h("div");
        this.element = h("section", { "aria-label": "Silences" }, this.bar.element,
            h("input", {
                type: "search", placeholder: "Search creator and comment", "aria-label": "Search",
                oninput: (e) => { this.search = e.target.value.toLowerCase(); this.show(); },
            }),
            this.tabs, this.tools, this.problem, this.list);
    }

    async load() {
        try {
            this.data = await api.silences(this.matchers);
            replace(this.problem);
            this.show();
        } catch (problem) {
            this.fail(problem);
        }
    }

    fail(problem) {
        replace(this.problem, error(problem.message));
    }

    found() {
        return this.data.filter((s) => !this.search || (s.createdBy + "\n" + s.comment).toLowerCase().includes(this.search));
    }

    show() {
        const found = this.found();
        const ofState = (state) => found.filter((s) => s.status.state === state);
        replace(this.tabs, STATES.map((state) => {
            const count = ofState(state).length;
            return button(capital(state), () => { this.state = state; this.shown = ROWS_AT_ONCE; this.chosen.clear(); this.show(); },
                { role: "tab", "aria-selected": String(state === this.state), "data-count": count || null });
        }));
        const rows = ofState(this.state);
        replace(this.tools, this.state !== "expired" && rows.length > 1 && [
            button("Choose all", () => { rows.forEach((s) => this.chosen.add(s.id)); this.show(); }),
            this.chosen.size > 0 && button(`Expire ${this.chosen.size} chosen`, () => this.expireChosen(rows), { class: "danger" }),
        ]);
        replace(this.list, rows.length
            ? h("ul", { class: "silences" }, rows.slice(0, this.shown).map((s) => this.row(s)))
            : note("No silences found"),
            rows.length > this.shown && button(`Show more (${rows.length - this.shown} left)`,
                () => { this.shown += ROWS_AT_ONCE; this.show(); }));
    }

    expireChosen(rows) {
        expire(rows.filter((s) => this.chosen.has(s.id)))
            .then((isDone) => isDone && this.chosen.clear())
            .then(() => this.load(), (problem) => { this.fail(problem); });
    }

    row(s) {
        const [text, field] = WHEN[s.status.state];
        return h("li", { class: "silence" },
            h("div", { class: "line" },
                s.status.state !== "expired" && h("input", {
                    type: "checkbox", checked: this.chosen.has(s.id), "aria-label": "Choose",
                    onchange: (e) => { this.chosen[e.target.checked ? "add" : "delete"](s.id); this.show(); },
                }),
                h("span", null, text + " ", time.element(s[field])),
                h("a", { class: "button", href: silenceLink(s.id) }, "View"),
                actions(s, () => this.load(), (problem) => this.fail(problem))),
            h("div", { class: "chips" }, s.matchers.map(fromApi).map((m) =>
                button(printMatcher(m), () => this.bar.addMatcher(m), { class: "chip", title: "Add to the filter" }))),
            h("div", { class: "said" }, h("b", null, s.createdBy), " ", s.comment),
            Object.entries(s.annotations || {}).map(([name, value]) => h("div", { class: "said" }, `${name}: ${value}`)));
    }
}
