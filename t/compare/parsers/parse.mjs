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

function limited(promise) {
    let timer;

    return Promise.race([promise, new Promise((done, failed) => {
        timer = setTimeout(failed, 300, new Error("timeout"));
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
