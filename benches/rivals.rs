//! The same rules in other engines: `cargo bench -p callroute-benches --features rivals --bench rivals`
//!
//! Each rule is a dialed number, the beginning of the caller's number, and a target. All engines
//! decide the same calls in turn and have to agree. What others want as their own types is made
//! from the call beforehand. `--quick` only sees that they agree; a number is the largest table
//! (default 100,000).

mod harness;
mod workload;

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use callroute_rules::{ChronoTz, Engine, Facts, Outcome, load};
use callroute_schema::Event;
use cedar_policy::{
    Authorizer, Context, Entities, EntityUid, PolicyId, PolicySet, Request, RestrictedExpression,
};
use harness::{Failure, Options, Samples, Target, clock, machine, print_targets};
use serde_json::{Value, json};
use workload::{Dice, number};
use zen_engine::model::DecisionContent;
use zen_engine::{Decision, DecisionEngine, Variable};

/// Targets that rules lead to.
const TARGETS: u64 = 1_000;
/// Most time that an engine gets for one round of one table.
const ROUND: Duration = Duration::from_millis(500);

/// A rule: the number, how callers begin, and the target.
#[derive(Debug)]
struct Rule {
    to: String,
    from: String,
    target: u64,
}

/// A call, and where it belongs.
#[derive(Debug)]
struct Call {
    to: String,
    from: String,
    target: Option<u64>,
}

fn rules(count: u64) -> Vec<Rule> {
    let mut dice = Dice(5);
    let rule = |k| Rule {
        to: number(1, k),
        from: format!("+1{}", 200 + dice.below(800)),
        target: dice.below(TARGETS),
    };
    (0..count).map(rule).collect()
}

/// Every other call is one that its number's rule is for.
fn calls(rules: &[Rule]) -> Vec<Call> {
    let mut dice = Dice(6);
    let call = |k: u64| {
        let place = dice.below(rules.len() as u64);
        let rule = rules.get(usize::try_from(place).ok()?)?;
        let end = dice.below(10_000_000);
        Some(match k % 2 {
            0 => Call {
                to: rule.to.clone(),
                from: format!("{}{end:0>7}", rule.from),
                target: Some(rule.target),
            },
            _ => Call {
                to: rule.to.clone(),
                from: format!("+4420{end:0>8}"),
                target: None,
            },
        })
    };
    (0..256).filter_map(call).collect()
}

/// What decides a call; `None`: no rule is for it.
trait Rival {
    fn name(&self) -> &'static str;
    fn decide(&mut self, call: usize) -> Result<Option<u64>, Failure>;
}

struct Ours {
    engine: Engine,
    events: Vec<Event>,
    facts: Facts,
}

impl Ours {
    fn new(rules: &[Rule], calls: &[Call]) -> Result<Self, Failure> {
        let mut text = String::from(r#"{"version":1,"default":{"action":"reject"},"targets":{"#);
        for k in 0..TARGETS {
            let separator = if k == 0 { "" } else { "," };
            write!(
                text,
                r#"{separator}"t{k}":{{"action":"voicemail","message":"t{k}"}}"#
            )?;
        }
        text.push_str(r#"},"numbers":{"#);
        for (k, rule) in rules.iter().enumerate() {
            let separator = if k == 0 { "" } else { "," };
            write!(
                text,
                r#"{separator}"{}":[{{"when":{{"caller":{{"prefix":"{}"}}}},"then":"t{}"}}]"#,
                rule.to, rule.from, rule.target
            )?;
        }
        text.push_str("}}");
        let event = |call: &Call| {
            let event = json!({
                "event": "incoming_call", "from": call.from, "to": call.to,
                "timestamp": "2026-04-21T14:32:00Z", "call_id": "c1",
            });
            Ok(Event::from_json(event.to_string().as_bytes())?)
        };
        Ok(Self {
            engine: load("routes.json", &text, &(), &ChronoTz)?,
            events: calls.iter().map(event).collect::<Result<_, Failure>>()?,
            facts: Facts::new(),
        })
    }
}

impl Rival for Ours {
    fn name(&self) -> &'static str {
        "callroute"
    }

    fn decide(&mut self, call: usize) -> Result<Option<u64>, Failure> {
        let event = self.events.get(call).ok_or("no such call")?;
        let Outcome::Decided(decision) = self.engine.decide(black_box(event), &self.facts) else {
            return Err("a fact is wanted".into());
        };
        if decision.id().is_none() {
            return Ok(None);
        }
        let json = decision.to_json();
        let (_, target) = json.rsplit_once("\"t").ok_or("another answer")?;
        Ok(Some(target.trim_end_matches(['"', '}']).parse()?))
    }
}

struct Zen {
    decision: Decision,
    calls: Vec<Variable>,
    runtime: tokio::runtime::Runtime,
}

impl Zen {
    fn new(rules: &[Rule], calls: &[Call]) -> Result<Self, Failure> {
        let row = |(k, rule): (usize, &Rule)| {
            json!({
                "_id": format!("r{k}"),
                "to": format!("\"{}\"", rule.to),
                "from": format!("startsWith($, \"{}\")", rule.from),
                "target": rule.target.to_string(),
            })
        };
        let rows: Vec<Value> = rules.iter().enumerate().map(row).collect();
        let content: DecisionContent = serde_json::from_value(json!({
            "nodes": [
                { "id": "in", "name": "in", "type": "inputNode", "content": {} },
                { "id": "table", "name": "table", "type": "decisionTableNode", "content": {
                    "hitPolicy": "first", "passThrough": false,
                    "inputs": [
                        { "id": "to", "name": "to", "field": "to" },
                        { "id": "from", "name": "from", "field": "from" },
                    ],
                    "outputs": [{ "id": "target", "name": "target", "field": "target" }],
                    "rules": rows,
                } },
                { "id": "out", "name": "out", "type": "outputNode", "content": {} },
            ],
            "edges": [
                { "id": "e1", "sourceId": "in", "targetId": "table" },
                { "id": "e2", "sourceId": "table", "targetId": "out" },
            ],
        }))?;
        let engine = DecisionEngine::default();
        let decision = engine.create_decision(content.into());
        let mut decision = decision.map_err(|error| format!("{error:?}"))?;
        decision.compile();
        let call = |call: &Call| json!({ "to": call.to, "from": call.from }).into();
        Ok(Self {
            decision,
            calls: calls.iter().map(call).collect(),
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
        })
    }
}

impl Rival for Zen {
    fn name(&self) -> &'static str {
        "zen-engine"
    }

    fn decide(&mut self, call: usize) -> Result<Option<u64>, Failure> {
        let call = self.calls.get(call).ok_or("no such call")?.depth_clone(1);
        let answer = self.runtime.block_on(self.decision.evaluate(call));
        let answer = answer.map_err(|error| error.to_string())?;
        let target = serde_json::to_value(&answer.result)?;
        Ok(target.get("target").and_then(Value::as_u64))
    }
}

struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    calls: Vec<Request>,
    targets: Vec<u64>,
}

impl Cedar {
    fn new(rules: &[Rule], calls: &[Call]) -> Result<Self, Failure> {
        let mut policies = PolicySet::new();
        for (k, rule) in rules.iter().enumerate() {
            let text = format!(
                "permit(principal, action, resource) when {{ context.to == \"{}\" && context.from like \"{}*\" }};",
                rule.to, rule.from
            );
            let id = PolicyId::new(k.to_string());
            policies.add(cedar_policy::Policy::parse(Some(id), text)?)?;
        }
        let someone = |kind: &str| format!("{kind}::\"call\"").parse::<EntityUid>();
        let request = |call: &Call| -> Result<Request, Failure> {
            let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
            let context = Context::from_pairs([
                ("to".to_owned(), text(&call.to)),
                ("from".to_owned(), text(&call.from)),
            ])?;
            let (caller, route) = (someone("Caller")?, someone("Action")?);
            Ok(Request::new(
                caller,
                route,
                someone("Line")?,
                context,
                None,
            )?)
        };
        Ok(Self {
            authorizer: Authorizer::new(),
            policies,
            entities: Entities::empty(),
            calls: calls.iter().map(request).collect::<Result<_, Failure>>()?,
            targets: rules.iter().map(|rule| rule.target).collect(),
        })
    }
}

impl Rival for Cedar {
    fn name(&self) -> &'static str {
        "cedar-policy"
    }

    fn decide(&mut self, call: usize) -> Result<Option<u64>, Failure> {
        let call = self.calls.get(call).ok_or("no such call")?;
        let answer = self
            .authorizer
            .is_authorized(call, &self.policies, &self.entities);
        let Some(reason) = answer.diagnostics().reason().next() else {
            return Ok(None);
        };
        let place: usize = reason.to_string().parse()?;
        Ok(self.targets.get(place).copied())
    }
}

/// One engine's turn: all calls, or as many as there is time for.
fn turn(rival: &mut dyn Rival, calls: &[Call], clock: u64) -> Result<Samples, Failure> {
    let mut samples = Samples::new()?;
    let since = Instant::now();
    for (place, call) in calls.iter().enumerate() {
        let begun = Instant::now();
        let target = black_box(rival.decide(black_box(place))?);
        samples.add(begun.elapsed(), clock, 1)?;
        if target != call.target {
            let (name, wanted) = (rival.name(), call.target);
            return Err(format!("{name} says {target:?} of {call:?}, not {wanted:?}").into());
        }
        if since.elapsed() > ROUND && place > 8 {
            break;
        }
    }
    Ok(samples)
}

fn main() -> Result<(), Failure> {
    let options = Options::read(100_000);
    let clock = clock()?;
    let mut targets = Vec::new();
    println!("| rules | engine | median | times ours |\n|---:|---|---:|---:|");
    for count in [10, 1_000, 100_000] {
        if count > options.most {
            continue;
        }
        let rules = rules(count);
        let calls = calls(&rules);
        let mut rivals: Vec<Box<dyn Rival>> = vec![
            Box::new(Ours::new(&rules, &calls)?),
            Box::new(Zen::new(&rules, &calls)?),
            Box::new(Cedar::new(&rules, &calls)?),
        ];
        let mut medians = vec![u64::MAX; rivals.len()];
        for _ in 0..if options.quick { 1 } else { 5 } {
            for (rival, median) in rivals.iter_mut().zip(&mut medians) {
                *median = (*median).min(turn(&mut **rival, &calls, clock)?.p50());
            }
        }
        let ours = medians.first().copied().unwrap_or(1);
        for (rival, median) in rivals.iter().zip(medians) {
            let ratio = median as f64 / ours as f64;
            let name = rival.name();
            println!("| {count} | {name} | {median} ns | {ratio:.0} |");
            if name != "callroute" {
                let what = format!("{name}, {count} rules: times ours");
                targets.push(Target::at_least(what, ratio, 1.0, "x"));
            }
        }
    }
    print_targets(&targets);
    println!("\n{}", machine());
    Ok(())
}
