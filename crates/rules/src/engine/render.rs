//! Variables in texts and destinations, filled in for a call.

use callroute_schema::number::is_visual;
use callroute_schema::tree::Node;
use callroute_schema::{Action, escape_user, escape_value, strip_scheme, with_variables};
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
    let ahead = next.date() - answer.local.date();
    // From a week on, the weekday alone would be taken for a nearer one.
    let format = match ahead.num_days() {
        ..7 => "%A %H:%M",
        7.. => "%A %-d %B %H:%M",
    };
    Some(next.format(format).to_string())
}

/// What becomes of a text to speak that holds what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Its action cannot be done, as with any other text.
    Fails,
    /// It goes without: there is nothing else to do, or no time.
    IsUnsaid,
}

impl Unknown {
    /// As a call's rules say it.
    pub(super) fn of(call: &Call<'_>) -> Self {
        match call.emergency {
            true => Self::IsUnsaid,
            false => Self::Fails,
        }
    }
}

/// Actions with their variables filled in. What is not known stays as it is written where it is
/// not yet wanted, in later actions, branches and menus: those are filled in again when they
/// begin, by what has become known since (digits that were collected, what a server said).
pub(super) fn fill(
    actions: &[Action],
    call: &Call<'_>,
    unknown: Unknown,
) -> Result<Vec<Action>, RenderError> {
    let no_action = |why: &dyn std::fmt::Display| RenderError::NoAction {
        why: why.to_string(),
    };
    let mut tree = serde_json::to_value(actions).map_err(|error| no_action(&error))?;
    if let Value::Array(list) = &mut tree {
        for (place, action) in list.iter_mut().enumerate() {
            texts(action, call, place == 0, unknown)?;
        }
    }
    // A table's rule may do more than an answer from outside: its bounds were kept at load.
    let filled = Node::from_json(tree.to_string().as_bytes()).and_then(|tree| tree.read());
    filled.map_err(|error| no_action(&error))
}

/// Whether this is done later than what it stands in, if at all.
pub(crate) fn begins_later(item: &Value) -> bool {
    item.get("action").is_some()
}

/// The contract bounds how deep actions nest, so this ends.
fn texts(
    tree: &mut Value,
    call: &Call<'_>,
    now: bool,
    unknown: Unknown,
) -> Result<(), RenderError> {
    match tree {
        Value::String(text) => fill_in(text, call, now, filled)?,
        Value::Array(list) => list
            .iter_mut()
            .try_for_each(|item| texts(item, call, now && !begins_later(item), unknown))?,
        Value::Object(map) => {
            let is_action = map.contains_key("action");
            for (key, item) in map {
                match &mut *item {
                    Value::String(url) if is_action && key == "url" => {
                        fill_in(url, call, now, filled_url)?;
                    }
                    Value::String(text)
                        if now && unknown == Unknown::IsUnsaid && is_spoken(key) =>
                    {
                        fill_in(text, call, now, spoken)?;
                    }
                    item => texts(item, call, now && !begins_later(item), unknown)?,
                }
                // A table's column may hold a number as people write it. What is not filled in
                // yet stays: its point and hyphen are its name's.
                if key == "destination"
                    && let Some(Value::String(text)) = item.get_mut("number")
                    && !text.contains('{')
                {
                    text.retain(|c| !is_visual(c));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether a text in this field is spoken: of `say`, of a prompt, of an announcement.
pub(crate) fn is_spoken(key: &str) -> bool {
    matches!(key, "say" | "text")
}

/// A text to speak, without what is not known.
fn spoken(text: &str, call: &Call<'_>) -> Result<String, RenderError> {
    with_variables(text, |name| match value(call, name) {
        Err(RenderError::NotKnown { .. }) => Ok(String::new()),
        known => known,
    })
}

fn fill_in(
    text: &mut String,
    call: &Call<'_>,
    now: bool,
    filled: fn(&str, &Call<'_>) -> Result<String, RenderError>,
) -> Result<(), RenderError> {
    if text.contains('{') {
        match filled(text, call) {
            Ok(filled) => *text = filled,
            Err(RenderError::NotKnown { .. }) if !now => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A web address with its variables filled in. Behind the host they are escaped: a caller's name is
/// one value there, whatever is in it (RFC 3986, section 2.2).
fn filled_url(url: &str, call: &Call<'_>) -> Result<String, RenderError> {
    let host = url.find("://").map(|scheme| scheme + "://".len());
    let behind = host.and_then(|host| Some(host + url.get(host..)?.find(['/', '?', '#'])?));
    let Some((host, rest)) = behind.and_then(|at| url.split_at_checked(at)) else {
        return with_variables(url, |name| value(call, name));
    };
    let host = with_variables(host, |name| value(call, name))?;
    let rest = with_variables(rest, |name| Ok(escape_value(&value(call, name)?)))?;
    Ok(host + &rest)
}

/// A text with its variables filled in; those of a SIP URI's user are escaped, so that what was
/// dialed stays one (RFC 3261, section 25.1).
fn filled(text: &str, call: &Call<'_>) -> Result<String, RenderError> {
    let is_uri = strip_scheme(text).is_some();
    match text.rsplit_once('@').filter(|_| is_uri) {
        Some((user, host)) => {
            let user = with_variables(user, |name| Ok(escape_user(&value(call, name)?)))?;
            let host = with_variables(host, |name| value(call, name))?;
            Ok(format!("{user}@{host}"))
        }
        None => with_variables(text, |name| value(call, name)),
    }
}

#[cfg(test)]
mod tests;
