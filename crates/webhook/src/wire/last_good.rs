//! The last good answers, for those who allow that one stands in when nobody answers.
//!
//! Both sides have to want it: the webhook's `last_good`, and the receiver's
//! `Cache-Control: stale-if-error` on that very answer (RFC 5861, section 4).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callroute_schema::{Actions, Event};
use http::HeaderMap;
use http::header::CACHE_CONTROL;

use crate::endpoint::Endpoints;
use crate::failure::FailureClass;

/// Most answers that are kept.
const MANY: usize = 1024;
/// Longest time that an answer is kept, whatever its receiver allows.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What an answer stands for: the webhook, the number that was dialed, the menu and its choice.
type Key = (String, String, Option<String>, Option<String>);

/// The last good answers of a client.
#[derive(Debug, Default)]
pub(crate) struct LastGood(Mutex<BTreeMap<Key, Kept>>);

#[derive(Debug)]
struct Kept {
    actions: Actions,
    since: Duration,
    until: Duration,
}

impl LastGood {
    /// Keeps an answer for as long as its receiver allowed; forgets the one before it otherwise.
    pub(crate) fn keep(
        &self,
        endpoints: &Endpoints,
        event: &Event,
        actions: &Actions,
        allowed: Option<Duration>,
        now: Duration,
    ) {
        let mut kept = self.lock();
        let key = key(endpoints, event);
        let Some(allowed) = allowed else {
            kept.remove(&key);
            return;
        };
        if kept.len() >= MANY && !kept.contains_key(&key) {
            kept.retain(|_, kept| now < kept.until);
            if kept.len() >= MANY
                && let Some(oldest) = kept.iter().min_by_key(|(_, kept)| kept.since)
            {
                let oldest = oldest.0.clone();
                kept.remove(&oldest);
            }
        }
        let answer = Kept {
            actions: actions.clone(),
            since: now,
            until: now.saturating_add(allowed.min(LONGEST)),
        };
        kept.insert(key, answer);
    }

    /// The answer that may stand in for this failure.
    pub(crate) fn find(
        &self,
        endpoints: &Endpoints,
        event: &Event,
        failure: FailureClass,
        now: Duration,
    ) -> Option<Actions> {
        // A server that says no means it, and an address that is refused never gave an answer.
        if matches!(
            failure,
            FailureClass::Status4xx | FailureClass::RefusedAddress
        ) {
            return None;
        }
        let kept = self.lock();
        let answer = kept.get(&key(endpoints, event))?;
        (now < answer.until).then(|| answer.actions.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(endpoints: &Endpoints, event: &Event) -> Key {
    let menu = event.menu.as_ref();
    let url = endpoints.urls.first().map_or("", |url| url.key());
    (
        url.to_owned(),
        event.to.to_string(),
        menu.and_then(|menu| menu.name.as_ref().map(ToString::to_string)),
        menu.and_then(|menu| menu.digits.as_ref().map(ToString::to_string)),
    )
}

/// For how long an answer may stand in for later ones, by its headers.
pub(crate) fn allowed(headers: &HeaderMap) -> Option<Duration> {
    let mut allowed = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().ok()?.split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" => return None,
                "stale-if-error" => {
                    let seconds = value.trim().trim_matches('"').parse().ok()?;
                    allowed = Some(Duration::from_secs(seconds)).filter(|time| !time.is_zero());
                }
                _ => {}
            }
        }
    }
    allowed
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use callroute_schema::Actions;
    use http::{HeaderMap, HeaderValue};

    use super::{LastGood, MANY, allowed};
    use crate::failure::FailureClass as Class;
    use crate::testing::{event, webhook};

    const HOUR: Duration = Duration::from_secs(3600);

    fn seconds(texts: &[&str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append("cache-control", HeaderValue::from_str(text).unwrap());
        }
        allowed(&headers).map(|time| time.as_secs())
    }

    #[test]
    fn the_receiver_has_to_allow_it() {
        assert_eq!(seconds(&[]), None);
        assert_eq!(seconds(&["max-age=60"]), None);
        assert_eq!(seconds(&["no-cache, stale-if-error=600"]), Some(600));
        assert_eq!(seconds(&["max-age=0", "Stale-If-Error=\"60\""]), Some(60));
        assert_eq!(seconds(&["stale-if-error=600, no-store"]), None);
        assert_eq!(seconds(&["stale-if-error=0"]), None);
        assert_eq!(seconds(&["stale-if-error=soon"]), None);
        assert_eq!(seconds(&["stale-if-error"]), None);
    }

    #[test]
    fn an_answer_stands_in_for_its_own_number_and_choice_and_not_for_long() {
        let (kept, webhook) = (
            LastGood::default(),
            webhook(&["http://a.example/".into()], 1500),
        );
        let answer = Actions::from_json(br#"{"action":"hangup"}"#).unwrap();
        let mut event = event();
        kept.keep(&webhook, &event, &answer, Some(HOUR), Duration::ZERO);
        let find = |event: &_, class, now| kept.find(&webhook, event, class, now);
        assert_eq!(find(&event, Class::Connect, HOUR / 2), Some(answer.clone()));
        assert_eq!(find(&event, Class::Status4xx, HOUR / 2), None);
        assert_eq!(find(&event, Class::Connect, HOUR), None);
        let to = std::mem::replace(
            &mut event.to,
            callroute_schema::Address::new("+1999").unwrap(),
        );
        assert_eq!(find(&event, Class::Connect, HOUR / 2), None);
        event.to = to;
        kept.keep(&webhook, &event, &answer, None, HOUR / 3);
        assert_eq!(find(&event, Class::Connect, HOUR / 2), None, "withdrawn");
    }

    #[test]
    fn the_oldest_makes_room() {
        let (kept, webhook) = (
            LastGood::default(),
            webhook(&["http://a.example/".into()], 1500),
        );
        let answer = Actions::from_json(br#"{"action":"hangup"}"#).unwrap();
        let mut event = event();
        for n in 0..2 * MANY {
            event.to = callroute_schema::Address::new(n.to_string()).unwrap();
            let now = Duration::from_millis(n as u64);
            kept.keep(&webhook, &event, &answer, Some(HOUR), now);
        }
        assert_eq!(kept.lock().len(), MANY);
        assert!(kept.find(&webhook, &event, Class::Dns, HOUR / 2).is_some());
    }
}
