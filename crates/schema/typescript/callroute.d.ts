// Made by crates/schema/generate.py from crates/schema/json: change the Rust types instead.

/**
 * What passes between callroute and a webhook.
 */
export type Contract = Event | Actions;
/**
 * How an attempt to reach somebody ended.
 */
export type Disposition =
  | "answered"
  | "busy"
  | "no_answer"
  | "declined"
  | "unreachable"
  | "invalid_number"
  | "congestion"
  | "canceled"
  | "answered_elsewhere"
  | "confirm_failed"
  | "machine"
  | "blocked"
  | "failed";
/**
 * One call's id.
 */
export type CallId = string;
/**
 * Where a call is headed, seen from the router.
 */
export type Direction = "inbound" | "outbound";
/**
 * What kind of event it is.
 */
export type EventKind =
  | "incoming_call"
  | "menu_input"
  | "menu_timeout"
  | "menu_invalid"
  | "call_ringing"
  | "call_answered"
  | "attempt_started"
  | "attempt_result"
  | "queue_joined"
  | "queue_position"
  | "queue_left"
  | "voicemail_recorded"
  | "call_completed"
  | "routing_decided"
  | "webhook_failed"
  | "table_changed"
  | "registration_changed";
/**
 * Who calls: a number or a SIP user, `anonymous` when it is withheld (RFC 3323), `unavailable` when the network did not say.
 */
export type Caller = string;
/**
 * One or more DTMF digits (RFC 4733).
 */
export type Digits = string;
/**
 * A menu of the routing file.
 */
export type MenuName = string;
/**
 * What the caller asked of those who carry its identity (RFC 3323, section 4.2; RFC 3325).
 */
export type Privacy = "id" | "header" | "session" | "user" | "none" | "critical";
/**
 * A queue of the routing file.
 */
export type QueueName = string;
/**
 * What carried the call to us.
 */
export type Transport = "udp" | "tcp" | "tls" | "ws";
/**
 * What the network says of the caller's number (STIR; the `verstat` of 3GPP TS 24.229).
 */
export type Verstat = "TN-Validation-Passed" | "TN-Validation-Failed" | "No-TN-Validation";
/**
 * A number, or a SIP user that is not a number.
 */
export type Address = string;
/**
 * One action, or a list of actions done in order.
 */
export type Actions = Action | Action[];
/**
 * What to do with a call; a plain string names a target of the routing file.
 */
export type Action =
  | ForwardAction
  | VoicemailAction
  | SayAction
  | PlayAction
  | MenuAction
  | CollectAction
  | QueueAction
  | WebhookAction
  | RecordAction
  | SetAction
  | RejectAction
  | BusyAction
  | RedirectAction
  | HangupAction
  | ContinueAction
  | ParkAction
  | ConferenceAction
  | TargetName;
/**
 * Where a forward leads.
 */
export type Destination =
  | NumberDestination
  | SipDestination
  | UserDestination
  | AgentDestination
  | TrunkDestination
  | RingGroupDestination
  | QueueDestination
  | ConferenceDestination
  | ApplicationDestination;
/**
 * A telephone number: E.164 with its +, or digits with a national or local meaning.
 */
export type Number = string;
/**
 * A SIP or SIPS URI (RFC 3261, section 19.1).
 */
export type SipUri = string;
/**
 * A user that registers phones.
 */
export type UserName = string;
/**
 * An agent of the routing file.
 */
export type AgentName = string;
/**
 * A trunk: a line to a carrier or to another switch.
 */
export type TrunkName = string;
/**
 * Which number the called party sees: `caller`, `dialed`, `anonymous`, or a number.
 */
export type CallerId = string;
/**
 * Whoever answers has to press a key: `true`, or which key and what is heard before.
 */
export type Confirm = true | ConfirmBy;
/**
 * One DTMF digit (RFC 4733).
 */
export type Digit = string;
/**
 * What is heard: a text to speak, or a prompt to play.
 */
export type Prompt = SayPrompt | PlayPrompt;
/**
 * What becomes of sound that a member sends before it answers.
 */
export type EarlyMedia = "ignore" | "relay";
/**
 * One member of a ring group: a plain string, or an object when it has settings.
 */
export type Member = Party | MemberObject;
/**
 * Whom to ring: a number, a SIP URI or an agent of the routing file.
 */
export type Party = string;
/**
 * What the caller hears while phones ring: `ringing`, `music`, or a prompt's name.
 */
export type Ringback = string;
/**
 * In which order the members of a group ring.
 */
export type Strategy =
  | "simultaneous"
  | "sequential"
  | "round_robin"
  | "random"
  | "weighted_random"
  | "least_recent"
  | "fewest_calls"
  | "least_talk_time"
  | "tiered"
  | "progressive"
  | "rollover";
/**
 * A conference.
 */
export type ConferenceName = string;
/**
 * A webhook of the routing file.
 */
export type WebhookName = string;
/**
 * A pattern of digits: X is 0-9, Z is 1-9, N is 2-9, a `.` at the end is one or more digits.
 */
export type DigitPattern = string;
/**
 * What silence or a wrong key does: actions, or the menu again and then actions.
 */
export type Branch = Actions | Repeat;
/**
 * Why a call is refused; each is a SIP status (RFC 3398, section 7.2.4.1).
 */
export type RejectCause =
  "call_rejected" | "user_busy" | "no_answer" | "unallocated_number" | "invalid_number" | "congestion" | "declined";
/**
 * A target of the routing file.
 */
export type TargetName = string;

/**
 * What happened to a call. The field order is the order on the wire, and part of the contract.
 */
export interface Event {
  /**
   * The attempt that this is about.
   */
  attempt?: AttemptInfo;
  /**
   * What lookups and earlier answers said about the call.
   */
  attributes?: {
    [k: string]: string;
  };
  /**
   * The call it belongs to.
   */
  call_id: CallId;
  /**
   * How long an answer to this event is waited for, in milliseconds.
   */
  deadline_ms?: number;
  /**
   * Towards us or from us.
   */
  direction?: Direction;
  /**
   * Who diverted the call to us (RFC 5806).
   */
  diverted_from?: string;
  /**
   * What kind of event it is.
   */
  event: EventKind;
  /**
   * This event's own id.
   */
  event_id?: string;
  /**
   * Who calls.
   */
  from: Caller;
  /**
   * The caller's display name.
   */
  from_name?: string;
  /**
   * The caller's URI as received.
   */
  from_uri?: string;
  /**
   * Headers of the request that routing may look at.
   */
  headers?: {
    [k: string]: string;
  };
  /**
   * The menu that the caller is in.
   */
  menu?: MenuInfo;
  /**
   * What the caller asked of those who carry its identity; empty when nothing.
   */
  privacy?: Privacy[];
  /**
   * The queue that the caller waits in.
   */
  queue?: QueueInfo;
  /**
   * The message that was recorded.
   */
  recording?: RecordingInfo;
  /**
   * Where it came from, on the network.
   */
  source?: SourceInfo;
  /**
   * What the network says of the caller's number.
   */
  stir_verstat?: Verstat;
  /**
   * What lists of callers say of this one, such as `vip`.
   */
  tags?: string[];
  /**
   * When it happened. Rules that ask for the time ask this, never the wall clock.
   */
  timestamp: string;
  /**
   * What was dialed.
   */
  to: Address;
  /**
   * The dialed URI as received.
   */
  to_uri?: string;
}
/**
 * One attempt to reach somebody.
 */
export interface AttemptInfo {
  /**
   * How it ended; absent while it goes on.
   */
  disposition?: Disposition;
  /**
   * Who was tried.
   */
  member: string;
  /**
   * Counts the call's attempts, from 1.
   */
  n: number;
  /**
   * The Q.850 cause.
   */
  q850?: number;
  /**
   * From the start of the attempt to its end, in milliseconds.
   */
  ring_ms?: number;
  /**
   * The SIP status that ended it, if one did.
   */
  sip_code?: number;
}
/**
 * The menu that the caller is in.
 */
export interface MenuInfo {
  /**
   * Which round of the menu this is, from 1.
   */
  attempt: number;
  /**
   * What was pressed; absent when nothing was.
   */
  digits?: Digits;
  /**
   * The menu's name, when it has one.
   */
  name?: MenuName;
}
/**
 * The queue that the caller waits in.
 */
export interface QueueInfo {
  /**
   * The queue's name.
   */
  name: QueueName;
  /**
   * The caller's place in it, from 1.
   */
  position?: number;
  /**
   * How many callers wait.
   */
  size?: number;
  /**
   * How long the caller has waited, in milliseconds.
   */
  wait_ms?: number;
}
/**
 * A recorded message.
 */
export interface RecordingInfo {
  /**
   * How long it is, in milliseconds.
   */
  duration_ms: number;
  /**
   * Where it is: a path or a URL.
   */
  url: string;
}
/**
 * Where the call came from, on the network.
 */
export interface SourceInfo {
  /**
   * The sender's IP address and port.
   */
  ip?: string;
  /**
   * What carried it.
   */
  transport?: Transport;
  /**
   * The trunk's name, when it came by one.
   */
  trunk?: string;
}
/**
 * Connect the caller to somebody.
 */
export interface ForwardAction {
  action: "forward";
  /**
   * Whom to ring.
   */
  destination: Destination;
  /**
   * How long the conversation lasts at most, in seconds (1 to 86,400); default 12 hours.
   */
  max_s?: number;
  /**
   * What to do when it ends otherwise than answered. Without a branch, the next action of the list is done, and after the last the default.
   */
  on?: On;
  /**
   * How long to ring before giving up, in seconds (1 to 600); default 30. A ring group has a `ring_s` of its own, which outranks this.
   */
  ring_s?: number;
}
/**
 * A telephone number, through a trunk.
 */
export interface NumberDestination {
  /**
   * The number to dial.
   */
  number: Number;
  type: "number";
}
/**
 * A SIP URI.
 */
export interface SipDestination {
  type: "sip";
  /**
   * The URI to dial.
   */
  uri: SipUri;
}
/**
 * A user that registers phones with us.
 */
export interface UserDestination {
  /**
   * The user's name.
   */
  name: UserName;
  type: "user";
}
/**
 * An agent of the routing file.
 */
export interface AgentDestination {
  /**
   * The agent's name.
   */
  name: AgentName;
  type: "agent";
}
/**
 * A number through a trunk of the routing's choice.
 */
export interface TrunkDestination {
  /**
   * The trunk's name.
   */
  name: TrunkName;
  /**
   * The number to dial; default the dialed one.
   */
  number?: Number;
  type: "trunk";
}
/**
 * Several parties.
 */
export interface RingGroupDestination {
  /**
   * Which number the members see; default the caller's.
   */
  caller_id?: CallerId;
  /**
   * Whoever answers has to press a key, so that a mobile's own voicemail never takes the call.
   */
  confirm?: Confirm;
  /**
   * What becomes of sound that a member sends before it answers; default it is not passed on.
   */
  early_media?: EarlyMedia;
  /**
   * Which ends of a member go on to the next, not `answered`; default all but those after which trying elsewhere is pointless.
   */
  failover?: Disposition[];
  /**
   * Who rings; at least one, at most 1,000.
   */
  members: Member[];
  /**
   * How often the whole group is gone through again (0 to 10); default 0.
   */
  repeats?: number;
  /**
   * How long each member rings, in seconds (1 to 600); default 30 when they ring at once, 20 when one after the other.
   */
  ring_s?: number;
  /**
   * What the caller hears meanwhile; default ringing.
   */
  ringback?: Ringback;
  /**
   * In which order.
   */
  strategy?: Strategy & string;
  type: "ring_group";
  /**
   * What whoever answers hears before being connected.
   */
  whisper?: Prompt;
}
/**
 * Which key whoever answers has to press, and what is heard before.
 */
export interface ConfirmBy {
  /**
   * The key; default `1`.
   */
  digit?: Digit;
  /**
   * What is heard; default a request for the key.
   */
  prompt?: Prompt;
}
/**
 * A text to speak.
 */
export interface SayPrompt {
  /**
   * The language as a BCP 47 tag; English without.
   */
  language?: string;
  /**
   * What to say, at most 1,000 characters.
   */
  say: string;
  /**
   * The voice's name.
   */
  voice?: string;
}
/**
 * A prompt to play.
 */
export interface PlayPrompt {
  /**
   * The prompt's name.
   */
  play: string;
}
/**
 * One member of a ring group. On the wire a plain string, or an object when it has settings.
 */
export interface MemberObject {
  /**
   * Which number this member sees; default the group's.
   */
  caller_id?: CallerId;
  /**
   * Whether this member has to confirm; default the group's.
   */
  confirm?: Confirm;
  /**
   * How long to wait before this member rings, in seconds (0 to 600), counted from the beginning of its wave.
   */
  delay_s?: number;
  /**
   * SIP headers for this member; their names begin with `X-`, or `Alert-Info` for a ring of its own (RFC 3261, section 20.4).
   */
  headers?: {
    [k: string]: string;
  };
  /**
   * Lower rings first (0 to 1,000); the strategy orders members of the same one; default 0.
   */
  priority?: number;
  /**
   * How long this member rings, in seconds (1 to 600); default the group's.
   */
  ring_s?: number;
  /**
   * It is left out while it is in another call.
   */
  skip_if_busy?: boolean;
  /**
   * Which tier it belongs to under `tiered` (0 to 1,000); lower rings first; default 0.
   */
  tier?: number;
  /**
   * Whom to ring.
   */
  to: Party;
  /**
   * How likely it is to be early under `weighted_random` (0 to 1,000); 0: it comes when nobody else is left; default 1.
   */
  weight?: number;
}
/**
 * A queue.
 */
export interface QueueDestination {
  /**
   * The queue's name.
   */
  name: QueueName;
  type: "queue";
}
/**
 * A conference.
 */
export interface ConferenceDestination {
  /**
   * The conference's name.
   */
  name: ConferenceName;
  type: "conference";
}
/**
 * A program of the switch.
 */
export interface ApplicationDestination {
  /**
   * What it is given.
   */
  arguments?: {
    [k: string]: string;
  };
  /**
   * The program's name.
   */
  name: string;
  type: "application";
}
/**
 * What to do when an action ends otherwise than it should; `failed` covers what is not named.
 */
export interface On {
  /**
   * Somebody answered.
   */
  answered?: Actions;
  /**
   * Another member of the group answered first (RFC 3326, cause 200).
   */
  answered_elsewhere?: Actions;
  /**
   * A list of ours kept the call from being made.
   */
  blocked?: Actions;
  /**
   * The line was busy.
   */
  busy?: Actions;
  /**
   * The caller, or the router, gave the attempt up.
   */
  canceled?: Actions;
  /**
   * A member answered and did not confirm that a person had (see `confirm`).
   */
  confirm_failed?: Actions;
  /**
   * The network, or the far server, had no room for the call.
   */
  congestion?: Actions;
  /**
   * The called party refused the call.
   */
  declined?: Actions;
  /**
   * As a key of `on`: any failure that is not named. As a result: a failure of no other kind.
   */
  failed?: Actions;
  /**
   * No such number or user.
   */
  invalid_number?: Actions;
  /**
   * A machine answered.
   */
  machine?: Actions;
  /**
   * It rang and nobody answered in time.
   */
  no_answer?: Actions;
  /**
   * The destination could not be reached at all.
   */
  unreachable?: Actions;
}
/**
 * Take a message.
 */
export interface VoicemailAction {
  action: "voicemail";
  /**
   * Keep the silence at both ends of the message, which is cut off otherwise.
   */
  keep_silence?: boolean;
  /**
   * Mail addresses that get the message, with its sound attached; at most 16.
   */
  mail?: string[];
  /**
   * Longest message, in seconds (1 to 3,600); default 180.
   */
  max_s?: number;
  /**
   * The box, which is also the name of its greeting: a prompt, else spoken.
   */
  message: string;
  /**
   * Shortest message, in seconds (0 to 60); what is shorter is thrown away; default 1.
   */
  min_s?: number;
  /**
   * `failed`: what to do when the message could not be kept.
   */
  on?: On;
  /**
   * What `0` does during greeting and message: instead of a message, this.
   */
  operator?: Actions;
  /**
   * After `#` the caller may keep the message (1), record it again (2) or throw it away (3).
   */
  review?: boolean;
  /**
   * After so much silence the message is over, in seconds (1 to 60); default 10.
   */
  silence_s?: number;
  /**
   * The webhook that is told of the message, with its recording.
   */
  webhook?: WebhookName;
}
/**
 * Speak a text.
 */
export interface SayAction {
  action: "say";
  /**
   * The language as a BCP 47 tag; English without.
   */
  language?: string;
  /**
   * `failed`: what to do when it could not be spoken.
   */
  on?: On;
  /**
   * What to say: any UTF-8, at most 1,000 characters.
   */
  text: string;
  /**
   * The voice, by the name that the text-to-speech program gives it.
   */
  voice?: string;
}
/**
 * Play a prompt.
 */
export interface PlayAction {
  action: "play";
  /**
   * `failed`: what to do when it could not be played.
   */
  on?: On;
  /**
   * The prompt's name.
   */
  prompt?: string;
  /**
   * Where the sound is, as an `http` or `https` URL of a WAV file.
   */
  url?: string;
}
/**
 * Let the caller choose by keys.
 */
export interface MenuAction {
  action: "menu";
  /**
   * The key that leads back to the menu before this one.
   */
  back?: Digits;
  /**
   * How long to wait for a further key where options have several, in seconds (1 to 60); default 3.
   */
  digit_timeout_s?: number;
  /**
   * Extensions that may be dialed here; options and patterns outrank them.
   */
  extensions?: Extensions;
  /**
   * A menu of the routing file; then nothing else is given.
   */
  name?: MenuName;
  /**
   * What silence and wrong keys do.
   */
  on?: MenuBranches;
  /**
   * What each key, or run of keys, does.
   */
  options?: {
    [k: string]: Actions;
  };
  /**
   * What runs of keys do that fit a pattern, as in `2XX`; an option outranks a pattern.
   */
  patterns?: {
    [k: string]: Actions;
  };
  /**
   * What the caller enters before anything else.
   */
  pin?: Pin;
  /**
   * What the caller hears; a key cuts it short.
   */
  prompt?: Prompt;
  /**
   * The key that lets the menu be heard again.
   */
  repeat?: Digits;
  /**
   * How often the menu is heard at most, for whatever reason (1 to 20); default 20.
   */
  rounds?: number;
  /**
   * What the caller hears when the menu is heard again; default `prompt`.
   */
  short_prompt?: Prompt;
  /**
   * The key that ends a run of keys, so that no further one is waited for.
   */
  terminator?: Digit;
  /**
   * How long to wait for the first key after the prompt, in seconds (1 to 60); default 5.
   */
  timeout_s?: number;
}
/**
 * Extensions that may be dialed in a menu.
 */
export interface Extensions {
  /**
   * Which, by patterns as in `1XX`; 1 to 100.
   */
  allow: DigitPattern[];
  /**
   * Which of them not, at most 100.
   */
  deny?: DigitPattern[];
  /**
   * What is done with one; default it is called as a number. `{digits}` stands for it.
   */
  then?: Actions;
}
/**
 * What silence and wrong keys do.
 */
export interface MenuBranches {
  /**
   * A key was pressed that the menu does not have. Without: as for `timeout`.
   */
  invalid?: Branch;
  /**
   * Nothing was pressed in time. Without: the menu is repeated once, then the default.
   */
  timeout?: Branch;
}
/**
 * The menu again, `repeat` times, then the actions.
 */
export interface Repeat {
  /**
   * How many times the menu is heard again (0 to 10).
   */
  repeat: number;
  /**
   * What is done after that.
   */
  then: Actions;
}
/**
 * What a caller enters before a menu is heard.
 */
export interface Pin {
  /**
   * Any of these, 1 to 100; quoted, so that leading zeros stay. `#` ends the input, so that it may only be a code's first key.
   */
  codes: Digits[];
  /**
   * What is done when none of them was right; default the call ends as failed.
   */
  failed?: Actions;
  /**
   * What the caller hears; default the prompt `agent-pass`.
   */
  prompt?: Prompt;
  /**
   * How often it may be entered (1 to 10); default 3.
   */
  tries?: number;
}
/**
 * Let the caller enter digits.
 */
export interface CollectAction {
  action: "collect";
  /**
   * How long to wait for each further key, in seconds (1 to 60); default 3.
   */
  digit_timeout_s?: number;
  /**
   * The attribute that takes the digits; default `digits`.
   */
  into?: string;
  /**
   * Most digits (1 to 64), after which no more is waited for; default 64.
   */
  max_digits?: number;
  /**
   * Fewest digits (1 to 64); default 1.
   */
  min_digits?: number;
  /**
   * What silence (`timeout`) and too few digits (`invalid`) do.
   */
  on?: MenuBranches;
  /**
   * What the caller hears; a key cuts it short.
   */
  prompt?: Prompt;
  /**
   * The key that ends the entry; default `#`.
   */
  terminator?: Digit;
  /**
   * How long to wait for the first key, in seconds (1 to 60); default 5.
   */
  timeout_s?: number;
}
/**
 * Let the caller wait for an agent.
 */
export interface QueueAction {
  action: "queue";
  /**
   * What is said in between; default nothing.
   */
  announce?: Announce;
  /**
   * The key with which the caller asks to be called back, and hangs up.
   */
  callback?: Digit;
  /**
   * Which number the members see; default the caller's.
   */
  caller_id?: CallerId;
  /**
   * Whoever answers has to press a key.
   */
  confirm?: Confirm;
  /**
   * How the priority grows while a caller waits.
   */
  escalate?: Escalate;
  /**
   * The key with which the caller leaves: `canceled`.
   */
  exit?: Digit;
  /**
   * Most callers that wait (1 to 10,000); one more leaves with `congestion`; default 1,000.
   */
  max_size?: number;
  /**
   * How long the caller waits at most, in seconds (1 to 86,400); default the queue's own, else 1,800.
   */
  max_wait_s?: number;
  /**
   * Who takes the calls: at most 1,000.
   */
  members?: Member[];
  /**
   * The prompt that is heard again and again; default music.
   */
  music?: string;
  /**
   * The queue's name.
   */
  name: QueueName;
  /**
   * What to do when the caller leaves without a member: `congestion` (full), `unreachable` (nobody at work), `no_answer` (waited too long), `canceled` (the exit key).
   */
  on?: On;
  /**
   * Higher goes first (0 to 1,000); default 0.
   */
  priority?: number;
  /**
   * How long a member rings, in seconds (1 to 600); default 20.
   */
  ring_s?: number;
  /**
   * Which of the members that are free gets the next caller; default `least_recent`.
   */
  strategy?: Strategy;
  /**
   * Wait even while no member is at work; without, the caller leaves with `unreachable`.
   */
  wait_when_empty?: boolean;
  /**
   * What whoever answers hears before being connected.
   */
  whisper?: Prompt;
  /**
   * How long a member has to itself after a call, in seconds (0 to 3,600); default 0.
   */
  wrap_up_s?: number;
}
/**
 * What a waiting caller is told.
 */
export interface Announce {
  /**
   * Every how many seconds (5 to 600).
   */
  every_s: number;
  /**
   * The text's language as a BCP 47 tag; English without.
   */
  language?: string;
  /**
   * The text, in which `[position]` and `[minutes]` (the estimated wait) stand for numbers; default one in English that has both.
   */
  text?: string;
}
/**
 * How a waiting caller's priority grows: by `by` after every `every_s` seconds.
 */
export interface Escalate {
  /**
   * By how much (1 to 1,000).
   */
  by: number;
  /**
   * After how many seconds each time (1 to 3,600).
   */
  every_s: number;
}
/**
 * Ask a server what to do next.
 */
export interface WebhookAction {
  action: "webhook";
  /**
   * How long the whole ask may take, in milliseconds (50 to 10,000); outranks the webhook's own.
   */
  deadline_ms?: number;
  /**
   * A webhook of the routing file.
   */
  name?: WebhookName;
  /**
   * `failed`: what to do when no usable answer comes; outranks the webhook's own fallback.
   */
  on?: On;
  /**
   * A URL of its own.
   */
  url?: string;
}
/**
 * Record the call from here on.
 */
export interface RecordAction {
  action: "record";
  /**
   * What both sides hear before, where the law asks for consent.
   */
  consent?: Prompt;
  /**
   * What the recording's name begins with; the call's id follows, and a number where the call was recorded before.
   */
  name?: string;
  /**
   * `failed`: what to do when it could not be recorded.
   */
  on?: On;
  /**
   * Stop recording instead.
   */
  stop?: boolean;
}
/**
 * Note something about the call.
 */
export interface SetAction {
  action: "set";
  /**
   * Attributes of the call.
   */
  attributes?: {
    [k: string]: string;
  };
  /**
   * SIP headers for the legs that follow; their names begin with `X-`.
   */
  headers?: {
    [k: string]: string;
  };
  /**
   * Accepted as for every action; noting does not fail.
   */
  on?: On;
}
/**
 * Refuse the call with a cause.
 */
export interface RejectAction {
  action: "reject";
  /**
   * Why; the caller's phone shows it.
   */
  cause?: RejectCause & string;
  /**
   * Accepted as for every action; refusing does not fail.
   */
  on?: On;
}
/**
 * Refuse the call as busy.
 */
export interface BusyAction {
  action: "busy";
  /**
   * Accepted as for every action; refusing does not fail.
   */
  on?: On;
}
/**
 * Send the caller's switch elsewhere.
 */
export interface RedirectAction {
  action: "redirect";
  /**
   * Where to, the preferred first.
   */
  contacts: Party[];
  /**
   * `failed`: what to do where the call was answered already and cannot be sent away.
   */
  on?: On;
}
/**
 * End the call.
 */
export interface HangupAction {
  action: "hangup";
  /**
   * Accepted as for every action; hanging up does not fail.
   */
  on?: On;
}
/**
 * Go on with the next rule of the table.
 */
export interface ContinueAction {
  action: "continue";
  /**
   * Accepted as for every action; going on does not fail.
   */
  on?: On;
}
/**
 * Put the caller where somebody else can take the call.
 */
export interface ParkAction {
  action: "park";
  /**
   * `no_answer`: what to do when nobody took the call.
   */
  on?: On;
  /**
   * The slot; default the first that is free.
   */
  slot?: string;
  /**
   * How long the call stays there, in seconds (1 to 86,400); default 120.
   */
  timeout_s?: number;
}
/**
 * Let the caller join a conference.
 */
export interface ConferenceAction {
  action: "conference";
  /**
   * The caller only listens.
   */
  muted?: boolean;
  /**
   * The conference's name.
   */
  name: ConferenceName;
  /**
   * `failed`: what to do when the caller could not join.
   */
  on?: On;
}
