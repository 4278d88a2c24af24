//! Recordings as others read them, and what is left after each kind of end.

use super::*;
use crate::tone::Tone;
use crate::wav::{read, read_file};

#[test]
fn what_is_recorded_is_what_others_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/message.wav");
    let sound = Tone::Busy.render(1500);
    let mut recorder = Recorder::create(&path).unwrap();
    for piece in sound.samples().chunks(160) {
        recorder.push(piece).unwrap();
    }
    assert!(!path.exists(), "no message before it is whole");
    assert_eq!(recorder.duration_ms(), 1500);
    let finished = recorder.finish().unwrap();
    assert_eq!(
        finished,
        Finished {
            path: path.clone(),
            duration_ms: 1500
        }
    );
    assert!(!folder.path().join("a/b/message.wav.part").exists());
    assert_eq!(read_file(&path).unwrap(), sound);

    let mut reader = hound::WavReader::open(&path).unwrap();
    assert_eq!(
        (
            reader.spec().sample_rate,
            reader.spec().channels,
            reader.spec().bits_per_sample
        ),
        (8000, 1, 16)
    );
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(samples, sound.samples());
}

#[test]
fn a_part_left_by_a_crash_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    let mut recorder = Recorder::create(&path).unwrap();
    recorder.push(&[5; 20_000]).unwrap();
    // What is on disk now is what a crash would leave.
    let part = fs::read(folder.path().join("x.wav.part")).unwrap();
    let pcm = read(&part).unwrap();
    assert!(pcm.samples().len() > 15_000 && pcm.samples().iter().all(|&s| s == 5));
}

#[test]
fn dropping_keeps_sound_and_removes_emptiness() {
    let folder = tempfile::tempdir().unwrap();
    let full = folder.path().join("full.wav");
    let mut recorder = Recorder::create(&full).unwrap();
    recorder.push(&[1, 2, 3]).unwrap();
    drop(recorder);
    assert_eq!(read_file(&full).unwrap().samples(), [1, 2, 3]);

    drop(Recorder::create(&folder.path().join("empty.wav")).unwrap());
    let mut unwanted = Recorder::create(&folder.path().join("unwanted.wav")).unwrap();
    unwanted.push(&[1]).unwrap();
    unwanted.discard().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_empty_recording_that_is_finished_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.wav");
    assert_eq!(
        Recorder::create(&path)
            .unwrap()
            .finish()
            .unwrap()
            .duration_ms,
        0
    );
    assert!(read_file(&path).unwrap().samples().is_empty());
}

#[test]
fn the_bound_on_length_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.wav");
    let mut recorder = Recorder::create(&path).unwrap();
    // As if nearly four hours had gone by.
    recorder.samples = MAX_MS * 8 - 3;
    assert!(matches!(
        recorder.push(&[1; 5]),
        Err(WavError::TooLong { limit_ms: MAX_MS })
    ));
    assert_eq!(recorder.duration_ms(), MAX_MS);
    recorder.discard().unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Recorder::create(&file.join("sub/x.wav")).unwrap_err();
    assert!(error.to_string().contains("file/sub"), "{error}");
}

#[test]
fn two_recordings_of_one_name_are_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    let mut one = Recorder::create(&path).unwrap();
    let mut other = Recorder::create(&path).unwrap();
    one.push(&[1; 80]).unwrap();
    other.push(&[2; 160]).unwrap();
    let (other, one) = (other.finish().unwrap(), one.finish().unwrap());
    assert_eq!(one.path, path);
    assert_eq!(other.path, folder.path().join("x-2.wav"));
    assert_eq!(read_file(&one.path).unwrap().samples(), [1; 80]);
    assert_eq!(read_file(&other.path).unwrap().samples(), [2; 160]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn what_is_there_already_stays() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("x.wav"), "whole").unwrap();
    fs::write(at("x-2.wav.part"), "left by a crash").unwrap();
    let mut recorder = Recorder::create(&at("x.wav")).unwrap();
    recorder.push(&[3; 80]).unwrap();
    // Somebody else takes its name meanwhile.
    fs::write(at("x-3.wav"), "late").unwrap();
    let finished = recorder.finish().unwrap();
    assert_eq!(finished.path, at("x-3-2.wav"));
    assert_eq!(read_file(&finished.path).unwrap().samples(), [3; 80]);
    for (name, text) in [
        ("x.wav", "whole"),
        ("x-2.wav.part", "left by a crash"),
        ("x-3.wav", "late"),
    ] {
        assert_eq!(fs::read_to_string(at(name)).unwrap(), text, "{name}");
    }
    assert!(!at("x-3.wav.part").exists());
}

#[test]
fn more_channels_than_two_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    for found in [0, 3, 9] {
        let refused = Recorder::with_format(&path, found, Band::Narrow);
        let wanted = u16::from(found);
        assert!(matches!(refused, Err(WavError::Channels { found }) if found == wanted));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
