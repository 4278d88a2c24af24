//! What a server says of a caller: an object of texts.

use std::collections::{BTreeMap, BTreeSet};

use callroute_schema::tree::{Node, Value};

use crate::failure::{Failure, FailureClass};

/// What is known, by name.
pub(crate) type Row = BTreeMap<String, String>;

/// Most names.
const NAMES: usize = 64;
/// Longest name and longest text, in bytes.
const NAME: usize = 64;
const TEXT: usize = 4 * 1024;

/// Reads a whole body; `None`: the server knows nothing.
pub(crate) fn read(body: &[u8]) -> Result<Option<Row>, Failure> {
    // Some editors and servers put a byte order mark in front.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        let detail = "the body is empty; answer with an object of texts, or with null";
        return Err(Failure::new(FailureClass::Empty, detail));
    }
    let node = Node::from_json(body)
        .map_err(|error| Failure::new(FailureClass::BadJson, error.to_string()))?;
    let wrong = |detail: String| Failure::new(FailureClass::BadSchema, detail);
    if node.value == Value::Null {
        return Ok(None);
    }
    let Some(entries) = node.entries() else {
        return Err(wrong("expected an object of texts, or null".to_owned()));
    };
    if entries.len() > NAMES {
        let found = entries.len();
        return Err(wrong(format!("{found} names; at most {NAMES} are taken")));
    }
    let mut row = Row::new();
    let mut names = BTreeSet::new();
    for (name, value) in entries {
        let name = &name.text;
        // Which of both was meant, nobody knows.
        if !names.insert(name) {
            return Err(wrong(format!("$.{name}: duplicate field `{name}`")));
        }
        if name.is_empty() || name.len() > NAME {
            let found = name.len();
            return Err(wrong(format!(
                "a name of {found} bytes; expected 1 to {NAME}"
            )));
        }
        if value.value == Value::Null {
            continue;
        }
        let Some(text) = value.text() else {
            return Err(wrong(format!(
                "$.{name}: expected a text, a number, true or false"
            )));
        };
        if text.len() > TEXT {
            let found = text.len();
            return Err(wrong(format!(
                "$.{name}: a text of {found} bytes; expected at most {TEXT}"
            )));
        }
        row.insert(name.clone(), text.to_owned());
    }
    Ok((!row.is_empty()).then_some(row))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::failure::FailureClass;

    #[test]
    fn an_object_of_texts() {
        let body = br#"{"owner":"ann","calls":7,"vip":true,"note":null}"#;
        let row = read(body).unwrap().unwrap();
        let row: Vec<_> = row.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(row, [("calls", "7"), ("owner", "ann"), ("vip", "true")]);
        for nobody in ["null", " {} ", r#"{"owner":null}"#] {
            assert_eq!(read(nobody.as_bytes()), Ok(None));
        }
    }

    #[test]
    fn what_is_no_object_of_texts() {
        use FailureClass::{BadJson, BadSchema, Empty};
        let many: Vec<String> = (0..65).map(|n| format!("\"{n}\":1")).collect();
        for (body, class) in [
            (String::new(), Empty),
            ("{".to_owned(), BadJson),
            ("[]".to_owned(), BadSchema),
            ("\"ann\"".to_owned(), BadSchema),
            (r#"{"owner":{"name":"ann"}}"#.to_owned(), BadSchema),
            (r#"{"":"ann"}"#.to_owned(), BadSchema),
            (r#"{"tier":"gold","tier":"silver"}"#.to_owned(), BadSchema),
            (r#"{"tier":"gold","a":1,"tier":null}"#.to_owned(), BadSchema),
            (format!("{{{}}}", many.join(",")), BadSchema),
            (format!(r#"{{"a":"{}"}}"#, "x".repeat(5_000)), BadSchema),
        ] {
            assert_eq!(read(body.as_bytes()).unwrap_err().class, class, "{body}");
        }
    }
}
