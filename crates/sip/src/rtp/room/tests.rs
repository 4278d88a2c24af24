//! What is heard in a room.

use std::sync::{Arc, Weak};

use proptest::prelude::*;

use callroute_audio::codec::Band;

use super::{Frame, Full, MAX_MEMBERS, Rooms, band, mix};

fn frame(level: i16) -> Frame {
    vec![level; 160]
}

#[test]
fn all_but_oneself_are_heard() {
    let heard = mix(
        Band::Narrow,
        &[Some(frame(100)), Some(frame(20)), None, Some(frame(-3))],
    );
    let levels: Vec<i16> = heard.iter().map(|frame| frame[0]).collect();
    assert_eq!(levels, [17, 97, 117, 120]);
    // Loud parties are cut off, not wrapped around.
    let loud = mix(
        Band::Narrow,
        &[Some(frame(30_000)), Some(frame(30_000)), None],
    );
    assert_eq!((loud[0][0], loud[2][0]), (30_000, i16::MAX));
    assert!(mix(Band::Narrow, &[]).is_empty());
}

#[test]
fn the_wide_band_is_for_two_who_have_it() {
    use Band::{Narrow, Wide};
    for (members, wanted) in [
        (&[][..], Narrow),
        (&[Wide, Narrow, Narrow], Narrow),
        (&[Wide, Narrow, Wide], Wide),
    ] {
        assert_eq!(band(members.iter().copied()), wanted, "{members:?}");
    }
    let frame = vec![3; 320];
    assert_eq!(mix(Wide, &[Some(frame.clone()), None])[1], frame);
}

#[tokio::test]
async fn a_room_lives_as_long_as_somebody_is_in_it() {
    let rooms = Arc::new(Rooms::default());
    let seats: Vec<_> = (0..MAX_MEMBERS)
        .map(|_| rooms.join("a", Weak::new(), false).unwrap())
        .collect();
    assert!(matches!(
        rooms.join("a", Weak::new(), false),
        Err(Full::Room)
    ));
    let other = rooms.join("b", Weak::new(), true).unwrap();
    assert_eq!(rooms.len(), 2);
    drop(seats);
    assert_eq!(rooms.len(), 1);
    let again = rooms.join("a", Weak::new(), false).unwrap();
    drop((again, other));
    assert_eq!(rooms.len(), 0);
}

proptest! {
    /// Nobody hears himself: what one hears does not depend on what he says.
    #[test]
    fn nobody_hears_himself(
        others in proptest::collection::vec(-9_000i16..9_000, 0..4), own in any::<i16>(), at in 0usize..4,
    ) {
        let place = at.min(others.len());
        let with = |own: Option<i16>| {
            let mut all: Vec<_> = others.iter().map(|level| Some(frame(*level))).collect();
            all.insert(place, own.map(frame));
            mix(Band::Narrow, &all)[place][0]
        };
        prop_assert_eq!(with(Some(own)), with(None));
        let sum: i32 = others.iter().map(|level| i32::from(*level)).sum();
        prop_assert_eq!(i32::from(with(Some(own))), sum.clamp(-32_768, 32_767));
    }
}
