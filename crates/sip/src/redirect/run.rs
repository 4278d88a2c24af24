//! A shard's thread: its socket, its clock, and the way back for verdicts.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::time::Sleep;

use crate::family::{plain, reached_from};
use crate::named::Key;
use crate::redirect::responder::Way;
use crate::redirect::shard::{Asked, Shard};
use crate::redirect::{Config, Counts, Decide, Responder, Verdict};
use crate::udp::Udp;

/// Bytes of datagrams that may wait in the system.
const BUFFER: usize = 4 * 1024 * 1024;
/// Datagrams that are read before answers and timers have their turn.
const BATCH: usize = 64;
/// How often a shard that keeps looking does so before others on its runtime have a turn.
const TURNS: u8 = 16;
/// A shard with calls is woken so long after the last one, and no later than that while there are more:
/// timers that are set for later, as each webhook that is asked has one, then wake nobody.
const PULSE: Duration = Duration::from_millis(20);
/// Timers are of milliseconds: waking up earlier would find nothing due.
const TICK: Duration = Duration::from_millis(1);

/// A shard that is about to run.
pub(super) struct Begun {
    pub(super) addr: SocketAddr,
    pub(super) bell: Arc<Notify>,
    pub(super) serve: Box<dyn FnOnce() + Send>,
}

/// Binds a shard's socket.
pub(super) fn begin(
    config: &Config,
    decide: Arc<dyn Decide>,
    over: Arc<AtomicBool>,
    counts: Arc<Counts>,
) -> io::Result<Begun> {
    let socket = Socket::new(
        Domain::for_address(config.listen),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if config.shards > 1 {
        socket.set_reuse_port(true)?;
    }
    if let Err(error) = socket.set_recv_buffer_size(BUFFER) {
        tracing::debug!(%error, "the receive buffer stays as it is");
    }
    socket.set_nonblocking(true)?;
    socket.bind(&config.listen.into())?;
    let socket = UdpSocket::from(socket);
    let addr = socket.local_addr()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let udp = Udp::new(socket)?;
    drop(entered);
    let bell = Arc::new(Notify::new());
    let way = Way::new(&bell, runtime.handle());
    let runner = Runner {
        shard: Shard::new(config),
        addr,
        udp,
        began: Instant::now(),
        decide,
        way: Arc::new(way),
        answered: Vec::new(),
        over,
        counts,
        reported: 0,
        spin: config.spin,
        heard: Duration::ZERO,
        alarm: Duration::MAX,
    };
    Ok(Begun {
        addr,
        bell,
        serve: Box::new(move || serve(runtime, runner)),
    })
}

fn serve(runtime: Runtime, runner: Runner) {
    // As one of the tasks: whoever has an answer for it then need not look for events first.
    if runtime.block_on(runtime.spawn(runner.run())).is_err() {
        tracing::error!("a redirector's shard has broken down");
    }
    // Nobody waits for what a decision has begun, such as the look-up of a name.
    runtime.shutdown_background();
}

struct Runner {
    shard: Shard,
    /// Where the socket is bound.
    addr: SocketAddr,
    udp: Udp,
    began: Instant,
    decide: Arc<dyn Decide>,
    way: Arc<Way>,
    /// What was answered, and is not sent yet.
    answered: Vec<(Key, Verdict)>,
    over: Arc<AtomicBool>,
    counts: Arc<Counts>,
    /// What `counts` knows of our transactions.
    reported: u64,
    /// For how long the socket is looked at before it is waited for.
    spin: Duration,
    /// When something came last.
    heard: Duration,
    /// For when the shard is to be woken, at the latest; never later than its next timer.
    alarm: Duration,
}

impl Runner {
    async fn run(mut self) {
        let mut buffer = vec![0; 65_535];
        let mut alarm = pin!(tokio::time::sleep(Duration::ZERO));
        let mut turns = 0;
        while !self.over.load(Ordering::Relaxed) {
            let more = self.read(&mut buffer);
            let now = self.began.elapsed();
            self.answer(now);
            self.shard.fire(now);
            self.send();
            self.report();
            if more || now.saturating_sub(self.heard) < self.spin {
                // Whatever is worked out for later answers has its turn; now and then in any case, as
                // another shard may wait for a connection that was made here.
                turns = (turns + 1) % TURNS;
                if more || turns == 0 || self.way.is_busy() {
                    tokio::task::yield_now().await;
                } else {
                    std::hint::spin_loop();
                }
            } else {
                self.sleep(alarm.as_mut(), &mut buffer).await;
            }
        }
    }

    /// Reads what is there; `true` when there may be more.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        for _ in 0..BATCH {
            match self.receive(buffer) {
                Ok((length, source)) => {
                    self.datagram(buffer.get(..length).unwrap_or_default(), source);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // An ICMP error of an earlier datagram; the socket is as good as before.
                Err(error) => tracing::trace!(%error, "UDP socket"),
            }
        }
        true
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self.spin.is_zero() {
            true => self.udp.receive(buffer),
            // Whoever keeps looking has not been told.
            false => self.udp.look(buffer),
        }
    }

    fn datagram(&mut self, bytes: &[u8], source: SocketAddr) {
        let bytes = Bytes::copy_from_slice(bytes);
        let now = self.began.elapsed();
        self.heard = now;
        if let Some(Asked { key, offer }) = self.shard.datagram(now, &bytes, plain(source)) {
            self.counts.invites.fetch_add(1, Ordering::Relaxed);
            let responder = Responder::new(key, &self.way);
            // The responder answers 500 on its way out; the shard is needed for other calls.
            let decides = AssertUnwindSafe(|| self.decide.decide(&offer, responder));
            if catch_unwind(decides).is_err() {
                tracing::error!("a decision has panicked; its call is answered 500");
            }
            // Most answers are there already.
            self.answer(now);
        }
        self.send();
    }

    fn answer(&mut self, now: Duration) {
        if self.way.take(&mut self.answered) {
            for (key, verdict) in self.answered.drain(..) {
                self.shard.answer(now, key, &verdict);
            }
        }
    }

    fn send(&mut self) {
        for (bytes, to) in self.shard.out() {
            // A full buffer loses the packet, as the network may; it is asked for again.
            if let Err(error) = self.udp.send(&bytes, reached_from(self.addr, to)) {
                tracing::debug!(%error, %to, "a datagram was not sent");
            }
        }
    }

    /// Waits for the socket, a verdict or a timer.
    async fn sleep(&mut self, mut alarm: Pin<&mut Sleep>, buffer: &mut [u8]) {
        if !self.spin.is_zero()
            && let Ok((length, source)) = self.udp.receive(buffer)
        {
            // Otherwise it is known from here on that all of which we were told has been read.
            self.datagram(buffer.get(..length).unwrap_or_default(), source);
            return;
        }
        let pulse = self.way.is_busy().then(|| self.heard + PULSE);
        let pulse = pulse.filter(|pulse| *pulse > self.began.elapsed());
        let next = self.shard.next().into_iter().chain(pulse).min();
        // Set anew for each call, it would cost more than to be woken for nothing now and then.
        if let Some(next) = next
            && next < self.alarm
        {
            self.alarm = next;
            alarm.as_mut().reset((self.began + next + TICK).into());
        }
        self.way.falls_asleep();
        // A verdict may have come just before that was known.
        if !self.way.take(&mut self.answered) {
            tokio::select! {
                biased;
                told = self.udp.told() => if let Err(error) = told {
                    tracing::error!(%error, "a redirector cannot wait for its socket");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                },
                () = self.way.rings() => {}
                () = alarm, if self.alarm < Duration::MAX => self.alarm = Duration::MAX,
            }
        }
        self.way.wakes_up();
    }

    fn report(&mut self) {
        let now = self.shard.len() as u64;
        if now != self.reported {
            let counts = &self.counts.transactions;
            counts.fetch_add(now.wrapping_sub(self.reported), Ordering::Relaxed);
            self.reported = now;
        }
    }
}
