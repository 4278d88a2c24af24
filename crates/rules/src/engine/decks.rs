//! Tables of prefixes with columns: branches, rates, carriers.

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

impl Place {
    /// A measure that grows with the distance on the sphere: the haversine of the angle.
    pub(crate) fn apart(self, other: Self) -> f64 {
        let half = |a: f64, b: f64| ((a - b).to_radians() / 2.0).sin().powi(2);
        let shrink = self.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        half(self.latitude, other.latitude) + shrink * half(self.longitude, other.longitude)
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
        let mut near = Vec::new();
        let placed: std::collections::HashMap<u32, Place> = places.places.iter().copied().collect();
        for (key, row) in &places.entries {
            let Some(there) = placed.get(row) else {
                continue;
            };
            let apart = |place: &Place| place.apart(*there);
            let nearest = self
                .places
                .iter()
                .min_by(|(_, one), (_, other)| apart(one).total_cmp(&apart(other)));
            if let Some((row, _)) = nearest {
                near.push((*key, *row));
            }
        }
        self.near = Some(near.into());
    }

    /// Packs the table, of which all prefixes are known by now.
    pub(crate) fn finish(&mut self) {
        self.table = std::mem::take(&mut self.entries).into();
    }
}
