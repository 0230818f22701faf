#!/usr/bin/env python3
"""Reads requests, one a line in JSON, and tells what each of Python's parsers
makes of one field: see t/compare/README.md."""

import asyncio
import base64
import io
import json
import logging
import os
import re
import sys
import urllib.parse
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import aiohttp.streams
import aiohttp.test_utils
import blacksheep
import bottle
import cherrypy
import cherrypy.lib.httputil
import django
import django.conf
import falcon
import flask
import litestar
import msgspec
import multipart
import orjson
import quart
import sanic.request.form
import simplejson
import starlette.requests
import streaming_form_data
import streaming_form_data.targets
import tornado.httputil
import twisted.web.http
import twisted.web.test.requesthelper
import ujson
import web
import webob
from email.parser import BytesParser
from requests_toolbelt.multipart import decoder

django.conf.settings.configure(
    DEFAULT_CHARSET="utf-8", ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=[], REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None})
django.setup()

from django.core.handlers.wsgi import WSGIRequest
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request as RestRequest

try:
    with warnings.catch_warnings():
        import cgi
except ImportError:
    cgi = None

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)


class Req:
    def __init__(self, frame):
        self.method = frame["m"]
        self.target = frame["t"]
        self.headers = frame["h"]
        self.body = base64.b64decode(frame["b"])
        self.kind = frame["k"]
        self.field = frame["f"]
        self.path, _, self.query = self.target.partition("?")
        self.type = next((v for n, v in self.headers
                          if n.lower() == "content-type"), "")

    def environ(self):
        env = {
            "REQUEST_METHOD": self.method, "SCRIPT_NAME": "",
            "PATH_INFO": self.path, "QUERY_STRING": self.query,
            "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.0", "HTTP_HOST": "localhost",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body), "wsgi.errors": sys.stderr,
            "wsgi.multithread": False, "wsgi.multiprocess": False,
            "wsgi.run_once": False, "CONTENT_LENGTH": str(len(self.body)),
        }

        for name, value in self.headers:
            key = name.upper().replace("-", "_")

            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = "HTTP_" + key

            env[key] = env[key] + "," + value if key in env else value

        return env


def leaves(value):
    if value is None:
        return

    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "surrogateescape")
    elif isinstance(value, dict):
        for v in value.values():
            yield from leaves(v)
    elif isinstance(value, (list, tuple)):
        for v in value:
            yield from leaves(v)
    elif hasattr(value, "file") or hasattr(value, "filename"):
        return
    else:
        yield str(value)


def at(document, path):
    for name in path:
        if isinstance(document, list):
            document = document[int(name)]
        elif isinstance(document, dict):
            document = document.get(name)
        else:
            return None

    return document


parsers = {}


def parser(*kinds):
    def add(function):
        for kind in kinds:
            parsers.setdefault(kind, []).append(function)
        return function
    return add


BODY = ("form", "multipart")


@parser("form", "multipart", "arg")
def flask_(q):
    r = flask.Request(q.environ())
    yield "args", r.args.getlist(q.field)

    if q.kind != "arg":
        yield "form", r.form.getlist(q.field)

    yield "values", r.values.getlist(q.field)


@parser("form", "multipart", "arg")
def django_(q):
    r = WSGIRequest(q.environ())

    if q.kind == "arg":
        yield "GET", r.GET.getlist(q.field)
    else:
        yield "POST", r.POST.getlist(q.field)


@parser("form", "multipart", "json")
def rest(q):
    r = RestRequest(WSGIRequest(q.environ()),
                    parsers=[FormParser(), JSONParser(), MultiPartParser()])
    data = r.data

    if hasattr(data, "getlist"):
        yield "data", data.getlist(q.field)
    elif q.kind == "json":
        yield "data", at(data, q.field)


def asgi(q):
    sent = False

    async def receive():
        nonlocal sent

        if sent:
            return {"type": "http.disconnect"}

        sent = True
        return {"type": "http.request", "body": q.body}

    return {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
            "scheme": "http", "method": q.method, "path": q.path,
            "raw_path": q.path.encode(), "root_path": "",
            "query_string": q.query.encode("latin-1"), "extensions": {},
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
            "headers": [(n.lower().encode("latin-1"), v.encode("latin-1"))
                        for n, v in q.headers]}, receive


def answered(app, q):
    """What an application of ASGI answers, JSON."""

    scope, receive = asgi(q)
    scope["q"] = q
    scope["headers"].append((b"content-length", b"%d" % len(q.body)))
    body = b""

    async def send(message):
        nonlocal body
        body += message.get("body", b"")

    loop.run_until_complete(asyncio.wait_for(app(scope, receive, send), 10))

    answer = json.loads(body)

    return answer.items() if "status_code" not in answer else ()


@parser("form", "multipart", "json", "arg")
def starlette_(q):
    r = starlette.requests.Request(*asgi(q))

    if q.kind == "arg":
        yield "query", r.query_params.getlist(q.field)
    elif q.kind == "json":
        yield "json", at(loop.run_until_complete(r.json()), q.field)
    else:
        yield "form", loop.run_until_complete(r.form()).getlist(q.field)


def texts(values):
    return [v for v in values if isinstance(v, str)]


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@litestar.route("/signup", http_method=METHODS)
async def litestar_handler(request: litestar.Request) -> dict:
    q = request.scope["q"]

    if q.kind == "arg":
        return {"query": request.query_params.getall(q.field, [])}

    return {"form": texts((await request.form()).getall(q.field, []))}


litestar_app = litestar.Litestar([litestar_handler], openapi_config=None)


@parser("form", "multipart", "arg")
def litestar_(q):
    yield from answered(litestar_app, q)


quart_app = quart.Quart("x")


@quart_app.route("/signup", methods=METHODS)
async def quart_handler():
    q = quart.request.scope["q"]

    if q.kind == "arg":
        return {"args": quart.request.args.getlist(q.field)}

    return {"form": (await quart.request.form).getlist(q.field)}


@parser("form", "multipart", "arg")
def quart_(q):
    yield from answered(quart_app, q)


blacksheep_app = blacksheep.Application()


@blacksheep_app.router.route("/signup", methods=METHODS)
async def blacksheep_handler(request: blacksheep.Request):
    q = request.scope["q"]

    if q.kind == "arg":
        return blacksheep.json({"query": request.query.get(q.field, [])})

    found = (await request.form() or {}).get(q.field, [])

    return blacksheep.json({"form": texts(
        found if isinstance(found, list) else [found])})


loop.run_until_complete(blacksheep_app.start())


@parser("form", "multipart", "arg")
def blacksheep_(q):
    yield from answered(blacksheep_app, q)


class Twisted(twisted.web.http.Request):
    def process(self):
        pass


@parser("form", "multipart", "arg")
def twisted_(q):
    r = Twisted(twisted.web.test.requesthelper.DummyChannel(), False)

    for name, value in q.headers:
        r.requestHeaders.addRawHeader(name.encode("latin-1"),
                                      value.encode("latin-1"))

    r.requestHeaders.addRawHeader(b"content-length", b"%d" % len(q.body))
    r.gotLength(len(q.body))
    r.handleContentChunk(q.body)
    r.requestReceived(q.method.encode(), q.target.encode("latin-1"),
                      b"HTTP/1.1")

    yield "args", r.args.get(q.field.encode(), [])


@parser("multipart")
def streaming(q):
    target = streaming_form_data.targets.ValueTarget()
    p = streaming_form_data.StreamingFormDataParser(
        headers={"Content-Type": q.type})
    p.register(q.field, target)
    p.data_received(q.body)

    if target.multipart_filename is None:
        yield "value", target.value


@parser("form", "multipart", "arg")
def tornado_(q):
    r = tornado.httputil.HTTPServerRequest(
        method=q.method, uri=q.target, version="HTTP/1.0",
        headers=tornado.httputil.HTTPHeaders(
            {n: v for n, v in q.headers}), body=q.body,
        connection=type("C", (), {"context": None})())

    r._parse_body()

    yield "arguments", r.arguments.get(q.field, [])


@parser("form", "multipart", "json", "arg")
def bottle_(q):
    r = bottle.BaseRequest(q.environ())

    if q.kind == "arg":
        yield "query", r.query.getall(q.field)
        yield "params", r.params.getall(q.field)
    elif q.kind == "json":
        yield "json", at(r.json, q.field)
    else:
        yield "forms", r.forms.getall(q.field)
        yield "params", r.params.getall(q.field)


@parser("form", "multipart")
def aiohttp_(q):
    class Protocol:
        _reading_paused = False

        def pause_reading(self, *args, **options):
            pass

        def resume_reading(self, *args, **options):
            pass

    async def post():
        payload = aiohttp.streams.StreamReader(Protocol(), 2 ** 20, loop=loop)
        payload.feed_data(q.body)
        payload.feed_eof()
        r = aiohttp.test_utils.make_mocked_request(
            q.method, q.target, headers={n: v for n, v in q.headers},
            payload=payload, loop=loop)
        return await r.post()

    yield "post", loop.run_until_complete(post()).getall(q.field, [])


@parser("form", "multipart", "json", "arg")
def falcon_(q):
    r = falcon.Request(q.environ())

    if q.kind == "arg":
        yield "param", r.get_param_as_list(q.field) or r.get_param(q.field)
        return

    r.options.media_handlers["multipart/form-data"] = (
        falcon.media.MultipartFormHandler())
    media = r.get_media()

    if q.kind == "multipart":
        yield "media", [part.get_text() for part in media
                        if part.name == q.field]
    elif q.kind == "json":
        yield "media", at(media, q.field)
    else:
        yield "media", media.get(q.field)


@parser("form", "multipart", "arg")
def webob_(q):
    r = webob.Request(q.environ())
    yield "GET", r.GET.getall(q.field) if q.kind == "arg" else []

    if q.kind != "arg":
        yield "POST", r.POST.getall(q.field)

    yield "params", r.params.getall(q.field)


@parser("form", "multipart")
def cherrypy_(q):
    headers = cherrypy.lib.httputil.HeaderMap()

    for name, value in q.headers:
        headers[name] = value

    headers["Content-Length"] = str(len(q.body))
    params = {}
    body = cherrypy._cpreqbody.RequestBody(io.BytesIO(q.body), headers,
                                           params)
    cherrypy.serving.request.headers = headers
    body.process()
    yield "params", body.params.get(q.field)
    yield "request", params.get(q.field)


@parser("form", "multipart", "arg")
def webpy(q):
    web.ctx.env = q.environ()
    web.ctx.method = q.method
    web.ctx.pop("data", None)
    web.ctx.pop("_fieldstorage", None)
    yield "input", web.input(**{q.field: []}).get(q.field)


@parser("form", "multipart")
def multipart_(q):
    form, _ = multipart.parse_form_data(q.environ(), strict=False)
    yield "form", form.getall(q.field)


@parser("form", "multipart")
def multipart_strict(q):
    form, _ = multipart.parse_form_data(q.environ(), strict=True)
    yield "form", form.getall(q.field)


@parser("multipart")
def sanic_(q):
    boundary = None
    _, options = sanic.headers.parse_content_header(q.type)
    boundary = options.get("boundary").encode("utf-8")
    form, _ = sanic.request.form.parse_multipart_form(q.body, boundary)
    yield "form", form.getlist(q.field)


@parser("multipart")
def toolbelt(q):
    for part in decoder.MultipartDecoder(q.body, q.type).parts:
        disposition = part.headers.get(b"Content-Disposition", b"")

        if re.search(rb'\bname=(?:"%s"|%s(?:;|$))'
                     % ((re.escape(q.field.encode()),) * 2), disposition):
            yield "parts", [part.content]


@parser("multipart")
def email_(q):
    message = BytesParser().parsebytes(
        b"Content-Type: " + q.type.encode("latin-1") + b"\r\n\r\n" + q.body)

    if message.is_multipart():
        for part in message.get_payload():
            name = part.get_param("name", header="content-disposition")

            if name == q.field:
                yield "parts", [part.get_payload(decode=True)]


if cgi:
    @parser("form", "multipart", "arg")
    def cgi_(q):
        env = q.environ()
        form = cgi.FieldStorage(fp=env["wsgi.input"], environ=env,
                                keep_blank_values=True)
        yield "getlist", form.getlist(q.field)


@parser("form")
def parse_qs(q):
    yield "parse_qs", urllib.parse.parse_qs(
        q.body.decode("utf-8", "surrogateescape")).get(q.field)


@parser("arg")
def parse_qs_(q):
    yield "parse_qs", urllib.parse.parse_qs(q.query).get(q.field)


@parser("json")
def json_(q):
    yield "json", at(json.loads(q.body), q.field)


@parser("json")
def flask_json(q):
    yield "json", at(flask.Request(q.environ()).get_json(silent=True),
                     q.field)


@parser("json")
def simplejson_(q):
    yield "simplejson", at(simplejson.loads(q.body), q.field)


@parser("json")
def orjson_(q):
    yield "orjson", at(orjson.loads(q.body), q.field)


@parser("json")
def ujson_(q):
    yield "ujson", at(ujson.loads(q.body), q.field)


@parser("json")
def msgspec_(q):
    yield "msgspec", at(msgspec.json.decode(q.body), q.field)


@parser("header")
def wsgi(q):
    yield "environ", q.environ().get(
        "HTTP_" + q.field.upper().replace("-", "_"))


def told(q):
    answer = {}
    errors = {}

    for function in parsers.get(q.kind, []):
        name = "python." + function.__name__.rstrip("_")

        try:
            for accessor, values in function(q):
                values = list(leaves(values))

                if values:
                    answer.setdefault(name + "." + accessor, []).extend(
                        values)
        except (Exception, SystemExit) as error:
            errors[name] = f"{type(error).__name__}: {error}"[:200]

    if os.environ.get("COMPARE_ERRORS"):
        answer["errors"] = list(errors.items())

    return answer


real = os.dup(1)
os.dup2(2, 1)
out = os.fdopen(real, "w")

for line in sys.stdin:
    answer = told(Req(json.loads(line)))
    out.write(json.dumps(answer) + "\n")
    out.flush()
