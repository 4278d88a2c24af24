//! What is noted of a call, within bounds: it goes along with every event and every ask, and who
//! answers may note more each time.

use std::collections::BTreeMap;

use crate::event::Event;

/// Most attributes of a call.
pub const MAX_ATTRIBUTES: usize = 64;
/// Most bytes of all their names and values.
pub const MAX_ATTRIBUTE_BYTES: usize = 16 * 1024;

impl Event {
    /// Notes attributes, in the place of those of the same names. Those that go beyond
    /// [`MAX_ATTRIBUTES`] or [`MAX_ATTRIBUTE_BYTES`] are left out, and their names given back; what was
    /// known before stays.
    #[must_use = "what was left out has to be told"]
    pub fn add_attributes(&mut self, attributes: BTreeMap<String, String>) -> Vec<String> {
        let size = |name: &str, value: &str| name.len() + value.len();
        let known = self.attributes.iter();
        let mut bytes: usize = known.map(|(name, value)| size(name, value)).sum();
        let mut left_out = Vec::new();
        for (name, value) in attributes {
            let before = self.attributes.get(&name);
            let less = before.map_or(0, |before| size(&name, before));
            let more = bytes - less + size(&name, &value);
            let has_place = before.is_some() || self.attributes.len() < MAX_ATTRIBUTES;
            if has_place && more <= MAX_ATTRIBUTE_BYTES {
                bytes = more;
                self.attributes.insert(name, value);
            } else {
                left_out.push(name);
            }
        }
        left_out
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES};
    use crate::{Address, CallId, Caller, Event};

    fn event() -> Event {
        let (call, to) = (CallId::new("a").unwrap(), Address::new("1").unwrap());
        let now = chrono::DateTime::UNIX_EPOCH.fixed_offset();
        Event::incoming_call(call, Caller::Withheld, to, now)
    }

    #[test]
    fn attributes_have_bounds_and_what_is_known_may_change() {
        let mut event = event();
        let many = |from: usize, to: usize, value: &str| {
            let names = (from..to).map(|n| (format!("n{n:03}"), value.to_owned()));
            names.collect()
        };
        assert!(event.add_attributes(many(0, 60, "a")).is_empty());
        let left_out = event.add_attributes(many(58, 66, "b"));
        assert_eq!(left_out, ["n064", "n065"]);
        assert_eq!(event.attributes.len(), MAX_ATTRIBUTES);
        assert_eq!(
            (&*event.attributes["n057"], &*event.attributes["n058"]),
            ("a", "b")
        );

        let long = "x".repeat(MAX_ATTRIBUTE_BYTES - 64 * 5 + 1 - 4);
        assert!(
            event
                .add_attributes([("n000".to_owned(), long)].into())
                .is_empty()
        );
        let all = event.attributes.iter();
        let bytes: usize = all.map(|(name, value)| name.len() + value.len()).sum();
        assert!(bytes <= MAX_ATTRIBUTE_BYTES, "{bytes}");
        assert_eq!(
            event.add_attributes(many(1, 3, &"y".repeat(99))),
            ["n001", "n002"]
        );
        assert_eq!(event.attributes["n001"], "a");
        assert!(
            event
                .add_attributes([("n000".to_owned(), "z".to_owned())].into())
                .is_empty()
        );
        assert!(event.add_attributes(many(1, 3, &"y".repeat(99))).is_empty());
    }
}
