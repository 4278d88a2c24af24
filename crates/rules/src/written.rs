//! Numbers to dial as people write them in a file: without what is only there to be seen.

use callroute_schema::tree::{Node, Value};

use crate::engine::plain;

/// Leaves the visual separators (RFC 3966, section 5.1.1) out of the numbers that a file dials:
/// `to` of agents, members of groups and queues, and destinations. Those that calls are compared
/// with are read so in any case.
pub(crate) fn tidy(root: &mut Node) {
    let Value::Map(sections) = &mut root.value else {
        return;
    };
    for (section, node) in sections {
        if section.text == "agents" {
            for agent in children(node) {
                number_under("to", agent);
            }
        } else {
            actions(node);
        }
    }
}

/// The reader bounds how deep a file nests, so this ends.
fn actions(node: &mut Node) {
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(actions),
        Value::Map(entries) => {
            for (key, child) in entries {
                match key.text.as_str() {
                    // No action stands in a condition.
                    "when" => continue,
                    "destination" => number_under("number", child),
                    "members" => {
                        for member in children(child) {
                            number(member);
                            number_under("to", member);
                        }
                    }
                    _ => {}
                }
                actions(child);
            }
        }
        _ => {}
    }
}

fn children(node: &mut Node) -> Vec<&mut Node> {
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().collect(),
        Value::Map(entries) => entries.iter_mut().map(|(_, child)| child).collect(),
        _ => Vec::new(),
    }
}

fn number_under(wanted: &str, node: &mut Node) {
    if let Value::Map(entries) = &mut node.value {
        let found = entries.iter_mut().filter(|(key, _)| key.text == wanted);
        found.for_each(|(_, child)| number(child));
    }
}

fn number(node: &mut Node) {
    if let Value::Text(text) | Value::Plain(text) = &mut node.value
        // A `(0)` is not dialed: left out it would be.
        && !text.contains("(0)")
        && let Some(plain) = plain(text)
    {
        *text = plain;
    }
}

#[cfg(test)]
mod tests {
    use crate::{ChronoTz, load};

    #[test]
    fn a_number_to_dial_is_written_as_people_do() {
        let table = r#"
version: 1
region: US
default: { action: hangup }
agents: { ann: { to: (212) 555-0147 } }
targets:
  sales: { action: queue, name: sales, members: ["+1 314 555-0102", { to: 314.555.0103, ring_s: 5 }] }
numbers:
  "+13145550100":
    - then: { action: forward, destination: { type: ring_group, members: ["(314) 555-0101", ann] }, on: { failed: { action: forward, destination: { type: number, number: "314 555 0104" } } } }
"#;
        let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
        assert_eq!(engine.agent("ann").unwrap().to.as_str(), "2125550147");
        let mut found = String::new();
        engine.each_action(|action, _| found += &serde_json::to_string(action).unwrap());
        for number in [
            "\"+13145550102\"",
            "\"3145550103\"",
            "\"3145550101\"",
            "\"3145550104\"",
        ] {
            assert!(found.contains(number), "{number}: {found}");
        }
    }
}
