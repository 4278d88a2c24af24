//! Connections that calls go by: they are kept although nothing happens on them.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sipx_transport::{Target, TransportKind};

/// How many need each connection.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<HashMap<Target, usize>>);

/// A way that somebody needs as long as this lives.
#[derive(Debug)]
pub(crate) struct Needed {
    connections: Arc<Connections>,
    flow: Target,
}

impl Connections {
    /// This way is needed.
    pub(crate) fn need(self: &Arc<Self>, flow: Target) -> Needed {
        if is_counted(&flow) {
            *self.lock().entry(flow.clone()).or_default() += 1;
        }
        let connections = Arc::clone(self);
        Needed { connections, flow }
    }

    /// Whether anybody needs this one.
    pub(crate) fn are_needed(&self, flow: &Target) -> bool {
        self.lock().contains_key(flow)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// UDP needs no connection.
fn is_counted(flow: &Target) -> bool {
    flow.transport != TransportKind::Udp
}

impl Deref for Needed {
    type Target = Target;

    fn deref(&self) -> &Target {
        &self.flow
    }
}

impl Drop for Needed {
    fn drop(&mut self) {
        if !is_counted(&self.flow) {
            return;
        }
        let mut all = self.connections.lock();
        if let Some(count) = all.get_mut(&self.flow) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.flow);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Connections, Target, TransportKind};

    #[test]
    fn a_connection_is_needed_as_long_as_anybody_needs_it() {
        let all = Arc::new(Connections::default());
        let addr = "192.0.2.1:5061".parse().unwrap();
        let tls = Target::new(addr, TransportKind::Tls).verifying("h");
        let (first, second) = (all.need(tls.clone()), all.need(tls.clone()));
        assert_eq!(*first, tls);
        drop(first);
        assert!(all.are_needed(&tls));
        assert!(!all.are_needed(&Target::new(addr, TransportKind::Tls)));
        drop(second);
        assert!(!all.are_needed(&tls));
        let udp = all.need(Target::udp(addr));
        assert!(!all.are_needed(&udp), "UDP has none");
    }
}
