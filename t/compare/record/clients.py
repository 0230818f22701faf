#!/usr/bin/env python3
"""clients.py URL: requests, httpx, aiohttp, urllib3, urllib, pycurl."""

import asyncio
import io
import json
import sys
import urllib.parse
import urllib.request

import aiohttp
import httpx
import pycurl
import requests
import urllib3
from requests_toolbelt import MultipartEncoder

url = sys.argv[1] + "/python-"

fields = {
    "name": "Zo\u00eb O'Neil & S\u00f6hne",
    "email": "jane.doe+news@example.com",
    "message": "two lines;\r\na=b & 100% \"quoted\" \U0001f4a1",
}

png = b"\x89PNG\r\n\x1a\n\r\n--x\x00\xff"
name = "photo \"1\" \u00e9.png"


def files():
    return {"avatar": (name, io.BytesIO(png), "image/png")}


requests.post(url + "requests-form", data=fields)
requests.post(url + "requests-files", data=fields, files=files())
requests.post(url + "requests-multipart",
              files={k: (None, v) for k, v in fields.items()})
requests.post(url + "requests-json", json=fields)

encoder = MultipartEncoder(dict(fields, **{"avatar": (name, png,
                                                      "image/png")}))
requests.post(url + "toolbelt-multipart", data=encoder,
              headers={"Content-Type": encoder.content_type})

requests.get(url + "requests-get", params=fields,
             headers={"X-Email": fields["email"]})
httpx.get(url + "httpx-get", params=fields,
          headers={"X-Email": fields["email"]})

httpx.post(url + "httpx-form", data=fields)
httpx.post(url + "httpx-files", data=fields, files=files())
httpx.post(url + "httpx-json", json=fields)

http = urllib3.PoolManager()
http.request("POST", url + "urllib3-fields", fields=fields)
http.request("POST", url + "urllib3-files",
             fields=dict(fields, avatar=(name, png, "image/png")))
http.request("POST", url + "urllib3-form", fields=fields,
             encode_multipart=False)
http.request("POST", url + "urllib3-json", json=fields)

urllib.request.urlopen(url + "urllib-form",
                       urllib.parse.urlencode(fields).encode())
urllib.request.urlopen(urllib.request.Request(
    url + "urllib-json", json.dumps(fields).encode(),
    {"Content-Type": "application/json"}))


curl = pycurl.Curl()
curl.setopt(curl.URL, url + "pycurl-multipart")
curl.setopt(curl.HTTPPOST,
            [(k, v.encode()) for k, v in fields.items()]
            + [("avatar", (pycurl.FORM_BUFFER, name.encode(),
                           pycurl.FORM_BUFFERPTR, png))])
curl.setopt(curl.WRITEFUNCTION, lambda x: None)
curl.perform()
curl.close()


async def aio():
    async with aiohttp.ClientSession() as session:
        await session.post(url + "aiohttp-form", data=fields)
        await session.post(url + "aiohttp-json", json=fields)

        data = aiohttp.FormData(fields)
        data.add_field("avatar", io.BytesIO(png), filename=name,
                       content_type="image/png")
        await session.post(url + "aiohttp-formdata", data=data)

        data = aiohttp.FormData(fields, default_to_multipart=True)
        await session.post(url + "aiohttp-multipart", data=data)

    async with httpx.AsyncClient() as client:
        await client.post(url + "httpx-async-files", data=fields,
                          files=files())


asyncio.run(aio())
