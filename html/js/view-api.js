/* the OpenAPI document of this server, as plain text */

import { h, append, replace } from "./dom.js";
import { busy, pageHead, problem } from "./components.js";

export const title = "API";

const METHODS = ["get", "post", "patch", "put", "delete", "head"];


export function mount(root, ctx) {
    const stop = new AbortController();
    const body = h("div.stack.wide", busy("Loading the document"));
    const links = h("div.row");

    append(root, pageHead(title, "What programs can ask of this server. The "
        + "paths are those of the examples; the operator may have given them "
        + "other names."), links, body);

    ctx.api.json("openapi", { signal: stop.signal }).then(
        doc => draw(body, doc),
        error => {
            if (error.name !== "AbortError") {
                replace(body, problem(error));
            }
        });

    /* which of Swagger UI and ReDoc there are: "make api-ui" */

    fetch("api-ui.json", { cache: "no-cache", signal: stop.signal })
        .then(answer => answer.json())
        .then(list => append(links, list.map(({ name, path }) =>
            h("a.button", { href: path }, name))))
        .catch(() => {});

    if (ctx.api.has("openapi")) {
        append(links, h("a.button", { href: ctx.api.url("openapi").href,
                                      download: "openapi.json" },
                        "openapi.json"));
    }

    return () => stop.abort();
}


/* "#/components/schemas/Result" -> what it names, and its name */

function resolve(doc, thing) {
    let named = null;

    for (let n = 0; thing && thing.$ref && n < 8; n++) {
        const path = thing.$ref.replace(/^#\//, "").split("/");

        named = path[path.length - 1];
        thing = path.reduce((node, key) => node?.[key], doc);
    }

    return { thing: thing || {}, named };
}


function draw(body, doc) {
    const operations = Object.entries(doc.paths || {}).flatMap(([path, item]) =>
        METHODS.filter(method => item[method]).map(method =>
            ({ path, method, operation: item[method], item })));
    const tags = (doc.tags || []).map(tag => tag.name);

    for (const { operation } of operations) {
        for (const tag of operation.tags || ["other"]) {
            if (!tags.includes(tag)) {
                tags.push(tag);
            }
        }
    }

    const of = tag => operations.filter(({ operation, method }) =>
        (operation.tags || ["other"]).includes(tag) && method !== "head");

    replace(body,
        h("p.muted", doc.info?.title, " ", doc.info?.version, ", OpenAPI ",
          doc.openapi, ". A token goes into the header ",
          h("code", "Authorization: Bearer"), " or ", h("code", "X-Api-Key"),
          ", where this server wants one."),
        tags.map(tag => {
            const list = of(tag);

            return list.length ? h("section.stack.tight",
                h("h2", tag.charAt(0).toUpperCase() + tag.slice(1)),
                h("div.operations", list.map(entry =>
                    operationOf(doc, entry)))) : null;
        }),
        h("section.stack.tight", h("h2", "Objects"),
            h("div.operations", Object.entries(doc.components?.schemas || {})
                .map(([name, schema]) => lazy("details.operation",
                    [h("span.path", name),
                     h("span.muted", schema.description || "")],
                    () => schemaOf(doc, schema, 0))))));
}


/* its content is built when it is opened */

function lazy(spec, summary, content) {
    const node = h(spec, h("summary", summary));

    node.addEventListener("toggle", () => {
        if (node.open && node.childElementCount === 1) {
            append(node, h("div.stack.content", content()));
        }
    });

    return node;
}


function operationOf(doc, { path, method, operation }) {
    return lazy("details.operation",
        [h("span.method", { class: method }, method.toUpperCase()),
         h("code.path", path), h("span.muted", operation.summary || "")],
        () => [
            operation.description ? h("p", operation.description) : null,
            parameters(doc, operation),
            requestBody(doc, operation),
            responses(doc, operation),
        ]);
}


function parameters(doc, operation) {
    const list = (operation.parameters || []).map(parameter =>
        resolve(doc, parameter).thing);

    return list.length ? part("Parameters", h("dl.pairs", list.map(parameter => [
        h("dt", h("code", parameter.name),
          parameter.in === "query" ? null
              : h("span.small.muted", ` ${parameter.in}`)),
        h("dd", type(doc, parameter.schema),
          parameter.required ? h("span.tag", "required") : null,
          parameter.description ? [" ", parameter.description] : null),
    ]))) : null;
}


function requestBody(doc, operation) {
    const { thing } = resolve(doc, operation.requestBody);

    return thing.content ? part("Body", content(doc, thing.content)) : null;
}


function responses(doc, operation) {
    return part("Answers", h("dl.answers",
        Object.entries(operation.responses || {}).map(([status, answer]) => {
            const { thing, named } = resolve(doc, answer);
            const tone = { 2: "ok", 4: "warn", 5: "bad" }[status[0]] || "unknown";
            const more = thing.content
                && (status[0] === "2" || thing.content["application/json"]);

            return [h("dt", h("span.code", { class: tone }, status)),
                    h("dd", thing.description || named,
                      more ? content(doc, thing.content) : null)];
        })));
}


function content(doc, list) {
    return h("div.stack.tight", Object.entries(list).map(([media, body]) => {
        const examples = Object.values(body.examples || {})
            .map(example => resolve(doc, example).thing);

        if (body.example !== undefined) {
            examples.push({ value: body.example });
        }

        return h("div.stack.tight",
            h("p", h("code", media), " ", body.schema
                ? type(doc, body.schema) : null),
            body.schema ? lazy("details", "Fields",
                               () => schemaOf(doc, body.schema, 0)) : null,
            examples.map(({ summary, value }) => lazy("details",
                `Example${summary ? `: ${summary}` : ""}`,
                () => h("pre.raw", { tabindex: 0 },
                        typeof value === "string" ? value
                            : JSON.stringify(value, null, 2)))));
    }));
}


function part(name, ...children) {
    return h("section.stack.tight", h("h3", name), children);
}


/* a schema in a few words */

function type(doc, schema) {
    if (!schema) {
        return null;
    }

    const { thing, named } = resolve(doc, schema);
    const kinds = [thing.type ?? []].flat();
    const word = thing.const !== undefined ? JSON.stringify(thing.const)
        : thing.enum ? thing.enum.map(value => value ?? "null").join(" | ")
        : kinds.map(kind => kind === "array" && thing.items
            ? ["array of ", resolve(doc, thing.items).named
                            || resolve(doc, thing.items).thing.type || "values"]
                .join("") : kind).join(" or ") || "object";
    const bounds = [thing.minimum !== undefined ? `from ${thing.minimum}` : "",
                    thing.maximum !== undefined ? `to ${thing.maximum}` : ""]
        .filter(Boolean).join(" ");

    return h("span.type.small",
             named && !thing.enum ? named : word, bounds ? ` ${bounds}` : "");
}


function schemaOf(doc, schema, depth) {
    const { thing } = resolve(doc, schema);
    const all = [thing, ...(thing.allOf || []).map(part =>
        resolve(doc, part).thing)];
    const required = new Set(all.flatMap(part => part.required || []));
    const fields = all.flatMap(part => Object.entries(part.properties || {}));

    if (!fields.length) {
        const items = thing.items && resolve(doc, thing.items);
        const choices = thing.oneOf || thing.anyOf;

        return [
            h("p", type(doc, thing),
              thing.description ? [" ", thing.description] : null),
            items?.thing.properties && depth < 6
                ? schemaOf(doc, items.thing, depth + 1) : null,
            choices ? h("ul", choices.map(choice =>
                h("li", type(doc, choice)))) : null,
        ];
    }

    return h("dl.pairs.fields", fields.map(([name, value]) => {
        const { thing: field } = resolve(doc, value);
        const items = field.items && resolve(doc, field.items).thing;
        const inner = field.properties || field.allOf ? field
            : items && items.properties ? items

            /* JSON in a string, as the data of an event is */

            : field.contentSchema ? resolve(doc, field.contentSchema).thing
            : null;

        return [h("dt", h("code", name)),
                h("dd", type(doc, value),
                  required.size && !required.has(name)
                      ? h("span.tag", "optional") : null,
                  field.description ? [" ", field.description] : null,
                  inner && depth < 6 ? lazy("details", "its fields",
                      () => schemaOf(doc, inner, depth + 1)) : null)];
    }));
}
