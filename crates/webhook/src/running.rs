//! A few futures that run beside each other in one task; dropping the set stops them all.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Futures, each with a key by which it is known.
pub(crate) struct Running<'a, K, T> {
    list: Vec<(K, Boxed<'a, T>)>,
}

impl<'a, K, T> Running<'a, K, T> {
    pub(crate) fn new() -> Self {
        Self { list: Vec::new() }
    }

    pub(crate) fn push(&mut self, key: K, future: impl Future<Output = T> + Send + 'a) {
        self.list.push((key, Box::pin(future)));
    }

    /// The next one to end; the earliest started is asked first. Never ends for an empty set.
    pub(crate) async fn next(&mut self) -> (K, T) {
        poll_fn(|context| {
            let mut ready = None;
            for (place, (_, future)) in self.list.iter_mut().enumerate() {
                if let Poll::Ready(value) = future.as_mut().poll(context) {
                    ready = Some((place, value));
                    break;
                }
            }
            match ready {
                Some((place, value)) => {
                    let (key, _) = self.list.remove(place);
                    Poll::Ready((key, value))
                }
                None => Poll::Pending,
            }
        })
        .await
    }

    /// What runs, the earliest started first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.list.iter().map(|(key, _)| key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Stops what still runs, and says what that was.
    pub(crate) fn stop(self) -> impl Iterator<Item = K> {
        self.list.into_iter().map(|(key, _)| key)
    }
}
