// Reads requests, one a line in JSON, and tells what each of node's parsers
// makes of one field: see t/compare/README.md.

import readline from "node:readline";
import {Readable} from "node:stream";
import inject from "light-my-request";
import bodyParser from "body-parser";
import express from "express";
import multer from "multer";
import formidable from "formidable";
import formidable1 from "formidable1";
import Busboy from "busboy";
import {Busboy as FastifyBusboy} from "@fastify/busboy";
import Koa from "koa";
import {koaBody} from "koa-body";
import koaBodyparser from "koa-bodyparser";
import Fastify from "fastify";
import formbody from "@fastify/formbody";
import fastifyMultipart from "@fastify/multipart";
import multiparty from "multiparty";
import Hapi from "@hapi/hapi";
import parseMultipart from "parse-multipart-data";
import {Hono} from "hono";
import * as h3 from "h3";
import * as h3v1 from "h3v1";
import {parseMultipartRequest} from "@remix-run/multipart-parser";
import {streamMultipart} from "@web3-storage/multipart-parser";
import querystring from "node:querystring";
import qs from "qs";

const parsers = {form: [], multipart: [], json: [], arg: [], header: []};

function add(kinds, name, parse) {
    for (const kind of kinds) {
        parsers[kind].push(["node." + name, parse]);
    }
}

function leaves(value, found = []) {
    if (value === null || value === undefined) {
        return found;
    }

    if (typeof value === "string") {
        found.push(value);
    } else if (Buffer.isBuffer(value)) {
        found.push(value.toString());
    } else if (Array.isArray(value)) {
        value.forEach(v => leaves(v, found));
    } else if (typeof value === "object") {
        Object.values(value).forEach(v => leaves(v, found));
    } else {
        found.push(String(value));
    }

    return found;
}

function at(document, path) {
    for (const name of path) {
        if (document === null || typeof document !== "object") {
            return undefined;
        }

        document = document[name];
    }

    return document;
}

// user[email] is user.email of a parser that nests

function field(q, body) {
    if (!body || typeof body !== "object") {
        return undefined;
    }

    if (q.k === "json") {
        return at(body, q.f);
    }

    const flat = body[q.f];
    const nested = q.f.includes("[")
        ? at(body, q.f.replaceAll("]", "").split("[")) : undefined;

    return [flat, nested];
}

function headers(q) {
    const all = {};

    for (const [name, value] of q.h) {
        const key = name.toLowerCase();
        all[key] = key in all ? all[key] + ", " + value : value;
    }

    return all;
}

async function injected(handler, q) {
    const answer = await inject(handler, {method: q.m, url: q.t,
        headers: headers(q), payload: q.m === "GET" ? undefined : q.body});
    return answer;
}

// a handler (request, response) that ends with JSON of the body

function app(kinds, name, handler) {
    add(kinds, name, async q => {
        const answer = await injected(handler, q);

        if (answer.statusCode !== 200) {
            throw new Error(answer.statusCode + " "
                            + answer.payload.slice(0, 100));
        }

        const got = JSON.parse(answer.payload || "null");

        return {body: field(q, got && got.body),
                query: field(q, got && got.query)};
    });
}

function connect(...middleware) {
    const a = express();

    middleware.forEach(m => a.use(m));
    a.use((req, res) => res.json({body: req.body, query: req.query}));
    a.use((err, req, res, next) => res.status(400).json(String(err)));

    return a;
}

app(["form"], "express.urlencoded-extended",
    connect(bodyParser.urlencoded({extended: true})));
app(["form"], "express.urlencoded-simple",
    connect(bodyParser.urlencoded({extended: false})));
app(["form"], "express4.urlencoded",
    connect(express.urlencoded({extended: true})));
app(["json"], "express.json", connect(bodyParser.json()));
app(["json"], "express.json-lax",
    connect(bodyParser.json({strict: false, type: () => true})));
app(["multipart"], "multer", connect(multer().any()));
app(["arg"], "express.query", connect());

function events(kinds, name, make) {
    add(kinds, name, q => new Promise((done, failed) => {
        const values = [];
        const parser = make(headers(q));

        parser.on("field", (key, value) => {
            if (key === q.f) {
                values.push(value);
            }
        });
        parser.on("file", (key, stream) => stream.resume());
        parser.on("error", failed);
        parser.on("finish", () => done({field: values}));
        parser.on("close", () => done({field: values}));
        Readable.from([q.body]).pipe(parser);
    }));
}

events(["form", "multipart"], "busboy", h => Busboy({headers: h}));
events(["form", "multipart"], "fastify-busboy",
       h => new FastifyBusboy({headers: h}));

function http(name, kinds, parse) {
    app(kinds, name, (req, res) => parse(req).then(body => {
        res.end(JSON.stringify({body}));
    }, error => {
        res.statusCode = 400;
        res.end(String(error));
    }));
}

http("formidable", ["form", "multipart", "json"],
     req => formidable({}).parse(req).then(([fields]) => fields));
http("formidable1", ["form", "multipart", "json"],
     req => new Promise((done, failed) => new formidable1.IncomingForm()
         .parse(req, (e, fields) => e ? failed(e) : done(fields))));
http("formidable1.multiples", ["form", "multipart"],
     req => new Promise((done, failed) => {
         const found = {};
         const form = new formidable1.IncomingForm();
         form.on("field", (k, v) => (found[k] ||= []).push(v));
         form.parse(req, e => e ? failed(e) : done(found));
     }));
http("multiparty", ["multipart"], req => new Promise((done, failed) =>
    new multiparty.Form().parse(req, (e, fields) =>
        e ? failed(e) : done(fields))));

function koa(name, kinds, middleware) {
    const a = new Koa();

    a.silent = true;
    a.use(middleware);
    a.use(ctx => {
        ctx.body = {body: ctx.request.body, query: ctx.query};
    });
    app(kinds, name, a.callback());
}

koa("koa-body", ["form", "multipart", "json", "arg"],
    koaBody({multipart: true}));
koa("koa-bodyparser", ["form", "json"], koaBodyparser());

const fastify = Fastify();
fastify.register(formbody);
fastify.register(fastifyMultipart, {attachFieldsToBody: "keyValues"});
fastify.all("*", async req => ({body: req.body, query: req.query}));
await fastify.ready();

add(["form", "multipart", "json", "arg"], "fastify", async q => {
    const answer = await fastify.inject({method: q.m, url: q.t,
        headers: headers(q), payload: q.m === "GET" ? undefined : q.body});

    if (answer.statusCode !== 200) {
        throw new Error(answer.payload);
    }

    const got = JSON.parse(answer.payload);

    return {body: field(q, got.body),
            query: q.k === "arg" ? field(q, got.query) : undefined};
});

const hapi = Hapi.server();
hapi.route({method: ["POST", "PUT"], path: "/{p*}", options: {
    payload: {multipart: {output: "data"}}},
    handler: req => ({body: req.payload})});

add(["form", "multipart", "json"], "hapi", async q => {
    const answer = await hapi.inject({method: q.m, url: q.t,
        headers: headers(q), payload: q.body});

    if (answer.statusCode !== 200) {
        throw new Error(answer.payload);
    }

    return {body: field(q, JSON.parse(answer.payload).body)};
});

// those that take the requests of fetch()

function fetched(q) {
    const list = q.h.filter(([n]) => /^[!#-'*+.^-z|~\w-]+$/.test(n));

    return new Request("http://localhost" + q.t, {method: q.m, headers: list,
        body: q.m === "GET" ? undefined : q.body});
}

const hono = new Hono();
hono.all("*", async c => c.json(await honoReads(c)));

async function honoReads(c) {
    const q = c.env.q;

    if (q.k === "arg") {
        return {query: c.req.query(q.f), queries: c.req.queries(q.f)};
    }

    return q.k === "json" ? {json: at(await c.req.json(), q.f)}
        : {parseBody: field(q, await c.req.parseBody({all: true})),
           dot: field(q, await c.req.parseBody({dot: true}))};
}

add(["form", "multipart", "json", "arg"], "hono", async q => {
    const answer = await hono.fetch(fetched(q), {q});
    return await answer.json();
});

add(["form", "multipart", "json", "arg"], "h3", async q => {
    const app = new h3.H3();
    app.all("/**", async event => q.k === "arg"
        ? {getQuery: field(q, h3.getQuery(event))}
        : {readBody: field(q, await h3.readBody(event))});

    const answer = await app.fetch(fetched(q));
    return answer.ok ? await answer.json() : {};
});

const h3app = h3v1.createApp();
h3app.use("/", h3v1.eventHandler(async event => {
    const kind = event.headers.get("x-compare");
    const parts = kind === "multipart"
        ? (await h3v1.readMultipartFormData(event) || [])
            .filter(p => p.filename === undefined)
            .map(p => [p.name, p.data.toString()]) : [];
    const body = {};

    for (const [name, value] of parts) {
        (body[name] ||= []).push(value);
    }

    return {body: kind === "multipart" ? body : kind === "arg" ? undefined
                : await h3v1.readBody(event),
            query: kind === "arg" ? h3v1.getQuery(event) : undefined};
}));

for (const kind of ["form", "multipart", "json", "arg"]) {
    app([kind], "h3v1", (req, res) => {
        req.headers["x-compare"] = kind;
        return h3v1.toNodeListener(h3app)(req, res);
    });
}

add(["multipart"], "remix-run", async q => {
    const found = [];

    for await (const part of parseMultipartRequest(fetched(q))) {
        if (part.name === q.f && part.filename === undefined) {
            found.push(part.text);
        }
    }

    return {parts: found};
});

add(["multipart"], "web3-storage", async q => {
    const found = [];
    const request = fetched(q);
    const [, boundary] = (request.headers.get("content-type") || "")
        .split(/\s*;\s*boundary=/);

    for await (const part of streamMultipart(request.body, boundary)) {
        if (part.done) {
            break;
        }

        if (part.name === q.f && !part.filename) {
            const data = [];

            for await (const chunk of part.data) {
                data.push(chunk);
            }

            found.push(Buffer.concat(data).toString());
        }
    }

    return {parts: found};
});

add(["form", "multipart"], "formData", async q => {
    const type = headers(q)["content-type"];
    const form = await new Response(q.body,
        {headers: {"content-type": type}}).formData();

    return {formData: form.getAll(q.f).filter(v => typeof v === "string")};
});

add(["form"], "URLSearchParams", async q =>
    ({all: new URLSearchParams(q.body.toString()).getAll(q.f)}));
add(["form"], "querystring", async q =>
    ({parse: querystring.parse(q.body.toString())[q.f]}));
add(["form"], "qs", async q =>
    ({parse: field(q, qs.parse(q.body.toString()))}));
add(["arg"], "URL", async q =>
    ({all: new URL(q.t, "http://x/").searchParams.getAll(q.f)}));
add(["json"], "JSON.parse", async q =>
    ({parse: at(JSON.parse(q.body.toString()), q.f)}));
add(["json"], "Response.json", async q =>
    ({json: at(await new Response(q.body).json(), q.f)}));

add(["multipart"], "parse-multipart-data", async q => {
    const boundary = parseMultipart.getBoundary(headers(q)["content-type"]);

    return {parse: parseMultipart.parse(q.body, boundary)
        .filter(p => p.name === q.f && !p.filename).map(p => p.data)};
});

// one that waits for what never comes; not one that has no CPU time to go on

function limited(promise) {
    const began = performance.eventLoopUtilization().idle;
    let timer;

    return Promise.race([promise, new Promise((done, failed) => {
        const look = () => {
            if (performance.eventLoopUtilization().idle - began >= 300) {
                failed(new Error("timeout"));
            } else {
                timer = setTimeout(look, 100);
            }
        };

        timer = setTimeout(look, 300);
    })]).finally(() => clearTimeout(timer));
}

process.on("uncaughtException", () => {});
process.on("unhandledRejection", () => {});

async function told(line) {
    const q = JSON.parse(line);
    const answer = {};
    const errors = {};

    q.body = Buffer.from(q.b, "base64");

    await Promise.all(parsers[q.k].map(async ([name, parse]) => {
        try {
            const got = await limited(parse(q));

            for (const [accessor, values] of Object.entries(got)) {
                const found = leaves(values);

                if (found.length) {
                    answer[name + "." + accessor] = found;
                }
            }
        } catch (error) {
            errors[name] = String(error).slice(0, 200);
        }
    }));

    if (process.env.COMPARE_ERRORS) {
        answer.errors = Object.entries(errors);
    }

    return JSON.stringify(answer) + "\n";
}

// several at a time, as some wait for timers; answered in order

let last = Promise.resolve();
let running = 0;

for await (const line of readline.createInterface({input: process.stdin})) {
    const answer = told(line);

    running++;
    last = last.then(() => answer).then(text => {
        process.stdout.write(text);
        running--;
    });

    if (running >= 32) {
        await last;
    }
}

await last;
process.exit(0);
