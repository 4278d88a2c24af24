//! Many calls with sound both ways, and what became of each packet.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Failure;
use crate::drops;
use crate::process::Process;
use crate::sound::{PACKET, Sides};

/// The length of a packet.
const FRAME: Duration = Duration::from_millis(20);

/// What came of one stream: packets, and the lowest and highest of their numbers.
#[derive(Debug, Clone, Copy)]
struct Stream {
    packets: u64,
    first: i64,
    last: i64,
}

/// What one side has heard.
struct Side {
    streams: HashMap<u32, Stream>,
    delays: Histogram<u64>,
}

/// In microseconds, up to a minute.
fn histogram() -> Result<Histogram<u64>, Failure> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

fn listen(sides: &Sides, socket: &UdpSocket) -> Result<Side, Failure> {
    let (mut streams, mut delays) = (HashMap::<u32, Stream>::new(), histogram()?);
    sides.hear(socket, |heard| {
        delays.saturating_record((heard.after.as_micros() as u64).max(1));
        let number = i64::from(heard.sequence);
        let stream = streams.entry(heard.ssrc).or_insert(Stream {
            packets: 0,
            first: number,
            last: number,
        });
        // Where the 16 bits begin anew, the nearest number is meant.
        let near = number + (stream.last - number + 32_768).div_euclid(65_536) * 65_536;
        stream.packets += 1;
        stream.first = stream.first.min(near);
        stream.last = stream.last.max(near);
    });
    Ok(Side { streams, delays })
}

/// A packet of each call, both ways, every 20 ms. Gives how many were sent.
fn send(sides: &Sides, takes: &[[SocketAddr; 2]], frames: u32) -> Result<u64, Failure> {
    let began = std::time::Instant::now();
    let mut packet = [0; PACKET];
    let mut sent = 0;
    for frame in 0..frames {
        // The calls are spread over the 20 ms, as those of a real line are.
        for (n, pair) in (0u32..).zip(takes) {
            let due = FRAME * frame + FRAME * n / takes.len() as u32;
            if n % 10 == 0
                && let Some(wait) = due.checked_sub(began.elapsed())
            {
                thread::sleep(wait);
            }
            for (socket, to, ssrc) in [
                (&sides.caller, pair[0], 2 * n),
                (&sides.callee, pair[1], 2 * n + 1),
            ] {
                sides.write(&mut packet, ssrc, frame);
                socket.send_to(&packet, to)?;
                sent += 1;
            }
        }
    }
    Ok(sent)
}

/// So many seconds of it.
pub(crate) fn run(
    router: &Process,
    sides: &Sides,
    takes: &[[SocketAddr; 2]],
    seconds: u32,
) -> Result<(), Failure> {
    // What of earlier calls nobody has read.
    for socket in [&sides.caller, &sides.callee] {
        sides.hear(socket, |_| {});
    }
    let (before, cpu) = (drops::now(), router.cpu_us());
    let began = std::time::Instant::now();
    let (sent, took, heard) = thread::scope(|scope| -> Result<_, Failure> {
        let hear = |socket| scope.spawn(move || listen(sides, socket).map_err(|e| e.to_string()));
        let listening = [hear(&sides.caller), hear(&sides.callee)];
        let sent = send(sides, takes, seconds * 50)?;
        let took = began.elapsed();
        let mut heard = Vec::new();
        for one in listening {
            heard.push(one.join().map_err(|_| "a listener broke down")??);
        }
        Ok((sent, took, heard))
    })?;
    let cpu = (router.cpu_us() - cpu) / took.as_secs_f64() / 1e6;
    let after = drops::now();
    let dropped = |ours: bool| -> u64 {
        let generators = [&sides.caller, &sides.callee].map(|socket| socket.local_addr().ok());
        let of = after
            .iter()
            .filter(|(addr, _)| generators.contains(&Some(**addr)) == ours);
        of.map(|(addr, drops)| drops - before.get(addr).unwrap_or(&0))
            .sum()
    };
    let (of_generator, of_router) = (dropped(true), dropped(false));
    let streams: Vec<Stream> = heard
        .iter()
        .flat_map(|side| side.streams.values())
        .copied()
        .collect();
    let packets: u64 = streams.iter().map(|stream| stream.packets).sum();
    let gaps: u64 = streams
        .iter()
        .map(|stream| (stream.last - stream.first + 1) as u64 - stream.packets)
        .sum();
    let mut delays = histogram()?;
    for side in heard {
        delays.add(side.delays)?;
    }
    let lost = sent.saturating_sub(packets);
    let by_router = lost.saturating_sub(of_generator);
    println!(
        "{} calls, {seconds} s ({took:.1?}): {sent} packets in, {packets} out on {} streams; {lost} lost, \
         {gaps} of them between others of their stream; the kernel dropped {of_router} before the \
         router and {of_generator} before the generator: {} are the router's; in to out p50 {} us, \
         p99 {} us, max {} us; the router used {cpu:.2} cores, {:.1} us a packet, and holds {} KiB",
        takes.len(),
        streams.len(),
        by_router,
        delays.value_at_quantile(0.5),
        delays.value_at_quantile(0.99),
        delays.max(),
        cpu * took.as_secs_f64() * 1e6 / sent as f64,
        router.rss_kib(),
    );
    match by_router {
        0 => Ok(()),
        lost => Err(format!("the router lost {lost} packets").into()),
    }
}
