"""Mutations of the corpus: of the structure of a request (delimiters, header
parameters, names, escapes, charsets, duplicates, the query beside the body)
and of its bytes.  The same seed makes the same cases."""

import json
import random
import urllib.parse

from corpus import E, EVIL, FORM, GOOD, JSON, TYPE, nasty, clients

BYTES = [b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"\x0b", b"\x0c", b";",
         b",", b"=", b":", b'"', b"'", b"\\", b'\\"', b"&", b"%", b"+", b"-",
         b"--", b"[", b"]", b"[]", b"[0]", b".", b"_", b"*", b"*0", b"*0*",
         b"%00", b"%20", b"%0d%0a", b"%5b", b"%5d", b"%65", b"%u0065", b"\xff",
         b"\xc2\xa0", b"\xef\xbb\xbf", b"\xc4\xb1", b"\xc5\xbf", b"\xa0",
         b"\x7f", b"\x80", b"/", b"/*", b"*/", b"//", b"#", b"(", b")", b"{",
         b"}", b"<", b">", b"?", b"@", b"~", b"|", b"\\u0000", b"\\u0065",
         b"\\u0130", b"\\ud800", b"\\n", b"e", b"E", b"x", b"0", b"1", b"B",
         b"email", b"Email", b"email=", b"name=", b'name="email"',
         b'"email":', b"filename=", b'filename="x"', b"--B", b"--B--",
         b"--B\r\n", b"\r\n--B\r\n", b"\r\n--B--\r\n", b"null", b"true",
         b"\r\n\r\n", b"\n\n", b"&amp;", b"boundary=A", b"charset=utf-7",
         b"charset=utf-8", EVIL, b'"evil@bad.test"', b"email=" + EVIL,
         b"&email=" + EVIL, b'"email":"evil@bad.test"',
         b'"Email":"evil@bad.test",', b"--B\r\nContent-Disposition: form-data;"
         b' name="email"\r\n\r\n' + EVIL + b"\r\n"]


def pick(rng, usual, others, often):
    """An element as it should be, or another one: seldom, as a body with two
    of these is hardly ever let pass."""

    return usual if rng.random() < often ** .5 else rng.choice(others)


class Maker:
    def __init__(self, seed):
        cases = list(nasty())
        some = [c for c in cases if c.label == "wide"][::12]
        self.seeds = ([c for c in cases if c.label != "wide"] + some
                      + clients() * 8)
        self.tokens = [t for t in BYTES]
        self.seed = seed

    def make(self, number):
        rng = random.Random(f"{self.seed}/{number}")
        kind = rng.choices(["bytes", "multipart", "form", "json", "arg",
                            "header"], [40, 27, 15, 12, 5, 1])[0]
        case = getattr(self, kind)(rng)
        case.label = f"{kind} {self.seed}/{number}"

        if case.kind in ("form", "multipart", "json") and rng.random() < .03:
            case.query = self.pair(rng, "email", EVIL).replace(b" ", b"+")

        case.query = bytes(c for c in case.query if c > 32)
        case.headers = [(n, v) for n, v in case.headers
                        if not any(c in n + v for c in b"\r\n")
                        and n and b" " not in n and b":" not in n]

        return case

    # bytes of one seed

    def bytes(self, rng):
        case = rng.choice(self.seeds).copy()

        for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 4])):
            where = rng.random()

            if where < .15 and case.headers:
                i = rng.randrange(len(case.headers))
                name, value = case.headers[i]

                if name.lower() != b"content-type":
                    continue

                case.headers = list(case.headers)
                case.headers[i] = (name, self.change(rng, value))
            elif where < .2 or not case.body:
                case.query = self.change(rng, case.query)
            else:
                case.body = self.change(rng, case.body)

        return case

    def change(self, rng, data):
        if not data:
            return rng.choice(self.tokens) if rng.random() < .3 else data

        how = rng.randrange(8)

        # near what structures it, mostly

        spots = [i for i, c in enumerate(data) if c in b'\r\n-;="&:,{}[]%\\.']
        i = (rng.choice(spots) + rng.choice([0, 1]) if spots
             and rng.random() < .8 else rng.randrange(len(data) + 1))
        j = min(len(data), i + rng.choice([1, 1, 1, 2, 4, 8, 30]))

        if how <= 2:
            return data[:i] + rng.choice(self.tokens) + data[i:]
        if how == 3:
            return data[:i] + rng.choice(self.tokens) + data[j:]
        if how == 4:
            return data[:i] + data[j:]
        if how == 5:
            return data[:i] + data[i:j] * 2 + data[j:]
        if how == 6:
            k = rng.randrange(len(data) + 1)
            return data[:k] + data[i:j] + data[k:]

        name = rng.choice([b"email", b"name", b"good", b"boundary", b"form",
                           b"charset", b"Content"])
        at = data.find(name)

        if at < 0:
            return data[:i] + data[i:j].swapcase() + data[j:]

        return data[:at] + rng.choice([
            name.upper(), name.capitalize(), b"%" + name[:1].hex().encode()
            + name[1:], b"\\u00" + name[:1].hex().encode() + name[1:],
            b" " + name, name + b" ", b'"' + name + b'"', name + b"*",
            name + b"[]", b"x" + name]) + data[at + len(name):]

    # names that are the field, nearly the field, or another one

    def name(self, rng, field):
        name = field.encode()
        near = [name, name, name + b"[]", name + b"[0]", name + b"[x]",
                b"[" + name + b"]", b"]" + name, name + b"]", name + b"[",
                name.upper(), name.capitalize(), b" " + name, name + b" ",
                name + b"\0", name + b"\0x", b"\t" + name, name + b".",
                b"." + name, name.replace(b"a", b"\xc3\xa0"), name[:-1],
                name.replace(b"_", b"."), name.replace(b"_", b" "),
                name.replace(b"_", b"["), name.replace(b"_", b"-"),
                name.replace(b"[", b".").replace(b"]", b""),
                name.replace(b"[", b"_").replace(b"]", b""),
                name.replace(b"]", b""), name.replace(b"[", b"[]["),
                name + b"\r", name + b"\xff", b"\xef\xbb\xbf" + name,
                name + b"'", name + b";", name + b",x", b"e\\mail",
                name.replace(b"i", b"\xc4\xb1"), name + b"\x0b",
                name + b":", b"\0" + name, b"=" + name,
                b"=?UTF-8?Q?" + name + b"?=",
                b"/" + name, b"\\" + name, name[:2] + b"/" + name[2:]]
        far = [b"x", b"name", b"mail", b"emai", b"email2", b"xemail",
               b"message", b"user", b"user[name]", b"a[]", b"a.b", b"", b"e",
               b"\xc3\xa9", b"_", b"user_name", b"emails", b"email_2",
               b"Name", b"user[tags][]", b"a b", b"x-y", b"e_mail", b"e-mail",
               b"email_confirmation", b"a\"b", b"newsletter", b"q\xc3\xbc",
               b"user.name", b"utf8", b"_method", b"_charset_", b"a%20b",
               b"constructor", b"__proto__", b"toString", b"length", b"0",
               b"email1", b"user[mail]", b"user[0]", b"liamE", b"$email"]

        return rng.choice(near if rng.random() < .35 else far)

    def pair(self, rng, field, value):
        name = self.name(rng, field)
        how = rng.randrange(4)

        if how == 0:
            name = urllib.parse.quote(name, safe="").encode()
        elif how == 1:
            name = urllib.parse.quote(name, safe="[]. ").encode()
        elif how == 2 and name:
            i = rng.randrange(len(name))
            name = (name[:i] + b"%%%02x" % name[i] + name[i + 1:])

        return (name + pick(rng, b"=", [b"", b"==", b"%3D", b":", b"= ", b" =",
                                        b"=\n", b"=%00"], .9)
                + rng.choice([value, value, value.replace(b"@", b"%40")]))

    def form(self, rng):
        from corpus import Case
        field = rng.choice(["email", "email", "user_email", "user[email]"])
        pairs = [field.encode() + b"=" + rng.choice(
            [GOOD, GOOD.replace(b"@", b"%40"), b"+" + GOOD, GOOD + b"%20"])]

        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            pairs.insert(rng.randrange(len(pairs) + 1), pick(
                rng, self.pair(rng, field, EVIL),
                [b"a=b", b"", b"=", b"x", b"x=%", b"x=\xc3\xa9", b"x=%E9",
                 b"x=a%26b", b"x=a;b", b"_method=PUT", b"x=%u0041"], .7))

        body = pairs[0]

        for p in pairs[1:]:
            body += pick(rng, b"&", [b";", b"&&", b"&amp;", b"\n", b"\r\n&",
                                     b" ", b"&\0", b",", b"%26", b"#", b"?"],
                         .88) + p

        kind = FORM + pick(rng, b"", [
            b";charset=utf-8", b"; charset=UTF-8", b"; charset=cp037",
            b"; charset=utf-7", b"; charset=utf-16", b"; charset=iso-8859-1",
            b"; x=y", b"; boundary=B", b";", b" ", b",x", b'; charset="utf-8"',
            b"; x=multipart/form-data; boundary=B"], .8)

        return Case("form", field, body, [(TYPE, kind)])

    def multipart(self, rng):
        from corpus import Case
        field = rng.choice(["email", "email", "user_email", "user[email]"])
        b = pick(rng, b"B", [b"----WebKitFormBoundaryabc", b"---------1", b"-",
                             b"--", b"a'b", b"a b", b"B" * 70, b"a.b_c", b"a:b",
                             b"(x)", b"a+b", b"1?", b"a=b", b"a/b", b"B,A",
                             b"xYzZY", b"--B", b"B--", b"-B-", b"BB"],
                 .8)
        parts = [self.part(rng, field, field.encode(), GOOD, .97)]

        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            parts.insert(rng.randrange(len(parts) + 1), self.part(
                rng, field, self.name(rng, field), EVIL, .85))

        body = b""

        for i, p in enumerate(parts):
            body += pick(rng, b"\r\n" if i else b"", [
                b"\n", b"\r", b"zzz\n", b"", b"\r\r\n", b"\n\n", b"\r\n\r\n",
                b"x\r\n", b" \r\n", b"\0\r\n", b"--\r\n"], .94)
            body += pick(rng, b"--", [b"", b"-", b"---", b"x", b"x--", b"--\0",
                                      b"\r\n"], .97)
            body += b + pick(rng, b"\r\n", [
                b"\n", b"\r", b" \r\n", b"\t\r\n", b"x\r\n", b"--x\r\n", b"",
                b"-\r\n", b"--\r\n", b"\r\r\n", b"\0\r\n", b";\r\n"], .95) + p

        body += pick(rng, b"\r\n", [b"\n", b"", b"\r\n\r\n", b" \r\n"], .96)
        body += b"--" + b + pick(rng, b"--\r\n", [
            b"--", b"--\n", b"--x", b"---", b"-", b"", b"-- ", b"\r\n"], .92)
        body += pick(rng, b"", [
            b"\r\n", b"--" + b + b"\r\n" + self.part(
                rng, field, field.encode(), EVIL, 1) + b"\r\n--" + b + b"--",
            b"x", b" ", b"\n", b"\r\n\r\n", b"\0"], .93)
        quoted = rng.random() < .2
        kind = b"multipart/form-data" + pick(rng, b"; ", [
            b";", b" ; ", b", ", b"; charset=utf-8; ", b"; x=y; ", b";; ",
            b"; boundary=A; ", b"; charset=utf-7; ", b"; xboundary=A; ",
            b'; x="; ', b"; boundary*=utf-8''A; "], .9)
        kind += pick(rng, b"boundary=", [b"Boundary=", b"boundary =",
                                         b"boundary= ", b"boundary*="], .96)
        kind += b'"' + b + b'"' if quoted else b
        kind += pick(rng, b"", [b";", b"; boundary=A", b"; charset=utf-8",
                                b" ", b"; x=y", b",A", b"; boundary*0=A",
                                b'; x="', b"; charset=utf-16", b"\tA"], .93)

        return Case("multipart", field, body, [(TYPE, kind)])

    def part(self, rng, field, name, value, often):
        quote = pick(rng, b'"', [b"'", b"", b"", b"'"], .5 + often / 2)
        param = pick(rng, b"name=", [b"Name=", b"name =", b"name= ", b"name*=",
                                     b"name*=utf-8''", b"name*0=", b"xname=",
                                     b"-name=", b"name:"], often)
        param += quote + name + quote
        params = [param]

        if rng.random() > often - .1:
            params.insert(rng.randrange(2), rng.choice([
                b'filename="x"', b'filename=""', b"filename=x", b"x=y",
                b"filename*=utf-8''x", b'x="; y="', b'filename="a\\"b"',
                b'filename="a;b"', b'name="x"', b"name=x", b'filename="a"b"',
                b'x="\\"', b'filename="\\"', b"filename='", b"filename",
                b'filename="; name=email; x="', b"name*=utf-8''email"]))

        disposition = pick(rng, b"form-data", [
            b"Form-Data", b"attachment", b"file", b"form-data ", b"inline",
            b"", b"form-data,"], often)
        sep = pick(rng, b"; ", [b";", b" ; ", b";;", b", ", b" ", b";\t"],
                   often)
        lines = [pick(rng, b"Content-Disposition: ", [
            b"content-disposition: ", b"Content-Disposition:",
            b"CONTENT-DISPOSITION: ", b"Content-Disposition : ",
            b" Content-Disposition: ", b"Content-Disposition:\t",
            b"X-Content-Disposition: "], often)
            + sep.join([disposition] + params)
            + pick(rng, b"", [b";", b" ", b"; ", b"\0"], often)]

        if rng.random() < .3:
            lines.insert(rng.randrange(2), pick(
                rng, b"Content-Type: text/plain", [
                    b"Content-Type: text/plain; charset=utf-8",
                    b"Content-Type: text/plain; charset=utf-7",
                    b"Content-Type: text/plain; charset=utf-16le",
                    b"Content-Type: text/plain; charset=cp037",
                    b"Content-Type: application/octet-stream",
                    b"Content-Type: multipart/mixed; boundary=A",
                    b"Content-Type:", b"Content-Length: 4", b"X: y", b"X",
                    b"Content-Transfer-Encoding: 8bit", b": x", b"X : y",
                    b"Content-Transfer-Encoding: base64", b" folded",
                    b"Content-Transfer-Encoding: quoted-printable",
                    b'Content-Disposition: form-data; name="x"'], .4))

        end = pick(rng, b"\r\n", [b"\n", b"\r", b"\r\r\n"], .5 + often / 2)

        if value == EVIL and rng.random() < .3:
            value = rng.choice([
                b"", b"\r\n", b"--", b"\r\n--", b"--B", b"\r\n--x", b"\n--B",
                b"\r--B\r\n", b"\r\n-", b"\r\n--B", b"B", b"aBa", b"-B",
                b"zB\r\n" + E[5:-2], b"B--\r\n", b"xYzZY\r\n" + E[5:-2], b"x\r\n\r\ny", b"-",
                b'Content-Disposition: form-data; name="email"\r\n\r\n' + EVIL,
                b"email=" + EVIL, b'{"email":"' + EVIL + b'"}', b"\0" * 4,
                b"\xff\xfe", b"--B--", b"x" * 300, EVIL * 20, b"\r" * 3,
                b"\r\n" * 3, b"\r\n--\r\n", b"--\r\n", b'"', b"name=email"])

        return (end.join(lines) + end + pick(rng, end, [b"", b" " + end,
                                                        end * 2], often)
                + pick(rng, value, [value + b"\r\n", b" " + value,
                                    b"\r\n" + value, value + b"\0", b"",
                                    value + b"\n", value + b"\r\n-"], .9))

    def json(self, rng):
        from corpus import Case
        field = rng.choice([["email"], ["user", "email"]])
        members = [(b'"email"', b'"' + GOOD + b'"')]

        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            name = self.name(rng, "email").replace(b"\0", b"\\u0000")
            value = b'"' + EVIL + b'"'

            if rng.random() < .3 and name:
                i = rng.randrange(len(name))
                name = name[:i] + b"\\u%04x" % name[i] + name[i + 1:]

            name = pick(rng, b'"' + name + b'"', [
                name, b"'" + name + b"'", b'"a"', b'"a":{"email"',
                b'"__proto__"', b'"json_class"', b'"@type"'], .85)
            value = pick(rng, value, [
                b"null", b"1", b"[" + value + b"]", b'{"email":' + value
                + b"}", b"NaN", b"01", b"1e400", b"-", b"tru", b'"\\x"',
                b'"\t"', b'"\xff"', b'"\\ud800"', b"{}", b'""',
                b"123456789012345678901234567890"], .7)

            if b":{" in name:
                value += b"}"

            members.insert(rng.randrange(len(members) + 1), (name, value))

        body = b""

        for i, (name, value) in enumerate(members):
            body += pick(rng, b"," if i else b"", [
                b" , ", b",,", b";", b"", b",/**/", b",//\n", b"\n,",
                b",\x0c"], .95)
            body += name + pick(rng, b":", [b" : ", b"=", b"::", b":\xa0",
                                            b":/**/"], .96) + value

        body = b"{" + body + pick(rng, b"}", [b",}", b"", b"}}", b"}x", b"}\0",
                                              b"}\n", b"}{}", b"}//"], .95)

        if field[0] == "user":
            body = (b"{" + pick(rng, b"", [
                b'"User":{"email":"' + EVIL + b'"},', b'"u\\u017fer":'
                b'{"email":"' + EVIL + b'"},', b'"x":' + body + b","], .7)
                + b'"user":' + body + b"}")

        body = pick(rng, b"", [b" ", b"\xef\xbb\xbf", b"\0", b"//\n", b"/**/",
                               b"\xa0", b"[]"], .95) + body
        kind = JSON + pick(rng, b"", [
            b"; charset=utf-8", b";charset=UTF-8", b"; charset=utf-7",
            b"; charset=utf-16", b"; x=y", b";", b"; charset=iso-8859-1",
            b"; charset=cp037"], .85)

        return Case("json", field, body, [(TYPE, kind)])

    def arg(self, rng):
        from corpus import Case
        pairs = [b"email=" + GOOD]

        for _ in range(rng.choice([1, 1, 2, 3])):
            pairs.insert(rng.randrange(len(pairs) + 1),
                         self.pair(rng, "email", EVIL))

        query = pairs[0]

        for p in pairs[1:]:
            query += pick(rng, b"&", [b";", b"&&", b"&amp;", b"?", b"#", b","],
                          .9) + p

        case = Case("arg", "email", query=query, method="GET")

        if rng.random() < .4:
            other = getattr(self, rng.choice(["form", "multipart", "json"]))(
                rng)
            case = case.copy(method="POST", body=other.body,
                             headers=other.headers)

        return case

    def header(self, rng):
        from corpus import Case
        headers = [(b"X-Email", GOOD)]
        name = rng.choice([b"X-Email", b"X_Email", b"X.Email", b"x-email",
                           b"X~Email", b"X-Email2", b"X--Email", b"X!Email",
                           b"X-Emai", b"Y", b"X*Email", b"X'Email",
                           b"X`Email", b"X|Email", b"X^Email", b"X$Email",
                           b"X%Email", b"X&Email", b"X+Email", b"X#Email"])
        headers.insert(rng.randrange(2), (name, rng.choice(
            [EVIL, EVIL + b", " + GOOD, b""])))

        return Case("header", "X-Email", headers=headers, method="GET")

    # what applications really send, by other names and with other text: none
    # of it may be denied

    def benign(self, number):
        from corpus import Case
        rng = random.Random(f"{self.seed}/benign/{number}")
        names = ["name", "message", "first-name", "Phone", "user.name", "q",
                 "user[name]", "tags[]", "items[0][id]", "items[1][id]", "a b",
                 "email_confirm", "newsletter", "csrf_token", "utf8",
                 "__RequestVerificationToken", "authenticity_token", "_method",
                 "address.street", "email2", "emailConsent", "gr\u00f6\u00dfe",
                 "\u540d\u524d", "g-recaptcha-response", "cf:turnstile", "x",
                 "utm_source", "ctl00$Main$Text", "form-0-title", "submit.x"]
        text = ["", "a", "two words", "50% off; a=b&c=d", "x+y", "a\r\nb",
                "C:\\dir\\f", "\u00e9t\u00e9 \u2013 \U0001f600", "\"quoted\"",
                "it's", "--", "\r\n--\r\n", "<b>&amp;</b>", "other@mail.example",
                "https://x.example/?email=a@b.example&c", "[1,2]", "{\"a\":1}",
                "name=\"email\"", "\t", "\\u0041", "#hash?q", "/path", "*-._~",
                "email=a@b.example", "0", "true", "null", "x" * 2000]
        address = rng.choice(["good@good.test", "g.o+x@good.test",
                              "o'good@good.test", "good_1%a@good.test",
                              "GOOD@Good.Test", "good@sub.good.test"])
        fields = [(n, rng.choice(text))
                  for n in rng.sample(names, rng.randrange(0, 8))]
        fields.insert(rng.randrange(len(fields) + 1), ("email", address))
        kind = rng.choice(["form", "multipart", "json"])

        if kind == "form":
            case = Case(kind, "email", urllib.parse.urlencode(
                fields, quote_via=rng.choice([urllib.parse.quote,
                                              urllib.parse.quote_plus]),
                safe=rng.choice(["", "*-._", "@", "[]", "/"])).encode(),
                [(TYPE, FORM + rng.choice([b"", b"; charset=UTF-8",
                                           b";charset=utf-8"]))])
        elif kind == "json":
            space = rng.choice([None, 2])
            case = Case(kind, ["email"], json.dumps(
                dict(fields), ensure_ascii=rng.random() < .5,
                indent=space).encode(),
                [(TYPE, JSON + rng.choice([b"", b"; charset=utf-8"]))])
        else:
            case = self.benign_multipart(rng, fields)

        if rng.random() < .2:
            case.query = rng.choice([b"ref=1", b"lang=de&utm_source=x%20y",
                                     b"next=%2Fa%3Fb", b"_=1700000000", b"a",
                                     b"step=2&id=%7B1%7D"])

        case.label = f"benign {self.seed}/{number}"
        case.address = address

        return case

    @staticmethod
    def benign_multipart(rng, fields):
        from corpus import Case
        letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
        b = (rng.choice(["----WebKitFormBoundary", "-" * 26, "", "-" * 36,
                         "----geckoformboundary", "dart-http-boundary-"])
             + "".join(rng.choices(letters, k=rng.choice([16, 24, 32])))
             ).encode()
        style = rng.randrange(4)
        body = b""

        for name, value in fields:
            quoted = name.replace('"', "%22").encode()
            lines = [b'Content-Disposition: form-data; name="%s"' % quoted]

            if style == 1:
                lines.append(b"Content-Type: text/plain; charset=UTF-8")
            elif style == 2:
                lines.insert(0, b"Content-Type: text/plain;charset=UTF-8")
                lines.append(b"Content-Length: %d" % len(value.encode()))
            elif style == 3:
                lines = [x.replace(b"Content-Disposition",
                                   b"content-disposition") for x in lines]

            body += (b"--" + b + b"\r\n" + b"\r\n".join(lines)
                     + b"\r\n\r\n" + value.encode() + b"\r\n")

        if rng.random() < .4:
            body += (b"--" + b + b'\r\nContent-Disposition: form-data; name="'
                     + rng.choice([b"avatar", b"files[]", b"file"])
                     + b'"; filename="' + rng.choice([
                         b"", b"a.png", b"a b (1).jpg", b"\xc3\xa9.png",
                         b"x;y=z.txt", b"it's.pdf", b"a%22b.png", b"blob",
                         b'a\\"b.png', b"C:\\fakepath\\a.png"])
                     + b'"\r\nContent-Type: application/octet-stream\r\n\r\n'
                     + rng.choice([b"", rng.randbytes(300), b"\r\n--\r\n",
                                   b"\n--x\n", b"email=a@b.example"])
                     + b"\r\n")

        body += b"--" + b + b"--" + rng.choice([b"\r\n", b"\r\n", b"",
                                               b"\r\n\r\n"])

        return Case("multipart", "email", body, [
            (TYPE, b"multipart/form-data; boundary=" + b)])
