// SPDX-License-Identifier: Apache-2.0
// One alert as a row, and lists of them, which grow on demand: a group may hold thousands.
import * as api from "./api.js";
import { button, h } from "./dom.js";
import { ANY_STATE, alertsLink, goTo, newSilenceLink, silenceLink } from "./links.js";
import { matchersOfLabels, printMatcher } from "./matchers.js";
import * as time from "./time.js";

const ROWS_AT_ONCE = 200;

const isWeb = (text) => /^https?:\/\//.test(text || "");

// A label as a chip with a "+" that adds it to the filter.
export function labelChip(name, value, onFilter) {
    const matcher = { name, op: "=", value };
    return h("span", { class: "chip" },
        h("span", { class: "text" }, printMatcher(matcher)),
        onFilter && button("+", () => onFilter(matcher), { "aria-label": "Filter by " + printMatcher(matcher) }));
}

function withLinks(text) {
    return text.split(/(\s+)/).map((word) =>
        isWeb(word) ? h("a", { href: word, target: "_blank", rel: "noopener noreferrer" }, word) : word);
}

export function annotationTable(annotations) {
    return h("table", { class: "annotations" }, h("tbody", null,
        Object.entries(annotations).map(([name, value]) =>
            h("tr", null, h("th", { scope: "row" }, name), h("td", null, withLinks(value))))));
}

function sortedLabels(labels, hidden) {
    return Object.entries(labels)
        .filter(([name, value]) => hidden[name] !== value)
        .sort(([a], [b]) => (b === "alertname") - (a === "alertname") || (a < b ? -1 : 1));
}

const linkTo = (labels) => alertsLink({ ...ANY_STATE, matchers: matchersOfLabels(labels) });

async function showAlert(fingerprint) {
    const found = (await api.alerts(ANY_STATE)).find((a) => a.fingerprint === fingerprint);
    if (found) {
        goTo(linkTo(found.labels));
    }
}

// What keeps the alert from being told, named.
function suppression(alert) {
    const { silencedBy = [], inhibitedBy = [], mutedBy = [] } = alert.status;
    return [
        silencedBy.length > 0 && h("a", { class: "mark", href: silenceLink(silencedBy[0]) }, "Silenced"),
        inhibitedBy.length > 0 && button("Inhibited", () => showAlert(inhibitedBy[0]),
            { class: "mark", title: "Show the alert that inhibits this one" }),
        mutedBy.length > 0 && h("span", { class: "mark", title: "Muted by " + mutedBy.join(", ") },
            "Muted by " + mutedBy.join(", ")),
    ];
}

// hidden: labels not to be shown again (those of the group). onFilter: NULL for lists without "+".
export function alertRow(alert, hidden, onFilter) {
    const hasAnnotations = Object.keys(alert.annotations || {}).length > 0;
    const details = hasAnnotations && annotationTable(alert.annotations);
    if (details) {
        details.hidden = true;
    }
    const info = hasAnnotations && button("Info", () => {
        details.hidden = !details.hidden;
        info.setAttribute("aria-expanded", String(!details.hidden));
    }, { "aria-expanded": "false" });
    return h("li", { class: "alert" },
        h("div", { class: "line" },
            time.element(alert.startsAt), info,
            isWeb(alert.generatorURL) &&
                h("a", { class: "button", href: alert.generatorURL, target: "_blank", rel: "noopener noreferrer" }, "Source"),
            !(alert.status.silencedBy || []).length &&
                h("a", { class: "button", href: newSilenceLink(matchersOfLabels(alert.labels)) }, "Silence"),
            suppression(alert),
            h("a", { class: "button", href: linkTo(alert.labels), title: "A permanent link to this alert" }, "Link")),
        h("div", { class: "chips" }, sortedLabels(alert.labels, hidden).map(([name, value]) => labelChip(name, value, onFilter))),
        details);
}

// A list that shows its first rows and has a button for more.
export function alertList(alerts, hidden, onFilter) {
    const list = h("ul", { class: "alerts" });
    const more = button("", () => grow());
    let shown = 0;
    const grow = () => {
        list.append(...alerts.slice(shown, shown + ROWS_AT_ONCE).map((a) => alertRow(a, hidden, onFilter)));
        shown = Math.min(shown + ROWS_AT_ONCE, alerts.length);
        more.textContent = `Show more (${alerts.length - shown} left)`;
        more.hidden = shown === alerts.length;
    };
    grow();
    return [list, more];
}
