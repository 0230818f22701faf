"""A check for schemathesis: it knows no JSON lines, and takes the job in the
data of an event for a string.  Each line, and each event with its job, has to
be as docs/openapi.json says, by the validator of t/tools/openapi."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import urllib.parse

import schemathesis

loader = importlib.machinery.SourceFileLoader(
    "openapi", os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            "openapi"))
openapi = importlib.util.module_from_spec(
    importlib.util.spec_from_loader("openapi", loader))
loader.exec_module(openapi)

BY_LINES = ("application/x-ndjson", "text/event-stream")


@schemathesis.check
def lines_conformance(ctx, response, case):
    headers = {name: values[0] for name, values in response.headers.items()}
    media = {k.lower(): v for k, v in headers.items()}.get("content-type", "")

    if not media.startswith(BY_LINES):
        return

    wrong = io.StringIO()

    with contextlib.redirect_stdout(wrong):
        openapi.check({
            "method": case.method.upper(), "status": response.status_code,
            "path": urllib.parse.urlsplit(response.request.url).path,
            "headers": headers, "body": response.content.decode()})

    assert not wrong.getvalue(), wrong.getvalue()
