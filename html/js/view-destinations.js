/* who is asked, what waits and why, and what an administrator may do about it */

import { pageHead, busy, badge, figures, empty, notice, problem, card,
         segments, words, toast } from "./components.js";
import { h, append, replace, number, percent, duration, past } from "./dom.js";
import { poll, calm, nextTry } from "./poll.js";
import { sure, focusAgain } from "./dialog.js";
import { may } from "./rights.js";

export const title = "Destinations";

const SECONDS = 2;
const LIMIT = 50;

/* what has opened a breaker */

const WHY = {
    connect_failed: "no connection could be made",
    timeout: "it did not answer in time",
    closing: "it ended sessions with 421",
    rate_limit: "it said that we ask too much",
    block: "it refused us, not the mailbox: our address or name is blocked",
    turned: "it accepts everybody now, so its answers say nothing",
    egress_failed: "no mail server can be reached from this egress",
};

const STATES = [["", "All"], ["busy", "Busy"], ["waiting", "Waiting"],
                ["open", "Breaker open"], ["paused", "Paused"]];
const SORTS = [["sessions", "Sessions"], ["waiting", "What waits"],
               ["rejects", "Refusals left"], ["seen", "Used last"]];


export function mount(root, ctx) {
    const stop = new AbortController();
    const { signal } = stop;
    const still = calm(root, signal);
    const query = { state: ctx.params.get("state") || "", name: "",
                    sort: "sessions", offset: 0, limit: LIMIT };
    const trouble = h("div", { role: "status" });
    const head = h("div");
    const rows = h("div.stack");
    const egresses = h("div.stack");
    const clients = h("div.stack");
    let rights = { admin: false, why: null };
    let now = () => {};
    let shown = "";

    const name = h("input.input", { type: "search", id: "destination-name",
        name: "name", placeholder: "mx.example.com", autocomplete: "off",
        spellcheck: "false", oninput: () => change({ name: name.value.trim()
                                 .toLowerCase() }) });
    const sort = h("select.select", { id: "destination-sort", name: "sort",
        onchange: () => change({ sort: sort.value }) },
        SORTS.map(([value, text]) => h("option", { value }, text)));

    const filters = h("div.row.filters",
        segments("Show", STATES, query.state, state => change({ state })),
        h("label.field", h("span", "Name"), name),
        h("label.field", h("span", "Sort by"), sort));
    const forgetting = h("button.button", { type: "button", hidden: true,
                                            onclick: forget },
                         "Forget a domain");
    const note = h("p.small.muted");

    append(root,
        pageHead(title, "Mail hosts and providers that are asked, who of them "
                 + "limits us, and what waits for them. Rows change by "
                 + "themselves.", forgetting),
        note, trouble, head,
        filters,
        rows, egresses, clients);

    append(rows, busy("Asking for the status"));

    function change(more) {
        Object.assign(query, { offset: 0 }, more);
        now();
    }

    may(ctx.api, signal).then(known => {
        rights = known;
        shown = "";
        now();
    }, () => {});

    now = poll(SECONDS, async () => {
        const status = await ctx.api.json("status", { query, signal });

        trouble.replaceChildren();
        draw(status);

    }, (error, seconds) => {
        replace(trouble, problem(error), nextTry(seconds));

        if (shown === "") {
            filters.hidden = true;
            rows.replaceChildren();
        }
    }, signal);

    window.addEventListener("tokenchange", async () => {
        rights = await may(ctx.api, signal).catch(() => rights);
        shown = "";
        now();
    }, { signal });

    /* nothing is drawn anew without need: who reads or points is not disturbed */

    function draw(status) {
        const text = JSON.stringify([status.destinations, status.egresses,
                                     status.clients, status.hit_rate]);

        if (text === shown || !still()) {
            return;
        }

        shown = text;

        const focus = root.contains(document.activeElement)
            ? document.activeElement : null;

        filters.hidden = !status.destinations;
        forgetting.hidden = !status.destinations || !rights.admin;
        note.textContent = status.destinations && !rights.admin
            ? rights.why : "";

        if (!status.destinations) {
            head.replaceChildren();
            replace(rows, notice("warn", "Your token shows your own counters "
                + "only", h("p", "Who is asked is for clients with the right ",
                h("code", "admin"), ".")));
            egresses.replaceChildren();
            clients.replaceChildren();
            return;
        }

        drawHead(status);
        drawRows(status.destinations);
        drawEgresses(status.egresses);
        drawClients(status.clients);
        focusAgain(focus);
    }

    function drawHead(status) {
        const zones = Object.values(status.throttles || {});
        const sum = key => zones.reduce((n, zone) => n + (zone[key] || 0), 0);

        replace(head, figures([
            ["Sessions", sum("sessions")],
            ["Probes that wait", sum("waiting")],
            ["Open breakers", sum("open")],
            ["Suspended egresses", sum("suspended")],
            ["Known destinations", sum("entries")],
            ["Answers from the cache", status.hit_rate === null
                || status.hit_rate === undefined ? "\u2013"
                : percent(status.hit_rate, 1)],
        ]));
    }

    function drawRows(list) {
        if (!list.items.length) {
            replace(rows, query.state || query.name
                ? empty("Nothing fits", "No destination is in this state, or "
                        + "has this in its name.")
                : empty("Nobody is known yet", "Destinations come when "
                        + "addresses are verified, and a throttle zone "
                        + "limits them."));
            return;
        }

        replace(rows,
            h("ul.rows", { "aria-label": "Destinations" },
              list.items.map(destination)),
            pager(list));
    }

    function destination(row) {
        const target = { destination: row.name, egress: row.egress };
        const conns = row.conns === null ? "no limit" : number(row.conns);
        const left = row.rejects.left;

        return h("li.card.row-card",
            h("div.row.between",
                h("div", h("h2.break", row.name),
                    h("p.small.muted", `from egress ${row.egress}, zone ${row.zone}`)),
                states(row)),
            limits(row),
            refusal(row.refusal),
            h("dl.facts",
                fact("Sessions", `${number(row.sessions)} of ${conns}`),
                fact("Waiting", number(row.waiting),
                     row.waiting ? "warn" : null),
                fact("Rate", row.rate === null ? "no limit"
                     : `${number(row.rate)}/min`),
                fact("Refusals left", row.rejects.limit === null ? "no limit"
                     : `${number(left)} of ${number(row.rejects.limit)}`,
                     left === 0 ? "bad" : null),
                ...portion(row),
                fact("Connected", row.connected === null ? "never"
                     : past(row.connected))),
            actions(row, target));
    }

    /* what this machine has of limits that machines of a fleet share */

    function portion(row) {
        const it = row.portion;

        if (!it) {
            return [];
        }

        /* whoever needs none gives them back */

        const needed = row.sessions + row.waiting > 0;

        const part = n => n === null ? "no limit" : number(n);

        return [
            fact(it.alone ? "Safe share" : "Share of sessions",
                 part(it.sessions), it.alone ? "warn" : null),
            fact("Share of refusals", part(it.rejects),
                 it.rejects === 0 && needed ? "bad" : null)
        ];
    }

    function drawEgresses(list) {
        if (!list || !list.items.length) {
            egresses.replaceChildren();
            return;
        }

        replace(egresses, h("h2", "Egresses"),
            h("ul.rows", { "aria-label": "Egresses" }, list.items.map(row =>
                h("li.card.row-card",
                    h("div.row.between",
                        h("div", h("h3.break", row.name),
                          h("p.small.muted", `zone ${row.zone}, `
                            + `${number(row.sessions)} sessions, `
                            + (row.connected === null ? "never connected"
                               : `connected ${past(row.connected)}`))),
                        states(row)),
                    limits(row),
                    actions(row, { egress: row.name })))));
    }

    function drawClients(list) {
        if (!list || !list.items.length) {
            clients.replaceChildren();
            return;
        }

        replace(clients, card("Clients", h("div.scroll", { tabindex: 0,
                role: "region", "aria-label": "Clients and their limits" },
            h("table.table",
                h("thead", h("tr", h("th", { scope: "col" }, "Client"),
                    ["Today", "In total", "Quota left", "Rate left"].map(
                        text => h("th.num", { scope: "col" }, text)))),
                h("tbody", list.items.map(row => h("tr",
                    h("th.break", { scope: "row" }, row.client),
                    h("td.num", number(row.requests.today)),
                    h("td.num", number(row.requests.total)),
                    h("td.num", leftOf(row.quota)),
                    h("td.num", leftOf(row.rate)))))))));
    }

    function leftOf(limit) {
        return limit ? `${number(limit.left)} of ${number(limit.limit)}`
                     : "no limit";
    }

    function states(row) {
        const { state, left } = row.breaker;

        return h("div.row",
            row.paused ? badge("paused", `paused for ${duration(row.paused)}`)
                       : null,
            state === "closed" ? null
                : badge(state, state === "open"
                    ? `breaker open${left ? `, ${duration(left)} left` : ""}`
                    : "breaker half open"));
    }

    /* the one sentence: what holds it up */

    function limits(row) {
        const { state, why } = row.breaker;
        const text = [];

        if (row.paused) {
            text.push("An administrator has paused it: nobody is asked there, "
                      + "addresses get throttled.");
        }

        if (state !== "closed") {
            text.push(`The breaker has opened: ${WHY[why] || words(why)}. `
                + (state === "open"
                   ? "Addresses get circuit_open until it is tried again."
                   : "One probe tries now whether it is over."));
        }

        if (row.rejects && row.rejects.left === 0) {
            text.push("It has refused as many recipients as it may in an hour; "
                      + "the rest waits.");
        }

        if (row.waiting && !text.length) {
            text.push(row.conns !== null && row.sessions >= row.conns
                ? "All of its sessions are in use."
                : "Its rate is used up for the moment.");
        }

        if (row.delayed) {
            text.push(`${number(row.delayed)} sessions wait before they send `
                      + "the next recipient.");
        }

        return text.length ? h("p.limits", text.join(" ")) : null;
    }

    /* the last reply by which we were refused, in its own words */

    function refusal(last) {
        if (!last) {
            return null;
        }

        return h("p.small.break",
            `Refused us ${past(last.ago)} (${words(last.reason)}, `
            + `${words(last.stage)}): `,
            h("q", `${last.code} ${last.text}`.trim()));
    }

    function actions(row, target) {
        if (!rights.admin) {
            return null;
        }

        const label = row.name;

        return h("div.row",
            row.breaker.state === "closed" ? null
                : action("Close the breaker", label, "close", () => close(target)),
            row.paused
                ? action("Resume", label, "resume", () => act(
                    { action: "resume", ...target }, `${label} is asked again.`))
                : action("Pause", label, "pause", () => pauseIt(target)));
    }

    function action(text, of, key, onclick) {
        return h("button.button.small", { type: "button", onclick,
            dataset: { key: `${key} ${of}` }, "aria-label": `${text}: ${of}` },
            text);
    }

    async function act(more, done) {
        try {
            const answer = await ctx.api.json("status",
                { method: "POST", query: more, signal, ask: true });

            toast(`${done} ${answer.matched} rows.`);

        } catch (error) {
            replace(trouble, problem(error));
        }

        shown = "";
        now();
    }

    /* those that a dialog has asked about; its errors are shown there */

    async function run(more) {
        await ctx.api.json("status", { method: "POST", query: more, signal });
        shown = "";
        now();
    }

    function close(target) {
        const of = target.destination || target.egress;

        sure({ title: `Close the breaker of ${of}?`, action: "Close the breaker",
            text: "The next probe asks at once. If the cause is still there, "
                  + "the server is only reminded of us: look at it first.",
            run: () => run({ action: "close_breaker", ...target }),
        }).then(done => done && toast(`The breaker of ${of} is closed.`));
    }

    function pauseIt(target) {
        const of = target.destination || target.egress;

        sure({ title: `Pause ${of}?`, action: "Pause",
            text: "Nobody is asked there meanwhile. Sessions that are under "
                  + "way go on.",
            fields: h("label.field", h("span", "For"),
                h("select.select", { name: "seconds" },
                    [[600, "10 minutes"], [3600, "an hour"], [21600, "6 hours"],
                     [86400, "a day"], [604800, "a week"]].map(([value, text]) =>
                        h("option", { value }, text)))),
            run: ({ seconds }) => run({ action: "pause", seconds, ...target }),
        }).then(done => done && toast(`${of} is paused.`));
    }

    function forget() {
        sure({ title: "Forget a domain", action: "Forget",
            text: "What is known about it is asked for anew: its MX records, "
                  + "whether it accepts everybody, its age and its policy. "
                  + "Results of addresses stay.",
            fields: h("label.field", h("span", "Domain"),
                h("input.input", { name: "domain", required: true,
                    placeholder: "example.com", autocomplete: "off",
                    spellcheck: "false", autocapitalize: "off" })),
            run: async ({ domain }) => {
                try {
                    await run({ action: "forget_domain", domain: domain.trim() });

                } catch (error) {
                    if (error.code !== "nothing_known") {
                        throw error;
                    }

                    toast("Nothing was known about this domain.");
                }
            },
        }).then(done => done && toast("It is asked for anew."));
    }

    function pager(list) {
        const to = list.offset + list.items.length;

        if (list.total <= LIMIT) {
            return null;
        }

        return h("div.row.between",
            h("p.small.muted", `${number(list.offset + 1)} to ${number(to)} of `
              + number(list.total)),
            h("div.row",
                list.offset ? h("button.button.small", { type: "button",
                    dataset: { key: "previous" }, onclick: () =>
                        change({ offset: Math.max(0, list.offset - LIMIT) }) },
                    "Previous") : null,
                to < list.total ? h("button.button.small", { type: "button",
                    dataset: { key: "next" },
                    onclick: () => change({ offset: to }) }, "Next") : null));
    }

    return () => stop.abort();
}


function fact(name, value, kind = null) {
    return h("div", h("dt", name), h("dd", { class: kind }, value));
}
