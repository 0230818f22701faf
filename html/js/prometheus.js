/* reads the text format of Prometheus, as far as this module writes it */

/*
 * A map of names to samples, [{ labels, value }, ...].  What cannot be read is
 * left out.
 */

export function parse(text) {
    const all = new Map();

    for (const line of text.split("\n")) {
        const found = line.match(
            /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+([-+.\w]+)(?:\s.*)?$/);

        if (!found) {
            continue;
        }

        const [, name, labels, number] = found;
        const value = number === "+Inf" ? Infinity : Number(number);

        if (Number.isNaN(value)) {
            continue;
        }

        if (!all.has(name)) {
            all.set(name, []);
        }

        all.get(name).push({ labels: pairs(labels || ""), value });
    }

    return all;
}


function pairs(text) {
    const labels = new Map();

    for (const [, name, value] of text.matchAll(
        /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g))
    {
        labels.set(name, value.replace(/\\(.)/g,
            (all, c) => c === "n" ? "\n" : c));
    }

    return labels;
}


/* the sum of all samples of a name, of those with these labels; null: none */

export function sum(all, name, labels = {}) {
    const samples = (all.get(name) || []).filter(
        sample => fits(sample, labels));

    return samples.length
        ? samples.reduce((n, sample) => n + sample.value, 0) : null;
}


function fits(sample, labels) {
    return Object.entries(labels).every(
        ([key, value]) => sample.labels.get(key) === value);
}


/*
 * The quantile of what a histogram has counted between two scrapes, in its own
 * unit; null: nothing was counted.  Within a bucket it is taken as even, as
 * Prometheus does.
 */

export function quantile(before, after, name, q, labels = {}) {
    const count = new Map();

    for (const [all, sign] of [[after, 1], [before, -1]]) {
        for (const sample of all.get(`${name}_bucket`) || []) {
            if (!fits(sample, labels)) {
                continue;
            }

            const text = sample.labels.get("le");
            const le = text === "+Inf" ? Infinity : Number(text);

            count.set(le, (count.get(le) || 0) + sign * sample.value);
        }
    }

    const buckets = [...count].sort((a, b) => a[0] - b[0]);
    const total = buckets.length ? buckets[buckets.length - 1][1] : 0;

    if (!(total > 0)) {
        return null;
    }

    let low = 0;
    let below = 0;

    for (const [le, n] of buckets) {
        if (n >= q * total) {
            return le === Infinity ? low
                : n === below ? le
                : low + (le - low) * (q * total - below) / (n - below);
        }

        low = le === Infinity ? low : le;
        below = n;
    }

    return low;
}
