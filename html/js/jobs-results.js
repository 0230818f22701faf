/* the results of a job: filtered, page by page, and as a file */

import { badge, empty, problem, words, download } from "./components.js";
import { h, append, replace, number } from "./dom.js";
import { active } from "./jobs-parts.js";
import { calm } from "./poll.js";

const LIMIT = 50;
const STATUSES = [["", "Every status"], ["deliverable", "Deliverable"],
    ["undeliverable", "Undeliverable"], ["risky", "Risky"],
    ["unknown", "Unknown"]];
const FORMATS = [["csv", "CSV", "text/csv"],
                 ["ndjson", "JSON lines", "application/x-ndjson"]];


/* update(job): the job has changed; drop(): nothing is waited for any more */

export function results(root, ctx, path, signal) {
    const trouble = h("div", { role: "status" });
    const body = h("div.stack.tight");
    const still = calm(root, signal);

    /* cursors of the pages up to this one */

    let cursors = [null];
    let filter = { status: "", reason: "" };
    let next = null;
    let job = null;
    let asking = null;
    let had = -1;

    const status = h("select.select", { id: "results-status",
        "aria-label": "Status", onchange: () => choose() },
        STATUSES.map(([value, text]) => h("option", { value }, text)));
    const reason = h("select.select", { id: "results-reason",
        "aria-label": "Reason", onchange: () => choose() });
    const save = h("select.select", { id: "results-format",
        "aria-label": "Format" }, FORMATS.map(([value, text]) =>
            h("option", { value }, text)));
    const button = h("button.button", { type: "button", onclick: file },
                     "Download");

    append(root, h("h2", "Results"),
        h("div.row.filters", status, reason, h("span.spring"), save, button),
        trouble, body);

    function choose() {
        filter = { status: status.value, reason: reason.value };
        cursors = [null];
        load();
    }

    function update(now) {
        job = now;

        choices();

        /* the first page grows; those who look at others are left alone */

        const done = job.answered + job.errors;

        if (done !== had && (cursors.length === 1 || next === null)
            && !asking && still())
        {
            load();
        }
    }

    function choices() {
        const known = ["", ...Object.keys(job.reason || {}).sort()];

        if (job.errors) {
            known.push("error");
        }

        if (document.activeElement === reason
            || known.join() === [...reason.options].map(o => o.value).join())
        {
            return;
        }

        const value = reason.value;

        replace(reason, known.map(name => h("option",
            { value: name, selected: name === value },
            name === "" ? "Every reason" : name === "error"
                ? "no verdict" : words(name))));
    }

    async function load() {
        if (asking) {
            asking.abort();
        }

        const mine = asking = new AbortController();
        const stop = AbortSignal.any([signal, mine.signal]);
        const cursor = cursors[cursors.length - 1];
        const rows = [];
        let page = null;

        had = job ? job.answered + job.errors : -1;

        try {
            await ctx.api.ndjson("jobs", { path: `${path}/results`, signal: stop,
                query: { format: "ndjson", limit: LIMIT, ...filter, cursor } },
                line => {
                    if (line.page === true) {
                        page = line;

                    } else {
                        rows.push(line);
                    }
                });

            if (!page) {
                throw Object.assign(new Error("The answer was cut off."),
                                    { title: "Cut off" });
            }

            /* while the job runs there is always a "next", to ask later */

            next = page.complete || (rows.length < LIMIT && active(job))
                ? null : page.next;
            trouble.replaceChildren();
            draw(rows);

        } catch (error) {
            if (error.name !== "AbortError") {
                replace(trouble, problem(error), h("button.button.small",
                    { type: "button", onclick: () => load() }, "Try again"));
            }

        } finally {
            if (asking === mine) {
                asking = null;
            }
        }
    }

    function draw(rows) {
        if (!rows.length && cursors.length === 1) {
            replace(body, filter.status || filter.reason
                ? empty("Nothing fits", "No result has this status and reason"
                        + (active(job) ? " so far." : "."))
                : empty(active(job) ? "No result yet" : "No results"));
            return;
        }

        replace(body,
            h("div.scroll", { tabindex: 0, role: "region",
                              "aria-label": "Results" },
                h("table.table.results",
                    h("thead", h("tr",
                        h("th.num.wide-only", { scope: "col" }, "#"),
                        h("th", { scope: "col" }, "Address"),
                        h("th", { scope: "col" }, "Verdict"),
                        ["Action", "Reply"].map(text =>
                            h("th.wide-only", { scope: "col" }, text)))),
                    h("tbody", rows.map(row)))),
            cursors.length === 1 && next === null ? null : h("div.row",
                h("button.button.small", { type: "button",
                    disabled: cursors.length === 1,
                    onclick: () => {
                        cursors.pop();
                        load();
                    } }, "Previous"),
                h("button.button.small", { type: "button",
                    disabled: next === null,
                    onclick: () => {
                        cursors.push(next);
                        load();
                    } }, "Next"),
                h("span.small.muted", `page ${number(cursors.length)}`)));
    }

    function row(r) {
        const smtp = r.checks?.smtp;

        return h("tr",
            h("td.num.muted.wide-only", number(r.index + 1)),
            h("td.address-cell", r.email ?? String(r.input ?? "")),
            h("td.verdict-cell",
                badge(r.status || "unknown", r.status || "no verdict"),
                r.error ? h("span.small.muted", words(r.error))
                    : h("a.small", { href: "#/reasons/"
                        + encodeURIComponent(r.reason) }, words(r.reason))),
            h("td.wide-only", words(r.action ?? "")),
            h("td.small.said.wide-only", smtp?.response_code
                ? [h("strong", String(smtp.response_code)), " "] : null,
              smtp?.response ?? ""));
    }

    async function file() {
        const [format, , type] = FORMATS.find(([value]) => value === save.value);
        const label = button.textContent;

        button.disabled = true;
        button.textContent = "Downloading";
        trouble.replaceChildren();

        try {
            const response = await ctx.api.request("jobs", {
                path: `${path}/results`, signal, ask: true,
                query: { format, order: "input", ...filter } });
            const blob = await response.blob();
            const base = (job?.name || job?.id || "job").replace(/\.[^.]*$/, "");

            download(`${base.replace(/[^\w.-]+/g, "-")}-results.${format}`, type,
                     [blob]);

        } catch (error) {
            if (error.name !== "AbortError") {
                replace(trouble, problem(error));
            }

        } finally {
            button.disabled = false;
            button.textContent = label;
        }
    }

    return { update, drop: () => asking?.abort() };
}
