//! Keys of menus that do nothing, and menus that hear themselves for ever.

use callroute_schema::{Digits, Menu};

use super::Review;
use super::patterns::meet;
use crate::path::Path;

impl Review<'_> {
    pub(super) fn menus(&mut self) {
        let section = Path::ROOT.key("menus");
        let table = self.table;
        for entry in table.menus.entries() {
            if let Some(menu) = &entry.value {
                self.menu(menu, &section.key(&entry.name));
            }
        }
    }

    fn menu(&mut self, menu: &Menu, at: &Path<'_>) {
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
            // All of whose runs of digits are options.
            let text = pattern.as_str();
            let plain = text
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '*' | '#'));
            if plain && menu.options.contains_key(text) {
                let message = format!(
                    "this pattern does nothing: {text} is an option, which comes first; take one of them out"
                );
                self.warn_between(
                    &section.key(text),
                    message,
                    (&at.key("options").key(text), "this one is taken"),
                );
            }
        }
    }

    fn extensions(&mut self, menu: &Menu, at: &Path<'_>) {
        let Some(extensions) = &menu.extensions else {
            return;
        };
        let at = at.key("extensions");
        let allow = at.key("allow");
        for (index, pattern) in extensions.allow.iter().enumerate() {
            let here = allow.index(index);
            if let Some(denied) = extensions.deny.iter().position(|deny| deny == pattern) {
                let message =
                    format!("nobody can dial `{pattern}`: it is denied too; take one of them out");
                self.warn_between(
                    &here,
                    message,
                    (&at.key("deny").index(denied), "this denies it"),
                );
            } else if menu.patterns.contains_key(pattern) {
                let message = format!(
                    "nobody reaches `{pattern}` as an extension: a pattern of the menu is the same, and comes first"
                );
                self.warn(&here, message);
            }
        }
        let deny = at.key("deny");
        for (index, pattern) in extensions.deny.iter().enumerate() {
            let allowed = extensions.allow.iter().any(|allow| meet(allow, pattern));
            if !allowed {
                let message = format!(
                    "`{pattern}` is denied, and nothing allows it; leave it out, or allow more"
                );
                self.warn(&deny.index(index), message);
            }
        }
    }
}

fn without_last(key: &Digits) -> &str {
    let text = key.as_str();
    text.get(..text.len().saturating_sub(1)).unwrap_or("")
}
