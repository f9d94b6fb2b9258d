// SPDX-License-Identifier: Apache-2.0
// The API v2 of this server. Failures are Errors with a text for people.
import { ANY_STATE } from "./links.js";
import { printMatcher } from "./matchers.js";

const BASE = window.location.pathname.replace(/[^/]*$/, "") + "api/v2/";
const TIMEOUT_MS = 30000;

// The body of an error is a JSON string, or an object with a member `error` or `message`.
function errorText(response, text) {
    try {
        const body = JSON.parse(text);
        const said = typeof body === "string" ? body : body.error || body.message;
        if (said) {
            return said;
        }
    } catch {
        // not JSON: the status must do
    }
    return `${response.status} ${response.statusText}`;
}

async function ask(method, path, body) {
    let response, text;
    try {
        response = await fetch(BASE + path, {
            method,
            headers: body ? { "Content-Type": "application/json" } : {},
            body: body ? JSON.stringify(body) : undefined,
            signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        text = await response.text();
    } catch (problem) {
        throw new Error(problem.name === "TimeoutError" ? "Timeout exceeded" : "Network error");
    }
    if (!response.ok) {
        throw new Error(errorText(response, text));
    }
    if (method === "DELETE" || !text) {
        return null;
    }
    try {
        return JSON.parse(text);
    } catch (problem) {
        throw new Error("Unexpected response from api: " + problem.message);
    }
}

function alertParams(q) {
    const params = new URLSearchParams();
    for (const m of q.matchers) {
        params.append("filter", printMatcher(m));
    }
    for (const name of ["silenced", "inhibited", "muted", "active"]) {
        params.append(name, q[name]);
    }
    if (q.receiver) {
        params.append("receiver", q.receiver);
    }
    return params;
}

export const alertGroups = (q) => ask("GET", "alerts/groups?" + alertParams(q));
export const alerts = (q) => ask("GET", "alerts?" + alertParams(q));
export const receivers = () => ask("GET", "receivers");
export const status = () => ask("GET", "status");
export const silence = (id) => ask("GET", "silence/" + encodeURIComponent(id));
export const saveSilence = (body) => ask("POST", "silences", body);
export const expireSilence = (id) => ask("DELETE", "silence/" + encodeURIComponent(id));

export function silences(matchers) {
    return ask("GET", "silences?" + new URLSearchParams(matchers.map((m) => ["filter", printMatcher(m)])));
}

// Whatever a silence with these matchers touches, in any state.
export function affectedAlerts(matchers) {
    return alerts({ ...ANY_STATE, matchers });
}
