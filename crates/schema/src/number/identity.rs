//! Who calls, from a request's From, P-Asserted-Identity and Privacy (RFC 3323, RFC 3325).

mod address;
mod privacy;

use crate::number::identity::{
    address::{Address, MAX_HEADER, addresses},
    privacy::{Wish, wish},
};

/// What a request says about its caller: header values as they stand, without the names.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallerHeaders<'a> {
    /// From, as in `"Ann" <sip:+35316799222@example.com>;tag=1`; empty when there is none.
    pub from: &'a str,
    /// Each P-Asserted-Identity; a value may list several.
    pub p_asserted_identity: &'a [&'a str],
    /// Each Privacy.
    pub privacy: &'a [&'a str],
    /// The request came from a node of the trust domain (RFC 3325, section 2.3). From anybody
    /// else P-Asserted-Identity is worth nothing and is ignored (section 5).
    pub trusted: bool,
}

/// Who calls, and whether it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallerIdentity {
    /// Who it is.
    pub who: Who,
    /// Whether the called party may see it. A caller may be known and yet not be shown: route by
    /// the number, but show none. Never true unless [`Who::Known`].
    pub presentation_allowed: bool,
    /// The name to show; `None` when there is none or none may be shown.
    pub display_name: Option<String>,
    /// What was left out of account, and why.
    pub ignored: Vec<Ignored>,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Who {
    /// A user: a number or a name, as the header has it.
    Known {
        /// User part with escapes decoded, without parameters; of a `tel:` URI also without
        /// visual separators. `read` tells whether it is a number.
        user: String,
        /// The URI as the header has it; `read` takes it too, with the context
        /// of a local number.
        uri: String,
        /// Where it stands.
        header: Header,
    },
    /// The caller asked not to be known.
    Withheld,
    /// Nobody says who calls.
    Unavailable,
}

/// A header that tells of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Header {
    /// What the caller says (RFC 3261, section 20.20).
    From,
    /// What the trusted network says (RFC 3325, section 9.1).
    PAssertedIdentity,
    /// What the caller wants hidden (RFC 3323, section 4.2).
    Privacy,
}

/// Something that was left out of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ignored {
    /// Where it stands.
    pub header: Header,
    /// Why it was left out.
    pub why: IgnoredWhy,
}

/// Why something was left out of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum IgnoredWhy {
    /// The request does not come from the trust domain.
    #[error("not from the trust domain")]
    Untrusted,
    /// A header value is too long.
    #[error("over {MAX_HEADER} bytes")]
    TooLong,
    /// A value is not well formed.
    #[error("not well formed, expected an address such as \"Ann\" <sip:ann@example.com>")]
    Malformed,
    /// A URI is neither `sip:`, `sips:` nor `tel:`.
    #[error("expected a sip, sips or tel URI")]
    Scheme,
    /// There may be one SIP and one `tel:` identity, and the first of each counts.
    #[error("more than one identity of a kind, the first counts")]
    Repeated,
    /// Privacy asks for something that does not concern the caller's identity here.
    #[error("unknown privacy value, expected none, id, user, header, session, history or critical")]
    UnknownPrivacy,
}

/// Tells who calls.
///
/// - A trusted P-Asserted-Identity outranks From. Of a SIP and a `tel:` identity the one in
///   E.164 form is taken.
/// - `Privacy: id`, `user` or `header` forbids presentation, whatever else is said.
/// - So does an anonymous From (`anonymous.invalid`, the user or the name Anonymous), unless
///   `Privacy: none` says that the network shall hide nothing.
/// - Nobody known: withheld where privacy was asked for, else unavailable.
///
/// Never fails: what is not well formed counts as absent and is told in
/// [`CallerIdentity::ignored`].
///
/// ```
/// use callroute_schema::number::{CallerHeaders, Header, Who, identify};
///
/// let caller = identify(&CallerHeaders {
///     from: "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=9",
///     p_asserted_identity: &["\"Ann\" <sip:+35316799222@carrier.example>"],
///     privacy: &["id"],
///     trusted: true,
/// });
/// assert!(matches!(&caller.who, Who::Known { user, header: Header::PAssertedIdentity, .. }
///     if user == "+35316799222"));
/// assert!(!caller.presentation_allowed);
/// assert_eq!(caller.display_name, None);
/// ```
#[must_use]
pub fn identify(headers: &CallerHeaders<'_>) -> CallerIdentity {
    let mut ignored = Vec::new();
    let wish = wish(headers.privacy, &mut ignored);
    let asserted = asserted(headers, &mut ignored);
    let from = match headers.from.trim() {
        "" => None,
        from => addresses(from, Header::From, &mut ignored)
            .into_iter()
            .next(),
    };
    let from_hides = from.as_ref().is_some_and(Address::hides);
    let allowed = match wish {
        Wish::Hide => false,
        Wish::Show => true,
        Wish::Unsaid => !from_hides,
    };
    let (best, header) = match best(&asserted) {
        Some(best) => (Some(best), Header::PAssertedIdentity),
        None => (from.as_ref(), Header::From),
    };
    let Some((address, user)) = best.and_then(|best| Some((best, best.user()?))) else {
        let hidden = wish == Wish::Hide || best.is_some_and(Address::hides) || from_hides;
        return CallerIdentity {
            who: if hidden {
                Who::Withheld
            } else {
                Who::Unavailable
            },
            presentation_allowed: false,
            display_name: None,
            ignored,
        };
    };
    let names = std::iter::once(address).chain(&asserted).chain(&from);
    let name = names.filter_map(Address::name).next();
    CallerIdentity {
        who: Who::Known {
            user,
            uri: address.uri.clone(),
            header,
        },
        presentation_allowed: allowed,
        display_name: name.filter(|_| allowed).map(str::to_owned),
        ignored,
    }
}

/// The identities that a trusted network asserts: at most one SIP and one `tel:` (RFC 3325,
/// section 9.1).
fn asserted(headers: &CallerHeaders<'_>, ignored: &mut Vec<Ignored>) -> Vec<Address> {
    let header = Header::PAssertedIdentity;
    let mut found: Vec<Address> = Vec::new();
    if !headers.trusted {
        if !headers.p_asserted_identity.is_empty() {
            ignored.push(Ignored {
                header,
                why: IgnoredWhy::Untrusted,
            });
        }
        return found;
    }
    for value in headers.p_asserted_identity.iter().take(MAX_VALUES) {
        for address in addresses(value, header, ignored) {
            if found.iter().any(|other| other.scheme() == address.scheme()) {
                ignored.push(Ignored {
                    header,
                    why: IgnoredWhy::Repeated,
                });
            } else {
                found.push(address);
            }
        }
    }
    if headers.p_asserted_identity.len() > MAX_VALUES {
        ignored.push(Ignored {
            header,
            why: IgnoredWhy::Repeated,
        });
    }
    found
}

/// More values of one header than this are not looked at.
const MAX_VALUES: usize = 8;

/// A number with its plus, else any digits, else any user, else whatever there is.
fn best(asserted: &[Address]) -> Option<&Address> {
    asserted.iter().min_by_key(|address| match address.user() {
        Some(user) if user.starts_with('+') => 0,
        Some(user) if user.starts_with(|c: char| c.is_ascii_digit()) => 1,
        Some(_) => 2,
        None if address.hides() => 3,
        None => 4,
    })
}

#[cfg(test)]
mod tests;
