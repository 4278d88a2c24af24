//! Maps whose first key was read already.

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Error, IntoDeserializer, MapAccess};

use super::node::{Key, Node};
use crate::action::Action;
use crate::menu::{Branch, Repeat};

/// Reads a tagged value whose tag is not the first key: collects the map, then reads it again.
///
/// A [`Node`] gives its tag first, so this happens on a stream of JSON, and where a map holds
/// the tag of something else too.
pub(crate) fn reorder<'de, T, A>(
    first: String,
    mut map: A,
    tag: &'static str,
) -> Result<T, A::Error>
where
    T: DeserializeOwned,
    A: MapAccess<'de>,
{
    let key = |text| Key { text, span: None };
    let mut entries = vec![(key(first), map.next_value()?)];
    while let Some(text) = map.next_key()? {
        entries.push((key(text), map.next_value()?));
    }
    if !entries.iter().any(|(key, _)| key.text == tag) {
        return Err(A::Error::missing_field(tag));
    }
    Node::read_tagged(&entries, tag).map_err(A::Error::custom)
}

/// Reads a menu's branch, which is an action or `{repeat, then}`.
pub(crate) fn branch<'de, A: MapAccess<'de>>(first: String, map: A) -> Result<Branch, A::Error> {
    let repeat = matches!(first.as_str(), "repeat" | "then");
    let whole = MapAccessDeserializer::new(Unread {
        first: Some(first),
        map,
    });
    if repeat {
        Repeat::deserialize(whole).map(Branch::Repeat)
    } else {
        Action::deserialize(whole)
            .map(|action| Branch::Actions(crate::answer::Actions::one(action)))
    }
}

/// A map with its first key put back.
struct Unread<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Unread<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(first) => {
                let first: StringDeserializer<A::Error> = first.into_deserializer();
                seed.deserialize(first).map(Some)
            }
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
