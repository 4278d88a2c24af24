//! Digest authentication of those who call us (RFC 3261, section 22; RFC 7616; RFC 8760); pure.
//!
//! A nonce is its time and a MAC over it and the source: nothing is kept for a challenge, so
//! asking for one costs us nothing. What is kept, for nonces that were answered rightly, is how
//! far each was counted: no answer is taken twice.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use sipx_sip::auth::{Algorithm, Challenge, Credentials, respond};
use sipx_sip::{Host, Uri};
use subtle::ConstantTimeEq;

use crate::admit::account::Account;
use crate::admit::nonces::Nonces;
use crate::admit::secret::Secret;
use crate::convert::{address, host, uri};

/// How long a nonce may be used.
const LIFE: Duration = Duration::from_secs(300);
/// Longest header that is read.
const MAX_HEADER: usize = 2048;

/// A user who may call and register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name: user name of the digest, and user part of the address of record.
    pub name: String,
    /// The password.
    pub password: Secret,
}

/// How a password is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Digest {
    /// MD5, which every telephone knows (RFC 3261).
    Md5,
    /// SHA-256 (RFC 8760).
    Sha256,
}

impl Digest {
    fn algorithm(self) -> Algorithm {
        match self {
            Self::Md5 => Algorithm::Md5,
            Self::Sha256 => Algorithm::Sha256,
        }
    }
}

/// What came of the credentials of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It is this user.
    User(String),
    /// There are none for our realm, or they are out of date: ask.
    Ask {
        /// Their nonce may not be used any more.
        stale: bool,
    },
    /// They are wrong, for this user, known or not.
    Wrong(String),
    /// They are right, but for another request than this one.
    Elsewhere,
}

/// Asks for passwords and checks them.
#[derive(Debug)]
pub(crate) struct Authority {
    realm: String,
    digests: Vec<Digest>,
    users: HashMap<String, (Secret, Account, Nonces)>,
    key: [u8; 32],
}

impl Authority {
    /// For these users; `key` must not be known to anybody.
    pub(crate) fn new(realm: &str, digests: &[Digest], users: &[User], key: [u8; 32]) -> Self {
        Self {
            realm: realm.to_owned(),
            digests: digests.to_vec(),
            users: users
                .iter()
                .map(|user| {
                    let password = user.password.clone();
                    let state = (password, Account::default(), Nonces::default());
                    (user.name.clone(), state)
                })
                .collect(),
            key,
        }
    }

    /// The values of WWW-Authenticate, the strongest first.
    pub(crate) fn challenges(&self, now: Duration, ip: IpAddr, stale: bool) -> Vec<String> {
        let nonce = self.nonce(now, ip);
        let stale = if stale { ",stale=true" } else { "" };
        let mut digests = self.digests.clone();
        digests.sort_by_key(|digest| std::cmp::Reverse(digest.algorithm().strength()));
        digests
            .into_iter()
            .map(|digest| {
                let algorithm = digest.algorithm().as_str();
                let realm = &self.realm;
                format!(
                    "Digest realm=\"{realm}\",nonce=\"{nonce}\",qop=\"auth\",\
                     algorithm={algorithm}{stale}"
                )
            })
            .collect()
    }

    /// Checks the Authorization headers of a request.
    pub(crate) fn check<'a>(
        &mut self,
        now: Duration,
        ip: IpAddr,
        (method, uri): (&str, &Uri),
        headers: impl Iterator<Item = std::borrow::Cow<'a, [u8]>>,
    ) -> Proof {
        let mut proof = Proof::Ask { stale: false };
        for value in headers.take(4) {
            let Some(answer) = Answer::read(&value).filter(|answer| answer.realm == self.realm)
            else {
                continue;
            };
            proof = self.judge(now, ip, (method, uri), &answer);
            // A wrong one counts, whatever stands beside it.
            if matches!(proof, Proof::User(_) | Proof::Wrong(_)) {
                return proof;
            }
        }
        proof
    }

    fn judge(
        &mut self,
        now: Duration,
        ip: IpAddr,
        (method, uri): (&str, &Uri),
        answer: &Answer,
    ) -> Proof {
        let offered = self
            .digests
            .iter()
            .any(|digest| digest.algorithm() == answer.algorithm);
        if !offered {
            return Proof::Ask { stale: false };
        }
        let Some(made) = self.made(ip, &answer.nonce) else {
            // Made by somebody else, for somebody else, or before we began.
            return Proof::Ask { stale: true };
        };
        // Before it is compared: who keeps a question until it is old must not learn by our answer
        // whether he has guessed right (RFC 7616, section 3.3: only the nonce is stale).
        if now.saturating_sub(made) > LIFE {
            return Proof::Ask { stale: true };
        }
        let known = self.users.get(&answer.user);
        if known.is_some_and(|(_, account, _)| account.is_closed_to(now, ip)) {
            return Proof::Ask { stale: false };
        }
        // An unknown user takes as long as a known one.
        let password = known.map_or("", |(password, ..)| password.expose());
        let challenge = Challenge {
            realm: self.realm.clone(),
            nonce: answer.nonce.clone(),
            opaque: None,
            algorithm: answer.algorithm,
            qop_auth: true,
            stale: false,
            from_proxy: false,
        };
        let credentials = Credentials::new(answer.user.clone(), password);
        let count = answer.count;
        let right = respond(
            &challenge,
            &credentials,
            method,
            &answer.uri,
            count,
            &answer.cnonce,
        );
        let right = param(&right, "response").unwrap_or_default();
        let same: bool = right.as_bytes().ct_eq(answer.response.as_bytes()).into();
        if !same || known.is_none() {
            if let Some((_, account, _)) = self.users.get_mut(&answer.user) {
                account.wrong(now);
            }
            return Proof::Wrong(answer.user.clone());
        }
        if !is_for(&answer.uri, uri) {
            return Proof::Elsewhere;
        }
        if let Some((_, account, nonces)) = self.users.get_mut(&answer.user) {
            if !nonces.take(now, LIFE, (&answer.nonce, made), answer.count) {
                return Proof::Ask { stale: true };
            }
            account.right(ip);
        }
        Proof::User(answer.user.clone())
    }

    fn nonce(&self, now: Duration, ip: IpAddr) -> String {
        let time = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        format!("{time:x}.{}", self.mac(time, ip))
    }

    /// When a nonce of ours was made for this source.
    fn made(&self, ip: IpAddr, nonce: &str) -> Option<Duration> {
        let (time, mac) = nonce.split_once('.')?;
        let time = u64::from_str_radix(time, 16).ok()?;
        let right = self.mac(time, ip);
        bool::from(right.as_bytes().ct_eq(mac.as_bytes())).then(|| Duration::from_millis(time))
    }

    fn mac(&self, time: u64, ip: IpAddr) -> String {
        // Any length of key will do for an HMAC, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return String::new();
        };
        mac.update(&time.to_be_bytes());
        mac.update(ip.to_canonical().to_string().as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// What an Authorization header says.
#[derive(Debug)]
struct Answer {
    user: String,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    cnonce: String,
    count: u32,
    algorithm: Algorithm,
}

impl Answer {
    /// `None` for anything but a digest with a count: without one it could be replayed.
    fn read(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value.get(..MAX_HEADER.min(value.len()))?).ok()?;
        let (scheme, rest) = text.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let get = |name| param(rest, name);
        if !get("qop")?.eq_ignore_ascii_case("auth") {
            return None;
        }
        Some(Self {
            user: get("username")?,
            realm: get("realm")?,
            nonce: get("nonce")?,
            uri: get("uri")?,
            response: get("response")?.to_ascii_lowercase(),
            cnonce: get("cnonce")?,
            count: u32::from_str_radix(&get("nc")?, 16).ok()?,
            algorithm: match get("algorithm") {
                Some(name) => Algorithm::parse(&name)?,
                None => Algorithm::Md5,
            },
        })
    }
}

/// Whether credentials for this `uri` are for this Request-URI (RFC 7616, section 3.4.6; RFC 3261,
/// section 22.4): the same target at the same host. A proxy on the way may have put our address in
/// place of our name, and a parameter in place of another.
fn is_for(proven: &str, asked: &Uri) -> bool {
    if proven.as_bytes() == asked.to_bytes() {
        return true;
    }
    let Some(proven) = uri(proven) else {
        return false;
    };
    let host = |uri| host(uri).to_ascii_lowercase();
    let same_host = host(&proven) == host(asked) || matches!(asked.host(), Some(Host::Ip(_)));
    same_host && address(&proven) == address(asked)
}

/// A parameter of a list like `a="b, c", d=e`.
pub(crate) fn param(list: &str, wanted: &str) -> Option<String> {
    let mut rest = list.trim_start();
    while let Some((name, value)) = rest.split_once('=') {
        let name = name.trim().rsplit([' ', ',']).next().unwrap_or_default();
        let value = value.trim_start();
        let (found, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted)?,
            None => {
                let (token, after) = value.split_once(',').unwrap_or((value, ""));
                (token.trim().to_owned(), after)
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(found);
        }
        rest = after.trim_start_matches([',', ' ', '\t']);
    }
    None
}

/// The text up to the closing quote, and what comes after it.
fn quoted_text(text: &str) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((found, text.get(at + 1..)?)),
            '\\' => found.push(chars.next()?.1),
            c => found.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests;
