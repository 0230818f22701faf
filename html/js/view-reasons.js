/* what each reason means; #/reasons/NAME is one of them */

import { h, append, replace } from "./dom.js";
import { badge, empty, pageHead, pairs, words } from "./components.js";
import { blocks, inline, load, sentence } from "./help.js";

export const title = "Reasons";

const STATUSES = ["deliverable", "risky", "undeliverable", "unknown"];

const BLAME = {
    mailbox: "the mailbox", domain: "the recipient\u2019s domain",
    sender: "your own IP address or identity",
    policy: "a policy of the mail server", network: "the network",
    local: "this server\u2019s own limits",
};


export function mount(root, ctx) {
    const [name] = ctx.path;

    load().then(help => {
        if (!root.isConnected) {
            return;
        }

        if (name) {
            one(root, help, name);
            document.title = document.title.replace(/^[^\u2013]*/,
                                                    `${words(name)} `);
            root.querySelector("h1").focus({ preventScroll: true });

        } else {
            all(root, help);
        }
    });
}


function all(root, help) {
    const list = h("div.stack.wide");

    const search = h("input.input", { type: "search", name: "search",
        spellcheck: "false",
        placeholder: "Search, for example \u201cblocked\u201d",
        "aria-label": "Search reasons", oninput: () => draw(search.value) });

    function draw(text) {
        const wanted = text.trim().toLowerCase();

        const found = [...help.reasons.values()].filter(reason => wanted === ""
            || JSON.stringify(reason).toLowerCase().includes(wanted));

        replace(list, found.length ? null
                : empty("No reason has this word", "Try another one."),
            STATUSES.map(status => {
                const rows = found.filter(reason => reason.status === status);

                return rows.length ? h("section.stack.tight",
                    h("div.row", h("h2", sentence(status)),
                      h("span.muted", inline(`${sentence(help.statuses[status])}.`))),
                    h("ul.reasons", rows.map(reason => h("li",
                        h("a", { href: `#/reasons/${reason.name}` },
                          h("code", reason.name),
                          h("span", sentence(reason.short)),
                          h("span.muted.small", words(reason.action))))))) : null;
            }));
    }

    append(root, pageHead(title, "Each verdict has a reason. It says why, and "
        + "what you can do."), h("div.find", search), list);

    draw("");
}


function one(root, help, name) {
    const reason = help.reasons.get(name);
    const back = h("p", h("a", { href: "#/reasons" }, "All reasons"));

    if (!reason) {
        append(root, back, h("h1", { tabindex: -1 }, words(name)),
               empty("There is no such reason",
                     "It may be one of a newer version."));
        return;
    }

    append(root, back,
        h("header.stack.tight",
            h("div.row", h("h1", { tabindex: -1 }, sentence(reason.short)),
              badge(reason.status)),
            h("p", h("code", reason.name))),
        h("div.article",
            h("div.stack.help", blocks(reason.help, help.reasons)),
            h("aside.stack",
                h("div.notice.todo", h("strong", "What to do"),
                  h("p", inline(reason.todo || "", help.reasons))),
                pairs([
                    ["Action", h("span", sentence(words(reason.action)))],
                    reason.blame && ["Caused by", BLAME[reason.blame]
                                                  || reason.blame],
                    reason.retry && ["Ask again after", reason.retry],
                    ["How sure", reason.status === "unknown"
                        ? "estimated" : "confirmed"],
                ]),
                h("p.small.muted",
                  inline(`${sentence(reason.status)}: `
                         + `${help.statuses[reason.status]}.`)))));
}
