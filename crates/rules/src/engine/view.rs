//! A call's event, as far as routing looks at it: borrowed, so that nothing is copied.

use callroute_schema::number::Key;
use callroute_schema::{Address, Caller, Event, Transport};

use super::utc;

/// What routing looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'a> {
    Event(&'a Event),
    /// An incoming call with the five fields that each has, and no other.
    Bare(&'a Bare<'a>),
}

/// An incoming call's own fields.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bare<'a> {
    pub(crate) from: CallerView<'a>,
    pub(crate) to: &'a str,
    /// Caller and dialed number as they are compared.
    pub(crate) keys: [Key; 2],
    /// Whole seconds since 1970.
    pub(crate) utc: i64,
    pub(crate) call_id: &'a str,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallerView<'a> {
    Known(&'a str),
    Withheld,
    Unavailable,
}

impl<'a> View<'a> {
    #[inline]
    pub(crate) fn from(&self) -> CallerView<'a> {
        match self {
            Self::Event(event) => match &event.from {
                Caller::Known(address) => CallerView::Known(address.as_str()),
                Caller::Withheld => CallerView::Withheld,
                Caller::Unavailable => CallerView::Unavailable,
            },
            Self::Bare(bare) => bare.from,
        }
    }

    #[inline]
    pub(crate) fn to(&self) -> &'a str {
        match self {
            Self::Event(event) => event.to.as_str(),
            Self::Bare(bare) => bare.to,
        }
    }

    /// Caller and dialed number as they are compared.
    #[inline(always)]
    pub(crate) fn keys(&self) -> [Key; 2] {
        match self {
            // No number: nothing may match it, not even what begins with nothing.
            Self::Event(event) => [
                event.from.address().map_or(Key::NOBODY, Address::key),
                event.to.key(),
            ],
            Self::Bare(bare) => bare.keys,
        }
    }

    /// Whole seconds since 1970.
    #[inline]
    pub(crate) fn utc(&self) -> i64 {
        match self {
            Self::Event(event) => utc::seconds(&event.timestamp),
            Self::Bare(bare) => bare.utc,
        }
    }

    pub(crate) fn call_id(&self) -> &'a str {
        match self {
            Self::Event(event) => event.call_id.as_str(),
            Self::Bare(bare) => bare.call_id,
        }
    }

    /// What was pressed last; empty: nothing.
    #[inline]
    pub(crate) fn digits(&self) -> &'a str {
        let pressed = || self.event()?.menu.as_ref()?.digits.as_ref();
        pressed().map_or("", |digits| digits.as_str())
    }

    #[inline]
    pub(crate) fn event(&self) -> Option<&'a Event> {
        match self {
            Self::Event(event) => Some(event),
            Self::Bare(_) => None,
        }
    }

    pub(crate) fn caller(&self) -> Option<&'a str> {
        match self.from() {
            CallerView::Known(number) => Some(number),
            CallerView::Withheld | CallerView::Unavailable => None,
        }
    }

    pub(crate) fn is_withheld(&self) -> bool {
        self.from() == CallerView::Withheld
    }

    pub(crate) fn trunk(&self) -> Option<&'a str> {
        self.event()?.source.as_ref()?.trunk.as_deref()
    }

    pub(crate) fn transport(&self) -> Option<Transport> {
        self.event()?.source.as_ref()?.transport
    }

    /// A header by its name, in any case (RFC 3261, section 7.3.1).
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        let mut headers = self.event()?.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.event()?.attributes.get(name).map(String::as_str)
    }
}
