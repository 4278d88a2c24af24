//! One text or a list of texts; one number or a list of numbers.

use std::fmt;

use serde::de::{DeserializeSeed, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// One text, or a list of texts; never empty.
#[derive(Debug, Clone)]
pub(crate) struct Texts(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Texts, E> {
                Text.visit_u64(number).map(|text| Texts(vec![text]))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Texts, E> {
                Text.visit_i64(number).map(|text| Texts(vec![text]))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Texts, E> {
                Text.visit_f64(number).map(|text| Texts(vec![text]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut list = Vec::new();
                while let Some(text) = seq.next_element_seed(Text)? {
                    list.push(text);
                }
                match list.is_empty() {
                    true => Err(A::Error::custom("expected at least one text, found none")),
                    false => Ok(Texts(list)),
                }
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

/// One text. Digits and shares need no quotes, in TOML and JSON neither.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }
}

/// One number, or a list of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Places(pub(crate) Vec<i64>);

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Places;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a list of numbers")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Places, E> {
                Ok(Places(vec![number]))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Places, E> {
                // Far out of range either way.
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            // What is not quoted in YAML is a text until somebody wants a number.
            fn visit_str<E: Error>(self, text: &str) -> Result<Places, E> {
                let number = text.parse();
                let number =
                    number.map_err(|_| E::invalid_type(serde::de::Unexpected::Str(text), &self))?;
                self.visit_i64(number)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Places, A::Error> {
                let mut list = Vec::new();
                while let Some(number) = seq.next_element()? {
                    list.push(number);
                }
                match list.is_empty() {
                    true => Err(A::Error::custom("expected at least one number, found none")),
                    false => Ok(Places(list)),
                }
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}
