//! Sees that queues are fair: a model of who waits, beside the hub's own.

use std::collections::BTreeMap;
use std::time::Duration;

use callroute_schema::{CallId, Escalate};
use callroute_session::shared::{HubMessage, HubReply, HubRequest, PassedWhy};

/// Who waits in a queue, seen from outside: when it came, with which priority, and whether a
/// phone rings for it.
#[derive(Debug, Clone)]
pub(crate) struct Waits {
    since: Duration,
    arrival: u64,
    priority: u32,
    escalate: Option<Escalate>,
    members: Vec<String>,
    offered: Vec<usize>,
}

impl Waits {
    fn priority(&self, now: Duration) -> u32 {
        let grown = self.escalate.map_or(0, |grows| {
            let times = (now - self.since).as_secs() / u64::from(grows.every_s);
            u32::try_from(times).unwrap() * grows.by
        });
        self.priority + grown
    }
}

/// Everybody who waits.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) waits: BTreeMap<CallId, Waits>,
    /// When those came who hung up to be called back.
    kept: BTreeMap<CallId, (u64, Duration)>,
    arrivals: u64,
}

impl Waiting {
    /// Sees that what the hub says is fair.
    pub(crate) fn all_told(&mut self, now: Duration, told: &[HubMessage]) {
        for HubMessage { call_id, shared } in told {
            self.told(now, call_id, shared);
        }
    }

    /// No caller is overtaken without a stated reason, and no member is offered twice.
    fn told(&mut self, now: Duration, call_id: &CallId, shared: &HubReply) {
        match shared {
            HubReply::Refused { .. } => {
                self.waits.remove(call_id);
            }
            HubReply::Offer { members, passed } => {
                let served = self.waits[call_id].clone();
                for member in members {
                    let name = &served.members[*member];
                    for (other, waits) in &self.waits {
                        let taken = waits.offered.iter().any(|m| waits.members[*m] == *name);
                        assert!(!taken, "{name} is offered to {call_id} and {other}");
                    }
                }
                for (other, waits) in &self.waits {
                    if waits.arrival >= served.arrival {
                        continue;
                    }
                    let why = passed.iter().find(|passed| passed.call_id == *other);
                    let why = why.map(|passed| passed.why);
                    match why {
                        Some(PassedWhy::BeingOffered) => assert!(!waits.offered.is_empty()),
                        Some(PassedWhy::Priority) => {
                            assert!(waits.priority(now) < served.priority(now));
                        }
                        Some(PassedWhy::OtherMembers) => {
                            let served_by = |name: &String| waits.members.contains(name);
                            let common = members
                                .iter()
                                .any(|member| served_by(&served.members[*member]));
                            assert!(!common, "{other} could have been served");
                        }
                        _ => panic!("{other} is overtaken by {call_id} without a reason"),
                    }
                }
                if let Some(waits) = self.waits.get_mut(call_id) {
                    waits.offered.clone_from(members);
                }
            }
            _ => {}
        }
    }

    /// Follows who waits, as the sessions tell it.
    pub(crate) fn shared(&mut self, mono: Duration, call_id: &CallId, share: &HubRequest) {
        match share {
            HubRequest::Join(join) => {
                self.arrivals += 1;
                // Whoever is called back has kept its place.
                let (arrival, since) = match &join.place {
                    Some(place) => self.kept[&place.of],
                    None => (self.arrivals, mono),
                };
                let waiter = Waits {
                    since,
                    arrival,
                    priority: join.priority,
                    escalate: join.escalate,
                    members: join.members.iter().map(|m| m.to.to_string()).collect(),
                    offered: Vec::new(),
                };
                self.waits.insert(call_id.clone(), waiter);
            }
            HubRequest::Offered {
                member,
                answered: false,
            } => {
                if let Some(waits) = self.waits.get_mut(call_id) {
                    waits.offered.retain(|offered| offered != member);
                }
            }
            HubRequest::Offered { answered: true, .. } | HubRequest::Quit => {
                self.waits.remove(call_id);
            }
            HubRequest::CallBack { .. } => {
                if let Some(waits) = self.waits.remove(call_id) {
                    self.kept
                        .insert(call_id.clone(), (waits.arrival, waits.since));
                }
            }
            _ => {}
        }
    }
}
