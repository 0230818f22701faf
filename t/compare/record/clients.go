// clients.go URL: net/http with url.Values, mime/multipart, encoding/json
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func sent(answer *http.Response, err error) {
	check(err)
	_, err = io.Copy(io.Discard, answer.Body)
	check(err)
	check(answer.Body.Close())
}

func main() {
	base := os.Args[1] + "/go-"
	fields := [][2]string{
		{"name", "Zo\u00eb O'Neil & S\u00f6hne"},
		{"email", "jane.doe+news@example.com"},
		{"message", "two lines;\r\na=b & 100% \"quoted\" \U0001f4a1"},
	}
	values := url.Values{}
	object := map[string]string{}

	for _, f := range fields {
		values.Set(f[0], f[1])
		object[f[0]] = f[1]
	}

	sent(http.PostForm(base+"postform", values))

	get, err := http.NewRequest("GET", base+"get?"+values.Encode(), nil)
	check(err)
	get.Header.Set("X-Email", object["email"])
	sent(http.DefaultClient.Do(get))

	doc, err := json.Marshal(object)
	check(err)
	sent(http.Post(base+"json", "application/json", bytes.NewReader(doc)))

	for _, file := range []bool{false, true} {
		body := &bytes.Buffer{}
		w := multipart.NewWriter(body)

		for _, f := range fields {
			check(w.WriteField(f[0], f[1]))
		}

		name := "multipart"

		if file {
			name = "multipart-file"
			part, err := w.CreateFormFile("avatar", "photo \"1\" \u00e9.png")
			check(err)
			_, err = part.Write([]byte("\x89PNG\r\n\x1a\n\r\n--x\x00\xff"))
			check(err)
		}

		check(w.Close())
		sent(http.Post(base+name, w.FormDataContentType(), body))
	}

	// a pipe has no length: chunked

	r, pipe := io.Pipe()
	w := multipart.NewWriter(pipe)

	go func() {
		for _, f := range fields {
			check(w.WriteField(f[0], f[1]))
		}

		check(w.Close())
		check(pipe.Close())
	}()

	sent(http.Post(base+"multipart-chunked", w.FormDataContentType(), r))
}
