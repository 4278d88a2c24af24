//! The digit detector and human-like speech: it must not hear digits where nobody pressed any.

use callroute_audio::dtmf::Detector;
use callroute_audio::level::rms;
use callroute_audio::speech::Speech;

use crate::common::peer;

/// How much speech is listened to, in samples: 400 s.
const SPEECH: usize = 400 * 8000;

/// No false digit in 400 s of speech, by two voices that have nothing in common.
#[test]
fn no_digit_is_heard_in_400_s_of_speech() {
    if !(peer("flite") && peer("espeak-ng")) {
        return;
    }
    let speech = Speech::find();
    let mut detector = Detector::new();
    let (mut listened, mut round) = (0, 0u32);
    while listened < SPEECH {
        round += 1;
        let number = round.wrapping_mul(7919) % 100_000;
        let language = if round % 2 == 0 { "en" } else { "de" };
        let text = format!(
            "Caller {number} asks about order {}, placed by Mister Abernathy of Willow Street, \
             who would like {} yellow lamps, seven oboes and a very quiet room with a view.",
            number * 3 % 9973,
            number % 89
        );
        let pcm = speech.render(&text, Some(language), None).unwrap();
        // Digits in silence would be no wonder.
        let level = rms(pcm.samples());
        assert!(level > 200.0, "{text:?} is silent: level {level}");
        let digits = detector.push(pcm.samples());
        assert!(digits.is_empty(), "{digits:?} in {text:?}");
        listened += pcm.samples().len();
    }
}
