// SPDX-License-Identifier: Apache-2.0
// A dialog for a span of time: the first click on a day sets the start, the second the end; times of
// day are kept beside it. All in UTC, as the form shows them.
import { button, h, replace } from "./dom.js";
import * as settings from "./settings.js";

const DAY_MS = 86400000;
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const dayOf = (ms) => Math.floor(ms / DAY_MS) * DAY_MS;
const clockOf = (ms) => new Date(ms).toISOString().slice(11, 19);

function withClock(day, clock) {
    const [hours, minutes, seconds = 0] = clock.split(":").map(Number);
    return day + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

class Calendar {
    constructor(start, end) {
        this.start = dayOf(start);
        this.end = dayOf(end);
        const date = new Date(start);
        this.month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
        this.picksEnd = false;
        this.days = h("div", { class: "calendar" });
        this.clocks = [start, end].map((ms, i) => h("input", {
            type: "time", step: 1, value: clockOf(ms), "aria-label": i ? "Time of the end" : "Time of the start",
        }));
    }

    go(months) {
        const date = new Date(this.month);
        this.month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months);
        this.show();
    }

    pick(day) {
        if (this.picksEnd && day >= this.start) {
            this.end = day;
            this.picksEnd = false;
        } else {
            this.start = this.end = day;
            this.picksEnd = true;
        }
        this.show();
    }

    show() {
        const first = DAYS.indexOf(settings.firstDay());
        const lead = (new Date(this.month).getUTCDay() - first + 7) % 7;
        const month = new Date(this.month);
        const count = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0)).getUTCDate();
        const cells = [];
        for (let i = 0; i < lead; i++) {
            cells.push(h("span"));
        }
        for (let i = 0; i < count; i++) {
            const day = this.month + i * DAY_MS;
            cells.push(button(String(i + 1), () => this.pick(day), {
                "aria-pressed": String(day >= this.start && day <= this.end),
                "aria-label": new Date(day).toISOString().slice(0, 10),
            }));
        }
        replace(this.days,
            h("div", { class: "line" }, button("‹", () => this.go(-1), { "aria-label": "Month before" }),
                h("b", null, month.toISOString().slice(0, 7)), button("›", () => this.go(1), { "aria-label": "Month after" })),
            h("div", { class: "month" }, DAYS.map((_, i) => h("b", null, DAYS[(first + i) % 7].slice(0, 2))), cells));
    }

    get value() {
        return { start: withClock(this.start, this.clocks[0].value), end: withClock(this.end, this.clocks[1].value) };
    }
}

// Resolves to {start, end} in milliseconds, or null.
export function calendar(start, end) {
    const now = Date.now();
    const picker = new Calendar(start ?? now, end ?? start ?? now);
    picker.show();
    return new Promise((resolve) => {
        const dialog = h("dialog", { "aria-label": "Start and end" }, picker.days,
            h("div", { class: "line" }, "Start ", picker.clocks[0], " End ", picker.clocks[1], " UTC"),
            h("form", { method: "dialog", class: "buttons" },
                h("button", { value: "cancel" }, "Cancel"),
                h("button", { value: "set", class: "main" }, "Set Date/Time")));
        dialog.addEventListener("close", () => {
            dialog.remove();
            resolve(dialog.returnValue === "set" ? picker.value : null);
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}
