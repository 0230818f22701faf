// clients.mjs URL: node's own http and fetch, and libraries of npm

import http from "node:http";
import querystring from "node:querystring";
import axios from "axios";
import FormData2 from "form-data";
import got from "got";
import needle from "needle";
import nodeFetch from "node-fetch";
import request from "request";
import superagent from "superagent";
import ky from "ky";
import * as undici from "undici";

const url = process.argv[2] + "/node-";

const fields = {
    name: "Zo\u00eb O'Neil & S\u00f6hne",
    email: "jane.doe+news@example.com",
    message: "two lines;\r\na=b & 100% \"quoted\" \u{1f4a1}",
};

const png = Buffer.from("89504e470d0a1a0a0d0a2d2d7800ff", "hex");
const filename = "photo \"1\" \u00e9.png";

function post(kind, type, body) {
    return new Promise((done, failed) => {
        const sent = http.request(url + kind, {method: "POST",
            headers: type ? {"Content-Type": type} : {}}, answer => {
            answer.resume();
            answer.on("end", done);
        });

        sent.on("error", failed);
        sent.end(body);
    });
}

function formData(Kind, blob) {
    const data = new Kind();

    for (const [name, value] of Object.entries(fields)) {
        data.append(name, value);
    }

    if (blob) {
        data.append("avatar", new Blob([png], {type: "image/png"}), filename);
    }

    return data;
}

function formData2() {
    const data = formData(FormData2);
    data.append("avatar", png, {filename, contentType: "image/png"});
    return data;
}

const form = "application/x-www-form-urlencoded";

await post("http-form", form, querystring.stringify(fields));
await post("http-json", "application/json", JSON.stringify(fields));

await fetch(url + "fetch-formdata",
            {method: "POST", body: formData(FormData, true)});
await fetch(url + "fetch-urlsearchparams",
            {method: "POST", body: new URLSearchParams(fields)});
await fetch(url + "fetch-json", {method: "POST", body: JSON.stringify(fields),
            headers: {"content-type": "application/json"}});

await undici.request(url + "undici-formdata",
                     {method: "POST", body: formData(undici.FormData, true)});
await undici.fetch(url + "undici-fetch-formdata",
                   {method: "POST", body: formData(undici.FormData)});

await axios.get(url + "axios-get", {params: fields,
                headers: {"X-Email": fields.email}});
await superagent.get(url + "superagent-get").query(fields)
    .set("X-Email", fields.email);
await axios.post(url + "axios-json", fields);
await axios.post(url + "axios-form", new URLSearchParams(fields));
await axios.postForm(url + "axios-postform", fields);
await axios.post(url + "axios-form-data", formData2());
await axios.post(url + "axios-urlencoded", fields,
                 {headers: {"Content-Type": form}});

await new Promise((done, failed) => formData2().submit(
    url + "form-data-submit", (error, answer) => {
    if (error) {
        failed(error);
        return;
    }

    answer.resume();
    answer.on("end", done);
}));

await got.post(url + "got-form", {form: fields});
await got.post(url + "got-json", {json: fields});
await got.post(url + "got-multipart", {body: formData2()});

await superagent.post(url + "superagent-json").send(fields);
await superagent.post(url + "superagent-form").type("form").send(fields);
await superagent.post(url + "superagent-attach").field(fields)
    .attach("avatar", png, {filename, contentType: "image/png"});

await nodeFetch(url + "node-fetch-form-data",
                {method: "POST", body: formData2()});
await nodeFetch(url + "node-fetch-form",
                {method: "POST", body: new URLSearchParams(fields)});

await ky.post(url + "ky-json", {json: fields}).text();

await needle("post", url + "needle-form", fields);
await needle("post", url + "needle-json", fields, {json: true});
await needle("post", url + "needle-multipart", {...fields,
    avatar: {buffer: png, filename, content_type: "image/png"}},
    {multipart: true});

// "request" writes a quotation mark as it is, which nobody can read

await new Promise(done => request.post({url: url + "request-form",
                                        form: fields}, done));
await new Promise(done => request.post({url: url + "request-formdata",
    formData: {...fields, avatar: {value: png,
               options: {filename: "photo \u00e9.png",
                         contentType: "image/png"}}}}, done));
