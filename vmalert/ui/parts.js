// SPDX-License-Identifier: Apache-2.0
// Pieces that several pages show.
import { h } from "./dom.js";

const DOTLESS_YEAR = "0001"; // Go's zero time: never

const STATE_TITLES = {
    firing: "Alerts are being sent",
    pending: "Waits until it has held for long enough",
    inactive: "The expression gives nothing",
    ok: "Evaluated without an error",
    unhealthy: "The last evaluation failed",
    nomatch: "The expression matches no series: it may be misspelt",
};

export function stateBadge(state, count) {
    return h("span", { class: "badge " + state, title: STATE_TITLES[state] || null },
        count === undefined ? state : `${state} ${count}`);
}

export function labelChips(labels) {
    return Object.entries(labels || {}).map(([name, value]) => h("span", { class: "chip" }, `${name}="${value}"`));
}

export function expression(text) {
    return h("pre", { class: "expression" }, text);
}

export function isNever(time) {
    return !time || time.startsWith(DOTLESS_YEAR);
}

export function ago(time) {
    if (isNever(time)) {
        return "Never";
    }
    const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
    return h("time", { datetime: time, title: time }, seconds.toFixed(3) + "s ago");
}

export function timeOf(time) {
    return isNever(time) ? "Never" : h("time", { datetime: time, title: new Date(time).toLocaleString() }, time);
}

export function table(titles, rows) {
    return h("div", { class: "wide" }, h("table", null,
        h("thead", null, h("tr", null, titles.map((title) => h("th", { scope: "col" }, title)))),
        h("tbody", null, rows)));
}

// Names and values one below another; rows without a value are left out.
export function facts(rows) {
    return h("dl", null, rows.filter(([, value]) => value !== undefined && value !== null && value !== "" && value?.length !== 0)
        .map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

export function annotations(map) {
    return Object.entries(map || {}).map(([name, value]) => h("div", null, h("b", null, name), " ", value));
}

// "alert: Down (for: 60 seconds, keep_firing_for: 30 seconds)"
export function ruleTitle(r) {
    if (r.type !== "alerting") {
        return "record: " + r.name;
    }
    const times = [r.duration && `for: ${r.duration} seconds`, r.keep_firing_for && `keep_firing_for: ${r.keep_firing_for} seconds`];
    const text = times.filter((t) => t).join(", ");
    return `alert: ${r.name}` + (text ? ` (${text})` : "");
}
