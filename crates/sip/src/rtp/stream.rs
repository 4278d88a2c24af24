//! What a leg's media does: it hears, plays, records and relays until the leg is over.

mod hear;
mod tape;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use bytes::Bytes;
use callroute_audio::band::Halver;
use callroute_audio::dtmf::Detector;
use callroute_media::{LegId, Notice, PlayEnd, PlayId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep};

use crate::family::reached_from;
use crate::notices::Notices;
use crate::rtp::command::{MediaCommand, PlaySound};
use crate::rtp::control::{Control, MAX_COMPOUND};
use crate::rtp::crypt::Opener;
use crate::rtp::dtmf::{Keys, Presses};
use crate::rtp::ear::Ear;
use crate::rtp::heard::TimeLine;
use crate::rtp::latch::{Described, Latch};
use crate::rtp::media::Sounds;
use crate::rtp::out::RtpOut;
use crate::rtp::pacer::Pacer;
use crate::rtp::payloads::Payloads;
use crate::rtp::play::{Fetched, Source, fetch};
use crate::rtp::record::{Recording, Turn};
use crate::rtp::room::Seat;
use crate::rtp::steady::Steady;
use crate::stack::random;
use crate::udp::Udp;

/// Largest datagram that is read; no voice packet comes near.
const MAX_PACKET: usize = 2048;
/// How often it is checked whether we are silent.
const QUIET: Duration = Duration::from_millis(100);
/// How loud our silence is: 70 dB under overload (RFC 3389, section 3.1).
const SILENCE: u8 = 70;
/// Longest sound that a tap keeps: ten minutes.
const MAX_TAP: usize = 600 * 8000;

/// What a leg's media does and knows.
#[derive(Debug)]
pub(crate) struct Stream {
    leg: LegId,
    out: Arc<RtpOut>,
    sounds: Sounds,
    notices: Notices,
    latch: Latch,
    /// Whom we hear: only from there are reports taken.
    source: Option<IpAddr>,
    control: Control,
    /// Opens what is encrypted.
    opener: Opener,
    /// What payload types stand for.
    payloads: Payloads,
    /// Decodes what the far end says, while somebody needs it decoded.
    ear: Ear,
    halver: Halver,
    /// The peer needs our sound encoded anew.
    anew: bool,
    /// Evens out what is encoded anew.
    steady: Option<Steady>,
    /// Looks whether we are silent, where the far end is told so.
    quiet: Option<Pacer>,
    keys: Keys,
    /// Listens for keys in the sound itself, where the far end has no telephone events.
    inband: Option<Detector>,
    presses: Presses,
    peer: Option<Weak<RtpOut>>,
    /// The room that the leg is in.
    seat: Option<Seat>,
    /// A description was agreed on: somebody may hear what plays.
    agreed: bool,
    playing: Option<Playing>,
    recording: Option<Recording>,
    /// Recordings that have ended, and that the disk does not have yet.
    written: JoinSet<()>,
    tap: Option<(TimeLine, Arc<Mutex<Vec<i16>>>)>,
    /// Runs while there is something to send every 20 ms.
    pacer: Option<Pacer>,
}

#[derive(Debug)]
struct Playing {
    id: PlayId,
    state: PlayState,
}

#[derive(Debug)]
enum PlayState {
    Fetching(JoinHandle<Fetched>),
    Heard(Source),
}

impl Stream {
    /// For a leg that begins.
    pub(crate) fn new(leg: LegId, out: Arc<RtpOut>, sounds: Sounds, notices: Notices) -> Self {
        // The two halves of chance that the source is not made of.
        let control = Control::new(out.ssrc(), random());
        Self {
            leg,
            control,
            opener: Opener::default(),
            source: None,
            out,
            sounds,
            notices,
            latch: Latch::default(),
            payloads: Payloads::default(),
            ear: Ear::default(),
            halver: Halver::default(),
            anew: false,
            steady: None,
            quiet: None,
            keys: Keys::default(),
            inband: None,
            presses: Presses::default(),
            peer: None,
            seat: None,
            agreed: false,
            playing: None,
            recording: None,
            written: JoinSet::new(),
            tap: None,
            pacer: None,
        }
    }

    /// Serves the media until it is stopped.
    pub(crate) async fn run(
        mut self: Box<Self>,
        mut told: mpsc::Receiver<Box<MediaCommand>>,
        mut stopped: oneshot::Receiver<()>,
    ) {
        let out = Arc::clone(&self.out);
        out.rtp.begin();
        // One timer for all of the leg's life: a new one with every packet would cost as much as
        // the packet.
        let mut reporting = pin!(sleep(self.control.interval()));
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                Some(command) = told.recv() => self.perform(*command).await,
                received = receive::<MAX_PACKET>(Some(&out.rtp.socket)) => match received {
                    Ok((from, packet)) => self.packet(from, packet).await,
                    // An ICMP error of an earlier packet; the socket is as good as before.
                    Err(error) => tracing::trace!(%error, leg = %self.leg, "RTP socket"),
                },
                received = receive::<MAX_COMPOUND>(out.rtp.control.as_ref()) => {
                    if let Ok((from, report)) = received {
                        self.report_heard(from, report);
                    }
                }
                () = &mut reporting => {
                    self.report(false);
                    reporting.as_mut().reset(Instant::now() + self.control.interval());
                }
                () = tick(&mut self.pacer) => self.frame().await,
                () = Steady::turn(&mut self.steady) => self.give(),
                () = tick(&mut self.quiet) => self.hush(),
                fetched = fetched(&mut self.playing) => self.fetched(fetched).await,
                turn = Recording::turn(&mut self.recording) => match turn {
                    Turn::Over => self.stop_record(),
                    Turn::Frame => if let Some(recording) = &mut self.recording {
                        recording.frame();
                    },
                },
            }
        }
        // What was told before the end still gets its answer, but is not done any more.
        told.close();
        while let Ok(command) = told.try_recv() {
            self.refuse(*command).await;
        }
        self.seat = None;
        self.stop_play(PlayEnd::Stopped).await;
        self.stop_record();
        self.written().await;
        self.report(true);
        let (sent, codec) = self.out.sent();
        if let Some(sound) = self.control.record(self.leg.0, codec, sent) {
            let leg = self.leg;
            self.notices.tell(Notice::Sound { leg, sound }).await;
        }
    }

    async fn perform(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Agree(mut remote, keys) => {
                let theirs = remote.key.as_ref();
                let keys = theirs.and_then(|theirs| Some((theirs, keys.as_ref()?.beside(theirs)?)));
                self.opener.agree(keys.map(|(theirs, _)| theirs));
                self.out.encrypt(keys.map(|(_, ours)| ours));
                self.latch.describe(Described {
                    media: remote.media,
                    peer: remote.peer,
                    version: remote.version(),
                });
                self.inband = match remote.event {
                    Some(_) => None,
                    None => Some(self.inband.take().unwrap_or_default()),
                };
                self.quiet = remote.noise.then(|| Pacer::every(QUIET));
                self.payloads.agree(&remote);
                let local = self.out.rtp.socket.local_addr().ok();
                let as_sent = |to| local.map_or(to, |local| reached_from(local, to));
                remote.media = remote.media.map(as_sent);
                remote.control = remote.control.map(as_sent);
                self.out.agree(&remote);
                // Whom we hear stays where he is heard, whatever address he repeats.
                if let Some(source) = self.latch.source() {
                    self.out.send_to(as_sent(source));
                }
                // What was to be played before anybody could hear it begins now.
                if !std::mem::replace(&mut self.agreed, true) && self.playing.is_some() {
                    self.pace();
                }
            }
            MediaCommand::Play(id, sound) => self.play(id, sound).await,
            MediaCommand::StopPlay(id) => {
                if self
                    .playing
                    .as_ref()
                    .is_some_and(|playing| playing.id == id)
                {
                    self.stop_play(PlayEnd::Stopped).await;
                }
            }
            MediaCommand::Record(id, path, options) => {
                self.record(id, path, options);
            }
            MediaCommand::StopRecord(id) => {
                if self
                    .recording
                    .as_ref()
                    .is_some_and(|recording| recording.id == id)
                {
                    self.stop_record();
                }
            }
            MediaCommand::Bridge(peer) => {
                self.stop_play(PlayEnd::Stopped).await;
                self.out.drop_rest();
                self.seat = None;
                self.steady = None;
                self.peer = Some(peer);
            }
            MediaCommand::Unbridge => {
                self.out.drop_rest();
                self.peer = None;
                self.steady = None;
            }
            MediaCommand::Join(seat) => {
                self.stop_play(PlayEnd::Stopped).await;
                self.out.drop_rest();
                self.peer = None;
                self.steady = None;
                self.seat = Some(seat);
            }
            MediaCommand::Leave => {
                self.seat = None;
                self.out.drop_rest();
            }
            MediaCommand::Press(digit) => {
                // What is relayed meanwhile would tear the key apart.
                self.out.set_playing(true);
                self.presses.press(digit);
                self.pace();
            }
            MediaCommand::Pressed(digit) => {
                if let Some(peer) = self.peer.as_ref().and_then(Weak::upgrade) {
                    peer.press(digit);
                }
            }
            MediaCommand::Tap(samples) => self.tap = Some((TimeLine::default(), samples)),
        }
    }

    async fn refuse(&self, command: MediaCommand) {
        let leg = self.leg;
        match command {
            MediaCommand::Play(play, _) => {
                self.notices
                    .tell(Notice::PlayEnded {
                        leg,
                        play,
                        end: PlayEnd::Stopped,
                    })
                    .await;
            }
            MediaCommand::Record(recording, ..) => {
                let error = Some("the leg ended before the recording began".to_owned());
                let ended = Notice::RecordEnded {
                    leg,
                    recording,
                    url: None,
                    duration_ms: 0,
                    error,
                };
                self.notices.tell(ended).await;
            }
            _ => {}
        }
    }

    async fn play(&mut self, id: PlayId, sound: PlaySound) {
        self.stop_play(PlayEnd::Stopped).await;
        self.out.set_playing(true);
        let fetching = tokio::spawn(fetch(sound, self.sounds.clone()));
        self.playing = Some(Playing {
            id,
            state: PlayState::Fetching(fetching),
        });
    }

    async fn fetched(&mut self, fetched: Fetched) {
        let (leg, Some(playing)) = (self.leg, self.playing.as_mut()) else {
            return;
        };
        let play = playing.id;
        if let Some((wanted, reason)) = fetched.substituted {
            tracing::warn!(%leg, %reason, "a sound could not be played");
            self.notices.tell_if_room(Notice::PlaySubstituted {
                leg,
                play,
                wanted,
                reason,
            });
        }
        match fetched.source {
            Some(source) => {
                playing.state = PlayState::Heard(source);
                if self.agreed {
                    self.pace();
                }
            }
            None => self.stop_play(PlayEnd::Failed).await,
        }
    }

    async fn stop_play(&mut self, end: PlayEnd) {
        if let Some(playing) = self.playing.take() {
            match end {
                PlayEnd::Finished => self.out.fill_up(),
                _ => self.out.drop_rest(),
            }
            self.out.set_playing(self.presses.is_pressing());
            let notice = Notice::PlayEnded {
                leg: self.leg,
                play: playing.id,
                end,
            };
            self.notices.tell(notice).await;
        }
    }

    /// Gives the peer what was evened out.
    fn give(&mut self) {
        let peer = self.peer.as_ref().and_then(Weak::upgrade);
        let gives = match (&mut self.steady, peer) {
            (Some(steady), Some(peer)) => steady.give(&peer),
            _ => false,
        };
        if !gives {
            self.steady = None;
        }
    }

    /// Tells the far end that we are silent, where nobody else speaks to it.
    fn hush(&self) {
        let alone = self.peer.is_none() && self.seat.is_none() && !self.presses.is_pressing();
        if alone && self.agreed && self.out.is_still() {
            self.out.hush(SILENCE);
        }
    }

    fn pace(&mut self) {
        self.pacer.get_or_insert_with(Pacer::of_frames);
    }

    async fn frame(&mut self) {
        if self.presses.is_pressing() {
            self.out.key(self.presses.next());
            if !self.presses.is_pressing() {
                if self.playing.is_none() {
                    self.out.fill_up();
                }
                self.out.set_playing(self.playing.is_some());
            }
            return;
        }
        match self.playing.as_mut().map(|playing| &mut playing.state) {
            Some(PlayState::Heard(source)) => match source.next(self.out.band()) {
                Some((band, frame)) => self.out.samples(band, &frame),
                None => self.stop_play(PlayEnd::Finished).await,
            },
            Some(PlayState::Fetching(_)) | None => self.pacer = None,
        }
    }
}

/// Waits for a datagram, for ever without a socket.
async fn receive<const MAX: usize>(socket: Option<&Udp>) -> io::Result<(SocketAddr, Bytes)> {
    let Some(socket) = socket else {
        return std::future::pending().await;
    };
    loop {
        socket.told().await?;
        match read::<MAX>(socket) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            received => return received,
        }
    }
}

/// Reads a datagram. The room for it is there only meanwhile: most legs wait most of the time.
fn read<const MAX: usize>(socket: &Udp) -> io::Result<(SocketAddr, Bytes)> {
    let mut room = [0; MAX];
    let (length, from) = socket.receive(&mut room)?;
    let packet = room.get(..length).unwrap_or_default();
    Ok((from, Bytes::copy_from_slice(packet)))
}

/// Waits for the pacer, for ever without one.
async fn tick(pacer: &mut Option<Pacer>) {
    match pacer {
        Some(pacer) => pacer.turn().await,
        None => std::future::pending().await,
    }
}

/// Waits for a sound that is being fetched, for ever without one.
async fn fetched(playing: &mut Option<Playing>) -> Fetched {
    match playing.as_mut().map(|playing| &mut playing.state) {
        Some(PlayState::Fetching(fetching)) => match fetching.await {
            Ok(fetched) => fetched,
            Err(error) => Fetched::failed(error.to_string()),
        },
        _ => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
