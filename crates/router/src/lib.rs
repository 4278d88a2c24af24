//! Many calls on tokio.
