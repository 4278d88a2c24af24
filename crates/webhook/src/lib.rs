//! Asks web services with deadlines and failover.
