//! Servers that can never be asked.

use callroute_schema::Action;
use callroute_schema::tree::Node;

use super::used::each_list;
use super::{Judges, Review};
use crate::check::Sink;
use crate::path::{Path, Spot};
use callroute_schema::hint::shorten;

impl Review<'_> {
    pub(super) fn webhooks(&mut self, judges: &Judges<'_>) {
        let judge = judges.host;
        let section = Path::ROOT.key("webhooks");
        for entry in self.table.webhooks.entries() {
            let Some(webhook) = &entry.value else {
                continue;
            };
            let at = section.key(&entry.name);
            if let Some((key, why)) = (judges.settings)(&entry.name) {
                let message = format!("a router cannot ask it: {why}");
                match key {
                    // The line would be shown, and the secret with it.
                    "secret" => self.warn_key(&at, message),
                    key => self.warn(&at.key(key), message),
                }
            }
            let at = at.key("urls");
            for (index, url) in webhook.urls.iter().enumerate() {
                if let Some(why) = judge(url, &webhook.allow) {
                    let url = shorten(url);
                    let message = format!(
                        "`{url}` is never asked: {why}; name its address or range under `allow`, \
                         as in [127.0.0.0/8], or ask a public server"
                    );
                    self.warn(&at.index(index), message);
                }
            }
        }
        let mut urls = Urls {
            root: self.root,
            found: Vec::new(),
        };
        each_list(self.table, &mut urls);
        for (url, spot) in urls.found {
            if let Some(why) = judge(&url, &[]) {
                let url = shorten(&url);
                let message = format!(
                    "`{url}` is never asked: {why}; give it a name under `webhooks`, with its \
                     address or range under `allow`"
                );
                self.report.add(spot.span, spot.path, message);
            }
        }
    }
}

/// URLs that actions ask without a name.
struct Urls<'n> {
    root: &'n Node,
    found: Vec<(String, Spot)>,
}

impl Sink for Urls<'_> {
    fn action(&mut self, action: &Action, at: &Path<'_>) {
        if let Action::Webhook(webhook) = action
            && let Some(url) = &webhook.url
        {
            let spot = Spot::of(self.root, &at.key("url"));
            self.found.push((url.clone(), spot));
        }
    }
}
