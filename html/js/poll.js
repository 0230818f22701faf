/*
 * Asks again and again while the page is looked at.  What was there stays
 * when an answer fails; a new token, and somebody who comes back to the page,
 * are worth a question at once.
 */

import { h, duration } from "./dom.js";

const SLOWEST = 30;

/*
 * ask: async (signal); failed: (error, seconds until the next try, or null if
 * only another token can change it); signal ends it.  Returns a function that
 * asks at once.
 */

export function poll(seconds, ask, failed, signal) {
    let timer = null;
    let running = false;
    let again = false;
    let wait = seconds;

    async function run() {
        clearTimeout(timer);

        if (signal.aborted) {
            return;
        }

        if (running) {
            again = true;
            return;
        }

        running = true;

        try {
            await ask(signal);
            wait = seconds;

        } catch (error) {
            if (signal.aborted || error.name === "AbortError") {
                return;
            }

            wait = Math.max(error.retryAfter || 0,
                            Math.min(SLOWEST, wait * 2));
            failed(error, denied(error) ? null : wait);

            if (denied(error)) {
                return;
            }

        } finally {
            running = false;
        }

        if (again) {
            again = false;
            run();

        } else if (!signal.aborted && !document.hidden) {
            timer = setTimeout(run, 1000 * wait);
        }
    }

    function seen() {
        if (!document.hidden) {
            run();
        }
    }

    document.addEventListener("visibilitychange", seen, { signal });
    window.addEventListener("tokenchange", run, { signal });
    signal.addEventListener("abort", () => clearTimeout(timer));

    run();

    return run;
}


/* only another token can change this */

export function denied(error) {
    return error.status === 401 || error.status === 403;
}


/* what a page says below an error that failed() got */

export function nextTry(seconds) {
    return seconds === null ? null
        : h("p.small.muted", `Next try in ${duration(seconds)}.`);
}


/* resolves after so many seconds, or rejects when the signal does */

export function pause(seconds, signal) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, 1000 * seconds);

        signal.addEventListener("abort", () => {
            clearTimeout(timer);
            reject(signal.reason);
        });
    });
}


/*
 * Whether a page may be drawn anew: not while somebody presses a button, which
 * would be gone before it is let go, or has marked text to copy it.
 */

export function calm(root, signal) {
    let pressed = false;

    root.addEventListener("pointerdown", () => { pressed = true; }, { signal });

    for (const type of ["pointerup", "pointercancel"]) {
        window.addEventListener(type, () => {
            setTimeout(() => { pressed = false; });
        }, { signal });
    }

    return () => {
        const marked = document.getSelection();

        return !pressed && !(marked && !marked.isCollapsed
                             && root.contains(marked.anchorNode));
    };
}
