//! The parts of a SIP URI by which it is judged (RFC 3261, section 19.1).

use std::net::{IpAddr, Ipv6Addr};

use callroute_schema::unescape_lossy;

/// How often escapes may be escaped; one more, and nobody can say what is dialed.
const TIMES: usize = 2;

/// Where a URI leads, and to whom.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// The user, unescaped once and, where that leaves escapes, once more.
    pub(super) users: Vec<String>,
    /// The host, and each `maddr`, which takes its place (section 19.1.1).
    pub(super) hosts: Vec<String>,
}

/// What follows `sip:`; `None` where it has headers, which no Request-URI has, or escapes within
/// escapes within escapes.
pub(super) fn take_apart(rest: &str) -> Option<Parts> {
    let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    if place.contains('?') {
        return None;
    }
    let mut parts = place.split(';');
    let mut hosts = vec![host_name(parts.next().unwrap_or_default())];
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if unescape_lossy(name).eq_ignore_ascii_case("maddr") {
            hosts.push(host_name(&unescape_lossy(value)));
        }
    }
    let user = match hosts.first() {
        // Without an `@` a host of digits may be taken for a number.
        Some(host) if user.is_empty() && host.parse::<IpAddr>().is_err() => host,
        _ => user,
    };
    let mut users = vec![unescape_lossy(user).into_owned()];
    while let Some(last) = users.last()
        && last.contains('%')
    {
        let further = unescape_lossy(last).into_owned();
        if further == *last {
            break;
        }
        if users.len() == TIMES {
            return None;
        }
        users.push(further);
    }
    Some(Parts { users, hosts })
}

/// A host without its port, in the one way in which it is compared.
pub(super) fn host_name(text: &str) -> String {
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None if text.parse::<Ipv6Addr>().is_ok() => text,
        None => text.split(':').next().unwrap_or_default(),
    };
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        // A name that ends with a dot is the same name.
        Err(_) => host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::{host_name, take_apart};

    #[test]
    fn escapes_come_off_before_anything_is_judged() {
        let users = |rest| take_apart(rest).map(|parts| parts.users);
        assert_eq!(users("%2B44%23;x=%41@h"), Some(vec!["+44#;x=A".to_owned()]));
        assert_eq!(
            users("%252B44@h"),
            Some(vec!["%2B44".to_owned(), "+44".to_owned()])
        );
        assert_eq!(users("%25252B44@h"), None);
        assert_eq!(users("100%@h"), Some(vec!["100%".to_owned()]));
        assert_eq!(users("%c3%ab@h"), Some(vec!["\u{eb}".to_owned()]));
        assert_eq!(users("10.0.0.1:5060"), Some(vec![String::new()]));
        assert_eq!(users("19005550123"), Some(vec!["19005550123".to_owned()]));
    }

    #[test]
    fn every_host_counts() {
        let hosts = |rest| take_apart(rest).map(|parts| parts.hosts);
        let wanted = |hosts: &[&str]| Some(hosts.iter().map(|host| (*host).to_owned()).collect());
        assert_eq!(hosts("a@H.example.:5060;lr"), wanted(&["h.example"]));
        assert_eq!(
            hosts("a@h;%6dADDR=198.51.100.9;maddr=[0::1]"),
            wanted(&["h", "198.51.100.9", "::1"])
        );
        assert_eq!(hosts("a@h?Route=x"), None);
        assert_eq!(hosts("a@h;lr?Route=x"), None);
        assert_eq!(host_name("[::ffff:10.0.0.1]:5060"), "10.0.0.1");
        assert_eq!(host_name("0:0::1"), "::1");
    }
}
