//! RTCP: what is told and heard of how a leg's sound arrives (RFC 3550, section 6); pure.
//!
//! Each leg reports for itself, also where its sound is only relayed: the far end talks with us.

use std::time::Duration;

use bytes::Bytes;
use callroute_audio::codec::Codec;
use callroute_schema::MediaStats;
use sipx_rtp::quality::{middle_32, round_trip};
use sipx_rtp::rtcp::{ReceiverReport, Rtcp, Sdes, SenderReport, StreamStats};

/// Reports are sent about so often (section 6.2), times a factor of a half to one and a half.
const INTERVAL_MS: u64 = 5_000;
/// The packet type of a goodbye (section 6.6).
const GOODBYE: u8 = 203;
/// The longest compound packet that is read, in bytes.
pub(crate) const MAX_COMPOUND: usize = 1500;

/// What was sent so far, as a sender's report tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Packets.
    pub(crate) packets: u64,
    /// Bytes of their payloads.
    pub(crate) octets: u64,
    /// The RTP timestamp of now.
    pub(crate) timestamp: u32,
}

/// One leg's reports.
#[derive(Debug)]
pub(crate) struct Control {
    ssrc: u32,
    cname: String,
    random: u64,
    codec: Codec,
    /// The source that is heard now.
    source: Option<(u32, StreamStats)>,
    /// Packets that were lost, of sources that were heard before.
    before: u64,
    received: u64,
    /// The far end's last report: the middle of its clock, and when it came.
    heard: Option<(u32, Duration)>,
    far: Far,
}

/// What the far end tells of what it hears.
#[derive(Debug, Clone, Copy, Default)]
struct Far {
    lost: Option<u64>,
    jitter: Option<u32>,
    round_trip: Option<Duration>,
}

impl Control {
    /// For a leg that sends under this source; `random` names it and spreads its reports.
    pub(crate) fn new(ssrc: u32, random: u64) -> Self {
        Self {
            ssrc,
            // A name that says nothing about who we are (RFC 7022, section 4.2).
            cname: format!("{random:016x}"),
            random: random | 1,
            codec: Codec::Pcmu,
            source: None,
            before: 0,
            received: 0,
            heard: None,
            far: Far::default(),
        }
    }

    /// A packet has come: of sound in this codec, or of a key, which says nothing about jitter.
    pub(crate) fn packet(
        &mut self,
        now: Duration,
        ssrc: u32,
        sequence: u16,
        sound: Option<(Codec, u32)>,
    ) {
        if self.source.as_ref().is_none_or(|(known, _)| *known != ssrc) {
            self.before += self.lost_of_source();
            self.source = Some((ssrc, StreamStats::new(ssrc)));
        }
        self.received += 1;
        let Some((_, stats)) = &mut self.source else {
            return;
        };
        match sound {
            Some((codec, timestamp)) => {
                self.codec = codec;
                stats.on_packet(sequence, timestamp, ticks(now, codec.clock()));
            }
            None => stats.on_untimed_packet(sequence),
        }
    }

    fn lost_of_source(&self) -> u64 {
        let lost = self.source.as_ref();
        let lost = lost.map_or(0, |(_, stats)| stats.cumulative_lost());
        u64::try_from(lost).unwrap_or(0)
    }

    /// How long to wait until the next report.
    pub(crate) fn interval(&mut self) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        Duration::from_millis(INTERVAL_MS / 2 + self.random % INTERVAL_MS)
    }

    /// The report that is due; `ntp` is the clock on the wall (section 4).
    pub(crate) fn report(&mut self, now: Duration, ntp: u64, sent: Sent, goodbye: bool) -> Bytes {
        let mut blocks = Vec::new();
        if let Some((_, stats)) = &mut self.source {
            let mut block = stats.report_block();
            if let Some((middle, at)) = self.heard {
                block.last_sender_report = middle;
                block.delay_since_last_sender_report = ticks(now.saturating_sub(at), 65_536);
            }
            blocks.push(block);
        }
        let report = if sent.packets > 0 {
            // The counts are of 32 bits and wrap (section 6.4.1).
            let (packets, octets) = (sent.packets as u32, sent.octets as u32);
            let mut report = SenderReport::new(self.ssrc, ntp, sent.timestamp, packets, octets);
            report.reports = blocks;
            Rtcp::Sender(report)
        } else {
            let mut report = ReceiverReport::new(self.ssrc);
            report.reports = blocks;
            Rtcp::Receiver(report)
        };
        let mut compound = vec![report, Rtcp::Sdes(Sdes::cname(self.ssrc, &self.cname))];
        if goodbye {
            compound.push(Rtcp::Other {
                packet_type: GOODBYE,
                count: 1,
                padding: false,
                payload: Bytes::copy_from_slice(&self.ssrc.to_be_bytes()),
            });
        }
        Rtcp::encode_compound(&compound)
    }

    /// A compound packet has come; `false` when it is none.
    pub(crate) fn heard(&mut self, now: Duration, ntp: u64, bytes: &Bytes) -> bool {
        if bytes.len() > MAX_COMPOUND {
            return false;
        }
        let Ok(packets) = Rtcp::decode_compound(bytes) else {
            return false;
        };
        for packet in packets {
            let blocks = match packet {
                Rtcp::Sender(report) => {
                    self.heard = Some((middle_32(report.ntp_timestamp), now));
                    report.reports
                }
                Rtcp::Receiver(report) => report.reports,
                _ => continue,
            };
            for block in blocks.iter().filter(|block| block.ssrc == self.ssrc) {
                self.far.lost = u64::try_from(block.cumulative_lost).ok();
                self.far.jitter = Some(block.jitter);
                let (echo, delay) = (
                    block.last_sender_report,
                    block.delay_since_last_sender_report,
                );
                let trip = round_trip(middle_32(ntp), echo, delay);
                self.far.round_trip = trip.or(self.far.round_trip);
            }
        }
        true
    }

    /// How the sound of a leg went; `None` when there was none.
    pub(crate) fn record(&self, leg: u32, codec: Codec, sent: Sent) -> Option<MediaStats> {
        if self.received == 0 && sent.packets == 0 {
            return None;
        }
        let jitter = self.source.as_ref();
        let jitter = jitter.map_or(0, |(_, stats)| stats.jitter());
        let millis = |trip: Duration| u32::try_from(trip.as_millis()).unwrap_or(u32::MAX);
        Some(MediaStats {
            leg,
            codec: codec.rtpmap().to_owned(),
            received: self.received,
            lost: self.before + self.lost_of_source(),
            jitter_ms: jitter / (self.codec.clock() / 1000),
            sent: sent.packets,
            far_lost: self.far.lost,
            far_jitter_ms: self.far.jitter.map(|ticks| ticks / (codec.clock() / 1000)),
            round_trip_ms: self.far.round_trip.map(millis),
        })
    }
}

/// Whether a datagram on the port of RTP is RTCP (RFC 5761, section 4).
pub(crate) fn is_control(bytes: &[u8]) -> bool {
    matches!(bytes, [first, 192..=223, ..] if first >> 6 == 2)
}

/// A stretch of time in ticks of which there are so many in a second; it wraps.
fn ticks(time: Duration, rate: u32) -> u32 {
    let whole = time.as_nanos() * u128::from(rate) / 1_000_000_000;
    (whole & u128::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests;
