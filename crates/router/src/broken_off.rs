//! Calls that a crash has broken off while they were recorded: their journals are put through
//! sessions once more, as far as they go, and these are then told how it ended. So a message
//! reaches its box, its webhook and its mail, and the call gets its record.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Capabilities, Command, LegId, Notice, RecordingId, RecoveredRecording};
use callroute_schema::{Cause, Disposition};
use callroute_session::journal::{
    Entry, Journal, MAX_JOURNAL, ParseJournalError, Replayed, resume,
};
use callroute_session::{Effect, Input, Now, Session};

use crate::asks::{Asks, ByName};
use crate::config::RouterConfig;
use crate::journal::{KeptTableError, Pen, kept_table};
use crate::messages::{self, Posts};

/// Most inputs that bring a call to its end.
const MOST: usize = 1_000;

/// Why a recording that was broken off is told to nobody.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the router writes no journals, so that nobody knows of which call it is")]
    NoJournals,
    #[error("there is no journal of its call in {}", .0.display())]
    NoJournal(PathBuf),
    #[error("{}: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}: longer than {MAX_JOURNAL} bytes", .0.display())]
    TooLong(PathBuf),
    #[error("{}: {source}", path.display())]
    Journal {
        path: PathBuf,
        source: ParseJournalError,
    },
    #[error(transparent)]
    Table(#[from] KeptTableError),
    #[error("{}: that call was not recording it when it broke off", .0.display())]
    Unknown(PathBuf),
}

/// A recording that a call was making.
struct Making {
    leg: LegId,
    recording: RecordingId,
    name: String,
    began: Now,
}

/// Brings the calls of these recordings to their end. Blocks; what it begins runs on tokio.
pub(crate) fn finish(
    config: &Arc<RouterConfig>,
    posts: &Arc<Posts>,
    asks: &Asks,
    capabilities: &Capabilities,
    recordings: Vec<RecoveredRecording>,
) {
    let mut calls: BTreeMap<PathBuf, Vec<RecoveredRecording>> = BTreeMap::new();
    let lost = |recording: &RecoveredRecording, why: &Lost| {
        let url = &recording.url;
        config.observer.warning(&format!(
            "{url} was broken off by a crash; it is whole now, but told to nobody: {why}"
        ));
    };
    for recording in recordings {
        match journal_of(config, &recording.name) {
            Ok(journal) => calls.entry(journal).or_default().push(recording),
            Err(why) => lost(&recording, &why),
        }
    }
    for (journal, recordings) in calls {
        if let Err(why) = finish_call(config, posts, asks, capabilities, &journal, &recordings) {
            for recording in &recordings {
                lost(recording, &why);
            }
        }
    }
}

/// The journal of the call that a recording is of.
fn journal_of(config: &RouterConfig, name: &str) -> Result<PathBuf, Lost> {
    let folder = config.journals.as_ref().ok_or(Lost::NoJournals)?.folder();
    let calls = calls_of(name).into_iter();
    let mut paths = calls.map(|call| folder.join(format!("{call}.jsonl")));
    let found = paths.find(|path| path.is_file());
    found.ok_or_else(|| Lost::NoJournal(folder.to_owned()))
}

/// The calls that a recording may be of, by its name: `box/CALL`, `calls/NAME-CALL`, and either with
/// `-2` for the second one of the call.
fn calls_of(name: &str) -> Vec<&str> {
    let last = name.rsplit('/').next().unwrap_or_default();
    let is_name = |call: &&str| {
        let mut bytes = call.bytes();
        !call.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let numbered = [Some(last), last.rsplit_once('-').map(|(call, _)| call)];
    let calls = numbered.into_iter().flatten().flat_map(|whole| {
        let behind = whole.match_indices('-');
        let behind = behind.filter_map(|(at, _)| whole.get(at + 1..));
        std::iter::once(whole).chain(behind)
    });
    calls.filter(is_name).collect()
}

fn finish_call(
    config: &Arc<RouterConfig>,
    posts: &Arc<Posts>,
    asks: &Asks,
    capabilities: &Capabilities,
    path: &Path,
    recordings: &[RecoveredRecording],
) -> Result<(), Lost> {
    let journal = read(path)?;
    let engine = kept_table(path, &journal.header.table)?;
    let unknown = || Lost::Unknown(path.to_owned());
    let (session, replayed) = resume(engine.clone(), &journal).ok_or_else(unknown)?;
    if session.is_done() {
        return Err(unknown());
    }
    let (making, legs) = what_was(&replayed);
    let mut notices = Vec::new();
    let mut now = replayed.last().ok_or_else(unknown)?.entry.now();
    for Making {
        leg,
        recording,
        name,
        began,
    } in making
    {
        let Some(found) = recordings.iter().find(|found| found.name == name) else {
            continue;
        };
        let length = Duration::from_millis(found.duration_ms);
        let ended = later(began, length);
        if ended.mono > now.mono {
            now = ended;
        }
        notices.push(Notice::RecordEnded {
            leg,
            recording,
            url: Some(found.url.clone()),
            duration_ms: found.duration_ms,
            error: None,
        });
    }
    if notices.is_empty() {
        return Err(unknown());
    }
    notices.extend(legs.into_iter().map(|leg| Notice::LegEnded {
        leg,
        cause: Cause::local(Disposition::Failed),
    }));
    let (webhooks, _) = asks.of(&engine, capabilities);
    let journals = config.journals.as_ref();
    let pen = journals.and_then(|journals| journals.resume(&session.event().call_id, path));
    let ending = Ending {
        config,
        posts,
        webhooks: &webhooks,
        session,
        pen,
    };
    ending.run(notices, now);
    Ok(())
}

/// What the call recorded when it was broken off, and which legs it had, the caller's first.
fn what_was(replayed: &[Replayed]) -> (Vec<Making>, BTreeSet<LegId>) {
    let mut making: Vec<Making> = Vec::new();
    let mut legs = BTreeSet::from([LegId::CALLER]);
    for Replayed { entry, effects } in replayed {
        match &entry.input {
            Input::Media(Notice::LegEnded { leg, .. }) => {
                legs.remove(leg);
            }
            Input::Media(Notice::RecordEnded { recording, .. }) => {
                making.retain(|making| making.recording != *recording);
            }
            _ => {}
        }
        for effect in effects {
            match effect {
                Effect::Media(Command::Dial { leg, .. }) => {
                    legs.insert(*leg);
                }
                Effect::Media(Command::Record {
                    leg,
                    recording,
                    name,
                    ..
                }) => making.push(Making {
                    leg: *leg,
                    recording: *recording,
                    name: name.clone(),
                    began: entry.now(),
                }),
                _ => {}
            }
        }
    }
    (making, legs)
}

fn read(path: &Path) -> Result<Journal, Lost> {
    let fail = |source| Lost::Read {
        path: path.to_owned(),
        source,
    };
    if std::fs::metadata(path).map_err(fail)?.len() > MAX_JOURNAL {
        return Err(Lost::TooLong(path.to_owned()));
    }
    let text = std::fs::read(path).map_err(fail)?;
    Journal::parse(&String::from_utf8_lossy(&text)).map_err(|source| Lost::Journal {
        path: path.to_owned(),
        source,
    })
}

fn later(now: Now, by: Duration) -> Now {
    let wall = chrono::TimeDelta::from_std(by).unwrap_or_default();
    Now {
        utc: now.utc.checked_add_signed(wall).unwrap_or(now.utc),
        mono: now.mono.saturating_add(by),
    }
}

/// A call that is brought to its end without legs or webhooks.
struct Ending<'a> {
    config: &'a Arc<RouterConfig>,
    posts: &'a Arc<Posts>,
    webhooks: &'a ByName,
    session: Session,
    pen: Option<Pen>,
}

impl Ending<'_> {
    fn run(mut self, notices: Vec<Notice>, mut now: Now) {
        let mut inputs = notices.into_iter().map(Input::Media);
        for _ in 0..MOST {
            let input = match (inputs.next(), self.session.next_wake()) {
                (Some(input), _) => input,
                (None, Some(mono)) => {
                    now = later(now, mono.saturating_sub(now.mono));
                    Input::Wake
                }
                (None, None) => break,
            };
            if self.input(now, input) {
                break;
            }
        }
    }

    /// Gives the session an input; whether that was the end.
    fn input(&mut self, now: Now, input: Input) -> bool {
        if let Some(pen) = &mut self.pen {
            // Without its end the journal is what the crash has left.
            pen.write(Entry::new(now, input.clone()).to_line());
        }
        let at_ms = u64::try_from(now.mono.as_millis()).unwrap_or(u64::MAX);
        let call_id = self.session.event().call_id.clone();
        let observer = &self.config.observer;
        let (mut messages, mut done) = (Vec::new(), false);
        for effect in self.session.handle(now, input) {
            match effect {
                Effect::Message(message) => messages.push(*message),
                Effect::Record(record) => observer.record(&record),
                Effect::Emit(event) => observer.event(&event),
                Effect::Note(note) => observer.note(&call_id, at_ms, &note),
                Effect::Done => done = true,
                // There is nobody left to hear or to ask.
                _ => {}
            }
        }
        for message in messages {
            let event = self.session.event();
            let kept = messages::take(self.config, self.posts, event, self.webhooks, message);
            // Whatever came of it has been told.
            let _ = kept.blocking_recv();
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::calls_of;

    #[test]
    fn a_recording_names_its_call() {
        assert_eq!(calls_of("sales/01A"), ["01A"]);
        assert_eq!(calls_of("sales/01A-2"), ["01A-2", "2", "01A"]);
        assert!(calls_of("calls/my-desk-01A").contains(&"01A"));
        assert!(calls_of("calls/my-desk-01A-3").contains(&"01A"));
        assert!(calls_of("calls/../x.y").is_empty());
    }
}
