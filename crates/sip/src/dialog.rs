//! A dialog: its identity, its route, and the requests sent within it (RFC 3261, section 12).

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use bytes::Bytes;
use sipx_sip::headers::RecordRoute;
use sipx_sip::{BuildError, Header, HeaderName, Method, Request, RequestBuilder, Response, Uri};

use crate::message::{call_id, contact, from_tag, sequence, set_sequence, to_tag};
use crate::refer::Replaces;

/// One dialog, seen from our end.
#[derive(Debug, Clone)]
pub(crate) struct Dialog {
    call_id: Bytes,
    /// Our From, with its tag.
    local: Bytes,
    /// Their To, with its tag.
    remote: Bytes,
    local_tag: Option<Vec<u8>>,
    remote_tag: Option<Vec<u8>>,
    local_sequence: u32,
    remote_sequence: Option<u32>,
    /// Where requests are sent to: their Contact.
    target: Uri,
    /// The route set, nearest hop first.
    routes: Vec<Uri>,
    /// Our Contact.
    contact: String,
    /// We began it, and made its Call-ID.
    is_ours: bool,
    /// What our last INVITE has proven, for its ACK.
    credentials: Vec<Header>,
}

/// What of an INVITE of ours its dialogs are made of.
#[derive(Debug)]
pub(crate) struct Opening {
    call_id: Bytes,
    local: Bytes,
    local_tag: Option<Vec<u8>>,
    sequence: u32,
    contact: String,
    /// What it has proven.
    credentials: Vec<Header>,
}

impl Opening {
    /// Of this INVITE, with our Contact.
    pub(crate) fn of(invite: &Request, contact: &str) -> Self {
        let headers = &invite.headers;
        let local = headers.value(&HeaderName::From).unwrap_or_default();
        Self {
            call_id: call_id(headers).into(),
            local: local.into_owned().into(),
            local_tag: from_tag(headers),
            sequence: sequence(headers).unwrap_or(1),
            contact: contact.to_owned(),
            credentials: credentials(invite),
        }
    }

    /// The INVITE's number.
    pub(crate) fn sequence(&self) -> u32 {
        self.sequence
    }
}

/// Why a message cannot begin a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DialogError {
    /// No Contact, so there is nowhere to send requests to.
    #[error("no usable Contact")]
    Contact,
    /// A Record-Route that cannot be read.
    #[error("malformed Record-Route")]
    RecordRoute,
}

impl Dialog {
    /// The dialog that an INVITE from outside begins; `tag` is ours.
    pub(crate) fn from_invite(
        invite: &Request,
        tag: &str,
        contact_of_ours: String,
    ) -> Result<Self, DialogError> {
        let headers = &invite.headers;
        let to = headers.value(&HeaderName::To).unwrap_or_default();
        Ok(Self {
            call_id: call_id(headers).into(),
            local: [&to, b";tag=".as_slice(), tag.as_bytes()].concat().into(),
            remote: headers
                .value(&HeaderName::From)
                .unwrap_or_default()
                .into_owned()
                .into(),
            local_tag: Some(tag.as_bytes().to_vec()),
            remote_tag: from_tag(headers),
            local_sequence: 0,
            remote_sequence: sequence(headers),
            target: contact(headers).ok_or(DialogError::Contact)?,
            routes: record_route(headers)?,
            contact: contact_of_ours,
            is_ours: false,
            credentials: Vec::new(),
        })
    }

    /// The dialog that a response to our INVITE begins: a 2xx, or a provisional one.
    pub(crate) fn from_answer(opening: &Opening, response: &Response) -> Result<Self, DialogError> {
        let headers = &response.headers;
        let mut routes = record_route(headers)?;
        routes.reverse();
        Ok(Self {
            call_id: opening.call_id.clone(),
            local: opening.local.clone(),
            remote: headers
                .value(&HeaderName::To)
                .unwrap_or_default()
                .into_owned()
                .into(),
            local_tag: opening.local_tag.clone(),
            remote_tag: to_tag(headers),
            local_sequence: opening.sequence,
            remote_sequence: None,
            target: contact(headers).ok_or(DialogError::Contact)?,
            routes,
            contact: opening.contact.clone(),
            is_ours: true,
            credentials: opening.credentials.clone(),
        })
    }

    /// Its name for whoever speaks of it, as its far end would write it (RFC 3891).
    pub(crate) fn name(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let tag = |tag: &Option<Vec<u8>>| tag.as_deref().map(text).unwrap_or_default();
        Replaces {
            call_id: text(&self.call_id),
            to_tag: tag(&self.local_tag),
            from_tag: tag(&self.remote_tag),
            early_only: false,
        }
        .name()
    }

    /// Whether its far end has this tag.
    pub(crate) fn is_of(&self, tag: &str) -> bool {
        is_tag(self.remote_tag.as_deref(), tag)
    }

    /// Whether a request's From tag is that of this dialog's far end.
    pub(crate) fn is_from_peer(&self, request: &Request) -> bool {
        from_tag(&request.headers) == self.remote_tag
    }

    /// Whether a response's To tag is that of this dialog's far end, not of another fork.
    pub(crate) fn is_answer_of_peer(&self, response: &Response) -> bool {
        to_tag(&response.headers) == self.remote_tag
    }

    /// Takes a request's sequence number; `false` when it is out of order (section 12.2.2).
    pub(crate) fn accepts(&mut self, request: &Request) -> bool {
        let Some(found) = sequence(&request.headers) else {
            return false;
        };
        if self.remote_sequence.is_some_and(|last| found <= last) {
            return false;
        }
        self.remote_sequence = Some(found);
        true
    }

    /// A target refresh: the far end's Contact may have moved (section 12.2).
    pub(crate) fn refresh(&mut self, headers: &sipx_sip::Headers) {
        if let Some(target) = contact(headers) {
            self.target = target;
        }
    }

    /// Whether we began it, and so made its Call-ID.
    pub(crate) fn is_ours(&self) -> bool {
        self.is_ours
    }

    /// Our Contact.
    pub(crate) fn contact(&self) -> &str {
        &self.contact
    }

    /// Whether it came about by TLS, and by a SIPS URI: all its requests go by TLS (RFC 3261, sections 8.1.2
    /// and 12.1.1). What has come in the clear, whatever its URIs say, goes back as it came.
    pub(crate) fn is_secure(&self) -> bool {
        self.contact.starts_with("<sips:")
    }

    /// Where the next request goes: the first route, else the far end's Contact.
    pub(crate) fn next_hop(&self) -> &Uri {
        self.routes.first().unwrap_or(&self.target)
    }

    /// Whether there is a route set.
    pub(crate) fn is_routed(&self) -> bool {
        !self.routes.is_empty()
    }

    /// The next request of this dialog.
    pub(crate) fn request(&mut self, method: &Method) -> Result<RequestBuilder, BuildError> {
        self.local_sequence = self.local_sequence.saturating_add(1);
        self.build(method, self.local_sequence)
    }

    /// An INVITE of ours within the dialog was accepted: its ACK has the same credentials.
    pub(crate) fn accepted(&mut self, invite: &Request) {
        self.credentials = credentials(invite);
    }

    /// The ACK of a 2xx to the INVITE with this sequence number, with its credentials (section
    /// 13.2.2.4). Its Via is `via`, as it has no transaction that would give it one.
    pub(crate) fn ack(&self, sequence: u32, via: String) -> Result<Request, BuildError> {
        let mut ack = self.build(&Method::Ack, sequence)?.build();
        for header in &self.credentials {
            ack.headers.push(header.clone());
        }
        ack.headers.push_front(Header::build(HeaderName::Via, via)?);
        Ok(ack)
    }

    /// The branch of that ACK. It is the same each time: when the 2xx comes again, so does the same
    /// ACK (section 13.2.2.4). Another fork has another tag, and so another branch.
    pub(crate) fn ack_branch(&self, sequence: u32) -> String {
        let tags = (&self.local_tag, &self.remote_tag);
        let name = BuildHasherDefault::<DefaultHasher>::default().hash_one(tags);
        let call = BuildHasherDefault::<DefaultHasher>::default().hash_one(&self.call_id);
        format!("z9hG4bK{name:016x}{call:016x}.{sequence}")
    }

    /// Gives a request that is sent once more, with something else in it, the next number.
    pub(crate) fn renumber(&mut self, request: &mut Request) -> Result<(), BuildError> {
        self.local_sequence = self.local_sequence.saturating_add(1);
        set_sequence(request, self.local_sequence)
    }

    /// Numbers up to this one were used, in what came before the dialog was confirmed.
    pub(crate) fn used(&mut self, sequence: u32) {
        self.local_sequence = self.local_sequence.max(sequence);
    }

    /// The sequence number of the latest request of ours.
    pub(crate) fn local_sequence(&self) -> u32 {
        self.local_sequence
    }

    fn build(&self, method: &Method, sequence: u32) -> Result<RequestBuilder, BuildError> {
        // A first route without `lr` is a strict router: it wants to be the Request-URI, with
        // our target at the end of the routes (section 12.2.1.1).
        let strict = self.routes.first().filter(|route| !is_loose(route));
        let (uri, routes): (&Uri, Vec<&Uri>) = match strict {
            Some(first) => (
                first,
                self.routes.iter().skip(1).chain([&self.target]).collect(),
            ),
            None => (&self.target, self.routes.iter().collect()),
        };
        let mut builder = RequestBuilder::new(method.clone(), uri.clone())
            .max_forwards(70)
            .header(HeaderName::From, self.local.clone())?
            .header(HeaderName::To, self.remote.clone())?
            .header(HeaderName::CallId, self.call_id.clone())?
            .cseq(sequence, method)?;
        for route in routes {
            let value = [b"<".as_slice(), &route.to_bytes(), b">"].concat();
            builder = builder.header(HeaderName::Route, value)?;
        }
        if matches!(method, Method::Invite | Method::Update) {
            builder = builder.header(HeaderName::Contact, self.contact.clone())?;
        }
        Ok(builder)
    }
}

/// Whether a far end's tag is the one that is named; one that it does not have is 0 (RFC 3891,
/// section 3).
pub(crate) fn is_tag(found: Option<&[u8]>, named: &str) -> bool {
    match found {
        Some(found) => found == named.as_bytes(),
        None => named == "0",
    }
}

/// Whether a route is a loose router (RFC 3261, section 19.1.1: `lr`).
fn is_loose(route: &Uri) -> bool {
    route.params().is_some_and(|params| params.contains("lr"))
}

fn credentials(invite: &Request) -> Vec<Header> {
    let names = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
    let all = names.iter().flat_map(|name| invite.headers.get_all(name));
    all.cloned().collect()
}

fn record_route(headers: &sipx_sip::Headers) -> Result<Vec<Uri>, DialogError> {
    headers
        .typed_all::<RecordRoute>()
        .map(|route| {
            route
                .map(|route| route.0.uri)
                .map_err(|_| DialogError::RecordRoute)
        })
        .collect()
}
