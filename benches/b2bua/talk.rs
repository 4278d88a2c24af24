//! A caller and a callee: whole calls, told apart by a number in the caller's Call-ID.
#![allow(dead_code, reason = "each bench uses its part of this")]

#[path = "stamp.rs"]
mod stamp;

use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use hdrhistogram::Histogram;

use crate::Failure;

/// Calls at the same time when the rate is measured.
const WINDOW: usize = 20;
/// How long is waited for a message.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came of some calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) per_s: f64,
}

/// What is left to do in a call.
#[derive(Debug)]
struct Call {
    /// The caller's BYE, once it is answered.
    bye: Option<String>,
    /// Hung up by the caller as soon as it is answered.
    brief: bool,
}

/// Both ends of calls.
pub(crate) struct Talk {
    caller: UdpSocket,
    callee: UdpSocket,
    router: SocketAddr,
    calls: HashMap<u32, Call>,
    /// Calls that are held.
    held: usize,
    /// The callee's calls that go on, by their Call-ID.
    rung: HashSet<String>,
    next: u32,
    done: u32,
    /// When the one INVITE was sent whose delay is of interest, until the callee has it.
    asked: Option<SystemTime>,
    delays: Histogram<u64>,
    /// Where caller and callee take sound.
    sound: [u16; 2],
    /// Where the router takes it: from the caller and from the callee of each call.
    takes: [Vec<u16>; 2],
}

fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let wanted = |line: &&str| line.split(':').next() == Some(name);
    text.lines()
        .find(wanted)?
        .split_once(": ")
        .map(|(_, value)| value)
}

fn number(text: &str) -> Option<u32> {
    header(text, "Call-ID")?
        .strip_prefix("bench-")?
        .parse()
        .ok()
}

/// The port for sound that a description names.
fn port(text: &str) -> Option<u16> {
    let media = text.lines().find_map(|line| line.strip_prefix("m=audio "));
    media?.split(' ').next()?.parse().ok()
}

fn sdp(addr: SocketAddr, sound: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio {sound} RTP/AVP 0 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\n",
        addr.ip()
    )
}

fn with_body(head: &str, body: &str) -> String {
    format!(
        "{head}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// An answer to a request, with our tag where there is none.
fn answer(request: &str, status: &str, contact: SocketAddr) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for line in request.lines().take_while(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default();
        if ["Via", "From", "To", "Call-ID", "CSeq", "Record-Route"].contains(&name) {
            let tag = if name == "To" && !line.contains(";tag=") {
                ";tag=callee"
            } else {
                ""
            };
            text.push_str(&format!("{line}{tag}\r\n"));
        }
    }
    text + &format!("Contact: <sip:callee@{contact}>\r\n")
}

impl Talk {
    pub(crate) fn new(router: SocketAddr) -> Result<Self, Failure> {
        let socket = || UdpSocket::bind((router.ip(), 0));
        let (caller, callee) = (socket()?, socket()?);
        for socket in [&caller, &callee] {
            socket.set_nonblocking(true)?;
            stamp::stamped(socket)?;
        }
        Ok(Self {
            caller,
            callee,
            router,
            calls: HashMap::new(),
            held: 0,
            rung: HashSet::new(),
            next: 0,
            done: 0,
            asked: None,
            delays: Histogram::new_with_bounds(1, 60_000_000_000, 3)?,
            sound: [9000; 2],
            takes: [Vec::new(), Vec::new()],
        })
    }

    /// Caller and callee take sound at these ports of their addresses.
    pub(crate) fn sound_at(&mut self, ports: [u16; 2]) {
        self.sound = ports;
    }

    /// The ports at which the router takes the sound of the calls so far, from caller and callee.
    pub(crate) fn take_ports(&mut self) -> [Vec<u16>; 2] {
        std::mem::take(&mut self.takes)
    }

    /// Where the callee is.
    pub(crate) fn callee(&self) -> Result<SocketAddr, Failure> {
        Ok(self.callee.local_addr()?)
    }

    fn head(
        &self,
        method: &str,
        n: u32,
        sequence: u32,
        uri: &str,
        to: &str,
    ) -> Result<String, Failure> {
        let local = self.caller.local_addr()?;
        Ok(format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bKb{n}{method}\r\n\
             From: <sip:+14155550123@{local}>;tag=b{n}\r\nTo: {to}\r\nCall-ID: bench-{n}\r\n\
             CSeq: {sequence} {method}\r\nMax-Forwards: 70\r\nContact: <sip:caller@{local}>\r\n"
        ))
    }

    fn invite(&mut self, brief: bool) -> Result<(), Failure> {
        self.next += 1;
        let n = self.next;
        let uri = format!("sip:+13146523057@{}", self.router);
        let head = self.head("INVITE", n, 1, &uri, &format!("<{uri}>"))?;
        let text = with_body(&head, &sdp(self.caller.local_addr()?, self.sound[0]));
        self.calls.insert(n, Call { bye: None, brief });
        self.caller.send_to(text.as_bytes(), self.router)?;
        Ok(())
    }

    /// Deals with what has come; `false` when nothing has.
    fn turn(&mut self) -> Result<bool, Failure> {
        let mut buffer = [0; 8192];
        let mut any = false;
        // The callee first: what it gets is what is timed.
        for of_caller in [false, true] {
            let socket = if of_caller {
                &self.caller
            } else {
                &self.callee
            };
            let (length, came) = match stamp::receive(socket, &mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error.into()),
            };
            any = true;
            let text =
                String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned();
            if of_caller {
                self.heard_by_caller(&text)?;
            } else {
                self.heard_by_callee(&text, came)?;
            }
        }
        Ok(any)
    }

    /// A delay; none where the system's clock was set back meanwhile.
    fn took(&mut self, asked: SystemTime, came: SystemTime) -> Result<(), Failure> {
        if let Ok(took) = came.duration_since(asked) {
            let took = u64::try_from(took.as_nanos())?;
            self.delays.record(took.max(1))?;
        }
        Ok(())
    }

    fn heard_by_callee(&mut self, text: &str, came: SystemTime) -> Result<(), Failure> {
        let local = self.callee.local_addr()?;
        if text.starts_with("INVITE ") {
            if let Some(asked) = self.asked.take() {
                self.took(asked, came)?;
            }
            self.takes[1].extend(port(text));
            self.rung.extend(header(text, "Call-ID").map(str::to_owned));
            let ok = with_body(&answer(text, "200 OK", local), &sdp(local, self.sound[1]));
            self.callee.send_to(ok.as_bytes(), self.router)?;
        } else if text.starts_with("BYE ") {
            self.rung
                .remove(header(text, "Call-ID").unwrap_or_default());
            let ok = answer(text, "200 OK", local) + "Content-Length: 0\r\n\r\n";
            self.callee.send_to(ok.as_bytes(), self.router)?;
        }
        Ok(())
    }

    fn heard_by_caller(&mut self, text: &str) -> Result<(), Failure> {
        let (Some(n), Some(sequence)) = (number(text), header(text, "CSeq")) else {
            return Ok(());
        };
        if text.starts_with("SIP/2.0 1") {
            return Ok(());
        }
        if !text.starts_with("SIP/2.0 200") {
            return Err(format!("a call failed: {text}").into());
        }
        if sequence.ends_with("BYE") {
            if self.calls.remove(&n).is_some() {
                self.done += 1;
            }
            return Ok(());
        }
        let to = header(text, "To").ok_or("an answer without To")?;
        let uri = header(text, "Contact").ok_or("an answer without Contact")?;
        let uri = uri
            .trim_start_matches('<')
            .split('>')
            .next()
            .unwrap_or_default();
        let ack = self.head("ACK", n, 1, uri, to)? + "Content-Length: 0\r\n\r\n";
        self.caller.send_to(ack.as_bytes(), self.router)?;
        let bye = self.head("BYE", n, 2, uri, to)? + "Content-Length: 0\r\n\r\n";
        let Some(call) = self.calls.get_mut(&n) else {
            return Ok(());
        };
        if call.bye.replace(bye.clone()).is_some() {
            return Ok(());
        }
        self.takes[0].extend(port(text));
        if call.brief {
            self.caller.send_to(bye.as_bytes(), self.router)?;
        } else {
            self.held += 1;
        }
        Ok(())
    }

    /// Turns until something is so; not for ever.
    fn until(&mut self, what: &str, is: impl Fn(&Self) -> bool) -> Result<(), Failure> {
        self.turns(what, is, |_| {
            std::thread::yield_now();
            Ok(())
        })
    }

    /// The same, and `idle` meanwhile.
    fn turns(
        &mut self,
        what: &str,
        is: impl Fn(&Self) -> bool,
        idle: impl Fn(&Self) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        let mut heard = Instant::now();
        while !is(self) {
            if self.turn()? {
                heard = Instant::now();
            } else if heard.elapsed() > PATIENCE {
                return Err(format!("nothing comes any more, waiting for {what}").into());
            } else {
                idle(self)?;
            }
        }
        Ok(())
    }

    /// Waits until the router takes a call.
    pub(crate) fn wait(&mut self) -> Result<(), Failure> {
        for _ in 0..100 {
            self.invite(true)?;
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(200) {
                self.turn()?;
                if self.done > 0 && self.rung.is_empty() {
                    self.calls.clear();
                    return Ok(());
                }
            }
        }
        Err("the router takes no call".into())
    }

    /// So many seconds of calls, so many a second, one at a time.
    pub(crate) fn gently(&mut self, seconds: u64, per_s: u32) -> Result<Done, Failure> {
        self.delays.reset();
        let (began, step) = (Instant::now(), Duration::from_secs(1) / per_s);
        let (mut due, before) = (began, self.done);
        while began.elapsed() < Duration::from_secs(seconds) {
            self.asked = Some(SystemTime::now());
            self.invite(true)?;
            // At both ends, or the answer to the callee's BYE meets the next INVITE.
            let over = |talk: &Self| talk.calls.is_empty() && talk.rung.is_empty();
            // Asleep, as a telephone is: the router has the cores.
            self.turns("a call's end", over, |talk| {
                stamp::wait([&talk.callee, &talk.caller])
            })?;
            due += step;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(self.figures(began, before))
    }

    /// Waits until somebody hands on what it is sent.
    fn wait_for(&mut self, by: SocketAddr, text: &str) -> Result<(), Failure> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            self.caller.send_to(text.as_bytes(), by)?;
            std::thread::sleep(Duration::from_millis(100));
            if self.callee.recv_from(&mut [0; 8192]).is_ok() {
                // Those that were sent before it was there.
                while self.callee.recv_from(&mut [0; 8192]).is_ok() {}
                return Ok(());
            }
        }
        Err("nothing is handed on".into())
    }

    /// The same of INVITEs that somebody only hands on to the callee: what the way takes, whoever is
    /// on it.
    pub(crate) fn straight(
        &mut self,
        by: SocketAddr,
        seconds: u64,
        per_s: u32,
    ) -> Result<Done, Failure> {
        self.delays.reset();
        let uri = format!("sip:+13146523057@{by}");
        let head = self.head("INVITE", 0, 1, &uri, &format!("<{uri}>"))?;
        let text = with_body(&head, &sdp(self.caller.local_addr()?, self.sound[0]));
        let mut buffer = [0; 8192];
        self.wait_for(by, &text)?;
        let (began, step) = (Instant::now(), Duration::from_secs(1) / per_s);
        let (mut due, before) = (began, self.done);
        while began.elapsed() < Duration::from_secs(seconds) {
            let (asked, sent) = (SystemTime::now(), Instant::now());
            self.caller.send_to(text.as_bytes(), by)?;
            let came = loop {
                match stamp::receive(&self.callee, &mut buffer) {
                    Ok((_, came)) => break came,
                    Err(_) if sent.elapsed() > PATIENCE => {
                        return Err("nothing is handed on".into());
                    }
                    Err(_) => stamp::wait([&self.callee, &self.caller])?,
                }
            };
            self.took(asked, came)?;
            self.done += 1;
            due += step;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(self.figures(began, before))
    }

    /// So many calls, as fast as they end.
    pub(crate) fn many(&mut self, calls: u32) -> Result<Done, Failure> {
        let (began, before) = (Instant::now(), self.done);
        for _ in 0..calls {
            self.invite(true)?;
            self.until("a call's end", |talk| talk.calls.len() < WINDOW)?;
        }
        self.until("the last calls' end", |talk| talk.calls.is_empty())?;
        Ok(self.figures(began, before))
    }

    /// So many calls that go on.
    pub(crate) fn hold(&mut self, calls: u32) -> Result<(), Failure> {
        for _ in 0..calls {
            let held = self.held;
            self.invite(false)?;
            self.until("an answer", |talk| talk.held > held)?;
        }
        Ok(())
    }

    /// Hangs up whatever is held.
    pub(crate) fn release(&mut self) -> Result<(), Failure> {
        let byes: Vec<String> = self
            .calls
            .values()
            .filter_map(|call| call.bye.clone())
            .collect();
        for bye in byes {
            let left = self.calls.len();
            self.caller.send_to(bye.as_bytes(), self.router)?;
            self.until("the end of a held call", |talk| talk.calls.len() < left)?;
        }
        self.held = 0;
        Ok(())
    }

    fn figures(&self, began: Instant, before: u32) -> Done {
        let us = |part: f64| self.delays.value_at_quantile(part) as f64 / 1000.0;
        Done {
            p50_us: us(0.5),
            p99_us: us(0.99),
            per_s: f64::from(self.done - before) / began.elapsed().as_secs_f64(),
        }
    }
}
