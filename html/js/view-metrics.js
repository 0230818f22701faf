/* what smtp_verify_metrics says, as small graphs of the last ten minutes */

import { pageHead, busy, problem, badge, card, table } from "./components.js";
import { h, append, replace, number, percent, duration } from "./dom.js";
import { parse, sum, quantile } from "./prometheus.js";
import { chart } from "./chart.js";
import { poll, calm, nextTry } from "./poll.js";

export const title = "Metrics";

const SECONDS = 3;
const SPAN = 600;
const LEAST = 60;
const PROVIDERS = 15;
const NAME = "nginx_smtp_verify_";

/* the scrapes stay while other pages are looked at */

let history = [];
let last = null;

const STATUS = ["deliverable", "undeliverable", "risky", "unknown"];
const TONE = { deliverable: "ok", undeliverable: "bad", risky: "warn",
               unknown: "unknown" };

/* of a probe; the others take as long as RCPT TO, mostly */

const STAGES = [["dns", "unknown"], ["connect", "accent"], ["banner", "warn"],
                ["starttls", "ok"], ["rcpt", "bad"]];

const perSecond = value => value === 0 ? "0/s"
    : value < 10 ? `${Math.round(10 * value) / 10}/s`
    : `${number(Math.round(value))}/s`;
const whole = value => number(Math.round(value));

const CHARTS = [
    { title: "Answers", format: perSecond,
      hint: "Addresses that were answered, by verdict.",
      lines: STATUS.map(status => [status, status, TONE[status]]) },
    { title: "Requests and probes", format: perSecond,
      hint: "Probes ask somebody; the cache answers the rest.",
      lines: [["requests", "addresses", "accent"],
              ["probes", "probes", "unknown"]] },
    { title: "Time of an answer", format: duration,
      hint: "Half of the answers were faster than the median, 95 of 100 were "
            + "faster than \u201c95%\u201d.",
      lines: [["answer50", "median", "accent"],
              ["answer95", "95%", "warn"]] },
    { title: "Time of a probe", format: duration,
      hint: "What mail servers and the DNS take.",
      lines: [["probe50", "median", "accent"], ["probe95", "95%", "warn"]] },
    { title: "Stages", format: duration,
      hint: "Half of each stage's times are below these.",
      lines: STAGES.map(([stage, colour]) => [`stage_${stage}`, stage,
                                              colour]) },
    { title: "Cache", format: value => percent(value, 1), most: 1,
      hint: "The part of the answers that came from the cache.",
      lines: [["hits", "hit rate", "ok"]] },
    { title: "In flight", format: whole,
      hint: "Probes that are under way, and requests that wait for them.",
      lines: [["now", "probes", "accent"], ["waiting", "requests", "unknown"]] },
    { title: "Sessions", format: whole,
      hint: "Connections to mail servers, and probes that a limit holds up.",
      lines: [["sessions", "open", "accent"], ["held", "held up", "warn"]] },
    { title: "Held back", format: perSecond,
      hint: "Refused by our own limits, and by breakers that are open.",
      lines: [["throttled", "throttled", "warn"],
              ["refused", "by breakers", "bad"]] },

    /* only where there is something to be seen */

    { title: "Jobs", format: perSecond, needs: ["job_records"],
      hint: "Results of lists that are verified in the background.",
      lines: [["job_results", "results", "accent"]] },
    { title: "Fleet", format: perSecond, needs: ["fleet_asked", "fleet_lost"],
      hint: "Questions to the fleet store; \u201clate\u201d: it did not answer "
            + "in time.",
      lines: [["fleet_asked", "asked", "accent"], ["fleet_found", "found", "ok"],
              ["fleet_late", "late", "warn"],
              ["fleet_lost", "connections lost", "bad"]] },
];

/* counters whose rates are drawn as they are */

const RATES = ["job_results", "fleet_asked", "fleet_found", "fleet_late",
               "fleet_lost"];


export function mount(root, ctx) {
    const stop = new AbortController();
    const { signal } = stop;
    const still = calm(root, signal);
    const trouble = h("div", { role: "status" });
    const head = h("div.row");
    const body = h("div.charts");
    const providers = h("div");
    let charts = null;
    let drawn = "";

    append(root,
        pageHead(title, "The last ten minutes, as long as this page is open. "
                 + "For longer times, let Prometheus read the same location."),
        trouble, head, body, providers);
    append(body, busy("Asking for the metrics"));

    if (history.length) {
        show();
    }

    poll(SECONDS, async () => {
        const text = await ctx.api.text("metrics",
            { signal, headers: { Accept: "text/plain" } });
        const all = parse(text);

        trouble.replaceChildren();

        if (!all.has(`${NAME}requests_total`)) {
            replace(body, problem({ title: "No metrics of all clients",
                message: "Metrics are for clients with the right admin, or "
                         + "the location answers with something else." }));
            charts = null;
            return;
        }

        take(all);
        show();

    }, (error, seconds) => {
        replace(trouble, problem(error), nextTry(seconds));

        if (!charts) {
            body.replaceChildren();
        }
    }, signal);

    function show() {
        const wanted = CHARTS.filter(options => !options.needs
            || options.needs.some(name => sum(last.all,
                                              `${NAME}${name}_total`) > 0));
        const titles = wanted.map(options => options.title).join();

        if (!charts || titles !== drawn) {
            charts = wanted.map(options => chart({ ...options, least: LEAST,
                                           span: SPAN, gap: 4 * SECONDS }));
            replace(body, charts.map(c => c.node));
            drawn = titles;
        }

        for (const c of charts) {
            c.draw(history);
        }

        if (last && still()) {
            const version = (last.all.get(`${NAME}build_info`) || [])[0];

            replace(head,
                version ? h("span.tag", "version ",
                            version.labels.get("version")) : null,
                checks(last.all));
            replace(providers, byProvider(last.all));
        }
    }

    return () => stop.abort();
}


/* the checks that do not pass, if there are any */

function checks(all) {
    const bad = (all.get(`${NAME}audit_status`) || [])
        .filter(sample => sample.value >= 2);

    return bad.length
        ? h("a", { href: "#/egress" }, badge(
            bad.some(sample => sample.value >= 3) ? "fail" : "warn",
            `${bad.length} of the self-audit's checks`)) : null;
}


/* who was asked most since nginx was started, and who of them refuses us */

function byProvider(all) {
    const rows = new Map();

    for (const { labels, value } of all.get(`${NAME}provider_probes_total`)
                                    || [])
    {
        const name = labels.get("provider");
        const row = rows.get(name)
            || { name, probes: 0, unknown: 0, sender: 0 };

        row.probes += value;
        row.unknown += labels.get("status") === "unknown" ? value : 0;
        row.sender += labels.get("blame") === "sender" ? value : 0;
        rows.set(name, row);
    }

    const list = [...rows.values()].filter(row => row.probes > 0)
        .sort((a, b) => b.probes - a.probes).slice(0, PROVIDERS);

    if (!list.length) {
        return null;
    }

    return card("Mail providers", h("div.stack.tight",
        h("p.small.muted", "Probes since nginx was started. \u201cRefuses us"
          + "\u201d: the provider blamed the sender, not the address."),
        table([
            ["Provider", row => row.name],
            ["Probes", row => number(row.probes), "num"],
            ["Unknown", row => percent(row.unknown, row.probes), "num"],
            ["Refuses us", row => percent(row.sender, row.probes), "num"],
        ], list, "Mail providers by probes")));
}


/* one scrape more; rates are from the one before it to this one */

function take(all) {
    const at = Date.now();
    const get = (scrape, name, labels) => sum(scrape, NAME + name, labels);
    const point = { at,
        now: get(all, "probes_in_progress"),
        waiting: get(all, "requests_waiting"),
        sessions: get(all, "throttle_zone_sessions"),
        held: get(all, "throttle_zone_waiting") };

    if (last && at - last.at < 10000 * SECONDS) {
        const seconds = (at - last.at) / 1000;
        const grown = (name, labels) => {
            const now = get(all, name, labels);
            const before = get(last.all, name, labels) || 0;

            /* nginx was started anew: it counts from 0 */

            return now === null ? null : now < before ? now : now - before;
        };
        const rate = (name, labels) => {
            const n = grown(name, labels);

            return n === null ? null : n / seconds;
        };

        const hits = grown("cache_hits_total");
        const others = ["misses", "expired", "bypassed"].reduce(
            (n, name) => n + (grown(`cache_${name}_total`) || 0), 0);

        Object.assign(point, {
            requests: rate("requests_total"),
            probes: rate("probes_total"),
            throttled: rate("throttle_zone_throttled_total"),
            refused: rate("throttle_zone_refused_total"),
            hits: hits + others > 0 ? hits / (hits + others) : null,
            answer50: quantile(last.all, all, `${NAME}answer_seconds`, 0.5),
            answer95: quantile(last.all, all, `${NAME}answer_seconds`, 0.95),
            probe50: quantile(last.all, all, `${NAME}probe_seconds`, 0.5),
            probe95: quantile(last.all, all, `${NAME}probe_seconds`, 0.95),
        });

        for (const [stage] of STAGES) {
            point[`stage_${stage}`] = quantile(last.all, all,
                `${NAME}stage_seconds`, 0.5, { stage });
        }

        for (const name of RATES) {
            point[name] = rate(`${name}_total`);
        }

        for (const status of STATUS) {
            point[status] = rate("verdicts_total", { status }) ?? 0;
        }
    }

    last = { at, all };
    history = [...history.filter(p => p.at > at - 1000 * SPAN), point];
}
