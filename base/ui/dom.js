// SPDX-License-Identifier: Apache-2.0
// Elements from calls: h("a", {href: "#", class: "link", onclick: fn}, "text", child, …).
// Children that are null or false are left out; lists are flattened; texts are never HTML.

const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "indeterminate"]);

export function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
        if (value === null || value === undefined || value === false) {
            continue;
        }
        if (name.startsWith("on")) {
            element.addEventListener(name.slice(2), value);
        } else if (PROPERTIES.has(name)) {
            element[name] = value;
        } else {
            element.setAttribute(name, value === true ? "" : value);
        }
    }
    append(element, children);
    return element;
}

function append(element, children) {
    for (const child of children) {
        if (Array.isArray(child)) {
            append(element, child);
        } else if (child !== null && child !== undefined && child !== false) {
            element.append(child);
        }
    }
}

export function replace(element, ...children) {
    element.replaceChildren();
    append(element, children);
}

export function button(text, onclick, attributes) {
    return h("button", { type: "button", onclick, ...attributes }, text);
}

// Asks before something that cannot be taken back. Resolves to whether it may be done.
export function confirm(title, question) {
    return new Promise((resolve) => {
        const dialog = h("dialog", { "aria-label": title },
            h("h2", null, title),
            h("p", null, question),
            h("form", { method: "dialog", class: "buttons" },
                h("button", { value: "cancel" }, "Cancel"),
                h("button", { value: "confirm", class: "danger" }, "Confirm")));
        dialog.addEventListener("close", () => {
            dialog.remove();
            resolve(dialog.returnValue === "confirm");
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}

export function error(text) {
    return h("p", { class: "error", role: "alert" }, text);
}

export function note(text) {
    return h("p", { class: "note" }, text);
}
