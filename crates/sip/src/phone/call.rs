//! One call of a phone.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callroute_audio::pcm::Pcm;
use callroute_schema::{Cause, Digit, DigitError, Digits, Disposition, Masked};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::rtp::command::PlaySound;

/// What became of a call so far.
#[derive(Clone, PartialEq, Eq)]
pub struct CallStatus {
    /// Who calls: a number, a user, `anonymous` or `unavailable`.
    pub from: String,
    /// What was dialed.
    pub to: String,
    /// It rang: at us, or at the far end.
    pub rang: bool,
    /// It was answered, and the answer confirmed.
    pub answered: bool,
    /// The caller gave up before an answer. The text is its Reason header, empty without one.
    pub cancelled: Option<String>,
    /// How it ended.
    pub ended: Option<Cause>,
    /// The far end holds us.
    pub held: bool,
    /// The keys that the far end pressed.
    pub digits: String,
    /// How many sounds of ours are over.
    pub(crate) played: u32,
}

impl fmt::Debug for CallStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallStatus")
            .field("from", &Masked(&self.from))
            .field("to", &Masked(&self.to))
            .field("rang", &self.rang)
            .field("answered", &self.answered)
            .field("cancelled", &self.cancelled)
            .field("ended", &self.ended)
            .field("held", &self.held)
            .field("digits", &self.digits)
            .finish_non_exhaustive()
    }
}

impl CallStatus {
    /// A call that begins.
    pub(crate) fn new(from: String, to: String) -> Self {
        Self {
            from,
            to,
            rang: false,
            answered: false,
            cancelled: None,
            ended: None,
            held: false,
            digits: String::new(),
            played: 0,
        }
    }
}

/// What a call's task is told.
#[derive(Debug)]
pub(crate) enum Order {
    Answer,
    Hangup,
    Press(Digit),
    Play(u32, PlaySound),
    Quiet,
    Hold(bool, oneshot::Sender<Result<(), Cause>>),
}

/// One call of a phone. Dropping a call that was placed hangs it up; one that was taken goes on.
#[derive(Debug)]
pub struct PhoneCall {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) record: watch::Receiver<CallStatus>,
    pub(crate) heard: Arc<Mutex<Vec<i16>>>,
    pub(crate) plays: AtomicU32,
}

impl PhoneCall {
    /// What became of it so far.
    #[must_use]
    pub fn record(&self) -> CallStatus {
        self.record.borrow().clone()
    }

    /// Waits until it rings or more; `false` when it ended first, or after `within`.
    pub async fn wait_ringing(&self, within: Duration) -> bool {
        self.wait(within, |call| {
            call.rang || call.answered || call.ended.is_some()
        })
        .await
        .is_some_and(|call| call.rang || call.answered)
    }

    /// Waits until it is answered.
    ///
    /// # Errors
    /// The cause, when it ended first; `no_answer` without a SIP status after `within`.
    pub async fn wait_answered(&self, within: Duration) -> Result<(), Cause> {
        match self
            .wait(within, |call| call.answered || call.ended.is_some())
            .await
        {
            Some(CallStatus { answered: true, .. }) => Ok(()),
            Some(CallStatus {
                ended: Some(cause), ..
            }) => Err(cause),
            _ => Err(Cause::local(Disposition::NoAnswer)),
        }
    }

    /// Waits until it has ended; `None` when it goes on after `within`.
    pub async fn wait_ended(&self, within: Duration) -> Option<Cause> {
        self.wait(within, |call| call.ended.is_some()).await?.ended
    }

    /// Waits until the far end has pressed so many keys; all that it pressed by then.
    pub async fn wait_digits(&self, count: usize, within: Duration) -> String {
        let enough = |call: &CallStatus| call.digits.len() >= count || call.ended.is_some();
        self.wait(within, enough)
            .await
            .unwrap_or_else(|| self.record())
            .digits
    }

    /// Waits until the far end holds us, or does not any more.
    pub async fn wait_held(&self, held: bool, within: Duration) -> bool {
        self.wait(within, |call| call.held == held).await.is_some()
    }

    /// Waits until so much was heard; `false` after `within`.
    pub async fn wait_heard(&self, sound: Duration, within: Duration) -> bool {
        let samples = usize::try_from(sound.as_millis() * 8).unwrap_or(usize::MAX);
        let heard = async {
            while self.heard_len() < samples {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(within, heard).await.is_ok()
    }

    /// Answers a call that rings.
    pub fn answer(&self) {
        self.order(Order::Answer);
    }

    /// Hangs up: BYE, CANCEL, or 603 to a caller.
    pub fn hangup(&self) {
        self.order(Order::Hangup);
    }

    /// Presses keys one after another, as telephone events (RFC 4733) of 100 ms.
    ///
    /// # Errors
    /// [`DigitError`] when a character is on no keypad.
    pub fn press(&self, digits: &str) -> Result<(), DigitError> {
        for c in Digits::new(digits)?.as_str().chars() {
            self.order(Order::Press(Digit::new(c)?));
        }
        Ok(())
    }

    /// Sends a steady tone until something else is sent.
    pub fn send_tone(&self, hz: u16) {
        self.play(PlaySound::Tone(hz));
    }

    /// Sends these samples once, 8,000 a second.
    pub fn send_pcm(&self, samples: Vec<i16>) {
        self.play(PlaySound::Samples(Arc::new(Pcm::new(samples))));
    }

    /// Sends nothing any more.
    pub fn send_nothing(&self) {
        self.order(Order::Quiet);
    }

    /// Waits until all that was sent with [`send_pcm`](Self::send_pcm) is sent.
    pub async fn wait_sent(&self, within: Duration) -> bool {
        let plays = self.plays.load(Ordering::Relaxed);
        self.wait(within, |call| call.played >= plays)
            .await
            .is_some()
    }

    /// All that was heard so far, 8,000 samples a second; gaps are silence.
    #[must_use]
    pub fn heard(&self) -> Vec<i16> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Forgets what was heard so far.
    pub fn forget_heard(&self) {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Puts the far end on hold by a re-INVITE, or takes it back.
    ///
    /// # Errors
    /// The cause, when the far end refused it.
    pub async fn hold(&self, on: bool) -> Result<(), Cause> {
        let (told, outcome) = oneshot::channel();
        self.order(Order::Hold(on, told));
        outcome
            .await
            .unwrap_or_else(|_| Err(Cause::local(Disposition::Failed)))
    }

    fn heard_len(&self) -> usize {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    fn play(&self, sound: PlaySound) {
        let play = self.plays.fetch_add(1, Ordering::Relaxed) + 1;
        self.order(Order::Play(play, sound));
    }

    fn order(&self, order: Order) {
        if let Err(error) = self.orders.try_send(order) {
            tracing::debug!(%error, "a phone's call is over, or busy");
        }
    }

    async fn wait(
        &self,
        within: Duration,
        until: impl FnMut(&CallStatus) -> bool,
    ) -> Option<CallStatus> {
        let mut record = self.record.clone();
        let found = timeout(within, record.wait_for(until)).await.ok()?.ok()?;
        Some(found.clone())
    }
}
