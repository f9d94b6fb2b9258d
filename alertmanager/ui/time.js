// SPDX-License-Identifier: Apache-2.0
// Times and durations as the pages show and read them.
import * as settings from "./settings.js";

const UNITS = [["w", 604800], ["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

// "1d 2h 30m" → milliseconds, or null.
export function parseDuration(text) {
    const pieces = text.trim().toLowerCase();
    if (!/^(\d+(\.\d+)?\s*[wdhms]\s*)+$/.test(pieces)) {
        return null;
    }
    let seconds = 0;
    for (const [, number, unit] of pieces.matchAll(/(\d+(?:\.\d+)?)\s*([wdhms])/g)) {
        seconds += Number(number) * UNITS.find(([name]) => name === unit)[1];
    }
    return Math.round(seconds * 1000);
}

export function printDuration(ms) {
    let seconds = Math.max(0, Math.round(ms / 1000));
    const pieces = [];
    for (const [unit, length] of UNITS) {
        const count = Math.floor(seconds / length);
        seconds -= count * length;
        if (count) {
            pieces.push(count + unit);
        }
    }
    return pieces.join(" ") || "0s";
}

export function parseTime(text) { // ISO 8601 → milliseconds, or null
    const isIso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text.trim());
    const ms = isIso ? Date.parse(text.trim()) : NaN;
    return Number.isNaN(ms) ? null : ms;
}

export function iso(ms) {
    return new Date(ms).toISOString();
}

// As the reader wants to see it: UTC with milliseconds, or the browser's zone.
export function show(time) {
    const date = new Date(time);
    if (!settings.usesLocalTime()) {
        return date.toISOString();
    }
    return date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

export function element(time) {
    const e = document.createElement("time");
    e.dateTime = time;
    e.textContent = show(time);
    e.title = settings.usesLocalTime() ? iso(Date.parse(time)) : new Date(time).toLocaleString();
    return e;
}
