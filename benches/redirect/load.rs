//! Asks a redirecting server by INVITE, acknowledges what it says, and measures.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::server::Server;
use crate::{Failure, PREFIXES, SLOW, prefix};

/// Calls that are open at the same time when the rate is measured.
const WINDOW: usize = 48;
/// A call that is not answered within this is lost.
const PATIENCE: Duration = Duration::from_secs(2);
/// Calls a second when the latency is measured.
const GENTLE: u32 = 500;

/// What came of a round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) per_s: f64,
    pub(crate) cpu_us: f64,
    pub(crate) lost: u64,
}

struct Generator {
    socket: UdpSocket,
    server: SocketAddr,
    local: SocketAddr,
    next: u32,
    open: HashMap<u32, Instant>,
    latency: Histogram<u64>,
    done: u64,
    lost: u64,
    /// Whether some ask a server that is slow.
    some_slow: bool,
}

fn number(text: &str) -> Option<u32> {
    let after = text.split_once("branch=z9hG4bKq")?.1;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

impl Generator {
    fn new(server: SocketAddr) -> Result<Self, Failure> {
        let socket = UdpSocket::bind((server.ip(), 0))?;
        socket.connect(server)?;
        Ok(Self {
            local: socket.local_addr()?,
            socket,
            server,
            next: 0,
            open: HashMap::new(),
            latency: Histogram::new_with_bounds(1, 10_000_000_000, 3)?,
            done: 0,
            lost: 0,
            some_slow: false,
        })
    }

    fn is_slow(&self, n: u32) -> bool {
        self.some_slow && n % GENTLE == GENTLE / 2
    }

    fn head(&self, method: &str, n: u32, tag: &str) -> String {
        let (server, local) = (self.server, self.local);
        // Spread over the table by a step that is coprime to its size.
        let to = format!("{}0100", prefix(n.wrapping_mul(7919) % PREFIXES));
        let from = if self.is_slow(n) {
            SLOW
        } else {
            "+14155550123"
        };
        format!(
            "{method} sip:{to}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bKq{n}\r\n\
             From: <sip:{from}@{local}>;tag=g{n}\r\nTo: <sip:{to}@{server}>{tag}\r\n\
             Call-ID: {n}-{}@{}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n",
            local.port(),
            local.ip()
        )
    }

    fn invite(&mut self) -> Result<(), Failure> {
        self.next += 1;
        let n = self.next;
        let local = self.local;
        let body = format!(
            "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n\
             m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n",
            local.ip()
        );
        let text = format!(
            "{}Contact: <sip:caller@{local}>\r\nUser-Agent: bench\r\nAllow: INVITE, ACK, CANCEL, BYE\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            self.head("INVITE", n, ""),
            body.len()
        );
        let began = Instant::now();
        self.socket.send(text.as_bytes())?;
        self.open.insert(n, began);
        Ok(())
    }

    /// Waits for what comes until then, by sleep.
    fn take(&mut self, until: Instant) -> Result<bool, Failure> {
        let wait = until.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(false);
        }
        self.socket.set_read_timeout(Some(wait))?;
        self.take_one()
    }

    /// Takes what is there; `false` when nothing is.
    fn take_one(&mut self) -> Result<bool, Failure> {
        let mut buffer = [0; 4096];
        let length = match self.socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionRefused
                ) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        // Before the ACK is made and sent, which is no part of the answer's way.
        let came = Instant::now();
        let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned();
        if text.starts_with("SIP/2.0 1") {
            return Ok(true);
        }
        let Some(n) = number(&text) else {
            return Ok(true);
        };
        let tag = text
            .lines()
            .find_map(|line| line.strip_prefix("To:")?.split_once(";tag="))
            .map(|(_, tag)| format!(";tag={tag}"))
            .unwrap_or_default();
        let ack = format!("{}Content-Length: 0\r\n\r\n", self.head("ACK", n, &tag));
        self.socket.send(ack.as_bytes())?;
        if let Some(began) = self.open.remove(&n) {
            if !text.starts_with("SIP/2.0 302") {
                return Err(format!("not redirected: {text}").into());
            }
            if !self.is_slow(n) {
                self.latency
                    .record(u64::try_from((came - began).as_nanos())?.max(1))?;
            }
            self.done += 1;
        }
        Ok(true)
    }

    fn forget(&mut self) {
        let before = self.open.len();
        self.open.retain(|_, began| began.elapsed() < PATIENCE);
        self.lost += (before - self.open.len()) as u64;
    }

    /// So many calls a second. It does not sleep between them: what is measured is how long the
    /// server takes to wake up and to answer, not how long this takes to hear of it.
    fn gently(&mut self, time: Duration) -> Result<(), Failure> {
        let (began, step) = (Instant::now(), Duration::from_secs(1) / GENTLE);
        let mut due = began;
        self.socket.set_nonblocking(true)?;
        while began.elapsed() < time {
            self.invite()?;
            due += step;
            while Instant::now() < due {
                self.take_one()?;
            }
        }
        self.socket.set_nonblocking(false)?;
        self.rest()
    }

    /// Waits for those that are open.
    fn rest(&mut self) -> Result<(), Failure> {
        while !self.open.is_empty() {
            if !self.take(Instant::now() + Duration::from_millis(500))? {
                self.forget();
            }
        }
        Ok(())
    }

    /// As many as are answered, for so long or so many calls; how many a second that was.
    fn hard(&mut self, time: Duration, calls: u64) -> Result<f64, Failure> {
        let began = Instant::now();
        while began.elapsed() < time && self.done < calls {
            while self.open.len() < WINDOW {
                self.invite()?;
            }
            if !self.take(Instant::now() + Duration::from_millis(100))? {
                self.forget();
            }
        }
        let took = began.elapsed().as_secs_f64();
        let done = self.done;
        self.rest()?;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 calls")]
        Ok(done as f64 / took)
    }
}

/// Waits until a server answers.
pub(crate) fn wait(server: SocketAddr) -> Result<(), Failure> {
    let mut generator = Generator::new(server)?;
    for _ in 0..12_000 {
        // Refused, as long as nobody listens.
        let _ = generator.invite();
        let _ = generator.take(Instant::now() + Duration::from_millis(100));
        std::thread::sleep(Duration::from_millis(50));
        if generator.done > 0 {
            return Ok(());
        }
    }
    Err("the server does not answer".into())
}

/// So many calls, as fast as they are answered.
pub(crate) fn calls(server: SocketAddr, calls: u64) -> Result<(), Failure> {
    let mut generator = Generator::new(server)?;
    let per_s = generator.hard(Duration::MAX, calls)?;
    println!(
        "{calls} calls, {per_s:.0} a second, {} lost",
        generator.lost
    );
    Ok(())
}

/// One round: gently for the latency, then hard for the rate and the CPU time.
pub(crate) fn round(server: &Server, time: Duration, some_slow: bool) -> Result<Figures, Failure> {
    let mut gentle = Generator::new(server.addr)?;
    gentle.some_slow = some_slow;
    gentle.gently(time)?;
    let mut hard = Generator::new(server.addr)?;
    let before = server.process.cpu_us();
    let per_s = hard.hard(time, u64::MAX)?;
    let used = server.process.cpu_us() - before;
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a few seconds")]
    let us = |ns: u64| ns as f64 / 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 calls")]
    let cpu_us = used / hard.done.max(1) as f64;
    Ok(Figures {
        p50_us: us(gentle.latency.value_at_quantile(0.5)),
        p99_us: us(gentle.latency.value_at_quantile(0.99)),
        per_s,
        cpu_us,
        lost: gentle.lost + hard.lost,
    })
}
