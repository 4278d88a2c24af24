//! The task of one call of a phone: between its owner and the line.

use std::future::poll_fn;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use callroute_media::{Command, EndCause, LegId, Line, Notice, PlayId};
use callroute_schema::{Disposition, RejectCause};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::leg::{LegCommand, Log};
use crate::line::SipLine;
use crate::phone::AnswerMode;
use crate::phone::call::{CallStatus, Order, PhoneCall};
use crate::rtp::command::MediaCommand;

/// Orders that may wait for a call.
const ORDERS: usize = 128;
/// Keys of the far end that are remembered.
const MAX_DIGITS: usize = 4096;

/// One call's task.
#[derive(Debug)]
pub(crate) struct Drive {
    line: SipLine,
    leg: LegId,
    log: Log,
    orders: mpsc::Receiver<Order>,
    record: watch::Sender<CallStatus>,
    off: watch::Receiver<()>,
    /// `None` for a call that we placed.
    mode: Option<AnswerMode>,
    playing: Option<PlayId>,
}

impl Drive {
    /// Begins the task; gives the call's handle, and what can be watched beside it.
    pub(crate) fn begin(
        line: SipLine,
        leg: LegId,
        record: CallStatus,
        mode: Option<AnswerMode>,
        off: watch::Receiver<()>,
    ) -> (PhoneCall, watch::Receiver<CallStatus>) {
        let (orders, ordered) = mpsc::channel(ORDERS);
        let (sender, watched) = watch::channel(record);
        let heard = Arc::new(Mutex::new(Vec::new()));
        if let Some(media) = line.media(leg)
            && media
                .commands
                .try_send(Box::new(MediaCommand::Tap(Arc::clone(&heard))))
                .is_err()
        {
            tracing::debug!("a call ended before it was listened to");
        }
        let log = line.log(leg);
        let drive = Self {
            line,
            leg,
            log,
            orders: ordered,
            record: sender,
            off,
            mode,
            playing: None,
        };
        tokio::spawn(drive.run());
        let call = PhoneCall {
            orders,
            record: watched.clone(),
            heard,
            plays: AtomicU32::new(0),
        };
        (call, watched)
    }

    async fn run(mut self) {
        let (mut owned, mut on) = (true, true);
        let mut answer_at = self.begin_taking();
        loop {
            tokio::select! {
                notice = poll_fn(|cx| self.line.poll_notice(cx)) => match notice {
                    Some(notice) => self.notice(&notice),
                    None => return,
                },
                order = self.orders.recv(), if owned => match order {
                    Some(order) => self.order(order),
                    None => {
                        owned = false;
                        if self.mode.is_none() {
                            self.hangup(EndCause::Normal);
                        }
                    }
                },
                () = sleep_until(answer_at.unwrap_or_else(Instant::now)), if answer_at.is_some() => {
                    answer_at = None;
                    self.line.perform(Command::Answer { leg: self.leg });
                }
                changed = self.off.changed(), if on => {
                    if changed.is_err() {
                        on = false;
                        self.hangup(EndCause::Shutdown);
                    }
                }
            }
        }
    }

    /// Does what the mode says; gives the time to answer, if it is to be answered.
    fn begin_taking(&mut self) -> Option<Instant> {
        let leg = self.leg;
        match self.mode? {
            AnswerMode::Ring => self.ring(),
            AnswerMode::After(delay) => {
                self.ring();
                return Some(Instant::now() + delay);
            }
            AnswerMode::Busy => self.hangup(EndCause::Rejected(RejectCause::UserBusy)),
            AnswerMode::Decline => self.hangup(EndCause::Rejected(RejectCause::Declined)),
            AnswerMode::Status(status) => self.line.tell(leg, LegCommand::Refuse(status)),
        }
        None
    }

    fn ring(&mut self) {
        self.line.perform(Command::Ring { leg: self.leg });
        self.record.send_modify(|call| call.rang = true);
    }

    fn hangup(&mut self, cause: EndCause) {
        self.line.perform(Command::Hangup {
            leg: self.leg,
            cause,
        });
    }

    fn order(&mut self, order: Order) {
        let leg = self.leg;
        match order {
            Order::Answer => self.line.perform(Command::Answer { leg }),
            Order::Hangup => self.hangup(EndCause::Normal),
            Order::Press(digit) => {
                if let Some(media) = self.line.media(leg)
                    && let Err(error) = media
                        .commands
                        .try_send(Box::new(MediaCommand::Press(digit)))
                {
                    tracing::debug!(%error, "a key was not pressed");
                }
            }
            Order::Play(play, sound) => {
                self.playing = Some(PlayId(play));
                self.line.play(leg, PlayId(play), sound);
            }
            Order::Quiet => {
                if let Some(play) = self.playing.take() {
                    self.line.perform(Command::StopPlay { leg, play });
                }
            }
            Order::Hold(on, told) => self.line.tell(leg, LegCommand::Hold(on, told)),
        }
    }

    fn notice(&mut self, notice: &Notice) {
        let log = &self.log;
        let mode = self.mode;
        self.record.send_modify(|call| match notice {
            Notice::LegRinging { .. } => call.rang = true,
            Notice::LegAnswered { .. } => call.answered = true,
            Notice::Digit { digit, .. } if call.digits.len() < MAX_DIGITS => {
                call.digits.push(digit.as_char());
            }
            Notice::Held { held, .. } => call.held = *held,
            Notice::PlayEnded { play, .. } => call.played = call.played.max(play.0),
            Notice::LegEnded { cause, .. } => {
                let given_up = cause.sip_code == Some(487)
                    && matches!(
                        cause.disposition,
                        Disposition::Canceled | Disposition::AnsweredElsewhere
                    );
                if mode.is_some() && !call.answered && given_up {
                    call.cancelled = Some(log.reason().unwrap_or_default());
                }
                call.ended = Some(*cause);
            }
            _ => {}
        });
    }
}
