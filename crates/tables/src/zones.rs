//! Time zones from the system's files, which its packages keep up to date.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callroute_rules::{ChronoTz, Zone, Zones};
use chrono::NaiveDateTime;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Where zone files are, when `TZDIR` does not say.
const FOLDER: &str = "/usr/share/zoneinfo";
/// Longest zone file that is read, in bytes; the longest there are have a few thousand.
const MAX_FILE: u64 = 64 * 1024;
/// Longest zone name, in bytes.
const MAX_NAME: usize = 64;

/// Time zones from the system's files (TZif, RFC 9636); a zone that is not there comes from the
/// data compiled into this program.
#[derive(Debug, Clone)]
pub struct SystemZones {
    folder: PathBuf,
}

impl Default for SystemZones {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemZones {
    /// The system's zones: in the folder that the environment variable `TZDIR` names, else in
    /// `/usr/share/zoneinfo`.
    #[must_use]
    pub fn new() -> Self {
        let folder = std::env::var_os("TZDIR").filter(|folder| !folder.is_empty());
        Self::at(folder.map_or_else(|| PathBuf::from(FOLDER), PathBuf::from))
    }

    /// The zones of another folder.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Whether the system has zone files; without them, the compiled-in data is in force.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.file("UTC").is_some() || self.file("Etc/UTC").is_some()
    }

    fn file(&self, name: &str) -> Option<TimeZone> {
        let bytes = read(&self.folder.join(name), MAX_FILE)?;
        TimeZone::tzif(name, &bytes).ok()
    }
}

impl Zones for SystemZones {
    fn zone(&self, name: &str) -> Option<Arc<dyn Zone>> {
        if !is_name(name) {
            return None;
        }
        match self.file(name) {
            Some(zone) => Some(Arc::new(System { zone })),
            None => ChronoTz.zone(name),
        }
    }

    /// As in `2025b`; `unknown` when the system's files do not say, and
    /// `2025b (compiled in)` when there are none.
    fn release(&self) -> String {
        if !self.is_present() {
            return format!("{} (compiled in)", ChronoTz.release());
        }
        let first_line = |name: &str| {
            let bytes = read(&self.folder.join(name), 256)?;
            let text = String::from_utf8_lossy(&bytes);
            let line = text.lines().next()?.trim();
            Some(line.trim_start_matches("# version ").to_owned()).filter(|line| is_release(line))
        };
        ["tzdata.zi", "+VERSION", "version"]
            .into_iter()
            .find_map(first_line)
            .unwrap_or_else(|| "unknown".to_owned())
    }
}

/// `2025b`, or `2025b-dirty`: never a line of anything else.
fn is_release(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
}

/// Names from a routing file never lead out of the folder, nor to what is no zone of its own.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    // `right/` counts leap seconds; the others are whatever this machine is set to.
    let strange = ["right", "posix", "posixrules", "localtime"];
    name.len() <= MAX_NAME
        && name.split('/').all(part)
        && !name
            .split('/')
            .next()
            .is_some_and(|first| strange.contains(&first))
}

fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(most)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

#[derive(Debug)]
struct System {
    zone: TimeZone,
}

impl Zone for System {
    fn offset_at_utc(&self, utc: NaiveDateTime) -> i32 {
        let second = utc.and_utc().timestamp();
        let end = if second < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        let instant = Timestamp::from_second(second).unwrap_or(end);
        self.zone.to_offset(instant).seconds()
    }
}

#[cfg(test)]
mod tests {
    use callroute_rules::{ChronoTz, Zones};
    use chrono::{DateTime, NaiveDateTime};

    use super::SystemZones;

    fn at(second: i64) -> NaiveDateTime {
        DateTime::from_timestamp(second, 0).unwrap().naive_utc()
    }

    #[test]
    fn reads_zone_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("Test")).unwrap();
        // Version 2, no transitions, and a footer that says it all.
        let header = |version: u8| {
            let mut bytes = b"TZif".to_vec();
            bytes.push(version);
            bytes.extend([0; 15]);
            for count in [0_u32, 0, 0, 0, 1, 4] {
                bytes.extend(count.to_be_bytes());
            }
            bytes.extend([0, 0, 0x0e, 0x10, 0, 0]);
            bytes.extend(b"TST\0");
            bytes
        };
        let mut bytes = header(b'2');
        bytes.extend(header(b'2'));
        bytes.extend(b"\nTST-1TSU,M3.5.0,M10.5.0/3\n");
        std::fs::write(folder.path().join("Test/Zone"), &bytes).unwrap();
        std::fs::write(folder.path().join("UTC"), &bytes).unwrap();
        let zones = SystemZones::at(folder.path());
        let zone = zones.zone("Test/Zone").unwrap();
        assert_eq!(zone.offset_at_utc(at(1_767_225_600)), 3_600, "January 2026");
        assert_eq!(zone.offset_at_utc(at(1_782_864_000)), 7_200, "July 2026");
        assert_eq!(zones.release(), "unknown");
        std::fs::write(folder.path().join("tzdata.zi"), "# version 2026c\nR x\n").unwrap();
        assert_eq!(zones.release(), "2026c");
    }

    #[test]
    fn falls_back_to_the_compiled_in_data() {
        let folder = tempfile::tempdir().unwrap();
        let zones = SystemZones::at(folder.path());
        assert!(zones.zone("America/New_York").is_some());
        assert!(zones.zone("America/Atlantis").is_none());
        assert_eq!(
            zones.release(),
            format!("{} (compiled in)", ChronoTz.release())
        );
    }

    #[test]
    fn never_leaves_its_folder() {
        let zones = SystemZones::new();
        for name in [
            "",
            "/etc/passwd",
            "../zoneinfo/UTC",
            "America/../UTC",
            "./UTC",
            "America//New_York",
            "right/UTC",
            "localtime",
            "America/New York",
        ] {
            assert!(zones.zone(name).is_none(), "{name}");
        }
    }

    #[test]
    fn agrees_with_the_compiled_in_data_about_the_past() {
        let zones = SystemZones::new();
        for name in [
            "America/New_York",
            "Europe/Dublin",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
        ] {
            let (system, compiled) = (zones.zone(name).unwrap(), ChronoTz.zone(name).unwrap());
            for week in 0..1_500 {
                let utc = at(631_152_000 + week * 604_800);
                assert_eq!(
                    system.offset_at_utc(utc),
                    compiled.offset_at_utc(utc),
                    "{name} {utc}"
                );
            }
        }
    }
}
