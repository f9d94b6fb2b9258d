// SPDX-License-Identifier: Apache-2.0
// The page: which one the server was asked for, and the navigation.
import * as api from "./api.js";
import { button, error, h, note, replace } from "./dom.js";
import { AlertPage, AlertsPage } from "./page_alerts.js";
import { GroupsPage } from "./page_groups.js";
import { NotifiersPage } from "./page_notifiers.js";
import { RulePage } from "./page_rule.js";
import { WelcomePage } from "./page_welcome.js";

const PAGES = { welcome: WelcomePage, groups: GroupsPage, alerts: AlertsPage, alert: AlertPage, rule: RulePage, notifiers: NotifiersPage };
const SECTIONS = [["groups", "Groups"], ["alerts", "Alerts"], ["notifiers", "Notifiers"]];

const nav = document.querySelector("nav");
const main = document.querySelector("main");

function reloadWarning() {
    const text = h("pre", { class: "error", hidden: true }, api.reloadError);
    return [button("Configuration file failed to reload! Click to see more details.",
        () => { text.hidden = !text.hidden; }, { class: "danger", "aria-expanded": "false" }), text];
}

replace(nav, h("a", { class: "brand", href: api.link("") || "./" }, "vmalert"),
    SECTIONS.map(([path, title]) =>
        h("a", { href: api.link(path), "aria-current": path === api.page ? "page" : null }, title)),
    h("a", { href: "https://docs.victoriametrics.com/victoriametrics/vmalert/", target: "_blank", rel: "noopener noreferrer" }, "Docs"));

const page = new PAGES[api.page](new URLSearchParams(window.location.search));
document.title = page.title ? "vmalert - " + page.title : "vmalert";
replace(main, api.reloadError && reloadWarning(), page.element, note("Loading"));
try {
    await page.load();
    main.lastChild.remove();
} catch (problem) {
    main.lastChild.replaceWith(error(problem.message));
}
