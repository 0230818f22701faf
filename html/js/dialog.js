/* a question before something is done that cannot be undone */

import { h, append } from "./dom.js";
import { problem } from "./components.js";

let count = 0;


/*
 * Where the focus was, also if the page was drawn anew meanwhile: what has the
 * same data-key is the same.
 */

export function focusAgain(node) {
    const { key } = node?.dataset || {};
    const now = !node || node.isConnected || key === undefined ? node
        : [...document.querySelectorAll("[data-key]")].find(
            other => other.dataset.key === key);

    if (now && now.isConnected && now !== document.body) {
        now.focus();
    }
}


/*
 * sure({ title, text, action, danger, fields, run }): fields are nodes with
 * names.  run, async, gets their values, and may fail: the dialog says why, and
 * stays.  Resolves to whether it was done.
 */

export function sure({ title, text, action, danger, fields, run }) {
    const id = `sure-${++count}`;
    const back = document.activeElement;
    const why = h("div", { role: "status" });
    const no = h("button.button", { type: "button",
                                    onclick: () => dialog.close() }, "Cancel");
    const yes = h("button.button", { type: "submit",
                                     class: danger ? "danger" : "primary" },
                  action);

    const form = h("form", { autocomplete: "off" },
        h("h2", { id }, title),
        text ? h("p.muted", text) : null,
        fields || null,
        why,
        h("div.row.end", h("span.spring"), no, yes));

    const dialog = h("dialog.dialog", { "aria-labelledby": id }, form);

    document.body.append(dialog);

    return new Promise(resolve => {
        let done = false;

        form.addEventListener("submit", async event => {
            event.preventDefault();
            yes.disabled = true;
            why.replaceChildren();

            try {
                await run(Object.fromEntries(new FormData(form)));
                done = true;
                dialog.close();

            } catch (error) {
                yes.disabled = false;
                append(why, problem(error));
            }
        });

        dialog.addEventListener("close", () => {
            dialog.remove();

            focusAgain(back);

            resolve(done);
        });

        dialog.showModal();

        (form.querySelector("input, select") || (danger ? no : yes)).focus();
    });
}
