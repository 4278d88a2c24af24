<?php
// A webhook for callroute in PHP, no dependencies: php -S 127.0.0.1:8080 examples/servers/webhook.php

const SALES = [
    'action' => 'forward',
    'destination' => [
        'type' => 'ring_group',
        'members' => ['+16822306467', '+12125551234'],
        'strategy' => 'simultaneous',
    ],
];

/** The one function to change: an event in, an action (or a list of actions) out. */
function route(array $event): array
{
    if (($event['menu']['digits'] ?? null) === '1') {
        return SALES;
    }
    return ['action' => 'voicemail', 'message' => 'general'];
}

try {
    $event = json_decode(file_get_contents('php://input'), true, 32, JSON_THROW_ON_ERROR);
    error_log("{$event['event']} from {$event['from']} to {$event['to']}");
    $body = json_encode(route($event), JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
    header('Content-Type: application/json');
    header('Content-Length: ' . strlen($body));
    echo $body;
} catch (JsonException $error) {
    http_response_code(400);
    header('Content-Type: text/plain');
    echo $error->getMessage();
}
