//! Rooms: whoever is in one hears everybody else, and nobody himself.
//!
//! A room is mixed every 20 ms: what all say is added once, and each hears the sum less his own
//! part. It is mixed in the wide band while two are in it who speak and hear so. It comes to be with
//! the first who joins, and goes with the last who leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use callroute_audio::codec::Band;

use crate::rtp::FRAME_MS;
use crate::rtp::ear::Heard;
use crate::rtp::out::RtpOut;
use crate::rtp::pacer::Pacer;
use crate::rtp::voice::{Frame, Voice};

/// Most rooms at a time.
const MAX_ROOMS: usize = 1000;
/// Most who are in one room.
const MAX_MEMBERS: usize = 100;

/// All rooms, by name.
#[derive(Debug, Default)]
pub(crate) struct Rooms(Mutex<HashMap<String, Arc<Room>>>);

/// Why a room cannot be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    #[error("the room is full: {MAX_MEMBERS} are in it")]
    Room,
    #[error("there are {MAX_ROOMS} rooms already")]
    House,
}

#[derive(Debug)]
struct Room {
    name: String,
    state: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    next: u64,
    all: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    id: u64,
    voice: Arc<Mutex<Voice>>,
    out: Weak<RtpOut>,
}

/// A leg's place in a room. Dropping it leaves the room.
#[derive(Debug)]
pub(crate) struct Seat {
    rooms: Arc<Rooms>,
    room: Arc<Room>,
    id: u64,
    voice: Arc<Mutex<Voice>>,
    muted: bool,
}

impl Rooms {
    /// Takes a place in a room. Must run within a runtime.
    pub(crate) fn join(
        self: &Arc<Self>,
        name: &str,
        out: Weak<RtpOut>,
        muted: bool,
    ) -> Result<Seat, Full> {
        let mut rooms = lock(&self.0);
        let room = match rooms.get(name) {
            Some(room) => Arc::clone(room),
            None if rooms.len() >= MAX_ROOMS => return Err(Full::House),
            None => {
                let room = Arc::new(Room {
                    name: name.to_owned(),
                    state: Mutex::default(),
                });
                rooms.insert(name.to_owned(), Arc::clone(&room));
                room
            }
        };
        let voice = Arc::new(Mutex::new(Voice::new(Band::Narrow)));
        let mut state = lock(&room.state);
        if state.all.len() >= MAX_MEMBERS {
            return Err(Full::Room);
        }
        state.next += 1;
        let id = state.next;
        let first = state.all.is_empty();
        state.all.push(Member {
            id,
            voice: Arc::clone(&voice),
            out,
        });
        drop(state);
        if first {
            tokio::spawn(Arc::clone(&room).serve());
        }
        Ok(Seat {
            rooms: Arc::clone(self),
            room,
            id,
            voice,
            muted,
        })
    }

    /// How many rooms there are.
    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

impl Seat {
    /// What the leg says.
    pub(crate) fn hears(&self, source: u32, heard: &Heard) {
        if !self.muted {
            lock(&self.voice).push(source, heard.at, heard.band, &heard.samples);
        }
    }
}

impl Seat {
    /// The leg pauses, and says how loud its silence is.
    pub(crate) fn pauses(&self, level: u8) {
        if !self.muted {
            lock(&self.voice).pause(level);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rooms = lock(&self.rooms.0);
        let mut state = lock(&self.room.state);
        state.all.retain(|member| member.id != self.id);
        if state.all.is_empty() {
            rooms.remove(&self.room.name);
        }
    }
}

impl Room {
    /// Mixes until nobody is left.
    async fn serve(self: Arc<Self>) {
        let mut pacer = Pacer::of_frames();
        loop {
            pacer.turn().await;
            let state = lock(&self.state);
            if state.all.is_empty() {
                return;
            }
            let outs: Vec<_> = state
                .all
                .iter()
                .map(|member| member.out.upgrade())
                .collect();
            let band = band(outs.iter().flatten().map(|out| out.band()));
            let said: Vec<Option<Frame>> = state
                .all
                .iter()
                .map(|member| {
                    let mut voice = lock(&member.voice);
                    if voice.band() != band {
                        *voice = Voice::new(band);
                    }
                    voice.take()
                })
                .collect();
            drop(state);
            for (heard, out) in mix(band, &said).into_iter().zip(outs) {
                if let Some(out) = out {
                    out.mixed(band, &heard);
                }
            }
        }
    }
}

/// The band in which a room is mixed: one alone who hears the wide one would hear nobody in it.
fn band(members: impl Iterator<Item = Band>) -> Band {
    if members.filter(|band| *band == Band::Wide).count() > 1 {
        Band::Wide
    } else {
        Band::Narrow
    }
}

/// What each hears: all that is said, less what he says himself.
fn mix(band: Band, said: &[Option<Frame>]) -> Vec<Frame> {
    let mut sum = vec![0i32; band.samples_in(FRAME_MS)];
    for frame in said.iter().flatten() {
        for (sum, sample) in sum.iter_mut().zip(frame) {
            *sum += i32::from(*sample);
        }
    }
    said.iter()
        .map(|own| {
            let mut heard = vec![0; sum.len()];
            for (at, (heard, sum)) in heard.iter_mut().zip(&sum).enumerate() {
                let own = own.as_ref().and_then(|own| own.get(at)).copied();
                let others = sum - i32::from(own.unwrap_or(0));
                let (least, most) = (i32::from(i16::MIN), i32::from(i16::MAX));
                *heard = i16::try_from(others.clamp(least, most)).unwrap_or(0);
            }
            heard
        })
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
