//! Types that are a checked text: read by `parse`, and seen as a text.

/// `FromStr`, which is the type's own `new`, and `AsRef<str>`.
macro_rules! text {
    ($name:ident, $error:ident) => {
        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
    };
}

pub(crate) use text;
