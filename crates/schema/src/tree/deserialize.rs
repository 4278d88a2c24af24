//! Tree to typed value: a serde deserializer whose errors know where they happened.

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::error::{ReadError, Segment};
use super::expected::range;
use super::node::{Key, Node, Value};

/// Keys that tell a map's kind; they are given first, so that the rest can stream.
const TAGS: [&str; 3] = ["action", "type", "event"];

/// Most fields of a map that a message names.
const FIELDS: usize = 8;

impl Node {
    /// Reads a typed value from this part of a document.
    ///
    /// # Errors
    /// [`ReadError`] with the path below this node, and the line and column where known.
    pub fn read<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ReadError> {
        T::deserialize(self).map_err(|error| error.at(self.span))
    }

    /// Reads a tagged value from a map's entries, with this key first, whatever the order.
    pub(super) fn read_tagged<'de, T: Deserialize<'de>>(
        entries: &'de [(Key, Self)],
        tag: &str,
    ) -> Result<T, ReadError> {
        let first = entries.iter().find(|(key, _)| key.text == tag);
        T::deserialize(MapAccessDeserializer::new(Entries::new(entries, first)))
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match &self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(text) => text
                .parse()
                .map_or(Unexpected::Other("a number"), Unexpected::Signed),
            Value::Text(text) | Value::Plain(text) => Unexpected::Str(text),
            Value::Seq(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
        }
    }

    fn mismatch<'de, V: Visitor<'de>>(&self, visitor: &V) -> ReadError {
        ReadError::invalid_type(self.unexpected(), visitor).at(self.span)
    }

    /// Text that is meant as such: quoted, or unquoted in YAML.
    fn string(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Plain(text) => Some(text),
            _ => None,
        }
    }

    /// The written form of a number.
    fn number<N: std::str::FromStr>(&self) -> Option<N> {
        match &self.value {
            Value::Number(text) | Value::Plain(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Plain(text) => matches!(text.as_str(), "" | "~" | "null"),
            _ => false,
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match self.number::<$type>() {
                Some(number) => visitor.$visit(number),
                None => Err(ReadError::new(format!(
                    "expected {}, found {}",
                    range(&<$type>::MIN, &<$type>::MAX, self.is_digits()),
                    self.found(),
                )).at(self.span)),
            }
        })+
    };
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let read = match &self.value {
            _ if self.is_null() => visitor.visit_unit(),
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(text) => match (text.parse(), text.parse(), text.parse()) {
                (Ok(number), _, _) => visitor.visit_u64(number),
                (_, Ok(number), _) => visitor.visit_i64(number),
                (_, _, Ok(number)) => visitor.visit_f64(number),
                _ => Err(self.mismatch(&visitor)),
            },
            Value::Text(text) | Value::Plain(text) => visitor.visit_borrowed_str(text),
            Value::Seq(items) => visitor.visit_seq(Items {
                items: items.iter(),
                index: 0,
            }),
            Value::Map(entries) => {
                let is_tag = |(key, _): &&(Key, Node)| TAGS.contains(&key.text.as_str());
                visitor.visit_map(Entries::new(entries, entries.iter().find(is_tag)))
            }
        };
        read.map_err(|error| error.at(self.span))
    }

    numbers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Plain(text) if text == "true" => visitor.visit_bool(true),
            Value::Plain(text) if text == "false" => visitor.visit_bool(false),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.string() {
            Some(text) => visitor
                .visit_borrowed_str(text)
                .map_err(|error: ReadError| error.at(self.span)),
            None => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_null() {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    /// A struct is written as a map, never as a list of its values.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if matches!(self.value, Value::Map(_)) {
            return self.deserialize_any(visitor);
        }
        let shown: Vec<String> = fields
            .iter()
            .take(FIELDS)
            .map(|f| format!("`{f}`"))
            .collect();
        let more = if fields.len() > FIELDS { ", …" } else { "" };
        let (shown, found) = (shown.join(", "), self.found());
        let message = format!("expected a map with {shown}{more}, found {found}");
        Err(ReadError::new(message).at(self.span))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let Some(text) = self.string() else {
            return Err(self.mismatch(&visitor));
        };
        let word: StrDeserializer<'_, ReadError> = text.into_deserializer();
        visitor
            .visit_enum(word)
            .map_err(|error| error.at(self.span))
    }

    forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'de> {
    items: std::slice::Iter<'de, Node>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let index = self.index;
        self.index += 1;
        seed.deserialize(item)
            .map(Some)
            .map_err(|error| error.at(item.span).under(Segment::Index(index)))
    }
}

struct Entries<'de> {
    tag: Option<&'de (Key, Node)>,
    rest: std::slice::Iter<'de, (Key, Node)>,
    skip: Option<&'de (Key, Node)>,
    current: Option<&'de (Key, Node)>,
}

impl<'de> Entries<'de> {
    fn new(entries: &'de [(Key, Node)], tag: Option<&'de (Key, Node)>) -> Self {
        Self {
            tag,
            rest: entries.iter(),
            skip: tag,
            current: None,
        }
    }

    fn advance(&mut self) -> Option<&'de (Key, Node)> {
        if let Some(tag) = self.tag.take() {
            return Some(tag);
        }
        let skip = self.skip;
        self.rest
            .by_ref()
            .find(|entry| !skip.is_some_and(|tag| std::ptr::eq(tag, *entry)))
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some(entry) = self.advance() else {
            return Ok(None);
        };
        self.current = Some(entry);
        let (key, _) = entry;
        // A struct tells its own fields that are there twice; the tag is none of them.
        if self
            .skip
            .is_some_and(|tag| tag.0.text == key.text && !std::ptr::eq(tag, entry))
        {
            let message = format!("duplicate field `{}`", key.text);
            return Err(ReadError::new(message).at(key.span));
        }
        let text: StrDeserializer<'de, ReadError> = key.text.as_str().into_deserializer();
        seed.deserialize(text)
            .map(Some)
            .map_err(|error| error.at(key.span).under(Segment::Key(key.text.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((key, node)) = self.current.take() else {
            return Err(ReadError::new("a value was asked for before its key"));
        };
        seed.deserialize(node)
            .map_err(|error| error.at(node.span).under(Segment::Key(key.text.clone())))
    }
}
