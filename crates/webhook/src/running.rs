//! A few futures that run beside each other in one task; dropping the set stops them all.

#![cfg(feature = "client")]

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Futures, each with a key by which it is known. Most often there is one at a time: it has a
/// place of its own, which is not allocated.
pub(crate) struct Running<'a, F, K, T> {
    place: Pin<&'a mut Option<F>>,
    /// Of the future in the place.
    key: Option<K>,
    list: Vec<(K, Boxed<'a, T>)>,
}

impl<'a, F, K, T> Running<'a, F, K, T>
where
    F: Future<Output = T> + Send + 'a,
{
    pub(crate) fn new(place: Pin<&'a mut Option<F>>) -> Self {
        Self {
            place,
            key: None,
            list: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, key: K, future: F) {
        if self.is_empty() {
            self.place.set(Some(future));
            self.key = Some(key);
        } else {
            self.push_other(key, future);
        }
    }

    /// A future of another kind.
    #[cold]
    #[inline(never)]
    pub(crate) fn push_other(&mut self, key: K, future: impl Future<Output = T> + Send + 'a) {
        self.list.push((key, Box::pin(future)));
    }

    /// The next one to end; the earliest started is asked first. Never ends for an empty set.
    pub(crate) async fn next(&mut self) -> (K, T)
    where
        K: Copy,
    {
        poll_fn(|context| self.poll_end(context, |key, value| (*key, value))).await
    }

    /// The same; `end` takes what came of it where it is, since to hand it on costs copies.
    pub(crate) fn poll_end<R>(
        &mut self,
        context: &mut Context<'_>,
        end: impl FnOnce(&K, T) -> R,
    ) -> Poll<R> {
        if let Some(future) = self.place.as_mut().as_pin_mut()
            && let Poll::Ready(value) = future.poll(context)
        {
            self.place.set(None);
            if let Some(key) = self.key.take() {
                return Poll::Ready(end(&key, value));
            }
        }
        match self.list.is_empty() {
            true => Poll::Pending,
            false => {
                let ended = self.poll_list(context);
                ended.map(|(key, value)| end(&key, value))
            }
        }
    }

    #[cold]
    fn poll_list(&mut self, context: &mut Context<'_>) -> Poll<(K, T)> {
        for (place, (_, future)) in self.list.iter_mut().enumerate() {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                let (key, _) = self.list.remove(place);
                return Poll::Ready((key, value));
            }
        }
        Poll::Pending
    }

    /// What runs, the earliest started first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        let list = self.list.iter().map(|(key, _)| key);
        self.key.iter().chain(list)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.key.is_none() && self.list.is_empty()
    }

    /// Says what still runs, and stops it.
    #[cold]
    pub(crate) fn stop(mut self, each: impl FnMut(&K)) {
        self.keys().for_each(each);
        self.place.set(None);
    }
}
