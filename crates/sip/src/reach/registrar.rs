//! Where our users are: the bindings of a registrar (RFC 3261, section 10); pure.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use sipx_sip::Uri;
use sipx_transport::Target;

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
pub(crate) struct Registrar(Mutex<HashMap<String, Vec<Binding>>>);

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
        let mut bindings = users.get(user).cloned().unwrap_or_default();
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
        if bindings.is_empty() {
            users.remove(user);
        } else {
            users.insert(user.to_owned(), bindings.clone());
        }
        Ok(bindings)
    }

    /// A binding of before a restart.
    pub(crate) fn put(&self, user: &str, binding: Binding) {
        let mut users = self.lock();
        let bindings = users.entry(user.to_owned()).or_default();
        if bindings.len() < MAX_BINDINGS {
            bindings.push(binding);
        }
    }

    /// Where a user is: where he is wanted most, and of equal ones the latest, first.
    pub(crate) fn of(&self, now: Duration, user: &str) -> Vec<Binding> {
        let users = self.lock();
        let bindings = users.get(user).map_or(&[][..], Vec::as_slice);
        let alive = bindings.iter().filter(|binding| binding.until > now);
        let mut alive: Vec<Binding> = alive.cloned().collect();
        alive.sort_by_key(|binding| Reverse(binding.q));
        alive
    }

    /// A connection is gone, and with it whoever was registered by it. Gives what is left of the users
    /// whom that concerns.
    pub(crate) fn lost(&self, flow: &Target) -> Vec<(String, Vec<Binding>)> {
        let mut concerned = Vec::new();
        let mut users = self.lock();
        users.retain(|user, bindings| {
            let before = bindings.len();
            bindings.retain(|binding| binding.flow != *flow);
            if bindings.len() < before {
                concerned.push((user.clone(), bindings.clone()));
            }
            !bindings.is_empty()
        });
        concerned
    }

    /// Whether somebody is registered by this flow.
    pub(crate) fn stands_on(&self, now: Duration, flow: &Target) -> bool {
        let users = self.lock();
        let mut all = users.values().flatten();
        all.any(|binding| binding.until > now && binding.flow == *flow)
    }

    /// How many bindings there are.
    pub(crate) fn len(&self, now: Duration) -> usize {
        let users = self.lock();
        let all = users.values().flatten();
        all.filter(|binding| binding.until > now).count()
    }

    /// The flows behind NATs, which must be kept open. What has expired is forgotten.
    pub(crate) fn tend(&self, now: Duration) -> Vec<Target> {
        let mut users = self.lock();
        users.retain(|_, bindings| {
            bindings.retain(|binding| binding.until > now);
            !bindings.is_empty()
        });
        let all = users.values().flatten();
        all.filter(|binding| binding.behind_nat)
            .map(|binding| binding.flow.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Binding>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two Contacts are the same (RFC 3261, sections 10.3 and 19.1.4).
fn is_same(one: &str, other: &str) -> bool {
    let parsed = |uri: &str| Uri::parse(Bytes::copy_from_slice(uri.as_bytes()));
    let equal = || Some(parsed(one).ok()?.equivalent(&parsed(other).ok()?));
    one == other || equal().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sipx_transport::Target;

    use super::{MAX_BINDINGS, MOST_WANTED, Refusal, Registrar, Wanted};

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn wanted(contact: &str, expires: Option<u64>) -> Wanted {
        Wanted {
            contact: contact.to_owned(),
            expires: expires.map(s),
            behind_nat: true,
            q: MOST_WANTED,
        }
    }

    fn contacts(registrar: &Registrar, now: u64) -> Vec<String> {
        let bindings = registrar.of(s(now), "ann");
        bindings
            .into_iter()
            .map(|binding| binding.contact)
            .collect()
    }

    #[test]
    fn bindings_come_are_renewed_and_go() {
        let registrar = Registrar::default();
        let flow = Target::udp("192.0.2.1:40000".parse().unwrap());
        let put = |now, contact, expires, sequence| {
            let wanted = [wanted(contact, expires)];
            registrar.register(s(now), "ann", Some(&wanted), &flow, (b"call", sequence))
        };
        put(0, "sip:a", Some(100), 1).unwrap();
        put(1, "sip:b", None, 2).unwrap();
        assert_eq!(contacts(&registrar, 1), ["sip:b", "sip:a"]);
        assert_eq!(put(1, "sip:a", Some(100), 1), Err(Refusal::Old));
        assert_eq!(put(1, "sip:a", Some(59), 3), Err(Refusal::TooBrief));
        put(50, "sip:a", Some(100), 3).unwrap();
        assert_eq!(contacts(&registrar, 149), ["sip:a", "sip:b"]);
        let other = Target::udp("192.0.2.1:40001".parse().unwrap());
        assert!(registrar.stands_on(s(149), &flow) && !registrar.stands_on(s(149), &other));
        assert!(!registrar.stands_on(s(9_000), &flow));
        assert_eq!(contacts(&registrar, 150), ["sip:b"]);
        assert_eq!(registrar.tend(s(149)), [flow.clone(), flow.clone()]);
        put(150, "sip:b", Some(0), 4).unwrap();
        assert!(contacts(&registrar, 150).is_empty());
        assert_eq!(registrar.len(s(150)), 0);
    }

    #[test]
    fn a_star_takes_all_away_and_one_bad_contact_spoils_the_rest() {
        let registrar = Registrar::default();
        let flow = Target::udp("192.0.2.1:40000".parse().unwrap());
        let two = [wanted("sip:a", Some(100)), wanted("sip:b", Some(1))];
        let refused = registrar.register(s(0), "ann", Some(&two), &flow, (b"call", 1));
        assert_eq!(refused, Err(Refusal::TooBrief));
        assert!(contacts(&registrar, 0).is_empty());
        registrar
            .register(s(0), "ann", Some(&two[..1]), &flow, (b"call", 1))
            .unwrap();
        let all = |sequence| registrar.register(s(0), "ann", None, &flow, (b"call", sequence));
        assert_eq!(all(1), Err(Refusal::Old));
        assert_eq!(all(2), Ok(Vec::new()));
    }

    #[test]
    fn one_telephone_too_many_takes_the_place_of_the_oldest() {
        let registrar = Registrar::default();
        let flow = Target::udp("192.0.2.1:40000".parse().unwrap());
        for n in 0..=MAX_BINDINGS {
            let wanted = [wanted(&format!("sip:{n}"), None)];
            let call = n.to_string();
            registrar
                .register(s(0), "ann", Some(&wanted), &flow, (call.as_bytes(), 1))
                .unwrap();
        }
        let left = contacts(&registrar, 1);
        assert_eq!(left.len(), MAX_BINDINGS);
        assert_eq!(left.first(), Some(&format!("sip:{MAX_BINDINGS}")));
        assert!(!left.contains(&"sip:0".to_owned()), "{left:?}");
    }

    #[test]
    fn a_binding_goes_with_its_connection_and_q_orders_the_others() {
        let registrar = Registrar::default();
        let flow = |port| Target::udp(([192, 0, 2, 1], port).into());
        for (n, q) in [(1, 200), (2, 1000), (3, 500)] {
            let wanted = [Wanted {
                q,
                ..wanted(&format!("sip:{n}"), None)
            }];
            registrar
                .register(s(0), "ann", Some(&wanted), &flow(n), (b"call", n.into()))
                .unwrap();
        }
        assert_eq!(contacts(&registrar, 1), ["sip:2", "sip:3", "sip:1"]);
        let left = registrar.lost(&flow(2));
        let left: Vec<_> = left
            .iter()
            .map(|(user, left)| (user.as_str(), left.len()))
            .collect();
        assert_eq!(left, [("ann", 2)]);
        assert_eq!(contacts(&registrar, 1), ["sip:3", "sip:1"]);
        assert!(registrar.lost(&flow(2)).is_empty());
        registrar.lost(&flow(1));
        registrar.lost(&flow(3));
        assert_eq!(registrar.len(s(1)), 0);
    }

    /// RFC 3261, section 19.1.4.
    #[test]
    fn contacts_are_compared_as_uris() {
        let registrar = Registrar::default();
        let flow = Target::udp("192.0.2.1:40000".parse().unwrap());
        for (at, contact) in [
            "sip:%61nn@PHONE.example:5060;transport=UDP;x=1",
            "sip:ann@phone.example:5060;transport=udp",
            "sip:ann@phone.example;transport=udp",
        ]
        .into_iter()
        .enumerate()
        {
            let wanted = [wanted(contact, None)];
            let number = u32::try_from(at).unwrap();
            registrar
                .register(s(0), "ann", Some(&wanted), &flow, (b"call", number + 1))
                .unwrap();
        }
        let left = contacts(&registrar, 1);
        assert_eq!(
            left,
            [
                "sip:ann@phone.example;transport=udp",
                "sip:ann@phone.example:5060;transport=udp"
            ]
        );
    }
}
