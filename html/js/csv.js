/* lists as files: what their columns are, how many records, and CSV to save */

const DELIMITERS = [",", ";", "\t", "|"];

export const DELIMITER_NAMES = { ",": "comma", ";": "semicolon", "\t": "tab",
                                 "|": "pipe" };

const ADDRESS = /[^\s@]@[^\s@]/;

/* usual names of a column of addresses, less case and punctuation */

const NAMES = new Set(["email", "emailaddress", "emailaddresses", "emails",
    "mail", "mailaddress", "mailadresse", "emailadresse", "useremail",
    "workemail", "businessemail", "companyemail", "personalemail",
    "primaryemail", "contactemail", "customeremail", "emailid", "correo",
    "correoelectronico", "courriel", "adresseemail", "adressemail",
    "indirizzoemail", "posta", "postaelettronica", "epost", "eposta",
    "sahkoposti", "recipient", "address", "adresse"]);


/* records of a text; the last one is left out if it may not be whole */

export function parse(text, delimiter, max = Infinity, whole = true) {
    const records = [];
    let record = [];
    let field = "";
    let quoted = false;
    let i = 0;

    const end = () => {
        record.push(field);
        field = "";

        if (record.length > 1 || record[0].trim() !== "") {
            records.push(record);
        }

        record = [];
    };

    for (; i < text.length && records.length < max; i++) {
        const c = text[i];

        if (quoted) {
            if (c !== '"') {
                field += c;

            } else if (text[i + 1] === '"') {
                field += c;
                i++;

            } else {
                quoted = false;
            }

        } else if (c === '"' && field.trim() === "") {
            quoted = true;
            field = "";

        } else if (c === delimiter) {
            record.push(field);
            field = "";

        } else if (c === "\n" || c === "\r") {
            if (c === "\r" && text[i + 1] === "\n") {
                i++;
            }

            end();

        } else {
            field += c;
        }
    }

    if (whole && records.length < max && (field !== "" || record.length)) {
        end();
    }

    return records;
}


function key(name) {
    return name.normalize("NFKD").replace(/[^\p{L}]/gu, "").toLowerCase();
}


/*
 * What a list is: { type, delimiter, header, columns, column, rows }.  "column"
 * counts from 0; it is null where a person has to choose.
 */

export function sniff(text, name, whole) {
    const start = text.replace(/^\ufeff/, "");

    if (/\.(jsonl|ndjson|jsonlines)$/i.test(name || "")) {
        return { type: "application/x-ndjson" };
    }

    if (/\.json$/i.test(name || "") || /^\s*[[{]/.test(start)) {
        return { type: /^\s*\{[^\n]*\}\s*\n\s*\{/.test(start)
                       ? "application/x-ndjson" : "application/json" };
    }

    /* the first line decides, as on the server */

    const sep = /^sep=(.)\r?\n/.exec(start);
    const body = sep ? start.slice(sep[0].length) : start;

    const ranked = DELIMITERS.map(delimiter => {
        const [first = []] = parse(body, delimiter, 1, whole);

        return { delimiter, rank: [
            first.some(field => NAMES.has(key(field))) ? 1 : 0,
            first.some(field => /^\s*[^\s@]+@[^\s@]+\s*$/.test(field)) ? 1 : 0,
            first.length,
        ] };
    }).sort((a, b) => b.rank[0] - a.rank[0] || b.rank[1] - a.rank[1]
                      || b.rank[2] - a.rank[2]);

    return look(text, sep ? sep[1] : ranked[0].delimiter, whole);
}


/* the same, with a delimiter that is known */

export function look(text, delimiter, whole) {
    const start = text.replace(/^\ufeff/, "").replace(/^sep=.\r?\n/, "");
    const records = parse(start, delimiter, 9, whole);
    const [first = []] = records;
    const width = records.reduce((n, record) => Math.max(n, record.length), 0);
    const header = !first.some(field => ADDRESS.test(field))
                   && (width > 1 || NAMES.has(key(first[0] || "")));
    const rows = header ? records.slice(1) : records;
    const names = [];

    for (let i = 0; i < width; i++) {
        names.push(header ? first[i] ?? "" : "");
    }

    const at = field => rows.filter(row => ADDRESS.test(row[field] || "")).length;
    let column = header
        ? names.findIndex((name, i) => NAMES.has(key(name)) && at(i)) : -1;

    if (column < 0) {
        column = names.findIndex((name, i) => at(i));
    }

    return { type: width > 1 || header ? "text/csv" : "text/plain", delimiter,
             header, columns: keys(names), names, rows,
             column: column < 0 ? null : column };
}


/* the names that the server gives to columns: unique, none empty */

function keys(names) {
    const seen = new Set();

    return names.map((name, i) => {
        const base = name.trim() || `column${i + 1}`;
        let unique = base;

        for (let n = 2; seen.has(unique); n++) {
            unique = `${base}_${n}`;
        }

        seen.add(unique);

        return unique;
    });
}


/* how many records a file has, without keeping it; blank lines are none */

export async function count(blob, signal) {
    const reader = blob.stream().getReader();
    let records = 0;
    let quoted = false;
    let filled = false;

    for ( ;; ) {
        const { done, value } = await reader.read();

        if (done) {
            break;
        }

        if (signal.aborted) {
            reader.cancel();
            return null;
        }

        for (let i = 0; i < value.length; i++) {
            const c = value[i];

            if (c === 0x22) {
                quoted = !quoted;
                filled = true;

            } else if ((c === 0x0a || c === 0x0d) && !quoted) {
                records += filled ? 1 : 0;
                filled = false;

            } else if (c > 0x20) {
                filled = true;
            }
        }
    }

    return records + (filled ? 1 : 0);
}


/* a field to be saved; quotes where they are needed */

export function field(value, delimiter = ",") {
    const text = value === null || value === undefined ? "" : String(value);

    return /["\r\n]/.test(text) || text.includes(delimiter)
           || text !== text.trim()
        ? `"${text.replaceAll('"', '""')}"` : text;
}


/*
 * A spreadsheet would run "=..." as a formula, also behind what may be a
 * delimiter to it.
 */

export function harmless(value) {
    return typeof value === "string"
        ? value.replace(/(^|[;,\t|])(\s*[=+\-@\t\r])/g, "$1'$2") : value;
}
