// SPDX-License-Identifier: Apache-2.0
// Matchers as chips, with an input for the next one. Enter adds; Backspace in the empty input, or a
// click on a chip's text, takes that matcher back for editing.
import { button, h, replace } from "./dom.js";
import { parseMatchers, printMatcher, sameMatcher } from "./matchers.js";

export class FilterBar {
    // onChange(matchers) is called when a chip comes or goes.
    constructor(matchers, onChange, { label = "Filter", extra = null } = {}) {
        this.matchers = matchers.slice();
        this.onChange = onChange;
        this.chips = h("span", { class: "chips" });
        this.input = h("input", {
            type: "text", class: "mono", placeholder: 'env="production"', "aria-label": label,
            spellcheck: "false", autocapitalize: "off", autocomplete: "off",
            onkeydown: (event) => this.onKey(event),
        });
        this.problem = h("span", { class: "error", role: "alert" });
        this.element = h("div", { class: "filter" },
            h("div", { class: "filter-box" }, this.chips, this.input, button("+", () => this.add(),
                { title: "Add the matcher", "aria-label": "Add the matcher" })),
            extra, this.problem);
        this.show();
    }

    show() {
        replace(this.chips, this.matchers.map((m, i) => h("span", { class: "chip" },
            button(printMatcher(m), () => this.edit(i), { class: "text", title: "Edit" }),
            button("×", () => this.remove(i), { "aria-label": "Remove " + printMatcher(m) }))));
    }

    onKey(event) {
        if (event.key === "Enter") {
            event.preventDefault();
            this.add();
        } else if (event.key === "Backspace" && !this.input.value && this.matchers.length) {
            event.preventDefault();
            this.edit(this.matchers.length - 1);
        }
    }

    // False: what is in the input cannot be read; the problem is shown.
    add() {
        const text = this.input.value.trim();
        this.problem.textContent = "";
        if (!text) {
            return true;
        }
        try {
            for (const m of parseMatchers(text)) {
                this.put(m);
            }
        } catch (problem) {
            this.problem.textContent = problem.message;
            return false;
        }
        this.input.value = "";
        this.changed();
        return true;
    }

    put(matcher) {
        if (!this.matchers.some((m) => sameMatcher(m, matcher))) {
            this.matchers.push(matcher);
        }
    }

    addMatcher(matcher) {
        this.put(matcher);
        this.changed();
    }

    remove(i) {
        this.matchers.splice(i, 1);
        this.changed();
    }

    edit(i) {
        const [m] = this.matchers.splice(i, 1);
        this.changed();
        this.input.value = printMatcher(m);
        this.input.focus();
    }

    changed() {
        this.show();
        this.onChange(this.matchers);
    }

    get isUnfinished() {
        return this.input.value.trim() !== "";
    }
}
