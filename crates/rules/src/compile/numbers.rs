//! Blocks of rules, by dialed number.

use std::collections::HashMap;
use std::sync::Arc;

use callroute_schema::tree::Node;
use callroute_schema::{Action, Actions};

use super::{Compiler, Resolved, Shared};
use crate::engine::{
    Block, Condition, MAX_DEPTH, MAX_EXPANDED, Named, Pattern, PatternMap, Rule, flatten,
};
use crate::fault::Report;
use crate::hint::shorten;
use crate::number;
use crate::path::Path;
use crate::table::{RuleEntry, Rules};

/// Longest name of a rule, in characters.
const MAX_NAME: usize = 200;

/// A block whose targets are not followed yet.
pub(super) struct Draft {
    number: String,
    pattern: Pattern,
    /// Whether the number has a list of rules; else it has actions that always apply.
    listed: bool,
    rules: Vec<DraftRule>,
}

struct DraftRule {
    name: Option<String>,
    when: Option<Condition>,
    then: Actions,
}

impl Compiler<'_> {
    /// Reads every block; a rule with a fault is left out, and the report says why.
    pub(super) fn numbers(&mut self, shared: &Shared) -> Vec<Draft> {
        let table = self.table;
        let section = Path::ROOT.key("numbers");
        let mut drafts = Vec::new();
        let mut seen: HashMap<Pattern, &str> = HashMap::new();
        for entry in table.numbers.entries() {
            let at = section.key(&entry.name);
            let pattern = match number::pattern(&entry.name) {
                Ok(pattern) => pattern,
                Err(error) => {
                    self.fault(&at, error.to_string());
                    continue;
                }
            };
            if let Some(first) = seen.insert(pattern.clone(), &entry.name) {
                let message = format!("this is the same number as `{}`", shorten(first));
                self.fault(&at, message);
            }
            let Some(rules) = &entry.value else {
                continue;
            };
            let (listed, rules) = match rules {
                Rules::Always(actions) => {
                    self.check(actions, &at);
                    let always = DraftRule {
                        name: None,
                        when: None,
                        then: actions.clone(),
                    };
                    (false, vec![always])
                }
                Rules::List(list) => {
                    let rules = list.iter().enumerate();
                    let rules = rules.filter_map(|(index, rule)| {
                        self.rule(rule.as_ref()?, shared, &at.index(index))
                    });
                    (true, rules.collect())
                }
            };
            drafts.push(Draft {
                number: entry.name.clone(),
                pattern,
                listed,
                rules,
            });
        }
        drafts
    }

    fn rule(&mut self, entry: &RuleEntry, shared: &Shared, at: &Path<'_>) -> Option<DraftRule> {
        if let Some(name) = &entry.name
            && (name.is_empty() || name.chars().count() > MAX_NAME)
        {
            let message = format!("a rule's name has 1 to {MAX_NAME} characters");
            self.fault(&at.key("name"), message);
        }
        self.check(&entry.then, &at.key("then"));
        let when = match &entry.when {
            Some(when) => Some(self.when(when, shared, &at.key("when"))?),
            None => None,
        };
        Some(DraftRule {
            name: entry.name.clone(),
            when,
            then: entry.then.clone(),
        })
    }
}

/// Follows targets; rules that only name a target share what it comes to.
pub(super) struct Resolver<'a> {
    named: &'a Named,
    targets: HashMap<String, Resolved>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(named: &'a Named) -> Self {
        Self {
            named,
            targets: HashMap::new(),
        }
    }

    /// What a list comes to; `None`: too much, and the report says so.
    pub(super) fn resolve(
        &mut self,
        root: &Node,
        list: &Actions,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Option<Resolved> {
        let target = match list.as_slice() {
            [Action::Target(name)] => Some(name.as_str()),
            _ => None,
        };
        if let Some(known) = target.and_then(|name| self.targets.get(name)) {
            return Some(Arc::clone(known));
        }
        let mut flat = Vec::new();
        flatten(self.named, list, MAX_DEPTH, &mut flat);
        if flat.len() > MAX_EXPANDED || flat.is_empty() {
            let found = flat.len();
            report.at(
                root,
                at,
                format!("expected 1 to {MAX_EXPANDED} actions, found {found}"),
            );
            return None;
        }
        let resolved: Resolved = flat.into();
        if let Some(name) = target {
            self.targets.insert(name.to_owned(), Arc::clone(&resolved));
        }
        Some(resolved)
    }
}

/// The finished blocks, and which number leads to which.
pub(super) fn blocks(
    root: &Node,
    drafts: Vec<Draft>,
    resolver: &mut Resolver<'_>,
    report: &mut Report,
) -> Option<(PatternMap<usize>, Vec<Block>)> {
    let section = Path::ROOT.key("numbers");
    let mut index = PatternMap::default();
    let mut blocks = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let at = section.key(&draft.number);
        let mut rules = Vec::with_capacity(draft.rules.len());
        for (position, rule) in draft.rules.into_iter().enumerate() {
            let in_list = at.index(position);
            let then = in_list.key("then");
            let at = if draft.listed { &then } else { &at };
            rules.push(Rule {
                name: rule.name,
                when: rule.when,
                actions: resolver.resolve(root, &rule.then, at, report)?,
            });
        }
        index.insert(draft.pattern, blocks.len());
        blocks.push(Block {
            number: draft.number.clone(),
            rules,
        });
    }
    Some((index, blocks))
}
