//! Keys that a peer has pressed, where they cannot be relayed as they are.

use callroute_schema::Digit;
use tokio::sync::mpsc::WeakSender;

use super::RtpOut;
use crate::rtp::command::MediaCommand;

impl RtpOut {
    /// Keys are pressed by the media that takes these commands.
    pub(crate) fn pressed_by(self, commands: WeakSender<Box<MediaCommand>>) -> Self {
        Self {
            presses: Some(commands),
            ..self
        }
    }

    /// Presses a key that a peer has pressed and that cannot be relayed as it is. One that finds no room
    /// is lost.
    pub(crate) fn press(&self, digit: Digit) {
        if let Some(commands) = self.presses.as_ref().and_then(WeakSender::upgrade) {
            // discard: the leg is over, or far behind.
            let _ = commands.try_send(Box::new(MediaCommand::Press(digit)));
        }
    }
}
