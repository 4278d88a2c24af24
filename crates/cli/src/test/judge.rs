//! Whether a played call went as expected; each difference in words.

use std::fmt::Debug;

use callroute_media::{Command, EndCause, LegId, Sound};
use callroute_session::{Effect, Note};
use callroute_sim::Played;

use super::expect::Expect;

/// Every way in which a call went otherwise than expected.
pub(crate) fn judge(played: &Played, expect: &Expect) -> Vec<String> {
    let mut judge = Judge {
        played,
        wrong: Vec::new(),
    };
    if !played.is_over() {
        judge
            .wrong
            .push("the call does not come to an end".to_owned());
    }
    judge.routing(expect);
    judge.callees(expect);
    judge.caller(expect);
    judge.end(expect);
    judge.wrong
}

struct Judge<'a> {
    played: &'a Played,
    wrong: Vec<String>,
}

impl Judge<'_> {
    fn notes(&self) -> impl Iterator<Item = &Note> {
        self.played.notes().map(|(_, note)| note)
    }

    fn same<T: PartialEq + Debug>(&mut self, what: &str, expected: Option<&T>, found: &T) {
        if let Some(expected) = expected
            && expected != found
        {
            self.wrong
                .push(format!("{what}: expected {expected:?}, found {found:?}"));
        }
    }

    fn routing(&mut self, expect: &Expect) {
        let rule = self.notes().find_map(|note| match note {
            Note::Decided { rule, .. } => Some(rule.to_string()),
            _ => None,
        });
        let rule = rule.unwrap_or_default();
        if let Some(expected) = &expect.rule {
            let named = format!("\"{expected}\"");
            if rule != *expected && !rule.ends_with(&named) {
                self.wrong
                    .push(format!("rule: expected {expected:?}, found {rule}"));
            }
        }
        let asked: Vec<String> = self
            .notes()
            .filter_map(|note| match note {
                Note::Asking { webhook, .. } => Some(webhook.clone()),
                _ => None,
            })
            .collect();
        self.same("webhooks asked", expect.asks.as_ref(), &asked);
        let record = self.played.record();
        for (name, expected) in &expect.attributes {
            let found = record.and_then(|record| record.attributes.get(name));
            if found != Some(expected) {
                self.wrong.push(format!(
                    "attribute {name}: expected {expected:?}, found {found:?}"
                ));
            }
        }
    }

    fn callees(&mut self, expect: &Expect) {
        let rung: Vec<String> = self
            .notes()
            .filter_map(|note| match note {
                Note::Dialing { member, .. } => Some(member.clone()),
                _ => None,
            })
            .collect();
        self.same("phones rung", expect.rings.as_ref(), &rung);
        let connected = self.notes().filter_map(|note| match note {
            Note::Bridged { member } => Some(member.clone()),
            _ => None,
        });
        let connected = connected.last().unwrap_or_else(|| "nobody".to_owned());
        self.same("connected with", expect.connected_with.as_ref(), &connected);
        let dialed = self.played.commands().filter_map(|command| match command {
            Command::Dial { from, headers, .. } => Some((from.as_str().to_owned(), headers)),
            _ => None,
        });
        let dialed: Vec<_> = dialed
            .map(|(from, headers)| (from, headers.clone()))
            .collect();
        if let Some(expected) = &expect.shown {
            let seen: Vec<&String> = dialed.iter().map(|(from, _)| from).collect();
            if seen.is_empty() || seen.iter().any(|from| *from != expected) {
                self.wrong.push(format!(
                    "shown as caller: expected {expected:?}, found {seen:?}"
                ));
            }
        }
        for (name, expected) in &expect.headers {
            let found = dialed
                .iter()
                .find_map(|(_, headers)| headers.get(name).cloned());
            self.same(
                &format!("header {name}"),
                Some(&Some(expected.clone())),
                &found,
            );
        }
        let attempts: Vec<_> = self
            .played
            .record()
            .map(|record| record.attempts.iter().map(|a| a.disposition).collect())
            .unwrap_or_default();
        self.same("attempts", expect.attempts.as_ref(), &attempts);
    }

    fn caller(&mut self, expect: &Expect) {
        let heard: Vec<String> = self
            .played
            .commands()
            .filter_map(|command| match command {
                Command::Play { leg, sound, .. } if *leg == LegId::CALLER => Some(words(sound)),
                _ => None,
            })
            .collect();
        self.in_order("hears", &expect.hears, &heard);
        for text in &expect.does_not_hear {
            if let Some(found) = heard.iter().find(|heard| heard.contains(text.as_str())) {
                self.wrong.push(format!("should not hear {found:?}"));
            }
        }
        let boxes: Vec<String> = self
            .played
            .messages()
            .map(|message| message.mailbox.clone())
            .collect();
        if let Some(expected) = &expect.message_in {
            self.same("messages in", Some(&vec![expected.clone()]), &boxes);
        }
        self.same("a message", expect.message.as_ref(), &!boxes.is_empty());
        let answered = self
            .played
            .record()
            .is_some_and(|record| record.answered.is_some());
        self.same("answered", expect.answered.as_ref(), &answered);
        let refused = self.played.commands().find_map(|command| match command {
            Command::Hangup {
                leg: LegId::CALLER,
                cause: EndCause::Rejected(cause),
            } => Some(*cause),
            _ => None,
        });
        if expect.refused.is_some() {
            self.same("refused", Some(&expect.refused), &refused);
        }
        let sent = self.played.commands().find_map(|command| match command {
            Command::Redirect { contacts, .. } => Some(contacts.clone()),
            _ => None,
        });
        let sent: Vec<String> = sent
            .unwrap_or_default()
            .iter()
            .map(|to| to.as_str().to_owned())
            .collect();
        self.same("sent to", expect.sent_to.as_ref(), &sent);
    }

    fn end(&mut self, expect: &Expect) {
        if let Some(record) = self.played.record() {
            self.same("outcome", expect.outcome.as_ref(), &record.disposition);
            self.same("ended by", expect.ended_by.as_ref(), &record.ended_by);
            if let Some(part) = &expect.because
                && !record.why.contains(part.as_str())
            {
                self.wrong.push(format!(
                    "because: expected {part:?}, found {:?}",
                    record.why
                ));
            }
            if let Some((from, to)) = expect.lasts_s {
                // A call of a week has no milliseconds that an f64 could lose.
                let lasted = std::time::Duration::from_millis(record.duration_ms).as_secs_f64();
                if lasted < from || lasted > to {
                    self.wrong.push(format!(
                        "lasts: expected {from} to {to} s, found {lasted} s"
                    ));
                }
            }
        }
        let lines: Vec<String> = self
            .played
            .effects()
            .filter_map(|effect| match effect {
                Effect::Note(note) => Some(note.to_string()),
                _ => None,
            })
            .collect();
        self.in_order("trace", &expect.trace, &lines);
    }

    /// Each part is found behind the one before it.
    fn in_order(&mut self, what: &str, parts: &[String], found: &[String]) {
        let mut rest = found.iter();
        for part in parts {
            if !rest.any(|line| line.contains(part.as_str())) {
                self.wrong.push(format!(
                    "{what}: expected {part:?} (in this order), found {found:?}"
                ));
                return;
            }
        }
    }
}

/// What is heard, in a word or in the text itself.
fn words(sound: &Sound) -> String {
    match sound {
        Sound::Prompt(name) | Sound::Loop(name) => name.clone(),
        Sound::Speech { text, .. } => text.clone(),
        Sound::PromptOr { prompt, text } => format!("{prompt}: {text}"),
        Sound::Beep => "beep".to_owned(),
        Sound::Ringback => "ringing".to_owned(),
        Sound::Music => "music".to_owned(),
        Sound::Url(url) => url.clone(),
        _ => "something".to_owned(),
    }
}
