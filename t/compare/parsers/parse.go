// Reads requests, one a line in JSON, and tells what each of Go's parsers
// makes of one field: see t/compare/README.md.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	stdjson "encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"

	"github.com/buger/jsonparser"
	"github.com/bytedance/sonic"
	hertz "github.com/cloudwego/hertz/pkg/app"
	"github.com/gin-gonic/gin"
	gojson "github.com/goccy/go-json"
	"github.com/gofiber/fiber/v2"
	fiber3 "github.com/gofiber/fiber/v3"
	"github.com/gorilla/schema"
	jsoniter "github.com/json-iterator/go"
	"github.com/labstack/echo/v4"
	"github.com/tidwall/gjson"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fastjson"
)

type frame struct {
	M string
	T string
	H [][2]string
	B string
	K string
	F any
}

type request struct {
	frame
	raw   []byte
	body  []byte
	field string
	path  []string
}

// the field by each library's usual way of naming it

type address struct {
	Email string `json:"email" form:"email" query:"email"`
}

type user struct {
	User address `json:"user"`
}

func (q *request) http() *http.Request {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(q.raw)))
	if err != nil {
		panic(err)
	}

	return r
}

func leaves(value any, found *[]string) {
	switch v := value.(type) {
	case nil:
	case string:
		*found = append(*found, v)
	case []any:
		for _, x := range v {
			leaves(x, found)
		}
	case map[string]any:
		for _, x := range v {
			leaves(x, found)
		}
	default:
		*found = append(*found, fmt.Sprint(v))
	}
}

func at(document any, path []string) []string {
	for _, name := range path {
		object, ok := document.(map[string]any)
		if !ok {
			return nil
		}

		document = object[name]
	}

	found := []string{}
	leaves(document, &found)

	return found
}

var answer map[string][]string

func tell(name string, values ...string) {
	for _, v := range values {
		if v != "" {
			answer["go."+name] = append(answer["go."+name], v)
		}
	}
}

func try(parse func()) {
	defer func() { _ = recover() }()
	parse()
}

func netHTTP(q *request) {
	r := q.http()
	tell("net/http.FormValue", r.FormValue(q.field))
	tell("net/http.Form", r.Form[q.field]...)
	tell("net/http.PostForm", r.PostForm[q.field]...)

	if r.MultipartForm != nil {
		tell("net/http.MultipartForm", r.MultipartForm.Value[q.field]...)
	}

	r = q.http()
	tell("net/http.PostFormValue", r.PostFormValue(q.field))
}

func multipartReader(q *request) {
	reader, err := q.http().MultipartReader()
	if err != nil {
		return
	}

	for {
		part, err := reader.NextPart()
		if err != nil {
			return
		}

		if part.FormName() == q.field && part.FileName() == "" {
			value, _ := io.ReadAll(part)
			tell("mime/multipart.NextPart", string(value))
		}
	}
}

func ginForm(q *request) {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = q.http()
	value, _ := c.GetPostFormArray(q.field)
	tell("gin.PostForm", value...)

	if q.field == "email" {
		c.Request = q.http()
		bound := address{}

		if c.ShouldBind(&bound) == nil {
			tell("gin.Bind", bound.Email)
		}
	}
}

func echoForm(q *request) {
	e := echo.New()
	c := e.NewContext(q.http(), httptest.NewRecorder())
	tell("echo.FormValue", c.FormValue(q.field))

	if q.field == "email" {
		c = e.NewContext(q.http(), httptest.NewRecorder())
		bound := address{}

		if c.Bind(&bound) == nil {
			tell("echo.Bind", bound.Email)
		}
	}
}

func fast(q *request) {
	ctx := fasthttp.RequestCtx{}

	if ctx.Request.Read(bufio.NewReader(bytes.NewReader(q.raw))) != nil {
		return
	}

	tell("fasthttp.FormValue", string(ctx.FormValue(q.field)))

	for _, v := range ctx.PostArgs().PeekMulti(q.field) {
		tell("fasthttp.PostArgs", string(v))
	}

	if form, err := ctx.MultipartForm(); err == nil {
		tell("fasthttp.MultipartForm", form.Value[q.field]...)
	}
}

var fiberApp = fiber.New()

func fiberForm(q *request) {
	ctx := &fasthttp.RequestCtx{}

	if ctx.Request.Read(bufio.NewReader(bytes.NewReader(q.raw))) != nil {
		return
	}

	c := fiberApp.AcquireCtx(ctx)
	defer fiberApp.ReleaseCtx(c)

	if q.K == "arg" {
		tell("fiber.Query", c.Query(q.field))
		return
	}

	if q.K != "json" {
		tell("fiber.FormValue", c.FormValue(q.field))
	}

	if q.field == "email" {
		bound := address{}

		if c.BodyParser(&bound) == nil {
			tell("fiber.BodyParser", bound.Email)
		}
	}
}

var fiber3App = fiber3.New()

func fiber3Form(q *request) {
	ctx := &fasthttp.RequestCtx{}

	if ctx.Request.Read(bufio.NewReader(bytes.NewReader(q.raw))) != nil {
		return
	}

	c := fiber3App.AcquireCtx(ctx)
	defer fiber3App.ReleaseCtx(c)

	bound := address{}

	if q.K == "arg" {
		tell("fiber3.Query", c.Query(q.field))

		if c.Bind().Query(&bound) == nil {
			tell("fiber3.Bind.Query", bound.Email)
		}

		return
	}

	if q.K != "json" {
		tell("fiber3.FormValue", c.FormValue(q.field))
	}

	if q.field == "email" && c.Bind().Body(&bound) == nil {
		tell("fiber3.Bind.Body", bound.Email)
	}
}

func hertzForm(q *request) {
	c := hertz.NewContext(0)
	c.Request.SetMethod(q.M)
	c.Request.SetRequestURI(q.T)
	c.Request.SetBody(q.body)

	for _, h := range q.H {
		c.Request.Header.Add(h[0], latin1(h[1]))
	}

	bound := address{}

	if q.K == "arg" {
		tell("hertz.Query", c.Query(q.field))

		if c.BindQuery(&bound) == nil {
			tell("hertz.BindQuery", bound.Email)
		}

		return
	}

	if q.K != "json" {
		tell("hertz.PostForm", c.PostForm(q.field))
		tell("hertz.FormValue", string(c.FormValue(q.field)))

		if form, err := c.MultipartForm(); err == nil {
			tell("hertz.MultipartForm", form.Value[q.field]...)
		}
	}

	if q.field == "email" && c.Bind(&bound) == nil {
		tell("hertz.Bind", bound.Email)
	}
}

// a header in JSON has a character for each byte

func latin1(s string) string {
	bytes := []byte{}

	for _, c := range s {
		bytes = append(bytes, byte(c))
	}

	return string(bytes)
}

func gorilla(q *request) {
	r := q.http()

	if r.ParseMultipartForm(1<<20) == http.ErrNotMultipart &&
		r.PostForm == nil {
		return
	}

	d := schema.NewDecoder()
	d.SetAliasTag("form")
	d.IgnoreUnknownKeys(true)
	bound := address{}

	if q.field == "email" && d.Decode(&bound, r.PostForm) == nil {
		tell("gorilla/schema", bound.Email)
	}
}

func decoded(q *request, name string,
	unmarshal func([]byte, any) error) {
	var document any

	if unmarshal(q.body, &document) == nil {
		tell(name+".map", at(document, q.path)...)
	}

	switch q.field {
	case "email":
		bound := address{}

		if unmarshal(q.body, &bound) == nil {
			tell(name+".struct", bound.Email)
		}

	case "user/email":
		bound := user{}

		if unmarshal(q.body, &bound) == nil {
			tell(name+".struct", bound.User.Email)
		}
	}
}

func decoder(data []byte, value any) error {
	return stdjson.NewDecoder(bytes.NewReader(data)).Decode(value)
}

func json(q *request) {
	try(func() { decoded(q, "encoding/json", stdjson.Unmarshal) })
	try(func() { decoded(q, "encoding/json.Decoder", decoder) })
	try(func() {
		decoded(q, "json-iterator",
			jsoniter.ConfigCompatibleWithStandardLibrary.Unmarshal)
	})
	try(func() { decoded(q, "go-json", gojson.Unmarshal) })
	try(func() { decoded(q, "sonic", sonic.Unmarshal) })
	try(func() {
		path := []any{}

		for _, name := range q.path {
			path = append(path, name)
		}

		if node, err := sonic.Get(q.body, path...); err == nil {
			if text, err := node.StrictString(); err == nil {
				tell("sonic.Get", text)
			}
		}
	})
	try(func() {
		v, err := fastjson.ParseBytes(q.body)
		if err == nil {
			tell("fastjson", string(v.GetStringBytes(q.path...)))
		}
	})
	try(func() {
		if gjson.ValidBytes(q.body) {
			tell("gjson", gjson.GetBytes(q.body,
				strings.Join(q.path, ".")).String())
		}
	})
	try(func() {
		if v, err := jsonparser.GetString(q.body, q.path...); err == nil {
			tell("jsonparser", v)
		}
	})
	try(func() { fiberForm(q) })
	try(func() { fiber3Form(q) })
	try(func() { hertzForm(q) })
	try(func() {
		c := echo.New().NewContext(q.http(), httptest.NewRecorder())
		bound := address{}

		if q.field == "email" && c.Bind(&bound) == nil {
			tell("echo.Bind", bound.Email)
		}
	})
	try(func() {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = q.http()
		bound := address{}

		if q.field == "email" && c.ShouldBind(&bound) == nil {
			tell("gin.Bind", bound.Email)
		}
	})
}

func arg(q *request) {
	r := q.http()
	tell("net/http.Query", r.URL.Query()[q.field]...)

	if values, err := url.ParseQuery(r.URL.RawQuery); err == nil {
		tell("net/url.ParseQuery", values[q.field]...)
	}

	try(func() { fiberForm(q) })
	try(func() { fiber3Form(q) })
	try(func() { hertzForm(q) })

	// merged with a body

	try(func() { netHTTP(q) })
	try(func() {
		tell("echo.FormValue", echo.New().NewContext(q.http(),
			httptest.NewRecorder()).FormValue(q.field))
	})
	try(func() { fast(q) })
}

func parse(q *request) {
	answer = map[string][]string{}

	switch q.K {
	case "form", "multipart":
		try(func() { netHTTP(q) })
		try(func() { multipartReader(q) })
		try(func() { ginForm(q) })
		try(func() { gorilla(q) })
		try(func() { echoForm(q) })
		try(func() { fast(q) })
		try(func() { fiberForm(q) })
		try(func() { fiber3Form(q) })
		try(func() { hertzForm(q) })
	case "json":
		json(q)
	case "arg":
		try(func() { arg(q) })
	case "header":
		try(func() { tell("net/http.Header", q.http().Header.Values(q.field)...) })
	}
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)

	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}

		q := request{}

		if stdjson.Unmarshal(line, &q.frame) != nil {
			return
		}

		q.body, _ = base64.StdEncoding.DecodeString(q.B)

		switch f := q.F.(type) {
		case string:
			q.field = f
		case []any:
			for _, name := range f {
				q.path = append(q.path, name.(string))
			}

			q.field = strings.Join(q.path, "/")
		}

		raw := bytes.Buffer{}
		fmt.Fprintf(&raw, "%s %s HTTP/1.1\r\nHost: x\r\n", q.M, q.T)

		for _, h := range q.H {
			for _, c := range []rune(h[0] + ": " + h[1]) {
				raw.WriteByte(byte(c))
			}

			raw.WriteString("\r\n")
		}

		fmt.Fprintf(&raw, "Content-Length: %d\r\n\r\n", len(q.body))
		raw.Write(q.body)
		q.raw = raw.Bytes()

		parse(&q)

		doc, _ := stdjson.Marshal(answer)
		out.Write(doc)
		out.WriteByte('\n')
		out.Flush()
	}
}
