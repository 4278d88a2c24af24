//! Packets that 32 bits prove (RFC 4568, section 6.2.2); pure.
//!
//! What encrypts for us knows only the proof of 80 bits, of which this one is the beginning. So a
//! packet that is sent is cut, and one that comes is proven here and given the whole proof.

use aes::Aes128;
use aes::cipher::{BlockEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Bytes of the short proof.
const SHORT: usize = 4;
/// Bytes of the long one.
const LONG: usize = 10;
/// Bytes of the key that proves packets (RFC 3711, section 8.2).
const AUTH: usize = 20;
/// What the key that proves packets is derived for (RFC 3711, section 4.3.1).
const LABEL: u8 = 1;
/// Half of all sequence numbers.
const HALF: i32 = 1 << 15;

/// Proves the packets of one source.
pub(super) struct Short {
    key: [u8; AUTH],
    /// The highest sequence number so far, and how often it began anew.
    highest: Option<u16>,
    rollovers: u32,
}

/// Cuts the proof of a packet that is sent.
pub(super) fn cut(mut sealed: Vec<u8>) -> Vec<u8> {
    sealed.truncate(sealed.len().saturating_sub(LONG - SHORT));
    sealed
}

impl Short {
    /// `None` for a key or salt of another length than 16 and 14 bytes.
    pub(super) fn new(key: &[u8], salt: &[u8]) -> Option<Self> {
        let mut auth = [0; AUTH];
        derive(key, salt, LABEL, &mut auth)?;
        Some(Self {
            key: auth,
            highest: None,
            rollovers: 0,
        })
    }

    /// The packet with the whole proof, and the count of rollovers that it belongs to; `None` when
    /// it is not proven.
    pub(super) fn prove(&self, packet: &[u8]) -> Option<(Vec<u8>, u32)> {
        let (body, found) = packet.split_at_checked(packet.len().checked_sub(SHORT)?)?;
        let rollovers = self.guess(sequence(body)?);
        let proof = proof(&self.key, body, rollovers)?;
        let proof = proof.get(..LONG)?;
        bool::from(proof.get(..SHORT)?.ct_eq(found)).then(|| ([body, proof].concat(), rollovers))
    }

    /// The packet was taken.
    pub(super) fn taken(&mut self, packet: &[u8], rollovers: u32) {
        let Some(sequence) = sequence(packet) else {
            return;
        };
        let index =
            |rollovers: u32, sequence: u16| u64::from(rollovers) << 16 | u64::from(sequence);
        let newer = self
            .highest
            .is_none_or(|highest| index(rollovers, sequence) > index(self.rollovers, highest));
        if newer {
            self.highest = Some(sequence);
            self.rollovers = rollovers;
        }
    }

    /// How often the sequence numbers had begun anew when this one was sent (RFC 3711, appendix A).
    fn guess(&self, sequence: u16) -> u32 {
        let Some(highest) = self.highest.map(i32::from) else {
            return self.rollovers;
        };
        let sequence = i32::from(sequence);
        if highest < HALF && sequence - highest > HALF {
            self.rollovers.wrapping_sub(1)
        } else if highest >= HALF && highest - HALF > sequence {
            self.rollovers.wrapping_add(1)
        } else {
            self.rollovers
        }
    }
}

fn sequence(packet: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?))
}

/// HMAC-SHA1 over a packet and the count of rollovers (RFC 3711, section 4.2).
fn proof(key: &[u8], body: &[u8], rollovers: u32) -> Option<[u8; 20]> {
    let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(key).ok()?;
    mac.update(body);
    mac.update(&rollovers.to_be_bytes());
    Some(mac.finalize().into_bytes().into())
}

/// A key of a session out of the master key and salt, with a derivation rate of zero (RFC 3711,
/// section 4.3).
fn derive(key: &[u8], salt: &[u8], label: u8, out: &mut [u8]) -> Option<()> {
    let cipher = Aes128::new_from_slice(key).ok()?;
    let mut begin = [0; 16];
    let (whole, _) = begin.split_at_mut_checked(14)?;
    if salt.len() != whole.len() {
        return None;
    }
    whole.copy_from_slice(salt);
    *whole.get_mut(7)? ^= label;
    key_stream(&cipher, begin, out);
    Some(())
}

/// AES in counter mode (RFC 3711, section 4.1.1).
fn key_stream(cipher: &Aes128, begin: [u8; 16], out: &mut [u8]) {
    let begin = u128::from_be_bytes(begin);
    for (n, out) in (0u128..).zip(out.chunks_mut(16)) {
        let mut block = begin.wrapping_add(n).to_be_bytes().into();
        cipher.encrypt_block(&mut block);
        for (out, byte) in out.iter_mut().zip(block) {
            *out = byte;
        }
    }
}

#[cfg(test)]
mod tests;
