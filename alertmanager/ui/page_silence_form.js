// SPDX-License-Identifier: Apache-2.0
// Making a silence, and changing one. Start, duration and end are linked: changing the start or the
// duration moves the end, changing the end sets the duration.
import * as api from "./api.js";
import { alertList } from "./alert_list.js";
import { calendar } from "./calendar.js";
import { button, error, h, note, replace } from "./dom.js";
import { FilterBar } from "./filter_bar.js";
import { goTo, silenceLink } from "./links.js";
import { fromApi, parseOrNone, toApi } from "./matchers.js";
import * as settings from "./settings.js";
import * as time from "./time.js";

const DURATION_DEFAULT = "2h";

// An input with its label and the place for what is wrong with it.
class Field {
    constructor(label, input, ...beside) {
        this.input = input;
        this.problem = h("span", { class: "error", role: "alert" });
        this.element = h("div", { class: "field" },
            h("label", null, h("span", null, label), input), beside, this.problem);
    }

    // check(text) returns what is wrong, or an empty text.
    isGood(check) {
        this.problem.textContent = check(this.input.value);
        return !this.problem.textContent;
    }
}

const notBlank = (text) => (text.trim() ? "" : "Should not be empty");

function goodTime(text) {
    return notBlank(text) || (time.parseTime(text) === null ? "Wrong ISO8601 format" : "");
}

export class SilenceForm {
    // id: NULL for a new one, which begins with what the address says.
    constructor(id, params) {
        this.id = id;
        this.given = { matchers: parseOrNone(params.get("filter") || ""), comment: params.get("comment") || "" };
        this.problem = h("div");
        this.preview = h("div");
        this.element = h("section", { "aria-label": id ? "Edit silence" : "New silence" });
    }

    async load() {
        if (this.form) {
            return; // a refresh must not undo what was typed
        }
        try {
            this.start(this.id ? this.fromSilence(await api.silence(this.id)) : this.fresh());
        } catch (problem) {
            replace(this.element, error(problem.message));
        }
    }

    fresh() {
        const now = Date.now();
        return { ...this.given, startsAt: time.iso(now), endsAt: time.iso(now + time.parseDuration(DURATION_DEFAULT)),
            createdBy: settings.creator(), annotations: {} };
    }

    fromSilence(s) {
        return { ...s, matchers: s.matchers.map(fromApi), annotations: s.annotations || {} };
    }

    start(s) {
        const text = (value, onchange) => h("input", { type: "text", value, oninput: onchange, autocomplete: "off" });
        this.initial = s;
        this.startsAt = new Field("Start", text(s.startsAt, () => this.moveEnd()));
        this.duration = new Field("Duration", text("", () => this.moveEnd()));
        this.endsAt = new Field("End", text(s.endsAt, () => this.setDuration()),
            button("Calendar", () => this.pick(), { title: "Choose start and end" }));
        this.setDuration();
        this.bar = new FilterBar(s.matchers, () => this.showPreview(), { label: "Alerts affected by this silence" });
        this.matchers = new Field("Matchers", h("input", { type: "hidden" }));
        this.createdBy = new Field("Creator", text(s.createdBy));
        this.comment = new Field("Comment", h("textarea", { value: s.comment, rows: 3 }));
        this.annotations = { ...s.annotations };
        this.notes = h("div");
        this.showAnnotations();
        this.form = h("form", { onsubmit: (event) => { event.preventDefault(); this.save(); } },
            h("h1", null, this.id ? "Edit Silence" : "New Silence"),
            h("div", { class: "row" }, this.startsAt.element, this.duration.element, this.endsAt.element),
            h("fieldset", null, h("legend", null, "Matchers: alerts affected by this silence"), this.bar.element, this.matchers.problem),
            this.createdBy.element, this.comment.element, this.notes, this.problem,
            h("div", { class: "buttons" },
                button("Preview Alerts", () => this.showPreview(true)),
                h("button", { type: "submit", class: "main" }, this.id ? "Update" : "Create"),
                button("Reset", () => this.start(this.initial))));
        replace(this.element, this.form, this.preview);
    }

    moveEnd() {
        const start = time.parseTime(this.startsAt.input.value);
        const length = time.parseDuration(this.duration.input.value);
        if (start !== null && length !== null) {
            this.endsAt.input.value = time.iso(start + length);
        }
    }

    setDuration() {
        const start = time.parseTime(this.startsAt.input.value), end = time.parseTime(this.endsAt.input.value);
        if (start !== null && end !== null && end >= start) {
            this.duration.input.value = time.printDuration(end - start);
        }
    }

    async pick() {
        const picked = await calendar(time.parseTime(this.startsAt.input.value), time.parseTime(this.endsAt.input.value));
        if (picked) {
            this.startsAt.input.value = time.iso(picked.start);
            this.endsAt.input.value = time.iso(picked.end);
            this.setDuration();
        }
    }

    showAnnotations() {
        const input = h("input", { type: "text", placeholder: "key=value", "aria-label": "Annotation",
            oninput: () => { add.disabled = !this.readAnnotation(input.value); } });
        const add = button("Add", () => {
            const [key, value] = this.readAnnotation(input.value);
            this.annotations[key] = value;
            this.showAnnotations();
        }, { disabled: true });
        replace(this.notes, h("fieldset", null, h("legend", null, "Annotations (optional)"),
            Object.entries(this.annotations).map(([key, value]) => h("span", { class: "chip" },
                h("span", { class: "text" }, `${key}=${value}`),
                button("×", () => { delete this.annotations[key]; this.showAnnotations(); }, { "aria-label": "Remove " + key }))),
            input, add));
    }

    readAnnotation(text) { // [key, value], or null: not one, or its key is taken
        const found = /^\s*([^=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(text);
        return found && !(found[1] in this.annotations) ? [found[1], found[2]] : null;
    }

    checkMatchers() {
        const problem = this.bar.isUnfinished && !this.bar.add() ? "Please complete adding the matcher"
            : this.bar.matchers.length ? "" : "Matchers are required";
        this.matchers.problem.textContent = problem;
        return !problem;
    }

    check() {
        const endCheck = (text) => goodTime(text) ||
            (time.parseTime(text) < time.parseTime(this.startsAt.input.value) ? "Can't be in the past" : "");
        return [
            this.startsAt.isGood(goodTime),
            this.duration.isGood((text) => (time.parseDuration(text) === null ? "Wrong duration format" : "")),
            this.endsAt.isGood(endCheck),
            this.checkMatchers(),
            this.createdBy.isGood(notBlank),
            this.comment.isGood(notBlank),
        ].every((isGood) => isGood);
    }

    async save() {
        replace(this.problem);
        if (!this.check()) {
            return;
        }
        settings.setCreator(this.createdBy.input.value.trim());
        const body = {
            id: this.id || undefined,
            matchers: this.bar.matchers.map(toApi),
            startsAt: time.iso(time.parseTime(this.startsAt.input.value)),
            endsAt: time.iso(time.parseTime(this.endsAt.input.value)),
            createdBy: this.createdBy.input.value.trim(),
            comment: this.comment.input.value.trim(),
            annotations: this.annotations,
        };
        try {
            const { silenceID } = await api.saveSilence(body);
            goTo(silenceLink(silenceID));
        } catch (problem) {
            replace(this.problem, error(problem.message));
        }
    }

    async showPreview(isAsked) {
        if (!this.bar.matchers.length || !(isAsked || this.preview.firstChild)) {
            replace(this.preview);
            return;
        }
        try {
            const alerts = await api.affectedAlerts(this.bar.matchers);
            replace(this.preview, h("h2", null, `Affected alerts: ${alerts.length}`),
                alerts.length ? alertList(alerts, {}, null) : note("No affected alerts"));
        } catch (problem) {
            replace(this.preview, error(problem.message));
        }
    }
}
