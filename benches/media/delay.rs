//! What relaying adds to the way from one socket to another, both legs in one codec.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Failure;
use crate::sound::{PACKET, Sides};

/// Between two packets; each goes straight and by the router in turn.
const STEP: Duration = Duration::from_millis(5);

/// Sends packets straight from caller to callee, and by the router, in turn.
pub(crate) fn measure(
    sides: &Sides,
    takes: &[[SocketAddr; 2]],
    packets: u32,
) -> Result<(), Failure> {
    let [to, back] = *takes.first().ok_or("no call")?;
    let straight = sides.callee.local_addr()?;
    const OURS: u32 = 1;
    let (direct, relayed) = thread::scope(|scope| -> Result<_, Failure> {
        let hearing = scope.spawn(|| {
            let (mut direct, mut relayed) = (Vec::new(), Vec::new());
            sides.hear(&sides.callee, |heard| {
                let list = if heard.ssrc == OURS {
                    &mut direct
                } else {
                    &mut relayed
                };
                list.push(heard.after);
            });
            (direct, relayed)
        });
        let mut packet = [0; PACKET];
        // Both sides are known by their first packets before it counts.
        for frame in 0..10 {
            for (socket, to, ssrc) in [(&sides.callee, back, 3), (&sides.caller, to, 2)] {
                sides.write(&mut packet, ssrc, frame);
                socket.send_to(&packet, to)?;
            }
            thread::sleep(STEP);
        }
        for frame in 10..packets + 10 {
            thread::sleep(STEP);
            sides.write(&mut packet, OURS, frame);
            sides.caller.send_to(&packet, straight)?;
            thread::sleep(STEP);
            sides.write(&mut packet, 2, frame);
            sides.caller.send_to(&packet, to)?;
        }
        hearing.join().map_err(|_| "the listener broke down".into())
    })?;
    let figures = |times: &[Duration]| -> Result<_, Failure> {
        let mut all = Histogram::<u64>::new(3)?;
        for time in times {
            all.record(u64::try_from(time.as_nanos())?)?;
        }
        Ok([0.5, 0.99].map(|part| all.value_at_quantile(part) as f64 / 1000.0))
    };
    let (lost, found) = (packets + 10, relayed.len());
    let ([straight, straight99], [by, by99]) = (figures(&direct)?, figures(&relayed)?);
    println!(
        "one call: straight p50 {straight:.1} us, p99 {straight99:.1} us; by the router p50 {by:.1} us, \
         p99 {by99:.1} us; added p50 {:.1} us, p99 {:.1} us; {found} of {lost} relayed",
        by - straight,
        by99 - straight99
    );
    Ok(())
}
