/*
 * The conversation with a mail server as a diagram: two lifelines, an arrow for
 * each command and reply, the time at the left, and more room where somebody
 * waited.  It is drawn anew when its width changes.
 */

import { h, svg, replace, duration } from "./dom.js";

const SIZE = 12;                    /* of the text, in pixels */
const CHAR = 7.3;                   /* the widest of the fonts in --mono */
const LINE = 17;
const TIME = 58;                    /* the column of times */
const LINES_MAX = 4;                /* of one message, before it is cut */


export function conversation(transcript, names) {
    const messages = group(transcript);
    const box = h("div.conversation");
    const state = { whole: new Set(), width: 0 };

    const observer = new ResizeObserver(([entry]) => {
        const width = Math.floor(entry.contentRect.width);

        if (width > 0 && width !== state.width) {
            state.width = width;
            draw(box, messages, names, state);
        }
    });

    observer.observe(box);

    return box;
}


/*
 * A command is a message of its own.  A reply may have many lines ("250-");
 * replies that came at one time stay apart, each belongs to a command.
 */

function group(transcript) {
    const messages = [];
    let open = false;

    for (const { at_ms: at, from, text } of transcript) {
        const more = from === "server" && /^\d{3}-/.test(text);

        if (open && from === "server") {
            messages[messages.length - 1].lines.push(text);

        } else {
            messages.push({ at, from, lines: [text] });
        }

        open = more;
    }

    /* a greeting begins a session: TCP was connected just before it */

    let session = 0;
    let greeted = false;

    for (const message of messages) {
        const first = message.lines[0];

        if (message.from === "server" && /^(220|554|421)/.test(first)
            && !greeted)
        {
            message.session = ++session;
            greeted = true;

        } else if (message.from === "client" && /^(QUIT)/i.test(first)) {
            greeted = false;

        } else if (message.from === "client" && /^STARTTLS/i.test(first)) {
            message.tls = true;
        }
    }

    for (let i = 0; i + 1 < messages.length; i++) {
        if (messages[i].tls && /^2/.test(messages[i + 1].lines[0])) {
            messages[i + 1].secure = true;
        }
    }

    return messages;
}


function kind(message) {
    if (message.from !== "server") {
        return message.from === "client" ? "client" : "note";
    }

    return { 2: "ok", 3: "ok", 4: "warn", 5: "bad" }[message.lines[0][0]]
        || "unknown";
}


/* cuts a text into lines of so many characters, at blanks where it can */

function wrap(text, chars) {
    const lines = [];
    let rest = text;

    while (rest.length > chars) {
        let at = rest.lastIndexOf(" ", chars);

        if (at < chars / 2) {
            at = chars;
        }

        lines.push(rest.slice(0, at));
        rest = rest.slice(at).replace(/^ /, "");
    }

    lines.push(rest);

    return lines;
}


function draw(box, messages, names, state) {
    const { width } = state;
    const left = width < 480 ? 8 : TIME + 14;
    const right = width - 8;
    const chars = Math.max(12, Math.floor((right - left - 34) / CHAR));
    const parts = [];
    let y = 54;
    let last = 0;

    const text = (x, at, string, props) =>
        svg("text", { x, y: at, ...props }, string);

    messages.forEach((message, i) => {
        const waited = message.at - last;

        last = message.at;

        if (i === 0 && message.from === "client") {
            parts.push(text((left + right) / 2, y + 4,
                "a connection that was kept open",
                { class: "aside", "text-anchor": "middle" }));
            y += 16;
        }

        if (message.session) {
            y += 8;
            parts.push(text((left + right) / 2, y + 4,
                message.session > 1 ? `connection ${message.session}`
                                    : "TCP connection",
                { class: "aside", "text-anchor": "middle" }));
            y += 20;
        }

        if (waited >= 1) {

            /* the room grows with the time, slowly: 10 ms 14, 1 s 34, 10 s 44 */

            const room = Math.round(4 + 10 * Math.log10(1 + waited));
            const slow = waited >= 1000 ? "slow" : "";

            parts.push(svg("line", { x1: right, x2: right, y1: y, y2: y + room,
                                     class: `wait ${slow}` }));
            y += room;
        }

        const rows = message.lines.flatMap(line => wrap(line, chars));
        const cut = rows.length > LINES_MAX && !state.whole.has(i);
        const shown = cut ? rows.slice(0, LINES_MAX - 1) : rows;
        const client = message.from === "client";

        if (message.from === "egress") {
            shown.forEach(line => {
                parts.push(text((left + right) / 2, y + 12, line,
                    { class: "aside", "text-anchor": "middle" }));
                y += LINE;
            });
            y += 8;
            return;
        }

        shown.forEach((line, n) => {
            parts.push(text(client ? left + 16 : right - 16, y + SIZE, line,
                { class: `words ${kind(message)} ${n ? "more" : ""}`,
                  "text-anchor": client ? "start" : "end" }));
            y += LINE;
        });

        if (cut) {
            parts.push(more(left, right, y, rows.length - shown.length, () => {
                state.whole.add(i);
                draw(box, messages, names, state);
            }));
            y += LINE;
        }

        y += 4;
        parts.push(arrow(client ? left : right, client ? right : left, y,
                         kind(message)));

        if (width >= 480) {
            parts.push(text(TIME, y + 4, duration(message.at / 1000),
                { class: waited >= 1000 ? "time slow" : "time",
                  "text-anchor": "end" }));
        }

        y += 14;

        if (message.secure) {
            parts.push(svg("rect", { x: left, y: y + 2, width: right - left,
                                     height: 20, rx: 4, class: "band" }),
                       text((left + right) / 2, y + 16, "TLS handshake",
                            { class: "aside", "text-anchor": "middle" }));
            y += 32;
        }
    });

    const height = y + 18;

    replace(box, svg("svg", { viewBox: `0 0 ${width} ${height}`,
        width, height, role: "figure",
        "aria-label": `Conversation with ${names.server}: `
                      + `${messages.length} messages in ${duration(last / 1000)}. `
                      + "The same as text is below." },
        svg("line", { x1: left, x2: left, y1: 34, y2: height - 6, class: "life" }),
        svg("line", { x1: right, x2: right, y1: 34, y2: height - 6,
                      class: "life" }),
        text(left, 18, short(names.client, width), { class: "who" }),
        text(right, 18, short(names.server, width),
             { class: "who", "text-anchor": "end" }),
        parts));
}


function short(name, width) {
    const chars = Math.max(10, Math.floor(width / 2 / 7.6) - 2);

    return name.length > chars ? `${name.slice(0, chars - 1)}\u2026` : name;
}


/* an SVG text that opens the rest; a button in HTML would not fit there */

function more(left, right, y, count, open) {
    return svg("text", { x: right - 16, y: y + SIZE, "text-anchor": "end",
        class: "open", tabindex: 0, role: "button",
        onclick: open,
        onkeydown: event => {
            if (event.key === "Enter" || event.key === " ") {
                event.preventDefault();
                open();
            }
        } }, `and ${count} more lines`);
}


function arrow(from, to, y, tone) {
    const d = to > from ? 1 : -1;

    return svg("path", { class: `arrow ${tone}`,
        d: `M${from} ${y}H${to - 2 * d}M${to - 8 * d} ${y - 4}`
           + `L${to - d} ${y}L${to - 8 * d} ${y + 4}` });
}


/* for those who cannot see the diagram, and to be copied */

export function plain(transcript) {
    return transcript.map(({ at_ms: at, from, text }) =>
        `${String(at).padStart(7)} ms  ${from === "server" ? "S" : from === "client" ? "C" : "-"}: ${text}`)
        .join("\n");
}
