/* the parts that several views are made of; their styles: components.css */

import { h, replace, number, duration } from "./dom.js";
import { advice } from "./api.js";

/* the colour of a word: a verdict, a check, a state */

const TONE = {
    deliverable: "ok", pass: "ok", completed: "ok", closed: "ok", send: "ok",
    undeliverable: "bad", fail: "bad", failed: "bad", open: "bad",
    do_not_send: "bad",
    risky: "warn", warn: "warn", paused: "warn", half_open: "warn",
    "half-open": "warn", send_with_care: "warn",
};


export function tone(word) {
    return TONE[word] || "unknown";
}


/* "mailbox_not_found" -> "mailbox not found" */

export function words(text) {
    return String(text ?? "\u2013").replaceAll("_", " ");
}


export function badge(word, text = words(word)) {
    return h("span.badge", { class: tone(word) }, text);
}


/* [[name, value], ...]; a value is a string, a number, a node, or null */

export function pairs(list) {
    return h("dl.pairs", list.filter(Boolean).map(([name, value]) => [
        h("dt", name),
        h("dd", value ?? h("span.muted", "\u2013")),
    ]));
}


export function figures(list) {
    return h("dl.figures", list.filter(Boolean).map(([name, value]) =>
        h("div.figure", h("dt", name),
          h("dd", typeof value === "number" ? number(value) : value))));
}


/* parts: [[class, share, label], ...] */

export function meter(parts, label) {
    const all = parts.reduce((sum, part) => sum + part[1], 0);

    return h("div.meter", { role: "img", "aria-label": label },
        all ? parts.filter(part => part[1] > 0).map(([tone, share, title]) =>
            h("span", { class: tone, title,
                        style: { "flex-grow": String(share) } })) : null);
}


export function card(title, ...children) {
    return h("section.card", title ? h("h2", title) : null, children);
}


export function empty(title, ...text) {
    return h("div.empty", h("strong", title), h("p", text));
}


export function notice(kind, title, ...text) {
    return h("div.notice", { class: kind, role: kind === "bad" ? "alert" : null },
             title ? h("strong", title) : null, text);
}


/* an error of the API, as a person needs it */

export function problem(error) {
    const hint = advice(error);

    return notice("bad", hint || error.title || "Something went wrong",
        hint === error.message ? null : h("p", error.message),
        error.retryAfter
            ? h("p", `Try again in ${duration(error.retryAfter)}.`) : null,
        error.code
            ? h("p.small.muted", error.status ? `${error.status} ` : "",
                h("code", error.code),
                error.requestId ? [", request ", h("code", error.requestId)]
                                : null) : null);
}


export function busy(text) {
    return h("p.busy.muted", { role: "status" }, text);
}


/* one of a few.  choices: [[value, text], ...] */

export function segments(label, choices, value, change) {
    const node = h("div.segments", { role: "group", "aria-label": label });

    function draw(now) {
        replace(node, choices.map(([key, text]) =>
            h("button", { type: "button", "aria-pressed": String(key === now),
                          dataset: { value: key },
                          onclick: () => pick(key) }, text)));
    }

    function pick(key) {
        draw(key);
        node.querySelector('[aria-pressed="true"]').focus();
        change(key);
    }

    draw(value);

    return node;
}


/* columns: [[title, row => cell, class], ...] */

export function table(columns, rows, caption) {
    return h("div.scroll", { tabindex: 0, role: "region", "aria-label": caption },
        h("table.table",
            h("caption.sr", caption),
            h("thead", h("tr", columns.map(([title, , kind]) =>
                h("th", { scope: "col", class: kind }, title)))),
            h("tbody", rows.map(row => h("tr", columns.map(([, cell, kind]) =>
                h("td", { class: kind }, cell(row))))))));
}


export function pageHead(title, text, ...actions) {
    return h("header.page-head", h("h1", { tabindex: -1 }, title),
             actions.length ? h("div.row", actions) : null,
             text ? h("p", text) : null);
}


export async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        toast("Copied.");

    } catch (e) {
        toast("The browser does not allow copying here.");
    }
}


export function toast(text) {
    const node = h("div.toast", text);

    document.getElementById("toasts").append(node);
    setTimeout(() => node.remove(), 4000);
}


/* saves a list of strings as a file */

export function download(name, type, parts) {
    const url = URL.createObjectURL(new Blob(parts, { type }));
    const link = h("a", { href: url, download: name });

    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
}
