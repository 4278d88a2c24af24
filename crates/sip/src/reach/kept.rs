//! Registrations that outlast a restart: what is kept of them, and by whom.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sipx_transport::{Target, TransportKind};

use crate::reach::registrar::{Binding, MOST_WANTED};
use crate::stack::Stack;

/// Where registrations are kept beyond a restart. With the feature `sqlite`,
/// `SqliteRegistrations` is one.
pub trait Registrations: fmt::Debug + Send + Sync {
    /// All that were kept; those that have expired may be left out. Asked once, at the start.
    ///
    /// # Errors
    /// [`RegistrationsError`] when they cannot be read; the adapter does not start then.
    fn load(&self) -> Result<Vec<Registered>, RegistrationsError>;

    /// These are all of a user's registrations now, in place of those before. Called from the
    /// path of every REGISTER, so it must not block.
    fn keep(&self, user: &str, registrations: Vec<Registered>);
}

/// Why registrations cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("registrations: {0}")]
pub struct RegistrationsError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// One telephone of a user, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The user.
    pub user: String,
    /// The telephone's Contact URI.
    pub contact: String,
    /// Where its REGISTER came from.
    pub address: SocketAddr,
    /// By which transport: `UDP`, `TCP`, `TLS`, `WS`.
    pub transport: String,
    /// Call-ID of its REGISTER.
    pub call_id: Vec<u8>,
    /// The number of its REGISTER.
    pub sequence: u32,
    /// Until when it lasts, in seconds since 1970.
    pub until: u64,
    /// Its Contact names another address than the one that it came from.
    pub behind_nat: bool,
}

impl Registered {
    fn of(user: &str, binding: &Binding, left: Duration) -> Self {
        Self {
            user: user.to_owned(),
            contact: binding.contact.clone(),
            address: binding.flow.addr,
            transport: binding.flow.transport.as_str().to_owned(),
            call_id: binding.call_id.clone(),
            sequence: binding.sequence,
            until: seconds().saturating_add(left.as_secs()),
            behind_nat: binding.behind_nat,
        }
    }

    /// The binding that it is; `None` when it has expired, or cannot be reached any more: a
    /// connection does not outlast us.
    fn binding(self, now: Duration) -> Option<(String, Binding)> {
        let left = self.until.checked_sub(seconds()).filter(|left| *left > 0)?;
        let transport = match self.transport.as_str() {
            "UDP" => TransportKind::Udp,
            _ => return None,
        };
        let binding = Binding {
            contact: self.contact,
            flow: Target::new(self.address, transport),
            call_id: self.call_id,
            sequence: self.sequence,
            until: now + Duration::from_secs(left),
            behind_nat: self.behind_nat,
            // Its next REGISTER says it again.
            q: MOST_WANTED,
        };
        Some((self.user, binding))
    }
}

/// The wall clock: what is kept is read after a restart, when nothing else is the same.
fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

impl Stack {
    /// Takes up the registrations of before a restart.
    pub(crate) fn take_up(&self) -> Result<(), RegistrationsError> {
        let Some(kept) = &self.config.registrations else {
            return Ok(());
        };
        let now = self.began.elapsed();
        let known = |user: &str| self.config.users.iter().any(|known| known.name == user);
        let loaded = kept.load()?.into_iter();
        for (user, binding) in loaded.filter_map(|kept| kept.binding(now)) {
            // Who is no user any more is not called any more.
            if known(&user) {
                self.registrar.put(&user, binding);
            }
        }
        Ok(())
    }

    /// Keeps what a user has registered now.
    pub(crate) fn keep(&self, user: &str, bindings: &[Binding]) {
        let Some(kept) = &self.config.registrations else {
            return;
        };
        let now = self.began.elapsed();
        let bindings = bindings.iter();
        let rows = bindings.map(|one| Registered::of(user, one, one.until.saturating_sub(now)));
        kept.keep(user, rows.collect());
    }
}
