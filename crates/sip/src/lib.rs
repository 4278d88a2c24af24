//! Media adapter for SIP and RTP.
