/* graphs of what was measured in the last minutes, as SVG */

import { h, svg, replace, duration } from "./dom.js";

const WIDTH = 320;
const HEIGHT = 96;
const LEFT = 2;
const RIGHT = 2;
const TOP = 6;
const BOTTOM = 6;


/* the least of 1, 2, 5, 10, 20 ... that is not below it */

export function nice(value) {
    if (!(value > 0)) {
        return 1;
    }

    const power = 10 ** Math.floor(Math.log10(value));

    return [1, 2, 5, 10].map(n => n * power).find(n => n >= value * 0.999999);
}


/*
 * chart({ title, hint, lines, format, most, gap, least, span }).  lines: [[key, name,
 * colour class], ...]; format turns a value into text; most: the least that the
 * top of the graph is; gap: so many seconds without a value break the line;
 * span: seconds from left to right, at first "least".
 *
 * draw(points): [{ at, key: value or null, ... }, ...], at in milliseconds.
 */

export function chart({ title, hint, lines, format, most, gap, least, span }) {
    const value = h("dl.chart-values");
    const top = h("span.chart-top.muted");
    const start = h("span.muted");
    const when = h("span.muted");
    const graph = svg("svg.chart-graph", { role: "img",
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" });
    const node = h("section.card.chart", h("h2", title),
        hint ? h("p.small.muted", hint) : null, value,
        h("div.chart-area", top, graph),
        h("div.row.between.small", start, when));

    let points = [];
    let at = null;

    graph.addEventListener("pointermove", event => {
        const box = graph.getBoundingClientRect();

        at = (event.clientX - box.left) / box.width;
        show();
    });

    graph.addEventListener("pointerleave", () => {
        at = null;
        show();
    });

    function draw(all) {
        points = all;
        show();
    }

    function show() {
        const now = points.length ? points[points.length - 1].at : Date.now();
        const shown = points.filter(p => p.at >= now - 1000 * span);
        const width = shown.length ? Math.min(span, Math.max(least,
            (now - shown[0].at) / 1000)) : least;
        const from = now - 1000 * width;
        const high = Math.max(most || 0, ...shown.flatMap(
            p => lines.map(([key]) => p[key] || 0)));
        const max = nice(high);
        const x = t => LEFT + (WIDTH - LEFT - RIGHT) * (t - from)
                              / (1000 * width);
        const y = v => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * v / max;

        let point = shown[shown.length - 1];

        if (at !== null && shown.length) {
            const t = from + at * 1000 * width;

            point = shown.reduce((a, b) =>
                Math.abs(b.at - t) < Math.abs(a.at - t) ? b : a);
        }

        const text = key => point && point[key] !== null
                            && point[key] !== undefined
            ? format(point[key]) : "\u2013";

        replace(value, lines.map(([key, name, colour]) => h("div",
            h("dt", lines.length > 1 || name !== title
                ? [h("span.key", { class: colour, "aria-hidden": "true" }),
                   name]
                : h("span.sr", name)),
            h("dd", text(key)))));

        start.textContent = `${duration(width)} ago`;
        top.textContent = shown.length ? format(max) : "";
        when.textContent = point ? new Date(point.at).toLocaleTimeString() : "";

        graph.setAttribute("aria-label", `${title}: ` + lines.map(
            ([key, name]) => `${name} ${text(key)}`).join(", "));

        replace(graph,
            [0, 0.5, 1].map(part => svg("line.grid-line", { x1: 0, x2: WIDTH,
                y1: y(max * part), y2: y(max * part) })),
            lines.map(([key, , colour], i) => runs(shown, key, gap).map(run => [
                i === 0 && lines.length === 1
                    ? svg("path.area", { class: colour, d:
                        `${path(run, key, x, y)}L${x(run[run.length - 1].at)} `
                        + `${y(0)}L${x(run[0].at)} ${y(0)}Z` }) : null,
                svg("path.line", { class: run.length > 1 ? colour
                    : `${colour} dot`, d: path(run, key, x, y) }),
            ])),
            at !== null && point ? svg("line.cursor", { x1: x(point.at),
                x2: x(point.at), y1: 0, y2: HEIGHT }) : null);
    }

    show();

    return { node, draw };
}


/* parts of a line without a gap */

function runs(points, key, gap) {
    const all = [];
    let last = null;

    for (const point of points) {
        const there = point[key] !== null && point[key] !== undefined;

        if (!there) {
            last = null;
            continue;
        }

        if (last === null || point.at - last.at > 1000 * gap) {
            all.push([]);
        }

        all[all.length - 1].push(point);
        last = point;
    }

    return all;
}


function path(run, key, x, y) {
    const text = run.map((p, i) =>
        `${i ? "L" : "M"}${x(p.at).toFixed(1)} ${y(p[key]).toFixed(1)}`);

    /* one value alone is seen as a dot */

    return run.length > 1 ? text.join("")
        : `${text[0]}h0.01`;
}
