/* what the list of jobs and the page of one have in common */

import { badge, meter } from "./components.js";
import { h, number, percent, duration } from "./dom.js";

export const STATUS = ["deliverable", "risky", "unknown", "undeliverable"];

const TONE = { deliverable: "ok", undeliverable: "bad", risky: "warn",
               unknown: "unknown" };


/* it may still change */

export function active(job) {
    return ["uploading", "queued", "running", "paused"].includes(job.state);
}


/* "running" means two things: it asks, or it waits */

export function stateBadge(job) {
    const waits = job.state === "running" && job.in_flight === 0
                  && job.waiting > 0;

    return badge(job.state, waits ? "waiting" : job.state);
}


/* how far it is, in a bar and in words; the list has no counts of those that
   have ended */

export function progress(job, short) {
    if (job.answered === undefined) {
        return null;
    }

    const done = job.answered + job.errors;
    const text = `${number(done)} of ${number(job.records)} `
                 + `(${percent(done, job.records)})`;
    const parts = STATUS.map(status =>
        [TONE[status], job.status[status] || 0, status]);

    parts.push(["none", job.errors, "no verdict"]);
    parts.push(["rest", Math.max(0, job.records - done), "open"]);

    return [
        meter(parts, text),
        short ? h("div.small.muted", text, waiting(job)) : null,
    ];
}


function waiting(job) {
    return job.waiting > 0 && job.state !== "completed"
        ? [`, ${number(job.waiting)} ${job.waiting === 1 ? "waits" : "wait"}`,
           job.waiting_until ? [", goes on ", until(job.waiting_until)] : null]
        : null;
}


/* "in 3 h", with the whole time as its title; what is over is "now" */

export function until(date) {
    const d = new Date(date);

    if (date === null || date === undefined || isNaN(d)) {
        return h("span.muted", "\u2013");
    }

    const s = (d - Date.now()) / 1000;

    return h("time", { datetime: d.toISOString(), title: d.toLocaleString() },
             s < 1 ? "now" : `in ${duration(Math.round(s))}`);
}
