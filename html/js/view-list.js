/* a list: choose it, look at it, verify it, take the results */

import { h, append, replace, number, percent, duration } from "./dom.js";
import { badge, copy, download, meter, notice, pageHead, problem, tone, words }
    from "./components.js";
import { DELIMITER_NAMES, count, look, sniff } from "./csv.js";
import { Run, csv } from "./list-run.js";
import { sentence } from "./help.js";

export const title = "List";

const START = 64 * 1024;            /* of a file, to look at */
const PAGE = 100;
const STATUSES = ["deliverable", "risky", "unknown", "undeliverable"];
const EXAMPLE = "name@example.com\nanother@example.org\n";

/* they stay while one looks at other pages */

let run = null;
let list = null;


export function mount(root, ctx) {
    const body = h("div.stack.wide");
    const ends = [];

    append(root, pageHead("Verify a list",
        "The list goes to this server only. Results come while it is still "
        + "being verified."), body);

    const go = {
        pick: () => pick(body, go),
        preview: chosen => {
            list = chosen;
            preview(body, ctx, go, ends);
        },
        start: options => {
            run = new Run(ctx.api, list, options);
            run.start();
            results(body, go, ends);
        },
        again: () => {
            run = null;
            list = null;
            pick(body, go);
        },
    };

    if (run) {
        results(body, go, ends);

    } else if (list) {
        preview(body, ctx, go, ends);

    } else {
        pick(body, go);
    }

    return () => ends.forEach(end => end());
}


window.addEventListener("beforeunload", event => {
    if (run?.running) {
        event.preventDefault();
    }
});


/* choosing */

function pick(body, go) {
    const error = h("div");

    const file = h("input.sr", { type: "file", id: "file", name: "file",
        accept: ".csv,.txt,.tsv,.json,.jsonl,.ndjson,text/csv,text/plain",
        onchange: () => {
            if (file.files[0]) {
                take(file.files[0], file.files[0].name);
            }
        } });

    const zone = h("div.drop", {
        ondragover: event => {
            event.preventDefault();
            zone.classList.add("over");
        },
        ondragleave: () => zone.classList.remove("over"),
        ondrop: event => {
            event.preventDefault();
            zone.classList.remove("over");

            const [dropped] = event.dataTransfer.files;

            if (dropped) {
                take(dropped, dropped.name);

            } else {
                paste(event.dataTransfer.getData("text/plain"));
            }
        } },
        h("p.drop-title", "Drop a CSV or text file here"),
        h("p.muted", "or"),
        file, h("label.button.primary", { for: "file" }, "Choose a file"),
        h("p.small.muted", "One address a line, or a table with a column of "
          + "addresses. CSV, TSV, TXT, JSON and JSON lines in UTF-8."));

    const text = h("textarea.input.mono.paste", { id: "paste", name: "paste", rows: 6,
        spellcheck: "false", placeholder: EXAMPLE,
        onpaste: () => setTimeout(ready), oninput: () => ready() });

    const use = h("button.button", { type: "button", disabled: true,
        onclick: () => paste(text.value) }, "Use these");

    const ready = () => { use.disabled = text.value.trim() === ""; };

    function paste(pasted) {
        if (pasted.trim() !== "") {
            take(new Blob([pasted]), null);
        }
    }

    async function take(blob, name) {
        try {
            const start = await blob.slice(0, START).text();
            const whole = blob.size <= START;

            if (start.includes("\0") || start.startsWith("PK")) {
                replace(error, notice("bad", "This is no text file",
                    h("p", "Save the table as CSV in UTF-8, and choose that "
                           + "file.")));
                return;
            }

            if (start.trim() === "") {
                replace(error, notice("bad", "This file is empty"));
                return;
            }

            go.preview({ blob, name, start, whole,
                         ...sniff(start, name, whole) });

        } catch (e) {
            replace(error, notice("bad", "The file cannot be read",
                                  h("p", e.message)));
        }
    }

    replace(body, error, zone,
        h("div.stack.tight",
            h("label.field", { for: "paste" }, h("span", "Or paste addresses"),
              text),
            h("div", use)));
}


/* looking at it */

function preview(body, ctx, go, ends) {
    const stop = new AbortController();
    const total = h("span", list.total ? number(list.total) : "\u2026");

    ends.push(() => stop.abort());

    if (list.total === undefined) {
        list.total = null;

        count(list.blob, stop.signal).then(records => {
            if (records !== null && list) {
                list.total = /json$/.test(list.type)
                    ? (list.type.endsWith("x-ndjson") ? records : null)
                    : records - (list.header ? 1 : 0);
                total.textContent = number(list.total);
            }
        }, () => {});
    }

    const smtp = h("input", { type: "checkbox", name: "smtp", checked: true });
    const wait = h("select.select", { id: "list-wait", name: "wait" },
        [["", "as long as it takes, 6 hours at most"], ["0", "not at all"],
         ["60", "a minute"], ["600", "10 minutes"], ["3600", "an hour"]]
            .map(([value, text]) => h("option", { value, selected: value === "600" },
                                      text)));

    const start = ctx.api.has("batch")
        ? h("button.button.primary", { type: "button", onclick: () => {
            list.query = query();
            go.start({ smtp: smtp.checked, wait: wait.value });
        } }, "Verify now") : null;

    const job = ctx.api.has("jobs")
        ? h("button.button", { class: start ? null : "primary",
                               type: "button", onclick: background },
            "Verify as a job") : null;

    const wrong = h("div");

    const ready = () => {
        for (const button of [start, job].filter(Boolean)) {
            button.disabled = list.type === "text/csv" && list.column === null;
        }
    };

    function query() {
        return list.type === "text/csv"
            ? { column: list.column + 1,
                delimiter: DELIMITER_NAMES[list.delimiter] || list.delimiter }
            : {};
    }

    async function background() {
        job.disabled = true;
        replace(wrong);

        try {
            const made = await ctx.api.json("jobs", {
                method: "POST", body: list.blob, signal: stop.signal, ask: true,
                headers: { "Content-Type": list.type },
                query: { ...query(), name: list.name || "pasted list",
                         smtp: smtp.checked ? null : 0 } });

            list = null;
            ctx.go(`#/jobs/${encodeURIComponent(made.id)}`);

        } catch (error) {
            if (error.name !== "AbortError") {
                replace(wrong, problem(error));
                ready();
            }
        }
    }

    ready();

    replace(body,
        h("div.row.between",
            h("p", h("strong", list.name || "Pasted list"),
              h("span.muted", " \u2013 ", total, " records, ",
                size(list.blob.size))),
            h("button.link", { type: "button", onclick: go.again },
              "Choose another")),
        list.columns ? columns(ready, preview.bind(null, body, ctx, go, ends))
            : h("pre.raw", { tabindex: 0 },
                list.start.slice(0, 1500)),
        h("div.card.settings",
            h("label.check", smtp, "Ask the mail servers"),
            start && h("label.row", { for: "list-wait" },
              h("span", "Wait for servers that say \u201clater\u201d:"), wait)),
        wrong,
        h("div.row", start, job),
        h("p.hint.measure", start ? "\u201cVerify now\u201d runs as long as this "
          + "page is open." : null, job ? " A job goes on by itself, for hours if need be: "
          + "take it for lists of more than a few thousand addresses, or of "
          + "one company." : null));
}


function size(bytes) {
    return bytes < 1e3 ? `${bytes} bytes`
        : bytes < 1e6 ? `${Math.round(bytes / 1e3)} KB`
        : `${Math.round(bytes / 1e5) / 10} MB`;
}


function columns(ready, redraw) {
    if (list.type === "text/plain" && !list.chosen) {
        return h("ol.lines", list.rows.slice(0, 8).map(row =>
            h("li.mono", row.join(list.delimiter))));
    }

    const node = h("div.stack.tight");

    const draw = () => replace(node,
        h("div.row",
            h("p", list.column === null
                ? "In which column are the addresses?"
                : ["Addresses are in the column ",
                   h("strong", list.columns[list.column]), "."]),
            h("span.spring"),
            h("label.row.nowrap.small", { for: "delimiter" },
              h("span.muted", "Columns are separated by"),
              h("select.select", { id: "delimiter", name: "delimiter",
                                   onchange: event => {
                  Object.assign(list, look(list.start, event.target.value,
                                           list.whole));
                  list.total = undefined;
                  list.chosen = true;
                  redraw();
              } }, Object.entries(DELIMITER_NAMES).map(([value, name]) =>
                  h("option", { value, selected: value === list.delimiter },
                    name))))),
        h("div.scroll", { tabindex: 0, role: "region",
                          "aria-label": "The first records" },
            h("table.table.preview",
                h("caption.sr", "The first records"),
                h("thead", h("tr", list.columns.map((name, i) =>
                    h("th", { scope: "col",
                              class: i === list.column ? "chosen" : null },
                        h("label.check", h("input", { type: "radio",
                            name: "column", checked: i === list.column,
                            value: i, onchange: () => {
                                list.column = i;
                                draw();
                                ready();
                                node.querySelector("input:checked").focus();
                            } }), name))))),
                h("tbody", list.rows.slice(0, 8).map(row => h("tr",
                    list.columns.map((name, i) => h("td",
                        { class: i === list.column ? "chosen" : null },
                        row[i] ?? ""))))))));

    draw();

    /* a column that is far to the right comes into view */

    requestAnimationFrame(() => {
        const box = node.querySelector(".scroll");
        const chosen = node.querySelector("th.chosen");

        if (box && chosen) {
            box.scrollLeft = chosen.offsetLeft + chosen.offsetWidth
                             - box.clientWidth;
        }
    });

    return node;
}


/* the results */

function results(body, go, ends) {
    const mine = run;
    const view = { status: "", reason: "", search: "", order: "done", page: 0,
                   rows: [], seen: 0 };
    const head = h("div.progress");
    const bar = h("div");
    const reasons = h("select.select", { "aria-label": "Reason", name: "reason",
        onchange: () => filter({ reason: reasons.value }) });
    const table = h("div.stack.tight");
    const tabs = h("div.segments.statuses", { role: "group",
                                              "aria-label": "Status" });
    const search = h("input.input.search", { type: "search", name: "search",
        placeholder: "Search addresses", "aria-label": "Search addresses",
        spellcheck: "false",
        oninput: () => filter({ search: search.value.trim().toLowerCase() }) });
    const order = h("select.select", { "aria-label": "Order", name: "order",
        onchange: () => filter({ order: order.value }) },
        h("option", { value: "done" }, "As they came"),
        h("option", { value: "input" }, "As in the list"));
    const save = h("button.button", { type: "button", onclick: async () =>
        download(fileName(mine, view), "text/csv;charset=utf-8",
                 await csv(mine.list, view.rows, mine.extra)) });

    let shown = "";
    let chosen = "";

    function matches(row) {
        return (view.status === "" || row.status === view.status)
            && (view.reason === "" || row.reason === view.reason)
            && (view.search === ""
                || (row.email || "").toLowerCase().includes(view.search));
    }

    function filter(change) {
        Object.assign(view, change, { page: 0, rows: [], seen: 0 });
        shown = "";
        update();
    }

    /* only the rows that have come since are looked at */

    function collect() {
        const had = view.rows.length;

        for (; view.seen < mine.rows.length; view.seen++) {
            if (matches(mine.rows[view.seen])) {
                view.rows.push(mine.rows[view.seen]);
            }
        }

        if (view.order === "input" && view.rows.length > had) {
            view.rows.sort((a, b) => a.index - b.index);
        }
    }

    function update() {
        collect();
        replace(head, progress(mine));

        /* a button that is being pressed has to stay */

        if (bar.dataset.state !== mine.state) {
            bar.dataset.state = mine.state;
            replace(bar, actions(mine, go, save));
        }

        statuses();
        choices();

        save.textContent = view.rows.length === mine.rows.length
            ? "Download CSV" : `Download these ${number(view.rows.length)}`;
        save.disabled = !view.rows.length;

        /* a page that has not changed is left alone: somebody may read it */

        const from = view.page * PAGE;
        const now = JSON.stringify([view.status, view.reason, view.search,
            view.order, from, mine.running,
            view.rows.slice(from, from + PAGE).map(row => row.index)]);

        if (now !== shown) {
            shown = now;
            page();
        }

        turning();
    }

    function statuses() {
        const counts = [["", "All", mine.rows.length],
            ...STATUSES.map(name => [name, sentence(name), mine.status[name]])];

        if (!tabs.childElementCount) {
            append(tabs, counts.map(([value, name]) => h("button",
                { type: "button", dataset: { value },
                  onclick: () => filter({ status: value, reason: "" }) },
                name, " ", h("span.count"))));
        }

        [...tabs.children].forEach((button, i) => {
            button.setAttribute("aria-pressed",
                                String(view.status === counts[i][0]));
            button.querySelector(".count").textContent = number(counts[i][2]);
        });
    }

    /* the reasons of the status that is shown */

    function choices() {
        const counts = new Map();

        for (const [key, n] of mine.reasons) {
            const [status, reason] = key.split(" ");

            if (view.status === "" || view.status === status) {
                counts.set(reason, (counts.get(reason) || 0) + n);
            }
        }

        const list = [...counts].sort((a, b) => b[1] - a[1]);
        const key = JSON.stringify([view.status, view.reason, list]);

        if (key === chosen || document.activeElement === reasons) {
            return;
        }

        chosen = key;

        replace(reasons, h("option", { value: "" }, "Every reason"),
            list.map(([reason, n]) => h("option",
                { value: reason, selected: reason === view.reason },
                `${words(reason)} (${number(n)})`)));
    }

    function page() {
        const rows = view.rows.slice(view.page * PAGE, (view.page + 1) * PAGE);

        replace(table,
            rows.length ? h("div.scroll", { tabindex: 0, role: "region",
                                            "aria-label": "Results" },
                h("table.table.results",
                    h("caption.sr", "Results"),
                    h("thead", h("tr",
                        h("th.num.wide-only", { scope: "col" }, "#"),
                        h("th", { scope: "col" }, "Address"),
                        h("th", { scope: "col" }, "Verdict"),
                        h("th.num.wide-only", { scope: "col" }, "Score"),
                        h("th.wide-only", { scope: "col" },
                          "What the mail server said"))),
                    h("tbody", rows.map(resultRow))))
                : h("p.muted", mine.rows.length ? "None of them."
                    : mine.running ? "The first results are on their way."
                    : "There are no results."));
    }

    /* the buttons stay, while more and more pages come */

    const last = () => Math.max(0, Math.ceil(view.rows.length / PAGE) - 1);

    const turn = to => {
        view.page = Math.max(0, Math.min(last(), to));
        update();
        table.scrollIntoView({ block: "nearest" });
    };

    const previous = h("button.button.small", { type: "button",
        onclick: () => turn(view.page - 1) }, "Previous");
    const next = h("button.button.small", { type: "button",
        onclick: () => turn(view.page + 1) }, "Next");
    const end = h("button.button.quiet.small", { type: "button",
        onclick: () => turn(last()) }, "Last");
    const where = h("span.muted");
    const pager = h("nav.row.pager", { "aria-label": "Pages of results" },
                    previous, where, next, end);

    function turning() {
        const from = view.page * PAGE;

        pager.hidden = last() === 0;
        previous.disabled = view.page === 0;
        next.disabled = end.disabled = view.page >= last();
        where.textContent = `${number(from + 1)}\u2013`
            + `${number(Math.min(from + PAGE, view.rows.length))} of `
            + number(view.rows.length);
    }

    mine.addEventListener("change", update);
    ends.push(() => mine.removeEventListener("change", update));

    replace(body, head, bar,
        h("div.row.filters", tabs, search, reasons, order),
        table, pager);

    update();
}


function resultRow(row) {
    return h("tr",
        h("td.num.muted.wide-only", number(row.index + 1)),
        h("td.address-cell", h("span", row.email ?? "\u2013"),
          row.suggestion ? h("span.small.muted", "Did you mean ",
                             h("button.link", { type: "button",
                                 title: "Copy it",
                                 onclick: () => copy(row.suggestion) },
                               row.suggestion), "?") : null),
        h("td.verdict-cell",
          row.status ? badge(row.status) : badge("unknown", "no verdict"),
          row.reason === "error"
              ? h("span.small.muted", words(row.error))
              : h("a.small", { href: `#/reasons/${row.reason}` },
                  words(row.reason))),
        h("td.num.wide-only", typeof row.score === "number" ? number(row.score) : ""),
        h("td.wide-only.small.said",
          row.code ? [h("strong", row.code), " "] : null, row.reply ?? ""));
}


const ENDS = {
    timeout: "the time that this server allows for a list is over",
    interrupted: "the server was stopped",
    too_many_lines: "it has more records than this server takes",
    body_too_large: "it is larger than this server takes",
    body_timeout: "it came too slowly",
    malformed_request: "it is not what its type says",
    quota_exceeded: "the quota of your token is used up",
};


function progress(run) {
    const done = run.rows.length;
    const total = run.total;
    const waiting = run.running ? run.heartbeat?.waiting || 0 : 0;
    const parts = STATUSES.map(name => [tone(name), run.status[name],
        `${words(name)}: ${number(run.status[name])}`]);

    if (run.errors) {
        parts.push(["none", run.errors, `no verdict: ${number(run.errors)}`]);
    }

    if (total > done && run.running) {
        parts.push(["rest", total - done, `open: ${number(total - done)}`]);
    }

    const facts = [
        run.running && run.rate >= 0.05
            ? `${number(run.rate < 10 ? Math.round(run.rate * 10) / 10
                                      : Math.round(run.rate))} a second` : null,
        run.running && run.left !== null && run.left > 1
            ? `about ${duration(run.left)} left` : null,
        run.idle ? "waiting for mail servers" : null,
        run.running ? duration(Math.floor(run.seconds) || 1)
            : `in ${duration(run.seconds)}`,
    ].filter(Boolean).join(" \u00b7 ");

    return [
        h("div.row.between.progress-head",
            h("h2", { role: "status" }, headline(run)),
            h("span.muted", facts)),
        meter(parts, `${number(done)} of ${number(total ?? done)} verified`),
        h("dl.counts",
            [...STATUSES.map(name => [tone(name), sentence(name),
                                      run.status[name]]),
             run.errors ? ["none", "No verdict", run.errors] : null]
                .filter(Boolean).map(([kind, name, n]) =>
                    h("div", { class: kind }, h("dt", name),
                      h("dd", number(n),
                        h("span.muted", ` ${percent(n, done)}`))))),
        waiting ? notice("warn", `${number(waiting)} addresses wait`,
            h("p", "Their mail servers are asked as slowly as careful senders "
              + "do, or said \u201clater\u201d. The list goes on by itself.")) : null,
        run.summary && !run.summary.complete
            ? notice("bad", "The list was not completed", h("p",
                `${sentence(ENDS[run.summary.error] || run.summary.error)}. `,
                run.summary.detail || "",
                run.summary.resume ? ` Record ${number(run.summary.resume.index
                    + 1)} is the first that is missing.` : null)) : null,
        run.state === "cut" && !run.error
            ? notice("bad", "The answer was cut off",
                     h("p", "The results below are right, but some are "
                            + "missing.")) : null,
        run.error ? problem(run.error) : null,
    ];
}


function headline(run) {
    const done = number(run.rows.length);
    const of = run.total && run.total > run.rows.length
        ? ` of ${number(run.total)}` : "";

    return { running: `Verifying \u2013 ${done}${of}`,
             completed: `${done} verified`,
             stopped: `Stopped after ${done}${of}`,
             cut: `Broken off after ${done}${of}`,
             failed: run.rows.length ? `Broken off after ${done}${of}`
                                     : "Not verified" }[run.state];
}


function actions(run, go, save) {
    return h("div.row", h("span.muted.list-name", run.list.name || "Pasted list"),
        h("span.spring"), save,
        run.running
            ? h("button.button.danger", { type: "button",
                onclick: () => run.stop() }, "Stop")
            : h("button.button", { type: "button", onclick: go.again },
                "Another list"));
}


function fileName(run, view) {
    const base = (run.list.name || "list").replace(/\.[^.]*$/, "");

    return `${base}-${view.reason || view.status || "verified"}.csv`;
}
