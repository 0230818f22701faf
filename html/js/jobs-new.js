/* hands a list over as a job */

import { pageHead, notice, problem, table } from "./components.js";
import { h, append, replace } from "./dom.js";
import { sniff, DELIMITER_NAMES } from "./csv.js";

const START = 64 * 1024;            /* of a file, to look at */
const TYPED = 200;                  /* ms until what was typed is looked at */

const WAITS = [["", "as the server is set"],
    ["0", "not at all"], ["1h", "an hour"], ["6h", "6 hours"], ["1d", "a day"],
    ["3d", "3 days"], ["7d", "7 days"]];
const KEPT = [["", "as the server is set"], ["1h", "an hour"],
    ["1d", "a day"], ["7d", "7 days"], ["30d", "30 days"]];


export function submit(root, ctx, signal) {
    const about = h("div.stack.tight");
    const wrong = h("div", { role: "alert" });
    let list = null;
    let column = null;
    let typing = null;
    let turn = 0;

    /* one key for one list: who presses twice, or again after an error that
       hid the answer, gets one job */

    let key = newKey();

    const file = h("input.input", { type: "file", id: "job-file", name: "file",
        accept: ".csv,.txt,.tsv,.json,.jsonl,.ndjson,text/csv,text/plain",
        onchange: () => {
            clearTimeout(typing);
            text.value = "";
            take(file.files[0], file.files[0]?.name);
        } });
    const text = h("textarea.input.mono.paste", { id: "job-text", name: "text",
        rows: 5, spellcheck: "false",
        placeholder: "name@example.com\nanother@example.org",
        oninput: () => {
            file.value = "";
            send.disabled = true;
            clearTimeout(typing);
            typing = setTimeout(() => take(text.value.trim()
                ? new Blob([text.value]) : null, null), TYPED);
        } });
    const name = h("input.input", { id: "job-name", name: "name",
        maxlength: 80, autocomplete: "off" });
    const send = h("button.button.primary", { type: "submit", disabled: true },
                   "Hand it over");

    const form = h("form.card.stack", { id: "job-form", autocomplete: "off",
                                        onsubmit },
        h("label.field", { for: "job-file" }, h("span", "File"), file),
        h("label.field", { for: "job-text" }, h("span", "Or addresses, one a line"),
          text),
        about,
        h("div.grid",
            field("job-name", "Name", name),
            field("job-wait", "Wait for servers that say \u201clater\u201d",
                  choice("wait", WAITS)),
            field("job-retention", "Keep it after its end",
                  choice("retention", KEPT)),
            field("job-sample", "Verify a sample first", h("input.input",
                { id: "job-sample", name: "sample", type: "number", min: 0,
                  max: 1000000, placeholder: "so many records" })),
            field("job-webhook", "Webhook", h("input.input", {
                id: "job-webhook", name: "webhook", type: "url",
                placeholder: "a URL of yours", autocomplete: "off",
                spellcheck: "false" }))),
        h("label.check", h("input", { type: "checkbox", name: "smtp",
                                      checked: true }), "Ask the mail servers"),
        wrong,
        h("div.row", send, h("a.button.quiet", { href: "#/jobs" }, "Cancel")));

    append(root, pageHead("New job", "The list goes to this server only, and is "
        + "stored encrypted. It is verified in the background."), form);

    async function take(blob, label) {
        const mine = ++turn;

        list = null;
        column = null;
        key = newKey();
        send.disabled = true;
        about.replaceChildren();
        wrong.replaceChildren();

        if (!blob) {
            return;
        }

        let start;

        try {
            start = await blob.slice(0, START).text();

        } catch (error) {
            replace(about, notice("bad", "The file cannot be read",
                                  h("p", error.message)));
            return;
        }

        /* another list was chosen meanwhile */

        if (mine !== turn) {
            return;
        }

        if (start.includes("\0") || start.startsWith("PK")) {
            replace(about, notice("bad", "This is no text file", h("p",
                "Save the table as CSV in UTF-8, and choose that file.")));
            return;
        }

        list = { blob, name: label,
                 ...sniff(start, label, blob.size <= START) };
        column = list.column ?? null;

        if (list.type === "text/csv") {
            replace(about, columns());
        }

        if (label && name.value === "") {
            name.value = label;
        }

        ready();
    }

    function ready() {
        send.disabled = list === null
                        || (list.type === "text/csv" && column === null);
    }

    function columns() {
        const pick = h("select.select", { id: "job-column", name: "column",
            onchange: () => {
                column = pick.value === "" ? null : Number(pick.value);
                ready();
            } },
            column === null ? h("option", { value: "" }, "Choose one") : null,
            list.columns.map((title, i) =>
                h("option", { value: i, selected: i === column }, title)));

        return [
            field("job-column", "Column with the addresses", pick),
            table(list.columns.map((title, i) => [title, row => row[i] ?? ""]),
                  list.rows.slice(0, 3), "The first records"),
        ];
    }

    async function onsubmit(event) {
        event.preventDefault();

        if (send.disabled) {
            return;
        }

        const query = Object.fromEntries(
            ["name", "wait", "retention", "sample", "webhook"].map(key =>
                [key, form.elements[key].value.trim()]));

        if (!form.elements.smtp.checked) {
            query.smtp = 0;
        }

        if (list.type === "text/csv") {
            query.column = column + 1;
            query.delimiter = DELIMITER_NAMES[list.delimiter]
                              || list.delimiter;
        }

        send.disabled = true;
        send.textContent = "Handing it over";
        wrong.replaceChildren();

        try {
            const job = await ctx.api.json("jobs", { method: "POST", query,
                body: list.blob, signal, ask: true,
                headers: { "Content-Type": list.type,
                           "Idempotency-Key": `"${key}"` } });

            ctx.go(`#/jobs/${encodeURIComponent(job.id)}`);

        } catch (error) {
            if (error.name === "AbortError") {
                return;
            }

            /* another answer may come for other parameters */

            if (error.code === "key_reused") {
                key = newKey();
            }

            replace(wrong, problem(error));
            send.textContent = "Hand it over";
            ready();
        }
    }
}


function field(id, label, control) {
    return h("label.field", { for: id }, h("span", label), control);
}


function choice(name, options) {
    return h("select.select", { id: `job-${name}`, name },
             options.map(([value, text]) => h("option", { value }, text)));
}


/* crypto.randomUUID() is for secure contexts alone */

function newKey() {
    return [...crypto.getRandomValues(new Uint8Array(16))]
        .map(byte => byte.toString(16).padStart(2, "0")).join("");
}
