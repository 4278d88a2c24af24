//! Which transaction a request belongs to, in sixteen bytes; pure.

use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};

use sipx_sip::headers::Via;
use sipx_sip::{HeaderName, Request};

use crate::message::{call_id, from_tag, sequence};

/// What RFC 3261, section 17.2.3 compares, as a hash of 128 bits under keys that nobody outside
/// knows: two transactions are never taken for one, by chance or on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u64, u64);

impl Key {
    /// Our tag in To: always the same for the same transaction (RFC 3261, section 8.2.7).
    pub(super) fn tag(self) -> String {
        format!("{:016x}", self.1)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Hashes a [`Key`], which is one already.
#[derive(Debug, Default)]
pub(super) struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// How a table of keys hashes.
pub(super) type Hashes = BuildHasherDefault<Plain>;

/// Makes keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    first: RandomState,
    second: RandomState,
    compared: Vec<u8>,
}

impl Keys {
    /// The key of a request with this topmost Via. ACK and CANCEL have that of their INVITE.
    pub(super) fn of(&mut self, request: &Request, via: &Via) -> Key {
        self.compared.clear();
        match via.branch().filter(|_| via.has_rfc3261_branch()) {
            Some(branch) => {
                self.add(branch);
                let from = self.compared.len();
                self.compared.extend_from_slice(&via.host.to_bytes());
                if let Some(host) = self.compared.get_mut(from..) {
                    host.make_ascii_lowercase();
                }
                self.compared
                    .extend_from_slice(&via.port.unwrap_or_default().to_be_bytes());
            }
            // Who does not know RFC 3261 is told apart by all that a transaction keeps.
            None => {
                let headers = &request.headers;
                self.add(&request.uri.to_bytes());
                self.add(&headers.value(&HeaderName::Via).unwrap_or_default());
                self.add(&from_tag(headers).unwrap_or_default());
                self.add(&call_id(headers));
                self.add(&sequence(headers).unwrap_or_default().to_be_bytes());
            }
        }
        Key(
            self.first.hash_one(self.compared.as_slice()),
            self.second.hash_one(self.compared.as_slice()),
        )
    }

    /// One part, with its length, so that no two lists of parts look alike.
    fn add(&mut self, part: &[u8]) {
        self.compared.extend_from_slice(&part.len().to_be_bytes());
        self.compared.extend_from_slice(part);
    }
}
