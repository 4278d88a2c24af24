//! What a table has to pass besides being well written.

use std::error::Error;
use std::fmt;

use callroute_rules::Engine;

/// Why a table is refused.
pub(crate) type Refused = Box<dyn Error + Send + Sync>;

type Judge = Box<dyn Fn(&Engine) -> Result<(), Refused> + Send + Sync>;

/// Who has a say before a table is put in force; nobody to begin with.
#[derive(Default)]
pub(crate) struct Check(Option<Judge>);

impl Check {
    pub(crate) fn new<E: Into<Refused>>(
        judge: impl Fn(&Engine) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let judge = move |engine: &Engine| judge(engine).map_err(Into::into);
        Self(Some(Box::new(judge)))
    }

    pub(crate) fn of(&self, engine: &Engine) -> Result<(), Refused> {
        self.0.as_ref().map_or(Ok(()), |judge| judge(engine))
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.0.is_some()).finish()
    }
}
