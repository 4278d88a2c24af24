//! Where our users are: the bindings of a registrar (RFC 3261, section 10); pure.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sipx_transport::Target;

use crate::convert::uri;

/// Most telephones of one user; all of them ring. One more takes the place of the one that was
/// registered longest ago.
pub(crate) const MAX_BINDINGS: usize = 10;
/// The preference of who states none: 1, in thousandths.
pub(crate) const MOST_WANTED: u16 = 1000;
/// The longest time that is granted, and the one granted to who does not say.
const MAX_EXPIRES: Duration = Duration::from_secs(3600);
/// The shortest; who asks for less is told so (423).
pub(crate) const MIN_EXPIRES: Duration = Duration::from_secs(60);

/// Where a user is, as far as we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    /// The telephone's Contact URI, as it was given.
    pub(crate) contact: String,
    /// Where its REGISTER came from. Requests go there: behind a NAT nothing else arrives.
    pub(crate) flow: Target,
    pub(crate) call_id: Vec<u8>,
    pub(crate) sequence: u32,
    pub(crate) until: Duration,
    /// Whether its Contact names an address that the REGISTER did not come from.
    pub(crate) behind_nat: bool,
    /// How much it is preferred (`q`), in thousandths.
    pub(crate) q: u16,
}

/// What a REGISTER asks for one Contact.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) contact: String,
    /// `None` when it does not say.
    pub(crate) expires: Option<Duration>,
    pub(crate) behind_nat: bool,
    /// In thousandths.
    pub(crate) q: u16,
}

/// Why a REGISTER was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It came late, or twice: its number is not above the one that we have (section 10.3).
    Old,
    /// It asks for too short a time.
    TooBrief,
}

/// Bindings by user.
#[derive(Debug, Default)]
pub(crate) struct Registrar(Mutex<Users>);

/// Who is where, and who is there.
#[derive(Debug, Default)]
struct Users {
    bindings: HashMap<String, Vec<Binding>>,
    /// Who is registered by a flow, which is asked for every call and every connection that goes.
    on: HashMap<Target, HashSet<String>>,
}

impl Users {
    fn of(&self, user: &str) -> &[Binding] {
        self.bindings.get(user).map_or(&[][..], Vec::as_slice)
    }

    /// These are the bindings of a user from now on.
    fn set(&mut self, user: &str, bindings: Vec<Binding>) {
        for old in self.bindings.remove(user).unwrap_or_default() {
            if let Some(users) = self.on.get_mut(&old.flow) {
                users.remove(user);
                if users.is_empty() {
                    self.on.remove(&old.flow);
                }
            }
        }
        for new in &bindings {
            let users = self.on.entry(new.flow.clone()).or_default();
            users.insert(user.to_owned());
        }
        if !bindings.is_empty() {
            self.bindings.insert(user.to_owned(), bindings);
        }
    }

    /// Who is registered by this flow.
    fn on(&self, flow: &Target) -> impl Iterator<Item = &String> {
        self.on.get(flow).into_iter().flatten()
    }
}

impl Registrar {
    /// Takes what a REGISTER wants, all of it or nothing; `wanted` is `None` for `Contact: *`,
    /// which takes all bindings away. Gives the bindings that there are then.
    pub(crate) fn register(
        &self,
        now: Duration,
        user: &str,
        wanted: Option<&[Wanted]>,
        flow: &Target,
        (call_id, sequence): (&[u8], u32),
    ) -> Result<Vec<Binding>, Refusal> {
        let mut users = self.lock();
        let mut bindings = users.of(user).to_vec();
        bindings.retain(|binding| binding.until > now);
        let is_old = |binding: &Binding| binding.call_id == call_id && sequence <= binding.sequence;
        match wanted {
            None => {
                if bindings.iter().any(is_old) {
                    return Err(Refusal::Old);
                }
                bindings.clear();
            }
            Some(wanted) => {
                for one in wanted {
                    let expires = one.expires.unwrap_or(MAX_EXPIRES).min(MAX_EXPIRES);
                    let known = bindings
                        .iter()
                        .position(|b| is_same(&b.contact, &one.contact));
                    let known = known.map(|at| bindings.remove(at));
                    if known.as_ref().is_some_and(is_old) {
                        return Err(Refusal::Old);
                    }
                    if expires.is_zero() {
                        continue;
                    }
                    if expires < MIN_EXPIRES {
                        return Err(Refusal::TooBrief);
                    }
                    // The latest first.
                    bindings.insert(
                        0,
                        Binding {
                            contact: one.contact.clone(),
                            flow: flow.clone(),
                            call_id: call_id.to_vec(),
                            sequence,
                            until: now + expires,
                            behind_nat: one.behind_nat,
                            q: one.q,
                        },
                    );
                }
                bindings.truncate(MAX_BINDINGS);
            }
        }
        users.set(user, bindings.clone());
        Ok(bindings)
    }

    /// A binding of before a restart.
    pub(crate) fn put(&self, user: &str, binding: Binding) {
        let mut users = self.lock();
        let mut bindings = users.of(user).to_vec();
        if bindings.len() < MAX_BINDINGS {
            bindings.push(binding);
            users.set(user, bindings);
        }
    }

    /// Where a user is: where he is wanted most, and of equal ones the latest, first.
    pub(crate) fn of(&self, now: Duration, user: &str) -> Vec<Binding> {
        let users = self.lock();
        let alive = users.of(user).iter().filter(|binding| binding.until > now);
        let mut alive: Vec<Binding> = alive.cloned().collect();
        alive.sort_by_key(|binding| Reverse(binding.q));
        alive
    }

    /// A connection is gone, and with it whoever was registered by it. Gives what is left of the users
    /// whom that concerns.
    pub(crate) fn lost(&self, flow: &Target) -> Vec<(String, Vec<Binding>)> {
        let mut users = self.lock();
        let concerned: Vec<String> = users.on(flow).cloned().collect();
        let left = concerned.into_iter().map(|user| {
            let mut left = users.of(&user).to_vec();
            left.retain(|binding| binding.flow != *flow);
            users.set(&user, left.clone());
            (user, left)
        });
        left.collect()
    }

    /// Whether somebody is registered by this flow.
    pub(crate) fn stands_on(&self, now: Duration, flow: &Target) -> bool {
        let users = self.lock();
        let mut on = users.on(flow).flat_map(|user| users.of(user));
        on.any(|binding| binding.until > now && binding.flow == *flow)
    }

    /// How many bindings there are. Looks at all of them.
    pub(crate) fn len(&self, now: Duration) -> usize {
        let users = self.lock();
        let all = users.bindings.values().flatten();
        all.filter(|binding| binding.until > now).count()
    }

    /// The flows behind NATs, which must be kept open. What has expired is forgotten.
    pub(crate) fn tend(&self, now: Duration) -> Vec<Target> {
        let mut users = self.lock();
        let expired = |bindings: &[Binding]| bindings.iter().any(|binding| binding.until <= now);
        let of = users.bindings.iter();
        let of = of.filter(|(_, bindings)| expired(bindings));
        let concerned: Vec<String> = of.map(|(user, _)| user.clone()).collect();
        for user in concerned {
            let mut left = users.of(&user).to_vec();
            left.retain(|binding| binding.until > now);
            users.set(&user, left);
        }
        let all = users.bindings.values().flatten();
        all.filter(|binding| binding.behind_nat)
            .map(|binding| binding.flow.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Users> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two Contacts are the same (RFC 3261, sections 10.3 and 19.1.4).
fn is_same(one: &str, other: &str) -> bool {
    let equal = || Some(uri(one)?.equivalent(&uri(other)?));
    one == other || equal().unwrap_or(false)
}

#[cfg(test)]
mod tests;
