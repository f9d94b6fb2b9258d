// SPDX-License-Identifier: Apache-2.0
// The page: which part the address asks for, the navigation, loading again.
import { h, note, replace } from "./dom.js";
import { parseHash } from "./links.js";
import { AlertsPage } from "./page_alerts.js";
import { SilencePage } from "./page_silence.js";
import { SilenceForm } from "./page_silence_form.js";
import { SilencesPage } from "./page_silences.js";
import { SettingsPage, StatusPage } from "./page_status.js";
import * as settings from "./settings.js";

const SECTIONS = [["alerts", "Alerts"], ["silences", "Silences"], ["status", "Status"], ["settings", "Settings"]];

const nav = document.querySelector("nav");
const main = document.querySelector("main");
let page = null;
let loadedAt = 0;

class NotFoundPage {
    constructor() {
        this.element = h("section", null, h("h1", null, "Not found"), note("There is no such page."),
            h("a", { href: "#/alerts" }, "Alerts"));
    }

    load() {}
}

function makePage(path, params) {
    const [section, id, verb, ...more] = path.split("/").slice(1).map(decodeURIComponent);
    if (section === "alerts" && id === undefined) {
        return new AlertsPage(params);
    }
    if (section === "silences" && more.length === 0) {
        if (id === undefined || id === "") {
            return new SilencesPage(params);
        }
        if (verb === "edit") {
            return new SilenceForm(id, params);
        }
        if (verb === undefined) {
            return id === "new" ? new SilenceForm(null, params) : new SilencePage(id);
        }
    }
    if (section === "status" && id === undefined) {
        return new StatusPage();
    }
    return section === "settings" && id === undefined ? new SettingsPage() : new NotFoundPage();
}

function showNav(section, isForm) {
    replace(nav, h("a", { class: "brand", href: "#/alerts" }, "Alertmanager"),
        SECTIONS.map(([name, title]) =>
            h("a", { href: "#/" + name, "aria-current": name === section ? "page" : null }, title)),
        h("a", { href: "https://prometheus.io/docs/alerting/latest/alertmanager/", target: "_blank", rel: "noopener noreferrer" },
            "Documentation"),
        !isForm && h("a", { class: "button main", href: "#/silences/new" }, "New Silence"));
}

async function load() {
    loadedAt = Date.now();
    await page.load();
}

function navigate() {
    const { path, params } = parseHash(window.location.hash);
    if (path === "/" || path === "") {
        window.location.replace("#/alerts");
        return;
    }
    page = makePage(path, params);
    showNav(path.split("/")[1], page instanceof SilenceForm);
    replace(main, page.element);
    load();
}

// Nothing is loaded behind a hidden tab, or under a dialog.
function refresh() {
    const seconds = settings.refreshSeconds();
    const isDue = seconds > 0 && Date.now() - loadedAt >= seconds * 1000;
    if (isDue && !document.hidden && !document.querySelector("dialog[open]")) {
        load();
    }
}

settings.applyTheme();
window.addEventListener("hashchange", navigate);
window.setInterval(refresh, 1000);
navigate();
