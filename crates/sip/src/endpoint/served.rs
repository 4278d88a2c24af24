//! Server transactions, and the way back to whoever has asked.

use sipx_sip::transaction::ServerTransaction;
use sipx_transport::Target;

/// A server transaction.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) number: u64,
    pub(super) machine: ServerTransaction,
    pub(super) back: Back,
    /// Which answers were sent, a bit each.
    pub(super) said: u8,
    /// The tag of ours that its answer has, which only whoever hears it knows.
    pub(super) tag: Option<Vec<u8>>,
}

impl Served {
    /// An answer is sent; whether it is one that a call needs, and the first of its kind. A 100 is
    /// none: who hears nothing asks again. A 2xx may be said twice, or one lost packet would lose a
    /// call that was answered.
    pub(super) fn says(&mut self, answer: &[u8]) -> bool {
        let bit = match answer.get(8..11) {
            Some(b"100") => return false,
            Some([b'1', b'8', kind @ b'0'..=b'3']) => kind - b'0',
            Some([b'1', ..]) => 4,
            Some([b'2', ..]) if self.said & (1 << 5) != 0 => 6,
            _ => 5,
        };
        let first = self.said & (1 << bit) == 0;
        self.said |= 1 << bit;
        first
    }
}

/// The way back to whoever has asked.
#[derive(Debug, Clone)]
pub(super) struct Back {
    pub(super) target: Target,
    /// Where its answer goes when the connection that it came by is gone.
    pub(super) advertised: Option<Target>,
    /// It may be somebody else's: a datagram's source can be forged.
    pub(super) doubtful: bool,
}
