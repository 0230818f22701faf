/*
 * Builds the page.  Everything that a server says is hostile: it becomes text
 * nodes and attributes, never markup.  Nothing here takes HTML.
 */

const SVG = "http://www.w3.org/2000/svg";

/*
 * h("button.button.primary", { type: "button", onclick: f }, "Text", node)
 *
 * Properties: on* are listeners, "class", "dataset", "style" (an object, set by
 * the CSSOM, which the CSP allows), everything else is an attribute; null,
 * undefined and false leave it out, true gives it an empty value.  Children:
 * nodes, strings, numbers, arrays of these; null and false are left out.
 */

export function h(spec, props, ...children) {
    const [tag, ...classes] = spec.split(".");
    const node = document.createElement(tag || "div");

    return build(node, classes, props, children);
}


export function svg(spec, props, ...children) {
    const [tag, ...classes] = spec.split(".");

    return build(document.createElementNS(SVG, tag), classes, props, children);
}


function build(node, classes, props, children) {
    if (classes.length) {
        node.setAttribute("class", classes.join(" "));
    }

    if (props !== null && typeof props === "object"
        && !(props instanceof Node) && !Array.isArray(props))
    {
        set(node, props);

    } else {
        children.unshift(props);
    }

    append(node, children);

    return node;
}


export function set(node, props) {
    for (const [name, value] of Object.entries(props)) {
        if (value === null || value === undefined || value === false) {
            continue;
        }

        if (name.startsWith("on") && typeof value === "function") {
            node.addEventListener(name.slice(2), value);

        } else if (name === "class") {
            node.classList.add(...String(value).split(/\s+/).filter(Boolean));

        } else if (name === "dataset") {
            Object.assign(node.dataset, value);

        } else if (name === "style") {
            for (const [key, css] of Object.entries(value)) {
                node.style.setProperty(key, css);
            }

        } else if (name === "value" && "value" in node) {
            node.value = value;

        } else if ((name === "href" || name === "src") && !safeUrl(value)) {
            continue;

        } else if (!/^(on|srcdoc$)/i.test(name)) {
            node.setAttribute(name, value === true ? "" : String(value));
        }
    }

    return node;
}


export function append(node, ...children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || child === false) {
            continue;
        }

        node.append(child instanceof Node ? child : String(child));
    }

    return node;
}


export function replace(node, ...children) {
    node.replaceChildren();

    return append(node, ...children);
}


/* no "javascript:" in a link, whoever wrote it */

function safeUrl(value) {
    try {
        const url = new URL(String(value), document.baseURI);

        return ["http:", "https:", "mailto:", "blob:"].includes(url.protocol);

    } catch (e) {
        return false;
    }
}


/* numbers and times, as people read them */

const whole = new Intl.NumberFormat("en");

export function number(n) {
    return typeof n === "number" ? whole.format(n) : "\u2013";
}


export function percent(part, all) {
    if (!all) {
        return "0%";
    }

    const p = 100 * part / all;

    return p > 0 && p < 1 ? "<1%" : `${Math.round(p)}%`;
}


/* 400 ms, 2.5 s, 90 s, 3 min, 1 h 5 min, 12 h, 4 d */

export function duration(seconds) {
    if (typeof seconds !== "number" || !isFinite(seconds)) {
        return "\u2013";
    }

    const ms = Math.round(seconds * 1000);

    if (ms < 1000) {
        return `${ms} ms`;
    }

    if (seconds < 10) {
        return `${Math.round(seconds * 10) / 10} s`;
    }

    const s = Math.round(seconds);

    if (s < 120) {
        return `${s} s`;
    }

    const m = Math.round(s / 60);

    if (m < 60) {
        return `${m} min`;
    }

    if (m < 10 * 60) {
        return `${Math.floor(m / 60)} h` + (m % 60 ? ` ${m % 60} min` : "");
    }

    const hours = Math.round(m / 60);

    return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}


/* so many seconds ago */

export function past(seconds) {
    return seconds < 1 ? "just now" : `${duration(seconds)} ago`;
}


/* "2 min ago", with the whole time as its title */

export function ago(date) {
    const d = new Date(date);

    if (date === null || isNaN(d)) {
        return h("span", "\u2013");
    }

    const s = (Date.now() - d) / 1000;

    return h("time", { datetime: d.toISOString(), title: d.toLocaleString() },
             s < 0 ? `in ${duration(Math.max(1, Math.round(-s)))}`
                   : s < 5 ? "just now" : `${duration(Math.round(s))} ago`);
}
