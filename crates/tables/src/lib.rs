//! Routing tables from files, with hot reload.
