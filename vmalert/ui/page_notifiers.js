// SPDX-License-Identifier: Apache-2.0
// The Alertmanagers that are told, by how they were found.
import * as api from "./api.js";
import { h, note, replace } from "./dom.js";
import { labelChips, table } from "./parts.js";

function targetRow(t) {
    return h("tr", { class: t.lastError ? "failed" : null },
        h("td", { class: "chips" }, labelChips(t.labels)), h("td", null, t.address),
        h("td", { class: "error" }, t.lastError || ""));
}

export class NotifiersPage {
    constructor() {
        this.title = "Notifiers";
        this.element = h("section", { "aria-label": "Notifiers" });
    }

    async load() {
        const kinds = (await api.notifiers()).filter((k) => k.targets.length).sort((a, b) => (a.kind < b.kind ? -1 : 1));
        replace(this.element, kinds.length
            ? kinds.map((k) => h("details", { class: "group", open: true },
                h("summary", null, h("b", null, `${k.kind} (${k.targets.length})`)),
                table(["Labels", "Address", "Last error"], k.targets.map(targetRow))))
            : note("No targets..."));
    }
}
