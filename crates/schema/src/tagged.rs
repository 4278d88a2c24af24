//! Enums told apart by a tag among their fields (`action`, `type`), without serde's buffering.
//!
//! serde's own internally tagged enums buffer the whole map, which loses every position inside.
//! Here the tag is read first and the rest streams into the variant's struct. Where another key
//! comes first, the map is collected into a [`Node`](crate::tree::Node), which keeps paths.

/// Implements `Serialize` and `Deserialize` for an enum of structs with a tag in front.
macro_rules! tagged {
    (
        enum $name:ident, kind $kind:ident, tag $tag:literal, expecting $expecting:literal,
        $(text $text:ident($text_type:ty),)?
        { $($(#[doc = $doc:literal])+ $variant:ident($content:ty) = $wire:literal,)+ }
    ) => {
        #[doc = concat!("The words that `", $tag, "` may hold.")]
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[non_exhaustive]
        pub enum $kind {
            $($(#[doc = $doc])+ #[serde(rename = $wire)] $variant,)+
        }

        impl $kind {
            /// The word on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $wire,)+
                }
            }
        }

        impl $name {
            #[doc = concat!("The word that `", $tag, "` holds; `None` where a plain string stands for it all.")]
            #[must_use]
            pub fn kind(&self) -> Option<$kind> {
                match self {
                    $(Self::$variant(_) => Some($kind::$variant),)+
                    $(Self::$text(_) => None,)?
                }
            }
        }

        #[cfg(feature = "json-schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let variants = vec![$(
                    $crate::json_schema::variant::<$content>(
                        generator,
                        $tag,
                        $wire,
                        concat!(stringify!($variant), stringify!($name)),
                        concat!($($doc,)+),
                    ),
                )+];
                $(let variants = {
                    let mut variants = variants;
                    variants.push(generator.subschema_for::<$text_type>());
                    variants
                };)?
                schemars::json_schema!({ "oneOf": variants })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[derive(serde::Serialize)]
                #[serde(tag = $tag)]
                enum Wire<'a> {
                    $(#[serde(rename = $wire)] $variant(&'a $content),)+
                }
                match self {
                    $(Self::$variant(content) => Wire::$variant(content).serialize(serializer),)+
                    $(Self::$text(text) => text.serialize(serializer),)?
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    $(fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        use serde::de::IntoDeserializer;
                        let text: serde::de::value::StrDeserializer<'_, E> =
                            text.into_deserializer();
                        <$text_type as serde::Deserialize>::deserialize(text).map($name::$text)
                    })?

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$name, A::Error> {
                        use serde::de::Error;
                        let Some(first) = map.next_key::<String>()? else {
                            return Err(A::Error::missing_field($tag));
                        };
                        if first != $tag {
                            return $crate::tree::reorder(first, map, $tag);
                        }
                        let kind: $kind = map.next_value()?;
                        let rest = serde::de::value::MapAccessDeserializer::new(map);
                        match kind {
                            $($kind::$variant => {
                                <$content as serde::Deserialize>::deserialize(rest)
                                    .map($name::$variant)
                            })+
                        }
                    }
                }

                deserializer.deserialize_any(Visitor)
            }
        }
    };
}

pub(crate) use tagged;
