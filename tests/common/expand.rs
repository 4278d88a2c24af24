//! Scenario templates: `{{part key=value}}` is a file of `sipp/parts`, `{{key}}` a variable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) type Variables = BTreeMap<String, String>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sipp")
}

/// A scenario of `tests/sipp` with everything filled in.
pub(crate) fn scenario(name: &str, variables: &[(&str, &str)]) -> String {
    let mut all: Variables = [
        ("retrans_ms", "500"),
        ("direction", "sendrecv"),
        ("address", "[media_ip]"),
        ("version", "1"),
        ("cseq", "1"),
        ("press", ""),
        ("to_tag", ""),
        ("talk_ms", "300"),
        ("headers", ""),
        ("hops", "70"),
        ("invite_cseq", "1"),
        ("invite_branch", "invite"),
        ("again", "{{sdp}}"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    all.extend(
        variables
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
    );
    let path = folder().join(format!("{name}.xml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    expand(&text, &all)
}

fn expand(text: &str, variables: &Variables) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}").expect("a {{ without }}");
        out.push_str(before);
        out.push_str(&fill(inside, variables));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn fill(inside: &str, variables: &Variables) -> String {
    let mut words = inside.split_whitespace();
    let name = words.next().expect("an empty {{}}");
    let mut local = variables.clone();
    for word in words {
        let (key, value) = word.split_once('=').expect("key=value");
        local.insert(key.to_owned(), value.to_owned());
    }
    if let Some(value) = local.get(name) {
        return expand(value, &local);
    }
    let part = ["xml", "txt"].map(|ext| folder().join("parts").join(format!("{name}.{ext}")));
    let text = part
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok());
    expand(
        text.unwrap_or_else(|| panic!("no part and no variable {name}"))
            .trim_end(),
        &local,
    )
}
