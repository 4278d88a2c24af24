//! Where prompts come from, and which names are none.

use super::*;
use crate::level::rms;
use crate::wav::Recorder;

fn write(path: &Path, samples: &[i16]) {
    // A recorder takes nobody's place.
    if path.exists() {
        fs::remove_file(path).unwrap();
    }
    let mut recorder = Recorder::create(path).unwrap();
    recorder.push(samples).unwrap();
    recorder.finish().unwrap();
}

#[test]
fn every_built_in_prompt_can_be_heard() {
    let prompts = Prompts::builtin();
    for name in Prompts::builtin_names() {
        let pcm = prompts.get(name).unwrap();
        assert!(
            (400..10_000).contains(&pcm.duration_ms()),
            "{name}: {} ms",
            pcm.duration_ms()
        );
        assert!(rms(pcm.samples()) > 500.0, "{name}: {}", rms(pcm.samples()));
        assert!(
            Arc::ptr_eq(&pcm, &prompts.get(name).unwrap()),
            "{name} is kept"
        );
    }
}

#[test]
fn the_names_that_routing_relies_on_are_there_and_sorted() {
    let names: Vec<_> = Prompts::builtin_names().collect();
    for name in [
        "office_closed",
        "general",
        "unavailable",
        "menu",
        "invalid",
        "goodbye",
        "message",
        "thank_you",
        "beep",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(names.is_sorted());
}

#[test]
fn a_folder_goes_before_what_is_built_in_and_may_have_folders() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(&first.path().join("menu.wav"), &[1; 80]);
    write(&second.path().join("menu.wav"), &[2; 80]);
    write(&second.path().join("digits/1.wav"), &[3; 80]);
    let prompts = Prompts::builtin()
        .with_folder(first.path().into())
        .with_folder(second.path().into());
    assert_eq!(prompts.get("menu").unwrap().samples(), [1; 80]);
    assert_eq!(prompts.get("menu.wav").unwrap().samples(), [1; 80]);
    assert_eq!(prompts.get("digits/1").unwrap().samples(), [3; 80]);
    assert_eq!(
        prompts.get("goodbye").unwrap(),
        Prompts::builtin().get("goodbye").unwrap()
    );
    assert!(matches!(
        prompts.get("menu/1"),
        Err(PromptError::Unknown { .. })
    ));
}

#[test]
fn a_replaced_file_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("news.wav");
    let prompts = Prompts::builtin().with_folder(folder.path().into());
    write(&path, &[1; 80]);
    let before = prompts.get("news").unwrap();
    assert!(Arc::ptr_eq(&before, &prompts.get("news").unwrap()));
    write(&path, &[2; 81]);
    assert_eq!(prompts.get("news").unwrap().samples(), [2; 81]);
}

#[test]
fn a_broken_file_is_an_error_and_not_the_built_in_prompt() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("menu.wav"), "no sound").unwrap();
    let prompts = Prompts::builtin().with_folder(folder.path().into());
    let error = prompts.get("menu").unwrap_err();
    assert!(
        matches!(
            &error,
            PromptError::File {
                source: FileError::Wav(crate::wav::WavError::NotWav),
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_unknown_prompt_says_where_it_was_sought() {
    let error = Prompts::builtin()
        .with_folder("/no/such/folder".into())
        .get("nope")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no prompt `nope`, neither in /no/such/folder nor built in"
    );
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let long = "a".repeat(129);
    for name in [
        "",
        "/etc/passwd",
        "..",
        "../menu",
        "a/../b",
        "a//b",
        "a/",
        "a\\b",
        "menu\0",
        ".hidden",
        "a/.b",
        "a b",
        "ü",
        "C:menu",
        &long,
    ] {
        let error = Prompts::builtin().get(name).unwrap_err();
        assert!(
            matches!(error, PromptError::Name { .. }),
            "{name:?}: {error}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn no_name_leaves_the_folder(name in "[a-z./\\\\~%:-]{0,12}") {
        if is_name(&name) {
            let path = Path::new("/folder").join(format!("{name}.wav"));
            let normal = path.components().skip(1).all(|part| matches!(part, std::path::Component::Normal(_)));
            assert!(normal && path.starts_with("/folder"), "{path:?}");
        }
    }
}

#[test]
fn other_kinds_of_files_are_found_by_their_ending() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hold.ulaw"), [0xFF; 80]).unwrap();
    fs::write(folder.path().join("bad.g722"), [0; 80]).unwrap();
    let prompts = Prompts::builtin().with_folder(folder.path().into());
    for name in ["hold", "hold.ulaw", "hold.wav"] {
        assert_eq!(prompts.get(name).unwrap().samples(), [0; 80], "{name}");
    }
    // The ending that comes first wins.
    write(&folder.path().join("hold.wav"), &[5; 80]);
    assert_eq!(prompts.get("hold").unwrap().samples(), [5; 80]);
}

#[test]
fn core_sounds_come_last() {
    let root = tempfile::tempdir().unwrap();
    let own = tempfile::tempdir().unwrap();
    for voice in ["en_US_f_Allison", "en", "fr", "enough"] {
        fs::create_dir(root.path().join(voice)).unwrap();
    }
    let core = english(root.path());
    assert_eq!(
        core,
        [root.path().join("en"), root.path().join("en_US_f_Allison")]
    );
    assert!(english(Path::new("/nonexistent")).is_empty());
    write(&core[1].join("digits/1.wav"), &[1; 80]);
    write(&core[1].join("digits/2.wav"), &[2; 80]);
    write(&core[1].join("beep.wav"), &[3; 80]);
    write(&own.path().join("digits/2.wav"), &[4; 80]);
    let mut prompts = Prompts::builtin().with_folder(own.path().into());
    prompts.core = core;
    assert_eq!(prompts.get("digits/1").unwrap().samples(), [1; 80]);
    assert_eq!(prompts.get("digits/2").unwrap().samples(), [4; 80]);
    let beep = Prompts::builtin().get("beep").unwrap();
    assert_eq!(
        prompts.get("beep").unwrap(),
        beep,
        "the built-in one goes first"
    );
    let error = prompts.get("digits/3").unwrap_err().to_string();
    assert!(error.contains("en_US_f_Allison"), "{error}");
}

/// Debian's `asterisk-core-sounds-en-wav`, all of it.
#[test]
fn installed_core_sounds_are_all_read() {
    let prompts = Prompts::builtin().with_core_sounds();
    let Some(folder) = prompts.core_sounds().first() else {
        let required = std::env::var_os("CALLROUTE_REQUIRE_PEERS").is_some();
        assert!(!required, "asterisk-core-sounds-en-wav is not installed");
        println!("skipped: asterisk-core-sounds-en-wav is not installed");
        return;
    };
    for name in [
        "vm-intro",
        "digits/7",
        "letters/a",
        "queue-youarenext",
        "hello-world",
    ] {
        let pcm = prompts.get(name).unwrap();
        assert!((200..20_000).contains(&pcm.duration_ms()), "{name} {pcm:?}");
        assert!(rms(pcm.samples()) > 200.0, "{name}");
    }
    let mut read = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "wav") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            prompts.get(name).unwrap();
            read += 1;
        }
    }
    assert!(read > 300, "{read}");
}
