/* Clients URL: java.net.http, OkHttp, Apache HttpClient 4 and 5 */

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import okhttp3.FormBody;
import okhttp3.MediaType;
import okhttp3.MultipartBody;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;

import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.entity.UrlEncodedFormEntity;
import org.apache.hc.client5.http.entity.mime.HttpMultipartMode;
import org.apache.hc.client5.http.entity.mime.MultipartEntityBuilder;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.http.message.BasicNameValuePair;


public class Clients {

    static final String FORM = "application/x-www-form-urlencoded";
    static final String NAME = "photo \"1\" \u00e9.png";
    static final byte[] PNG = "\u0089PNG\r\n\u001a\n\r\n--x\u0000\u00ff"
        .getBytes(StandardCharsets.ISO_8859_1);

    static String url;
    static final Map<String, String> fields = new LinkedHashMap<>();


    public static void main(String[] args) throws Exception {
        url = args[0] + "/java-";

        fields.put("name", "Zo\u00eb O'Neil & S\u00f6hne");
        fields.put("email", "jane.doe+news@example.com");
        fields.put("message",
                   "two lines;\r\na=b & 100% \"quoted\" \ud83d\udca1");

        jdk();
        okhttp();
        apache4();
        apache5();
    }


    static String json() {
        return "{\"name\":\"Zo\\u00eb O'Neil & S\\u00f6hne\","
            + "\"email\":\"jane.doe+news@example.com\","
            + "\"message\":\"two lines;\\r\\n\"}";
    }


    static void jdk() throws Exception {
        StringBuilder form = new StringBuilder();

        for (Map.Entry<String, String> f : fields.entrySet()) {
            form.append(form.length() == 0 ? "" : "&").append(f.getKey())
                .append('=').append(URLEncoder.encode(f.getValue(),
                                                StandardCharsets.UTF_8));
        }

        jdk("httpclient-form", FORM, form.toString());
        jdk("httpclient-json", "application/json", json());
    }


    static void jdk(String kind, String type, String body) throws Exception {
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
            .send(HttpRequest.newBuilder(URI.create(url + kind))
                  .header("Content-Type", type)
                  .POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                  HttpResponse.BodyHandlers.discarding());
    }


    static void okhttp() throws Exception {
        FormBody.Builder form = new FormBody.Builder();
        MultipartBody.Builder multipart = new MultipartBody.Builder()
            .setType(MultipartBody.FORM);

        for (Map.Entry<String, String> f : fields.entrySet()) {
            form.add(f.getKey(), f.getValue());
            multipart.addFormDataPart(f.getKey(), f.getValue());
        }

        okhttp("okhttp-form", form.build());
        okhttp("okhttp-json", RequestBody.create(json(),
               MediaType.parse("application/json; charset=utf-8")));
        okhttp("okhttp-multipart", multipart.build());

        multipart.addFormDataPart("avatar", NAME,
            RequestBody.create(PNG, MediaType.parse("image/png")));
        okhttp("okhttp-multipart-file", multipart.build());
    }


    static void okhttp(String kind, RequestBody body) throws Exception {
        new OkHttpClient().newCall(new Request.Builder().url(url + kind)
                                   .post(body).build()).execute().close();
    }


    static void apache4() throws Exception {
        org.apache.http.entity.mime.MultipartEntityBuilder builder =
            org.apache.http.entity.mime.MultipartEntityBuilder.create();

        for (Map.Entry<String, String> f : fields.entrySet()) {
            builder.addTextBody(f.getKey(), f.getValue(),
                org.apache.http.entity.ContentType.create("text/plain",
                                                StandardCharsets.UTF_8));
        }

        builder.addBinaryBody("avatar", PNG,
            org.apache.http.entity.ContentType.create("image/png"), NAME);

        org.apache.http.client.methods.HttpPost post =
            new org.apache.http.client.methods.HttpPost(
                url + "httpclient4-multipart-file");
        post.setEntity(builder.build());

        org.apache.http.impl.client.HttpClients.createDefault()
            .execute(post).close();
    }


    static void apache5() throws Exception {
        List<BasicNameValuePair> pairs = new ArrayList<>();

        for (Map.Entry<String, String> f : fields.entrySet()) {
            pairs.add(new BasicNameValuePair(f.getKey(), f.getValue()));
        }

        apache5("httpclient5-form", new UrlEncodedFormEntity(pairs,
                StandardCharsets.UTF_8));
        apache5("httpclient5-json", new StringEntity(json(),
                ContentType.APPLICATION_JSON));

        for (HttpMultipartMode mode : HttpMultipartMode.values()) {
            MultipartEntityBuilder builder = MultipartEntityBuilder.create()
                .setMode(mode);

            for (Map.Entry<String, String> f : fields.entrySet()) {
                builder.addTextBody(f.getKey(), f.getValue(),
                    ContentType.create("text/plain", StandardCharsets.UTF_8));
            }

            builder.addBinaryBody("avatar", PNG, ContentType.IMAGE_PNG,
                                  "photo.png");
            apache5("httpclient5-multipart-" + mode.name().toLowerCase(),
                    builder.build());
        }
    }


    static void apache5(String kind, HttpEntity entity) throws Exception {
        try (CloseableHttpClient client = HttpClients.createDefault()) {
            HttpPost post = new HttpPost(url + kind);
            post.setEntity(entity);
            client.execute(post, answer -> null);
        }
    }
}
