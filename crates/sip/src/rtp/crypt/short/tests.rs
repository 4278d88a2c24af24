//! The test vectors of RFC 3711, and what they make of a whole packet.

use aes::Aes128;
use aes::cipher::KeyInit;
use proptest::prelude::*;

use super::super::tests::{hex, pair_of};
use super::{LABEL, LONG, derive, key_stream, proof};
use crate::sdp::Suite;

/// RFC 3711, appendix B.3.
const MASTER_KEY: &str = "E1F97A0D3E018BE0D64FA32C06DE4139";
const MASTER_SALT: &str = "0EC675AD498AFEEBB6960B3AABE6";

/// RFC 3711, appendix B.2: AES in counter mode, its first blocks and those around a carry.
#[test]
fn the_key_stream_is_that_of_the_standard() {
    let cipher = Aes128::new_from_slice(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
    let begin: [u8; 16] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
    let mut found = vec![0; 16 * 0xFF02];
    key_stream(&cipher, begin, &mut found);
    for (block, wanted) in [
        (0, "E03EAD0935C95E80E166B16DD92B4EB4"),
        (1, "D23513162B02D0F72A43A2FE4A5F97AB"),
        (2, "41E95B3BB0A2E8DD477901E4FCA894C0"),
        (0xFEFF, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
        (0xFF00, "362B7C3C6773516318A077D7FC5073AE"),
        (0xFF01, "6A2CC3787889374FBEB4C81B17BA6C44"),
    ] {
        assert_eq!(found[16 * block..16 * (block + 1)], hex(wanted), "{block}");
    }
}

/// RFC 3711, appendix B.3: the keys of a session out of the master key.
#[test]
fn keys_are_derived_as_the_standard_says() {
    let auth = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE\
                E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25\
                6D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2";
    for (label, wanted) in [
        (0, "C61E7A93744F39EE10734AFE3FF7A087"),
        (2, "30CBBC08863D8C85D49DB34A9AE1"),
        (LABEL, auth),
    ] {
        let mut found = vec![0; wanted.len() / 2];
        derive(&hex(MASTER_KEY), &hex(MASTER_SALT), label, &mut found).unwrap();
        assert_eq!(found, hex(wanted), "{label}");
    }
    assert!(derive(&[0; 15], &[0; 14], 0, &mut [0; 16]).is_none());
    assert!(derive(&[0; 16], &[0; 13], 0, &mut [0; 16]).is_none());
}

proptest! {
    /// What the library makes of a packet is what these pieces make of it (RFC 3711, section 3.3).
    #[test]
    fn a_packet_is_sealed_by_the_pieces_of_the_standard(
        sequence in any::<u16>(),
        ssrc in any::<u32>(),
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let part = |label, length| {
            let mut out = vec![0; length];
            derive(&hex(MASTER_KEY), &hex(MASTER_SALT), label, &mut out).unwrap();
            out
        };
        let mut plain = vec![0x80, 0];
        plain.extend(sequence.to_be_bytes());
        plain.extend([0, 0, 0, 9]);
        plain.extend(ssrc.to_be_bytes());
        let mut begin = [0; 16];
        begin[..14].copy_from_slice(&part(2, 14));
        let place = u128::from(ssrc) << 64 | u128::from(sequence) << 16;
        let begin = (u128::from_be_bytes(begin) ^ place).to_be_bytes();
        let mut stream = vec![0; payload.len()];
        let cipher = Aes128::new_from_slice(&part(0, 16)).unwrap();
        key_stream(&cipher, begin, &mut stream);
        let mut wanted = plain.clone();
        wanted.extend(payload.iter().zip(&stream).map(|(a, b)| a ^ b));
        let proof = proof(&part(LABEL, 20), &wanted, 0).unwrap();
        plain.extend(&payload);
        for (suite, length) in [(Suite::Long, LONG), (Suite::Short, 4)] {
            let (mut sealer, mut opener) = pair_of(suite);
            let sealed = sealer.packet(plain.clone().into()).unwrap();
            prop_assert_eq!(&sealed[..], [&wanted[..], &proof[..length]].concat());
            prop_assert_eq!(opener.packet(sealed).unwrap(), plain.clone());
        }
    }
}
