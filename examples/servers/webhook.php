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

// An event is a few hundred bytes; nobody needs to send more.
const MAX_BODY = 64 * 1024;
const REPLAY_WINDOW_S = 5 * 60;

function key_of(string $secret): string
{
    // Anybody can sign with an empty key.
    $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6), true) : $secret;
    return match ($key) {
        false, '' => throw new UnexpectedValueException('what follows `whsec_` must be base64'),
        default => $key,
    };
}

/**
 * What requests are signed with: "whsec_…" and base64, or any text; two, with a blank between
 * them, while they are changed. Where the variable is not set, signatures are not verified.
 */
function read_keys(string|false $text): array
{
    if ($text === false) {
        return [];
    }
    $keys = array_map('key_of', preg_split('/\s+/', $text, -1, PREG_SPLIT_NO_EMPTY));
    return $keys ?: throw new UnexpectedValueException('a secret must not be empty');
}

/** Whether one of the secrets signed this very body, lately (https://www.standardwebhooks.com). */
function verified(array $headers, string $body, array $keys, int $now): bool
{
    $id = $headers['HTTP_WEBHOOK_ID'] ?? '';
    $sent = $headers['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if ($id === '' || !preg_match('/^[0-9]{1,12}\z/', $sent) || abs($now - (int) $sent) > REPLAY_WINDOW_S) {
        return false;
    }
    $fits = false;
    foreach (explode(' ', $headers['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
        foreach ($keys as $key) {
            $digest = hash_hmac('sha256', "$id.$sent.$body", $key, true);
            // In the same time wherever they differ.
            $fits = hash_equals('v1,' . base64_encode($digest), $given) || $fits;
        }
    }
    return $fits;
}

try {
    $keys = read_keys(getenv('CALLROUTE_SECRET'));
} catch (UnexpectedValueException $error) {
    // This runs for each request: nothing is answered until it is mended.
    error_log("CALLROUTE_SECRET: {$error->getMessage()}");
    http_response_code(500);
    exit;
}
$received = file_get_contents('php://input', length: MAX_BODY + 1);
if (strlen($received) > MAX_BODY) {
    http_response_code(400);
    exit;
}
if ($keys && !verified($_SERVER, $received, $keys, time())) {
    http_response_code(401);
    exit;
}
try {
    $event = Event::read($received);
    $verified = $keys ? 'verified' : 'signatures are not verified';
    error_log("{$event->event} from {$event->from} to {$event->to} ($verified)");
    $body = answer(route($event));
    header('Content-Type: application/json');
    header('Content-Length: ' . strlen($body));
    echo $body;
} catch (UnexpectedValueException $error) {
    http_response_code(400);
    header('Content-Type: text/plain');
    echo $error->getMessage();
}
