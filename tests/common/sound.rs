//! What a telephone hears, listened to: a tone, a certain prompt, a certain sentence, music.

use std::time::Duration;

use callroute_audio::Pcm;
use callroute_audio::law::Law;
use callroute_audio::level::{rms, tone_share};
use callroute_audio::prompts::Prompts;
use callroute_sip::phone::PhoneCall;
use tokio::time::Instant;

use super::bench::Running;
use super::wait::PATIENCE;

/// What is looked for first: a tenth of a second, 8,000 samples a second.
const PIECE: usize = 800;
/// How much of a sound's shape has to be there; two built-in prompts have at most 0.3 in common.
const ALIKE: f64 = 0.9;

/// Waits until one hears nearly nothing but a tone. What was on its way when the legs were
/// connected may come before it.
pub(crate) async fn hears_tone(call: &PhoneCall, hz: u16, router: &Running) {
    let end = Instant::now() + PATIENCE;
    loop {
        call.forget_heard();
        let came = call.wait_heard(Duration::from_millis(500), PATIENCE).await;
        assert!(came, "nothing came; {}", router.seen.trace());
        let share = tone_share(&call.heard(), f32::from(hz));
        if share > 0.8 {
            return;
        }
        let trace = router.seen.trace();
        assert!(Instant::now() < end, "{hz} Hz: {share}; {trace}");
    }
}

/// Waits until one has heard a built-in prompt, whole.
pub(crate) async fn hears_prompt(call: &PhoneCall, name: &str, router: &Running) {
    let prompt = Prompts::builtin().get(name).unwrap();
    hears_sound(call, &prompt, &format!("{name}; {}", router.seen.trace())).await;
}

/// Waits until one has heard this sound, whole. Ends as well after the call's end.
pub(crate) async fn hears_sound(call: &PhoneCall, sound: &Pcm, what: &str) {
    let end = Instant::now() + PATIENCE;
    let sound = on_the_line(sound.samples());
    loop {
        let (heard, wanted) = (call.heard(), sound.clone());
        // Not on the runtime, where the sound comes from.
        let alike = tokio::task::spawn_blocking(move || likeness(&heard, &wanted));
        let alike = alike.await.unwrap();
        if alike > ALIKE {
            return;
        }
        let heard = call.heard();
        let told = format!("{} samples, likeness {alike:.2}", heard.len());
        assert!(
            Instant::now() < end,
            "{told}, level {}: {what}",
            rms(&heard)
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until half a second of something that is not silence was heard.
pub(crate) async fn hears_something(call: &PhoneCall, router: &Running) {
    let end = Instant::now() + PATIENCE;
    loop {
        call.forget_heard();
        let came = call.wait_heard(Duration::from_millis(500), PATIENCE).await;
        assert!(came, "nothing came; {}", router.seen.trace());
        let level = rms(&call.heard());
        if level > 100.0 {
            return;
        }
        let trace = router.seen.trace();
        assert!(Instant::now() < end, "silence, level {level}; {trace}");
    }
}

/// A sound as it is after G.711.
fn on_the_line(samples: &[i16]) -> Vec<i16> {
    let (mut bytes, mut sound) = (Vec::new(), Vec::new());
    Law::Mu.encode(samples, &mut bytes);
    Law::Mu.decode(&bytes, &mut sound);
    sound
}

/// The correlation of a sound with the part of what was heard that is most like it: 1 for the same
/// at any level; 0 as long as not all of it was heard.
fn likeness(heard: &[i16], sound: &[i16]) -> f64 {
    // Its loudest piece tells where it is, for less than the whole would cost.
    let pieces = sound.chunks_exact(PIECE).enumerate();
    let energy = |piece: &[i16]| product(piece, piece);
    let loudest = pieces.max_by(|(_, a), (_, b)| energy(a).total_cmp(&energy(b)));
    let Some((at, piece)) = loudest else {
        return 0.0;
    };
    let before = at * PIECE;
    let shifts = 0..(heard.len() + 1).saturating_sub(sound.len());
    let part = |shift: usize| &heard[shift + before..shift + before + PIECE];
    let best = shifts.max_by(|a, b| {
        let [a, b] = [*a, *b].map(|shift| product(part(shift), piece));
        a.total_cmp(&b)
    });
    best.map_or(0.0, |shift| {
        correlation(&heard[shift..shift + sound.len()], sound)
    })
}

fn correlation(a: &[i16], b: &[i16]) -> f64 {
    product(a, b) / (product(a, a) * product(b, b)).sqrt().max(1.0)
}

fn product(a: &[i16], b: &[i16]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| i64::from(*a) * i64::from(*b));
    products.sum::<i64>() as f64
}
