// Reads requests, one a line in JSON, and tells what each of Rust's parsers
// makes of one field: see t/compare/README.md.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::FromRequest as _;
use actix_web::test::TestRequest;
use axum::body::Body;
use axum::extract::FromRequest as _;
use base64::Engine;
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use sonic_rs::JsonValueTrait;

type Pairs = Vec<(String, String)>;
type Answer = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
struct Frame {
    m: String,
    t: String,
    h: Pairs,
    b: String,
    k: String,
    f: Value,
}

struct Request {
    frame: Frame,
    body: Vec<u8>,
    query: String,
    field: String,
    path: Vec<String>,
}

// the field by each library's usual way of naming it

#[derive(Deserialize)]
struct Address {
    email: Option<String>,
}

#[derive(Deserialize)]
struct User {
    user: Address,
}

fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null => (),
        Value::String(s) => found.push(s.clone()),
        Value::Array(a) => a.iter().for_each(|v| leaves(v, found)),
        Value::Object(o) => o.values().for_each(|v| leaves(v, found)),
        other => found.push(other.to_string()),
    }
}

fn at(document: &Value, path: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut value = Some(document);

    for name in path {
        value = value.and_then(|v| v.get(name));
    }

    if let Some(v) = value {
        leaves(v, &mut found);
    }

    found
}

impl Request {
    fn new(line: &str) -> Request {
        let frame: Frame = serde_json::from_str(line).unwrap();
        let body = base64::engine::general_purpose::STANDARD
            .decode(&frame.b).unwrap();
        let query = frame.t.split_once('?').map_or("", |x| x.1).to_string();
        let field = frame.f.as_str().unwrap_or("").to_string();
        let path = match &frame.f {
            Value::Array(a) => a.iter()
                .map(|v| v.as_str().unwrap().to_string()).collect(),
            _ => field.replace(']', "").split('[').map(String::from).collect(),
        };

        Request { frame, body, query, field, path }
    }

    // bytes of a header stand for themselves

    fn headers(&self) -> Vec<(http::HeaderName, http::HeaderValue)> {
        self.frame.h.iter().filter_map(|(n, v)| {
            let bytes: Vec<u8> = v.chars().map(|c| c as u8).collect();

            Some((http::HeaderName::from_bytes(n.as_bytes()).ok()?,
                  http::HeaderValue::from_bytes(&bytes).ok()?))
        }).collect()
    }

    // escaped, what makers of requests do not take as it is

    fn uri(&self) -> String {
        self.frame.t.chars().map(|c| if c.is_ascii_graphic() {
            c.to_string()
        } else {
            format!("%{:02X}", c as u8)
        }).collect()
    }

    fn axum(&self) -> axum::extract::Request {
        let mut r = http::Request::new(Body::from(self.body.clone()));

        *r.method_mut() = self.frame.m.parse().unwrap();
        *r.uri_mut() = self.uri().parse().unwrap();

        for (n, v) in self.headers() {
            r.headers_mut().append(n, v);
        }

        r
    }

    fn actix(&self) -> (actix_web::HttpRequest, actix_web::dev::Payload) {
        let mut r = TestRequest::default()
            .method(self.frame.m.parse().unwrap()).uri(&self.uri());

        for (n, v) in &self.frame.h {
            let bytes: Vec<u8> = v.chars().map(|c| c as u8).collect();

            if let (Ok(n), Ok(v)) = (
                actix_web::http::header::HeaderName::from_bytes(n.as_bytes()),
                actix_web::http::header::HeaderValue::from_bytes(&bytes))
            {
                r = r.append_header((n, v));
            }
        }

        r.set_payload(self.body.clone()).to_http_parts()
    }

    fn of(&self, pairs: Pairs) -> Vec<String> {
        pairs.into_iter().filter(|(n, _)| *n == self.field).map(|(_, v)| v)
            .collect()
    }

    fn nested(&self, all: &HashMap<String, Value>) -> Vec<String> {
        let document = serde_json::to_value(all).unwrap();
        let mut found = at(&document, &self.path);
        found.extend(at(&document, std::slice::from_ref(&self.field)));
        found
    }
}

fn tell(answer: &mut Answer, name: &str, values: Vec<String>) {
    let values: Vec<String> =
        values.into_iter().filter(|v| !v.is_empty()).collect();

    if !values.is_empty() {
        answer.insert(format!("rust.{name}"), values);
    }
}

fn pairs(q: &Request, data: &[u8], a: &mut Answer) {
    tell(a, "form_urlencoded.parse", q.of(form_urlencoded::parse(data)
        .into_owned().collect()));

    if let Ok(p) = serde_urlencoded::from_bytes::<Pairs>(data) {
        tell(a, "serde_urlencoded.pairs", q.of(p));
    }

    if let Ok(p) = serde_urlencoded::from_bytes::<Address>(data) {
        if q.field == "email" {
            tell(a, "serde_urlencoded.struct", p.email.into_iter().collect());
        }
    }

    if let Ok(p) = serde_html_form::from_bytes::
        <HashMap<String, Vec<String>>>(data)
    {
        tell(a, "serde_html_form.map",
             p.get(&q.field).cloned().unwrap_or_default());
    }

    if let Ok(p) = serde_qs::from_bytes::<HashMap<String, Value>>(data) {
        tell(a, "serde_qs.map", q.nested(&p));
    }
}

async fn form(q: &Request, a: &mut Answer) {
    pairs(q, &q.body, a);

    if let Ok(f) = axum::Form::<Pairs>::from_request(q.axum(), &()).await {
        tell(a, "axum.Form", q.of(f.0));
    }

    let (r, mut payload) = q.actix();

    if let Ok(f) = actix_web::web::Form::<Pairs>::from_request(
        &r, &mut payload).await
    {
        tell(a, "actix.Form", q.of(f.into_inner()));
    }
}

async fn multipart(q: &Request, a: &mut Answer) {
    let mut found = Vec::new();

    if let Ok(mut m) = axum::extract::Multipart::from_request(
        q.axum(), &()).await
    {
        while let Ok(Some(part)) = m.next_field().await {
            let wanted = part.name() == Some(q.field.as_str())
                && part.file_name().is_none();

            if let Ok(text) = part.text().await {
                if wanted {
                    found.push(text);
                }
            }
        }
    }

    tell(a, "axum.Multipart", found);

    let mut found = Vec::new();
    let (r, mut payload) = q.actix();

    if let Ok(mut m) = actix_multipart::Multipart::from_request(
        &r, &mut payload).await
    {
        while let Some(Ok(mut part)) = m.next().await {
            let wanted = part.name() == Some(q.field.as_str())
                && part.content_disposition()
                       .is_some_and(|d| d.get_filename().is_none());
            let mut data = Vec::new();

            while let Some(Ok(chunk)) = part.next().await {
                data.extend_from_slice(&chunk);
            }

            if wanted {
                found.push(String::from_utf8_lossy(&data).into_owned());
            }
        }
    }

    tell(a, "actix.Multipart", found);
}

async fn json(q: &Request, a: &mut Answer) {
    if let Ok(v) = serde_json::from_slice::<Value>(&q.body) {
        tell(a, "serde_json.value", at(&v, &q.path));
    }

    let email = |found: Option<Address>| {
        found.and_then(|x| x.email).into_iter().collect()
    };

    tell(a, "serde_json.struct", email(if q.path.len() == 1 {
        serde_json::from_slice(&q.body).ok()
    } else {
        serde_json::from_slice::<User>(&q.body).ok().map(|u| u.user)
    }));

    if let Ok(v) = simd_json::serde::from_slice::<Value>(&mut q.body.clone()) {
        tell(a, "simd_json.value", at(&v, &q.path));
    }

    if let Ok(v) = sonic_rs::from_slice::<Value>(&q.body) {
        tell(a, "sonic_rs.value", at(&v, &q.path));
    }

    let path: Vec<&str> = q.path.iter().map(String::as_str).collect();

    if let Ok(v) = sonic_rs::get(q.body.as_slice(), path.as_slice()) {
        tell(a, "sonic_rs.get", match v.as_str() {
            Some(s) => vec![s.to_string()],
            None => vec![],
        });
    }

    if let Ok(v) = axum::Json::<Value>::from_request(q.axum(), &()).await {
        tell(a, "axum.Json", at(&v.0, &q.path));
    }

    let (r, mut payload) = q.actix();

    if let Ok(v) = actix_web::web::Json::<Value>::from_request(
        &r, &mut payload).await
    {
        tell(a, "actix.Json", at(&v, &q.path));
    }
}

async fn arg(q: &Request, a: &mut Answer) {
    pairs(q, q.query.as_bytes(), a);

    if let Ok(f) = axum::extract::Query::<Pairs>::try_from_uri(
        q.axum().uri())
    {
        tell(a, "axum.Query", q.of(f.0));
    }

    let (r, mut payload) = q.actix();

    if let Ok(f) = actix_web::web::Query::<Pairs>::from_request(
        &r, &mut payload).await
    {
        tell(a, "actix.Query", q.of(f.into_inner()));
    }
}

fn main() {
    let system = actix_web::rt::System::new();
    let mut out = std::io::stdout().lock();

    std::panic::set_hook(Box::new(|_| ()));

    for line in std::io::stdin().lock().lines() {
        let q = Request::new(&line.unwrap());
        let mut answer = Answer::new();

        let _ = catch_unwind(AssertUnwindSafe(|| system.block_on(async {
            match q.frame.k.as_str() {
                "form" => form(&q, &mut answer).await,
                "multipart" => multipart(&q, &mut answer).await,
                "json" => json(&q, &mut answer).await,
                "arg" => arg(&q, &mut answer).await,
                _ => (),
            }
        })));

        writeln!(out, "{}", serde_json::to_string(&answer).unwrap()).unwrap();
        out.flush().unwrap();
    }
}
