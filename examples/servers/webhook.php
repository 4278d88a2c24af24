<?php
// A webhook for callroute in PHP, no dependencies: php -S 127.0.0.1:8080 examples/servers/webhook.php

declare(strict_types=1);

use Callroute\{Action, Destination, Event, Strategy};
use function Callroute\answer;

// In a project of your own: a copy of this file.
require __DIR__ . '/../../crates/schema/php/Callroute.php';

/** The one function to change: an event in, an action (or a list of actions) out. */
function route(Event $event): array
{
    return match ($event->digits()) {
        '1' => Action::forward(Destination::ringGroup(['+16822306467', '+12125551234'], Strategy::Simultaneous)),
        default => Action::voicemail('general'),
    };
}

// What requests are signed with: "whsec_…" and base64, or any text; two, with a blank between
// them, while they are changed. Without any, signatures are not verified.
$secrets = array_filter(explode(' ', getenv('CALLROUTE_SECRET') ?: ''));
const REPLAY_WINDOW_S = 5 * 60;

function key_of(string $secret): string
{
    return str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6)) : $secret;
}

/** Whether one of the secrets signed this very body, lately (https://www.standardwebhooks.com). */
function verified(array $headers, string $body, array $secrets, int $now): bool
{
    $id = $headers['HTTP_WEBHOOK_ID'] ?? '';
    $sent = $headers['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if ($id === '' || !preg_match('/^[0-9]{1,12}\z/', $sent) || abs($now - (int) $sent) > REPLAY_WINDOW_S) {
        return false;
    }
    $fits = false;
    foreach (explode(' ', $headers['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
        foreach ($secrets as $secret) {
            $digest = hash_hmac('sha256', "$id.$sent.$body", key_of($secret), true);
            // In the same time wherever they differ.
            $fits = hash_equals('v1,' . base64_encode($digest), $given) || $fits;
        }
    }
    return $fits;
}

$received = file_get_contents('php://input');
if ($secrets && !verified($_SERVER, $received, $secrets, time())) {
    http_response_code(401);
    exit;
}
try {
    $event = Event::read($received);
    error_log("{$event->event} from {$event->from} to {$event->to}");
    $body = answer(route($event));
    header('Content-Type: application/json');
    header('Content-Length: ' . strlen($body));
    echo $body;
} catch (UnexpectedValueException $error) {
    http_response_code(400);
    header('Content-Type: text/plain');
    echo $error->getMessage();
}
