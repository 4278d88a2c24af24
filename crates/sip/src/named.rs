//! A transaction's name in sixteen bytes: what RFC 3261 compares, hashed; pure.

use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};

/// What the RFC compares (sections 17.1.3 and 17.2.3), as a hash of 128 bits under keys that nobody
/// outside knows: two transactions are never taken for one, by chance or on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u64, u64);

impl Key {
    /// Our tag in To: always the same for the same transaction (RFC 3261, section 8.2.7).
    pub(crate) fn tag(self) -> String {
        format!("{:016x}", self.1)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Hashes what is as good as a hash already, and numbers of our own.
#[derive(Debug, Default)]
pub(crate) struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        // So that each bit of a number has a say in the highest ones, by which a table tells apart.
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// How a table of keys or numbers hashes.
pub(crate) type Hashes = BuildHasherDefault<Plain>;

/// Makes keys.
#[derive(Debug, Default)]
pub(crate) struct Names {
    first: RandomState,
    second: RandomState,
}

impl Names {
    /// The key of what is compared.
    pub(crate) fn of(&self, compared: impl Hash) -> Key {
        Key(
            self.first.hash_one(&compared),
            self.second.hash_one(&compared),
        )
    }
}

/// Adds a part of what is compared, with its length, so that no two lists of parts look alike.
pub(crate) fn add(compared: &mut Vec<u8>, part: &[u8]) {
    compared.extend_from_slice(&part.len().to_be_bytes());
    compared.extend_from_slice(part);
}
