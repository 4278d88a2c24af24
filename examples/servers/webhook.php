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

try {
    $event = Event::read(file_get_contents('php://input'));
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
