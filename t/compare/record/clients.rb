# clients.rb URL: Net::HTTP, Faraday, RestClient, HTTParty, http.rb

require "faraday"
require "http"
require "httparty"
require "json"
require "net/http"
require "rest-client"
require "tmpdir"

url = ARGV[0] + "/ruby-"

fields = {
  "name" => "Zo\u00eb O'Neil & S\u00f6hne",
  "email" => "jane.doe+news@example.com",
  "message" => "two lines;\r\na=b & 100% \"quoted\" \u{1f4a1}",
}

path = File.join(Dir.mktmpdir, "photo 1.png")
File.binwrite(path, "\x89PNG\r\n\x1a\n\r\n--x\x00\xff".b)
file = -> { File.new(path, "rb") }

Net::HTTP.post_form(URI(url + "net-http-form"), fields)

uri = URI(url + "net-http-multipart")
post = Net::HTTP::Post.new(uri)
post.set_form(fields.to_a + [["avatar", file.call]],
              "multipart/form-data")
Net::HTTP.start(uri.host, uri.port) { |http| http.request(post) }

Net::HTTP.post(URI(url + "net-http-json"), fields.to_json,
               "Content-Type" => "application/json")

Faraday.post(url + "faraday-form", fields)

Faraday.get(url + "faraday-get", fields, "X-Email" => fields["email"])

faraday = Faraday.new { |c| c.request :multipart; c.adapter :net_http }
faraday.post(url + "faraday-multipart", fields.merge(
  "avatar" => Faraday::FilePart.new(file.call, "image/png")))

RestClient.post(url + "rest-client-form", fields)
RestClient.post(url + "rest-client-multipart",
                fields.merge("avatar" => file.call))

HTTParty.post(url + "httparty-form", body: fields)
HTTParty.post(url + "httparty-multipart",
              body: fields.transform_values(&:b).merge(
                "avatar" => file.call))

HTTP.post(url + "http-rb-form", form: fields).to_s
HTTP.post(url + "http-rb-json", json: fields).to_s
HTTP.post(url + "http-rb-multipart", form: fields.merge(
  "avatar" => HTTP::FormData::File.new(path))).to_s
