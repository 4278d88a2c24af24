//! Enums that are one word on the wire, and read other systems' words for it as well.

/// One word of such an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<T: 'static> {
    /// What it stands for.
    pub value: T,
    /// The word on the wire.
    pub word: &'static str,
    /// Other systems' words that are read for it.
    pub aliases: &'static [&'static str],
    /// What it means.
    pub meaning: &'static str,
}

/// A word that is none of those that may stand there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is none of {}", expected.join(", "))]
pub struct UnknownWord {
    /// What was found.
    pub found: String,
    /// What may stand there.
    pub expected: &'static [&'static str],
}

/// Defines an enum of words with its wire form: `as_str`, `FromStr`, the aliases, serde and JSON
/// Schema.
///
/// serde's own `alias` would list every alias as an expected word in its errors.
macro_rules! words {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $($(#[doc = $doc:literal])+ $variant:ident = $word:literal $(| $alias:literal)*,)+
        }
    ) => {
        $(#[$attribute])*
        pub enum $name {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $name {
            /// Every value, with its word, the other systems' words that are read for it, and
            /// what it means.
            pub const WORDS: &'static [$crate::words::Word<Self>] = &[$(
                $crate::words::Word {
                    value: Self::$variant,
                    word: $word,
                    aliases: &[$($alias),*],
                    meaning: concat!($($doc,)+),
                },
            )+];

            /// The word on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word $(| $alias)* => Ok(Self::$variant),)+
                    _ => Err($crate::words::UnknownWord {
                        found: word.to_owned(),
                        expected: &[$($word),+],
                    }),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Word;

                impl serde::de::Visitor<'_> for Word {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a word")
                    }

                    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<$name, E> {
                        word.parse().map_err(|unknown: $crate::words::UnknownWord| {
                            E::unknown_variant(word, unknown.expected)
                        })
                    }
                }

                deserializer.deserialize_str(Word)
            }
        }

        #[cfg(feature = "json-schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": [$($word),+] })
            }
        }
    };
}

pub(crate) use words;
