/*
 * What reasons mean: reasons.json, which is made from docs/reasons.md.  Its text
 * has marks for code, stress and links; links lead to other reasons, and all
 * others are shown as the words that they have.
 */

import { h } from "./dom.js";

let loading = null;


/* { reasons: Map of name => reason, statuses, actions } */

export function load() {
    loading ??= fetch("reasons.json", { cache: "no-cache" })
        .then(answer => answer.json())
        .then(json => ({
            ...json,
            reasons: new Map(json.reasons.map(reason => [reason.name, reason])),
        }))
        .catch(() => {
            loading = null;
            return { reasons: new Map(), statuses: {}, actions: {} };
        });

    return loading;
}


const MARK = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[((?:[^\]`]|`[^`]*`)+)\]\(([^)]*)\)/g;

export function inline(text, known) {
    const parts = [];
    let last = 0;

    for (const found of text.matchAll(MARK)) {
        const [all, code, strong, stress, words, target] = found;

        parts.push(text.slice(last, found.index));
        last = found.index + all.length;

        if (code !== undefined) {
            parts.push(known?.has(code)
                ? h("a", { href: `#/reasons/${code}` }, h("code", code))
                : h("code", code));

        } else if (strong !== undefined) {
            parts.push(h("strong", inline(strong, known)));

        } else if (stress !== undefined) {
            parts.push(h("em", stress));

        } else if (target.startsWith("#") && known?.has(target.slice(1))) {
            parts.push(h("a", { href: `#/reasons/${target.slice(1)}` },
                         inline(words)));

        } else {
            parts.push(inline(words));
        }
    }

    parts.push(text.slice(last));

    return parts;
}


export function blocks(list, known) {
    return list.map(block =>
        block.code !== undefined ? h("pre.raw.replies", block.code)
        : block.items ? h("ul", block.items.map(item =>
            h("li", inline(item, known))))
        : h("p", inline(block.text, known)));
}


export function sentence(text) {
    return !text || text.startsWith("nginx") ? text || ""
        : text.charAt(0).toUpperCase() + text.slice(1);
}
