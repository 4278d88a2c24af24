//! Every name and every bounded number in a list of actions, with its place.

mod hold;

use std::collections::BTreeMap;

use callroute_schema::{
    Action, ActionKind, Actions, Branch, Confirm, Destination, Forward, MAX_HEADERS, Member, Menu,
    MenuBranches, Party, Play, Prompt, RingGroup, Webhook, check_header,
};

use crate::engine::NameKind;
use crate::path::Path;

/// Takes what [`actions`] and [`menu`] come across.
pub(crate) trait Sink {
    /// A list of actions, before these.
    fn list(&mut self, _list: &Actions, _at: &Path<'_>) {}
    /// An action, before what is in it.
    fn action(&mut self, _action: &Action, _at: &Path<'_>) {}
    /// A name is used.
    fn name(&mut self, _kind: NameKind, _name: &str, _at: &Path<'_>) {}
    /// A number or a SIP URI is dialed.
    fn party(&mut self, _party: &str, _at: &Path<'_>) {}
    /// A value breaks a rule of the contract.
    fn wrong(&mut self, _at: &Path<'_>, _message: String) {}
}

/// Seconds that a phone may ring.
const RING_S: (u64, u64) = (1, 600);
/// Seconds that a member may wait before it rings.
const DELAY_S: (u64, u64) = (0, 600);
/// Seconds that a menu may wait for a key.
const TIMEOUT_S: (u64, u64) = (1, 60);
/// Seconds that a conversation may last.
const MAX_S: (u64, u64) = (1, 86_400);
/// How likely a member is to be early.
const WEIGHT: (u64, u64) = (0, 1_000);
/// Priorities and tiers.
const PRIORITY: (u64, u64) = (0, 1_000);
/// How often a menu may be repeated.
const REPEAT: (u64, u64) = (0, 10);
/// How often a menu may be heard.
const ROUNDS: (u64, u64) = (1, 20);
/// How often a PIN may be entered.
const TRIES: (u64, u64) = (1, 10);
/// Milliseconds that a webhook may take.
pub(crate) const DEADLINE_MS: (u64, u64) = (50, 10_000);
/// Longest text that is spoken, in characters.
const SAY: usize = 1_000;

/// Looks at a list of actions.
pub(crate) fn actions<S: Sink>(actions: &Actions, at: &Path<'_>, sink: &mut S) {
    sink.list(actions, at);
    match actions.as_slice() {
        [one] => action(one, at, sink),
        many => {
            for (index, one) in many.iter().enumerate() {
                action(one, &at.index(index), sink);
            }
        }
    }
}

/// Looks at one action.
pub(crate) fn action<S: Sink>(one: &Action, at: &Path<'_>, sink: &mut S) {
    sink.action(one, at);
    match one {
        Action::Target(name) => sink.name(NameKind::Target, name.as_str(), at),
        Action::Forward(forward) => self::forward(forward, at, sink),
        Action::Menu(menu) => self::menu(menu, at, sink),
        Action::Webhook(webhook) => self::webhook(webhook, at, sink),
        Action::Say(say) => spoken(&say.text, &at.key("text"), sink),
        Action::Play(play) => self::play(play, at, sink),
        Action::Voicemail(voicemail) => hold::voicemail(voicemail, at, sink),
        Action::Queue(queue) => hold::queue(queue, at, sink),
        Action::Park(park) => hold::park(park, at, sink),
        Action::Collect(collect) => hold::collect(collect, at, sink),
        Action::Record(record) => prompt(record.consent.as_ref(), &at.key("consent"), sink),
        Action::Set(set) => hold::set(set, at, sink),
        Action::Redirect(redirect) => hold::redirect(redirect, at, sink),
        Action::Conference(_)
        | Action::Continue(_)
        | Action::Reject(_)
        | Action::Busy(_)
        | Action::Hangup(_) => {}
        other => not_carried_out(other.kind().map_or("this", ActionKind::as_str), at, sink),
    }
    if let Some(on) = one.on() {
        let at = at.key("on");
        for (disposition, branch) in on {
            actions(branch, &at.key(disposition.as_str()), sink);
        }
    }
}

/// What the contract has and this version's session has not: refused where it is written, not
/// passed over when a call comes.
fn not_carried_out<S: Sink>(what: &str, at: &Path<'_>, sink: &mut S) {
    sink.wrong(at, format!("`{what}` is not carried out by this version"));
}

fn play<S: Sink>(play: &Play, at: &Path<'_>, sink: &mut S) {
    match (&play.prompt, &play.url) {
        (Some(_), None) => {}
        (None, Some(url)) => {
            if let Err(error) = crate::url::check_written(url) {
                sink.wrong(&at.key("url"), error.to_string());
            }
        }
        (None, None) => sink.wrong(at, "a play action needs a `prompt` or a `url`".to_owned()),
        (Some(_), Some(_)) => {
            sink.wrong(
                at,
                "a play action has a `prompt` or a `url`, not both".to_owned(),
            );
        }
    }
}

fn forward<S: Sink>(forward: &Forward, at: &Path<'_>, sink: &mut S) {
    bounded(forward.ring_s, RING_S, "seconds", &at.key("ring_s"), sink);
    bounded(forward.max_s, MAX_S, "seconds", &at.key("max_s"), sink);
    let to = at.key("destination");
    match &forward.destination {
        Destination::Agent(agent) => {
            sink.name(NameKind::Agent, agent.name.as_str(), &to.key("name"));
        }
        Destination::RingGroup(group) => ring_group(group, &to, sink),
        Destination::Number(to_number) => {
            sink.party(to_number.number.as_str(), &to.key("number"));
        }
        Destination::Sip(sip) => sink.party(sip.uri.as_str(), &to.key("uri")),
        Destination::Trunk(trunk) => {
            if let Some(number) = &trunk.number {
                sink.party(number.as_str(), &to.key("number"));
            }
        }
        Destination::Queue(queue) => {
            sink.name(NameKind::Queue, queue.name.as_str(), &to.key("name"));
        }
        _ => {}
    }
}

fn ring_group<S: Sink>(group: &RingGroup, at: &Path<'_>, sink: &mut S) {
    bounded(group.ring_s, RING_S, "seconds", &at.key("ring_s"), sink);
    bounded(group.repeats, REPEAT, "times", &at.key("repeats"), sink);
    prompt(group.whisper.as_ref(), &at.key("whisper"), sink);
    confirm(group.confirm.as_ref(), &at.key("confirm"), sink);
    for (index, on) in group.failover.iter().enumerate() {
        if !on.is_failure() {
            let message = "nobody else is rung after `answered`; take it out";
            sink.wrong(&at.key("failover").index(index), message.to_owned());
        }
    }
    let members = at.key("members");
    for (index, member) in group.members.iter().enumerate() {
        self::member(member, &members.index(index), sink);
    }
}

fn member<S: Sink>(member: &Member, at: &Path<'_>, sink: &mut S) {
    bounded(member.ring_s, RING_S, "seconds", &at.key("ring_s"), sink);
    bounded(member.delay_s, DELAY_S, "seconds", &at.key("delay_s"), sink);
    bounded(member.weight, WEIGHT, "", &at.key("weight"), sink);
    bounded(member.priority, PRIORITY, "", &at.key("priority"), sink);
    bounded(member.tier, PRIORITY, "", &at.key("tier"), sink);
    confirm(member.confirm.as_ref(), &at.key("confirm"), sink);
    headers(&member.headers, &at.key("headers"), sink);
    match &member.to {
        Party::Agent(name) => sink.name(NameKind::Agent, name.as_str(), at),
        Party::Number(number) => sink.party(number.as_str(), at),
        Party::Sip(uri) => sink.party(uri.as_str(), at),
    }
}

fn confirm<S: Sink>(confirm: Option<&Confirm>, at: &Path<'_>, sink: &mut S) {
    let asked = confirm.and_then(|confirm| confirm.prompt.as_ref());
    prompt(asked, &at.key("prompt"), sink);
}

/// A text to speak, where a prompt has one.
fn prompt<S: Sink>(prompt: Option<&Prompt>, at: &Path<'_>, sink: &mut S) {
    if let Some(Prompt::Say(say)) = prompt {
        spoken(&say.text, &at.key("say"), sink);
    }
}

/// Headers of the routing's choice: what is wrong here would not be sent.
fn headers<S: Sink>(headers: &BTreeMap<String, String>, at: &Path<'_>, sink: &mut S) {
    let found = headers.len();
    if found > MAX_HEADERS {
        let message = format!("expected at most {MAX_HEADERS} headers, found {found}");
        sink.wrong(at, message);
    }
    for (name, value) in headers {
        if let Err(error) = check_header(name, value) {
            sink.wrong(&at.key(name), error.to_string());
        }
    }
}

/// Looks at a menu, wherever it is written out or named.
pub(crate) fn menu<S: Sink>(menu: &Menu, at: &Path<'_>, sink: &mut S) {
    if let Some(name) = &menu.name {
        let alone = Menu {
            name: menu.name.clone(),
            ..Menu::default()
        };
        if *menu != alone {
            let message = "a menu is either named or written out: with `name`, leave the other \
                           fields to the menu of that name";
            sink.wrong(at, message.to_owned());
        }
        sink.name(NameKind::Menu, name.as_str(), &at.key("name"));
        return;
    }
    if menu.options.is_empty() && menu.patterns.is_empty() && menu.extensions.is_none() {
        let message = "a menu needs a `name`, or `options` with at least one key";
        sink.wrong(at, message.to_owned());
    }
    prompt(menu.prompt.as_ref(), &at.key("prompt"), sink);
    bounded(
        menu.timeout_s,
        TIMEOUT_S,
        "seconds",
        &at.key("timeout_s"),
        sink,
    );
    let digits = at.key("digit_timeout_s");
    bounded(menu.digit_timeout_s, TIMEOUT_S, "seconds", &digits, sink);
    let options = at.key("options");
    for (digits, branch) in &menu.options {
        actions(branch, &options.key(digits.as_str()), sink);
    }
    menu_guards(menu, at, sink);
    silence(&menu.on, &at.key("on"), sink);
}

/// What is done when nothing is pressed, or nothing that is known.
fn silence<S: Sink>(branches: &MenuBranches, on: &Path<'_>, sink: &mut S) {
    for (key, branch) in [
        ("timeout", &branches.timeout),
        ("invalid", &branches.invalid),
    ] {
        let at = on.key(key);
        match branch {
            Some(Branch::Actions(list)) => actions(list, &at, sink),
            Some(Branch::Repeat(repeat)) => {
                let times = at.key("repeat");
                bounded(Some(repeat.repeat), REPEAT, "times", &times, sink);
                actions(&repeat.then, &at.key("then"), sink);
            }
            _ => {}
        }
    }
}

/// What stands beside a menu's options: patterns, extensions, the PIN.
fn menu_guards<S: Sink>(menu: &Menu, at: &Path<'_>, sink: &mut S) {
    bounded(menu.rounds, ROUNDS, "times", &at.key("rounds"), sink);
    prompt(menu.short_prompt.as_ref(), &at.key("short_prompt"), sink);
    let patterns = at.key("patterns");
    for (pattern, branch) in &menu.patterns {
        actions(branch, &patterns.key(pattern.as_str()), sink);
    }
    if let Some(extensions) = &menu.extensions {
        let at = at.key("extensions");
        let count = |list: &[_], low, key, sink: &mut S| {
            bounded(
                u32::try_from(list.len()).ok(),
                (low, 100),
                "patterns",
                &at.key(key),
                sink,
            );
        };
        count(&extensions.allow, 1, "allow", sink);
        count(&extensions.deny, 0, "deny", sink);
        if let Some(then) = &extensions.then {
            actions(then, &at.key("then"), sink);
        }
    }
    if let Some(pin) = &menu.pin {
        let at = at.key("pin");
        let codes = u32::try_from(pin.codes.len()).ok();
        bounded(codes, (1, 100), "codes", &at.key("codes"), sink);
        for (index, code) in pin.codes.iter().enumerate() {
            if code
                .as_str()
                .get(1..)
                .is_some_and(|rest| rest.contains('#'))
            {
                let message = "`#` behind the first key ends the input, so that this code cannot be entered; take it out";
                sink.wrong(&at.key("codes").index(index), message.to_owned());
            }
        }
        bounded(pin.tries, TRIES, "times", &at.key("tries"), sink);
        prompt(pin.prompt.as_ref(), &at.key("prompt"), sink);
        if let Some(failed) = &pin.failed {
            actions(failed, &at.key("failed"), sink);
        }
    }
}

fn webhook<S: Sink>(webhook: &Webhook, at: &Path<'_>, sink: &mut S) {
    match (&webhook.name, &webhook.url) {
        (Some(name), None) => sink.name(NameKind::Webhook, name.as_str(), &at.key("name")),
        (None, Some(url)) => {
            if let Err(error) = crate::url::check_written(url) {
                sink.wrong(&at.key("url"), error.to_string());
            }
        }
        (None, None) => sink.wrong(at, "a webhook action needs a `name` or a `url`".to_owned()),
        (Some(_), Some(_)) => {
            let message = "a webhook action has a `name` or a `url`, not both";
            sink.wrong(at, message.to_owned());
        }
    }
    let deadline = at.key("deadline_ms");
    bounded(
        webhook.deadline_ms,
        DEADLINE_MS,
        "milliseconds",
        &deadline,
        sink,
    );
}

fn spoken<S: Sink>(text: &str, at: &Path<'_>, sink: &mut S) {
    let found = text.chars().count();
    if found > SAY {
        sink.wrong(
            at,
            format!("a text to speak has at most {SAY} characters, found {found}"),
        );
    } else if text.trim().is_empty() {
        sink.wrong(at, "a text to speak must not be empty".to_owned());
    }
}

/// Reports a number outside its bounds.
pub(crate) fn bounded<S: Sink, N: Into<u64>>(
    value: Option<N>,
    (low, high): (u64, u64),
    unit: &str,
    at: &Path<'_>,
    sink: &mut S,
) {
    let Some(found) = value.map(Into::into) else {
        return;
    };
    if !(low..=high).contains(&found) {
        sink.wrong(
            at,
            format!("{found} is out of range: expected {low} to {high} {unit}")
                .trim_end()
                .to_owned(),
        );
    }
}
