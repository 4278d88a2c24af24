//! A shard's thread: its socket, its clock, and the way back for verdicts.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use socket2::{Domain, Protocol, Socket, Type};

use crate::named::Key;
use crate::redirect::shard::{Asked, Shard};
use crate::redirect::{Config, Counts, Decide, Responder, Verdict, Way};

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);
/// Bytes of datagrams that may wait in the system.
const BUFFER: usize = 4 * 1024 * 1024;
/// Datagrams that are read before answers and timers have their turn.
const BATCH: usize = 64;

/// A shard that is about to run.
pub(super) struct Begun {
    pub(super) addr: SocketAddr,
    pub(super) waker: Arc<Waker>,
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
    let mut socket = UdpSocket::from_std(socket.into());
    let addr = socket.local_addr()?;
    let poll = Poll::new()?;
    let registry = poll.registry();
    registry.register(&mut socket, SOCKET, Interest::READABLE)?;
    let waker = Arc::new(Waker::new(registry, WAKER)?);
    let (answers, answered) = mpsc::channel();
    let way = Way {
        answers,
        waker: Arc::clone(&waker),
        asleep: Arc::default(),
    };
    let runner = Runner {
        shard: Shard::new(config),
        poll,
        socket,
        began: Instant::now(),
        decide,
        way,
        answered,
        over,
        counts,
        reported: 0,
        spin: config.spin,
        heard: Duration::ZERO,
    };
    Ok(Begun {
        addr,
        waker,
        serve: Box::new(move || runner.run()),
    })
}

struct Runner {
    shard: Shard,
    poll: Poll,
    socket: UdpSocket,
    began: Instant,
    decide: Arc<dyn Decide>,
    way: Way,
    answered: mpsc::Receiver<(Key, Verdict)>,
    over: Arc<AtomicBool>,
    counts: Arc<Counts>,
    /// What `counts` knows of our transactions.
    reported: u64,
    /// For how long the socket is looked at before it is waited for.
    spin: Duration,
    /// When something came last.
    heard: Duration,
}

impl Runner {
    fn run(mut self) {
        let mut events = Events::with_capacity(8);
        let mut buffer = vec![0; 65_535];
        while !self.over.load(Ordering::Relaxed) {
            let more = self.read(&mut buffer);
            let now = self.began.elapsed();
            while let Ok((key, verdict)) = self.answered.try_recv() {
                self.shard.answer(now, key, &verdict);
            }
            self.shard.fire(now);
            self.send();
            self.report();
            if more {
                continue;
            }
            if now.saturating_sub(self.heard) < self.spin {
                std::hint::spin_loop();
            } else {
                self.sleep(&mut events);
            }
        }
    }

    /// Reads what is there; `true` when there may be more.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        for _ in 0..BATCH {
            match self.socket.recv_from(buffer) {
                Ok((length, source)) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    let bytes = Bytes::copy_from_slice(bytes);
                    let now = self.began.elapsed();
                    self.heard = now;
                    if let Some(Asked { key, offer }) = self.shard.datagram(now, &bytes, source) {
                        self.counts.invites.fetch_add(1, Ordering::Relaxed);
                        let responder = Responder {
                            key: Some(key),
                            way: self.way.clone(),
                        };
                        self.decide.decide(&offer, responder);
                        // Most answers are there already.
                        while let Ok((key, verdict)) = self.answered.try_recv() {
                            self.shard.answer(now, key, &verdict);
                        }
                    }
                    self.send();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // An ICMP error of an earlier datagram; the socket is as good as before.
                Err(error) => tracing::trace!(%error, "UDP socket"),
            }
        }
        true
    }

    fn send(&mut self) {
        for (bytes, to) in self.shard.out() {
            // A full buffer loses the packet, as the network may; it is asked for again.
            if let Err(error) = self.socket.send_to(&bytes, to) {
                tracing::debug!(%error, %to, "a datagram was not sent");
            }
        }
    }

    /// Waits for the socket, a verdict or a timer.
    fn sleep(&mut self, events: &mut Events) {
        self.way.asleep.store(true, Ordering::SeqCst);
        // A verdict may have come just before that was known.
        let now = self.began.elapsed();
        if let Ok((key, verdict)) = self.answered.try_recv() {
            self.way.asleep.store(false, Ordering::SeqCst);
            self.shard.answer(now, key, &verdict);
            return;
        }
        let next = self.shard.next();
        // Timers are of milliseconds; waking up earlier would find nothing due.
        let wait = next.map(|at| at.saturating_sub(now) + Duration::from_millis(1));
        if let Err(error) = self.poll.poll(events, wait)
            && error.kind() != io::ErrorKind::Interrupted
        {
            tracing::error!(%error, "a redirector cannot wait for its socket");
            std::thread::sleep(Duration::from_millis(10));
        }
        self.way.asleep.store(false, Ordering::SeqCst);
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
