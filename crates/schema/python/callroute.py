# Made by crates/schema/generate.py from crates/schema/json: change the Rust types instead.

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict, Union

Address: TypeAlias = str
"""A number, or a SIP user that is not a number."""


CallId: TypeAlias = str
"""One call's id."""


Caller: TypeAlias = str
"""Who calls: a number or a SIP user, `anonymous` when it is withheld (RFC 3323), `unavailable` when the network did not say."""


Digits: TypeAlias = str
"""One or more DTMF digits (RFC 4733)."""


Direction: TypeAlias = Literal["inbound", "outbound"]
"""Where a call is headed, seen from the router."""


Disposition: TypeAlias = Literal[
    "answered",
    "busy",
    "no_answer",
    "declined",
    "unreachable",
    "invalid_number",
    "congestion",
    "canceled",
    "answered_elsewhere",
    "confirm_failed",
    "machine",
    "blocked",
    "failed",
]
"""How an attempt to reach somebody ended."""


EventKind: TypeAlias = Literal[
    "incoming_call",
    "menu_input",
    "menu_timeout",
    "menu_invalid",
    "call_ringing",
    "call_answered",
    "attempt_started",
    "attempt_result",
    "queue_joined",
    "queue_position",
    "queue_left",
    "voicemail_recorded",
    "call_completed",
    "routing_decided",
    "webhook_failed",
    "table_changed",
    "registration_changed",
]
"""What kind of event it is."""


MenuName: TypeAlias = str
"""A menu of the routing file."""


Privacy: TypeAlias = Literal["id", "header", "session", "user", "none", "critical"]
"""What the caller asked of those who carry its identity (RFC 3323, section 4.2; RFC 3325)."""


QueueName: TypeAlias = str
"""A queue of the routing file."""


class RecordingInfo(TypedDict):
    """A recorded message."""

    duration_ms: int
    """How long it is, in milliseconds."""
    url: str
    """Where it is: a path or a URL."""


Transport: TypeAlias = Literal["udp", "tcp", "tls", "ws"]
"""What carried the call to us."""


Verstat: TypeAlias = Literal[
    "TN-Validation-Passed", "TN-Validation-Failed", "No-TN-Validation"
]
"""What the network says of the caller's number (STIR; the `verstat` of 3GPP TS 24.229)."""


AgentName: TypeAlias = str
"""An agent of the routing file."""


class Announce(TypedDict):
    """What a waiting caller is told."""

    every_s: int
    """Every how many seconds (5 to 600)."""
    language: NotRequired[str]
    """The text's language as a BCP 47 tag; English without."""
    text: NotRequired[str]
    """The text, in which `[position]` and `[minutes]` (the estimated wait) stand for numbers; default one in English that has both."""


class ApplicationDestination(TypedDict):
    """A program of the switch."""

    arguments: NotRequired[dict[str, str]]
    """What it is given."""
    name: str
    """The program's name."""
    type: Literal["application"]


CallerId: TypeAlias = str
"""Which number the called party sees: `caller`, `dialed`, `anonymous`, or a number."""


ConferenceName: TypeAlias = str
"""A conference."""


Digit: TypeAlias = str
"""One DTMF digit (RFC 4733)."""


DigitPattern: TypeAlias = str
"""A pattern of digits: X is 0-9, Z is 1-9, N is 2-9, a `.` at the end is one or more digits."""


EarlyMedia: TypeAlias = Literal["ignore", "relay"]
"""What becomes of sound that a member sends before it answers."""


class Escalate(TypedDict):
    """How a waiting caller's priority grows: by `by` after every `every_s` seconds."""

    by: int
    """By how much (1 to 1,000)."""
    every_s: int
    """After how many seconds each time (1 to 3,600)."""


Number: TypeAlias = str
"""A telephone number: E.164 with its +, or digits with a national or local meaning."""


class NumberDestination(TypedDict):
    """A telephone number, through a trunk."""

    number: Number
    """The number to dial."""
    type: Literal["number"]


Party: TypeAlias = str
"""Whom to ring: a number, a SIP URI or an agent of the routing file."""


class SayPrompt(TypedDict):
    """A text to speak."""

    language: NotRequired[str]
    """The language as a BCP 47 tag; English without."""
    say: str
    """What to say, at most 1,000 characters."""
    voice: NotRequired[str]
    """The voice's name."""


class PlayPrompt(TypedDict):
    """A prompt to play."""

    play: str
    """The prompt's name."""


Prompt: TypeAlias = SayPrompt | PlayPrompt
"""What is heard: a text to speak, or a prompt to play."""


class QueueDestination(TypedDict):
    """A queue."""

    name: QueueName
    """The queue's name."""
    type: Literal["queue"]


RejectCause: TypeAlias = Literal[
    "call_rejected",
    "user_busy",
    "no_answer",
    "unallocated_number",
    "invalid_number",
    "congestion",
    "declined",
]
"""Why a call is refused; each is a SIP status (RFC 3398, section 7.2.4.1)."""


Ringback: TypeAlias = str
"""What the caller hears while phones ring: `ringing`, `music`, or a prompt's name."""


SipUri: TypeAlias = str
"""A SIP or SIPS URI (RFC 3261, section 19.1)."""


Strategy: TypeAlias = Literal[
    "simultaneous",
    "sequential",
    "round_robin",
    "random",
    "weighted_random",
    "least_recent",
    "fewest_calls",
    "least_talk_time",
    "tiered",
    "progressive",
    "rollover",
]
"""In which order the members of a group ring."""


TargetName: TypeAlias = str
"""A target of the routing file."""


TrunkName: TypeAlias = str
"""A trunk: a line to a carrier or to another switch."""


UserName: TypeAlias = str
"""A user that registers phones."""


WebhookName: TypeAlias = str
"""A webhook of the routing file."""


class AttemptInfo(TypedDict):
    """One attempt to reach somebody."""

    disposition: NotRequired[Disposition]
    """How it ended; absent while it goes on."""
    member: str
    """Who was tried."""
    n: int
    """Counts the call's attempts, from 1."""
    q850: NotRequired[int]
    """The Q.850 cause."""
    ring_ms: NotRequired[int]
    """From the start of the attempt to its end, in milliseconds."""
    sip_code: NotRequired[int]
    """The SIP status that ended it, if one did."""


class MenuInfo(TypedDict):
    """The menu that the caller is in."""

    attempt: int
    """Which round of the menu this is, from 1."""
    digits: NotRequired[Digits]
    """What was pressed; absent when nothing was."""
    name: NotRequired[MenuName]
    """The menu's name, when it has one."""


class QueueInfo(TypedDict):
    """The queue that the caller waits in."""

    name: QueueName
    """The queue's name."""
    position: NotRequired[int]
    """The caller's place in it, from 1."""
    size: NotRequired[int]
    """How many callers wait."""
    wait_ms: NotRequired[int]
    """How long the caller has waited, in milliseconds."""


class SourceInfo(TypedDict):
    """Where the call came from, on the network."""

    ip: NotRequired[str]
    """The sender's IP address and port."""
    transport: NotRequired[Transport]
    """What carried it."""
    trunk: NotRequired[str]
    """The trunk's name, when it came by one."""


class AgentDestination(TypedDict):
    """An agent of the routing file."""

    name: AgentName
    """The agent's name."""
    type: Literal["agent"]


class ConferenceDestination(TypedDict):
    """A conference."""

    name: ConferenceName
    """The conference's name."""
    type: Literal["conference"]


class ConfirmBy(TypedDict):
    """Which key whoever answers has to press, and what is heard before."""

    digit: NotRequired[Digit]
    """The key; default `1`."""
    prompt: NotRequired[Prompt]
    """What is heard; default a request for the key."""


class SipDestination(TypedDict):
    """A SIP URI."""

    type: Literal["sip"]
    uri: SipUri
    """The URI to dial."""


class TrunkDestination(TypedDict):
    """A number through a trunk of the routing's choice."""

    name: TrunkName
    """The trunk's name."""
    number: NotRequired[Number]
    """The number to dial; default the dialed one."""
    type: Literal["trunk"]


class UserDestination(TypedDict):
    """A user that registers phones with us."""

    name: UserName
    """The user's name."""
    type: Literal["user"]


Event = TypedDict(
    "Event",
    {
        "attempt": NotRequired[AttemptInfo],
        "attributes": NotRequired[dict[str, str]],
        "call_id": CallId,
        "deadline_ms": NotRequired[int],
        "direction": NotRequired[Direction],
        "diverted_from": NotRequired[str],
        "event": EventKind,
        "event_id": NotRequired[str],
        "from": Caller,
        "from_name": NotRequired[str],
        "from_uri": NotRequired[str],
        "headers": NotRequired[dict[str, str]],
        "menu": NotRequired[MenuInfo],
        "privacy": NotRequired[list[Privacy]],
        "queue": NotRequired[QueueInfo],
        "recording": NotRequired[RecordingInfo],
        "source": NotRequired[SourceInfo],
        "stir_verstat": NotRequired[Verstat],
        "tags": NotRequired[list[str]],
        "timestamp": str,
        "to": Address,
        "to_uri": NotRequired[str],
    },
)


Confirm: TypeAlias = Literal[True] | ConfirmBy
"""Whoever answers has to press a key: `true`, or which key and what is heard before."""


class MemberObject(TypedDict):
    """One member of a ring group. On the wire a plain string, or an object when it has settings."""

    caller_id: NotRequired[CallerId]
    """Which number this member sees; default the group's."""
    confirm: NotRequired[Confirm]
    """Whether this member has to confirm; default the group's."""
    delay_s: NotRequired[int]
    """How long to wait before this member rings, in seconds (0 to 600), counted from the beginning of its wave."""
    headers: NotRequired[dict[str, str]]
    """SIP headers for this member; their names begin with `X-`, or `Alert-Info` for a ring of its own (RFC 3261, section 20.4)."""
    priority: NotRequired[int]
    """Lower rings first (0 to 1,000); the strategy orders members of the same one; default 0."""
    ring_s: NotRequired[int]
    """How long this member rings, in seconds (1 to 600); default the group's."""
    skip_if_busy: NotRequired[bool]
    """It is left out while it is in another call."""
    tier: NotRequired[int]
    """Which tier it belongs to under `tiered` (0 to 1,000); lower rings first; default 0."""
    to: Party
    """Whom to ring."""
    weight: NotRequired[int]
    """How likely it is to be early under `weighted_random` (0 to 1,000); 0: it comes when nobody else is left; default 1."""


Member: TypeAlias = Party | MemberObject
"""One member of a ring group: a plain string, or an object when it has settings."""


class RingGroupDestination(TypedDict):
    """Several parties."""

    caller_id: NotRequired[CallerId]
    """Which number the members see; default the caller's."""
    confirm: NotRequired[Confirm]
    """Whoever answers has to press a key, so that a mobile's own voicemail never takes the call."""
    early_media: NotRequired[EarlyMedia]
    """What becomes of sound that a member sends before it answers; default it is not passed on."""
    failover: NotRequired[list[Disposition]]
    """Which ends of a member go on to the next, not `answered`; default all but those after which trying elsewhere is pointless."""
    members: list[Member]
    """Who rings; at least one, at most 1,000."""
    repeats: NotRequired[int]
    """How often the whole group is gone through again (0 to 10); default 0."""
    ring_s: NotRequired[int]
    """How long each member rings, in seconds (1 to 600); default 30 when they ring at once, 20 when one after the other."""
    ringback: NotRequired[Ringback]
    """What the caller hears meanwhile; default ringing."""
    strategy: NotRequired[Strategy]
    """In which order."""
    type: Literal["ring_group"]
    whisper: NotRequired[Prompt]
    """What whoever answers hears before being connected."""


Destination: TypeAlias = (
    NumberDestination
    | SipDestination
    | UserDestination
    | AgentDestination
    | TrunkDestination
    | RingGroupDestination
    | QueueDestination
    | ConferenceDestination
    | ApplicationDestination
)
"""Where a forward leads."""


Contract: TypeAlias = Union[Event, "Actions"]
"""What passes between callroute and a webhook."""


Action: TypeAlias = Union[
    "ForwardAction",
    "VoicemailAction",
    "SayAction",
    "PlayAction",
    "MenuAction",
    "CollectAction",
    "QueueAction",
    "WebhookAction",
    "RecordAction",
    "SetAction",
    "RejectAction",
    "BusyAction",
    "RedirectAction",
    "HangupAction",
    "ContinueAction",
    "ParkAction",
    "ConferenceAction",
    TargetName,
]
"""What to do with a call; a plain string names a target of the routing file."""


Actions: TypeAlias = Action | list[Action]
"""One action, or a list of actions done in order."""


Branch: TypeAlias = Union[Actions, "Repeat"]
"""What silence or a wrong key does: actions, or the menu again and then actions."""


class BusyAction(TypedDict):
    """Refuse the call as busy."""

    action: Literal["busy"]
    on: NotRequired[On]
    """Accepted as for every action; refusing does not fail."""


class CollectAction(TypedDict):
    """Let the caller enter digits."""

    action: Literal["collect"]
    digit_timeout_s: NotRequired[int]
    """How long to wait for each further key, in seconds (1 to 60); default 3."""
    into: NotRequired[str]
    """The attribute that takes the digits; default `digits`."""
    max_digits: NotRequired[int]
    """Most digits (1 to 64), after which no more is waited for; default 64."""
    min_digits: NotRequired[int]
    """Fewest digits (1 to 64); default 1."""
    on: NotRequired[MenuBranches]
    """What silence (`timeout`) and too few digits (`invalid`) do."""
    prompt: NotRequired[Prompt]
    """What the caller hears; a key cuts it short."""
    terminator: NotRequired[Digit]
    """The key that ends the entry; default `#`."""
    timeout_s: NotRequired[int]
    """How long to wait for the first key, in seconds (1 to 60); default 5."""


class ConferenceAction(TypedDict):
    """Let the caller join a conference."""

    action: Literal["conference"]
    muted: NotRequired[bool]
    """The caller only listens."""
    name: ConferenceName
    """The conference's name."""
    on: NotRequired[On]
    """`failed`: what to do when the caller could not join."""


class ContinueAction(TypedDict):
    """Go on with the next rule of the table."""

    action: Literal["continue"]
    on: NotRequired[On]
    """Accepted as for every action; going on does not fail."""


class Extensions(TypedDict):
    """Extensions that may be dialed in a menu."""

    allow: list[DigitPattern]
    """Which, by patterns as in `1XX`; 1 to 100."""
    deny: NotRequired[list[DigitPattern]]
    """Which of them not, at most 100."""
    then: NotRequired[Actions]
    """What is done with one; default it is called as a number. `{digits}` stands for it."""


class ForwardAction(TypedDict):
    """Connect the caller to somebody."""

    action: Literal["forward"]
    destination: Destination
    """Whom to ring."""
    max_s: NotRequired[int]
    """How long the conversation lasts at most, in seconds (1 to 86,400); default 12 hours."""
    on: NotRequired[On]
    """What to do when it ends otherwise than answered. Without a branch, the next action of the list is done, and after the last the default."""
    ring_s: NotRequired[int]
    """How long to ring before giving up, in seconds (1 to 600); default 30. A ring group has a `ring_s` of its own, which outranks this."""


class HangupAction(TypedDict):
    """End the call."""

    action: Literal["hangup"]
    on: NotRequired[On]
    """Accepted as for every action; hanging up does not fail."""


class MenuAction(TypedDict):
    """Let the caller choose by keys."""

    action: Literal["menu"]
    back: NotRequired[Digits]
    """The key that leads back to the menu before this one."""
    digit_timeout_s: NotRequired[int]
    """How long to wait for a further key where options have several, in seconds (1 to 60); default 3."""
    extensions: NotRequired[Extensions]
    """Extensions that may be dialed here; options and patterns outrank them."""
    name: NotRequired[MenuName]
    """A menu of the routing file; then nothing else is given."""
    on: NotRequired[MenuBranches]
    """What silence and wrong keys do."""
    options: NotRequired[dict[str, Actions]]
    """What each key, or run of keys, does."""
    patterns: NotRequired[dict[str, Actions]]
    """What runs of keys do that fit a pattern, as in `2XX`; an option outranks a pattern."""
    pin: NotRequired[Pin]
    """What the caller enters before anything else."""
    prompt: NotRequired[Prompt]
    """What the caller hears; a key cuts it short."""
    repeat: NotRequired[Digits]
    """The key that lets the menu be heard again."""
    rounds: NotRequired[int]
    """How often the menu is heard at most, for whatever reason (1 to 20); default 20."""
    short_prompt: NotRequired[Prompt]
    """What the caller hears when the menu is heard again; default `prompt`."""
    terminator: NotRequired[Digit]
    """The key that ends a run of keys, so that no further one is waited for."""
    timeout_s: NotRequired[int]
    """How long to wait for the first key after the prompt, in seconds (1 to 60); default 5."""


class MenuBranches(TypedDict):
    """What silence and wrong keys do."""

    invalid: NotRequired[Branch]
    """A key was pressed that the menu does not have. Without: as for `timeout`."""
    timeout: NotRequired[Branch]
    """Nothing was pressed in time. Without: the menu is repeated once, then the default."""


class On(TypedDict):
    """What to do when an action ends otherwise than it should; `failed` covers what is not named."""

    answered: NotRequired[Actions]
    """Somebody answered."""
    answered_elsewhere: NotRequired[Actions]
    """Another member of the group answered first (RFC 3326, cause 200)."""
    blocked: NotRequired[Actions]
    """A list of ours kept the call from being made."""
    busy: NotRequired[Actions]
    """The line was busy."""
    canceled: NotRequired[Actions]
    """The caller, or the router, gave the attempt up."""
    confirm_failed: NotRequired[Actions]
    """A member answered and did not confirm that a person had (see `confirm`)."""
    congestion: NotRequired[Actions]
    """The network, or the far server, had no room for the call."""
    declined: NotRequired[Actions]
    """The called party refused the call."""
    failed: NotRequired[Actions]
    """As a key of `on`: any failure that is not named. As a result: a failure of no other kind."""
    invalid_number: NotRequired[Actions]
    """No such number or user."""
    machine: NotRequired[Actions]
    """A machine answered."""
    no_answer: NotRequired[Actions]
    """It rang and nobody answered in time."""
    unreachable: NotRequired[Actions]
    """The destination could not be reached at all."""


class ParkAction(TypedDict):
    """Put the caller where somebody else can take the call."""

    action: Literal["park"]
    on: NotRequired[On]
    """`no_answer`: what to do when nobody took the call."""
    slot: NotRequired[str]
    """The slot; default the first that is free."""
    timeout_s: NotRequired[int]
    """How long the call stays there, in seconds (1 to 86,400); default 120."""


class Pin(TypedDict):
    """What a caller enters before a menu is heard."""

    codes: list[Digits]
    """Any of these, 1 to 100; quoted, so that leading zeros stay. `#` ends the input, so that it may only be a code's first key."""
    failed: NotRequired[Actions]
    """What is done when none of them was right; default the call ends as failed."""
    prompt: NotRequired[Prompt]
    """What the caller hears; default the prompt `agent-pass`."""
    tries: NotRequired[int]
    """How often it may be entered (1 to 10); default 3."""


class PlayAction(TypedDict):
    """Play a prompt."""

    action: Literal["play"]
    on: NotRequired[On]
    """`failed`: what to do when it could not be played."""
    prompt: NotRequired[str]
    """The prompt's name."""
    url: NotRequired[str]
    """Where the sound is, as an `http` or `https` URL of a WAV file."""


class QueueAction(TypedDict):
    """Let the caller wait for an agent."""

    action: Literal["queue"]
    announce: NotRequired[Announce]
    """What is said in between; default nothing."""
    callback: NotRequired[Digit]
    """The key with which the caller asks to be called back, and hangs up."""
    caller_id: NotRequired[CallerId]
    """Which number the members see; default the caller's."""
    confirm: NotRequired[Confirm]
    """Whoever answers has to press a key."""
    escalate: NotRequired[Escalate]
    """How the priority grows while a caller waits."""
    exit: NotRequired[Digit]
    """The key with which the caller leaves: `canceled`."""
    max_size: NotRequired[int]
    """Most callers that wait (1 to 10,000); one more leaves with `congestion`; default 1,000."""
    max_wait_s: NotRequired[int]
    """How long the caller waits at most, in seconds (1 to 86,400); default the queue's own, else 1,800."""
    members: NotRequired[list[Member]]
    """Who takes the calls: at most 1,000."""
    music: NotRequired[str]
    """The prompt that is heard again and again; default music."""
    name: QueueName
    """The queue's name."""
    on: NotRequired[On]
    """What to do when the caller leaves without a member: `congestion` (full), `unreachable` (nobody at work), `no_answer` (waited too long), `canceled` (the exit key)."""
    priority: NotRequired[int]
    """Higher goes first (0 to 1,000); default 0."""
    ring_s: NotRequired[int]
    """How long a member rings, in seconds (1 to 600); default 20."""
    strategy: NotRequired[Strategy]
    """Which of the members that are free gets the next caller; default `least_recent`."""
    wait_when_empty: NotRequired[bool]
    """Wait even while no member is at work; without, the caller leaves with `unreachable`."""
    whisper: NotRequired[Prompt]
    """What whoever answers hears before being connected."""
    wrap_up_s: NotRequired[int]
    """How long a member has to itself after a call, in seconds (0 to 3,600); default 0."""


class RecordAction(TypedDict):
    """Record the call from here on."""

    action: Literal["record"]
    consent: NotRequired[Prompt]
    """What both sides hear before, where the law asks for consent."""
    name: NotRequired[str]
    """What the recording's name begins with; the call's id follows, and a number where the call was recorded before."""
    on: NotRequired[On]
    """`failed`: what to do when it could not be recorded."""
    stop: NotRequired[bool]
    """Stop recording instead."""


class RedirectAction(TypedDict):
    """Send the caller's switch elsewhere."""

    action: Literal["redirect"]
    contacts: list[Party]
    """Where to, the preferred first."""
    on: NotRequired[On]
    """`failed`: what to do where the call was answered already and cannot be sent away."""


class RejectAction(TypedDict):
    """Refuse the call with a cause."""

    action: Literal["reject"]
    cause: NotRequired[RejectCause]
    """Why; the caller's phone shows it."""
    on: NotRequired[On]
    """Accepted as for every action; refusing does not fail."""


class Repeat(TypedDict):
    """The menu again, `repeat` times, then the actions."""

    repeat: int
    """How many times the menu is heard again (0 to 10)."""
    then: Actions
    """What is done after that."""


class SayAction(TypedDict):
    """Speak a text."""

    action: Literal["say"]
    language: NotRequired[str]
    """The language as a BCP 47 tag; English without."""
    on: NotRequired[On]
    """`failed`: what to do when it could not be spoken."""
    text: str
    """What to say: any UTF-8, at most 1,000 characters."""
    voice: NotRequired[str]
    """The voice, by the name that the text-to-speech program gives it."""


class SetAction(TypedDict):
    """Note something about the call."""

    action: Literal["set"]
    attributes: NotRequired[dict[str, str]]
    """Attributes of the call."""
    headers: NotRequired[dict[str, str]]
    """SIP headers for the legs that follow; their names begin with `X-`."""
    on: NotRequired[On]
    """Accepted as for every action; noting does not fail."""


class VoicemailAction(TypedDict):
    """Take a message."""

    action: Literal["voicemail"]
    keep_silence: NotRequired[bool]
    """Keep the silence at both ends of the message, which is cut off otherwise."""
    mail: NotRequired[list[str]]
    """Mail addresses that get the message, with its sound attached; at most 16."""
    max_s: NotRequired[int]
    """Longest message, in seconds (1 to 3,600); default 180."""
    message: str
    """The box, which is also the name of its greeting: a prompt, else spoken."""
    min_s: NotRequired[int]
    """Shortest message, in seconds (0 to 60); what is shorter is thrown away; default 1."""
    on: NotRequired[On]
    """`failed`: what to do when the message could not be kept."""
    operator: NotRequired[Actions]
    """What `0` does during greeting and message: instead of a message, this."""
    review: NotRequired[bool]
    """After `#` the caller may keep the message (1), record it again (2) or throw it away (3)."""
    silence_s: NotRequired[int]
    """After so much silence the message is over, in seconds (1 to 60); default 10."""
    webhook: NotRequired[WebhookName]
    """The webhook that is told of the message, with its recording."""


class WebhookAction(TypedDict):
    """Ask a server what to do next."""

    action: Literal["webhook"]
    deadline_ms: NotRequired[int]
    """How long the whole ask may take, in milliseconds (50 to 10,000); outranks the webhook's own."""
    name: NotRequired[WebhookName]
    """A webhook of the routing file."""
    on: NotRequired[On]
    """`failed`: what to do when no usable answer comes; outranks the webhook's own fallback."""
    url: NotRequired[str]
    """A URL of its own."""
