# Reads requests, one a line in JSON, and tells what each of Ruby's parsers
# makes of one field: see t/compare/README.md.

require "action_dispatch"
require "base64"
require "cgi"
require "json"
require "oj"
require "rack"
require "sinatra/base"
require "stringio"

OUT = $stdout.dup
$stdout.reopen($stderr)

class App < Sinatra::Base
  set :environment, :production
  set :show_exceptions, false
  set :raise_errors, true
  disable :protection, :logging

  %w[get post].each do |verb|
    send(verb, "/*") do
      env["compare.params"] = params
      ""
    end
  end
end

SINATRA = App.new

def environ(q)
  path, query = q["t"].split("?", 2)

  env = {
    "REQUEST_METHOD" => q["m"], "SCRIPT_NAME" => "", "PATH_INFO" => path,
    "QUERY_STRING" => query || "", "SERVER_NAME" => "localhost",
    "SERVER_PORT" => "80", "SERVER_PROTOCOL" => "HTTP/1.0",
    "HTTP_HOST" => "localhost", "CONTENT_LENGTH" => q["body"].bytesize.to_s,
    "rack.version" => [1, 3], "rack.url_scheme" => "http",
    "rack.input" => StringIO.new(q["body"]), "rack.errors" => $stderr,
    "rack.multithread" => false, "rack.multiprocess" => false,
    "rack.run_once" => false,
  }

  q["h"].each do |name, value|
    key = name.upcase.tr("-", "_")
    key = "HTTP_" + key unless %w[CONTENT_TYPE CONTENT_LENGTH].include?(key)
    value = value.encode("ISO-8859-1").force_encoding("BINARY")
    env[key] = env.key?(key) ? env[key] + "," + value : value
  end

  env
end

def leaves(value, found = [])
  case value
  when nil then nil
  when Hash
    value.each_value { |v| leaves(v, found) } unless value.key?(:tempfile)
  when Array then value.each { |v| leaves(v, found) }
  when String then found << value
  when Numeric, true, false then found << value.to_s
  end

  found
end

def at(value, path)
  path.each do |name|
    return nil unless value.respond_to?(:key?) && value.key?(name)

    value = value[name]
  end

  value
end

def nested(q)
  q["f"].delete("]").split("[")
end

PARSERS = {
  "rack" => [%w[form multipart], lambda do |q|
    r = Rack::Request.new(environ(q))
    { "POST" => at(r.POST, nested(q)), "params" => at(r.params, nested(q)) }
  end],
  "sinatra" => [%w[form multipart arg], lambda do |q|
    env = environ(q)
    SINATRA.call(env)
    { "params" => at(env["compare.params"], nested(q)) }
  end],
  "actiondispatch" => [%w[form multipart arg], lambda do |q|
    env = environ(q)
    r = ActionDispatch::Request.new(env)
    { "params" => at(r.parameters, nested(q)) }
  end],
  "actiondispatch-json" => [%w[json], lambda do |q|
    r = ActionDispatch::Request.new(environ(q))
    { "params" => at(r.parameters, q["f"]) }
  end],
  "rack.query" => [%w[arg], lambda do |q|
    r = Rack::Request.new(environ(q))
    { "GET" => at(r.GET, nested(q)), "params" => at(r.params, nested(q)) }
  end],
  "uri" => [%w[form], lambda do |q|
    { "decode_www_form" => URI.decode_www_form(q["body"])
        .select { |k, _| k == q["f"] }.map(&:last) }
  end],
  "cgi" => [%w[form], lambda do |q|
    { "parse" => CGI.parse(q["body"])[q["f"]] }
  end],
  "json" => [%w[json], lambda do |q|
    body = q["body"].dup.force_encoding("UTF-8")
    { "parse" => at(JSON.parse(body), q["f"]) }
  end],
  "oj" => [%w[json], lambda do |q|
    body = q["body"].dup.force_encoding("UTF-8")
    { "load" => at(Oj.load(body, mode: :compat), q["f"]),
      "strict" => at(Oj.load(body, mode: :strict), q["f"]) }
  end],
  "rack.header" => [%w[header], lambda do |q|
    { "env" => environ(q)["HTTP_" + q["f"].upcase.tr("-", "_")] }
  end],
}.freeze

$stdin.each_line do |line|
  q = JSON.parse(line)
  q["body"] = Base64.decode64(q["b"])
  answer = {}

  PARSERS.each do |name, (kinds, parse)|
    next unless kinds.include?(q["k"])

    begin
      parse.call(q).each do |accessor, value|
        found = leaves(value)
        next if found.empty?

        answer["ruby.#{name}.#{accessor}"] = found.map do |v|
          v.dup.force_encoding("UTF-8").scrub("?")
        end
      end
    rescue StandardError => e
      (answer["errors"] ||= []) << [name, e.to_s[0, 200]] \
        if ENV["COMPARE_ERRORS"]
    end
  end

  OUT.puts(answer.to_json)
  OUT.flush
end
