//! Keys of one menu that do nothing, and menus without any.

use callroute_schema::{DigitPattern, Digits, Extensions, Menu};

use super::Review;
use super::patterns::{meet, runs, within};
use crate::path::{Path, Spot};

impl Review<'_> {
    /// Whatever is told of a menu, wherever it is written out.
    pub(super) fn keys(&mut self, menu: &Menu, at: &Path<'_>) {
        let options = at.key("options");
        for (field, key) in [("back", &menu.back), ("repeat", &menu.repeat)] {
            if let Some(key) = key.as_ref().filter(|key| menu.options.contains_key(*key)) {
                let message = format!(
                    "this key does nothing: {key} is an option too, which comes first; give one of them another key"
                );
                self.warn_between(
                    &at.key(field),
                    message,
                    (&options.key(key.as_str()), "this one is taken"),
                );
            }
        }
        if menu.back.is_some() && menu.back == menu.repeat {
            let message = "this key does nothing: `back` has it, and comes first; give one of them another key";
            self.warn_between(
                &at.key("repeat"),
                message,
                (&at.key("back"), "this one is taken"),
            );
        }
        if let Some(end) = menu.terminator {
            for key in menu.options.keys() {
                let alone = key.as_str().len() == 1;
                if !alone
                    && key.as_str().ends_with(end.as_char())
                    && menu.options.contains_key(without_last(key))
                {
                    let message = format!(
                        "`{key}` ends with the terminator {end} and is waited for all the same; leave {end} out of it"
                    );
                    self.warn(&options.key(key.as_str()), message);
                }
            }
        }
        self.patterns(menu, at);
        self.extensions(menu, at);
        if menu.timeout_s.is_none()
            && menu.options.is_empty()
            && menu.patterns.is_empty()
            && menu.extensions.is_none()
        {
            self.warn(
                at,
                "this menu has no key at all; a text that is only heard is `say`",
            );
        }
    }

    fn patterns(&mut self, menu: &Menu, at: &Path<'_>) {
        let section = at.key("patterns");
        for pattern in menu.patterns.keys() {
            let text = pattern.as_str();
            let Some(runs) = runs(pattern) else {
                continue;
            };
            let takes = |run: &String| {
                is_key(menu, run)
                    || DigitPattern::nearest(menu.patterns.keys(), run) != Some(pattern)
            };
            if !runs.iter().all(takes) {
                continue;
            }
            let message = match &*runs {
                [_] => format!(
                    "this pattern does nothing: {text} is an option, which comes first; take one of them out"
                ),
                _ => "this pattern does nothing: whatever fits it is an option or fits a nearer pattern, which come first; take it out".to_owned(),
            };
            let here = Spot::of_key(self.root, &section.key(text));
            let first = runs
                .iter()
                .find(|run| menu.options.contains_key(run.as_str()));
            match first {
                Some(first) => {
                    let options = at.key("options");
                    let there = Spot::of_key(self.root, &options.key(first));
                    self.report
                        .between_spots(&here, message, (&there, "this one is taken"));
                }
                None => self.report.add(here.span, here.path, message),
            }
        }
    }

    fn extensions(&mut self, menu: &Menu, at: &Path<'_>) {
        let Some(extensions) = &menu.extensions else {
            return;
        };
        let options = at.key("options");
        let patterns = at.key("patterns");
        let at = at.key("extensions");
        let (allow, deny) = (at.key("allow"), at.key("deny"));
        for (index, pattern) in extensions.allow.iter().enumerate() {
            let here = Spot::of(self.root, &allow.index(index));
            let denied = extensions.deny.iter();
            let denied = denied.enumerate().find(|(_, deny)| within(pattern, deny));
            let taken = menu.patterns.keys().find(|taken| within(pattern, taken));
            let (message, there, label) = if let Some((place, denied)) = denied {
                let message = match denied == pattern {
                    true => format!(
                        "nobody can dial `{pattern}`: it is denied too; take one of them out"
                    ),
                    false => format!(
                        "nobody can dial `{pattern}`: `{denied}` denies all of it; take one of them out"
                    ),
                };
                (
                    message,
                    Spot::of(self.root, &deny.index(place)),
                    "this denies it",
                )
            } else if let Some(taken) = taken {
                let message = format!(
                    "nobody reaches `{pattern}` as an extension: the menu's pattern `{taken}` comes first; take one of them out"
                );
                let there = Spot::of_key(self.root, &patterns.key(taken.as_str()));
                (message, there, "this comes first")
            } else if let Some(first) = unreached(menu, extensions, pattern) {
                let message = format!(
                    "nobody reaches `{pattern}` as an extension: whatever fits it is a key of the menu, which comes first, or denied; take it out"
                );
                let there = Spot::of_key(self.root, &options.key(&first));
                (message, there, "this comes first")
            } else {
                continue;
            };
            self.report.between_spots(&here, message, (&there, label));
        }
        for (index, pattern) in extensions.deny.iter().enumerate() {
            if !extensions.allow.iter().any(|allow| meet(allow, pattern)) {
                let message = format!(
                    "`{pattern}` is denied, and nothing allows it; leave it out, or allow more"
                );
                self.warn(&deny.index(index), message);
            }
        }
    }
}

/// Whether a run of keys is an option, or has another meaning that comes before patterns.
fn is_key(menu: &Menu, run: &str) -> bool {
    let is = |key: &Option<Digits>| key.as_ref().is_some_and(|key| key.as_str() == run);
    menu.options.contains_key(run) || is(&menu.back) || is(&menu.repeat)
}

/// Where no run of keys that fits comes to be an extension: the first of them.
fn unreached(menu: &Menu, extensions: &Extensions, pattern: &DigitPattern) -> Option<String> {
    let runs = runs(pattern)?;
    let taken = |run: &String| {
        is_key(menu, run)
            || menu.patterns.keys().any(|taken| taken.fits(run))
            || extensions.deny.iter().any(|denied| denied.fits(run))
    };
    match runs.iter().all(taken) {
        true => runs.into_iter().next(),
        false => None,
    }
}

fn without_last(key: &Digits) -> &str {
    let text = key.as_str();
    text.get(..text.len().saturating_sub(1)).unwrap_or("")
}
