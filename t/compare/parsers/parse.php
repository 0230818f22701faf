<?php

/*
 * What PHP makes of one field of this request, by FastCGI; X-Compare is the
 * field and its kind: see t/compare/README.md.
 */

function leaves($value, &$found)
{
    if (is_array($value) || is_object($value)) {
        foreach ($value as $v) {
            leaves($v, $found);
        }
    } elseif ($value !== null) {
        $found[] = (string) $value;
    }
}

function at($value, $path)
{
    foreach ($path as $name) {
        $value = is_array($value) ? $value[$name] ?? null : null;
    }

    return $value;
}

$kind = $_SERVER['COMPARE_KIND'];
$field = $_SERVER['COMPARE_FIELD'];

if ($kind == 'json') {
    $all = ['json_decode' => at(json_decode(file_get_contents('php://input'),
                                            true), json_decode($field))];

} elseif ($kind == 'header') {
    $all = ['SERVER' => $_SERVER['HTTP_'
        . strtoupper(str_replace('-', '_', $field))] ?? null];

} else {

    /* user.email is $_POST['user_email'], user[email] $_POST['user']['email'] */

    $path = explode('[', str_replace(']', '', $field));
    $path[0] = strtr($path[0], '. ', '__');

    $all = $kind == 'arg'
        ? ['GET' => at($_GET, $path), 'REQUEST' => at($_REQUEST, $path)]
        : ['POST' => at($_POST, $path), 'REQUEST' => at($_REQUEST, $path)];

    if ($kind == 'form') {
        parse_str(file_get_contents('php://input'), $parsed);
        $all['parse_str'] = at($parsed, $path);
    }
}

$answer = [];

foreach ($all as $name => $value) {
    $found = [];
    leaves($value, $found);

    if ($found) {
        $answer["php.$name"] = $found;
    }
}

header('Content-Type: application/json');
echo json_encode((object) $answer, JSON_INVALID_UTF8_SUBSTITUTE);
