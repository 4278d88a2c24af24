//! SRTP and SRTCP of a leg (RFC 3711) with keys from the descriptions (RFC 4568).
//!
//! The same key keeps its state: a re-INVITE that changes nothing of it neither forgets which
//! packets came already nor begins the count of rollovers anew.

mod short;

use std::fmt;

use bytes::Bytes;
use sipx_rtp::srtp::{Context, Profile};

use crate::rtp::clock::is_before;
use crate::sdp::{Key, Suite};
use short::{Short, cut};

/// Sources of one leg whose packets are told apart; the oldest is forgotten.
const SOURCES: usize = 4;

/// Encrypts what a leg sends, once there is a key.
#[derive(Default)]
pub(crate) struct Sealer {
    key: Option<Key>,
    context: Option<Context>,
    /// The highest sequence number so far.
    highest: Option<u16>,
}

/// Opens what a leg hears, once there is a key. Each source has a count of its own (RFC 3711,
/// section 3.2.3).
#[derive(Default)]
pub(crate) struct Opener {
    key: Option<Key>,
    sources: Vec<(u32, Source)>,
}

/// What is known of one source.
struct Source {
    context: Context,
    /// For packets that 32 bits prove.
    short: Option<Short>,
}

fn context(key: &Key) -> Option<Context> {
    let (profile, key) = (Profile::AesCm128HmacSha1_80, &key.crypto);
    Context::new(profile, key.master_key(), key.master_salt()).ok()
}

/// Under which tag a key was described makes it no other.
fn same(one: Option<&Key>, other: Option<&Key>) -> bool {
    let used = |key: &Key| (key.suite, key.crypto.key_and_salt.clone());
    one.map(used) == other.map(used)
}

impl Sealer {
    /// What is sent is encrypted with this key from now on.
    pub(crate) fn agree(&mut self, key: Option<&Key>) {
        if !same(self.key.as_ref(), key) {
            self.key = key.cloned();
            self.context = key.and_then(context);
            self.highest = None;
        }
    }

    /// A packet as it is sent; `None` where it must not be.
    pub(crate) fn packet(&mut self, bytes: Bytes) -> Option<Bytes> {
        let Some(key) = &self.key else {
            return Some(bytes);
        };
        let sequence = sequence(&bytes)?;
        let late = self.highest.filter(|high| is_before(sequence, *high));
        // The context counts rollovers by the packet before: one from before a rollover would make
        // it count the same rollover twice, and the far end open nothing any more.
        if late.is_some_and(|high| sequence > high) {
            return None;
        }
        self.highest = late.or(Some(sequence));
        let sealed = self.context.as_mut()?.protect(&bytes).ok()?;
        Some(Bytes::from(match key.suite {
            Suite::Long => sealed,
            Suite::Short => cut(sealed),
        }))
    }

    /// A report as it is sent.
    pub(crate) fn report(&mut self, bytes: &[u8]) -> Option<Bytes> {
        if self.key.is_none() {
            return Some(Bytes::copy_from_slice(bytes));
        }
        let sealed = self.context.as_mut()?.protect_rtcp(bytes);
        sealed.ok().map(Bytes::from)
    }
}

impl Opener {
    /// What comes is encrypted with this key from now on.
    pub(crate) fn agree(&mut self, key: Option<&Key>) {
        if !same(self.key.as_ref(), key) {
            self.key = key.cloned();
            self.sources.clear();
        }
    }

    /// A packet that has come; `None` when it is not the party's, or came before.
    pub(crate) fn packet(&mut self, bytes: Bytes) -> Option<Bytes> {
        let Some(key) = &self.key else {
            return Some(bytes);
        };
        let ssrc = number(bytes.get(8..12)?)?;
        self.open(ssrc, &key.clone(), |source| source.packet(&bytes))
    }

    /// A report that has come.
    pub(crate) fn report(&mut self, bytes: Bytes) -> Option<Bytes> {
        let Some(key) = &self.key else {
            return Some(bytes);
        };
        let ssrc = number(bytes.get(4..8)?)?;
        let open = |source: &mut Source| source.context.unprotect_rtcp(&bytes).ok();
        self.open(ssrc, &key.clone(), open)
    }

    fn open(
        &mut self,
        ssrc: u32,
        key: &Key,
        open: impl Fn(&mut Source) -> Option<Vec<u8>>,
    ) -> Option<Bytes> {
        if let Some((_, source)) = self.sources.iter_mut().find(|known| known.0 == ssrc) {
            return open(source).map(Bytes::from);
        }
        // A source is only remembered once it has proven itself.
        let mut source = Source::new(key)?;
        let opened = open(&mut source)?;
        if self.sources.len() >= SOURCES {
            self.sources.remove(0);
        }
        self.sources.push((ssrc, source));
        Some(opened.into())
    }
}

impl Source {
    fn new(key: &Key) -> Option<Self> {
        let short = match key.suite {
            Suite::Long => None,
            Suite::Short => Some(Short::new(
                key.crypto.master_key(),
                key.crypto.master_salt(),
            )?),
        };
        let context = context(key)?;
        Some(Self { context, short })
    }

    fn packet(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let Some(short) = &mut self.short else {
            return self.context.unprotect(bytes).ok();
        };
        let (whole, rollovers) = short.prove(bytes)?;
        let opened = self.context.unprotect(&whole).ok()?;
        short.taken(bytes, rollovers);
        Some(opened)
    }
}

fn sequence(packet: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?))
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

// No key may come into a log.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("seals", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("opens", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use sipx_rtp::packet::Packet;
    use sipx_sdp::crypto::Crypto;

    use super::{Opener, SOURCES, Sealer};
    use crate::sdp::{Key, Suite};

    /// The master key and salt of RFC 3711, appendix B.3.
    const KEY: &str = "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6";

    pub(super) fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(text.get(at..at + 2).unwrap(), 16).unwrap())
            .collect()
    }

    fn pair() -> (Sealer, Opener) {
        pair_of(Suite::Long)
    }

    pub(super) fn pair_of(suite: Suite) -> (Sealer, Opener) {
        let crypto = Crypto {
            tag: 1,
            suite: sipx_sdp::crypto::Suite::AesCm128HmacSha1_80,
            key_and_salt: hex(KEY),
        };
        let key = Key { suite, crypto };
        let (mut sealer, mut opener) = (Sealer::default(), Opener::default());
        sealer.agree(Some(&key));
        opener.agree(Some(&key));
        (sealer, opener)
    }

    fn packet(sequence: u16, ssrc: u32) -> Bytes {
        Packet::new(0, sequence, 7, ssrc, Bytes::from_static(&[0x55; 160])).encode()
    }

    /// What libsrtp makes of the same packets with this key; the first is of its own test
    /// (`srtp_validate`). Reports have the long proof in either suite.
    #[test]
    fn packets_are_sealed_as_others_seal_them() {
        let plain = hex("800f1234decafbadcafebabeabababababababababababababababab");
        let sound = "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402";
        let report = hex("80c9000100000009");
        for (suite, proof) in [
            (Suite::Long, "b78d6acc99ea179b8dbb"),
            (Suite::Short, "b78d6acc"),
        ] {
            let (mut sealer, mut opener) = pair_of(suite);
            let found = sealer.packet(Bytes::from(plain.clone())).unwrap();
            assert_eq!(found, hex(&format!("{sound}{proof}")));
            assert_eq!(opener.packet(found).unwrap(), plain);
            // Our first report has the number 0 (RFC 3711, section 3.4), libsrtp's has 1.
            assert_eq!(
                opener.report(sealer.report(&report).unwrap()).unwrap(),
                report
            );
            let found = sealer.report(&report).unwrap();
            assert_eq!(found, hex("80c900010000000980000001e2153437e44c07d726aa"));
            assert_eq!(opener.report(found).unwrap(), report);
        }
    }

    #[test]
    fn doubles_forgeries_and_plain_packets_are_nobodys() {
        for suite in [Suite::Long, Suite::Short] {
            only_what_is_new_and_proven_is_opened(pair_of(suite));
        }
    }

    fn only_what_is_new_and_proven_is_opened((mut sealer, mut opener): (Sealer, Opener)) {
        let sealed = sealer.packet(packet(1, 9)).unwrap();
        assert!(opener.packet(sealed.clone()).is_some());
        assert!(opener.packet(sealed.clone()).is_none(), "it came before");
        assert!(opener.packet(packet(2, 9)).is_none(), "it is not sealed");
        let mut forged = sealer.packet(packet(3, 9)).unwrap().to_vec();
        forged[20] ^= 1;
        assert!(opener.packet(forged.into()).is_none());
        let report = sealer.report(&[0x80, 201, 0, 1, 0, 0, 0, 9]).unwrap();
        assert!(opener.report(report.clone()).is_some());
        assert!(opener.report(report).is_none());
    }

    #[test]
    fn the_sequence_number_may_wrap_and_the_same_key_goes_on() {
        for (mut sealer, mut opener) in [pair_of(Suite::Long), pair_of(Suite::Short)] {
            let mut late = None;
            for n in 0..70_000u32 {
                let sealed = sealer.packet(packet(n as u16, 9)).unwrap();
                match n {
                    // One from before the numbers began anew comes after it.
                    65_530 => late = Some(sealed),
                    _ => assert!(opener.packet(sealed).is_some(), "{n}"),
                }
                if n == 65_540 {
                    assert!(opener.packet(late.take().unwrap()).is_some());
                }
                if n % 10_000 == 0 {
                    let key = sealer.key.clone();
                    sealer.agree(key.as_ref());
                    opener.agree(key.as_ref());
                }
            }
        }
    }

    #[test]
    fn what_is_sent_in_disorder_around_a_wrap_silences_nobody() {
        for (mut sealer, mut opener) in [pair_of(Suite::Long), pair_of(Suite::Short)] {
            let mut opened = Vec::new();
            for turn in 0..2u16 {
                let disorder = [65_532, 65_534, 65_533, 0, 65_535, 2, 65_530, 1, 3];
                for n in (0..655).map(|n| n * 100).chain(disorder).skip(turn.into()) {
                    let sealed = sealer.packet(packet(n, 9));
                    if sealed.is_some_and(|sealed| opener.packet(sealed).is_some()) {
                        opened.push(n);
                    }
                }
            }
            // Only those from before the wrap that came after it are lost.
            let wanted = (0..655)
                .map(|n| n * 100)
                .chain([65_532, 65_534, 65_533, 0, 2, 1, 3]);
            let wanted: Vec<u16> = wanted.clone().chain(wanted.skip(1)).collect();
            assert_eq!(opened, wanted);
        }
    }

    #[test]
    fn strangers_do_not_push_out_who_is_known() {
        let (mut sealer, mut opener) = pair();
        for ssrc in 0..10 {
            let sealed = sealer.packet(packet(ssrc as u16, ssrc)).unwrap();
            assert!(opener.packet(sealed).is_some());
            for stranger in 100..120 {
                assert!(opener.packet(packet(1, stranger)).is_none());
            }
        }
        assert_eq!(opener.sources.len(), SOURCES);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            for suite in [Suite::Long, Suite::Short] {
                let (_, mut opener) = pair_of(suite);
                prop_assert!(opener.packet(Bytes::from(bytes.clone())).is_none());
                prop_assert!(opener.report(Bytes::from(bytes.clone())).is_none());
            }
        }
    }
}
