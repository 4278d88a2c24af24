//! Where a dial leads: to a telephone that is registered, through a trunk, or straight to a URI.

use std::sync::atomic::Ordering;

use callroute_media::DialTarget;
use callroute_schema::mask;
use sipx_sip::{Host, Uri};
use sipx_transport::Target;

use crate::admit::access::Credentials;
use crate::convert::{self, bracketed, with_user};
use crate::reach::registrar::MAX_BINDINGS;
use crate::stack::{Stack, takes_sips};
use crate::way::Way;

/// Most telephones, and most trunks, that are tried for one dial.
const MAX_WAYS: usize = MAX_BINDINGS;

/// One way to whom is dialed.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The Request-URI.
    pub(crate) uri: String,
    /// It was dialed by a SIPS URI: it goes nowhere in the clear, nor on from there.
    pub(crate) secure: bool,
    /// Where it is sent; `None` to go by the URI.
    pub(crate) flow: Option<Target>,
    /// The trunk that it goes through.
    pub(crate) trunk: Option<String>,
    /// What is proven when a password is asked for.
    pub(crate) credentials: Option<Credentials>,
    /// Who has sent the call on to here.
    pub(crate) diverted: Option<Diverted>,
}

/// How a call was sent on, by a 3xx.
#[derive(Debug, Clone)]
pub(crate) struct Diverted {
    /// Who was called at first.
    pub(crate) first: String,
    /// Who has sent it here.
    pub(crate) by: String,
    /// How often it was sent on, this time included.
    pub(crate) times: usize,
}

impl Route {
    fn to(uri: String) -> Self {
        Self {
            secure: convert::is_sips(&uri),
            uri,
            flow: None,
            trunk: None,
            credentials: None,
            diverted: None,
        }
    }
}

impl Route {
    /// Whether a telephone may ring for whom it was dialed as: for a SIPS URI by TLS alone.
    fn is_fit(&mut self, secure: bool) -> bool {
        self.secure |= secure;
        let flow = self.flow.as_ref();
        !self.secure || flow.is_none_or(|flow| takes_sips(flow.transport))
    }
}

impl Stack {
    /// The ways to somebody, in the order to try them, those of a group at once; none when there
    /// is no way.
    pub(crate) fn routes_to(&self, to: &DialTarget) -> Vec<Vec<Route>> {
        // All telephones of a user ring; trunks are tried one after the other.
        let together = |routes: Vec<Route>| vec![routes];
        let in_turn = |routes: Vec<Route>| routes.into_iter().map(|route| vec![route]).collect();
        let mut groups: Vec<Vec<Route>> = match to {
            DialTarget::Sip(uri) => match self.user_of(uri.as_str()) {
                Some(user) => {
                    let secure = convert::is_sips(uri.as_str());
                    let mut found = self.telephones(&user);
                    found.retain_mut(|route| route.is_fit(secure));
                    together(found)
                }
                None => in_turn(vec![self.of_trunk(uri.as_str())]),
            },
            DialTarget::Number(number) => {
                let number = number.as_str();
                match self.config.contacts.get(number) {
                    Some(uri) => in_turn(vec![self.of_trunk(uri)]),
                    None => match self.telephones(number) {
                        routes if routes.is_empty() => in_turn(self.through_trunks(number)),
                        routes => together(routes),
                    },
                }
            }
            DialTarget::User(user) => match self.config.contacts.get(user.as_str()) {
                Some(uri) => in_turn(vec![self.of_trunk(uri)]),
                None => together(self.telephones(user.as_str())),
            },
            DialTarget::Trunk { trunk, number } => {
                let route = self.through(trunk.as_str(), number.as_str());
                in_turn(route.into_iter().collect())
            }
            DialTarget::Application { name, .. } => {
                let uri = self.config.applications.get(name);
                in_turn(uri.map(|uri| self.of_trunk(uri)).into_iter().collect())
            }
            other => {
                tracing::error!(?other, "a target that this adapter does not know");
                Vec::new()
            }
        };
        for group in &mut groups {
            group.truncate(MAX_WAYS);
        }
        groups.retain(|group| !group.is_empty());
        groups.truncate(MAX_WAYS);
        groups
    }

    /// The way through one trunk; none when there is no such trunk, or no room on it.
    fn through(&self, name: &str, number: &str) -> Option<Route> {
        let trunk = self.config.trunks.iter().find(|trunk| trunk.name == name);
        let Some(trunk) = trunk else {
            tracing::warn!(trunk = name, "there is no such trunk");
            return None;
        };
        if self.is_full(&trunk.name) {
            tracing::info!(trunk = trunk.name, "the trunk is full");
            return None;
        }
        Some(Route {
            trunk: Some(trunk.name.clone()),
            credentials: trunk.credentials.clone(),
            ..Route::to(with_user(&trunk.uri, number)?)
        })
    }

    /// The URIs that a caller is sent to: as they would be dialed, but for telephones behind a NAT,
    /// which only we can reach. A number without a trunk or contact is left to the caller's switch,
    /// as a number at the host that it dialed.
    pub(crate) fn contacts_of(&self, to: &DialTarget, way: &Way) -> Vec<String> {
        let routes = match to {
            // What names our users stays a name: the address of record.
            DialTarget::Sip(uri) => return vec![uri.as_str().to_owned()],
            _ => self.routes_to(to),
        };
        let direct = routes.into_iter().flatten().filter(|route| {
            let behind_nat = route.flow.as_ref().is_some_and(|flow| {
                let there =
                    |uri: Uri| matches!(uri.host(), Some(Host::Ip(ip)) if *ip == flow.addr.ip());
                !convert::uri(&route.uri).is_some_and(there)
            });
            !behind_nat
        });
        let uris: Vec<String> = direct.map(|route| route.uri).collect();
        match to {
            DialTarget::Number(number) if uris.is_empty() => way
                .host()
                .map(|host| format!("sip:{}@{host}", number.as_str()))
                .into_iter()
                .collect(),
            _ => uris,
        }
    }

    /// Whether a URI's host is ours: our realm, or our address.
    pub(crate) fn is_ours(&self, uri: &Uri) -> bool {
        match uri.host() {
            Some(Host::Ip(ip)) => {
                let port = uri.port().unwrap_or(5060);
                let local = self.handle.local_addr();
                port == local.port() && (*ip == local.ip() || *ip == self.named_ip(*ip))
            }
            Some(Host::Name(name)) => name
                .as_bytes()
                .eq_ignore_ascii_case(self.config.realm.as_bytes()),
            None => false,
        }
    }

    /// The user of ours whom a URI names: `sip:ann@REALM`, or at our own address.
    fn user_of(&self, uri: &str) -> Option<String> {
        if self.config.users.is_empty() {
            return None;
        }
        let uri = convert::uri(uri)?;
        let user = String::from_utf8(uri.decoded_user()?).ok()?;
        (self.is_ours(&uri) && self.config.users.iter().any(|known| known.name == user))
            .then_some(user)
    }

    fn telephones(&self, user: &str) -> Vec<Route> {
        let bindings = self.registrar.of(self.began.elapsed(), user);
        let alive = bindings
            .into_iter()
            .filter(|binding| self.handle.holds(&binding.flow));
        alive
            .map(|binding| Route {
                flow: Some(binding.flow),
                ..Route::to(binding.contact)
            })
            .collect()
    }

    fn through_trunks(&self, number: &str) -> Vec<Route> {
        let mut trunks: Vec<_> = self.config.trunks.iter().collect();
        let healthy = |name: &str| {
            let state = self.trunks.get(name);
            state.is_none_or(|trunk| trunk.healthy.load(Ordering::Relaxed))
        };
        // Stable: the written order stays, among those that answer and among those that do not.
        trunks.sort_by_key(|trunk| !healthy(&trunk.name));
        let mut routes = Vec::new();
        for trunk in trunks {
            routes.extend(self.through(&trunk.name, number));
        }
        let plain = self.config.trunk.as_deref();
        routes.extend(plain.and_then(|uri| with_user(uri, number)).map(Route::to));
        if routes.is_empty() {
            tracing::warn!(
                number = mask(number),
                "no trunk, and no contact for the number"
            );
        }
        routes
    }

    /// A URI as it stands; when it is at a trunk of ours, with its password.
    fn of_trunk(&self, uri: &str) -> Route {
        let host = |uri: &str| {
            let uri = convert::uri(uri)?;
            let host = match uri.host()? {
                Host::Ip(ip) => bracketed(*ip),
                Host::Name(name) => String::from_utf8_lossy(name.as_bytes()).to_ascii_lowercase(),
            };
            Some((host, uri.port()))
        };
        let wanted = host(uri);
        let mut trunks = self.config.trunks.iter();
        let trunk = trunks.find(|trunk| wanted.is_some() && host(&trunk.uri) == wanted);
        Route {
            trunk: trunk.map(|trunk| trunk.name.clone()),
            credentials: trunk.and_then(|trunk| trunk.credentials.clone()),
            ..Route::to(uri.to_owned())
        }
    }
}
