// SPDX-License-Identifier: Apache-2.0
// Where everything is.
import * as api from "./api.js";
import { h } from "./dom.js";

const API = [["api/v1/rules", "groups and their rules"], ["api/v1/alerts", "active alerts"],
    ["api/v1/notifiers", "the notifiers that are told"],
    ["api/v1/alert?group_id=<int>&alert_id=<int>", "an active alert"], ["api/v1/rule?group_id=<int>&rule_id=<int>", "a rule"],
    ["api/v1/group?group_id=<int>", "a group"]];
const SYSTEM = [["groups", "the pages for people"], ["../flags", "flags of this process"],
    ["../metrics", "metrics of this process"], ["../-/reload", "reads rules and notifiers again"]];

function list(title, links) {
    return [h("h2", null, title), h("ul", { class: "links" }, links.map(([path, about]) =>
        h("li", null, h("a", { href: api.link(path) }, path), " ", about)))];
}

export class WelcomePage {
    constructor() {
        this.title = "";
        this.element = h("section", { "aria-label": "Welcome" },
            h("h1", null, "vmalert"), h("p", { class: "note" }, "Version " + api.version),
            list("API", API), !api.isProxied && list("System", SYSTEM));
    }

    async load() {}
}
