//! Completion and diagnostics of routing files in an editor: yaml-language-server, asked over its
//! own protocol.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::types::{root, tools};

/// What a file names its schema with, seen from `examples`.
const MODELINE: &str = "# yaml-language-server: $schema=../crates/schema/json/routes.schema.json\n";

/// A file to ask about, which need not be there, and places in it: lines and columns from 0.
struct Ask {
    path: PathBuf,
    text: String,
    at: Vec<(usize, usize)>,
}

/// Asks the language server. `None`: it is not installed.
fn ask(asks: &[Ask]) -> Option<Vec<Value>> {
    let server = "node/node_modules/yaml-language-server/bin/yaml-language-server";
    let server = tools()?.join(server);
    let mut child = Command::new("node")
        .arg(root().join("tests/editor/ask.mjs"))
        .arg(server)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asks: Vec<Value> = asks
        .iter()
        .map(|Ask { path, text, at }| {
            json!({ "uri": format!("file://{}", path.display()), "text": text, "at": at })
        })
        .collect();
    let mut input = child.stdin.take().unwrap();
    input.write_all(json!(asks).to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn in_examples(name: &str) -> PathBuf {
    root().join("examples").join(name)
}

/// The routing files of the repository, which have the modeline or all that makes one; but for
/// those that are broken on purpose, in folders named `review`.
fn routing_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            let ours = !name.starts_with('.') && name != "target" && name != "node_modules";
            if ours && name != "review" {
                routing_files(&path, found);
            }
        } else if name.ends_with(".yaml") || name.ends_with(".yml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let begins = |word: &str| text.lines().any(|line| line.starts_with(word));
            if text.starts_with(MODELINE.split('$').next().unwrap())
                || begins("version:") && begins("default:")
            {
                found.push(path);
            }
        }
    }
}

/// The lines, from 0, that something is wrong with.
fn lines(answer: &Value) -> Vec<u64> {
    let diagnostics = answer["diagnostics"].as_array().unwrap();
    let mut lines: Vec<u64> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic["line"].as_u64().unwrap())
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

fn labels(completions: &Value) -> Vec<&str> {
    let labels = completions.as_array().unwrap();
    labels.iter().map(|label| label.as_str().unwrap()).collect()
}

#[test]
fn the_example_files_have_no_faults() {
    let mut files = Vec::new();
    routing_files(&root(), &mut files);
    assert!(files.contains(&in_examples("routes.yaml")), "{files:?}");
    let asks: Vec<_> = files
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let modeline = text.lines().next().unwrap_or_default();
            assert!(
                modeline.starts_with("# yaml-language-server: $schema="),
                "{} names no schema in its first line",
                path.display()
            );
            Ask {
                path: path.clone(),
                text,
                at: Vec::new(),
            }
        })
        .collect();
    let Some(answers) = ask(&asks) else {
        return;
    };
    for (path, answer) in files.iter().zip(answers) {
        assert_eq!(answer["diagnostics"], json!([]), "{}", path.display());
    }
}

#[test]
fn faults_are_shown_at_their_lines() {
    let good = std::fs::read_to_string(in_examples("routes.yaml")).unwrap();
    let mut wrong = Vec::new();
    for (right, fault) in [
        ("strategy: simultaneous", "strategy: simultanous"),
        ("type: ring_group", "type: ringgroup"),
        ("message: general", "mesage: general"),
        ("deadline_ms: 1500", "deadline_ms: 49"),
        ("cause: call_rejected", "cause: rejected"),
        ("closed: office", "close: office"),
        ("region: US", "region: usa"),
        ("menus:", "menu:"),
    ] {
        let line = good.lines().position(|line| line.contains(right)).unwrap();
        wrong.push((line, fault, good.replacen(right, fault, 1)));
    }
    let asks: Vec<_> = wrong
        .iter()
        .enumerate()
        .map(|(index, (_, _, text))| Ask {
            path: in_examples(&format!("wrong{index}.yaml")),
            text: text.clone(),
            at: Vec::new(),
        })
        .collect();
    let Some(answers) = ask(&asks) else {
        return;
    };
    for ((line, fault, _), answer) in wrong.iter().zip(answers) {
        assert_eq!(lines(&answer), [*line as u64], "{fault}: {answer}");
    }
}

/// A file with marks where completion is asked for. Between braces the server wants a letter first.
const MARKED: &str = r#"version: 1
default: { action: hangup }
targets:
  a:
    action: forward
    destination:
      type: ^
  b:
    action: forward
    destination:
      type: ring_group
      members: ["+1"]
      strategy: ^
      ^
  c:
    action: ^
numbers:
  "+13146523057":
    - name: x
      when: { caller: { i^ } }
      then: a
    - then:
        action: forward
        on:
          ^
        destination: { type: r^ }
^
"#;

#[test]
fn completion_offers_what_belongs_there() {
    let mut text = MODELINE.to_owned();
    let mut at = Vec::new();
    for line in MARKED.lines() {
        let number = text.lines().count();
        if let Some(column) = line.find('^') {
            at.push((number, column));
        }
        text.push_str(&line.replace('^', ""));
        text.push('\n');
    }
    let path = in_examples("marked.yaml");
    let Some(answers) = ask(&[Ask { path, text, at }]) else {
        return;
    };
    let completions = answers[0]["completions"].as_array().unwrap();
    for (index, expected) in [
        &["ring_group", "number", "sip", "agent"][..],
        &["simultaneous", "sequential", "progressive"],
        &["ring_s", "ringback", "confirm"],
        &["forward", "voicemail", "menu", "webhook"],
        &["in", "is", "prefix", "anonymous"],
        &["busy", "no_answer", "failed"],
        &["ring_group", "trunk"],
        &["hours", "callers", "webhooks", "menus"],
    ]
    .iter()
    .enumerate()
    {
        let offered = labels(&completions[index]);
        for word in *expected {
            assert!(
                offered.contains(word),
                "mark {index}: {word} in {offered:?}"
            );
        }
    }
    // Other systems' words are read, but not offered.
    assert!(!labels(&completions[1]).contains(&"ringall"));
}

#[test]
fn hovering_explains() {
    let text = std::fs::read_to_string(in_examples("routes.yaml")).unwrap();
    let place = |word: &str| {
        let (line, text) = text
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains(word))
            .unwrap();
        (line, text.find(word).unwrap() + 1)
    };
    let at = ["deadline_ms:", "open:", "simultaneous", "closed:"].map(place);
    let (path, at) = (in_examples("routes.yaml"), at.to_vec());
    let Some(answers) = ask(&[Ask { path, text, at }]) else {
        return;
    };
    for (hover, expected) in answers[0]["hovers"].as_array().unwrap().iter().zip([
        "50 to 10,000",
        "When it is open",
        "All at once",
        "These hours are closed",
    ]) {
        assert!(hover.as_str().unwrap().contains(expected), "{hover}");
    }
}
