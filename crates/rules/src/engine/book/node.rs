//! An index over many rules of one block: it only proposes, records settle.

use std::collections::HashMap;

use super::Child;
use crate::engine::subject::Subject;
use crate::prefix::PrefixTable;

/// SIP users that are no numbers, to children.
pub(crate) type Texts = HashMap<Box<str>, u32>;

/// Rules by what they ask first.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// The first of its rules.
    pub(crate) first: u32,
    /// Rules that no number and no list tells apart.
    pub(crate) rest: Option<Child>,
    /// By caller, dialed number and digits.
    pub(crate) numbers: [Option<Box<PrefixTable>>; 3],
    /// By SIP users that are no numbers.
    pub(crate) texts: [Option<Box<Texts>>; 3],
    /// By list, sorted.
    pub(crate) lists: Vec<(u32, Child)>,
}

impl Node {
    pub(super) fn bytes(&self) -> usize {
        let tables = self.numbers.iter().flatten();
        size_of::<Self>()
            + tables.map(|table| table.bytes()).sum::<usize>()
            + size_of_val(&*self.lists)
    }

    pub(super) fn add_number(
        &mut self,
        subject: Subject,
        key: crate::prefix::Key,
        child: Child,
        room: usize,
    ) {
        if let Some(slot) = self.numbers.get_mut(subject.place()) {
            let table = slot.get_or_insert_with(|| Box::new(PrefixTable::with_capacity(room)));
            table.insert(key, child.0);
        }
    }

    pub(super) fn add_text(&mut self, subject: Subject, text: Box<str>, child: Child) {
        if let Some(slot) = self.texts.get_mut(subject.place()) {
            slot.get_or_insert_default().insert(text, child.0);
        }
    }
}
