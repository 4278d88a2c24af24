//! SRTP and SRTCP of a leg (RFC 3711) with keys from the descriptions (RFC 4568).
//!
//! The same key keeps its state: a re-INVITE that changes nothing of it neither forgets which
//! packets came already nor begins the count of rollovers anew.

use std::fmt;

use bytes::Bytes;
use sipx_rtp::srtp::{Context, Profile};
use sipx_sdp::crypto::Crypto;

/// Sources of one leg whose packets are told apart; the oldest is forgotten.
const SOURCES: usize = 4;

/// Encrypts what a leg sends, once there is a key.
#[derive(Default)]
pub(crate) struct Sealer {
    key: Option<Crypto>,
    context: Option<Context>,
}

/// Opens what a leg hears, once there is a key. Each source has a count of its own (RFC 3711,
/// section 3.2.3).
#[derive(Default)]
pub(crate) struct Opener {
    key: Option<Crypto>,
    sources: Vec<(u32, Context)>,
}

fn context(key: &Crypto) -> Option<Context> {
    let profile = Profile::AesCm128HmacSha1_80;
    Context::new(profile, key.master_key(), key.master_salt()).ok()
}

fn same(one: Option<&Crypto>, other: Option<&Crypto>) -> bool {
    let bytes = |key: &Crypto| key.key_and_salt.clone();
    one.map(bytes) == other.map(bytes)
}

impl Sealer {
    /// What is sent is encrypted with this key from now on.
    pub(crate) fn agree(&mut self, key: Option<&Crypto>) {
        if !same(self.key.as_ref(), key) {
            self.key = key.cloned();
            self.context = key.and_then(context);
        }
    }

    /// A packet as it is sent; `None` where it must not be.
    pub(crate) fn packet(&mut self, bytes: Bytes) -> Option<Bytes> {
        if self.key.is_none() {
            return Some(bytes);
        }
        self.context.as_mut()?.protect(&bytes).ok().map(Bytes::from)
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
    pub(crate) fn agree(&mut self, key: Option<&Crypto>) {
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
        self.open(ssrc, &key.clone(), |context| context.unprotect(&bytes).ok())
    }

    /// A report that has come.
    pub(crate) fn report(&mut self, bytes: Bytes) -> Option<Bytes> {
        let Some(key) = &self.key else {
            return Some(bytes);
        };
        let ssrc = number(bytes.get(4..8)?)?;
        let open = |context: &mut Context| context.unprotect_rtcp(&bytes).ok();
        self.open(ssrc, &key.clone(), open)
    }

    fn open(
        &mut self,
        ssrc: u32,
        key: &Crypto,
        open: impl Fn(&mut Context) -> Option<Vec<u8>>,
    ) -> Option<Bytes> {
        if let Some((_, context)) = self.sources.iter_mut().find(|known| known.0 == ssrc) {
            return open(context).map(Bytes::from);
        }
        // A source is only remembered once it has proven itself.
        let mut context = context(key)?;
        let opened = open(&mut context)?;
        if self.sources.len() >= SOURCES {
            self.sources.remove(0);
        }
        self.sources.push((ssrc, context));
        Some(opened.into())
    }
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
    use sipx_sdp::crypto::{Crypto, Suite};

    use super::{Opener, SOURCES, Sealer};

    /// The master key and salt of RFC 3711, appendix B.3.
    const KEY: &str = "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6";

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(text.get(at..at + 2).unwrap(), 16).unwrap())
            .collect()
    }

    fn pair() -> (Sealer, Opener) {
        let key = Crypto {
            tag: 1,
            suite: Suite::AesCm128HmacSha1_80,
            key_and_salt: hex(KEY),
        };
        let (mut sealer, mut opener) = (Sealer::default(), Opener::default());
        sealer.agree(Some(&key));
        opener.agree(Some(&key));
        (sealer, opener)
    }

    fn packet(sequence: u16, ssrc: u32) -> Bytes {
        Packet::new(0, sequence, 7, ssrc, Bytes::from_static(&[0x55; 160])).encode()
    }

    /// The packet of libsrtp's own test (`srtp_validate`), which has this key, too.
    #[test]
    fn a_packet_is_sealed_as_others_seal_it() {
        let (mut sealer, mut opener) = pair();
        let plain = hex("800f1234decafbadcafebabeabababababababababababababababab");
        let sealed =
            hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
        let found = sealer.packet(Bytes::from(plain.clone())).unwrap();
        assert_eq!(found, sealed);
        assert_eq!(opener.packet(found).unwrap(), plain);
    }

    #[test]
    fn doubles_forgeries_and_plain_packets_are_nobodys() {
        let (mut sealer, mut opener) = pair();
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
        let (mut sealer, mut opener) = pair();
        for n in 0..70_000u32 {
            let sealed = sealer.packet(packet(n as u16, 9)).unwrap();
            assert!(opener.packet(sealed).is_some(), "{n}");
            if n % 10_000 == 0 {
                let key = sealer.key.clone();
                sealer.agree(key.as_ref());
                opener.agree(key.as_ref());
            }
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
            let (_, mut opener) = pair();
            prop_assert!(opener.packet(Bytes::from(bytes.clone())).is_none());
            prop_assert!(opener.report(Bytes::from(bytes)).is_none());
        }
    }
}
