//! Keys of encrypted streams, as descriptions carry them (RFC 4568); pure.

use sipx_sdp::crypto::Crypto;

/// How the packets of a stream are encrypted and proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    /// AES in counter mode, and 80 bits that prove a packet; what everybody knows.
    Long,
    /// The same with 32 bits (RFC 4568, section 6.2.2). Reports have 80 here, too.
    Short,
}

impl Suite {
    /// All, the preferred first.
    const ALL: [Self; 2] = [Self::Long, Self::Short];

    /// Its name in descriptions.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Long => "AES_CM_128_HMAC_SHA1_80",
            Self::Short => "AES_CM_128_HMAC_SHA1_32",
        }
    }
}

/// A key and how it is used. Debug output has no key in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// How it is used.
    pub(crate) suite: Suite,
    /// Under which tag it was described, and what it is. The library knows only the long suite,
    /// whose keys and salts are as long as those of the short one.
    pub(crate) crypto: Crypto,
}

impl Key {
    /// Reads the value of `a=crypto`. `None` for what we cannot do: another suite, a key
    /// identifier in each packet, or a parameter of the session that changes what packets look
    /// like and may not be ignored (RFC 4568, section 6.3).
    pub(crate) fn read(value: &str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let (tag, name) = (words.next()?, words.next()?);
        let suite = Suite::ALL.into_iter().find(|suite| suite.name() == name)?;
        let mut text = format!("{tag} {}", Suite::Long.name());
        for word in words {
            match word.strip_prefix("inline:") {
                Some(key) if key.contains(':') => return None,
                Some(_) => {
                    text.push(' ');
                    text.push_str(word);
                }
                // The size of a window is advice; `-` marks what may be ignored.
                None if word.starts_with("WSH=") || word.starts_with('-') => {}
                None => return None,
            }
        }
        let crypto = Crypto::parse(&text)?;
        Some(Self { suite, crypto })
    }

    /// The value of `a=crypto`.
    pub(crate) fn value(&self) -> String {
        let value = self.crypto.to_value();
        value.replacen(Suite::Long.name(), self.suite.name(), 1)
    }
}

/// Our keys of a stream: one a suite, of which one comes to be used.
#[derive(Debug, Clone)]
pub(crate) struct Keys([Key; 2]);

impl Keys {
    /// New ones (RFC 4568, section 6.1).
    pub(crate) fn new() -> Option<Self> {
        let key = |tag, suite| {
            let crypto = Crypto::offer(tag, sipx_sdp::crypto::Suite::AesCm128HmacSha1_80, true)?;
            Some(Key { suite, crypto })
        };
        let [long, short] = Suite::ALL;
        Some(Self([key(1, long)?, key(2, short)?]))
    }

    /// All of them, as an offer has them.
    pub(crate) fn all(&self) -> &[Key] {
        &self.0
    }

    /// The one that goes with a key of the far end.
    pub(crate) fn beside(&self, theirs: &Key) -> Option<&Key> {
        self.0.iter().find(|ours| ours.suite == theirs.suite)
    }

    /// The one that answers an offered key: under the offer's tag (RFC 4568, section 5.1.2).
    pub(crate) fn accepting(&self, theirs: &Key) -> Option<Key> {
        let ours = self.beside(theirs)?;
        let crypto = ours.crypto.accepting(&theirs.crypto)?;
        Some(Key {
            suite: ours.suite,
            crypto,
        })
    }

    /// Whether a key is an answer to what we offer: the tag of its suite (RFC 4568, section 5.1.3).
    pub(crate) fn answered_by(&self, theirs: &Key) -> bool {
        self.beside(theirs)
            .is_some_and(|ours| ours.crypto.tag == theirs.crypto.tag)
    }
}

/// Whether a description of ours has keys.
pub(crate) fn has_keys(description: &[u8]) -> bool {
    let name = b"a=crypto:";
    description.windows(name.len()).any(|found| found == name)
}

#[cfg(test)]
mod tests {
    use super::{Key, Keys, Suite};

    const INLINE: &str = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    #[test]
    fn what_changes_the_packets_is_refused() {
        let read = |rest: &str| Key::read(&format!("3 AES_CM_128_HMAC_SHA1_32 {rest}"));
        let plain = read(INLINE).unwrap();
        assert_eq!((plain.suite, plain.crypto.tag), (Suite::Short, 3));
        assert_eq!(plain.value(), format!("3 AES_CM_128_HMAC_SHA1_32 {INLINE}"));
        assert_eq!(read(&format!("{INLINE}|2^20")), Some(plain.clone()));
        assert_eq!(read(&format!("{INLINE}  WSH=128 -x")), Some(plain));
        for odd in [
            "",
            "inline:AAAA",
            &format!("{INLINE}|2^20|1:4"),
            &format!("{INLINE}|1:4"),
            &format!("{INLINE} UNENCRYPTED_SRTP"),
            &format!("{INLINE} KDR=1"),
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
        assert_eq!(Key::read(&format!("1 F8_128_HMAC_SHA1_80 {INLINE}")), None);
        assert_eq!(Key::read("1"), None);
    }

    #[test]
    fn an_answer_has_the_tag_of_its_suite() {
        let ours = Keys::new().unwrap();
        for key in ours.all() {
            let mut theirs = Key::read(&key.value()).unwrap();
            assert!(ours.answered_by(&theirs));
            theirs.crypto.tag = 3 - theirs.crypto.tag;
            assert!(!ours.answered_by(&theirs));
            assert_eq!(
                ours.accepting(&theirs).unwrap().crypto.tag,
                theirs.crypto.tag
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_value_breaks_it(value in ".{0,80}") {
            let _ = Key::read(&value);
            let _ = Key::read(&format!("1 AES_CM_128_HMAC_SHA1_32 {value}"));
        }
    }
}
