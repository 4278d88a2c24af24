//! Finding out in the background whether a server that could not be reached is back: a
//! connection without a request, so that no live call has to try.

#![cfg(feature = "client")]

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::attempt::{Means, Start, Target};
use crate::book::health::Verdict;
use crate::book::{Knock, Trial, Use};
use crate::net::pool::lane::Found;
use crate::progress::Progress;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is tried; then the next live call finds out. With rests of up to 30 s, about ten
/// minutes.
const TRIES: u32 = 24;

impl Means {
    /// Knocks when the rest is over, again and again while it fails.
    pub(crate) fn knock_later(self: &Arc<Self>, target: &Target<'_>, first: Knock) {
        if !self.knock {
            return;
        }
        let means = Arc::downgrade(self);
        let webhook = target.webhook.to_owned();
        let (endpoint, allow) = (target.endpoint.clone(), target.allow.to_vec());
        tokio::spawn(async move {
            let Knock { key, mut rest } = first;
            for _ in 0..TRIES {
                sleep(rest).await;
                // Without its client, there is nobody to find out for.
                let Some(means) = means.upgrade() else {
                    return;
                };
                let began = Instant::now();
                let Ok(trial) = Trial::begin(&means.book, &key, Use::Usual, began) else {
                    // A live call asks it just now, or it asked for a longer rest.
                    rest = PATIENCE;
                    continue;
                };
                if !trial.is_probe() {
                    return;
                }
                let target = Target {
                    webhook: &webhook,
                    endpoint: &endpoint,
                    allow: &allow,
                    secrets: &[],
                };
                match means.knock(&target, trial, began).await {
                    Some(next) => rest = next.rest,
                    None => return,
                }
            }
        });
    }

    async fn knock(
        self: &Arc<Self>,
        target: &Target<'_>,
        mut trial: Trial,
        began: Instant,
    ) -> Option<Knock> {
        let lane = self.pool.lane(target.endpoint.origin());
        let progress = Progress::new();
        let start = Start {
            fresh: true,
            at: began,
        };
        let connection = self.connection(target, &lane, start, &progress, Found::Nothing);
        match timeout(PATIENCE, connection).await {
            Ok(Ok(connection)) => {
                self.pool.give_back(&lane, connection, None, Instant::now());
                trial.came_back();
                None
            }
            Ok(Err(_)) | Err(_) => trial.settle(Verdict::Failed, began.elapsed()),
        }
    }
}
