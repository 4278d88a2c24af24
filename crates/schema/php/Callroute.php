<?php
// Events read and answers built in PHP 8.1 or newer, without dependencies. By hand; test.php
// compares its words and fields with ../json.

declare(strict_types=1);

namespace Callroute;

/** In which order the members of a group ring. */
enum Strategy: string
{
    case Simultaneous = 'simultaneous';
    case Sequential = 'sequential';
    case RoundRobin = 'round_robin';
    case Random = 'random';
    case WeightedRandom = 'weighted_random';
    case LeastRecent = 'least_recent';
    case FewestCalls = 'fewest_calls';
    case LeastTalkTime = 'least_talk_time';
    case Tiered = 'tiered';
    case Progressive = 'progressive';
    case Rollover = 'rollover';
}

/** How an attempt to reach somebody ended; also the keys of `on`. */
enum Disposition: string
{
    case Answered = 'answered';
    case Busy = 'busy';
    case NoAnswer = 'no_answer';
    case Declined = 'declined';
    case Unreachable = 'unreachable';
    case InvalidNumber = 'invalid_number';
    case Congestion = 'congestion';
    case Canceled = 'canceled';
    case AnsweredElsewhere = 'answered_elsewhere';
    case ConfirmFailed = 'confirm_failed';
    case Machine = 'machine';
    case Blocked = 'blocked';
    case Failed = 'failed';
}

/** Why a call is refused. */
enum RejectCause: string
{
    case CallRejected = 'call_rejected';
    case UserBusy = 'user_busy';
    case NoAnswer = 'no_answer';
    case UnallocatedNumber = 'unallocated_number';
    case InvalidNumber = 'invalid_number';
    case Congestion = 'congestion';
    case Declined = 'declined';
}

/** What happened to a call. */
final class Event
{
    /** @param array<string, mixed> $fields all of it, as it came */
    private function __construct(
        public readonly string $event,
        public readonly string $from,
        public readonly string $to,
        public readonly string $timestamp,
        public readonly string $callId,
        public readonly array $fields,
    ) {
    }

    /**
     * The event of a request's body.
     *
     * @throws \UnexpectedValueException when it is none
     */
    public static function read(string $json): self
    {
        try {
            $fields = json_decode($json, true, 32, JSON_THROW_ON_ERROR);
        } catch (\JsonException $error) {
            throw new \UnexpectedValueException("not JSON: {$error->getMessage()}", 0, $error);
        }
        $texts = [];
        foreach (['event', 'from', 'to', 'timestamp', 'call_id'] as $key) {
            $texts[] = is_array($fields) && is_string($fields[$key] ?? null)
                ? $fields[$key]
                : throw new \UnexpectedValueException("an event needs `{$key}`, as a string");
        }
        foreach (['menu', 'attributes'] as $key) {
            if (!is_array($fields[$key] ?? [])) {
                throw new \UnexpectedValueException("`{$key}` must be an object");
            }
        }
        if (!is_string($fields['menu']['digits'] ?? '')) {
            throw new \UnexpectedValueException('`digits` must be a string');
        }
        return new self(...$texts, fields: $fields);
    }

    /** What was pressed in the menu; null when nothing was. */
    public function digits(): ?string
    {
        return $this->fields['menu']['digits'] ?? null;
    }

    /** What lookups and earlier answers said about the call. */
    public function attribute(string $name): ?string
    {
        return $this->fields['attributes'][$name] ?? null;
    }
}

/**
 * What to do with a call. Each function gives one action; an answer is one of them, or a list.
 * `$on` holds an action, a list or a target's name by disposition, as in
 * `['busy' => Action::voicemail('sales')]`.
 */
final class Action
{
    /** Connect the caller to somebody. */
    public static function forward(array $destination, ?int $ring_s = null, array $on = [], ?int $max_s = null): array
    {
        return self::of('forward', compact('destination', 'ring_s', 'max_s', 'on'));
    }

    /** Take a message; `more`: max_s, min_s, silence_s, keep_silence, review, operator, webhook, mail. */
    public static function voicemail(string $message, array $on = [], array $more = []): array
    {
        return self::of('voicemail', compact('message') + $more + compact('on'));
    }

    /** Speak a text. */
    public static function say(string $text, ?string $language = null, ?string $voice = null, array $on = []): array
    {
        return self::of('say', compact('text', 'language', 'voice', 'on'));
    }

    /** Play a prompt by its name. */
    public static function play(string $prompt, array $on = []): array
    {
        return self::of('play', compact('prompt', 'on'));
    }

    /** Play a WAV file by its URL. */
    public static function playUrl(string $url, array $on = []): array
    {
        return self::of('play', compact('url', 'on'));
    }

    /** Let the caller choose in a menu of the routing file. */
    public static function menu(string $name): array
    {
        return self::of('menu', compact('name'));
    }

    /**
     * Let the caller choose by keys.
     *
     * @param array<int|string, array|string> $options what each key does
     * @param array|null $prompt from {@see Prompt}
     * @param array<string, array|string> $on what `timeout` and `invalid` do
     */
    public static function choose(array $options, ?array $prompt = null, ?int $timeout_s = null, ?int $digit_timeout_s = null, array $on = [], array $more = []): array
    {
        return self::of('menu', compact('prompt', 'options', 'timeout_s', 'digit_timeout_s') + $more + compact('on'));
    }

    /** Let the caller enter digits. */
    public static function collect(?array $prompt = null, ?string $into = null, ?int $min_digits = null, ?int $max_digits = null, ?string $terminator = null, ?int $timeout_s = null, ?int $digit_timeout_s = null, array $on = []): array
    {
        return self::of('collect', compact('prompt', 'into', 'min_digits', 'max_digits', 'terminator', 'timeout_s', 'digit_timeout_s', 'on'));
    }

    /** Let the caller wait for an agent. */
    public static function queue(string $name, ?int $priority = null, ?int $max_wait_s = null, array $on = [], array $more = []): array
    {
        return self::of('queue', compact('name', 'priority', 'max_wait_s') + $more + compact('on'));
    }

    /** Ask a webhook of the routing file what to do next. */
    public static function webhook(string $name, ?int $deadline_ms = null, array $on = []): array
    {
        return self::of('webhook', compact('name', 'deadline_ms', 'on'));
    }

    /** Ask a server by its URL what to do next. */
    public static function webhookUrl(string $url, ?int $deadline_ms = null, array $on = []): array
    {
        return self::of('webhook', compact('url', 'deadline_ms', 'on'));
    }

    /** Record the call from here on. */
    public static function record(?string $name = null, ?array $consent = null, array $on = []): array
    {
        return self::of('record', compact('name', 'consent', 'on'));
    }

    /** Stop recording the call. */
    public static function stopRecording(array $on = []): array
    {
        return self::of('record', ['stop' => true, 'on' => $on]);
    }

    /**
     * Note something about the call.
     *
     * @param array<string, string> $attributes
     * @param array<string, string> $headers
     */
    public static function set(array $attributes = [], array $headers = [], array $on = []): array
    {
        return self::of('set', compact('attributes', 'headers', 'on'));
    }

    /** Refuse the call with a cause. */
    public static function reject(RejectCause $cause = RejectCause::CallRejected, array $on = []): array
    {
        return self::of('reject', compact('cause', 'on'));
    }

    /** Refuse the call as busy. */
    public static function busy(array $on = []): array
    {
        return self::of('busy', compact('on'));
    }

    /**
     * Send the caller's switch elsewhere.
     *
     * @param list<string> $contacts
     */
    public static function redirect(array $contacts, array $on = []): array
    {
        return self::of('redirect', compact('contacts', 'on'));
    }

    /** End the call. */
    public static function hangup(array $on = []): array
    {
        return self::of('hangup', compact('on'));
    }

    /** Go on with the next rule of the table. */
    public static function continue(array $on = []): array
    {
        return self::of('continue', compact('on'));
    }

    /** Put the caller where somebody else can take the call. */
    public static function park(?string $slot = null, ?int $timeout_s = null, array $on = []): array
    {
        return self::of('park', compact('slot', 'timeout_s', 'on'));
    }

    /** Let the caller join a conference. */
    public static function conference(string $name, bool $muted = false, array $on = []): array
    {
        return self::of('conference', compact('name', 'muted', 'on'));
    }

    private static function of(string $action, array $fields): array
    {
        return ['action' => $action] + given($fields);
    }
}

/** Where a forward leads. */
final class Destination
{
    /** A telephone number, through a trunk. */
    public static function number(string $number): array
    {
        return ['type' => 'number', 'number' => $number];
    }

    /** A SIP URI. */
    public static function sip(string $uri): array
    {
        return ['type' => 'sip', 'uri' => $uri];
    }

    /** A user that registers phones. */
    public static function user(string $name): array
    {
        return ['type' => 'user', 'name' => $name];
    }

    /** An agent of the routing file. */
    public static function agent(string $name): array
    {
        return ['type' => 'agent', 'name' => $name];
    }

    /** A number through this trunk; without one, the dialed number. */
    public static function trunk(string $name, ?string $number = null): array
    {
        return ['type' => 'trunk'] + given(compact('name', 'number'));
    }

    /**
     * Several parties, of whom one shall answer.
     *
     * @param list<string|array> $members strings, or {@see Destination::member}
     * @param bool|array|null $confirm whoever answers has to press a key: true, or ['digit' => …, 'prompt' => …]
     * @param array|null $whisper from {@see Prompt}
     * @param list<Disposition> $failover
     */
    public static function ringGroup(
        array $members,
        Strategy $strategy = Strategy::Simultaneous,
        ?int $ring_s = null,
        ?int $repeats = null,
        ?string $ringback = null,
        bool|array|null $confirm = null,
        ?array $whisper = null,
        ?string $caller_id = null,
        ?string $early_media = null,
        array $failover = [],
    ): array {
        return ['type' => 'ring_group'] + given(compact(
            'members',
            'strategy',
            'ring_s',
            'repeats',
            'ringback',
            'confirm',
            'whisper',
            'caller_id',
            'early_media',
            'failover',
        ));
    }

    /** One member of a ring group, with settings. */
    public static function member(
        string $to,
        ?int $ring_s = null,
        ?int $delay_s = null,
        ?int $weight = null,
        ?int $priority = null,
        ?int $tier = null,
        bool|array|null $confirm = null,
        ?string $caller_id = null,
        array $headers = [],
        bool $skip_if_busy = false,
    ): array {
        return given(compact(
            'to',
            'ring_s',
            'delay_s',
            'weight',
            'priority',
            'tier',
            'confirm',
            'caller_id',
            'headers',
            'skip_if_busy',
        ));
    }

    /** A queue. */
    public static function queue(string $name): array
    {
        return ['type' => 'queue', 'name' => $name];
    }

    /** A conference. */
    public static function conference(string $name): array
    {
        return ['type' => 'conference', 'name' => $name];
    }

    /** A program of the switch. */
    public static function application(string $name, array $arguments = []): array
    {
        return ['type' => 'application'] + given(compact('name', 'arguments'));
    }
}

/** What a caller hears at a menu. */
final class Prompt
{
    /** A text to speak. */
    public static function say(string $say, ?string $language = null, ?string $voice = null): array
    {
        return given(compact('say', 'language', 'voice'));
    }

    /** A prompt to play, by its name. */
    public static function play(string $play): array
    {
        return ['play' => $play];
    }
}

/** What a menu does when nothing, or a wrong key, was pressed: the menu again, then the actions. */
function repeat(int $repeat, array|string $then): array
{
    return ['repeat' => $repeat, 'then' => $then];
}

/** An answer's body: one action, a list of them, or a target's name. */
function answer(array|string $actions): string
{
    return json_encode($actions, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
}

/** The fields that are given: what is null, false or empty is left out. */
function given(array $fields): array
{
    $fields = array_filter($fields, fn (mixed $value): bool => $value !== null && $value !== false && $value !== []);
    foreach (['options', 'attributes', 'headers', 'arguments'] as $map) {
        if (isset($fields[$map])) {
            // Keys such as 0 and 1 are numbers to PHP, which would make a list of them.
            $fields[$map] = (object) $fields[$map];
        }
    }
    return $fields;
}
