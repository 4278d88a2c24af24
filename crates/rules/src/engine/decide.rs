//! The engine itself, and its doors.

use std::collections::HashMap;
use std::sync::Arc;

use callroute_schema::tree::ReadError;
use callroute_schema::{Action, Actions, Event, Menu, TargetName, WebhookName};

use super::answers::{Answers, Attributes, VARIES};
use super::book::{Best, Book};
use super::call::Call;
use super::counted::Counted;
use super::facts::{Facts, Lookup};
use super::filled::Filled;
use super::names::{Named, WebhookSpec};
use super::outcome::{Decision, Outcome, Rare, RuleId, RuleRef};
use super::people::People;
use super::quick;
use super::record::Asks;
use super::render::{RenderError, Unknown};
use super::resolve::{AnswerError, UnknownName, check, resolve};
use super::tables::{LookupSpec, Tables};
use super::view::View;
use super::wanted::wanted;
use crate::explain::Explanation;
use crate::hours::Hours;
use crate::source::SourceFile;

/// A compiled routing table: answers for every call, from its event and the facts alone.
#[derive(Debug)]
pub struct Engine {
    pub(crate) book: Book,
    pub(crate) answers: Answers,
    pub(crate) tables: Tables,
    pub(crate) default: DefaultActions,
    pub(crate) named: Named,
    pub(crate) people: People,
    pub(crate) policy: crate::policy::Policy,
    pub(crate) counted: Counted,
    pub(crate) hours: HashMap<String, Arc<Hours>>,
    pub(crate) sources: Arc<[SourceFile]>,
    pub(crate) fingerprint: String,
    pub(crate) zone_release: String,
}

/// What is done when no rule holds: as a list, and with its targets resolved.
#[derive(Debug)]
pub(crate) struct DefaultActions {
    pub(crate) list: Actions,
    pub(crate) actions: Arc<[Action]>,
    pub(crate) json: Box<str>,
    /// Whether it holds variables.
    pub(crate) varies: bool,
    /// What lookups have to be asked of, by the variables of all that it may come to.
    pub(crate) asks: Attributes,
    /// Whether either of these has to be looked at.
    pub(crate) opens: bool,
}

impl Engine {
    /// What happens to a call: the first rule, in written order, that holds in the most specific
    /// block for the dialed number, as it was dialed or in full; else the default. An emergency number of the file's region is
    /// only decided by a block that is this number, or by rules whose `dialed.is` names it; and
    /// never by a rule that asks who calls and does not carry the call on.
    ///
    /// [`Outcome::Need`] when a rule, or a variable of its actions, depends on a fact that is not
    /// among `facts`: ask again with it. Each round asks for another, so that this ends.
    #[must_use]
    #[inline]
    pub fn decide(&self, event: &Event, facts: &Facts) -> Outcome<'_> {
        let view = View::Event(event);
        Call::with(view, &self.tables, facts, |call| self.settle(call, None))
    }

    /// As [`decide`](Self::decide), with the rules after one that was decided by: what `continue`
    /// means.
    #[must_use]
    pub fn decide_after(&self, event: &Event, facts: &Facts, rule: RuleId) -> Outcome<'_> {
        let call = Call::new(View::Event(event), &self.tables, facts);
        self.settle(&call, Some(rule.0))
    }

    /// As [`decide`](Self::decide), from an event in JSON; one of only the five fields that each
    /// event has is read without copying.
    ///
    /// # Errors
    /// [`ReadError`]: it is no event.
    #[inline]
    pub fn decide_json(&self, json: &[u8], facts: &Facts) -> Result<Outcome<'_>, ReadError> {
        if let Some(bare) = quick::read(json) {
            let settled = Call::with(View::Bare(&bare), &self.tables, facts, |call| {
                let best = self.book.find(call, None, &mut ());
                (best.answer() & VARIES == 0).then(|| self.outcome(call, best))
            });
            if let Some(outcome) = settled {
                return Ok(outcome);
            }
        }
        Ok(self.decide(&Event::from_json(json)?, facts))
    }

    /// As [`decide`](Self::decide), by looking at every rule of the block in written order. It
    /// defines what `decide` finds, and is what benches and tests hold `decide` against.
    #[must_use]
    pub fn decide_linear(&self, event: &Event, facts: &Facts) -> Outcome<'_> {
        let call = Call::new(View::Event(event), &self.tables, facts);
        self.outcome(&call, self.book.find_linear(&call, None))
    }

    /// Why a call goes where it goes: the same walk, watched.
    #[must_use]
    pub fn explain<'e>(&'e self, event: &'e Event, facts: &'e Facts) -> Explanation<'e> {
        crate::explain::explain(self, event, facts)
    }

    #[inline]
    fn settle(&self, call: &Call<'_>, after: Option<u32>) -> Outcome<'_> {
        self.outcome(call, self.book.find(call, after, &mut ()))
    }

    /// What the best rule comes to.
    #[inline]
    pub(crate) fn outcome(&self, call: &Call<'_>, best: Best) -> Outcome<'_> {
        let by_default = best.rule() == u32::MAX;
        match best.is_open() | (by_default & self.default.opens) {
            true => self.open(call, best),
            false => self.decided(best, None),
        }
    }

    #[inline]
    fn decided(&self, best: Best, filled: Option<Box<Filled>>) -> Outcome<'_> {
        let rule = best.rule();
        Outcome::Decided(Decision {
            engine: self,
            rule: (rule != u32::MAX).then_some(rule),
            answer: best.answer(),
            filled: Rare(filled),
        })
    }

    /// What a rule that waits for a fact comes to, or one with variables, or the default with some. On its
    /// own, so that other calls do not carry it along.
    #[cold]
    #[inline(never)]
    fn open(&self, call: &Call<'_>, best: Best) -> Outcome<'_> {
        if best.needs()
            && let Some(lookup) = self.need(best.rule(), call)
        {
            return Outcome::Need(lookup);
        }
        let by_rule = best.rule() != u32::MAX;
        let answer = self.answers.get(best.answer()).filter(|_| by_rule);
        let default = &self.default;
        let (written, asks, varies) = match answer {
            Some(answer) => (&answer.actions, &answer.asks, best.answer() & VARIES != 0),
            None => (&default.actions, &default.asks, default.varies),
        };
        // Nobody who calls for help waits for what is only to be said or called then.
        if !call.emergency
            && let Some(lookup) = wanted(asks, call)
        {
            return Outcome::Need(lookup);
        }
        if !varies {
            return self.decided(best, None);
        }
        let filled = self.filled(written, call, by_rule);
        self.decided(best, Some(Box::new(filled)))
    }

    /// The fact that a rule waits for.
    fn need(&self, rule: u32, call: &Call<'_>) -> Option<Lookup> {
        match self.book.record(rule)?.asks() {
            Asks::Clause(place) => self.book.clauses.get(place as usize)?.need(call),
            _ => None,
        }
    }

    pub(crate) fn rule_ref(&self, rule: u32) -> RuleRef {
        match self.book.block_of(rule) {
            Some(block) => RuleRef::Rule {
                number: block.dialed.to_string(),
                index: rule.saturating_sub(block.first) as usize,
                name: self.book.names.get(rule).map(str::to_owned),
            },
            None => RuleRef::Default,
        }
    }

    /// What is done when no rule holds, when a webhook has no fallback of its own, and when a
    /// list of actions ends without having settled the call. Targets are resolved.
    #[must_use]
    pub fn default_actions(&self) -> &Actions {
        &self.default.list
    }

    /// What a target says, as written; [`resolve`](Self::resolve) also follows the targets in it.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&Actions> {
        self.named.targets.get(name)
    }

    /// The target that this action is part of, as written; the first by name where several are.
    #[must_use]
    pub fn target_of(&self, action: &Action) -> Option<&TargetName> {
        let targets = self.named.targets.iter();
        let found = targets.filter(|(_, list)| list.as_slice().contains(action));
        found.map(|(name, _)| name).min()
    }

    /// The actions that a list stands for: targets are replaced by what they say.
    ///
    /// For branches, and what else was judged before; for lists from outside see
    /// [`accept`](Self::accept). Every name in it is looked up, those in branches and menus too, so
    /// that a call does not find out later; branches keep their targets, which are resolved when
    /// they are taken.
    ///
    /// # Errors
    /// [`UnknownName`]: the first name that this table does not have, and where it stands.
    pub fn resolve(&self, actions: &Actions) -> Result<Vec<Action>, UnknownName> {
        resolve(&self.named, actions)
    }

    /// The actions that a list from outside stands for (a webhook's answer, what is pushed into a
    /// call), where it will do: it uses names that this table has, keeps the bounds that a
    /// routing file must keep, and dials only what `destinations` allows. Whoever lets a call
    /// carry out what comes from outside asks this first.
    ///
    /// # Errors
    /// [`AnswerError`]: the first thing in it that will not do, and where it stands.
    pub fn accept(&self, answer: &Actions) -> Result<Vec<Action>, AnswerError> {
        let resolved = self.resolve(answer)?;
        check(answer).map_err(AnswerError::Invalid)?;
        let judged = self.policy.judge(answer);
        judged.map_err(AnswerError::NotAllowed)?;
        Ok(resolved)
    }

    /// Whether a dialed text is an emergency number of this table's region (without one: 112 or
    /// 911), with or without punctuation, also as a URI; or the URN of an emergency service
    /// (RFC 5031).
    #[must_use]
    pub fn is_emergency(&self, dialed: &str) -> bool {
        self.tables.emergency(dialed).is_some()
    }

    /// Whether `destinations` of this table allows this party, a number or a SIP URI: for what
    /// names itself in mid-call, such as whom a callee sends a call on to.
    #[must_use]
    pub fn permits(&self, party: &str) -> bool {
        // In what is written braces are variables, yet to be judged; in what comes they are not.
        !party.contains('{') && self.policy.refuse(party).is_none()
    }

    /// Actions with their variables filled in for a call, as in a text to speak or a number to
    /// call: for targets, branches and menus that are reached after the decision. Of an emergency
    /// call texts to speak go without what is not known: nobody was asked for it.
    ///
    /// # Errors
    /// [`RenderError`]: a variable that is not known for this call.
    pub fn fill(
        &self,
        actions: &[Action],
        event: &Event,
        facts: &Facts,
    ) -> Result<Vec<Action>, RenderError> {
        let call = Call::new(View::Event(event), &self.tables, facts);
        self.fill_allowed(actions, &call, Unknown::of(&call))
    }

    /// As [`fill`](Self::fill), for what comes of the default, after which there is nothing: a text
    /// to speak goes without what is not known.
    ///
    /// # Errors
    /// [`RenderError`]: a variable elsewhere that is not known for this call.
    pub fn fill_default(
        &self,
        actions: &[Action],
        event: &Event,
        facts: &Facts,
    ) -> Result<Vec<Action>, RenderError> {
        let call = Call::new(View::Event(event), &self.tables, facts);
        self.fill_allowed(actions, &call, Unknown::IsUnsaid)
    }

    /// What `calls` conditions of this table count a call under that dialed this and is doing
    /// this: the dialed number, and every target that the action is part of.
    #[must_use]
    pub fn counted(&self, dialed: &str, doing: &Action) -> Vec<&str> {
        self.counted.of(dialed, doing, &self.tables)
    }

    /// A menu by its name.
    #[must_use]
    pub fn menu(&self, name: &str) -> Option<&Menu> {
        self.named.menus.get(name)
    }

    /// A webhook by its name.
    #[must_use]
    pub fn webhook(&self, name: &str) -> Option<&WebhookSpec> {
        self.named.webhook(name)
    }

    /// Every webhook, in written order.
    pub fn webhooks(&self) -> impl Iterator<Item = (&WebhookName, &WebhookSpec)> {
        self.named.webhooks()
    }

    /// A number as this table compares it: a national one in full, where the file has a region.
    #[must_use]
    pub fn in_full(&self, number: &str) -> String {
        let full = self.tables.in_full(number);
        full.map_or_else(|| number.to_owned(), String::from)
    }

    /// Who else is asked about a caller, in written order.
    #[must_use]
    pub fn lookups(&self) -> &[LookupSpec] {
        &self.tables.lookups
    }

    /// The switches that people turn, and how each stands until they do.
    pub fn overrides(&self) -> impl Iterator<Item = (&str, bool)> {
        let switches = self.tables.switches.iter();
        switches.map(|switch| (&*switch.name, switch.on))
    }

    /// Hours by their name.
    #[must_use]
    pub fn hours(&self, name: &str) -> Option<&Hours> {
        self.hours.get(name).map(Arc::as_ref)
    }

    #[cfg(test)]
    pub(crate) fn shared_hours(&self, name: &str) -> Option<Arc<Hours>> {
        self.hours.get(name).map(Arc::clone)
    }

    /// The blocks' numbers in written order, as they are compared: `+13146523057`, `+1314*`, `*`.
    pub fn numbers(&self) -> impl Iterator<Item = String> {
        self.book
            .blocks
            .iter()
            .map(|block| block.dialed.to_string())
    }

    /// How many rules the table has, in all blocks.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.book.len()
    }

    /// Memory that rules and their index take, in bytes; without answers, lists and hours, which
    /// rules share.
    #[must_use]
    pub fn rule_bytes(&self) -> usize {
        self.book.bytes()
    }

    /// The file's `region`: an ISO 3166-1 code of two letters. National numbers, in the file and
    /// of calls, are compared in full (E.164) as this country dials them.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.tables.region.map(|region| region.as_str())
    }

    /// The texts it was compiled from, the routing file first. Given back to
    /// [`load`](crate::load()), they make the same engine.
    #[must_use]
    pub fn sources(&self) -> &[SourceFile] {
        &self.sources
    }

    /// A hash over the texts, 32 hex digits: tells tables apart in logs and journals.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Which release of the time zone data the hours were compiled with.
    #[must_use]
    pub fn zone_release(&self) -> &str {
        &self.zone_release
    }
}

#[cfg(test)]
mod tests;
