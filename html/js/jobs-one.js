/* one job: live, over reloads of nginx and of the page */

import { badge, busy, card, figures, notice, pageHead, pairs, problem, table,
         toast, words } from "./components.js";
import { h, append, replace, number, percent, duration, ago } from "./dom.js";
import { pause, calm } from "./poll.js";
import { sure, focusAgain } from "./dialog.js";
import { STATUS, active, progress, stateBadge, until } from "./jobs-parts.js";
import { results } from "./jobs-results.js";

const LATEST = 15;          /* seconds until a broken stream is tried again */
const FALLBACK = 5;         /* seconds between questions where none is free */
const TONE = { deliverable: "ok", undeliverable: "bad", risky: "warn",
               unknown: "unknown" };

/* what became of an event, as a word with a colour */

const HOOK = { delivered: "pass", retried: "warn", given_up: "fail",
               disabled: "fail" };


export function one(root, ctx, id, signal) {
    const path = `/${encodeURIComponent(id)}`;
    const still = calm(root, signal);
    const trouble = h("div", { role: "status" });
    const head = h("div");
    const body = h("div.stack");
    const list = h("div.stack");
    let job = null;
    let shown = "";
    let rows = null;
    let gone = false;
    let purging = false;    /* there may be no results to ask for */

    append(root, head, trouble, body, list);
    append(head, pageHead("Job"));
    append(body, busy("Asking for the job"));

    /* what is no id is not asked for: it is a path to who knows where */

    if (!/^[0-9a-z]{26}$/.test(id)) {
        lost({ title: "There is no such job",
               message: "This is not the id of a job." });
        return;
    }

    follow().catch(error => {
        if (error.name !== "AbortError") {
            lost(error);
        }
    });

    /*
     * Its events; when they break off, the job itself and then its events
     * again.  A stream that nobody has room for is no fault: it is asked for
     * now and then instead.
     */

    async function follow() {
        let wait = 1;

        while (!signal.aborted && !gone) {
            try {
                took(await ctx.api.json("jobs", { path, signal }));

                if (!active(job)) {
                    return;
                }

                wait = 1;

                await ctx.api.events("jobs", { path: `${path}/events`, signal },
                                     (type, data) => took(data));

                if (!active(job)) {
                    return;
                }

                await pause(0.2, signal);

            } catch (error) {
                if (signal.aborted || error.name === "AbortError" || gone) {
                    return;
                }

                if (lasting(error)) {
                    lost(error);
                    await tokenChange(signal);
                    trouble.replaceChildren();
                    continue;
                }

                if (error.code === "too_many_streams") {
                    await pause(error.retryAfter || FALLBACK, signal);
                    continue;
                }

                wait = Math.min(LATEST, wait * 2);
                replace(trouble, notice("warn", "The connection was lost",
                    h("p", `The job goes on. Next try in ${duration(wait)}.`)));
                await pause(wait, signal);
            }
        }
    }

    function lost(error) {
        replace(trouble, problem(error),
                h("p", h("a", { href: "#/jobs" }, "All jobs")));

        if (!job) {
            body.replaceChildren();
        }
    }

    function took(data) {
        job = data;
        trouble.replaceChildren();

        if (!rows) {
            rows = results(list, ctx, path, signal);
        }

        if (!purging && !gone) {
            rows.update(job);
        }

        draw();
    }

    function draw() {
        const text = JSON.stringify(job);

        if (text === shown || !still()) {
            return;
        }

        shown = text;

        const focus = root.contains(document.activeElement)
            ? document.activeElement : null;

        const title = job.name || job.id;

        document.title = `${title} \u2013 ${ctx.config.title || "smtp-verify"}`;

        if (!head.firstChild.dataset.state
            || head.firstChild.dataset.state !== `${job.state} ${title}`)
        {
            const fresh = pageHead(title, null, ...actions());

            fresh.dataset.state = `${job.state} ${title}`;
            fresh.querySelector("h1").dataset.key = "title";
            fresh.querySelector("h1").classList.add("break");
            replace(head, fresh);
        }

        const opened = body.querySelector("details[open]") !== null;

        replace(body, sentence(), bar(), facts(), waits(), estimate(),
                reasons(), webhook(), details(opened));
        focusAgain(focus);
    }

    function sentence() {
        const after = job.error ? ` ${job.error}` : "";

        if (job.state === "failed") {
            return notice("bad", "The job has failed", h("p", after));
        }

        if (job.state === "paused" && job.error) {
            return notice("warn", "The job was paused by the server",
                          h("p", after));
        }

        if (job.state === "running" && job.in_flight === 0 && job.waiting > 0) {
            return notice("unknown", "Everything that is left waits",
                h("p", "Servers that said \u201clater\u201d, or our own limits. "
                  + "It goes on by itself ", until(job.waiting_until), "."));
        }

        return null;
    }

    function bar() {
        const done = job.answered + job.errors;

        return h("div.stack.tight",
            h("div.row.between",
                h("p.row", stateBadge(job),
                    h("strong", `${number(done)} of ${number(job.records)} `
                      + `(${percent(done, job.records)})`)),
                h("p.muted", active(job) ? ["Created ", ago(job.created_at)]
                  : ["Ended ", ago(job.finished_at)])),
            progress(job, false),
            h("dl.counts", STATUS.map(status => h("div", { class: TONE[status] },
                h("dt", status[0].toUpperCase() + status.slice(1)),
                h("dd", number(job.status[status] || 0), " ",
                    h("span.muted", percent(job.status[status] || 0,
                                            job.answered)))))));
    }

    /* the causes that the job names, the most frequent first */

    function waits() {
        const list = job.waiting_for || [];

        return list.length ? card("What it waits for", h("ul",
            list.map(cause => h("li",
                `${number(cause.count)} ${words(cause.reason)}`,
                cause.until ? [", ", until(cause.until)] : null,
                cause.detail ? h("div.muted", cause.detail) : null)))) : null;
    }

    function facts() {
        return figures([
            active(job) ? ["In flight", job.in_flight] : null,
            active(job) ? ["Waiting", job.waiting] : null,
            active(job) && job.waiting_until
                ? ["Next try", until(job.waiting_until)] : null,
            active(job) ? ["Results an hour", job.rate] : null,
            active(job) && job.estimated_end
                ? ["Estimated end", until(job.estimated_end)] : null,
            ["No verdict", job.errors],
            ["Duplicates", job.duplicates],
            job.expires_at ? ["Expires", until(job.expires_at)] : null,
        ]);
    }

    function reasons() {
        const all = Object.entries(job.reason || {})
            .sort((a, b) => b[1] - a[1]);

        if (!all.length) {
            return null;
        }

        const most = all[0][1];

        return card("Reasons", h("ul.bars", all.map(([reason, n]) => h("li",
            h("a", { href: `#/reasons/${encodeURIComponent(reason)}` },
              words(reason)),
            h("span.bar-line", { "aria-hidden": "true" },
                h("span", { style: { width: `${100 * n / most}%` } })),
            h("span.num", number(n))))));
    }

    /* what the sample says of the whole */

    function estimate() {
        const all = job.estimate;

        if (!all) {
            return null;
        }

        return card("Estimate of the whole", h("div.stack.tight",
            h("p.small.muted", `By ${number(all.answered)} records of the `
              + "sample. The true number is between the two others in "
              + `${percent(all.confidence, 1)} of such cases.`),
            table([
                ["Status", ([status]) => words(status)],
                ["About", ([, e]) => number(e.count), "num"],
                ["At least", ([, e]) => number(e.low), "num"],
                ["At most", ([, e]) => number(e.high), "num"],
                ["Share", ([, e]) => percent(e.count, all.records), "num"],
            ], STATUS.filter(status => all.status[status])
                .map(status => [status, all.status[status]]),
            "Estimate of the whole list, by status")));
    }

    /* who is told, and whether that worked */

    function webhook() {
        const hook = job.webhook;

        if (!hook) {
            return null;
        }

        return card("Webhook", h("div.stack.tight",
            h("p.break", h("code", hook.url)),
            pairs([
                ["Told of", (hook.events || []).map(words).join(", ")],
                ["Last event", hook.state
                    ? h("span.row", badge(HOOK[hook.state] || "unknown",
                                          words(hook.state)),
                        hook.event ? words(hook.event) : null)
                    : "nothing was sent yet"],
                hook.tries ? ["Tries", number(hook.tries)] : null,
                hook.status ? ["Answer", String(hook.status)] : null,
                hook.error ? ["Error", words(hook.error)] : null,
                hook.next_try_at ? ["Next try", until(hook.next_try_at)] : null,
            ]),
            h("div.row", h("button.button.small", { type: "button",
                dataset: { key: "hook-test" }, onclick: testHook },
                "Test the webhook"),
              h("button.button.small", { type: "button",
                dataset: { key: "hook-remove" },
                onclick: () => change({ webhook: null }) },
                "Remove the webhook"))));
    }

    async function testHook() {
        try {
            const made = await ctx.api.json("jobs", { path: `${path}/webhook`,
                method: "POST", signal, ask: true });

            toast(made.delivered
                ? `Delivered: it answered with ${made.status}.`
                : `Not delivered: ${made.error ? words(made.error)
                    : `it answered with ${made.status}`}.`);

        } catch (error) {
            if (error.name !== "AbortError") {
                replace(trouble, problem(error));
            }
        }
    }

    function details(opened) {
        return h("details", { open: opened }, h("summary", "Parameters"),
            pairs([
                ["ID", h("code.break", job.id)],
                ["Mail servers are asked", job.smtp ? "yes" : "no"],
                ["Waits for at most", duration(job.wait)],
                ["Kept after its end for", duration(job.retention)],
                ["Sample", job.sample === null ? null : number(job.sample)],
                ["Bytes", number(job.bytes)],
                ["Created", time(job.created_at)],
                ["Started", time(job.started_at)],
                ["Ended", time(job.finished_at)],
                ["Expires", time(job.expires_at)],
                ["Request", job.request_id
                    ? h("code.break", job.request_id) : null],
            ]));
    }

    function actions() {
        const button = (text, key, kind, onclick) => h("button.button", {
            type: "button", class: kind, dataset: { key }, onclick }, text);

        return [
            ["queued", "running"].includes(job.state)
                ? button("Pause", "pause", null, () => change({ state: "paused" })) : null,
            job.state === "paused"
                ? button("Resume", "pause", null, () => change({ state: "running" })) : null,
            active(job) ? button("Cancel", "cancel", null, cancel) : null,
            button("Delete", "delete", "danger", purge),
        ].filter(Boolean);
    }

    async function change(json) {
        try {
            took(await ctx.api.json("jobs", { path, method: "PATCH",
                json, signal, ask: true }));

        } catch (error) {
            if (error.name !== "AbortError") {
                replace(trouble, problem(error));
            }
        }
    }

    function cancel() {
        sure({ title: "Cancel this job?", action: "Cancel the job", danger: true,
            text: "What is under way is completed. It does not run again. Its "
                  + "results stay until it expires.",
            run: async () => {
                took(await ctx.api.json("jobs", { path, method: "PATCH",
                    json: { state: "cancelled" }, signal }));
            } });
    }

    function purge() {
        sure({ title: "Delete this job?", action: "Delete", danger: true,
            text: "Its list and its results are purged from the disk at once, "
                  + "and cannot be read any more.",
            run: async () => {
                purging = true;
                rows?.drop();

                try {
                    await ctx.api.json("jobs",
                                       { path, method: "DELETE", signal });
                    gone = true;

                } finally {
                    purging = false;
                }
            },
        }).then(done => {
            if (done) {
                toast("The job is purged.");
                ctx.go("#/jobs");
            }
        });
    }
}


function time(date) {
    return date ? h("time", { datetime: String(date) },
                    new Date(date).toLocaleString()) : null;
}


/* another try would get the same answer */

function lasting(error) {
    return error.status >= 400 && error.status < 500
           && ![408, 409, 429].includes(error.status);
}


function tokenChange(signal) {
    return new Promise((resolve, reject) => {
        window.addEventListener("tokenchange", resolve, { once: true, signal });
        signal.addEventListener("abort", () => reject(signal.reason));
    });
}
