"""Requests to begin with: those of real clients, and the nasty ones, of which
each kind was once read by a parser in another way than by the gate."""

import glob
import os
import re
import urllib.parse

from gate import Case

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = re.compile(rb"(?i)jane\.doe(?:\+|%2B)news(@|%40)example\.com")
GOOD = b"good@good.test"
EVIL = b"evil@bad.test"
FORM = b"application/x-www-form-urlencoded"
JSON = b"application/json"
TYPE = b"Content-Type"


def unchunked(rest):
    body = b""

    while True:
        size, _, rest = rest.partition(b"\r\n")
        n = int(size, 16)

        if n == 0:
            return body

        body += rest[:n]
        rest = rest[n + 2:]


def client(path):
    """A recorded request, asked for good@good.test."""

    with open(path, "rb") as file:
        head, _, body = file.read().partition(b"\r\n\r\n")

    lines = head.split(b"\r\n")
    method, target, _ = lines[0].split(b" ", 2)
    headers = [tuple(line.split(b": ", 1)) for line in lines[1:]]

    if any(n.lower() == b"transfer-encoding" for n, _ in headers):
        body = unchunked(body)

    headers = [(n, v) for n, v in headers if n.lower() in
               (b"content-type", b"x-email", b"accept", b"user-agent")]
    type_ = dict((n.lower(), v) for n, v in headers).get(b"content-type",
                                                         b"")
    kind, field = ("arg", "email")

    if method == b"POST":
        kind, field = (("multipart", "email")
                       if type_.startswith(b"multipart/") else
                       ("json", ["email"])
                       if type_.startswith(b"application/json")
                       else ("form", "email"))

    query = target.partition(b"?")[2]

    # in a part, of the value

    body = body.replace(b"Content-Length: 25\r\n", b"Content-Length: 14\r\n")
    body = CLIENT.sub(lambda m: GOOD.replace(b"@", m.group(1)), body)
    query = CLIENT.sub(lambda m: GOOD.replace(b"@", m.group(1)), query)
    headers = [(n, CLIENT.sub(GOOD, v)) for n, v in headers]

    return Case(kind, field, body, headers, query, method.decode(),
                os.path.basename(path))


def clients():
    return [client(p) for p in sorted(glob.glob(HERE + "/clients/*.http"))]


def form(body, type_=FORM, field="email", **more):
    return Case("form", field, body, [(TYPE, type_)], **more)


def json(body, type_=JSON, field=None, **more):
    return Case("json", field or ["email"], body, [(TYPE, type_)], **more)


def multipart(body, type_=b"multipart/form-data; boundary=B", field="email",
              **more):
    return Case("multipart", field, body, [(TYPE, type_)], **more)


def part(value, disposition=b'form-data; name="email"', delimiter=b"--B\r\n",
         more=b"", end=b"\r\n"):
    return (delimiter + b"Content-Disposition: " + disposition + b"\r\n"
            + more + b"\r\n" + value + end)


G = part(GOOD)
E = part(EVIL)
END = b"--B--\r\n"


def delimiters():
    for before in (b"zzz\n", b"zzz\r", b"zzz", b"\n", b"\r", b"\r\r\n",
                   b"\n\n", b" \r\n ", b"x\r\n-", b"\x00\r\n", b"\x0b",
                   b"\x0c\n", b"\xc2\x85"):
        yield multipart(G + part(b"", b'form-data; name="x"', end=before)
                        + E + END)
        yield multipart(G[:-2] + before + E + END)
        yield multipart(before + E + G + END)

    for line in (b"--B \r\n", b"--B\t\r\n", b"--B\n", b"--B\r", b"--B",
                 b"--Bx\r\n", b"--B-\r\n", b"--B--x\r\n", b"--B---\r\n",
                 b"--B-- \r\n", b"-B\r\n", b"---B\r\n", b"--b\r\n",
                 b"--B\r\r\n", b"--B\x00\r\n", b"B\r\n", b"--B;\r\n",
                 b"--B\r\n\r\n", b"--B\x0b\r\n", b"--B  \t \r\n"):
        yield multipart(G + E.replace(b"--B\r\n", line) + END)
        yield multipart(line + E[5:] + G + END)
        yield multipart(G + line + E[5:] + END)
        yield multipart(E.replace(b"--B\r\n", line) + G + END)


def boundaries():
    """The boundary in other places than in delimiters, and boundaries that
    are a part of what is around them."""

    for before in (b"z", b"", b"-", b"z-", b"z--", b"\n", b"\r\n", b"z\r\n",
                   b"z\n-", b"\0", b" ", b"zB", b"z\r\n-B"):
        hidden = part(before + b"B\r\n" + E[5:-2], b'form-data; name="x"')
        file = part(before + b"B\r\n" + E[5:-2],
                    b'form-data; name="x"; filename="y"')

        for body in (hidden + G, G + hidden, file + G, G + file, hidden, file):
            yield multipart(body + END)

        for name in (b"B", b"xBx"):
            yield multipart(part(b"x", b'form-data; name="' + name + b'"') + G
                            + END)
            yield multipart(part(b"x", b'form-data; name="x"; filename="'
                                 + name + b'"') + G + END)
            yield multipart(part(b"x", b'form-data; name="x"', more=b"X: "
                                 + name + b"\r\n") + G + END)

    for b in (b"-", b"--", b"---", b"-B", b"B-", b"--B", b"B--", b"-B-", b"BB",
              b"B-B", b"B--B", b"form-data", b"name", b"email", b"\"B\"",
              b"r", b"good", b"@", b"a@b", b"0", b":", b"Content"):
        for body in (G + END, G + E.replace(b'"email"', b'"x"') + END,
                     G + E + END):
            yield multipart(body.replace(b"--B", b"--" + b.strip(b'"')),
                            b"multipart/form-data; boundary=" + b)


    # bytes within it that some parser leaves out

    for b in (b"A\rB", b"A\nB", b"A\r\nB", b"A\n\rB", b"A\0B", b"A\tB",
              b"A B", b"A\x7fB", b"A\xadB", b"A\xc2\xadB", b"\xc1B",
              b"A\xef\xbb\xbfB", b"A=\r\nB", b"A\\B", b"AA\nB", b"\nAB"):
        hidden = part(b"z\r\n--" + b + E[3:-2], b'form-data; name="x"')

        for body in (hidden + G, G + hidden, hidden):
            yield multipart((body + END).replace(b"--B\r\n", b"--AB\r\n")
                            .replace(b"--B--", b"--AB--"),
                            b"multipart/form-data; boundary=AB")


def ends():
    for end in (b"--B--", b"--B--\r\n", b"--B--\n", b"--B--x", b"--B---",
                b"--B-- ", b"--B--\r", b"--B- -", b"--B-", b"\r\n--B--",
                b"--B--\r\n\r\n", b"--B--\x00", b"--B\r\n--B--"):
        yield multipart(G + end + E + END)
        yield multipart(G + end + b"\r\n" + E + END)
        yield multipart(G + end)
        yield multipart(G + end + b"\r\n" + E)
        yield multipart(E + end + b"\r\n" + G + END)


def preambles():
    for before in (b"x", b"\r\n", b"x\r\n", b"--\r\n", b"\r\n\r\n",
                   b"Content-Type: text/plain\r\n\r\n", E[5:],
                   b"--A\r\n" + E[5:], b"\n", b"--B x\r\n" + E[5:],
                   b"--Bx\r\n" + E[5:], b"\xef\xbb\xbf"):
        yield multipart(before + G + END)
        yield multipart(before + b"\r\n" + G + END)
        yield multipart(before + E + b"\r\n" + G + END)


def types():
    a, b = b"A", b"B"
    both = (E.replace(b"--B", b"--A") + b"--A--\r\n" + G + END,
            G + END + E.replace(b"--B", b"--A") + b"--A--\r\n",
            G.replace(b"--B\r\n", b"--B\r\n--A\r\n") + END,
            part(b"--A\r\n" + E[5:] + b"--A--\r\n", b'form-data; name="x"')
            + G + END)
    m = b"multipart/form-data"

    for t in (b"; boundary=B; boundary=A", b"; boundary=A; boundary=B",
              b"; boundary*=UTF-8''A; boundary=B",
              b"; boundary=B; boundary*=UTF-8''A",
              b"; boundary*0=A; boundary=B", b"; boundary=B; boundary*0=A",
              b"; boundary*0*=A; boundary=B", b"; xboundary=A; boundary=B",
              b"; boundary=B; xboundary=A", b"; boundary=B,A",
              b"; boundary=B, boundary=A", b", boundary=A; boundary=B",
              b"; boundary=B;A", b'; boundary="B"; boundary=A',
              b'; boundary="B', b"; boundary='B'", b"; boundary=B ",
              b"; boundary= B", b"; boundary =B", b"; Boundary=B",
              b";boundary=B", b" ;boundary=B", b"; boundary=B;",
              b"; boundary=B; charset=utf-8", b"; charset=utf-8; boundary=B",
              b"; charset=cp037; boundary=B", b"; charset=utf-7; boundary=B",
              b"; charset=utf-16; boundary=B", b"; x=y; boundary=B",
              b'; x="; boundary=A"; boundary=B',
              b'; x="\\"; boundary=A; \\""; boundary=B',
              b'; x=; boundary=A; y="; boundary=B',
              b"; boundary=B; x=; boundary=A", b"; boundary\t=\tB",
              b"; bOuNdArY=B; BOUNDARY=A", b"; boundary=B\\A",
              b'; boundary="B\\A"', b'; boundary="\\B"', b"; boundary=%42",
              b"; boundary==B", b"; boundary=B=A", b";; boundary=B",
              b"; boundary=B(A)", b"; (boundary=A) boundary=B",
              b"; boundary=", b"", b"; foo", b"; boundary", b";",
              b"; boundary=B\tx", b"; boundary=B x", b"; =A; boundary=B",
              b"; boundary=\"B\"A", b"; boundary=B\"A\"",
              b"; boundary=B\xa0", b"; boundary=B; boundary"):
        for body in both:
            yield multipart(body, m + t)
            yield multipart(body, b"Multipart/Form-Data" + t)

    for t in (b"multipart/form-data ; boundary=B",
              b"multipart/form-data, application/json; boundary=B",
              b"multipart/form-data\t; boundary=B",
              b"multipart/mixed; boundary=B",
              b"multipart/form-data/x; boundary=B",
              b"x multipart/form-data; boundary=B",
              b"multipart/form-data+x; boundary=B",
              FORM + b"; x=multipart/form-data; boundary=B"):
        for body in (G + END, both[0]):
            yield multipart(body, t)

    yield multipart(G + END).copy(headers=[
        (TYPE, m + b"; boundary=B"), (TYPE, m + b"; boundary=A")])
    yield multipart(both[0]).copy(headers=[
        (TYPE, m + b"; boundary=B"), (b"Content_Type",
                                      m + b"; boundary=A")])

    for t in (FORM + b"; x=multipart; boundary=B",
              FORM + b"; x=multipart/form-data; boundary=B",
              FORM + b"; boundary=B", FORM + b";charset=utf-8; boundary=B",
              FORM + b", multipart/form-data; boundary=B"):
        yield form(b"email=" + GOOD + b"&x=\r\n" + E + END, t)
        yield form(b"x=%0d%0a&email=" + GOOD + b"&y=\r\n\r\n" + E + END, t)


def names():
    for n in (b"email[]", b"e[]mail", b"emai]l",
              b"ema%il", b"email[0]", b"[email]", b"]email", b"email]",
              b"email[", b"email[x]", b"Email", b"EMAIL", b" email",
              b"email ", b"\temail", b"email\t", b"em ail", b"email\x00",
              b"email\x00x", b"\x00email", b"email.", b".email", b"email+",
              b"e\xc2\xadmail", b"ema\xc4\xb1l", b"email\xe2\x80\x8b",
              b"\xef\xbb\xbfemail", b"email\xff", b"email%00",
              b"email\\", b"em\\ail", b"email'", b"email;", b"email,x",
              b"e-mail", b"email=x", b"email[][]", b"email[][x]",
              b"email[email]", b"email.0", b"email:", b"email/", b"email\r",
              b"email\n", b"\nemail", b"em\r\n ail", b"email&x", b"/email",
              b"//email", b"em/ail", b"\\email", b"\\\\email", b"/\\email",
              b"/ email", b" /email", b"/email[]", b"[]/email", b"./email",
              b"../email", b"x/email", b"C:\\email", b"\xafemail",
              b"\xef\xbc\x8femail", b"/%65mail", b"email/x", b"/Email",
              b":email", b"email:,", b"=email", b":email;", b"\x00\x00email",
              b"\x1femail", b"email\x1f", b"\x00 email\x00"):
        for field, name in (("email", n),
                            ("user_email", b"user_" + n),
                            ("user[email]", b"user[" + n + b"]"),
                            ("user[email]", b"user." + n)):
            good = field.encode()
            quoted = urllib.parse.quote(name).encode()

            for written in (name, quoted, quoted.lower()):
                yield form(good + b"=" + GOOD + b"&" + written + b"=" + EVIL,
                           field=field)
                yield form(written + b"=" + EVIL + b"&" + good + b"=" + GOOD,
                           field=field)
                yield form(good + b"=" + GOOD, field=field,
                           query=urllib.parse.quote(
                               name, safe="%[]._-").encode() + b"=" + EVIL)

            if b"\n" in name or b"\r" in name:
                continue

            for written in (name, quoted):
                g = part(GOOD, b'form-data; name="' + good + b'"')
                e = part(EVIL, b'form-data; name="' + written + b'"')
                yield multipart(g + e + END, field=field)
                yield multipart(e + g + END, field=field)

    for name in (b"user.email", b"user email", b"user[email", b"user\x00",
                 b"user+email", b"user%20email", b"user%2Eemail",
                 b"user%5Bemail", b"user.email[]", b"user-email",
                 b"user__email", b"User_email", b"user%5femail",
                 b"user\temail", b" user_email", b"user_email%00x",
                 b"/user_email", b"//user_email", b"/user[email]",
                 b"\\user[email]", b"user/email", b"/user/email",
                 b"user[email]/", b"/user.email"):
        for field in ("user_email", "user[email]"):
            good = field.encode()
            yield form(good + b"=" + GOOD + b"&" + name + b"=" + EVIL,
                       field=field)
            yield form(name + b"=" + EVIL + b"&" + good + b"=" + GOOD,
                       field=field)
            g = part(GOOD, b'form-data; name="' + good + b'"')
            e = part(EVIL, b'form-data; name="'
                     + name.replace(b"%20", b" ") + b'"')
            yield multipart(g + e + END, field=field)
            yield multipart(e + g + END, field=field)


def parameters():
    for d in (b"form-data; name='email'", b'form-data; name="email "',
              b"form-data; name=email", b"form-data; name=email,x",
              b'form-data; x="; y="; name=email; z="',
              b"form-data; -name=email",
              b"form-data; name*0=em; name*1=ail",
              b"form-data; name*=UTF-8''email",
              b'form-data; name*="UTF-8\'\'email"',
              b"form-data; name*=utf-8'en'%65mail",
              b'form-data; name*0="email"',
              b'form-data; name="x"; name="email"',
              b'form-data; name="email"; name="x"',
              b'form-data;name="email"', b'form-data ; name="email"',
              b'form-data; NAME="email"', b'form-data; name = "email"',
              b'form-data; name= "email"', b'form-data; name ="email"',
              b'form-data, name="email"', b'form-data name="email"',
              b'name="email"', b'attachment; name="email"',
              b'file; name="email"', b'FORM-DATA; name="email"',
              b'form-data; xname="email"', b'form-data; name="email',
              b'form-data; name=email"', b'form-data; name="e\\mail"',
              b'form-data; name="\\email"', b'form-data; name="email"x',
              b'form-data; filename="x"; name="email"',
              b'form-data; name="email"; filename="x"',
              b'form-data; name="email"; filename=""',
              b'form-data; name="email"; filename*=UTF-8\'\'x',
              b'form-data; name="email"; filename',
              b'form-data; filename="a;b"; name="email"',
              b'form-data; filename="a\\"; name="email"; x="b"',
              b'form-data; filename="a"b"; name="email"',
              b'form-data; filename=a"; name="email"',
              b'form-data; filename="; name=email; x="; name="x"',
              b"form-data; filename='; name=\"email\"; x='; name=\"x\"",
              b'form-data; filename="\\\\"; name="email"; y="; name=x"',
              b'form-data; a=b; name="email"', b'form-data; ; name="email"',
              b'form-data; name="=?utf-8?q?email?="',
              b'form-data; name="=?UTF-8?Q?email?="',
              b'form-data; name="=?utf-8?B?ZW1haWw=?="',
              b'form-data; name="=?utf-8?b?ZW1haWw?="',
              b'form-data; name="=?us-ascii?Q?=65mail?="',
              b'form-data; name="em=?UTF-8?Q?ail?="',
              b'form-data; name="=?UTF-8?Q?em?= =?UTF-8?Q?ail?="',
              b'form-data; name=" =?UTF-8?Q?email?="',
              b'form-data; name="=?UTF-8?Q?email?= "',
              b'form-data; name="/=?UTF-8?Q?email?="',
              b'form-data; name="=?UTF-8*en?Q?email?="',
              b'form-data; name="=?utf-8?B?5ZCN5YmN?="',
              b'form-data; name="=?utf-8?B?ZW1haWw="; filename="?="',
              b'form-data; name="x"; filename="=?utf-8?Q?"; name=email; '
              b'x="?="',
              b'form-data; name="x"; '
              b'filename="=?UTF-8?Q?=22=3B_name=3Demail?="',
              b'form-data; name=\xbd?UTF-8?Q?email?=',
              b'form-data; name=e"mai"l', b'form-data; name=email;x',
              b'form-data; name="%65mail"', b'form-data; name=%65mail',
              b'form-data; name="email"; ', b'form-data; name="email";',
              b'form-data; (name="x") name="email"',
              b'form-data; name=(x)email', b'form-data;\tname="email"',
              b'form-data; name="email"\t',
              b'form-data; name=\xe2\x80\x9cemail\xe2\x80\x9d',
              b'form-data; name="email"; name*=UTF-8\'\'x',
              b'form-data; name="x"; name*=UTF-8\'\'email',
              b'form-data; name="x"; x="name="email"',
              b'form-data; name="x";name=email',
              b'form-data; name=x; filename="; name="email"',
              b'form-data; name="x"; filename="y" name="email"'):
        e = part(EVIL, d)

        # the letter B of an encoded word is not the boundary

        for body in (G + e + END, e + G + END, part(GOOD, d) + END):
            yield multipart(body.replace(b"--B", b"--zz"),
                            b"multipart/form-data; boundary=zz")

    for more in (b'Content-Disposition: form-data; name="x"\r\n',
                 b'content-disposition: form-data; name="email"\r\n',
                 b"Content-Type: text/plain; charset=utf-7\r\n",
                 b"Content-Type: text/plain; charset=cp037\r\n",
                 b"Content-Type: text/plain; charset=utf-16le\r\n",
                 b"Content-Type: text/plain; charset=iso-8859-1\r\n",
                 b"Content-Type: multipart/mixed; boundary=A\r\n",
                 b"Content-Transfer-Encoding: base64\r\n",
                 b"Content-Transfer-Encoding: quoted-printable\r\n",
                 b"Content-Transfer-Encoding:base64 \r\n",
                 b"Content-Transfer-Encoding: 7bit\r\n",
                 b"Content-Transfer-Encoding: x, base64\r\n",
                 b"Content-Encoding: gzip\r\n", b" folded\r\n",
                 b'\tname="x"\r\n', b"Content-Length: 4\r\n",
                 b"Content-Length: 100\r\n", b"X\r\n", b": x\r\n",
                 b"X : y\r\n", b"Content-Disposition : x\r\n", b"X: \r\n",
                 b"X:\x00\r\n", b"X: y\rContent-Disposition: form-data;"
                 b' name="x"\r\n', b"X: y\nContent-Disposition: form-data;"
                 b' name="x"\r\n'):
        yield multipart(part(GOOD, more=more) + END)
        yield multipart(part(EVIL, b'form-data; name="x"', more=more) + G
                        + END)
        yield multipart(G.replace(b"Content-D", more + b"Content-D") + END)
        yield multipart(part(b"Z29vZEBnb29kLnRlc3Q=", more=more) + END)
        yield multipart(part(b"evil=40bad.test", more=more) + G + END)

    for raw in (b"--B\r\n\r\n" + EVIL + b"\r\n",
                b'--B\nContent-Disposition: form-data; name="email"\n\n'
                + EVIL + b"\n", b"--B\r\nX: y\r\n\r\n" + EVIL + b"\r\n",
                b'--B\r\nContent-Disposition: form-data; name="email"\r\n'
                + EVIL + b"\r\n", b'--B\r\nContent-Disposition: form-data;'
                b'\r\n name="email"\r\n\r\n' + EVIL + b"\r\n",
                b'--B\r\nContent-Disposition: form-data; name="email"\n\n'
                + EVIL + b"\r\n",
                b'--B\r\nContent-Disposition:form-data;name="email"\r\n\r\n'
                + EVIL + b"\r\n",
                b'--B\r\nContent-Disposition: form-data; name="x"\r\n\r\n'
                b'--B\r\nContent-Disposition: form-data; name="email"\r\n\r\n'
                + EVIL + b"\r\n",
                b'--B\r\n\r\nContent-Disposition: form-data; name="email"'
                b"\r\n\r\n" + EVIL + b"\r\n"):
        yield multipart(G + raw + END)
        yield multipart(raw + G + END)
        yield multipart(raw.replace(EVIL, GOOD) + END)

    for value in (GOOD + b"\r\n", b"\r\n" + GOOD, b" " + GOOD + b" ",
                  GOOD + b"\x00", GOOD + b"\x00" + EVIL,
                  GOOD + b"\r\n" + EVIL, GOOD + b"\n", b"\t" + GOOD,
                  GOOD + b"\xa0", b"\xef\xbb\xbf" + GOOD, b"g%6fod@good.test",
                  GOOD + b",", GOOD + b"\x0b", b"\xe3\x80\x80" + GOOD):
        yield multipart(part(value) + END)
        yield form(b"email=" + urllib.parse.quote(value).encode())
        yield form(b"email=" + value)


def forms():
    for s in (b";", b"&amp;", b"&&", b"&;", b"\n", b"\r\n", b" ", b"?", b"#",
              b"%26", b"\x00", b"&\n", b"&\x00", b"&%20", b"&+", b",", b"/",
              b"|", b"&\t"):
        yield form(b"email=" + GOOD + s + b"email=" + EVIL)
        yield form(b"x=y" + s + b"email=" + EVIL + b"&email=" + GOOD)
        yield form(b"email=" + GOOD + b"&x=y" + s + b"email=" + EVIL)
        yield form(s + b"email=" + EVIL + b"&email=" + GOOD)

    for pair in (b"%u0065mail=", b"ema%il=", b"e%mail=",
                 b"e[]mail=", b"%65mail=", b"%65%6d%61%69%6c=",
                 b"email%3D", b"email%3d=", b"e%6Dail=", b"%C5%BFmail=",
                 b"email%=", b"email%2=", b"email%zz=", b"%", b"email==",
                 b"=email=", b"==email=", b"\xbdemail=", b"email",
                 b"email&", b"email[]=", b"email%5B%5D=",
                 b"email%5b0%5d=", b"email%00=", b"%00email=", b"email%ff=",
                 b"%EF%BB%BFemail=", b"+email=", b"email+=", b"%0aemail=",
                 b"%09email=", b"email%0d=", b"email[=", b"email%2e=",
                 b"%e6%65mail=", b"e\x00mail=", b"__proto__[email]=",
                 b"constructor[prototype][email]=", b"_method=PUT&email[]=",
                 b"_charset_=utf-7&email=+AGU-", b"utf8=%E2%9C%93&_email="):
        yield form(b"email=" + GOOD + b"&" + pair + EVIL)
        yield form(pair + EVIL + b"&email=" + GOOD)
        yield form(pair + GOOD)
        yield form(b"email=" + GOOD, query=pair.replace(b"\x00", b"")
                   .replace(b" ", b"") + EVIL)

    for value in (b"good%40good.test", b"good%u0040good.test", b"good%40good"
                  b".test%", b"good%40good.test%2", b"good%40good.test%zz",
                  b"good+@good.test", b"%67ood@good.test", b"good@good.test"
                  b"%00", b"good@good.test%00.bad.test", b"good@good.test;x",
                  b"good@good.test;email=" + EVIL, b"good%2540good.test",
                  b"good@good.test&amp;x", b"good@good.test=x",
                  b"good@good.test%26email=" + EVIL, b"good@good.test#x",
                  b"good@good.test\xff", b"good@good.test%ff",
                  b"good@g%C3%B6od.test", b"g\xc3\xb6od@good.test"):
        yield form(b"email=" + value)
        yield form(b"email=" + value, FORM + b"; charset=utf-8")

    for t in (b"; charset=cp037", b"; charset=utf-7", b"; charset=utf-16",
              b"; charset=iso-8859-1", b";charset=UTF-8",
              b"; charset=utf-16le", b"; charset=ebcdic-cp-us",
              b"; charset=shift_jis", b"; charset=gbk", b"; charset=utf-8;",
              b'; charset="utf-8"', b"; charset='utf-8'",
              b"; charset=utf-8; charset=utf-7", b"; charset", b";",
              b"; x=y", b", text/plain", b" x", b"; charset=utf-8, x",
              b"; charset=us-ascii", b"; charset=big5", b"; charset=hz",
              b"; charset=iso-2022-jp", b"; charset=utf-32",
              b"; charset=rot13", b"; charset=punycode", b"; charset=idna",
              b"; charset=unicode_escape", b"; charset=zlib"):
        for b in (b"email=" + GOOD, b"+AGUAbQBhAGkAbA-=" + EVIL
                  + b"&email=" + GOOD, b"email=" + GOOD
                  + b"&%85%94%81%89%93=%85%a5%89%93%7c%82%81%84%4b%a3%85%a2"
                  b"%a3", b"email=" + GOOD + b"&%00e%00m%00a%00i%00l="
                  + EVIL, b"email=good+AEA-good.test",
                  b"email=" + GOOD + b"&\\x65mail=" + EVIL):
            yield form(b, FORM + t)

    for t in (b"Application/X-WWW-Form-Urlencoded", FORM + b"x",
              b"x" + FORM, b"text/plain", b"application/x-www-form",
              FORM + b"/x", FORM + b";", b" " + FORM, FORM + b"+json",
              b"application/json"):
        yield form(b"email=" + GOOD, t)

    for method in ("PUT", "PATCH", "DELETE", "GET"):
        yield form(b"email=" + GOOD, method=method)
        yield form(b"email=" + GOOD, method=method, query=b"email=" + EVIL)

    for query in (b"email=" + EVIL, b"email[]=" + EVIL, b"%65mail=" + EVIL,
                  b"Email=" + EVIL, b"x=y&email=" + EVIL, b"x;email=" + EVIL,
                  b"email=" + GOOD, b"_method=GET&email=" + EVIL,
                  b"email", b"x=" + EVIL, b"?email=" + EVIL):
        yield form(b"email=" + GOOD, query=query)
        yield multipart(G + END, query=query)
        yield json(b'{"email":"good@good.test"}', query=query)


def jsons():
    g = b'"email":"good@good.test"'
    v = b'"evil@bad.test"'

    for n in (b'"email"', b'"Email"', b'"EMAIL"', b'"\\u0065mail"',
              b'"ema\\u0131l"', b'"em\xc4\xb1il"', b'"ema\xc4\xb0l"',
              b'"email\\u0000"', b'"email "', b'" email"', b"email",
              b"'email'", b'"email\\u200b"', b'"e\\mail"', b'"e\\/mail"',
              b'"\xef\xbb\xbfemail"', b'"email\xff"', b'"email\x00"',
              b'"email.x"', b'"email[]"', b'"\\ud800email"', b'"e_mail"',
              b'"e-mail"', b'"eMail"', b'"__proto__"', b'"user.email"',
              b'"em\\u0061il"', b'"\\x65mail"', b'"email\\n"',
              b'"e\\u00admail"', b'"\xef\xbd\x85mail"', b'"\\ufeffemail"',
              b'"ema\\u0069\\u0307l"', b'"_email"', b'"email\\ud800"'):
        yield json(b"{" + g + b"," + n + b":" + v + b"}")
        yield json(b"{" + n + b":" + v + b"," + g + b"}")
        yield json(b'{"user":{' + g + b"," + n + b":" + v + b"}}",
                   field=["user", "email"])

    for n in (b'"user"', b'"User"', b'"u\\u017fer"', b'"u\xc5\xbfer"',
              b'"USER"', b'"us\\u0065r"', b'"user\\u0000"'):
        yield json(b'{"user":{' + g + b"}," + n + b':{"email":' + v + b"}}",
                   field=["user", "email"])
        yield json(b"{" + n + b':{"email":' + v + b'},"user":{' + g + b"}}",
                   field=["user", "email"])

    for b in (b'{"email":["good@good.test"]}', b'{"email":{"x":' + v + b"}}",
              b'{"email":null,"Email":' + v + b"}", b'{"email":1}',
              b"[{" + g + b"}]", b"{" + g + b"}{" + b'"email":' + v + b"}",
              b"{" + g + b"}\n" + b'{"email":' + v + b"}",
              b"{" + g + b"}x", b"{" + g + b"},", b"{" + g + b",}",
              b"{," + g + b"}", b"{" + g + b"/*,*/}", b"{" + g + b"//x\n}",
              b"/*{" + b'"email":' + v + b"}*/{" + g + b"}",
              b"{" + g + b",/*\"*/\"email\":" + v + b"/*\"*/}",
              b'{"email":"good@good.test\x00"}', b'{"email":"good@good.test'
              b'\\u0000"}', b'{"email":"good\\u0040good.test"}',
              b'{"email":"good@good.test\\ud800"}', b'{"email":"g\\x6fod'
              b'@good.test"}', b'{"email":"good@good.test\n"}',
              b'{"email":"good@good.test\\u000a"}', b"{'email':"
              + v.replace(b'"', b"'") + b"," + g + b"}", b"{email:" + v
              + b"," + g + b"}", b'{"a":NaN,' + g + b"}", b'{"a":01,' + g
              + b"}", b'{"a":1e999,' + g + b"}", b'{"a":"\\q",' + g + b"}",
              b'{"a":+1,' + g + b"}", b'{"a":.5,' + g + b"}", b'{"a":0x1,'
              + g + b"}", b'{"a":"\t",' + g + b"}", b'{"a":tru,' + g + b"}",
              b"\xef\xbb\xbf{" + g + b"}", b"\x00{" + g + b"}",
              b")]}',\n{" + g + b"}", b"\xa0{" + g + b"}", b"\x0c{" + g
              + b"}", b"{" + g + b"\x00}", b'{"email"="good@good.test"}',
              b'{"email":"good@good.test";"email":' + v + b"}",
              b'{"a":"\xff\xfe",' + g + b"}", b'{"a":"\xed\xa0\x80",' + g
              + b"}", b'{"a":"\xc0\xa2,\xc0\xa2email\xc0\xa2:",' + g + b"}",
              b'{"json_class":"x",' + g + b"}", b'{"^o":"Object",' + g
              + b"}", b'{"@type":"java.lang.Object",' + g + b"}",
              b'{"^i":1,' + g + b"}", b'{":email":' + v + b"," + g + b"}",
              b'{"$ref":"$.x","x":{"email":' + v + b"}," + g + b"}",
              b'{"email":{"$ref":"$.x"},"x":"good@good.test"}',
              b'{"__proto__":{"email":' + v + b"}," + g + b"}",
              b'{"constructor":{"prototype":{"email":' + v + b"}}," + g
              + b"}", b"{" + g + b',"_json":{"email":' + v + b"}}"):
        yield json(b)

    for t in (b"; charset=utf-7", b"; charset=utf-16", b"; charset=cp037",
              b"; charset=utf-8", b"; charset=iso-8859-1", b"; charset=x",
              b";charset=UTF-16LE", b"; charset=utf-32", b"; x=y",
              b"; charset=utf-8; charset=utf-7", b"; charset=\"utf-16\"",
              b"; charset=utf-16; charset=utf-8", b", text/plain", b";"):
        yield json(b"{" + g + b"}", JSON + t)
        yield json(b'{"email":"good@good.test","x":"+ACI-,+ACI-email+ACI-:'
                   b'+ACI-evil+AEA-bad.test"}', JSON + t)
        yield json("{\"email\":\"good@good.test\"}".encode("utf-16-le"),
                   JSON + t)

    for t in (b"application/x+json", b"application/vnd.api+json",
              b"text/json", b"application/jsonx", b"Application/JSON",
              b"application/json-patch+json", b"application/problem+json",
              b"application/ld+json; x=y"):
        yield json(b"{" + g + b"}", t)
        yield json(b"{" + g + b',"Email":' + v + b"}", t)


def arguments():
    for q in (b"email=good@good.test&%65mail=" + EVIL, b"%65mail=" + EVIL
              + b"&email=" + GOOD, b"Email=" + EVIL + b"&email=" + GOOD,
              b"email=" + GOOD + b"&email[]=" + EVIL, b"email[]=" + EVIL
              + b"&email=" + GOOD, b"email=" + GOOD + b";email=" + EVIL,
              b"x;email=" + EVIL + b"&email=" + GOOD, b"email=" + GOOD
              + b"&+email=" + EVIL, b"email=" + GOOD + b"&email%00=" + EVIL,
              b"email=" + GOOD + b"&amp;email=" + EVIL, b"?email=" + EVIL
              + b"&email=" + GOOD, b"%65mail=" + GOOD, b"email=" + GOOD
              + b"%00", b"email=" + GOOD + b"&email%20=" + EVIL,
              b"email=" + GOOD + b"&%20email=" + EVIL, b"email=" + GOOD
              + b"&email%5B%5D=" + EVIL, b"email=" + GOOD + b"&e%6dail="
              + EVIL, b"email=" + GOOD + b"&%u0065mail=" + EVIL,
              b"email=" + GOOD + b"&email.=" + EVIL, b"email=" + GOOD
              + b"&.email=" + EVIL, b"email=g%6fod@good.test",
              b"email=good%2540good.test", b"email=" + GOOD + b"&email",
              b"email&email=" + GOOD, b"email=" + GOOD + b"&%EF%BB%BFemail="
              + EVIL, b"email=" + GOOD + b"&__proto__[email]=" + EVIL,
              b"a=b&email=" + GOOD + b"&c=d", b"EMAIL=" + GOOD,
              b"email=g=" + GOOD, b"email=" + GOOD + b"=", b"email==" + GOOD,
              b"email=" + GOOD + b"#&email=" + EVIL, b"email%3D" + EVIL
              + b"&email=" + GOOD, b"email=" + GOOD + b"?email=" + EVIL,
              b"=email=" + EVIL + b"&email=" + GOOD, b"email=" + GOOD
              + b"&==email=" + EVIL, b"=email=" + GOOD, b"a=b&=email[]="
              + EVIL, b"email=" + GOOD + b"&x=y;=email=" + EVIL,
              b"email=" + GOOD + b"," + EVIL, b"email=" + GOOD + b"%2C"
              + EVIL, b"email=" + GOOD + b"|" + EVIL):
        yield Case("arg", "email", query=q, method="GET")


def beside():
    """An argument, and a body that applications read, too."""

    def arg(body, type_):
        return Case("arg", "email", body, [(TYPE, type_)], b"email=" + GOOD)

    for b in (b"email=" + EVIL, b"email[]=" + EVIL, b"%65mail=" + EVIL,
              b"x=y", b"", b"Email=" + EVIL, b"x;email=" + EVIL,
              b"email=" + GOOD, b"x=y&email", b"+email=" + EVIL):
        for t in (FORM, FORM + b";charset=utf-7", FORM + b"; boundary=B",
                  b"Application/X-Www-Form-Urlencoded", FORM + b",x",
                  FORM + b" x", b"text/plain", b"application/x-www-form"):
            yield arg(b, t)

    for b in (E + END, G + END, part(b"x", b'form-data; name="x"') + END,
              b"\n" + E + END, END + E + END, E.replace(b"\r\n", b"\n")
              + END, part(EVIL, b"form-data; name=email") + END,
              part(EVIL, b'form-data; name="email[]"') + END):
        for t in (b"multipart/form-data; boundary=B",
                  b"multipart/form-data; boundary=A; boundary=B",
                  b"multipart/mixed; boundary=B",
                  b"Multipart/Form-Data;boundary=B",
                  b"multipart/form-data, boundary=B",
                  b"x; multipart/form-data; boundary=B"):
            yield arg(b, t)

    for b in (b'{"email":"evil@bad.test"}', b'{"x":1}', b"{}", b"[]",
              b'{"Email":"evil@bad.test"}', b'{"\\u0065mail":"e@bad.test"}',
              b'\xef\xbb\xbf{"email":"evil@bad.test"}', b"{"):
        for t in (JSON, b"application/x+json", JSON + b"; charset=utf-7"):
            yield arg(b, t)


def untyped():
    """Without a Content-Type, which some take for a form."""

    for b in (b"email=" + EVIL, b"email=" + GOOD, b"x=y&email=" + EVIL, b"x=y",
              b"email[]=" + EVIL, b'{"email":"evil@bad.test"}', E + END):
        for h in ([], [(TYPE, b"")], [(TYPE, b" ")], [(TYPE, b";")],
                  [(TYPE, b"x")], [(TYPE, b"text/plain")]):
            yield Case("arg", "email", b, h, b"email=" + GOOD)
            yield form(b).copy(headers=h)
            yield json(b).copy(headers=h)
            yield multipart(b).copy(headers=h)


def wide():
    """UTF-16 and UTF-32, which parsers of JSON and XML detect, by a byte order
    mark or by the NULs around ASCII."""

    pairs = "email=evil@bad.test"
    texts = ['{"email":"evil@bad.test"}', '{"user":{"email":"evil@bad.test"}}',
             ' {"x":1,\n"Email" :"evil@bad.test"}', '[{"email":"e@bad.test"}]',
             '{"\\u0065mail":"evil@bad.test"}', "{'email':'evil@bad.test'}",
             "<a><email>evil@bad.test</email></a>", pairs, "x=y&" + pairs,
             E.decode() + END.decode()]
    types = [None, b"", b"text/plain", b"text/xml", b"application/xml", JSON,
             JSON + b"; charset=utf-16", JSON + b"; charset=utf-32",
             b"application/octet-stream", b"text/json", FORM,
             FORM + b"; charset=utf-16", b"multipart/form-data; boundary=B"]

    for text in texts:
        for code in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            for mark in ("", "\ufeff"):
                body = (mark + text).encode(code)
                field = ["user", "email"] if "user" in text else ["email"]

                for t in types:
                    h = [] if t is None else [(TYPE, t)]
                    yield json(body, field=field).copy(headers=h)
                    yield form(body).copy(headers=h)
                    yield Case("arg", "email", body, h, b"email=" + GOOD)

                    if text.startswith("--"):
                        yield multipart(body).copy(headers=h)

        # the one behind the other, and odd lengths

        for body in (b'{"email":"good@good.test"}' + text.encode("utf-16-le"),
                     text.encode("utf-16-be") + b'{"email":"good@good.test"}',
                     b"\0" + text.encode("utf-16-le"), b"\xfe\xff"
                     + text.encode(), b"\xff\xfe" + text.encode(),
                     text.encode("utf-7"), text.encode("utf-16-le") + b"\0"):
            for t in (None, JSON, b"text/plain"):
                h = [] if t is None else [(TYPE, t)]
                yield json(body).copy(headers=h)
                yield form(body).copy(headers=h)
                yield Case("arg", "email", body, h, b"email=" + GOOD)


def headers():
    good = (b"X-Email", GOOD)

    for n in (b"X-Email", b"x-email", b"X_Email", b"X.Email", b"X-EMAIL",
              b"X-Email ", b"X Email", b"X~Email", b"X!Email", b"X--Email",
              b"HTTP-X-Email", b"X-Email\x00", b"X'Email", b"X*Email",
              b"X%2DEmail", b"X-Em\xc3\xa4il"):
        yield Case("header", "X-Email", headers=[good, (n, EVIL)],
                   method="GET")
        yield Case("header", "X-Email", headers=[(n, EVIL), good],
                   method="GET")

    for v in (GOOD + b", " + EVIL, GOOD + b",", b"<" + GOOD + b">",
              GOOD + b"\t", b'"' + GOOD + b'"', GOOD + b"\x01",
              b"good%40good.test", GOOD + b"\x00"):
        yield Case("header", "X-Email", headers=[(b"X-Email", v)],
                   method="GET")


def nasty():
    kinds = (delimiters, boundaries, ends, preambles, types, names,
             parameters, forms, jsons, arguments, beside, untyped, wide,
             headers)

    for kind in kinds:
        for case in kind():
            case.label = kind.__name__
            yield case
