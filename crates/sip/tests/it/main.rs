//! The adapter on real sockets: its own phone, and raw SIP, on one loopback address a test.
//!
//! What the RFCs ask, and where it is seen; `calls`, `requests`, `signalling`, `diverted`, `softphone`, `nat` and
//! `lifecycle` are in the workspace's tests, with sipp and baresip.
//!
//! | | |
//! |---|---|
//! | transactions over UDP, retransmission (RFC 3261) | `wire`, `calls` |
//! | 2xx until ACK, the Accepted state (RFC 6026) | `wire`: `an_answer_without_ack_…`, `a_hangup_before_the_ack_…` |
//! | forks: several 2xx, several early dialogs | `forks`, `wire`: `a_callee_that_repeats_or_forks_…`, `reach`: `all_telephones_…` |
//! | CANCEL, and a 2xx that crosses it | `caller`, `callee`, `calls`, `wire`: `an_answer_that_crosses_…` |
//! | Expires and Timestamp of an INVITE; a BYE in a flood | `caller`: `an_invitation_…`, `a_hangup_is_heard_…` |
//! | PRACK (RFC 3262) | `signalling`: `provisional_responses_…`, `early` |
//! | offer and answer before the 2xx: reliable responses, PRACK, UPDATE | `offers` |
//! | the way back, through a NAT and by a connection; challenges within dialogs | `flows`, `nat` |
//! | session timers (RFC 4028), UPDATE (RFC 3311) | `timers`, `refresh`, `signalling`: `a_call_is_updated_…` |
//! | keys: telephone events, INFO, in band, and between them | `keys`, `bridge`, `rtp`, `signalling` |
//! | SRTP: what is encrypted stays so (RFC 4568) | `secure`, `bridge` |
//! | re-INVITE: hold, another codec | `hold`, `media`, `calls`: `hold_by_address_and_resume` |
//! | recordings no longer than the time that went by | `recordings` |
//! | what comes for a leg that ends | `endings` |
//! | direct media: re-INVITEs that hand descriptions on | `direct` |
//! | OPTIONS, unknown methods | `requests`, `trunks`: `the_next_trunk_is_tried` |
//! | REFER, NOTIFY, Replaces (RFC 3515, 3891) | `transfer`, `replaces`, `softphone` |
//! | 3xx of a callee, followed or not | `elsewhere`, `diverted` |
//! | Reason, Diversion, History-Info | `wire`: `a_reason_outranks_…`, `early`: `a_callee_is_told_…` |
//! | P-Asserted-Identity, Privacy | `early`: `a_callee_is_told_…`, unit tests of `convert` and `way` |
//! | digest authentication both ways | `trunks`, `reach`, `hostile`: `guessing_passwords_…` |
//! | trunk registration, refresh, failover | `trunks`: `we_register_…`, `reach`: `a_registration_goes_…` |
//! | registrar, its state, NAT | `trunks`: `a_telephone_registers_…`, `reach`: `registrations_outlast_…`, `nat` |
//! | NAPTR and SRV, health, failover | `reach`: `a_trunk_is_found_…`, `trunks`: `the_next_trunk_is_tried` |
//! | loops: Max-Forwards, our own hops | `signalling`: `a_call_that_goes_in_circles_…`, `wire` |
//! | TCP, TLS, WebSocket | `calls`, `signalling`, `tls` |
//! | what is logged: no passwords | `secrets` |
//! | `sips:` URIs | `sips`, `tls` |
//! | redirect mode | `redirect`, unit tests of its shard |
//! | torture messages (RFC 4475, 5118) | `torture` |
//! | floods, scanners, access lists, 1:1 | `hostile`, unit tests of the guard and the shard |
//! | 503 with Retry-After, drain | `lifecycle`, `hostile`: `there_is_a_most_of_everything` |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests and their helpers fail by panicking"
)]

mod bounds;
mod bridge;
mod callee;
mod caller;
mod capabilities;
mod direct;
mod early;
mod elsewhere;
mod endings;
mod family;
mod flows;
mod forks;
mod hold;
mod hostile;
mod idle;
mod keys;
mod leaks;
mod long;
mod media;
mod names;
mod offers;
mod raw;
mod reach;
mod recordings;
mod redirect;
mod refresh;
mod replaces;
mod rooms;
mod rtp;
mod secrets;
mod secure;
mod signalling;
mod sips;
mod softphone;
mod sound;
mod support;
mod timers;
mod tls;
mod torture;
mod transfer;
mod trunks;
mod wire;
