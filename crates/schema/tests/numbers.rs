//! Reads the same texts as Google's libphonenumber did (numbers/generate.py) and counts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers may panic"
)]

use callroute_schema::number::{Kind, Reading, Region, read};
use serde_json::Value;

const CASES: &str = include_str!("numbers/cases.txt");
/// A valid number, a short number, an emergency number, none of them.
const CLASSES: [&str; 4] = ["v", "s", "e", "-"];

/// One line of the file.
struct Case<'a> {
    text: &'a str,
    region: &'a str,
    class: &'a str,
    /// E.164, extension, country, type and zones of a valid number.
    number: Option<[&'a str; 5]>,
}

impl<'a> Case<'a> {
    fn new(line: &'a str, zones: &[&'a str]) -> Self {
        let fields: Vec<&str> = line.split('|').collect();
        let (text, region, class, number) = match *fields.as_slice() {
            [text, region, class] => (text, region, class, None),
            [text, region, class, e164, ext, country, number_type, zone] => {
                let zone = zones.get(zone.parse::<usize>().unwrap()).unwrap();
                (
                    text,
                    region,
                    class,
                    Some([e164, ext, country, number_type, zone]),
                )
            }
            _ => panic!("{line}"),
        };
        assert!(CLASSES.contains(&class), "{line}");
        Self {
            text,
            region,
            class,
            number,
        }
    }

    fn read(&self) -> Reading {
        let region = (!self.region.is_empty()).then(|| Region::new(self.region).unwrap());
        read(self.text, region)
    }
}

/// How many of how many were wrong, and which.
#[derive(Default)]
struct Count {
    all: usize,
    wrong: Vec<String>,
}

impl Count {
    fn add(&mut self, right: bool, case: &Case<'_>, reading: &Reading) {
        self.all += 1;
        if !right {
            let (text, region, class) = (case.text, case.region, case.class);
            self.wrong.push(format!(
                "{text} {region}: {class} {:?}, read {reading:?}",
                case.number
            ));
        }
    }

    fn print(&self, name: &str) {
        println!("{name}: {} of {} wrong", self.wrong.len(), self.all);
        for wrong in self.wrong.iter().take(20) {
            println!("  {wrong}");
        }
    }
}

#[test]
fn reads_as_google_does() {
    let zones: Vec<&str> = CASES
        .lines()
        .filter_map(|line| line.strip_prefix('='))
        .collect();
    let [mut e164, mut emergency, mut valid, mut short, mut details] =
        std::array::from_fn(|_| Count::default());
    for line in CASES.lines().filter(|line| !line.starts_with('=')) {
        let case = Case::new(line, &zones);
        let reading = case.read();
        emergency.add(reading.emergency == (case.class == "e"), &case, &reading);
        valid.add(reading.valid == (case.class != "-"), &case, &reading);
        short.add(
            (reading.kind == Kind::Short) == (case.class == "s"),
            &case,
            &reading,
        );
        if let Some(expected) = case.number {
            e164.add(
                reading.e164.as_deref() == Some(expected[0]),
                &case,
                &reading,
            );
            details.add(in_json(&reading) == expected, &case, &reading);
        }
    }
    e164.print("E.164 of valid numbers");
    emergency.print("emergency or not");
    valid.print("valid or not");
    short.print("short or not");
    details.print("E.164, extension, country, type and zones of valid numbers");

    assert!(e164.all > 10_000 && e164.wrong.is_empty());
    assert!(emergency.wrong.is_empty());
    assert!(valid.all > 30_000 && valid.wrong.len() * 1_000 <= valid.all);
    assert!(short.wrong.len() * 1_000 <= short.all);
    assert!(details.wrong.is_empty());
}

/// The fields of [`Case::number`] as the JSON has them.
fn in_json(reading: &Reading) -> [String; 5] {
    let json = serde_json::to_value(reading).unwrap();
    let text = |key: &str| match json.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("&"),
        _ => String::new(),
    };
    ["e164", "ext", "country", "type", "zones"].map(text)
}

#[test]
fn every_region_and_emergency_number_is_measured() {
    let cases = || {
        CASES
            .lines()
            .map(|line| line.split('|').collect::<Vec<_>>())
    };
    for region in Region::all() {
        let of_class = |class: &'static str| {
            let region = region.as_str();
            cases().filter(move |f| f.get(1) == Some(&region) && f.get(2) == Some(&class))
        };
        assert!(of_class("v").count() > 0, "{region}");
        let emergency = region.emergency_numbers();
        let asked = of_class("e")
            .filter(|f| f.first().is_some_and(|text| !text.contains('-')))
            .count();
        assert_eq!(asked, emergency.len(), "{region}");
    }
}
