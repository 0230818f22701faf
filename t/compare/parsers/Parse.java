/*
 * Reads requests, one a line in JSON, and tells what Tomcat, Jetty, Undertow,
 * Netty, Spring WebFlux, Commons FileUpload and Java's JSON libraries make of
 * one field: see t/compare/README.md.
 */

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.multipart.Attribute;
import io.netty.handler.codec.http.multipart.DefaultHttpDataFactory;
import io.netty.handler.codec.http.multipart.HttpPostRequestDecoder;
import io.netty.handler.codec.http.multipart.InterfaceHttpData;

import io.undertow.Undertow;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;

import jakarta.servlet.MultipartConfigElement;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.Part;

import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;
import org.apache.commons.fileupload.FileItemIterator;
import org.apache.commons.fileupload.FileItemStream;
import org.apache.commons.fileupload.FileUpload;
import org.apache.commons.fileupload.RequestContext;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.core.ResolvableType;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ReactiveHttpInputMessage;
import org.springframework.http.codec.FormHttpMessageReader;
import org.springframework.http.codec.multipart.DefaultPartHttpMessageReader;
import org.springframework.http.codec.multipart.FormFieldPart;

import reactor.core.publisher.Flux;


public class Parse {

    static final Gson gson = new Gson();
    static final ObjectMapper jackson = new ObjectMapper();
    static final Map<String, Socket> sockets = new LinkedHashMap<>();
    static final Map<String, Integer> ports = new LinkedHashMap<>();

    static class Frame {
        String m, t, b, k;
        List<List<String>> h;
        JsonElement f;
        transient byte[] body;

        String type() {
            for (List<String> x : h) {
                if (x.get(0).equalsIgnoreCase("content-type")) {
                    return x.get(1);
                }
            }

            return null;
        }
    }


    /* answers with what it finds, in JSON */

    public static class Servlet extends HttpServlet {

        @Override
        protected void service(HttpServletRequest r, HttpServletResponse a)
            throws IOException
        {
            String field = new String(Base64.getDecoder().decode(
                r.getHeader("X-Compare")), StandardCharsets.UTF_8);
            String kind = r.getHeader("X-Compare-Kind");
            Map<String, List<String>> found = new LinkedHashMap<>();

            try {
                if (kind.equals("header")) {
                    List<String> all = new ArrayList<>();
                    r.getHeaders(field).asIterator().forEachRemaining(
                        all::add);
                    found.put("getHeaders", all);

                } else {
                    String[] values = r.getParameterValues(field);

                    if (values != null) {
                        found.put("getParameterValues", List.of(values));
                    }
                }

                if (kind.equals("multipart")) {
                    List<String> parts = new ArrayList<>();

                    for (Part part : r.getParts()) {
                        if (field.equals(part.getName())
                            && part.getSubmittedFileName() == null)
                        {
                            parts.add(new String(part.getInputStream()
                                      .readAllBytes(),
                                      StandardCharsets.UTF_8));
                        }
                    }

                    found.put("getParts", parts);
                }

            } catch (Exception e) {
                found.put("error", List.of(String.valueOf(e)));
            }

            byte[] answer = gson.toJson(found).getBytes(
                StandardCharsets.UTF_8);
            a.setStatus(200);
            a.setContentType("application/json");
            a.setContentLength(answer.length);
            a.getOutputStream().write(answer);
        }
    }


    static MultipartConfigElement multipart() {
        return new MultipartConfigElement(
            System.getProperty("java.io.tmpdir"), -1, -1, 1 << 20);
    }


    static void tomcat() throws Exception {
        Tomcat tomcat = new Tomcat();
        File base = Files.createTempDirectory("tomcat").toFile();
        base.deleteOnExit();
        tomcat.setBaseDir(base.getPath());
        tomcat.getConnector().setPort(0);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        tomcat.getConnector().setProperty("maxKeepAliveRequests", "-1");
        Context context = tomcat.addContext("", base.getPath());
        Wrapper wrapper = Tomcat.addServlet(context, "x", new Servlet());
        wrapper.setMultipartConfigElement(multipart());
        context.addServletMappingDecoded("/*", "x");
        tomcat.start();
        ports.put("tomcat", tomcat.getConnector().getLocalPort());
    }


    static void jetty() throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        ServletHolder holder = new ServletHolder(new Servlet());
        holder.getRegistration().setMultipartConfig(multipart());
        context.addServlet(holder, "/*");
        server.setHandler(context);
        server.start();
        ports.put("jetty", connector.getLocalPort());
    }


    static void undertow() throws Exception {
        DeploymentInfo info = Servlets.deployment()
            .setClassLoader(Parse.class.getClassLoader())
            .setContextPath("/").setDeploymentName("x")
            .addServlet(Servlets.servlet("x", Servlet.class)
                        .addMapping("/*").setMultipartConfig(multipart()));
        DeploymentManager manager = Servlets.defaultContainer()
            .addDeployment(info);
        manager.deploy();
        Undertow server = Undertow.builder().addHttpListener(0, "127.0.0.1")
            .setHandler(manager.start()).setIoThreads(1).setWorkerThreads(2)
            .build();
        server.start();
        ports.put("undertow", ((java.net.InetSocketAddress)
            server.getListenerInfo().get(0).getAddress()).getPort());
    }


    static byte[] ask(String name, byte[] request) throws IOException {
        Socket socket = sockets.get(name);

        if (socket == null) {
            socket = new Socket("127.0.0.1", ports.get(name));
            socket.setSoTimeout(3000);
            socket.setTcpNoDelay(true);
            sockets.put(name, socket);
        }

        socket.getOutputStream().write(request);

        InputStream in = socket.getInputStream();
        ByteArrayOutputStream head = new ByteArrayOutputStream();

        while (!head.toString(StandardCharsets.ISO_8859_1)
               .endsWith("\r\n\r\n"))
        {
            int c = in.read();

            if (c < 0) {
                throw new IOException("closed");
            }

            head.write(c);
        }

        String text = head.toString(StandardCharsets.ISO_8859_1);
        java.util.regex.Matcher length = java.util.regex.Pattern.compile(
            "(?i)content-length: *(\\d+)").matcher(text);

        if (!text.startsWith("HTTP/1.1 200") || !length.find()) {
            throw new IOException(text.split("\r\n")[0]);
        }

        byte[] body = in.readNBytes(Integer.parseInt(length.group(1)));

        if (text.toLowerCase().contains("connection: close")) {
            socket.close();
            sockets.remove(name);
        }

        return body;
    }


    static byte[] raw(Frame q) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        StringBuilder head = new StringBuilder();

        head.append(q.m).append(' ').append(q.t).append(" HTTP/1.1\r\n")
            .append("Host: localhost\r\n");

        for (List<String> x : q.h) {
            head.append(x.get(0)).append(": ").append(x.get(1))
                .append("\r\n");
        }

        head.append("X-Compare: ").append(Base64.getEncoder().encodeToString(
            q.f.getAsString().getBytes(StandardCharsets.UTF_8)))
            .append("\r\nX-Compare-Kind: ").append(q.k)
            .append("\r\nContent-Length: ").append(q.body.length)
            .append("\r\n\r\n");

        out.writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        out.writeBytes(q.body);

        return out.toByteArray();
    }


    static void fileupload(Frame q, Map<String, List<String>> answer)
        throws Exception
    {
        List<String> found = new ArrayList<>();
        FileItemIterator items = new FileUpload().getItemIterator(
            new RequestContext() {
                public String getCharacterEncoding() { return "UTF-8"; }
                public String getContentType() { return q.type(); }
                public int getContentLength() { return q.body.length; }
                public InputStream getInputStream() {
                    return new ByteArrayInputStream(q.body);
                }
            });

        answer.put("java.fileupload.items", found);

        while (items.hasNext()) {
            FileItemStream item = items.next();

            if (item.isFormField()
                && q.f.getAsString().equals(item.getFieldName()))
            {
                found.add(new String(item.openStream().readAllBytes(),
                                     StandardCharsets.UTF_8));
            }
        }
    }


    /* Netty, as Vert.x, Micronaut and Play use it */

    static void netty(Frame q, Map<String, List<String>> answer)
        throws Exception
    {
        String field = q.f.getAsString();

        if (q.k.equals("arg")) {
            answer.put("java.netty.query", new QueryStringDecoder(q.t)
                .parameters().getOrDefault(field, List.of()));
            return;
        }

        List<String> found = new ArrayList<>();
        FullHttpRequest r = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1,
            HttpMethod.valueOf(q.m), q.t, Unpooled.wrappedBuffer(q.body));

        q.h.forEach(x -> r.headers().add(x.get(0), x.get(1)));
        answer.put("java.netty.attributes", found);

        HttpPostRequestDecoder decoder = new HttpPostRequestDecoder(
            new DefaultHttpDataFactory(false), r);

        try {
            for (InterfaceHttpData data : decoder.getBodyHttpDatas()) {
                if (data instanceof Attribute && data.getName().equals(field))
                {
                    found.add(((Attribute) data).getValue());
                }
            }
        } finally {
            decoder.destroy();
        }
    }


    /* Spring WebFlux */

    static void webflux(Frame q, Map<String, List<String>> answer)
        throws Exception
    {
        String field = q.f.getAsString();
        HttpHeaders headers = new HttpHeaders();
        List<String> found = new ArrayList<>();

        q.h.forEach(x -> headers.add(x.get(0), x.get(1)));
        answer.put("java.webflux." + q.k, found);

        ReactiveHttpInputMessage message = new ReactiveHttpInputMessage() {
            public HttpHeaders getHeaders() { return headers; }
            public Flux<DataBuffer> getBody() {
                return Flux.just(DefaultDataBufferFactory.sharedInstance
                                 .wrap(q.body));
            }
        };

        if (q.k.equals("form")) {
            found.addAll(new FormHttpMessageReader().readMono(
                ResolvableType.forClassWithGenerics(
                    org.springframework.util.MultiValueMap.class,
                    String.class, String.class), message, Map.of())
                .block().getOrDefault(field, List.of()));
            found.removeIf(x -> x == null);
            return;
        }

        new DefaultPartHttpMessageReader().read(
            ResolvableType.forClass(
                org.springframework.http.codec.multipart.Part.class),
            message, Map.of())
            .doOnNext(part -> {
                if (part instanceof FormFieldPart
                    && part.name().equals(field))
                {
                    found.add(((FormFieldPart) part).value());
                }
            }).blockLast(java.time.Duration.ofSeconds(3));
    }


    interface Reader {
        void read(Frame q, Map<String, List<String>> answer)
            throws Exception;
    }


    static void read(String name, Frame q, Map<String, List<String>> answer,
        Reader reader)
    {
        try {
            reader.read(q, answer);

        } catch (Throwable e) {
            answer.put("error." + name, List.of(String.valueOf(e)));
        }
    }


    interface Json {
        String get(byte[] body, List<String> path) throws Exception;
    }


    static void json(Map<String, List<String>> answer, String name, Frame q,
        Json json)
    {
        List<String> path = new ArrayList<>();
        q.f.getAsJsonArray().forEach(e -> path.add(e.getAsString()));

        try {
            String value = json.get(q.body, path);

            if (value != null) {
                answer.put("java." + name, List.of(value));
            }

        } catch (Throwable e) {
            answer.computeIfAbsent("error." + name, x -> new ArrayList<>())
                .add(String.valueOf(e));
        }
    }


    public static class Address { public String email; }

    public static class User { public Address user; }


    static void json(Frame q, Map<String, List<String>> answer) {
        json(answer, "jackson", q, (body, path) -> {
            JsonNode node = jackson.readTree(body);
            for (String name : path) {
                node = node == null ? null : node.get(name);
            }
            return node == null || node.isNull() ? null : node.asText();
        });

        json(answer, "gson", q, (body, path) -> {
            JsonElement node = JsonParser.parseString(
                new String(body, StandardCharsets.UTF_8));
            for (String name : path) {
                node = node == null ? null
                    : node.getAsJsonObject().get(name);
            }
            return node == null || node.isJsonNull() ? null
                : node.getAsString();
        });

        json(answer, "gson.bean", q, (body, path) -> {
            String text = new String(body, StandardCharsets.UTF_8);
            return path.size() == 1
                ? gson.fromJson(text, Address.class).email
                : gson.fromJson(text, User.class).user.email;
        });

        json(answer, "org.json", q, (body, path) -> {
            org.json.JSONObject node = new org.json.JSONObject(
                new String(body, StandardCharsets.UTF_8));
            for (String name : path.subList(0, path.size() - 1)) {
                node = node.getJSONObject(name);
            }
            String last = path.get(path.size() - 1);
            return node.isNull(last) ? null : node.get(last).toString();
        });

        json(answer, "fastjson2", q, (body, path) -> {
            com.alibaba.fastjson2.JSONObject node =
                com.alibaba.fastjson2.JSON.parseObject(body);
            for (String name : path.subList(0, path.size() - 1)) {
                node = node.getJSONObject(name);
            }
            return node.getString(path.get(path.size() - 1));
        });

        json(answer, "fastjson2.bean", q, (body, path) -> path.size() == 1
            ? com.alibaba.fastjson2.JSON.parseObject(body, Address.class)
                .email
            : com.alibaba.fastjson2.JSON.parseObject(body, User.class)
                .user.email);
    }


    static void servers(Frame q, Map<String, List<String>> answer) {
        byte[] request = raw(q);

        for (String name : ports.keySet()) {
            try {
                Map<String, Collection<String>> found = gson.fromJson(
                    new String(ask(name, request), StandardCharsets.UTF_8),
                    Map.class);

                found.forEach((k, v) -> answer.put((k.equals("error")
                    ? "error." : "java.") + name + "." + k,
                    new ArrayList<>(v)));

            } catch (Exception e) {
                answer.put("error." + name, List.of(String.valueOf(e)));

                try {
                    Socket socket = sockets.remove(name);

                    if (socket != null) {
                        socket.close();
                    }
                } catch (IOException ignored) {
                    continue;
                }
            }
        }
    }


    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(new java.io.FileOutputStream(
            java.io.FileDescriptor.out), false, "UTF-8");
        System.setOut(System.err);
        java.util.logging.LogManager.getLogManager().reset();

        tomcat();
        jetty();
        undertow();

        BufferedReader in = new BufferedReader(new InputStreamReader(
            System.in, StandardCharsets.UTF_8));

        for (String line; (line = in.readLine()) != null; ) {
            Frame q = gson.fromJson(line, Frame.class);
            Map<String, List<String>> answer = new LinkedHashMap<>();
            q.body = Base64.getDecoder().decode(q.b);

            if (q.k.equals("json")) {
                json(q, answer);

            } else {
                servers(q, answer);
            }

            if (q.k.equals("multipart")) {
                read("fileupload", q, answer, Parse::fileupload);
            }

            if (q.k.equals("multipart") || q.k.equals("form")) {
                read("netty", q, answer, Parse::netty);
                read("webflux", q, answer, Parse::webflux);
            }

            if (q.k.equals("arg")) {
                read("netty", q, answer, Parse::netty);
            }

            if (System.getenv("COMPARE_ERRORS") == null) {
                answer.keySet().removeIf(k -> k.startsWith("error."));
            }

            out.println(gson.toJson(answer));
            out.flush();
        }

        System.exit(0);
    }
}
