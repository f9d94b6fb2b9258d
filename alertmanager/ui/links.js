// SPDX-License-Identifier: Apache-2.0
// What stands behind the # of the page's address: #/alerts?silenced=false&filter=…
// People and notification templates keep these links, so they are read leniently.
import { printMatchers, parseOrNone } from "./matchers.js";

// Form encoding writes a space as +, encodeURIComponent never does.
const FORM_ENCODED = /^[A-Za-z0-9\-_.~%+]*$/;

function decode(text) {
    const spaced = FORM_ENCODED.test(text) ? text.replaceAll("+", " ") : text;
    try {
        return decodeURIComponent(spaced);
    } catch {
        return spaced; // a lone %
    }
}

// {path: "/alerts", params: Map}. The first of equal parameters counts.
export function parseHash(hash) {
    const text = hash.replace(/^#/, "");
    const mark = text.indexOf("?");
    const path = mark < 0 ? text : text.slice(0, mark);
    const params = new Map();
    for (const piece of mark < 0 ? [] : text.slice(mark + 1).split("&")) {
        const equals = piece.indexOf("=");
        const name = decode(equals < 0 ? piece : piece.slice(0, equals));
        if (name && !params.has(name)) {
            params.set(name, equals < 0 ? "" : decode(piece.slice(equals + 1)));
        }
    }
    return { path: path || "/", params };
}

function flag(params, name, missing) {
    return params.has(name) ? params.get(name).toLowerCase() !== "false" : missing;
}

export function alertsQuery(params) {
    return {
        silenced: flag(params, "silenced", false),
        inhibited: flag(params, "inhibited", false),
        muted: flag(params, "muted", false),
        active: flag(params, "active", true),
        matchers: parseOrNone(params.get("filter") || ""),
        receiver: params.get("receiver") || "",
        group: params.has("group") ? params.get("group").split(",").filter((name) => name) : null,
        isCustom: params.has("customGrouping"),
    };
}

function pairs(list) {
    return list.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
}

export function alertsLink(q) {
    const list = ["silenced", "inhibited", "muted", "active"].map((name) => [name, q[name]]);
    if (q.matchers.length) {
        list.push(["filter", printMatchers(q.matchers)]);
    }
    if (q.receiver) {
        list.push(["receiver", q.receiver]);
    }
    if (q.group) {
        list.push(["group", q.group.join(",")]);
    }
    if (q.isCustom) {
        list.push(["customGrouping", true]);
    }
    return "#/alerts?" + pairs(list);
}

// All alerts, told or not.
export const ANY_STATE = {
    silenced: true, inhibited: true, muted: true, active: true,
    matchers: [], receiver: "", group: null, isCustom: false,
};

export function silencesLink(matchers) {
    return "#/silences" + (matchers.length ? "?" + pairs([["filter", printMatchers(matchers)]]) : "");
}

export function newSilenceLink(matchers, comment) {
    const list = [];
    if (matchers.length) {
        list.push(["filter", printMatchers(matchers)]);
    }
    if (comment) {
        list.push(["comment", comment]);
    }
    return "#/silences/new" + (list.length ? "?" + pairs(list) : "");
}

export function silenceLink(id) {
    return "#/silences/" + encodeURIComponent(id);
}

export function goTo(link) {
    window.location.hash = link;
}
