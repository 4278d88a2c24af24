//! Names and ids as types, so that a menu's name is never taken for a target's.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Longest name that is accepted, in bytes.
const MAX_NAME: usize = 128;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text has no characters.
    #[error("a name must not be empty")]
    Empty,
    /// The text is longer than any name may be.
    #[error("a name has at most {MAX_NAME} bytes, found {found}")]
    TooLong {
        /// Length found, in bytes.
        found: usize,
    },
    /// A character that no name may hold.
    #[error("a name must not hold {found:?}; use letters, digits, `_`, `-`, `.` or `:`")]
    Character {
        /// The character found.
        found: char,
    },
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_NAME {
        return Err(NameError::TooLong { found: text.len() });
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    match crate::variable::fixed(text).chars().find(|c| !allowed(*c)) {
        Some(found) => Err(NameError::Character { found }),
        None => Ok(()),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(String);

        impl $name {
            /// Takes a text as a name: letters, digits, `_`, `-`, `.` and `:`, at most 128 bytes.
            ///
            /// # Errors
            /// [`NameError`] says what the text holds that a name may not.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        $crate::text::text!($name, NameError);

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name! {
    /// A target of the routing file: an action, or a list of them, with a name.
    TargetName
}
name! {
    /// A menu of the routing file.
    MenuName
}
name! {
    /// A webhook of the routing file.
    WebhookName
}
name! {
    /// An agent of the routing file.
    AgentName
}
name! {
    /// One call's id. Ours, made by the router: never the SIP Call-ID, which the caller chooses.
    CallId
}
/// The letters and digits of a ULID: those that are not taken for one another.
const ULID: [u8; 32] = *b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Of a ULID: its 26 letters and digits (Crockford's base 32).
impl From<u128> for CallId {
    fn from(ulid: u128) -> Self {
        let digit = |place: u32| {
            let value = usize::try_from((ulid >> (5 * place)) & 31).unwrap_or(0);
            char::from(ULID.get(value).copied().unwrap_or(b'0'))
        };
        Self((0..26).rev().map(digit).collect())
    }
}

name! {
    /// A queue of the routing file.
    QueueName
}
name! {
    /// A user that registers phones with us.
    UserName
}
name! {
    /// A trunk: a line to a carrier or to another switch.
    TrunkName
}
name! {
    /// A conference.
    ConferenceName
}

#[cfg(test)]
mod tests {
    use super::CallId;

    #[test]
    fn a_number_is_shown_as_a_ulid() {
        // An example of the ULID specification, and its bounds.
        let id = 0x0156_3E3A_B5D3_D676_4C61_EFB9_9302_BD5B_u128;
        assert_eq!(CallId::from(id).as_str(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        assert_eq!(CallId::from(0).as_str(), "0".repeat(26));
        assert_eq!(
            CallId::from(u128::MAX).as_str(),
            "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
        );
        let made = CallId::from(id);
        assert_eq!(CallId::new(made.as_str()), Ok(made.clone()));
    }
}
