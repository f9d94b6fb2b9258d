// SPDX-License-Identifier: Apache-2.0
// One silence, and the alerts it touches.
import * as api from "./api.js";
import { alertList } from "./alert_list.js";
import { error, h, note, replace } from "./dom.js";
import { fromApi, printMatcher } from "./matchers.js";
import { actions } from "./page_silences.js";
import * as time from "./time.js";

export class SilencePage {
    constructor(id) {
        this.id = id;
        this.element = h("section", { "aria-label": "Silence" });
    }

    async load() {
        try {
            const s = await api.silence(this.id);
            const affected = h("div", null, note("Loading alerts"));
            replace(this.element, this.describe(s), affected);
            await this.loadAlerts(s, affected);
        } catch (problem) {
            replace(this.element, error(problem.message));
        }
    }

    describe(s) {
        const row = (name, ...value) => [h("dt", null, name), h("dd", null, value)];
        const annotations = Object.entries(s.annotations || {});
        return [
            h("div", { class: "line" }, h("h1", null, "Silence"), actions(s, () => this.load(), (problem) => this.element.prepend(error(problem.message)))),
            h("dl", null,
                row("ID", s.id),
                row("Starts at", time.element(s.startsAt)),
                row("Ends at", time.element(s.endsAt)),
                row("Updated at", time.element(s.updatedAt)),
                row("Created by", s.createdBy),
                row("Comment", s.comment),
                row("State", s.status.state),
                row("Matchers", s.matchers.map((m) => h("span", { class: "chip" }, printMatcher(fromApi(m))))),
                annotations.length > 0 && row("Annotations", annotations.map(([k, v]) => h("div", null, `${k}: ${v}`)))),
        ];
    }

    async loadAlerts(s, affected) {
        const alerts = await api.affectedAlerts(s.matchers.map(fromApi));
        replace(affected, h("h2", null, `Affected alerts: ${alerts.length}`),
            alerts.length ? alertList(alerts, {}, null) : note("No affected alerts"));
    }
}
