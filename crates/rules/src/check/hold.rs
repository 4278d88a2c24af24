//! What keeps a caller on the line: messages, queues, parking, digits to enter; and what is noted.

use callroute_schema::{Collect, Park, Queue, Redirect, Set, Voicemail};

use super::{
    PRIORITY, RING_S, Sink, TIMEOUT_S, actions, bounded, confirm, headers, member, prompt, silence,
};
use crate::engine::NameKind;
use crate::path::Path;

/// Seconds that a message may be long.
const MESSAGE_S: (u64, u64) = (1, 3_600);
/// Seconds that a message must be long, or that end it when nothing is said.
const SHORT_S: (u64, u64) = (0, 60);
/// Seconds that a caller may wait.
const WAIT_S: (u64, u64) = (1, 86_400);
/// Callers that may wait.
const SIZE: (u64, u64) = (1, 10_000);
/// Seconds that a member of a queue may have to itself after a call.
const WRAP_UP_S: (u64, u64) = (0, 3_600);
/// Seconds between announcements.
const EVERY_S: (u64, u64) = (5, 600);
/// Digits that may be entered.
const DIGITS: (u64, u64) = (1, 64);
/// Most addresses that a message is sent to.
const ADDRESSES: usize = 16;
/// Longest name, value or text of something noted, in bytes.
const NOTED: usize = 1_024;

pub(super) fn voicemail<S: Sink>(voicemail: &Voicemail, at: &Path<'_>, sink: &mut S) {
    let low = |(_, high)| (1, high);
    bounded(
        voicemail.max_s,
        MESSAGE_S,
        "seconds",
        &at.key("max_s"),
        sink,
    );
    bounded(voicemail.min_s, SHORT_S, "seconds", &at.key("min_s"), sink);
    let silence = at.key("silence_s");
    bounded(voicemail.silence_s, low(SHORT_S), "seconds", &silence, sink);
    if let (Some(min), Some(max)) = (voicemail.min_s, voicemail.max_s)
        && min > max
    {
        let message = format!("a message of at least {min} s cannot have at most {max} s");
        sink.wrong(&at.key("min_s"), message);
    }
    if let Some(operator) = &voicemail.operator {
        actions(operator, &at.key("operator"), sink);
    }
    if let Some(webhook) = &voicemail.webhook {
        sink.name(NameKind::Webhook, webhook.as_str(), &at.key("webhook"));
    }
    let mail = at.key("mail");
    if voicemail.mail.len() > ADDRESSES {
        let found = voicemail.mail.len();
        let message = format!("a message is sent to at most {ADDRESSES} addresses, found {found}");
        sink.wrong(&mail, message);
    }
    for (index, address) in voicemail.mail.iter().enumerate() {
        if !is_address(address) {
            let message = "this is no mail address; write it as in ann@office.example";
            sink.wrong(&mail.index(index), message.to_owned());
        }
    }
}

pub(super) fn queue<S: Sink>(queue: &Queue, at: &Path<'_>, sink: &mut S) {
    bounded(queue.priority, PRIORITY, "", &at.key("priority"), sink);
    let wait = at.key("max_wait_s");
    bounded(queue.max_wait_s, WAIT_S, "seconds", &wait, sink);
    bounded(queue.ring_s, RING_S, "seconds", &at.key("ring_s"), sink);
    let wrap_up = at.key("wrap_up_s");
    bounded(queue.wrap_up_s, WRAP_UP_S, "seconds", &wrap_up, sink);
    bounded(queue.max_size, SIZE, "callers", &at.key("max_size"), sink);
    prompt(queue.whisper.as_ref(), &at.key("whisper"), sink);
    confirm(queue.confirm.as_ref(), &at.key("confirm"), sink);
    if let Some(escalate) = queue.escalate {
        let at = at.key("escalate");
        let every = at.key("every_s");
        bounded(Some(escalate.every_s), MESSAGE_S, "seconds", &every, sink);
        bounded(Some(escalate.by), (1, 1_000), "", &at.key("by"), sink);
    }
    if let Some(announce) = &queue.announce {
        let at = at.key("announce");
        let every = at.key("every_s");
        bounded(Some(announce.every_s), EVERY_S, "seconds", &every, sink);
        if let Some(text) = &announce.text {
            super::spoken(text, &at.key("text"), sink);
        }
    }
    if queue.exit.is_some() && queue.exit == queue.callback {
        let message = "the same key cannot leave the queue and ask to be called back";
        sink.wrong(&at.key("callback"), message.to_owned());
    }
    if queue.members.is_empty() {
        // Everything but the name comes from the target of that name.
        sink.name(NameKind::Queue, queue.name.as_str(), &at.key("name"));
    }
    let members = at.key("members");
    for (index, member) in queue.members.iter().enumerate() {
        self::member(member, &members.index(index), sink);
    }
}

pub(super) fn park<S: Sink>(park: &Park, at: &Path<'_>, sink: &mut S) {
    bounded(
        park.timeout_s,
        WAIT_S,
        "seconds",
        &at.key("timeout_s"),
        sink,
    );
    if let Some(slot) = &park.slot
        && (slot.is_empty() || slot.len() > 32 || !slot.chars().all(|c| c.is_ascii_alphanumeric()))
    {
        let message = "a parking slot has 1 to 32 letters and digits";
        sink.wrong(&at.key("slot"), message.to_owned());
    }
}

pub(super) fn collect<S: Sink>(collect: &Collect, at: &Path<'_>, sink: &mut S) {
    prompt(collect.prompt.as_ref(), &at.key("prompt"), sink);
    let timeout = at.key("timeout_s");
    bounded(collect.timeout_s, TIMEOUT_S, "seconds", &timeout, sink);
    let digit = at.key("digit_timeout_s");
    bounded(collect.digit_timeout_s, TIMEOUT_S, "seconds", &digit, sink);
    let min = at.key("min_digits");
    bounded(collect.min_digits, DIGITS, "digits", &min, sink);
    bounded(
        collect.max_digits,
        DIGITS,
        "digits",
        &at.key("max_digits"),
        sink,
    );
    if let (Some(fewest), Some(most)) = (collect.min_digits, collect.max_digits)
        && fewest > most
    {
        let message = format!("at least {fewest} digits cannot be at most {most}");
        sink.wrong(&min, message);
    }
    silence(&collect.on, &at.key("on"), sink);
}

pub(super) fn set<S: Sink>(set: &Set, at: &Path<'_>, sink: &mut S) {
    headers(&set.headers, &at.key("headers"), sink);
    let attributes = at.key("attributes");
    for (name, value) in &set.attributes {
        if name.is_empty() || name.len() > NOTED || value.len() > NOTED {
            let message = format!("an attribute has a name, and at most {NOTED} bytes");
            sink.wrong(&attributes.key(name), message);
        }
    }
}

pub(super) fn redirect<S: Sink>(redirect: &Redirect, at: &Path<'_>, sink: &mut S) {
    let contacts = at.key("contacts");
    if redirect.contacts.is_empty() {
        let message = "a redirect needs at least one contact";
        sink.wrong(&contacts, message.to_owned());
    }
    for (index, party) in redirect.contacts.iter().enumerate() {
        use callroute_schema::Party;
        let at = contacts.index(index);
        match party {
            Party::Agent(name) => sink.name(NameKind::Agent, name.as_str(), &at),
            Party::Number(number) => sink.party(number.as_str(), &at),
            Party::Sip(uri) => sink.party(uri.as_str(), &at),
        }
    }
}

/// One `@` with something on both sides, and nothing that would begin another header.
fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !",;<>\"".contains(c);
    text.len() <= 254
        && text.chars().all(plain)
        && text
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use crate::zone::ChronoTz;

    /// What `load` says about an action.
    fn fault(action: &str) -> String {
        let text =
            format!("version: 1\ndefault: {action}\nagents: {{ ann: {{ to: \"1001\" }} }}\n");
        match crate::load("routes.yaml", &text, &(), &ChronoTz) {
            Ok(_) => String::new(),
            Err(faults) => faults.to_string(),
        }
    }

    #[test]
    fn bounds_of_what_keeps_a_caller() {
        let many: Vec<_> = (0..33).map(|count| format!("X-{count}: x")).collect();
        let many = format!("{{ action: set, headers: {{ {} }} }}", many.join(", "));
        for (action, why) in [
            (
                "{ action: voicemail, message: x, max_s: 4000 }",
                "1 to 3600 seconds",
            ),
            (
                "{ action: voicemail, message: x, min_s: 9, max_s: 5 }",
                "at least 9 s",
            ),
            (
                "{ action: voicemail, message: x, silence_s: 0 }",
                "1 to 60 seconds",
            ),
            (
                "{ action: voicemail, message: x, mail: [ann] }",
                "no mail address",
            ),
            (
                "{ action: voicemail, message: x, mail: [\"a@b>, c@d\"] }",
                "no mail address",
            ),
            (
                "{ action: voicemail, message: x, operator: nobody }",
                "unknown target `nobody`",
            ),
            (
                "{ action: voicemail, message: x, webhook: nobody }",
                "unknown webhook `nobody`",
            ),
            ("{ action: queue, name: desk }", "unknown target `desk`"),
            (
                "{ action: queue, name: desk, members: [bob] }",
                "unknown agent `bob`",
            ),
            (
                "{ action: queue, name: desk, members: [ann], priority: 2000 }",
                "0 to 1000",
            ),
            (
                "{ action: queue, name: desk, members: [ann], exit: 1, callback: 1 }",
                "the same key",
            ),
            (
                "{ action: queue, name: desk, members: [ann], announce: { every_s: 1 } }",
                "5 to 600",
            ),
            (
                "{ action: queue, name: desk, members: [ann], escalate: { every_s: 0, by: 1 } }",
                "1 to 3600",
            ),
            (
                "{ action: collect, min_digits: 5, max_digits: 4 }",
                "at least 5 digits",
            ),
            (
                "{ action: park, slot: \"7 0\" }",
                "1 to 32 letters and digits",
            ),
            ("{ action: redirect, contacts: [] }", "at least one contact"),
            ("{ action: set, headers: { Via: x } }", "begins with `X-`"),
            (
                "{ action: set, headers: { X-A: \"a\\r\\nVia: x\" } }",
                "one line",
            ),
            (
                "{ action: set, headers: { \"X-A!\": x } }",
                "begins with `X-`",
            ),
            (&many, "expected at most 32 headers, found 33"),
            ("{ action: play, url: example.com/a.wav }", "http"),
        ] {
            let found = fault(action);
            assert!(found.contains(why), "{action}: {why:?} is not in\n{found}");
        }
        let fine = "{ action: queue, name: desk, members: [ann], announce: { every_s: 30 }, \
                    exit: 1, callback: 2, escalate: { every_s: 60, by: 5 } }";
        assert_eq!(fault(fine), "");
    }
}
