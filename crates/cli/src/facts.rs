//! What is known besides the events.

use callroute_rules::{Decision, Engine, Fact, Facts, Lookup, Outcome};
use callroute_schema::Event;

use crate::error::Error;
use crate::input::{Input, MAX_LINE};

/// The facts of a file; none without one.
pub(crate) fn read(file: Option<&Input>) -> Result<Facts, Error> {
    let Some(file) = file else {
        return Ok(Facts::default());
    };
    serde_json::from_slice(&file.bytes(MAX_LINE)?).map_err(|source| Error::Facts {
        name: file.to_string(),
        source,
    })
}

/// Decides without asking anybody: what is not among the facts could not be had, and is added to
/// them as missing.
pub(crate) fn decide<'e>(
    engine: &'e Engine,
    event: &Event,
    facts: &mut Facts,
) -> (Decision<'e>, Vec<Lookup>) {
    let mut missing = Vec::new();
    loop {
        match engine.decide(event, facts) {
            Outcome::Decided(decision) => return (decision, missing),
            // Each round asks for another fact, so that this ends.
            Outcome::Need(lookup) => {
                facts.add(lookup.clone(), Fact::Missing);
                missing.push(lookup);
            }
        }
    }
}
