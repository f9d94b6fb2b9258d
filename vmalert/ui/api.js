// SPDX-License-Identifier: Apache-2.0
// The API of this server, and links among its pages. Everything is relative to the page, so that it
// works behind a proxy that knows only /vmalert/. Failures are Errors with a text for people.

const facts = document.documentElement.dataset; // what the server wrote into the page

export const page = facts.page; // "groups"
export const version = facts.version;
export const isProxied = facts.proxied === "true"; // others than the operator may be looking
export const reloadError = facts.reloadError;

export function link(path, params) {
    const query = new URLSearchParams(params || {}).toString();
    return facts.base + path + (query ? "?" + query : "");
}

async function ask(path, params) {
    let response;
    try {
        response = await fetch(link("api/v1/" + path, params));
    } catch {
        throw new Error("Network error");
    }
    const text = await response.text();
    if (!response.ok) {
        throw new Error(text.trim() || `${response.status} ${response.statusText}`);
    }
    return JSON.parse(text);
}

export async function groups(params) {
    return (await ask("rules", { extended_states: "true", ...params })).data.groups;
}

export const alerts = async () => (await ask("alerts")).data.alerts;
export const notifiers = async () => (await ask("notifiers")).data.notifiers;
export const alert = (groupId, alertId) => ask("alert", { group_id: groupId, alert_id: alertId });
export const rule = (groupId, ruleId) => ask("rule", { group_id: groupId, rule_id: ruleId });

// ---- links ------------------------------------------------------------------------------------

export const alertLink = (a) => link("alert", { group_id: a.group_id, alert_id: a.id });
export const ruleLink = (r) => link("rule", { group_id: r.group_id, rule_id: r.id });
export const groupLink = (id) => link("groups") + "#group-" + id;
