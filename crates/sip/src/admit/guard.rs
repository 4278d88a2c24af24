//! Who is listened to at all: what one source may send, and what it may make us send; pure.
//!
//! Everything here happens before a transaction exists, and most of it before a message is read.
//! A source is an IPv4 address, or the /64 network of an IPv6 address.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use callroute_schema::Network;

/// What strangers may do. Sources in [`exempt`](Self::exempt) are not limited.
#[derive(Debug, Clone)]
pub struct Protection {
    /// Who may send at all; empty for everybody. What others send is not even read.
    pub allow: Vec<Network>,
    /// Who may not, though `allow` would let them.
    pub deny: Vec<Network>,
    /// Sources without limits of any kind: one's own switches and carriers.
    pub exempt: Vec<Network>,
    /// Messages a second of one source, ten seconds' worth at once. More is dropped unread.
    /// Default 1,000.
    pub messages_per_s: u32,
    /// Requests a second of one source that begin something (a call, a registration), ten
    /// seconds' worth at once. More is dropped without an answer. Default 100.
    pub requests_per_s: u32,
    /// The same of all sources together that are not exempt. Default 5,000.
    pub requests_per_s_in_all: u32,
    /// Connections of one source at a time, over TCP, TLS and WebSocket. Default 32.
    pub connections: usize,
    /// Sources that are remembered; those beyond share one allowance. Default 65,536.
    pub sources: usize,
    /// A request whose User-Agent contains one of these, in any case, gets no answer. Where it has
    /// not come by UDP, whose sources can be forged, its source can begin nothing more for
    /// [`silence`](Self::silence). Default: known scanners.
    pub scanners: Vec<String>,
    /// Unless empty, a request that begins something needs a User-Agent that contains one of
    /// these, in any case; any other gets no answer. Default empty.
    pub agents: Vec<String>,
    /// Wrong passwords after which a source can begin nothing more; a right one forgives those of
    /// the same user. Whoever guesses from many sources, a hundred times in an hour for one user, is
    /// not listened to any more, but those are that have proven to be this user before. Default 10.
    pub wrong_passwords: u32,
    /// For how long a source can begin nothing: no call, no registration, no connection. Calls that
    /// go on and answers to us are not touched. Default ten minutes.
    pub silence: Duration,
}

impl Default for Protection {
    fn default() -> Self {
        let scanners = [
            "friendly-scanner",
            "sipvicious",
            "sipsak",
            "sundayddr",
            "sip-scan",
            "sipcli",
            "smap",
            "iwar",
            "pplsip",
            "voipbuster-scan",
        ];
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            exempt: Vec::new(),
            messages_per_s: 1_000,
            requests_per_s: 100,
            requests_per_s_in_all: 5_000,
            connections: 32,
            sources: 65_536,
            scanners: scanners.map(str::to_owned).to_vec(),
            agents: Vec::new(),
            wrong_passwords: 10,
            silence: Duration::from_secs(600),
        }
    }
}

/// What was dropped so far, for whoever watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Messages of sources that may not send, or not for now.
    pub unwanted: u64,
    /// Messages over a limit.
    pub over_limit: u64,
    /// Datagrams and streams that are no SIP.
    pub malformed: u64,
    /// Requests of scanners and of unknown user agents.
    pub scanners: u64,
    /// Answers that would have been larger than what the source has sent.
    pub unanswered: u64,
}

/// Seconds' worth of an allowance that may be used at once.
const BURST_S: u32 = 10;
/// Most bytes that a source can save up for answers.
const MAX_CREDIT: usize = 64 * 1024;
/// For how long a source is known to be there, once it has shown that it hears us.
const THERE: Duration = Duration::from_secs(3600);
/// A source that was silent for so long is forgotten when room is needed.
const IDLE: Duration = Duration::from_secs(20);
/// Users of one source whose wrong passwords can be forgiven.
const FORGIVABLE: usize = 8;

#[derive(Debug, Clone, Copy)]
struct Allowance {
    left: f64,
    at: Duration,
}

impl Allowance {
    fn full(per_s: u32, now: Duration) -> Self {
        Self {
            left: f64::from(per_s.saturating_mul(BURST_S)),
            at: now,
        }
    }

    fn take(&mut self, per_s: u32, now: Duration) -> bool {
        let most = f64::from(per_s.saturating_mul(BURST_S));
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.left = (self.left + passed * f64::from(per_s)).min(most);
        self.at = now;
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

#[derive(Debug)]
struct Source {
    messages: Allowance,
    requests: Allowance,
    /// Bytes that we may send to it without knowing that it is there.
    credit: usize,
    /// Wrong passwords, and how many of them were for which user, by a hash of the name.
    wrong: u32,
    wrong_of: Vec<(u64, u32)>,
    silent_until: Duration,
    there_until: Duration,
    connections: usize,
    seen: Duration,
}

/// Decides over every message of a stranger.
#[derive(Debug)]
pub(crate) struct Guard {
    rules: Protection,
    sources: HashMap<IpAddr, Source>,
    /// What those share for whom there was no room.
    others: Source,
    all: Allowance,
    swept: Duration,
    hasher: RandomState,
    pub(crate) dropped: Dropped,
}

impl Guard {
    /// Begins to listen.
    pub(crate) fn new(mut rules: Protection) -> Self {
        for word in rules.scanners.iter_mut().chain(&mut rules.agents) {
            word.make_ascii_lowercase();
        }
        let others = Source::new(&rules, Duration::ZERO);
        let all = Allowance::full(rules.requests_per_s_in_all, Duration::ZERO);
        Self {
            rules,
            sources: HashMap::new(),
            others,
            all,
            swept: Duration::ZERO,
            hasher: RandomState::new(),
            dropped: Dropped::default(),
        }
    }

    /// Whether a source is without limits.
    pub(crate) fn is_exempt(&self, ip: IpAddr) -> bool {
        contains(&self.rules.exempt, ip)
    }

    /// A message has come, so many bytes long: whether it is read.
    pub(crate) fn message(&mut self, now: Duration, ip: IpAddr, bytes: usize) -> bool {
        if !self.may_send(ip) {
            self.dropped.unwanted += 1;
            return false;
        }
        if self.is_exempt(ip) {
            return true;
        }
        let per_s = self.rules.messages_per_s;
        let source = self.source(now, ip);
        source.credit = source.credit.saturating_add(bytes).min(MAX_CREDIT);
        if source.messages.take(per_s, now) {
            return true;
        }
        self.dropped.over_limit += 1;
        false
    }

    /// A request that begins something, of this user agent: whether it is looked at. Its source is
    /// `proven` where it cannot be forged.
    pub(crate) fn request(
        &mut self,
        now: Duration,
        ip: IpAddr,
        agent: &[u8],
        proven: bool,
    ) -> bool {
        if self.is_exempt(ip) {
            return true;
        }
        if self.is_silenced(now, ip) {
            self.dropped.unwanted += 1;
            return false;
        }
        if self.is_scanner(agent) {
            self.dropped.scanners += 1;
            let until = now + self.rules.silence;
            // Whoever could silence others by one forged datagram would.
            if proven && let Some(source) = self.own(now, ip) {
                source.silent_until = until;
            }
            return false;
        }
        if !self.rules.agents.is_empty() && !names(&self.rules.agents, agent) {
            self.dropped.scanners += 1;
            return false;
        }
        let (per_s, in_all) = (self.rules.requests_per_s, self.rules.requests_per_s_in_all);
        if self.source(now, ip).requests.take(per_s, now) && self.all.take(in_all, now) {
            return true;
        }
        self.dropped.over_limit += 1;
        false
    }

    /// A request that belongs to nothing and would be refused, of this user agent: whether it is told so.
    pub(crate) fn is_refused(&mut self, ip: IpAddr, agent: &[u8]) -> bool {
        let told = self.is_exempt(ip) || !self.is_scanner(agent);
        self.dropped.scanners += u64::from(!told);
        told
    }

    fn is_scanner(&self, agent: &[u8]) -> bool {
        names(&self.rules.scanners, agent)
    }

    /// Whether so many bytes may be sent to a source that has not proven to be there: never more
    /// than it has sent, so that nobody can use us against somebody else.
    pub(crate) fn spend(&mut self, now: Duration, ip: IpAddr, bytes: usize) -> bool {
        let spent = self.has_credit(now, ip, bytes);
        if !spent {
            self.dropped.unanswered += 1;
        }
        spent
    }

    /// The same for something that may be replaced by something shorter.
    pub(crate) fn has_credit(&mut self, now: Duration, ip: IpAddr, bytes: usize) -> bool {
        if self.is_exempt(ip) {
            return true;
        }
        let source = self.source(now, ip);
        let left = source.credit.checked_sub(bytes);
        source.credit = left.unwrap_or(source.credit);
        left.is_some()
    }

    /// An answer of a transaction, so many bytes long: whether it is sent. The `first` of its kind
    /// is, for a call that is real needs it; what is said again only as far as there is credit,
    /// unless the source is there.
    pub(crate) fn answer(&mut self, now: Duration, ip: IpAddr, bytes: usize, first: bool) -> bool {
        if self.knows(now, ip) {
            return true;
        }
        let source = self.source(now, ip);
        let left = source.credit.checked_sub(bytes);
        if first {
            source.credit = left.unwrap_or_default();
            return true;
        }
        source.credit = left.unwrap_or(source.credit);
        if left.is_none() {
            self.dropped.unanswered += 1;
        }
        left.is_some()
    }

    /// A source has said what only we have told it: it is there.
    pub(crate) fn is_there(&mut self, now: Duration, ip: IpAddr) {
        if let Some(source) = self.own(now, ip) {
            source.there_until = now + THERE;
        }
    }

    /// Whether a source has shown that it is there.
    pub(crate) fn knows(&self, now: Duration, ip: IpAddr) -> bool {
        let source = self.sources.get(&network(ip));
        source.is_some_and(|source| source.there_until > now)
    }

    /// How many bytes may be sent to a source at this moment.
    pub(crate) fn left(&mut self, now: Duration, ip: IpAddr) -> usize {
        if self.is_exempt(ip) {
            return usize::MAX;
        }
        self.source(now, ip).credit
    }

    /// Whether a source can begin nothing for now.
    pub(crate) fn is_silenced(&self, now: Duration, ip: IpAddr) -> bool {
        let source = self.sources.get(&network(ip));
        source.is_some_and(|source| source.silent_until > now) && !self.is_exempt(ip)
    }

    /// A wrong password for a question that the source was asked and so has heard; enough of them
    /// silence it.
    pub(crate) fn wrong_password(&mut self, now: Duration, ip: IpAddr, user: &str) {
        if self.is_exempt(ip) {
            return;
        }
        let (most, until) = (self.rules.wrong_passwords, now + self.rules.silence);
        let user = self.hasher.hash_one(user);
        let Some(source) = self.own(now, ip) else {
            return;
        };
        source.wrong += 1;
        if let Some((_, times)) = source.wrong_of.iter_mut().find(|(of, _)| *of == user) {
            *times += 1;
        } else if source.wrong_of.len() < FORGIVABLE {
            source.wrong_of.push((user, 1));
        }
        if source.wrong >= most {
            source.wrong = 0;
            source.wrong_of = Vec::new();
            source.silent_until = until;
            tracing::warn!(%ip, "too many wrong passwords; the source can begin nothing for a while");
        }
    }

    /// A right password: earlier wrong ones of this user are forgiven, and the source has heard our
    /// question. Those of others are not: who has one account could else guess at all.
    pub(crate) fn right_password(&mut self, now: Duration, ip: IpAddr, user: &str) {
        let user = self.hasher.hash_one(user);
        if let Some(source) = self.own(now, ip)
            && let Some(at) = source.wrong_of.iter().position(|(of, _)| *of == user)
        {
            let (_, times) = source.wrong_of.swap_remove(at);
            source.wrong = source.wrong.saturating_sub(times);
        }
        self.is_there(now, ip);
    }

    /// A connection was opened: whether it is taken. What is taken is given back by
    /// [`hung_up`](Self::hung_up).
    pub(crate) fn connected(&mut self, now: Duration, ip: IpAddr) -> bool {
        let (exempt, most) = (self.is_exempt(ip), self.rules.connections);
        let may = self.may_send(ip) && !self.is_silenced(now, ip);
        let source = self.source(now, ip);
        let taken = may && (exempt || source.connections < most);
        if taken {
            source.connections += 1;
        } else {
            self.dropped.unwanted += 1;
        }
        taken
    }

    /// A connection is gone.
    pub(crate) fn hung_up(&mut self, ip: IpAddr) {
        let source = match self.sources.get_mut(&network(ip)) {
            Some(source) => source,
            None => &mut self.others,
        };
        source.connections = source.connections.saturating_sub(1);
    }

    fn may_send(&self, ip: IpAddr) -> bool {
        (self.rules.allow.is_empty() || contains(&self.rules.allow, ip))
            && !contains(&self.rules.deny, ip)
    }

    /// What is remembered of one source alone; `None` for those that share an allowance, of whom
    /// one must not speak for all.
    fn own(&mut self, now: Duration, ip: IpAddr) -> Option<&mut Source> {
        self.source(now, ip);
        self.sources.get_mut(&network(ip))
    }

    fn source(&mut self, now: Duration, ip: IpAddr) -> &mut Source {
        let key = network(ip);
        if self.sources.len() >= self.rules.sources && !self.sources.contains_key(&key) {
            // A look through all of them, but not for every packet of a flood.
            if now >= self.swept + Duration::from_secs(1) || self.swept.is_zero() {
                self.swept = now;
                self.sources.retain(|_, source| {
                    source.connections > 0 || source.silent_until > now || source.seen + IDLE > now
                });
            }
            if self.sources.len() >= self.rules.sources {
                return &mut self.others;
            }
        }
        let source = self
            .sources
            .entry(key)
            .or_insert_with(|| Source::new(&self.rules, now));
        source.seen = now;
        source
    }
}

impl Source {
    fn new(rules: &Protection, now: Duration) -> Self {
        Self {
            messages: Allowance::full(rules.messages_per_s, now),
            requests: Allowance::full(rules.requests_per_s, now),
            credit: 0,
            wrong: 0,
            wrong_of: Vec::new(),
            silent_until: Duration::ZERO,
            there_until: Duration::ZERO,
            connections: 0,
            seen: now,
        }
    }
}

/// Whether a user agent contains one of these words.
fn names(words: &[String], agent: &[u8]) -> bool {
    let agent = String::from_utf8_lossy(agent).to_ascii_lowercase();
    words.iter().any(|word| agent.contains(word.as_str()))
}

fn contains(networks: &[Network], ip: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(ip))
}

/// Whoever has an IPv6 address has a /64 of them.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
        ip => ip,
    }
}

#[cfg(test)]
mod tests;
