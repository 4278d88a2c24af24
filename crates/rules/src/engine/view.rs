//! A call's event, as far as routing looks at it: borrowed, so that nothing is copied.

use callroute_schema::{Caller, Event, Transport};

/// What routing looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) from: From<'a>,
    pub(crate) to: &'a str,
    /// Whole seconds since 1970.
    pub(crate) utc: i64,
    pub(crate) call_id: &'a str,
    /// What was pressed last; empty: nothing.
    pub(crate) digits: &'a str,
    /// Everything else, where the event has more than its first five fields.
    pub(crate) event: Option<&'a Event>,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From<'a> {
    Known(&'a str),
    Withheld,
    Unavailable,
}

impl<'a> View<'a> {
    #[inline]
    pub(crate) fn of(event: &'a Event) -> Self {
        let pressed = event.menu.as_ref().and_then(|menu| menu.digits.as_ref());
        Self {
            from: match &event.from {
                Caller::Known(address) => From::Known(address.as_str()),
                Caller::Withheld => From::Withheld,
                Caller::Unavailable => From::Unavailable,
            },
            to: event.to.as_str(),
            utc: event.timestamp.timestamp(),
            call_id: event.call_id.as_str(),
            digits: pressed.map_or("", |digits| digits.as_str()),
            event: Some(event),
        }
    }

    pub(crate) fn caller(&self) -> Option<&'a str> {
        match self.from {
            From::Known(number) => Some(number),
            From::Withheld | From::Unavailable => None,
        }
    }

    pub(crate) fn is_withheld(&self) -> bool {
        self.from == From::Withheld
    }

    pub(crate) fn trunk(&self) -> Option<&'a str> {
        self.event?.source.as_ref()?.trunk.as_deref()
    }

    pub(crate) fn transport(&self) -> Option<Transport> {
        self.event?.source.as_ref()?.transport
    }

    /// A header by its name, in any case (RFC 3261, section 7.3.1).
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        let mut headers = self.event?.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.event?.attributes.get(name).map(String::as_str)
    }
}
