//! From what is to be done to where the caller's switch is sent.

use std::collections::HashMap;

use callroute_media::OfferedCall;
use callroute_schema::{Action, Destination, Forward, Party, RejectCause};

use crate::config::check_uri;
use crate::convert::with_user;
use crate::error::BindError;
use crate::redirect::Verdict;

/// Where those are to whom callers are sent.
///
/// A redirector says where a caller goes, and is gone: what happens when nobody answers there is
/// the matter of the caller's switch. Who shall hear something, leave a message, wait in a queue
/// or be rung in a group is sent to a router that answers calls, by the same number.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The gateway for numbers, a SIP URI.
    pub trunk: Option<String>,
    /// Gateways by name, for calls that are sent through one of them, each a SIP URI.
    pub trunks: HashMap<String, String>,
    /// Numbers, users, agents and programs that have a SIP URI of their own; looked at before the
    /// trunk, and before where an agent is reached.
    pub contacts: HashMap<String, String>,
    /// The router that answers calls, a SIP URI.
    pub answering: Option<String>,
}

impl Places {
    /// Whether all URIs are URIs, before anybody calls.
    ///
    /// # Errors
    /// Which is none, and what stands there.
    pub fn check(&self) -> Result<(), BindError> {
        let trunk = self.trunk.iter().map(|uri| ("trunk".to_owned(), uri));
        let answering = self.answering.iter();
        let answering = answering.map(|uri| ("answering".to_owned(), uri));
        let trunks = self.trunks.iter();
        let trunks = trunks.map(|(name, uri)| (format!("trunk {name}"), uri));
        let contacts = self.contacts.iter();
        let contacts = contacts.map(|(who, uri)| (format!("contact {who}"), uri));
        let mut all = trunk.chain(answering).chain(trunks).chain(contacts);
        all.try_for_each(|(setting, uri)| check_uri(setting, uri))
    }

    /// What the caller's switch is told, where this is to be done: where it sends the caller, or
    /// how it refuses it. `None` where nobody knows, or where this ends nothing.
    ///
    /// `reach` says where an agent is reached that has no contact of its own: at a number or a SIP
    /// URI, as with the agents of a routing file.
    #[must_use]
    pub fn verdict(
        &self,
        action: &Action,
        offer: &OfferedCall,
        reach: &dyn Fn(&str) -> Option<Party>,
    ) -> Option<Verdict> {
        let seek = Seek {
            places: self,
            offer,
            reach,
        };
        seek.verdict(action)
    }
}

/// Looks for one caller's place.
#[derive(Clone, Copy)]
struct Seek<'a> {
    places: &'a Places,
    offer: &'a OfferedCall,
    reach: &'a dyn Fn(&str) -> Option<Party>,
}

impl Seek<'_> {
    fn verdict(self, action: &Action) -> Option<Verdict> {
        let contacts = match action {
            Action::Forward(forward) => self.forwarded(forward),
            Action::Redirect(redirect) => {
                let parties = redirect.contacts.iter();
                parties
                    .filter_map(|party| self.party(party).or_else(|| left(party, self.offer)))
                    .collect()
            }
            Action::Reject(reject) => return Some(refusal(reject.cause.codes())),
            Action::Busy(_) => return Some(refusal(RejectCause::UserBusy.codes())),
            Action::Hangup(_) => return Some(refusal(RejectCause::Declined.codes())),
            // It is noted by who carries the call.
            Action::Set(_) => return None,
            _ => self.answered(),
        };
        (!contacts.is_empty()).then_some(Verdict::Redirect { contacts })
    }

    fn forwarded(self, forward: &Forward) -> Vec<String> {
        let found = match &forward.destination {
            Destination::Number(to) => self.number(to.number.as_str()),
            Destination::Sip(to) => Some(to.uri.to_string()),
            Destination::User(to) => self.contact(to.name.as_str()),
            Destination::Agent(to) => self.agent(to.name.as_str()),
            Destination::Application(to) => self.contact(&to.name),
            Destination::Trunk(to) => {
                let number = to.number.as_ref().map(|number| number.as_str());
                let trunk = self.places.trunks.get(to.name.as_str());
                trunk.and_then(|uri| with_user(uri, number.unwrap_or(self.offer.to.as_str())))
            }
            Destination::RingGroup(group) => {
                let rung = self.answered();
                if !rung.is_empty() {
                    return rung;
                }
                // Nobody rings them together: they are tried in the order in which they stand.
                let parties = group.members.iter().map(|member| &member.to);
                return parties.filter_map(|party| self.party(party)).collect();
            }
            _ => None,
        };
        match found {
            Some(uri) => vec![uri],
            None => self.answered(),
        }
    }

    fn party(self, party: &Party) -> Option<String> {
        match party {
            Party::Number(number) => self.number(number.as_str()),
            Party::Sip(uri) => Some(uri.to_string()),
            Party::Agent(name) => self.agent(name.as_str()),
        }
    }

    fn agent(self, name: &str) -> Option<String> {
        if let Some(uri) = self.contact(name) {
            return Some(uri);
        }
        match (self.reach)(name)? {
            Party::Number(number) => self.number(number.as_str()),
            Party::Sip(uri) => Some(uri.to_string()),
            // An agent that stands for an agent would be a chain without an end.
            Party::Agent(_) => None,
        }
    }

    fn number(self, number: &str) -> Option<String> {
        self.contact(number)
            .or_else(|| with_user(self.places.trunk.as_ref()?, number))
    }

    fn contact(self, who: &str) -> Option<String> {
        self.places.contacts.get(who).cloned()
    }

    /// The router that answers, by the number that was dialed.
    fn answered(self) -> Vec<String> {
        let router = self.places.answering.as_ref();
        let uri = router.and_then(|router| with_user(router, self.offer.to.as_str()));
        uri.into_iter().collect()
    }
}

/// A number without a trunk or contact, left to the caller's switch: as a number at the host that
/// it dialed.
fn left(party: &Party, offer: &OfferedCall) -> Option<String> {
    match party {
        Party::Number(number) => with_user(offer.to_uri.as_ref()?, number.as_str()),
        Party::Sip(_) | Party::Agent(_) => None,
    }
}

fn refusal((status, q850): (u16, u8)) -> Verdict {
    Verdict::Refuse {
        status,
        q850: Some(q850),
    }
}

#[cfg(test)]
mod tests;
