//! One call's legs, as the router drives them.

mod connect;
mod dial;

use std::collections::{HashMap, VecDeque};
use std::path::{Component, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use callroute_audio::codec::Codec;
use callroute_media::{Command, Deed, LegId, Line, Notice, PlayEnd, PlayId};
use callroute_schema::Disposition;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Sleep, sleep};

use crate::count::Count;
use crate::leg::caller::Unbegun;
use crate::leg::{self, Leg, LegCommand, Log};
use crate::notices::{LegNotices, NOTICES, Notices};
use crate::routes::{self, LegRequest};
use crate::rtp::command::{MediaCommand, PlaySound};
use crate::rtp::media::{self, MediaHandle};
use crate::rtp::out::RtpOut;
use crate::rtp::record;
use crate::sdp::{Keys, Local};
use crate::stack::{Stack, random};
use crate::way::Way;

/// When a caller of whom nobody has said anything yet is told that we have heard: within 200 ms (RFC 3261,
/// section 17.2.1).
const TRYING: Duration = Duration::from_millis(100);

/// One call's legs. Dropping it ends each: BYE where it is answered, CANCEL or 480 where not.
#[derive(Debug)]
pub struct SipLine {
    stack: Arc<Stack>,
    /// The caller's leg, until its task has begun.
    calling: Option<Arc<Unbegun>>,
    /// When it begins at the latest.
    begins: Option<Pin<Box<Sleep>>>,
    legs: HashMap<LegId, LegHandle>,
    bridges: HashMap<LegId, LegId>,
    /// Pairs whose sound goes directly, or is about to; dropping one takes it back.
    directs: Vec<(LegId, LegId, oneshot::Sender<()>)>,
    /// Legs that are recorded.
    recorded: Vec<LegId>,
    /// The caller has offered to hear something before that.
    offered: bool,
    /// How the latest leg ended that was dialed.
    after: Option<Disposition>,
    /// What the caller speaks, which a callee is offered first.
    codecs: Vec<Codec>,
    /// What of the caller's INVITE goes on to callees.
    way: Way,
    /// The call began with us: somebody may always be dialed in it.
    is_ours: bool,
    /// For legs that are yet to be dialed. Given up when the last leg has ended.
    sender: Option<mpsc::Sender<Box<Notice>>>,
    notices: mpsc::Receiver<Box<Notice>>,
    /// What was known at once, without a leg's task.
    at_once: VecDeque<Notice>,
    waker: Option<Waker>,
    /// Given up with the last leg.
    call: Option<Arc<Count>>,
    /// On the trunk that the caller came by, as long.
    trunk: Option<Count>,
}

#[derive(Debug)]
struct LegHandle {
    commands: mpsc::Sender<LegCommand>,
    media: MediaHandle,
    log: Log,
    answered: bool,
}

/// The channels of a leg that is about to begin, and what it is made of.
pub(crate) struct Begun {
    /// In a box: it goes through several hands.
    pub(crate) leg: Box<Leg>,
    pub(crate) requests: mpsc::Sender<LegRequest>,
    pub(crate) port: u16,
}

impl SipLine {
    /// A call without legs.
    pub(crate) fn new(stack: Arc<Stack>, codecs: Vec<Codec>, way: Way) -> Self {
        let (sender, notices) = mpsc::channel(NOTICES);
        let call = Some(Arc::new(stack.counts.calls.count()));
        Self {
            stack,
            calling: None,
            begins: None,
            legs: HashMap::new(),
            bridges: HashMap::new(),
            directs: Vec::new(),
            recorded: Vec::new(),
            offered: false,
            after: None,
            codecs,
            way,
            is_ours: false,
            sender: Some(sender),
            notices,
            at_once: VecDeque::new(),
            waker: None,
            call,
            trunk: None,
        }
    }

    /// Whether the caller's INVITE has an offer, so that it may hear something before its answer.
    pub(crate) fn may_hear_early(&mut self, offered: bool) {
        self.offered = offered;
    }

    /// A call that begins with us: whoever is in it is dialed, the caller too.
    pub(crate) fn ours(stack: Arc<Stack>) -> Self {
        let codecs = stack.config.codecs.clone();
        let mut line = Self::new(stack, codecs, Way::default());
        line.is_ours = true;
        line
    }

    /// The caller's leg, which begins with whatever is done first.
    pub(crate) fn called_by(&mut self, leg: Arc<Unbegun>) {
        self.calling = Some(leg);
    }

    /// The caller's leg begins.
    fn begin_calling(&mut self) {
        if let Some(leg) = self.calling.take() {
            leg.begin();
            self.begins = None;
        }
    }

    /// The caller's leg begins, if nothing has been done in the call for so long: while a web server is
    /// asked, what else there is to do would be in the way of its answer.
    fn begin_calling_later(&mut self, cx: &mut Context<'_>) {
        if self.calling.is_some() {
            let begins = self.begins.get_or_insert_with(|| Box::pin(sleep(TRYING)));
            if begins.as_mut().poll(cx).is_ready() {
                self.begin_calling();
            }
        }
    }

    /// Counts the call on the trunk that its caller came by; `false` when that is full.
    pub(crate) fn count_trunk(&mut self, name: Option<&str>) -> bool {
        let Some(trunk) = name.and_then(|name| self.stack.trunks.get(name)) else {
            return true;
        };
        self.trunk = trunk.count();
        self.trunk.is_some()
    }

    /// Makes a leg with its media; its task is the caller's business. Must run within a runtime.
    pub(crate) fn begin(&mut self, leg: LegId) -> std::io::Result<Begun> {
        let Some(sender) = &self.sender else {
            return Err(std::io::Error::other("the call is over"));
        };
        let rtp = self.stack.ports.bind()?;
        let port = rtp.port;
        let notices = Notices::new(sender.clone());
        let out = RtpOut::new(rtp, random());
        let (media, task) = media::new(leg, out, self.stack.sounds(), notices.clone());
        let (commands, told) = mpsc::channel(leg::COMMANDS);
        let (requests, received) = routes::way();
        let log = Log::default();
        self.legs.insert(
            leg,
            LegHandle {
                commands,
                media,
                log: log.clone(),
                answered: false,
            },
        );
        let media_addr = (self.stack.handle.local_addr().ip(), port).into();
        let leg = Box::new(Leg {
            stack: Arc::clone(&self.stack),
            commands: told,
            requests: received,
            notices: LegNotices::new(leg, notices),
            media: task,
            local: Local {
                media: media_addr,
                peer: None,
                vouched: true,
                session: random() >> 2,
                version: 1,
                key: Keys::new(),
                encrypts: false,
                noise: self.stack.config.comfort_noise,
                agreement: None,
            },
            log,
            held: false,
            entry: None,
            alive: Some(self.stack.counts.legs.count()),
            calls: self.call.clone(),
            closing: None,
            described: None,
            trunk: None,
            parting: None,
        });
        Ok(Begun {
            leg,
            requests,
            port,
        })
    }

    /// Media of a leg, for the phone.
    pub(crate) fn media(&self, leg: LegId) -> Option<&MediaHandle> {
        self.legs.get(&leg).map(|leg| &leg.media)
    }

    /// The reason noted for a leg, for the phone.
    pub(crate) fn log(&self, leg: LegId) -> Log {
        self.legs
            .get(&leg)
            .map(|leg| leg.log.clone())
            .unwrap_or_default()
    }

    /// Tells a leg's task something.
    pub(crate) fn tell(&mut self, leg: LegId, command: LegCommand) {
        let Some(handle) = self.legs.get(&leg) else {
            tracing::debug!(%leg, ?command, "a command for a leg that is not there");
            return;
        };
        if let Err(mpsc::error::TrySendError::Full(command)) = handle.commands.try_send(command) {
            // A task that is so far behind is stuck: dropping its channel ends the leg.
            tracing::error!(%leg, ?command, "a leg does not take its commands; it is ended");
            self.legs.remove(&leg);
        }
    }

    /// Tells a leg's media something; gives it back when it cannot be done.
    fn tell_media(&self, leg: LegId, command: MediaCommand) -> Result<(), MediaCommand> {
        match self.legs.get(&leg) {
            Some(handle) => handle
                .media
                .commands
                .try_send(Box::new(command))
                .or_else(|error| match error {
                    mpsc::error::TrySendError::Full(command) => Err(*command),
                    // The leg has ended: the command is ignored.
                    mpsc::error::TrySendError::Closed(_) => Ok(()),
                }),
            None => Ok(()),
        }
    }

    /// A notice that needs no leg's task.
    fn notice(&mut self, notice: Notice) {
        self.at_once.push_back(notice);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn play(&mut self, leg: LegId, play: PlayId, sound: PlaySound) {
        self.return_to_us(leg);
        let command = MediaCommand::Play(play, sound);
        if self.tell_media(leg, command).is_err() {
            self.notice(Notice::PlayEnded {
                leg,
                play,
                end: PlayEnd::Failed,
            });
        }
    }

    /// Throws a recording of ours away; nothing else on the disk.
    fn discard(&self, path: PathBuf) {
        let ours = path.starts_with(&self.stack.config.recordings)
            && !path.components().any(|part| part == Component::ParentDir);
        if !ours {
            return tracing::error!(?path, "this is no recording; it is not thrown away");
        }
        self.stack.runtime.spawn_blocking(move || {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::error!(?path, %error, "a recording could not be thrown away");
            }
        });
    }

    /// A command without an answer; a media that does not take it is stuck, and its leg ends.
    fn lossless(&mut self, leg: LegId, command: MediaCommand) {
        if self.tell_media(leg, command).is_err() {
            tracing::error!(%leg, "a leg's media does not take its commands; the leg is ended");
            self.legs.remove(&leg);
        }
    }

    fn passed(&mut self, notice: Notice) -> Notice {
        if let Notice::LegAnswered { leg } = &notice
            && let Some(handle) = self.legs.get_mut(leg)
        {
            handle.answered = true;
        }
        if let Notice::RecordEnded { leg, .. } = &notice {
            self.recorded.retain(|recorded| recorded != leg);
        }
        if let Notice::LegEnded { leg, cause } = &notice {
            self.return_to_us(*leg);
            if *leg != LegId::CALLER {
                self.after = Some(cause.disposition);
            }
            self.legs.remove(leg);
            if let Some(other) = self.bridges.remove(leg) {
                self.bridges.remove(&other);
                self.lossless(other, MediaCommand::Unbridge);
            }
        }
        notice
    }
}

impl Line for SipLine {
    fn perform(&mut self, command: Command) {
        match command {
            Command::Ring { leg } => self.tell(leg, LegCommand::Ring),
            Command::Answer { leg } => self.tell(leg, LegCommand::Answer),
            Command::Dial {
                leg,
                to,
                from,
                from_name,
                headers,
            } => self.dial(leg, &to, from, from_name, &headers),
            Command::Early { leg, from } => self.early(leg, from),
            Command::Redirect { leg, contacts } => self.redirect(leg, &contacts),
            Command::Hangup { leg, cause } => self.tell(leg, LegCommand::Hangup(cause)),
            // Nothing can be heard: whoever asks is told, and may let it ring.
            Command::Play { leg, play, .. } if !self.opens(leg) => {
                let end = PlayEnd::Failed;
                self.notice(Notice::PlayEnded { leg, play, end });
            }
            Command::Play { leg, play, sound } => {
                self.play(leg, play, PlaySound::Named(sound));
            }
            Command::StopPlay { leg, play } => {
                self.lossless(leg, MediaCommand::StopPlay(play));
            }
            Command::Record {
                leg,
                recording,
                name,
                options,
            } => {
                self.return_to_us(leg);
                self.recorded.push(leg);
                let path = record::path(&self.stack.config.recordings, &name);
                if self
                    .tell_media(leg, MediaCommand::Record(recording, path, options))
                    .is_err()
                {
                    self.notice(Notice::RecordEnded {
                        leg,
                        recording,
                        url: None,
                        duration_ms: 0,
                        error: Some("the leg's media takes no commands".to_owned()),
                    });
                }
            }
            Command::StopRecord { leg, recording } => {
                self.lossless(leg, MediaCommand::StopRecord(recording));
            }
            Command::Bridge { a, b } => self.bridge(a, b),
            Command::Unbridge { a, b } => self.unbridge(a, b),
            Command::Referred { leg, outcome } => self.tell(leg, LegCommand::Referred(outcome)),
            Command::Join { leg, room, muted } => self.join(leg, &room, muted),
            Command::Leave { leg } => self.lossless(leg, MediaCommand::Leave),
            Command::Discard { url, .. } => self.discard(url.into()),
            other => match Deed::of(&other) {
                Some((leg, deed)) => self.notice(Notice::NotDone {
                    leg,
                    deed,
                    reason: "the SIP adapter cannot do this yet".to_owned(),
                }),
                None => tracing::error!(?other, "a command that this adapter does not know"),
            },
        }
        self.begin_calling();
    }

    fn poll_notice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Notice>> {
        self.begin_calling_later(cx);
        if let Some(notice) = self.at_once.pop_front() {
            return Poll::Ready(Some(self.passed(notice)));
        }
        // A call whose legs have all ended is over: nobody can be dialed in it any more.
        if self.legs.is_empty() && !self.is_ours {
            self.sender = None;
        }
        match self.notices.poll_recv(cx) {
            Poll::Ready(Some(notice)) => Poll::Ready(Some(self.passed(*notice))),
            Poll::Ready(None) => {
                self.call = None;
                self.trunk = None;
                Poll::Ready(None)
            }
            Poll::Pending => {
                self.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for SipLine {
    /// A call that nobody wants is refused.
    fn drop(&mut self) {
        self.begin_calling();
    }
}
