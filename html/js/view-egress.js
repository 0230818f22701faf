/* the self-audit: is it us? */

import { pageHead, busy, badge, notice, problem, empty } from "./components.js";
import { h, append, replace, duration, ago } from "./dom.js";
import { poll, calm, nextTry } from "./poll.js";

export const title = "Egress audit";

const SECONDS = 10;

/* name of a check: its title, and what it is about */

const CHECKS = {
    port_25: ["Port 25", "Can mail servers be reached?"],
    resolver: ["Name server", "Does the resolver answer?"],
    helo: ["HELO name", "Does it resolve to the address that connects?"],
    ptr: ["PTR record", "Does the address name the HELO name?"],
    mail_from: ["MAIL FROM", "Does its domain exist, and take mail?"],
    spf: ["SPF", "May this address send for MAIL FROM's domain?"],
    blocklists: ["Blocklists", "Is the address on none of them?"],
    clock: ["Clock", "Does it go on evenly?"],
    files: ["File descriptors", "Are there enough for all connections?"],
    store: ["Store of jobs", "Is there room for lists and their results?"],
    fleet: ["Fleet store", "Does it answer this machine?"],
};

const WORDS = { pass: "pass", warn: "warning", fail: "fails" };


export function mount(root, ctx) {
    const stop = new AbortController();
    const { signal } = stop;
    const still = calm(root, signal);
    const trouble = h("div", { role: "status" });
    const summary = h("div", { role: "status" });
    const body = h("div.stack");
    let shown = "";

    append(root,
        pageHead(title, "What mail servers see of this machine, and whether it "
                 + "is as they expect it. If addresses become unknown, look "
                 + "here first."),
        trouble, summary, body);
    append(body, busy("Asking for the report"));

    poll(SECONDS, async () => {
        const report = await ctx.api.json("health", { signal });

        trouble.replaceChildren();
        draw(report);

    }, (error, seconds) => {
        replace(trouble, problem(error), nextTry(seconds));

        if (shown === "") {
            body.replaceChildren();
        }
    }, signal);

    function draw(report) {
        const text = JSON.stringify(report.checks);

        if (text !== shown && still()) {
            shown = text;
            drawChecks(report);
        }
    }

    function drawChecks(report) {
        const checks = report.checks || [];
        const count = status => checks.filter(c => c.status === status).length;
        const bad = count("fail");
        const warn = count("warn");
        const open = checks.filter(c => c.status === null).length;

        replace(summary,
            bad ? notice("bad", plural(bad, "check fails", "checks fail")
                         + (warn ? `, ${plural(warn, "warning", "warnings")}`
                                 : ""),
                  h("p", report.ready
                    ? "Verdicts may suffer: see what to do below."
                    : "The server says that it is not ready: no mail server "
                      + "can be reached."))
            : warn ? notice("warn", plural(warn, "warning", "warnings"),
                     h("p", "It works, but see below what to do."))
            : open === checks.length && open
                ? notice("unknown", "Nothing is known yet",
                         h("p", "The first look takes a few seconds."))
            : notice("ok", "All is well", h("p", open
                ? `${plural(open, "check has", "checks have")} no answer yet.`
                : checks.some(c => c.check === "helo")
                ? "Nothing is wrong with this machine's identity, as far as "
                  + "it can be seen from here."
                : "But little was looked at: names, PTR, SPF and the name "
                  + "server are looked at where smtp_verify_audit is on.")));

        if (!checks.length) {
            replace(body, empty("No checks", "smtp_verify_audit is off."));
            return;
        }

        replace(body, groups(checks).map(([name, helo, list]) =>
            h("section.stack.tight",
                h("h2", name === null ? "This machine"
                    : ["Egress ", h("span.break", name)]),
                helo ? h("p.small.muted.break", `HELO ${helo}`) : null,
                h("ul.rows", { "aria-label": name === null ? "This machine"
                                             : `Egress ${name}` },
                  list.map(check)))));
    }

    function check(c) {
        const [name, about] = CHECKS[c.check] || [c.check, null];

        return h("li.card.row-card", { class: c.status === "fail" ? "bad"
                                       : c.status === "warn" ? "warn" : null },
            h("div.row.between",
                h("div", h("h3", name),
                  about ? h("p.small.muted", about) : null),
                badge(c.status || "unknown",
                      WORDS[c.status] || "not known yet")),
            c.seen ? h("p.break", c.seen) : null,
            c.remedy ? h("p.remedy.break", h("strong", "What to do: "),
                         c.remedy) : null,
            h("p.small.muted",
                c.since ? ["Since ", since(c.since), ". "] : null,
                c.checked ? ["Looked at ", ago(c.checked), ". "] : null,
                c.link ? manual(c.link) : null));
    }

    function since(date) {
        return h("time", { datetime: String(date) },
                 new Date(date).toLocaleString());
    }

    /* config.json says where the documentation is, if it is served at all */

    function manual(link) {
        const base = ctx.config.docs;
        const path = String(link).replace(/^docs\//, "");

        return base
            ? h("a", { href: new URL(path, new URL(base, document.baseURI)).href,
                       rel: "noreferrer" }, "Read more")
            : ["More in ", h("code.break", link), "."];
    }

    return () => stop.abort();
}


/* by egress, in the order of the report; those of the host last */

function groups(checks) {
    const all = new Map();

    for (const c of checks) {
        const key = JSON.stringify([c.egress, c.helo]);

        if (!all.has(key)) {
            all.set(key, [c.egress, c.helo, []]);
        }

        all.get(key)[2].push(c);
    }

    return [...all.values()].sort((a, b) => (a[0] === null) - (b[0] === null));
}


function plural(n, one, many) {
    return `${n} ${n === 1 ? one : many}`;
}
