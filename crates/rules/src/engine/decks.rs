//! Tables of prefixes with columns: branches, rates, carriers.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::call::Call;
use super::rows::Rows;
use super::subject::Subject;
use crate::prefix::{Key, PrefixTable};

/// One table of `prefixes`.
#[derive(Debug, Default)]
pub(crate) struct Deck {
    pub(crate) name: Box<str>,
    /// Prefixes to rows.
    pub(crate) table: PrefixTable,
    /// Prefixes of the table that says where numbers are, to the row nearest to there.
    pub(crate) near: Option<PrefixTable>,
    pub(crate) rows: Rows,
    /// The number by which its columns are looked up.
    pub(crate) subject: Subject,
    /// Latitude and longitude of each row that has them, in degrees.
    pub(crate) places: Vec<(u32, Place)>,
    /// Every prefix with its row, as long as tables may ask for it.
    pub(crate) entries: Vec<(Key, u32)>,
}

/// A point on the earth, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// A point of the unit sphere.
type Point = [f64; 3];

impl Place {
    fn point(self) -> Point {
        let (latitude, longitude) = (self.latitude.to_radians(), self.longitude.to_radians());
        let across = latitude.cos();
        [
            across * longitude.cos(),
            across * longitude.sin(),
            latitude.sin(),
        ]
    }
}

/// Rows with places, to find the nearest among.
struct Nearest(Vec<(Point, usize, u32)>);

impl Nearest {
    fn new(places: &[(u32, Place)]) -> Self {
        let places = places.iter().enumerate();
        let mut points: Vec<_> = places
            .map(|(order, (row, place))| (place.point(), order, *row))
            .collect();
        points.sort_by(|([.., one], ..), ([.., other], ..)| one.total_cmp(other));
        Self(points)
    }

    /// The row nearest to a place; of several, the first that is written. From the place's own
    /// height both ways, and no further than the nearest may be.
    fn find(&self, place: Place) -> Option<u32> {
        let [x, y, z] = place.point();
        let (below, above) = self
            .0
            .split_at(self.0.partition_point(|([.., at], ..)| *at < z));
        let mut best: Option<(f64, usize, u32)> = None;
        let mut look = |([a, b, c], order, row): &(Point, usize, u32)| {
            let height = (c - z).powi(2);
            if best.is_some_and(|(least, ..)| height > least) {
                return ControlFlow::Break(());
            }
            // The square of the chord grows with the distance on the sphere.
            let apart = (a - x).powi(2) + (b - y).powi(2) + height;
            let nearer = |(least, first, _): (f64, usize, u32)| {
                apart.total_cmp(&least).then(order.cmp(&first)).is_lt()
            };
            if best.is_none_or(nearer) {
                best = Some((apart, *order, *row));
            }
            ControlFlow::Continue(())
        };
        // Where one way ends says nothing of the other.
        let _ = below.iter().rev().try_for_each(&mut look);
        let _ = above.iter().try_for_each(&mut look);
        best.map(|(_, _, row)| row)
    }
}

impl Deck {
    /// The row for a number: by its longest prefix, and failing that the nearest.
    pub(crate) fn find(&self, call: &Call<'_>, subject: Subject) -> Option<u32> {
        let near = || self.near.as_ref()?.longest(call.key(subject));
        let closest = call.closest(subject, &self.table);
        closest.map(|(row, _)| row).or_else(near)
    }

    /// Has numbers that no prefix covers go to the row nearest to where `places` puts them.
    pub(crate) fn connect(&mut self, places: &Self) {
        let nearest = Nearest::new(&self.places);
        let placed = places.places.iter();
        let rows: HashMap<u32, u32> = placed
            .filter_map(|(row, there)| Some((*row, nearest.find(*there)?)))
            .collect();
        let entries = places.entries.iter();
        let near: Vec<_> = entries
            .filter_map(|(key, row)| Some((*key, *rows.get(row)?)))
            .collect();
        self.near = Some(near.into());
    }

    /// Packs the table, of which all prefixes are known by now.
    pub(crate) fn finish(&mut self) {
        self.table = std::mem::take(&mut self.entries).into();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Nearest, Place};

    fn place() -> impl Strategy<Value = Place> {
        // Few, so that some are the same, some opposite, and some beyond the date line.
        (-6..=6_i32, -12..=12_i32).prop_map(|(latitude, longitude)| Place {
            latitude: f64::from(latitude * 15),
            longitude: f64::from(longitude * 15),
        })
    }

    /// The haversine of the angle between two places.
    fn apart(one: Place, other: Place) -> f64 {
        let half = |a: f64, b: f64| ((a - b).to_radians() / 2.0).sin().powi(2);
        let shrink = one.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        half(one.latitude, other.latitude) + shrink * half(one.longitude, other.longitude)
    }

    proptest! {
        #[test]
        fn nobody_is_nearer(places in prop::collection::vec(place(), 1..40), from in place()) {
            let rows: Vec<_> = (0_u32..).zip(places.iter().copied()).collect();
            let found = Nearest::new(&rows).find(from).unwrap();
            let found = places[usize::try_from(found).unwrap()];
            for other in places {
                prop_assert!(apart(found, from) <= apart(other, from) + 1e-9);
            }
        }
    }

    #[test]
    fn of_several_the_first_that_is_written() {
        let place = Place {
            latitude: 38.6,
            longitude: -90.2,
        };
        let rows = [(7, place), (8, place)];
        assert_eq!(Nearest::new(&rows).find(place), Some(7));
        assert_eq!(Nearest::new(&[]).find(place), None);
    }
}
