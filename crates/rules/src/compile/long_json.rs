//! JSON that is too long for lines to be told: as strict as what YAML's reader lets through.

use std::collections::HashSet;

use callroute_schema::hint::shorten;
use callroute_schema::tree::{Key, Node, Value};

use crate::fault::Report;
use crate::path::Path;
use crate::yaml::{MAX_DEPTH, no_value, too_deep};

/// Longest JSON that is read, in bytes.
const MAX_JSON: usize = 1024 * 1024 * 1024;

/// Reads a long document; faults have paths, and no lines.
pub(super) fn long_json(text: &str, report: &mut Report) -> Option<Node> {
    if text.len() > MAX_JSON {
        let found = text.len();
        let message = format!("a routing file has at most {MAX_JSON} bytes, found {found}");
        report.add(None, String::new(), message);
        return None;
    }
    let plain = text.trim_start_matches('\u{feff}');
    match Node::from_json(plain.as_bytes()) {
        Ok(mut root) => strict(&mut root, &Path::ROOT, MAX_DEPTH, report).then_some(root),
        Err(error) => {
            report.add(None, String::new(), error.to_string());
            None
        }
    }
}

/// Reports keys that stand twice, which are taken out, and values that are none. `false`: lists
/// and maps are nested deeper than `depth`.
fn strict(node: &mut Node, at: &Path<'_>, depth: usize, report: &mut Report) -> bool {
    let is_nested = matches!(node.value, Value::Seq(_) | Value::Map(_));
    if is_nested && depth == 0 {
        report.add(None, at.to_string(), too_deep());
        return false;
    }
    let inside = depth.saturating_sub(1);
    match &mut node.value {
        Value::Null => {
            report.add(None, at.to_string(), no_value("null"));
            true
        }
        Value::Seq(items) => {
            let mut items = items.iter_mut().enumerate();
            items.all(|(index, item)| strict(item, &at.index(index), inside, report))
        }
        Value::Map(entries) => {
            once(entries, at, report);
            let mut entries = entries.iter_mut();
            entries.all(|(key, value)| strict(value, &at.key(&key.text), inside, report))
        }
        _ => true,
    }
}

/// Takes out what stands under a key that was there before.
fn once(entries: &mut Vec<(Key, Node)>, at: &Path<'_>, report: &mut Report) {
    /// As few are compared with each other sooner than put into a set.
    const FEW: usize = 8;
    let texts = || entries.iter().map(|(key, _)| key.text.as_str());
    let is_once = match entries.len() {
        ..=FEW => texts()
            .enumerate()
            .all(|(place, key)| !texts().take(place).any(|known| known == key)),
        count => {
            let mut seen = HashSet::with_capacity(count);
            texts().all(|key| seen.insert(key))
        }
    };
    if is_once {
        return;
    }
    let mut seen = HashSet::new();
    entries.retain(|(key, _)| {
        let is_new = seen.insert(key.text.clone());
        if !is_new {
            let message = format!("`{}` is given twice", shorten(&key.text));
            report.add(None, at.key(&key.text).to_string(), message);
        }
        is_new
    });
}

#[cfg(test)]
mod tests {
    use super::long_json;
    use crate::fault::Report;

    fn faults(text: &str) -> Vec<String> {
        let mut report = Report::new("routes.json");
        let _ = long_json(text, &mut report);
        match report.is_empty() {
            true => Vec::new(),
            false => {
                let faults = report.finish(&[]);
                let told = faults.iter();
                told.map(|fault| format!("{}: {}", fault.path, fault.message))
                    .collect()
            }
        }
    }

    #[test]
    fn nothing_is_lost_in_silence() {
        let many: Vec<_> = (0..20).map(|key| format!(r#""{}": 1"#, key % 19)).collect();
        let many = format!("{{ {} }}", many.join(", "));
        for (text, expected) in [
            ("\u{feff}{ \"version\": 1 }", ""),
            (r#"{ "a": { "b": 1 }, "c": { "b": 1 } }"#, ""),
            (r#"{ "a": 1, "b": 2, "a": 3 }"#, "$.a: `a` is given twice"),
            (
                r#"{ "numbers": [{ "+1": 1, "+1": 2 }] }"#,
                r#"$.numbers[0]["+1"]: `+1` is given twice"#,
            ),
            (&many, r#"$.0: `0` is given twice"#),
            (
                r#"{ "a": [{ "when": null }] }"#,
                "$.a[0].when: `null` is no value; leave the entry out",
            ),
        ] {
            assert_eq!(faults(text).join("\n"), expected, "{text}");
        }
    }

    #[test]
    fn as_deep_as_yaml_may_be() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(faults(&nested(32)).is_empty());
        let [fault] = &*faults(&nested(33)) else {
            panic!("one fault is expected");
        };
        assert!(fault.ends_with("nested at most 32 deep"), "{fault}");
    }
}
