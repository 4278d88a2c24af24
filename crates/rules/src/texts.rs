//! The texts that a routing file has spoken word for word: they can be rendered before anybody calls.

use callroute_schema::tree::Node;
use callroute_schema::{Say, variables};

use crate::engine::Engine;
use crate::fault::Report;

/// Most texts that are told.
const MAX: usize = 500;

/// The texts that an engine's routing file has spoken as they stand, each once, in written order;
/// at most 500. What has variables in it becomes a text with a call, and is left out.
///
/// ```
/// use callroute_rules::{ChronoTz, load, texts};
///
/// let engine = load("routes.yaml", r#"
/// version: 1
/// default: { action: say, text: We are closed., language: en-GB }
/// menus:
///   main:
///     prompt: { say: "Press 1 for sales" }
///     options: { 1: { action: say, text: "You are {from}." } }
/// numbers: { "+13146523057": [{ name: all, then: { action: menu, name: main } }] }
/// "#, &(), &ChronoTz)?;
/// let found: Vec<String> = texts(&engine).into_iter().map(|say| say.text).collect();
/// assert_eq!(found, ["We are closed.", "Press 1 for sales"]);
/// # Ok::<(), callroute_rules::Faults>(())
/// ```
#[must_use]
pub fn texts(engine: &Engine) -> Vec<Say> {
    let mut found = Vec::new();
    if let Some(main) = engine.sources().first() {
        // It was read when the engine was compiled, so nothing is wrong with it.
        let mut report = Report::new(&main.name);
        if let Some(root) = crate::compile::root(&main.name, &main.text, &mut report) {
            walk(&root, &mut found);
        }
    }
    found
}

fn walk(node: &Node, found: &mut Vec<Say>) {
    for item in node.items().unwrap_or_default() {
        walk(item, found);
    }
    let Some(entries) = node.entries() else {
        return;
    };
    let of = |key| node.get(key).and_then(Node::text);
    let text = match of("action") {
        Some("say") => of("text"),
        // A prompt; of a play action, `say` is no key.
        _ => of("say"),
    };
    if let Some(text) = text.filter(|text| variables(text).next().is_none()) {
        let say = Say {
            text: text.to_owned(),
            language: of("language").map(str::to_owned),
            voice: of("voice").map(str::to_owned),
            on: callroute_schema::On::default(),
        };
        if found.len() < MAX && !found.contains(&say) {
            found.push(say);
        }
    }
    for (_, value) in entries {
        walk(value, found);
    }
}
