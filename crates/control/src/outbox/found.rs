//! Where the lines of a file are whose disk may have damaged it: each line carries its number, so that
//! one that is damaged takes no others with it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;

use crate::outbox::segment::MAX_LINE;

/// What each line begins with, before its number.
const START: &[u8] = b"{\"seq\":";

/// A line as it is found: nothing says yet that it is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    begin: u64,
    end: u64,
    number: Option<u64>,
}

/// Where the line of each number ends, from the first number on. A number whose line is not found
/// has what stands in its place, which is no event. The end of a file without a line feed is a line
/// that was never finished.
pub(super) fn line_ends(path: &Path, numbers: Range<u64>) -> io::Result<Vec<u64>> {
    Ok(in_order(
        &lines(BufReader::new(File::open(path)?))?,
        &numbers,
    ))
}

fn lines(mut reader: impl BufRead) -> io::Result<Vec<Found>> {
    let (mut found, mut line) = (Vec::new(), Vec::new());
    let (mut begin, mut end, mut long) = (0, 0, false);
    loop {
        line.clear();
        let read = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line)? as u64;
        end += read;
        let over = line.ends_with(b"\n");
        // Longer than any line may be: it is skipped, to where the next one begins.
        if !over && read == MAX_LINE {
            long = true;
            continue;
        }
        if over || long {
            let number = if long { None } else { number(&line) };
            found.push(Found { begin, end, number });
        }
        if !over {
            return Ok(found);
        }
        (begin, long) = (end, false);
    }
}

fn number(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(START)?;
    let digits = rest.split(|byte| *byte == b',').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn in_order(found: &[Found], numbers: &Range<u64>) -> Vec<u64> {
    let mut ends = Vec::with_capacity(found.len());
    let mut rest = found;
    for (at, line) in found.iter().enumerate() {
        let next = numbers.start + ends.len() as u64;
        let later = found.get(at + 1..).unwrap_or_default();
        let Some(number) = line.number.filter(|number| {
            // Each number before it took a byte at least, if only that of an empty line.
            let possible = number - numbers.start.min(*number) <= line.begin;
            let jumps = *number > next;
            let follows = || later.iter().find_map(|line| line.number);
            numbers.contains(number)
                && *number >= next
                && (!jumps || possible && follows().is_none_or(|later| later > *number))
        }) else {
            continue;
        };
        let missing = usize::try_from(number - next).unwrap_or_default();
        if missing > 0 {
            ends.resize(ends.len() + missing, line.begin);
        } else if let Some(before) = ends.last_mut() {
            *before = line.begin;
        }
        ends.push(line.end);
        rest = later;
    }
    // Lines without a number are empty, in the place of what was taken, or damaged.
    let left = numbers.end - numbers.start - ends.len() as u64;
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    ends.extend(rest.iter().take(left).map(|line| line.end));
    ends
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINE, in_order, lines};

    fn ends(text: &str, until: u64) -> Vec<u64> {
        in_order(&lines(text.as_bytes()).unwrap(), &(1..until))
    }

    /// Lines of these numbers, each of 11 bytes.
    fn of(numbers: &[u64]) -> String {
        let line = |number: &u64| format!("{{\"seq\":{number},}}\n");
        numbers.iter().map(line).collect()
    }

    #[test]
    fn lines_go_by_their_own_numbers() {
        assert_eq!(ends(&of(&[1, 2, 3]), 99), [11, 22, 33]);
        assert_eq!(ends(&of(&[1, 3, 4]), 99), [11, 11, 22, 33], "two is gone");
        let merged = of(&[1, 2, 3, 4])
            .replacen("\n", "x", 2)
            .replacen('x', "\n", 1);
        assert_eq!(ends(&merged, 99), [11, 33, 33, 44]);
        let emptied = format!("\n\n{}\n{}\n", of(&[3]), of(&[5]));
        assert_eq!(ends(&emptied, 99), [2, 2, 13, 14, 25, 26]);
        assert_eq!(ends("\n\n\n", 3), [1, 2], "the next file has the others");
        assert_eq!(ends("", 99), [0_u64; 0]);
    }

    #[test]
    fn numbers_that_cannot_be_are_none() {
        assert_eq!(ends(&of(&[1, 9, 3, 4]), 99), [11, 22, 33, 44]);
        assert_eq!(ends(&of(&[1, 2, 1, 4]), 99), [11, 22, 33, 44]);
        assert_eq!(ends(&of(&[1, 2, 3, 99]), 99), [11, 22, 33, 45]);
        assert_eq!(ends(&of(&[1, 2, 98]), u64::MAX), [11, 22, 34]);
    }

    #[test]
    fn a_stretch_without_lines_is_skipped_and_counted() {
        let zeros = "\0".repeat(usize::try_from(MAX_LINE).unwrap() + 10);
        let text = format!("{}{zeros}\n{}", of(&[1, 2]), of(&[5]));
        let after = 22 + MAX_LINE + 11;
        assert_eq!(ends(&text, 99), [11, 22, after, after, after + 11]);
        let text = format!("{}{zeros}", of(&[1]));
        assert_eq!(ends(&text, 99), [11, 11 + MAX_LINE + 10]);
        let unfinished = format!("{}{{\"seq\":2,", of(&[1]));
        assert_eq!(ends(&unfinished, 99), [11]);
    }
}
