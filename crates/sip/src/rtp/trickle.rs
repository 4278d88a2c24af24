//! How much is sent to an address that nobody was heard from yet; pure.

use std::time::Duration;

/// Packets a second to whom nothing but the word of a stranger says that he wants them: enough to
/// open a NAT that waits for us, too few to use us against somebody.
const PER_S: u32 = 5;

/// Counts what is sent.
#[derive(Debug, Default)]
pub(crate) struct Trickle {
    second: u64,
    sent: u32,
}

impl Trickle {
    /// Whether another packet is sent, so long after the leg began.
    pub(crate) fn lets_pass(&mut self, now: Duration) -> bool {
        if self.second != now.as_secs() {
            (self.second, self.sent) = (now.as_secs(), 0);
        }
        self.sent = self.sent.saturating_add(1);
        self.sent <= PER_S
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{PER_S, Trickle};

    #[test]
    fn a_few_packets_pass_each_second() {
        let mut trickle = Trickle::default();
        let packets = (0..500).filter(|n| trickle.lets_pass(Duration::from_millis(20 * n)));
        assert_eq!(packets.count(), 10 * PER_S as usize);
    }
}
