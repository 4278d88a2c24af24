//! The command line itself.

use crate::place::{Place, ROUTES};

#[test]
fn help_is_a_result_and_nonsense_is_usage() {
    let place = Place::new();
    let ran = place.run(&["--help"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for command in ["check", "decide", "explain", "replay", "schema"] {
        assert!(ran.out.contains(command), "{}", ran.out);
    }
    for args in [
        &[][..],
        &["chek"],
        &["check"],
        &["decide"],
        &["replay"],
        &["schema"],
        &["schema", "events"],
        &["check", "--what", "x"],
    ] {
        let ran = place.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
}

#[test]
fn standard_input_is_read_once() {
    let place = Place::new();
    for args in [
        &["decide", "--routes", "-"][..],
        &["decide", "--routes", "-", "-"],
        &["explain", "--routes", "-"],
        &["replay", "-", "--routes", "-"],
        &["replay", "-"],
    ] {
        let header = "{\"journal\":1,\"table\":\"00\",\"event\":";
        let event = crate::place::event("c1", "+14155550123", "14:32:00");
        let stdin = if args == ["replay", "-"] {
            format!("{header}{event}}}\n")
        } else {
            ROUTES.to_owned()
        };
        let ran = place.run_with(args, stdin);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains("standard input"), "{args:?}: {}", ran.err);
    }
}

#[test]
fn a_folder_is_out_of_reach() {
    let place = Place::with_routes();
    place.file("folder/file", "");
    for args in [
        &["check", "folder"][..],
        &["decide", "--routes", "routes.yaml", "folder"],
        &["explain", "--routes", "routes.yaml", "folder"],
        &["replay", "folder"],
        &["replay", "lost.jsonl"],
    ] {
        let ran = place.run(args);
        assert_eq!(ran.code, 3, "{args:?}: {}", ran.err);
        assert!(ran.err.contains("cannot read"), "{args:?}: {}", ran.err);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_written_are_told() {
    let place = Place::with_routes();
    let full = std::fs::File::create("/dev/full").unwrap();
    let mut command = place.command(&["check", "routes.yaml"]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("cannot write the results")
    );
}
