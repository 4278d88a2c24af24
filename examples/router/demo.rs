//! The demonstration: a router, a webhook server and phones in one process, on real loopback
//! sockets, and three calls. Whatever does not happen is said, and makes the exit code 1.

mod calls;
mod stage;

use crate::Failure;

/// Places the three calls.
pub(crate) async fn run() -> Result<(), Failure> {
    let mut stage = stage::Stage::set().await?;
    let mut missing = Vec::new();
    missing.extend(calls::office_hours(&mut stage).await?);
    missing.extend(calls::after_hours(&mut stage).await?);
    stage.stop_webhook().await;
    missing.extend(calls::dead_webhook(&mut stage).await?);
    stage.strike().await;
    if missing.is_empty() {
        println!("\nall three calls went as they should");
        return Ok(());
    }
    Err(format!("\nthis did not happen:\n  {}", missing.join("\n  ")).into())
}
