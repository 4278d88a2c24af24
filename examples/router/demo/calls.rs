//! The three calls, and what has to happen in each. Each gives what did not happen.

use std::time::{Duration, Instant};

use callroute_audio::level::{rms, tone_share};
use callroute_audio::wav;
use callroute_schema::Cause;
use callroute_sip::phone::{Phone, PhoneCall};

use super::stage::{CALLER, FIRST, NUMBER, SECOND, Stage};
use crate::Failure;

/// Tuesday, 10:32 in New York.
const OPEN: &str = "2026-04-21T14:32:00Z";
/// The same day, 23:32 in New York.
const CLOSED: &str = "2026-04-22T03:32:00Z";
/// The caller's tone and the called party's, in Hz.
const CALLER_TONE: u16 = 440;
const MEMBER_TONE: u16 = 620;
/// Longest wait for anything on loopback.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was looked for in a call, and did not happen.
struct Checks {
    call: &'static str,
    missing: Vec<String>,
}

impl Checks {
    fn new(call: &'static str, time: &str) -> Self {
        println!("\n{call} (routing clock: {time})");
        Self {
            call,
            missing: Vec::new(),
        }
    }

    fn see(&mut self, what: &str, happened: bool) {
        println!("  {} {what}", if happened { "ok " } else { "NO " });
        if !happened {
            self.missing.push(format!("{}: {what}", self.call));
        }
    }
}

async fn place(stage: &Stage, time: &str) -> Result<PhoneCall, Failure> {
    stage.clock.set(time.parse()?);
    Ok(stage
        .caller
        .call(&format!("sip:{NUMBER}@{}", stage.router), CALLER)
        .await?)
}

/// Places a call and waits for its answer; how long that took.
async fn answered_call(stage: &Stage, time: &str) -> Result<(PhoneCall, Duration), Failure> {
    let dialed = Instant::now();
    let call = place(stage, time).await?;
    call.wait_answered(PATIENCE)
        .await
        .map_err(|cause| unanswered(&cause))?;
    Ok((call, dialed.elapsed()))
}

fn unanswered(cause: &Cause) -> Failure {
    format!("a call was not answered: {}", cause.disposition).into()
}

/// Waits until the menu's prompt is heard, and presses 1.
async fn press_one(checks: &mut Checks, call: &PhoneCall) -> Result<(), Failure> {
    // Silence is sent as well: a voice is louder.
    let speaks = || rms(&call.heard()) > 300.0;
    let begun = Instant::now();
    while !speaks() && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    checks.see("the menu speaks to the caller", speaks());
    call.press("1")?;
    Ok(())
}

/// The next call that comes to a phone.
async fn next_call(phone: &Phone) -> Result<PhoneCall, Failure> {
    match tokio::time::timeout(PATIENCE, phone.next_call()).await {
        Ok(Some(call)) => Ok(call),
        Ok(None) | Err(_) => Err("no call came to a phone of the group".into()),
    }
}

/// Whether the end of what somebody heard is this tone.
fn hears(heard: &[i16], hz: u16) -> bool {
    let end = heard
        .get(heard.len().saturating_sub(4_000)..)
        .unwrap_or_default();
    end.len() == 4_000 && tone_share(end, f32::from(hz)) > 0.5
}

/// Both talk at once; each has to hear the other.
async fn talk(checks: &mut Checks, caller: &PhoneCall, member: &PhoneCall) {
    caller.send_tone(CALLER_TONE);
    member.send_tone(MEMBER_TONE);
    let begun = Instant::now();
    let mut both = false;
    while !both && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
        both = hears(&caller.heard(), MEMBER_TONE) && hears(&member.heard(), CALLER_TONE);
    }
    checks.see(
        "the called party hears the caller's tone",
        hears(&member.heard(), CALLER_TONE),
    );
    checks.see(
        "the caller hears the called party's tone",
        hears(&caller.heard(), MEMBER_TONE),
    );
}

/// (a) In office hours: 1 is pressed, the webhook answers with the ring group, one answers.
pub(crate) async fn office_hours(stage: &mut Stage) -> Result<Vec<String>, Failure> {
    let mut checks = Checks::new("a call in office hours, 1 for sales", OPEN);
    let before = stage.calls_over();
    let (caller, answered) = answered_call(stage, OPEN).await?;
    press_one(&mut checks, &caller).await?;
    let pressed = Instant::now();
    let member = next_call(&stage.first).await?;
    let other = next_call(&stage.second).await?;
    let rang = pressed.elapsed();
    member
        .wait_answered(PATIENCE)
        .await
        .map_err(|cause| unanswered(&cause))?;
    talk(&mut checks, &caller, &member).await;
    let cancelled = other.wait_ended(PATIENCE).await;
    caller.hangup();
    let ended = member.wait_ended(PATIENCE).await;
    checks.see(
        "the caller's hang-up reached the called party",
        ended.is_some(),
    );
    let trace = stage.print_trace(before).await?;
    println!("  measured: INVITE to answer {answered:?}, key to both phones ringing {rang:?}");
    checks.see(
        "the webhook answered with the ring group",
        trace.contains("webhook sales answered"),
    );
    checks.see("both phones rang", trace.matches(" rings").count() == 2);
    checks.see(
        "one was answered",
        trace.contains(&format!("connected with {}", masked(FIRST))),
    );
    checks.see(
        "the other was cancelled",
        cancelled.is_some() && trace.contains(&format!("{} was cancelled", masked(SECOND))),
    );
    Ok(checks.missing)
}

/// (b) B27, after hours: a message is taken, and holds the caller's tone.
pub(crate) async fn after_hours(stage: &mut Stage) -> Result<Vec<String>, Failure> {
    let mut checks = Checks::new("a call after hours", CLOSED);
    let before = stage.calls_over();
    let dialed = Instant::now();
    let (caller, answered) = answered_call(stage, CLOSED).await?;
    caller.send_tone(CALLER_TONE);
    let greeted = stage.wait_for_recording(PATIENCE).await;
    let greeting = dialed.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    caller.hangup();
    let trace = stage.print_trace(before).await?;
    println!("  measured: INVITE to answer {answered:?}, INVITE to the beep's end {greeting:?}");
    checks.see(
        "the greeting and the beep were heard, then it recorded",
        greeted,
    );
    checks.see(
        "the rule was `after hours`",
        trace.contains("\"after hours\""),
    );
    let message = stage.newest_message()?;
    match message {
        Some(path) => {
            let message = wav::read_file(&path)?;
            let share = tone_share(message.samples(), f32::from(CALLER_TONE));
            println!(
                "  {}: {} ms, {:.0} % of it the caller's tone",
                path.display(),
                message.duration_ms(),
                share * 100.0
            );
            checks.see("the message is on disk", message.duration_ms() >= 1_000);
            checks.see("the caller's tone is in it", share > 0.5);
        }
        None => checks.see("the message is on disk", false),
    }
    Ok(checks.missing)
}

/// (c) The webhook server is gone: the call reaches the fallback all the same.
pub(crate) async fn dead_webhook(stage: &mut Stage) -> Result<Vec<String>, Failure> {
    let mut checks = Checks::new("the webhook server is stopped, 1 for sales", OPEN);
    let before = stage.calls_over();
    let (caller, _) = answered_call(stage, OPEN).await?;
    press_one(&mut checks, &caller).await?;
    let pressed = Instant::now();
    let member = next_call(&stage.first).await?;
    let rang = pressed.elapsed();
    let other = next_call(&stage.second).await?;
    member
        .wait_answered(PATIENCE)
        .await
        .map_err(|cause| unanswered(&cause))?;
    talk(&mut checks, &caller, &member).await;
    other.wait_ended(PATIENCE).await;
    member.hangup();
    let ended = caller.wait_ended(PATIENCE).await;
    checks.see(
        "the called party's hang-up reached the caller",
        ended.is_some(),
    );
    let trace = stage.print_trace(before).await?;
    println!("  measured: key to the fallback's phone ringing {rang:?}");
    checks.see("the webhook failed", trace.contains("webhook sales failed"));
    checks.see(
        "its fallback was taken",
        trace.contains("taking the fallback of webhook sales"),
    );
    checks.see(
        "the fallback's phone answered",
        trace.contains(&format!("connected with {}", masked(FIRST))),
    );
    Ok(checks.missing)
}

fn masked(number: &str) -> String {
    callroute_schema::mask(number)
}
