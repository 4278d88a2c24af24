//! Outboxes below one folder, each named by whom it is for.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::config::Sink;
use crate::outbox::segment::{self, Segment};
use crate::outbox::share::{self, Share};

/// Bytes of a URL's hash that name its outbox.
const NAMED_BY: usize = 8;

/// The outbox of a URL below a folder: it is that URL's whatever others there are, and in whatever
/// order. Its name is a hash, since a URL may hold a token.
#[must_use]
pub fn outbox_of(folder: &Path, url: &str) -> PathBuf {
    let mut name = String::with_capacity(2 * NAMED_BY);
    for byte in Sha256::digest(url).iter().take(NAMED_BY) {
        // discard: a String takes whatever is written.
        let _ = write!(name, "{byte:02x}");
    }
    folder.join(name)
}

/// An outbox that none of the sinks has, with events that nobody was told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Its folder.
    pub outbox: PathBuf,
    /// How many events it holds.
    pub events: u64,
}

/// The outboxes below a folder that hold events for none of these sinks, as when a sink was taken
/// off since; what another process has open is not counted.
///
/// # Errors
///
/// What the system says when one of them cannot be read.
pub fn strays(folder: &Path, sinks: &[Sink]) -> io::Result<Vec<Stray>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut strays = Vec::new();
    for entry in entries {
        let outbox = entry?.path();
        let has_it =
            |sink: &Sink| matches!(sink, Sink::Webhook(webhook) if webhook.outbox == outbox);
        if !outbox.is_dir() || sinks.iter().any(has_it) {
            continue;
        }
        let events = left(&outbox)?;
        if events > 0 {
            strays.push(Stray { outbox, events });
        }
    }
    strays.sort_by(|one, other| one.outbox.cmp(&other.outbox));
    Ok(strays)
}

fn left(outbox: &Path) -> io::Result<u64> {
    let mut left = 0;
    // Where earlier versions put them.
    for numbers in segment::ranges(outbox)? {
        left += Segment::open(outbox, numbers)?.left();
    }
    for number in share::found(outbox)? {
        let Some(share) = Share::adopt(outbox, number)? else {
            continue;
        };
        if let Some(error) = share.unopened() {
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        left += share.left();
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use callroute_webhook::Endpoints;

    use super::{Stray, outbox_of, strays};
    use crate::config::{Sink, WebhookSink};
    use crate::outbox::Outbox;
    use crate::outbox::tests::told;

    const URLS: [&str; 2] = ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b"];

    #[test]
    fn an_outbox_is_the_same_urls_whatever_others_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = URLS.map(|url| outbox_of(folder.path(), url));
        assert_ne!(a, b);
        assert_eq!(a, outbox_of(folder.path(), URLS[0]));
        let name = a.file_name().unwrap().to_str().unwrap();
        assert!(name.len() == 16 && !name.contains("127"), "{name}");
    }

    #[test]
    fn what_nobody_is_told_any_more_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert_eq!(strays(&folder.join("none"), &[]).unwrap(), []);
        let sinks = URLS.map(|url| {
            let urls = [url.to_owned()];
            let to = Endpoints::new("callback", &urls, Duration::from_secs(1), &[]).unwrap();
            Sink::Webhook(WebhookSink::new(to, outbox_of(folder, url)))
        });
        for (sink, events) in sinks.iter().zip([2, 0]) {
            let Sink::Webhook(sink) = sink else { continue };
            let mut outbox = Outbox::open(&sink.outbox, 1 << 20).unwrap();
            for n in 0..events {
                assert!(outbox.add(&told(n), 0).unwrap());
            }
            outbox.flush(true).unwrap();
            let strays = strays(folder, &[]).unwrap();
            let is_one = strays.iter().any(|stray| stray.outbox == sink.outbox);
            assert!(!is_one, "whoever has it open tells them");
        }
        let stray = Stray {
            outbox: outbox_of(folder, URLS[0]),
            events: 2,
        };
        assert_eq!(strays(folder, &[]).unwrap(), std::slice::from_ref(&stray));
        assert_eq!(strays(folder, &sinks[1..]).unwrap(), [stray]);
        assert_eq!(strays(folder, &sinks).unwrap(), []);
    }
}
