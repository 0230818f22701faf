<?php

/* clients.php URL: streams, curl and Guzzle */

require 'GuzzleHttp/autoload.php';

$url = $argv[1] . '/php-';

$fields = [
    'name' => "Zo\u{eb} O'Neil & S\u{f6}hne",
    'email' => 'jane.doe+news@example.com',
    'message' => "two lines;\r\na=b & 100% \"quoted\" \u{1f4a1}",
];

$png = "\x89PNG\r\n\x1a\n\r\n--x\x00\xff";
$filename = "photo \"1\" \u{e9}.png";

function curl($kind, $body, $headers = [])
{
    global $url;

    $curl = curl_init($url . 'curl-' . $kind);
    curl_setopt($curl, CURLOPT_POST, true);
    curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
    curl_setopt($curl, CURLOPT_HTTPHEADER, $headers);
    curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
    curl_exec($curl);
    curl_close($curl);
}

curl('form', http_build_query($fields));
curl('multipart', $fields);
curl('multipart-file', $fields + ['avatar' => new CURLStringFile($png,
    $filename, 'image/png')]);
curl('json', json_encode($fields), ['Content-Type: application/json']);

file_get_contents($url . 'stream-form', false, stream_context_create(['http' => [
    'method' => 'POST', 'content' => http_build_query($fields),
    'header' => "Content-Type: application/x-www-form-urlencoded\r\n",
]]));

$guzzle = new GuzzleHttp\Client();

$guzzle->get($url . 'guzzle-get', ['query' => $fields,
    'headers' => ['X-Email' => $fields['email']]]);
$guzzle->post($url . 'guzzle-form', ['form_params' => $fields]);
$guzzle->post($url . 'guzzle-json', ['json' => $fields]);

$parts = [];

foreach ($fields as $name => $value) {
    $parts[] = ['name' => $name, 'contents' => $value];
}

$guzzle->post($url . 'guzzle-multipart', ['multipart' => $parts]);

$parts[] = ['name' => 'avatar', 'contents' => $png,
            'filename' => 'photo.png'];

$guzzle->post($url . 'guzzle-multipart-file', ['multipart' => $parts]);
