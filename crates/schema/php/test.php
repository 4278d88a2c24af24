<?php
// Builds every action and every destination, each with all its fields, compares their words with
// the schema, and prints each answer on a line: php crates/schema/php/test.php

declare(strict_types=1);

namespace Callroute;

require __DIR__ . '/Callroute.php';

/** Nothing is built that the schema does not have. */
function fields(array $schema, array $built, string $what): void
{
    $known = array_keys($schema['properties']);
    $found = array_keys($built);
    same($found, array_values(array_intersect($found, $known)), "{$what}: fields that the schema does not have");
}

function same(mixed $found, mixed $wanted, string $what): void
{
    if ($found !== $wanted) {
        fwrite(STDERR, "{$what}: found " . json_encode($found) . ', expected ' . json_encode($wanted) . "\n");
        exit(1);
    }
}

$text = file_get_contents(__DIR__ . '/../json/action.schema.json');
$definitions = json_decode($text, true, 512, JSON_THROW_ON_ERROR)['$defs'];

foreach (['Strategy' => Strategy::class, 'Disposition' => Disposition::class, 'RejectCause' => RejectCause::class] as $name => $enum) {
    same(array_column($enum::cases(), 'value'), array_column($definitions[$name]['oneOf'], 'const'), $name);
}

$on = ['busy' => Action::voicemail('sales'), 'failed' => ['after_hours', Action::hangup()]];
$branches = ['timeout' => 'after_hours', 'invalid' => repeat(2, 'after_hours')];
$number = Destination::number('+16822306467');
$actions = [
    Action::forward($number, 20, $on, 600),
    Action::voicemail('office_closed', $on, [
        'max_s' => 60, 'min_s' => 2, 'silence_s' => 5, 'keep_silence' => true, 'review' => true,
        'operator' => 'sales', 'webhook' => 'mail', 'mail' => ['ann@office.example'],
    ]),
    Action::say('Grüß Gott / hello', 'de', 'anna', $on),
    Action::play('goodbye', $on),
    Action::playUrl('https://yourcompany.com/hello.wav', $on),
    Action::menu('main'),
    Action::choose([0 => 'sales', 1 => Action::hangup(), '#' => ['sales', Action::hangup()]], Prompt::say('Press 0', 'en', 'ann'), 7, 2, $branches, [
        'short_prompt' => Prompt::say('0'), 'pin' => ['codes' => ['0042']], 'patterns' => ['2XX' => 'sales'],
        'extensions' => ['allow' => ['3XX']], 'back' => '*', 'repeat' => '9', 'terminator' => '#', 'rounds' => 5,
    ]),
    Action::collect(Prompt::play('menu'), 'account', 4, 8, '*', 7, 2, $branches),
    Action::queue('support', 5, 600, $on, [
        'members' => ['ann', '+16822306467'], 'strategy' => Strategy::RoundRobin, 'ring_s' => 15,
        'wrap_up_s' => 10, 'max_size' => 20, 'wait_when_empty' => true,
        'escalate' => ['every_s' => 60, 'by' => 5], 'music' => 'jazz',
        'announce' => ['every_s' => 30, 'text' => 'You are number [position]', 'language' => 'en'],
        'exit' => '*', 'callback' => '9', 'confirm' => true, 'whisper' => Prompt::say('Support'),
        'caller_id' => 'dialed',
    ]),
    Action::webhook('sales', 900, $on),
    Action::webhookUrl('https://yourcompany.com/hook', 900, $on),
    Action::record('r1', Prompt::play('recorded'), $on),
    Action::stopRecording($on),
    Action::set(['tier' => 'gold'], ['X-Tier' => 'gold'], $on),
    Action::reject(RejectCause::UserBusy, $on),
    Action::busy($on),
    Action::redirect(['sip:ann@pbx.example', '+16822306467'], $on),
    Action::hangup($on),
    Action::continue($on),
    Action::park('701', 60, $on),
    Action::conference('standup', true, $on),
];
$destinations = [
    $number,
    Destination::sip('sip:ann@pbx.example'),
    Destination::user('ann'),
    Destination::agent('ann'),
    Destination::trunk('carrier', '+16822306467'),
    Destination::ringGroup(
        ['ann', Destination::member('+12125551234', 10, 5, 3, 1, 2, ['digit' => '5'], 'dialed', ['X-A' => 'b'], true)],
        Strategy::Tiered,
        20,
        1,
        'music',
        true,
        Prompt::say('Sales'),
        '+13146523057',
        'relay',
        [Disposition::Busy, Disposition::NoAnswer],
    ),
    Destination::queue('support'),
    Destination::conference('standup'),
    Destination::application('echo', ['a' => '1']),
];

foreach ([['Action', 'action', $actions], ['Destination', 'type', $destinations]] as [$union, $tag, $built]) {
    $seen = [];
    foreach ($definitions[$union]['oneOf'] as ['$ref' => $reference]) {
        $schema = $definitions[basename($reference)];
        $word = $schema['properties'][$tag]['const'] ?? null;
        if ($word === null) {
            continue; // a target's name
        }
        $own = array_filter($built, fn (array $one): bool => $one[$tag] === $word);
        $set = [];
        foreach ($own as $one) {
            fields($schema, $one, $word);
            $set += $one;
        }
        $missing = array_values(array_diff(array_keys($schema['properties']), array_keys($set)));
        same($missing, [], "{$word}: fields that are never built");
        $seen[] = $word;
    }
    same(array_values(array_diff(array_column($built, $tag), $seen)), [], "{$union}: words that the schema does not have");
}
$member = $destinations[5]['members'][1];
same(array_values(array_diff(array_keys($definitions['MemberObject']['properties']), array_keys($member))), [], 'member');

foreach ($actions as $action) {
    echo answer($action), "\n";
}
foreach ($destinations as $destination) {
    echo answer(Action::forward($destination)), "\n";
}
echo answer('after_hours'), "\n", answer([Action::say('1'), 'after_hours']), "\n";

$event = Event::read('{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz","menu":{"digits":"1","attempt":1},"attributes":{"tier":"gold"}}');
same([$event->from, $event->to, $event->callId], ['+14155550123', '+13146523057', 'abc123xyz'], 'event');
same([$event->digits(), $event->attribute('tier'), $event->attribute('x')], ['1', 'gold', null], 'event');
foreach (['', '[]', '"x"', '{"event":"incoming_call","from":1}'] as $wrong) {
    try {
        Event::read($wrong);
        same('read', 'refused', $wrong);
    } catch (\UnexpectedValueException) {
    }
}
