// SPDX-License-Identifier: Apache-2.0
// The process, its cluster and its configuration; and the reader's settings.
import * as api from "./api.js";
import { error, h, replace } from "./dom.js";
import * as settings from "./settings.js";
import * as time from "./time.js";

const VERSION_FIELDS = [["branch", "Branch"], ["buildDate", "BuildDate"], ["buildUser", "BuildUser"],
    ["goVersion", "GoVersion"], ["revision", "Revision"], ["version", "Version"]];

function list(title, rows) {
    return [h("h2", null, title), h("dl", null, rows.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]))];
}

export class StatusPage {
    constructor() {
        this.element = h("section", { "aria-label": "Status" });
    }

    async load() {
        try {
            const s = await api.status();
            const peers = (s.cluster.peers || []).map((p) => h("li", null, h("b", null, p.name), " ", p.address));
            replace(this.element, h("h1", null, "Status"),
                list("Process", [["Uptime", time.element(s.uptime)]]),
                list("Cluster Status", [
                    ...(s.cluster.name ? [["Name", s.cluster.name]] : []),
                    ["Status", h("span", { class: "mark " + s.cluster.status }, s.cluster.status)],
                    ["Peers", peers.length ? h("ul", null, peers) : "none"],
                ]),
                list("Version Information", VERSION_FIELDS.map(([name, title]) => [title, s.versionInfo[name]])),
                h("h2", null, "Config"), h("pre", null, s.config.original));
        } catch (problem) {
            replace(this.element, error(problem.message));
        }
    }
}

function choice(label, options, value, onchange) {
    return h("label", { class: "setting" }, h("span", null, label),
        h("select", { onchange: (e) => onchange(e.target.value) },
            options.map(([key, text]) => h("option", { value: key, selected: String(key) === String(value) }, text))));
}

export class SettingsPage {
    constructor() {
        const same = (name) => [name, name];
        this.element = h("section", { "aria-label": "Settings" }, h("h1", null, "Settings"),
            choice("First day of the week", settings.firstDays.map(same), settings.firstDay(), settings.setFirstDay),
            choice("Times", [["false", "UTC"], ["true", "Local time"]], settings.usesLocalTime(),
                (yes) => settings.setUsesLocalTime(yes === "true")),
            choice("Load again", [[0, "never"], [10, "every 10 s"], [30, "every 30 s"], [60, "every minute"], [300, "every 5 minutes"]],
                settings.refreshSeconds(), (seconds) => settings.setRefreshSeconds(Number(seconds))),
            choice("Colours", [["auto", "as the system"], ["light", "light"], ["dark", "dark"]], settings.theme(), settings.setTheme));
    }

    load() {}
}
