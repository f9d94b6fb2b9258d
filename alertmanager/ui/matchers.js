// SPDX-License-Identifier: Apache-2.0
// The texts of filters: {name="value", other=~"a|b"}. Reads the whole grammar of the API (quoted
// names, unquoted values, braces or none, a comma at the end); writes the form that links carry.

const BARE = /^[^\s{}!=~,\\"'`]+/;
const OPERATOR = /^(=~|!~|!=|=)/;
const STRING = /^"(?:[^"\\\n]|\\.)*"/;

// Go's escapes are JSON's, and a few more.
function unquote(text) {
    const json = text.replace(/\\(x[0-9a-fA-F]{2}|[0-7]{3}|[av'])/g, (whole, escape) => {
        const codes = { a: 7, v: 11, "'": 39 };
        const code = escape in codes ? codes[escape]
            : escape[0] === "x" ? parseInt(escape.slice(1), 16) : parseInt(escape, 8);
        return "\\u" + code.toString(16).padStart(4, "0");
    });
    return JSON.parse(json);
}

class Reader {
    constructor(text) {
        this.rest = text.trim();
    }

    take(pattern) {
        const found = pattern.exec(this.rest);
        if (!found) {
            return null;
        }
        this.rest = this.rest.slice(found[0].length).trimStart();
        return found[0];
    }

    word(what) {
        const text = this.take(STRING);
        if (text !== null) {
            return unquote(text);
        }
        const bare = this.take(BARE);
        if (bare === null) {
            throw new Error(`expected ${what} at "${this.rest}"`);
        }
        return bare;
    }
}

// [{name, op, value}]. Throws an Error that says what was expected where.
export function parseMatchers(text) {
    const reader = new Reader(text);
    const matchers = [];
    const isBraced = reader.take(/^\{/) !== null;
    while (reader.rest && !reader.rest.startsWith("}")) {
        const name = reader.word("a label name");
        const op = reader.take(OPERATOR);
        if (op === null) {
            throw new Error(`expected one of = != =~ !~ behind "${name}"`);
        }
        const value = /^(,|}|$)/.test(reader.rest) ? "" : reader.word("a value");
        matchers.push({ name, op, value });
        if (reader.take(/^,/) === null) {
            break;
        }
    }
    if (isBraced && reader.take(/^}/) === null) {
        throw new Error("expected } at the end");
    }
    if (reader.rest) {
        throw new Error(`cannot read "${reader.rest}"`);
    }
    return matchers;
}

export function parseOrNone(text) {
    try {
        return parseMatchers(text);
    } catch {
        return [];
    }
}

export function printMatcher(m) {
    const isBare = BARE.exec(m.name)?.[0] === m.name;
    return (isBare ? m.name : JSON.stringify(m.name)) + m.op + JSON.stringify(m.value);
}

export function printMatchers(matchers) {
    return "{" + matchers.map(printMatcher).join(", ") + "}";
}

export function matchersOfLabels(labels) {
    return Object.entries(labels).map(([name, value]) => ({ name, op: "=", value }));
}

export function sameMatcher(a, b) {
    return a.name === b.name && a.op === b.op && a.value === b.value;
}

// The silence API's form.
export function toApi(m) {
    return {
        name: m.name,
        value: m.value,
        isRegex: m.op.endsWith("~"),
        isEqual: m.op.startsWith("="),
    };
}

export function fromApi(m) {
    const isEqual = m.isEqual !== false;
    return { name: m.name, op: (isEqual ? "=" : "!") + (m.isRegex ? "~" : isEqual ? "" : "="), value: m.value };
}
