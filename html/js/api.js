/*
 * Talks to the module: the token, problems (RFC 9457) in plain words, streams
 * of JSON lines, and server-sent events.  Paths are those of config.json,
 * relative to the console's own.
 */

const TOKEN = "smtp-verify.token";


export class ApiError extends Error {
    constructor(problem) {
        super(problem.detail || problem.title || "The request failed.");

        this.name = "ApiError";
        this.status = problem.status || 0;
        this.code = problem.code || null;
        this.title = problem.title || "The request failed";
        this.retryAfter = problem.retryAfter ?? null;
        this.requestId = problem.requestId ?? null;
        this.problem = problem;
    }
}


/* what a person can do about it, where the server's sentence does not say */

const ADVICE = {
    missing_token: "This server wants an access token.",
    invalid_token: "The token is unknown, or it was revoked.",
    missing_right: "Your token does not have the right to do this.",
    rate_exceeded: "You are asking faster than your token may.",
    quota_exceeded: "The quota of your token is used up for today (UTC).",
    too_many_probes: "The server verifies as many addresses as it may.",
    offline: "The server cannot be reached. Is it running?",
    not_served: "This server has no such location. "
                + "The operator decides which parts of the API there are.",
};


export function advice(error) {
    return ADVICE[error.code] || null;
}


export class Api {
    constructor(config) {
        this.config = config;
        this.askToken = null;       /* set by the shell: async why -> bool */
        this.declined = false;
        this.asking = null;
    }

    get token() {
        try {
            return sessionStorage.getItem(TOKEN) || "";

        } catch (e) {
            return this.kept || "";
        }
    }

    set token(value) {
        this.declined = false;

        try {
            if (value) {
                sessionStorage.setItem(TOKEN, value);

            } else {
                sessionStorage.removeItem(TOKEN);
            }

        } catch (e) {
            this.kept = value;
        }

        window.dispatchEvent(new Event("tokenchange"));
    }

    /* whether the configuration names it; not whether it is served */

    has(name) {
        return typeof this.config[name] === "string" && this.config[name] !== "";
    }

    url(name, path = "", query = null) {
        const url = new URL(this.config[name] + path, document.baseURI);

        for (const [key, value] of Object.entries(query || {})) {
            if (value !== null && value !== undefined && value !== "") {
                url.searchParams.set(key, value);
            }
        }

        return url;
    }

    /*
     * The Response, if its status is a success; throws an ApiError otherwise,
     * and the AbortError of "signal".  Options: method, path, query, body,
     * json (a body), headers, signal, ask (a person has just asked for this,
     * so a dialog for the token may open again).
     */

    async request(name, options = {}) {
        const { method, path, query, json, signal, ask } = options;
        const headers = new Headers(options.headers || {});
        let body = options.body;

        if (!this.has(name)) {
            throw new ApiError({ code: "not_served", title: "Not served" });
        }

        if (json !== undefined) {
            headers.set("Content-Type", "application/json");
            body = JSON.stringify(json);
        }

        for (let tries = 0; ; tries++) {
            const token = this.token;
            let response;

            if (token) {
                headers.set("Authorization", `Bearer ${token}`);

            } else {
                headers.delete("Authorization");
            }

            try {
                response = await fetch(this.url(name, path, query), {
                    method: method || (body === undefined ? "GET" : "POST"),
                    headers, body, signal,
                    cache: "no-store",
                    credentials: "same-origin",
                    redirect: "error",
                });

            } catch (e) {
                if (e.name === "AbortError") {
                    throw e;
                }

                throw new ApiError({ code: "offline", title: "No answer",
                                     detail: ADVICE.offline });
            }

            if (response.ok) {
                return response;
            }

            const error = await problem(response);

            if (response.status !== 401 || tries > 2) {
                throw error;
            }

            /* another request may have got a token meanwhile */

            if (this.token === token && !await this.ask(error, ask)) {
                throw error;
            }
        }
    }

    /* one dialog for all requests that wait for a token */

    async ask(error, asked) {
        if (!this.askToken || (this.declined && !asked)) {
            return false;
        }

        this.asking ??= this.askToken(error).finally(() => {
            this.asking = null;
        });

        const given = await this.asking;

        this.declined = !given;

        return given;
    }

    async json(name, options = {}) {
        const headers = { Accept: "application/json", ...options.headers };
        const response = await this.request(name, { ...options, headers });

        return response.status === 204 ? null : read(response);
    }

    async text(name, options = {}) {
        return (await this.request(name, options)).text();
    }

    /* calls line(object) for each line, in order; waits for it if it is async */

    async ndjson(name, options, line) {
        const headers = { Accept: "application/x-ndjson", ...options.headers };
        const response = await this.request(name, { ...options, headers });

        for await (const text of lines(response.body)) {
            if (text.trim() === "") {
                continue;
            }

            let object;

            try {
                object = JSON.parse(text);

            } catch (e) {
                throw new ApiError({ code: "cut_off", title: "Cut off",
                    detail: "The answer was cut off in the middle of a line." });
            }

            await line(object);
        }

        return response;
    }

    /*
     * Server-sent events, with a header, which EventSource cannot send.  Calls
     * event(type, data) with the data as JSON; ends when the server ends it.
     */

    async events(name, options, event) {
        const headers = { Accept: "text/event-stream", ...options.headers };
        const response = await this.request(name, { ...options, headers });
        let type = "message";
        let data = [];

        for await (const text of lines(response.body)) {
            if (text === "") {
                if (data.length) {
                    event(type, JSON.parse(data.join("\n")));
                }

                type = "message";
                data = [];
                continue;
            }

            const [, field, value] = text.match(/^([^:]*):? ?(.*)$/s);

            if (field === "event") {
                type = value;

            } else if (field === "data") {
                data.push(value);
            }
        }
    }
}


async function read(response) {
    try {
        return await response.json();

    } catch (e) {
        if (e.name === "AbortError") {
            throw e;
        }

        throw new ApiError({ status: response.status, code: "not_json",
            title: "Not the module's answer",
            detail: `${response.url} answers, but not with JSON.` });
    }
}


/* nginx's own errors are HTML: their text is of no use to anybody */

async function problem(response) {
    const retry = Number.parseInt(response.headers.get("Retry-After"), 10);
    const known = {
        status: response.status,
        title: response.statusText || `Status ${response.status}`,
        retryAfter: Number.isNaN(retry) ? null : retry,
        requestId: response.headers.get("X-Request-ID"),
    };

    if (/^application\/(problem\+)?json/.test(
            response.headers.get("Content-Type") || ""))
    {
        try {
            return new ApiError({ ...known, ...await response.json() });

        } catch (e) {
            /* as if there were none */
        }
    }

    if (response.status === 404 || response.status === 405) {
        return new ApiError({ ...known, code: "not_served",
                              title: "Not served",
                              detail: ADVICE.not_served });
    }

    return new ApiError({ ...known,
        detail: `The server answered with status ${response.status}.` });
}


const LINE_MAX = 4 * 1024 * 1024;

async function* lines(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";

    try {
        for ( ;; ) {
            const { done, value } = await reader.read();

            if (done) {
                break;
            }

            const parts = (rest + value).split("\n");

            rest = parts.pop();

            if (rest.length > LINE_MAX) {
                throw new ApiError({ code: "line_too_long", title: "Too long",
                                     detail: "A line of the answer is too long." });
            }

            for (const part of parts) {
                yield part.endsWith("\r") ? part.slice(0, -1) : part;
            }
        }

        if (rest !== "") {
            yield rest;
        }

    } finally {
        reader.cancel().catch(() => {});
    }
}
