/* one address: the verdict first, then what it rests on */

import { h, append, replace, duration, number } from "./dom.js";
import { badge, busy, card, copy, pageHead, pairs, problem, tone, words }
    from "./components.js";
import { conversation, plain } from "./conversation.js";
import { load, inline, sentence } from "./help.js";

export const title = "Address";

const OPTIONS = "smtp-verify.address";

/* what was asked last: it is there again when one comes back to this page */

let kept = null;


export function mount(root, ctx) {
    const result = h("div.stack.result");
    const options = read();
    let stop = null;

    const email = h("input.input.address", { id: "email", name: "email",
        type: "text", inputmode: "email", autocomplete: "off",
        autocapitalize: "off", spellcheck: "false", required: true,
        maxlength: 1024, placeholder: "name@example.com",
        "aria-label": "E-mail address" });

    const button = h("button.button.primary", { type: "submit" }, "Verify");

    const smtp = check("Ask the mail server", "smtp", options.smtp, () => {
        transcript.querySelector("input").disabled = !value(smtp);
        save();
    });
    const transcript = check("Show the conversation", "transcript",
                             options.transcript, save);
    transcript.title = "Such a request is never answered from the cache";

    const wait = h("select.select", { onchange: save, id: "wait",
                                       name: "wait" },
        [[0, "don\u2019t wait"], [30, "30 seconds"], [120, "2 minutes"],
         [600, "10 minutes"]].map(([seconds, text]) =>
            h("option", { value: seconds, selected: seconds === options.wait },
              text)));

    const form = h("form.ask", { onsubmit: event => {
        event.preventDefault();
        ask();
    } },
        h("div.ask-line", email, button),
        h("div.row.ask-options", smtp, transcript,
            h("label.row.nowrap", { for: "wait" },
              h("span", "If it is greylisted,"), wait)));

    append(root, pageHead("Verify an address",
        "Asks the recipient\u2019s own mail server whether the mailbox exists. "
        + "No mail is sent."), form, result);

    /* a link may bring an address; it is asked about when a person says so */

    const given = ctx.params.get("email");

    if (given) {
        email.value = given;
        history.replaceState(null, "", "#/address");

    } else if (kept) {
        email.value = kept.email;
        show(result, kept.answer, ctx, again);
    }

    transcript.querySelector("input").disabled = !value(smtp);

    if (!matchMedia("(pointer: coarse)").matches) {
        email.focus();
        email.select();
    }

    async function ask() {
        const text = email.value.trim();

        if (stop) {
            stop.abort();
        }

        const mine = stop = new AbortController();

        kept = null;
        root.setAttribute("aria-busy", "true");
        replace(result, waiting(() => mine.abort()));

        try {
            const answer = await ctx.api.json("verify", {
                json: { email: text,
                        ...(value(smtp) ? {} : { smtp: false }),
                        ...(value(smtp) && value(transcript)
                            ? { transcript: true } : {}),
                        ...(Number(wait.value) ? { wait: Number(wait.value) }
                                               : {}) },
                signal: mine.signal, ask: true });

            kept = { email: text, answer };

            if (mine === stop) {
                await show(result, answer, ctx, again);
            }

        } catch (error) {
            if (mine === stop) {
                replace(result,
                        error.name === "AbortError" ? null : problem(error));
            }

        } finally {
            if (mine === stop) {
                root.removeAttribute("aria-busy");
            }
        }
    }

    function again(text) {
        email.value = text;
        ask();
    }

    function save() {
        try {
            localStorage.setItem(OPTIONS, JSON.stringify({ smtp: value(smtp),
                transcript: value(transcript), wait: Number(wait.value) }));

        } catch (e) {
            /* it holds until the page is left */
        }
    }

    return () => {
        if (stop) {
            stop.abort();
        }
    };
}


function read() {
    try {
        return { smtp: true, transcript: true, wait: 0,
                 ...JSON.parse(localStorage.getItem(OPTIONS)) };

    } catch (e) {
        return { smtp: true, transcript: true, wait: 0 };
    }
}


function check(text, name, checked, change) {
    return h("label.check", h("input", { type: "checkbox", checked, name,
                                         onchange: change }), text);
}


function value(label) {
    return label.querySelector("input").checked;
}


function waiting(cancel) {
    const began = Date.now();
    const time = h("span");
    const node = h("div.row.waiting", busy(["Asking the mail server ", time]),
        h("button.button.quiet.small", { type: "button", onclick: cancel },
          "Stop"));

    const timer = setInterval(() => {
        if (!node.isConnected) {
            clearInterval(timer);
            return;
        }

        time.textContent = `\u2013 ${Math.round((Date.now() - began) / 1000)} s`;
    }, 1000);

    return node;
}


/* the answer */

const HEADLINE = {
    deliverable: "Deliverable", undeliverable: "Undeliverable",
    risky: "Risky", unknown: "Unknown",
};

const ACTION = {
    send: "Send", send_with_care: "Send with care",
    retry_later: "Ask again later", do_not_send: "Do not send",
};


async function show(box, answer, ctx, again) {
    const help = await load();

    replace(box,
        verdict(answer, help, again),
        evidence(answer),
        talk(answer),
        raw(answer, ctx));
}


function verdict(answer, help, again) {
    const reason = help.reasons.get(answer.reason);
    const score = answer.score;

    return h("section.verdict", { class: tone(answer.status),
                                  "aria-live": "polite" },
        h("div.verdict-main",
            h("p.verdict-email", answer.email,
              answer.sandbox ? h("span.tag", "sandbox: nobody was asked") : null,
              answer.cached ? h("span.tag", "from the cache") : null),
            h("h2.verdict-status", HEADLINE[answer.status]
                                   || words(answer.status)),
            h("p.verdict-reason",
                reason ? `${sentence(reason.short)} ` : null,
                h("a", { href: `#/reasons/${answer.reason}` },
                  h("code", answer.reason))),
            suggestion(answer, again),
            answer.detail ? h("p", h("strong", answer.detail)) : null,
            reason ? h("p", inline(reason.help.find(block => block.text).text,
                                   help.reasons)) : null,
            reason?.todo ? h("p", h("strong", "What to do: "),
                             inline(reason.todo, help.reasons)) : null,
            answer.retry_after
                ? h("p.row", `It makes sense to ask again in `
                             + `${duration(answer.retry_after)}.`,
                    h("button.button.small", { type: "button",
                        onclick: () => again(answer.email) }, "Ask again"))
                : null),
        h("dl.verdict-side",
            h("div", h("dt", "Action"), h("dd.verdict-action",
                ACTION[answer.action] || words(answer.action))),
            h("div", h("dt", "Score"), h("dd",
                h("span.verdict-score", number(score)),
                h("span.muted", " of 100"),
                h("div.meter", { role: "img", "aria-label":
                                 `Score ${score} of 100` },
                    h("span", { class: tone(answer.status),
                                style: { width: `${score}%` } })))),
            h("div", h("dt", "How sure"), h("dd",
                answer.verification_level === "confirmed"
                    ? "Confirmed by the mail server or the DNS"
                    : "Estimated from other checks")),
            answer.blame ? h("div", h("dt", "Caused by"),
                             h("dd", BLAME[answer.blame] || answer.blame))
                         : null));
}


const BLAME = {
    mailbox: "the mailbox", domain: "the recipient\u2019s domain",
    sender: "your own IP address or identity",
    policy: "a policy of the mail server", network: "the network",
    local: "this server\u2019s own limits",
};


function suggestion(answer, again) {
    if (!answer.did_you_mean) {
        return null;
    }

    return h("p.suggestion", "Did you mean ",
        h("button.link", { type: "button",
                           onclick: () => again(answer.did_you_mean) },
          answer.did_you_mean), "?");
}


/*
 * true, false, or nothing was established.  "good" says which of the first two
 * is well; what is not well is seen at once, what is well is not shouted.
 */

function fact(value, yes, no, good) {
    if (value === null || value === undefined) {
        return null;
    }

    return h("span.fact",
             { class: good === undefined || value === good ? null : "warn" },
             value ? yes : no);
}


/* a card of what was established; at its end, what was not */

function facts(title, list) {
    const known = list.filter(row => row && row[1] !== null
                                     && row[1] !== undefined);
    const open = list.filter(row => row && row[2] && !known.includes(row))
        .map(row => row[0].replace(/^[A-Z](?=[a-z])/, c => c.toLowerCase()));

    if (!known.length && !open.length) {
        return null;
    }

    return card(title, known.length ? pairs(known) : null,
        open.length ? h("p.small.muted.open",
                        `Not established: ${open.join(", ")}.`) : null);
}


function evidence(answer) {
    const checks = answer.checks || {};
    const smtp = checks.smtp || {};
    const tls = smtp.tls;
    const days = checks.domain_age_days;

    return h("section", h("h2.section", "Evidence"), h("div.evidence",
        facts("Mail server", [
            ["Host", smtp.mx_host],
            ["IP address", smtp.mx_ip
                && h("span", smtp.mx_ip,
                     smtp.routed ? h("span.tag", "routed") : null)],
            ["Provider", smtp.smtp_provider],
            ["Reached", smtp.connected === null
                ? h("span.fact", "no mail server was asked")
                : fact(smtp.connected, "yes", "no", true)],
            ["Decided at", smtp.stage && stage(smtp.stage)],
            ["Reply", smtp.response_code && h("span.reply",
                h("span.code", { class: codeTone(smtp.response_code) },
                  smtp.response_code), " ", smtp.response)],
            ["Mailbox", smtp.mailbox_exists === null ? null
                : h("span.fact", { class: smtp.mailbox_exists ? "ok" : "bad" },
                    smtp.mailbox_exists ? "exists" : "does not exist"), true],
            ["Catch-all", fact(smtp.is_catch_all, "accepts every address",
                               "refuses unknown addresses", false), true],
            ["Connections", smtp.attempts > 1 ? number(smtp.attempts) : null],
            ["Read by rule", smtp.rule && h("code", smtp.rule)],
        ]),
        smtp.connected ? facts("Encryption", [
            ["TLS", tls ? tls.protocol : h("span.fact.warn", "not encrypted")],
            ["Cipher", tls && h("span.small.mono", tls.cipher)],
            ["Certificate", tls && fact(tls.verified, "verified",
                                        "not verified")],
            ["Proved by", tls?.authenticated
                && { dane: "DANE", "mta-sts": "MTA-STS",
                     pkix: "a public certificate" }[tls.authenticated]],
            ["Why not", smtp.tls_error],
        ]) : null,
        facts("Address and domain", [
            ["Syntax", fact(checks.syntax, "an e-mail address",
                            "not an e-mail address", true)],
            ["Normalized", answer.normalized !== answer.email
                ? answer.normalized : null],
            ["Mailbox", answer.root !== answer.normalized ? answer.root : null],
            ["Domain", fact(checks.domain, "exists", "does not exist", true),
             true],
            ["MX record", fact(checks.mx_record, "yes", "none"), true],
            ["DNSSEC", fact(checks.dns?.authenticated, "proves the MX records",
                            "does not prove the MX records"), true],
            ["Age", typeof days === "number" ? duration(days * 86400) : null],
        ]),
        facts("Checks", [
            ["Disposable", fact(checks.disposable,
                `yes${checks.disposable_by === "mail_host"
                      ? ", by its mail host" : ""}`, "no", false), true],
            ["Role account", fact(checks.role_account, "yes, not one person",
                                  "no", false), true],
            ["Free provider", fact(checks.free_provider, "yes", "no"), true],
            ["Alias service", fact(checks.alias_service, "yes", "no"), true],
            ["Gibberish", fact(checks.gibberish, "looks like it", "no", false),
             true],
            ["Typing error", fact(checks.typo, "probably", "no", false), true],
            ["Spam trap", fact(checks.spam_trap, "on your list", "no", false),
             true],
            ["Abuse", fact(checks.abuse, "on your list", "no", false), true],
        ])));
}


function stage(name) {
    return { dns: "DNS", connect: "connecting", banner: "the greeting",
             ehlo: "EHLO", starttls: "STARTTLS", mail: "MAIL FROM",
             rcpt: "RCPT TO" }[name] || name;
}


function codeTone(code) {
    return { 2: "ok", 4: "warn", 5: "bad" }[String(code)[0]] || "unknown";
}


function talk(answer) {
    const transcript = answer.transcript;

    if (!Array.isArray(transcript)) {
        return null;
    }

    if (!transcript.length) {
        return h("section", h("h2.section", "Conversation"),
                 h("p.muted", "No mail server was asked."));
    }

    const hello = transcript.find(line => line.from === "client"
                                          && /^(EHLO|HELO) /i.test(line.text));

    return h("section", h("h2.section", "Conversation"),
        h("div.card.talk",
            conversation(transcript, {
                client: hello ? hello.text.slice(5) : "this server",
                server: answer.checks?.smtp?.mx_host || "mail server" }),
            h("details", h("summary", "As text"),
              h("pre.raw", { tabindex: 0 }, plain(transcript)))));
}


function raw(answer, ctx) {
    const link = new URL(`#/address?email=${encodeURIComponent(answer.email)}`,
                         location.href);

    const facts = [
        answer.cached ? `from the cache, ${duration(answer.age)} old` : null,
        answer.sandbox ? "a fixed answer of the sandbox" : null,
        `answered in ${duration(answer.response_time_ms / 1000)}`,
    ].filter(Boolean).join(", ");

    return h("section.stack.tight",
        h("div.row.between",
            h("p.small.muted", sentence(facts), ". Request ",
              h("code.break", answer.request_id), "."),
            h("button.link.small", { type: "button",
                title: "The address stands behind the #, which no server sees",
                onclick: () => copy(link.href) }, "Copy a link")),
        h("details", h("summary", "The whole result as JSON"),
            h("pre.raw", { tabindex: 0 }, JSON.stringify(answer, null, 2))));
}
