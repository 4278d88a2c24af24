//! Something that is most often used in the place where it was made, and now and then shared with
//! a task of its own.

#![cfg(feature = "client")]

use std::ops::Deref;
use std::sync::Arc;

/// A borrowed value, or a shared one; the first needs no allocation.
#[derive(Debug)]
pub(crate) enum Held<'a, T> {
    Here(&'a T),
    Shared(Arc<T>),
}

impl<T> Clone for Held<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Here(value) => Self::Here(value),
            Self::Shared(value) => Self::Shared(Arc::clone(value)),
        }
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Here(value) => value,
            Self::Shared(value) => value,
        }
    }
}
