/* the list of jobs: what they are doing, and how long they stay */

import { pageHead, busy, empty, problem } from "./components.js";
import { h, append, replace, number, ago } from "./dom.js";
import { poll, calm, nextTry } from "./poll.js";
import { focusAgain } from "./dialog.js";
import { progress, stateBadge, until, active } from "./jobs-parts.js";

const SECONDS = 5;
const LIMIT = 25;

/* so many jobs are asked for their counts, which the list does not have */

const COUNTED = 10;

const STATES = [["", "All states"], ["running", "Running"],
    ["queued", "Queued"], ["paused", "Paused"], ["completed", "Completed"],
    ["cancelled", "Cancelled"], ["failed", "Failed"]];


export function all(root, ctx, signal) {
    const still = calm(root, signal);
    const trouble = h("div", { role: "status" });
    const body = h("div.stack");
    const cursors = [null];
    let state = ctx.params.get("state") || "";
    let shown = "";

    const filter = h("select.select", { id: "jobs-state", name: "state",
        "aria-label": "State", onchange: () => {
            state = filter.value;
            cursors.length = 1;
            now();
        } }, STATES.map(([value, text]) =>
            h("option", { value, selected: value === state }, text)));

    append(root,
        pageHead("Jobs", "Lists that are verified in the background, for hours "
                 + "if need be. They go on when this page is closed.",
                 filter,
                 h("a.button.primary", { href: "#/jobs/new" }, "New job")),
        trouble, body);
    append(body, busy("Asking for the jobs"));

    const now = poll(SECONDS, async () => {
        const list = await ctx.api.json("jobs", { signal, query:
            { state, limit: LIMIT, cursor: cursors[cursors.length - 1] } });

        await Promise.all(list.jobs.filter(active).slice(0, COUNTED)
            .map(async job => {
                try {
                    Object.assign(job, await ctx.api.json("jobs",
                        { path: `/${encodeURIComponent(job.id)}`, signal }));

                } catch (error) {
                    /* it was purged meanwhile, or is asked for next time */

                    if (error.name === "AbortError") {
                        throw error;
                    }
                }
            }));

        trouble.replaceChildren();
        draw(list);

    }, (error, seconds) => {
        replace(trouble, problem(error), nextTry(seconds));

        if (shown === "") {
            body.replaceChildren();
        }
    }, signal);

    function draw(list) {
        const text = JSON.stringify([list, state, cursors.length]);

        if (text === shown || !still()) {
            return;
        }

        shown = text;

        const focus = root.contains(document.activeElement)
            ? document.activeElement : null;

        if (!list.jobs.length) {
            replace(body, state || cursors.length > 1
                ? empty("No job is in this state")
                : empty("There is no job yet", "Hand over a list: it is stored "
                        + "before the answer comes, and neither a crash nor a "
                        + "restart loses it."));

        } else {
            replace(body, h("ul.rows", { "aria-label": "Jobs" },
                            list.jobs.map(row)), pager(list.next));
        }

        focusAgain(focus);
    }

    function row(job) {
        return h("li.card.row-card",
            h("div.row.between",
                h("h2", h("a.break", {
                    href: `#/jobs/${encodeURIComponent(job.id)}`,
                    dataset: { key: job.id } }, job.name || job.id)),
                stateBadge(job)),
            progress(job, true),
            h("p.small.muted", `${number(job.records)} records, created `,
                ago(job.created_at),
                job.expires_at ? [", expires ", until(job.expires_at)] : null,
                "."));
    }

    function pager(next) {
        if (!next && cursors.length === 1) {
            return null;
        }

        return h("div.row",
            h("button.button.small", { type: "button",
                disabled: cursors.length === 1, dataset: { key: "newer" },
                onclick: () => {
                    cursors.pop();
                    now();
                } }, "Newer"),
            h("button.button.small", { type: "button", disabled: !next,
                dataset: { key: "older" },
                onclick: () => {
                    cursors.push(next);
                    now();
                } }, "Older"));
    }
}
