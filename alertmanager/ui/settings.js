// SPDX-License-Identifier: Apache-2.0
// What a browser remembers. The first three names are those that people's browsers hold already.

const FIRST_DAYS = ["Sunday", "Monday", "Saturday"];

function get(name, missing) {
    try {
        return JSON.parse(window.localStorage.getItem(name)) ?? missing;
    } catch {
        return missing;
    }
}

function set(name, value) {
    try {
        window.localStorage.setItem(name, JSON.stringify(value));
    } catch {
        // private windows keep nothing
    }
}

export const firstDays = FIRST_DAYS;
export const firstDay = () => (FIRST_DAYS.includes(get("firstDayOfWeek")) ? get("firstDayOfWeek") : "Sunday");
export const setFirstDay = (day) => set("firstDayOfWeek", day);

export const expandsAll = () => get("groupExpandAll", false) === true;
export const setExpandsAll = (yes) => set("groupExpandAll", yes);

export function creator() { // plain text, not JSON
    try {
        return window.localStorage.getItem("defaultCreator") || "";
    } catch {
        return "";
    }
}

export function setCreator(name) {
    try {
        window.localStorage.setItem("defaultCreator", name);
    } catch {
        // see above
    }
}

export const usesLocalTime = () => get("localTime", false) === true;
export const setUsesLocalTime = (yes) => set("localTime", yes);

export const refreshSeconds = () => Number(get("refreshSeconds", 0)) || 0; // 0: never by itself
export const setRefreshSeconds = (seconds) => set("refreshSeconds", seconds);

export const theme = () => get("theme", "auto");
export function setTheme(name) {
    set("theme", name);
    applyTheme();
}

export function applyTheme() {
    if (theme() === "auto") {
        delete document.documentElement.dataset.theme;
    } else {
        document.documentElement.dataset.theme = theme();
    }
}
