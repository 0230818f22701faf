/*
 * A list that is being verified.  It lives here and not in its page, so that it
 * goes on while one looks at other pages.
 */

import { field, harmless, parse } from "./csv.js";

const WINDOW = 10;                  /* seconds, for the rate */
const FILE_MAX = 64 * 1024 * 1024;  /* to be read as a whole */

/* one copy of each word that many rows have */

const words = new Map();

function intern(text) {
    if (typeof text !== "string") {
        return text;
    }

    if (!words.has(text)) {
        words.set(text, text);
    }

    return words.get(text);
}


export class Run extends EventTarget {
    constructor(api, list, options) {
        super();

        Object.assign(this, { list, options });

        this.api = api;
        this.state = "running";     /* completed, stopped, cut, failed */
        this.error = null;
        this.summary = null;
        this.heartbeat = null;
        this.total = list.total;
        this.rows = [];
        this.status = { deliverable: 0, undeliverable: 0, risky: 0, unknown: 0 };
        this.reasons = new Map();   /* "status reason" => how many */
        this.errors = 0;
        this.began = Date.now();
        this.ended = null;
        this.ticks = [];
        this.extra = new Set();     /* columns that were not foreseen */
        this.stopping = new AbortController();
    }

    get running() {
        return this.state === "running";
    }

    get seconds() {
        return ((this.ended || Date.now()) - this.began) / 1000;
    }

    /* results a second, of late */

    get rate() {
        const now = Date.now();
        const from = this.ticks.find(([at]) => now - at <= WINDOW * 1000);

        if (!this.running) {
            return this.seconds ? this.rows.length / this.seconds : 0;
        }

        if (!from || now - from[0] < 500) {
            return 0;
        }

        return 1000 * (this.rows.length - from[1]) / (now - from[0]);
    }

    /* nothing has come for some seconds */

    get idle() {
        return this.running && this.seconds > 4 && this.ticks.length > 7
            && this.ticks[this.ticks.length - 8][1] === this.rows.length;
    }

    get left() {
        const rest = this.total === null ? null : this.total - this.rows.length;

        return rest !== null && this.rate > 0 ? rest / this.rate : null;
    }

    stop() {
        this.stopping.abort();
    }

    async start() {
        const { list, options } = this;

        const ticking = setInterval(() => {
            const now = Date.now();

            this.ticks.push([now, this.rows.length]);

            while (this.ticks.length && now - this.ticks[0][0] > WINDOW * 1000) {
                this.ticks.shift();
            }

            this.changed();
        }, 500);

        try {
            await this.api.ndjson("batch", {
                method: "POST",
                query: { ...list.query, smtp: options.smtp ? null : 0,
                         wait: options.wait },
                headers: { "Content-Type": list.type },
                body: list.blob,
                signal: this.stopping.signal,
                ask: true,
            }, line => this.line(line));

            this.state = !this.summary ? "cut"
                : this.summary.complete ? "completed" : "failed";

        } catch (error) {
            this.state = error.name === "AbortError" ? "stopped"
                : this.rows.length ? "cut" : "failed";
            this.error = error.name === "AbortError" ? null : error;
        }

        clearInterval(ticking);
        this.ended = Date.now();
        this.changed();
    }

    line(line) {
        if (line.heartbeat) {
            this.heartbeat = line;
            return;
        }

        if (line.summary) {
            this.summary = line;
            return;
        }

        const smtp = line.checks?.smtp;

        this.rows.push({
            index: line.index,
            email: line.email,
            input: line.input,
            status: intern(line.status),
            reason: intern(line.reason || "error"),
            action: intern(line.action),
            score: line.score,
            suggestion: line.did_you_mean,
            retry: line.retry_after,
            code: smtp?.response_code,
            reply: line.error ? line.detail : smtp?.response,
            host: intern(smtp?.mx_host),
            catch_all: line.checks?.catch_all,
            disposable: line.checks?.disposable,
            role_account: line.checks?.role_account,
            free_provider: line.checks?.free_provider,
            error: intern(line.error),
        });

        if (line.error) {
            this.errors++;

        } else {
            this.status[line.status] = (this.status[line.status] || 0) + 1;
        }

        const reason = `${line.status ?? ""} ${line.reason || "error"}`;

        this.reasons.set(reason, (this.reasons.get(reason) || 0) + 1);

        if (line.input !== null && typeof line.input === "object") {
            for (const key in line.input) {
                if (!this.extra.has(key)) {
                    this.extra.add(key);
                }
            }
        }
    }

    /* at most once a frame, however many lines come */

    changed() {
        this.frame ??= requestAnimationFrame(() => {
            this.frame = null;
            this.dispatchEvent(new Event("change"));
        });
    }
}


const VERDICT = ["status", "reason", "action", "score", "did_you_mean",
    "retry_after", "catch_all", "disposable", "role_account", "free_provider",
    "mx_host", "response_code", "response", "error"];

function verdict(row) {
    return [row.status, row.error ? "" : row.reason, row.action, row.score,
            row.suggestion, row.retry, row.catch_all, row.disposable,
            row.role_account, row.free_provider, row.host, row.code,
            row.error ? "" : row.reply, row.error];
}


/*
 * The rows as CSV, in the order of the list: its own columns as they were, then
 * the verdict.  The delimiter is that of the list, so no field of it is split in
 * another way than before.
 */

export async function csv(list, rows, extra) {
    const delimiter = list.delimiter || ",";
    const table = list.type === "text/csv";
    const known = table ? list.columns : ["email"];
    const email = known[table ? list.column : 0];
    const own = [...known, ...[...extra].filter(key => !known.includes(key))];
    const names = VERDICT.map(name => own.includes(name) ? `verify_${name}`
                                                         : name);
    const lost = table ? await records(list, rows) : null;
    const parts = ["\ufeff",
                   [...own, ...names].map(name => field(harmless(name), delimiter))
                       .join(delimiter), "\r\n"];

    for (const row of [...rows].sort((a, b) => a.index - b.index)) {
        const input = row.input ?? lost?.(row.index) ?? {};

        parts.push(
            own.map(key => field(key === email ? harmless(row.email ?? input[key])
                                 : value(input[key]), delimiter))
                .concat(verdict(row).map(v => field(harmless(v), delimiter)))
                .join(delimiter), "\r\n");
    }

    return parts;
}


/*
 * A record without a verdict comes back without its columns.  They are taken
 * from the file, if all other records are found there at their places.
 */

async function records(list, rows) {
    if (!rows.some(row => row.error) || list.blob.size > FILE_MAX) {
        return null;
    }

    const text = (await list.blob.text()).replace(/^\ufeff/, "")
        .replace(/^sep=.\r?\n/, "");
    const all = parse(text, list.delimiter).slice(list.header ? 1 : 0);

    if (!rows.every(row => row.error || (all[row.index]?.[list.column] ?? "")
                                            .trim() === row.email))
    {
        return null;
    }

    return index => Object.fromEntries(list.columns.map((name, i) =>
        [name, all[index]?.[i] ?? ""]));
}


function value(v) {
    return v !== null && typeof v === "object" ? JSON.stringify(v) : v;
}
