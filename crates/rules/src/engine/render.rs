//! Variables in texts and destinations, filled in for a call.

use callroute_schema::{Action, Actions, with_variables};
use chrono::DateTime;
use serde_json::Value;

use super::call::Call;
use super::subject::Subject;

/// A variable could not be filled in: the call takes the default.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// No such variable.
    #[error("unknown variable `{name}`")]
    Unknown {
        /// The variable.
        name: String,
    },
    /// Nothing is known of it for this call.
    #[error("`{name}` is not known for this call")]
    NotKnown {
        /// The variable.
        name: String,
    },
    /// What is known makes no action, as a name where a number is wanted.
    #[error("with its variables filled in it is no action: {why}")]
    NoAction {
        /// What is wrong.
        why: String,
    },
}

/// Variables that every call has.
pub(crate) const PLAIN: [&str; 5] = ["from", "to", "call_id", "from_name", "digits"];
/// Variables that are the beginning of a name.
pub(crate) const SPACES: [&str; 2] = ["attributes.", "hours."];

/// The value of a variable for a call.
pub(crate) fn value(call: &Call<'_>, name: &str) -> Result<String, RenderError> {
    let not_known = || RenderError::NotKnown {
        name: name.to_owned(),
    };
    let event = call.view.event();
    let found = match name {
        "from" => call.text(Subject::Caller),
        "to" => call.text(Subject::Dialed),
        "call_id" => Some(call.view.call_id()),
        "from_name" => event.and_then(|event| event.from_name.as_deref()),
        "digits" => call.text(Subject::Digits),
        _ => match name.split_once('.') {
            Some(("attributes", attribute)) => {
                call.attribute(attribute).map_err(|_| not_known())?
            }
            Some(("hours", hours)) => return next_change(call, hours).ok_or_else(not_known),
            Some(_) => call.attribute(name).map_err(|_| not_known())?,
            None => {
                return Err(RenderError::Unknown {
                    name: name.to_owned(),
                });
            }
        },
    };
    // A value is no text of the table's: braces in it are not filled in again.
    let plain = |text: &str| text.replace(['{', '}'], "");
    found.map(plain).ok_or_else(not_known)
}

/// `office.next_change`: when hours change next, by the clock on their wall, to be spoken.
fn next_change(call: &Call<'_>, name: &str) -> Option<String> {
    let hours = name.strip_suffix(".next_change")?;
    let mut all = call.tables.schedules.iter();
    let found = all.find(|schedule| schedule.hours().name() == hours)?;
    let answer = found
        .hours()
        .answer(DateTime::from_timestamp(call.utc(), 0)?);
    let next = answer.next_local?;
    Some(next.format("%A %H:%M").to_string())
}

/// Actions with their variables filled in, those of branches and menus too.
pub(crate) fn fill(actions: &[Action], call: &Call<'_>) -> Result<Vec<Action>, RenderError> {
    let no_action = |why: &dyn std::fmt::Display| RenderError::NoAction {
        why: why.to_string(),
    };
    let mut tree = serde_json::to_value(actions).map_err(|error| no_action(&error))?;
    texts(&mut tree, call)?;
    let filled = Actions::from_json(tree.to_string().as_bytes());
    let filled = filled.map_err(|error| no_action(&error))?;
    Ok(filled.as_slice().to_vec())
}

/// The contract bounds how deep actions nest, so this ends.
fn texts(tree: &mut Value, call: &Call<'_>) -> Result<(), RenderError> {
    match tree {
        Value::String(text) if text.contains('{') => {
            *text = with_variables(text, |name| value(call, name))?;
        }
        Value::Array(list) => list.iter_mut().try_for_each(|item| texts(item, call))?,
        Value::Object(map) => map.values_mut().try_for_each(|item| texts(item, call))?,
        _ => {}
    }
    Ok(())
}
