//! `check`: good files, bad files, and files that are not there.

use crate::place::{Place, ROUTES};

const BAD: &str = "version: 1
default: nobody
numbers:
  \"+13146523057\": { action: voicemail, mesage: x }
";

#[test]
fn a_good_file_gets_a_line() {
    let place = Place::with_routes();
    let ran = place.run(&["check", "routes.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(
        ran.out.starts_with("routes.yaml: ok, 1 number, "),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("tzdata "), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 1);
}

#[test]
fn every_fault_of_a_bad_file_is_shown() {
    let place = Place::with_routes();
    place.file("bad.yaml", BAD);
    let ran = place.run(&["check", "bad.yaml", "routes.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("routes.yaml: ok"), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 1);
    assert!(ran.err.contains("unknown target `nobody`"), "{}", ran.err);
    assert!(ran.err.contains("bad.yaml:2:10"), "{}", ran.err);
    assert!(ran.err.contains("did you mean `message`?"), "{}", ran.err);
    assert!(ran.err.ends_with("bad.yaml: 2 faults\n"), "{}", ran.err);
}

#[test]
fn faults_as_json_are_results() {
    let place = Place::with_routes();
    place.file("bad.yaml", BAD);
    let ran = place.run(&["check", "--json", "routes.yaml", "bad.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    let faults = ran.json();
    assert_eq!(faults.len(), 2);
    assert_eq!(faults[0]["file"], "bad.yaml");
    assert_eq!(
        (&faults[0]["line"], &faults[0]["column"]),
        (&2.into(), &10.into())
    );
    assert_eq!(faults[0]["path"], "$.default");
    assert!(faults[0]["message"].as_str().unwrap().contains("nobody"));
    assert_eq!(faults[1]["line"], 4);
}

#[test]
fn a_missing_file_is_out_of_reach_and_the_others_are_looked_at() {
    let place = Place::with_routes();
    place.file("bad.yaml", BAD);
    let ran = place.run(&["check", "missing.yaml", "bad.yaml", "routes.yaml"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("cannot read missing.yaml"), "{}", ran.err);
    assert!(ran.err.contains("bad.yaml: 2 faults"), "{}", ran.err);
    assert!(ran.out.starts_with("routes.yaml: ok"), "{}", ran.out);
}

#[test]
fn standard_input_is_a_file_too_and_names_files_of_the_current_folder() {
    let place = Place::new();
    place.file("vip.csv", "number,name\n+14155550123,Ann\n");
    let routes = ROUTES.replace("{ numbers: [\"+1900*\"] }", "{ file: vip.csv }");
    let ran = place.run_with(&["check", "-"], &routes);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("stdin: ok"), "{}", ran.out);
    let ran = place.run_with(&["check", "-"], routes.replace("vip.csv", "lost.csv"));
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("lost.csv"), "{}", ran.err);
    let ran = place.run_with(&["check", "-", "-"], &routes);
    assert_eq!(ran.code, 2);
}

#[test]
fn what_is_no_text_is_refused() {
    let place = Place::new();
    let ran = place.run_with(&["check", "-"], [ROUTES.as_bytes(), b"# caf\xc3"].concat());
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("no UTF-8 text"), "{}", ran.err);
    place.file("latin.yaml", b"version: 1\n# caf\xe9\n");
    let ran = place.run(&["check", "latin.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("latin.yaml:2:6"), "{}", ran.err);
    let ran = place.run(&["check", "--json", "latin.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    let faults = ran.json();
    assert_eq!(
        (&faults[0]["line"], &faults[0]["column"]),
        (&2.into(), &6.into())
    );
}

/// What the client refuses on every call is known before the first.
#[test]
fn a_webhook_that_can_never_be_asked_is_a_finding() {
    let place = Place::new();
    let routes = r#"version: 1
default: { action: voicemail, message: general }
webhooks:
  here: { urls: ["https://example.com/", "http://localhost:8080/"] }
  near: { urls: ["http://10.1.2.3/"], allow: ["10.0.0.0/8"] }
numbers:
  "+1":
    - { when: { open: office }, then: { action: webhook, url: "http://127.0.0.1/" } }
    - { when: { header: { x-a: b } }, then: { action: webhook, name: near } }
    - { then: { action: webhook, name: here } }
hours: { office: { zone: UTC, open: "Mo-Fr 09:00-17:30" } }
"#;
    place.file("routes.yaml", routes);
    let ran = place.run(&["check", "--json", "routes.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let found: Vec<_> = ran
        .json()
        .iter()
        .map(|fault| {
            let message = fault["message"].as_str().unwrap();
            assert!(message.contains("never asked"), "{message}");
            assert!(message.contains("(loopback)"), "{message}");
            (fault["line"].as_u64().unwrap(), fault["path"].clone())
        })
        .collect();
    let first = (4, "$.webhooks.here.urls[1]".into());
    let second = (8, "$.numbers[\"+1\"][0].then.url".into());
    assert_eq!(found, [first, second]);
}

/// A router would not start with them, so `check` says where they stand.
#[test]
fn broken_secrets_and_certificates_are_found() {
    let place = Place::new();
    place.file("no.pem", "nothing");
    let found = |setting: &str| {
        let routes = format!(
            "version: 1\ndefault: {{ action: busy }}\nwebhooks:\n  a:\n    urls: [\"https://x.example/\"]\n\
             \x20   {setting}\nnumbers:\n  \"+14155550100\": [ {{ then: {{ action: webhook, name: a }} }} ]\n"
        );
        place.file("routes.yaml", &routes);
        let ran = place.run(&["check", "routes.yaml"]);
        (ran.code, format!("{}{}", ran.out, ran.err))
    };
    for (setting, why, at) in [
        ("ca: missing.pem", "missing.pem cannot be read", ":6:9"),
        ("ca: no.pem", "the CA holds no certificate", ":6:9"),
        ("secret: \"whsec_???\"", "must be base64", ":4:3"),
        ("secret: \"a b\"", "must not hold white space", ":4:3"),
    ] {
        let (code, said) = found(setting);
        assert_eq!(code, 1, "{setting}: {said}");
        assert!(said.contains(why) && said.contains(at), "{setting}: {said}");
        assert!(!said.contains("???") && !said.contains("a b\""), "{said}");
    }
    // These are up to the machine that the router runs on.
    let (code, said) = found("secret: { env: CALLROUTE_NOT_SET }");
    assert_eq!(code, 0, "{said}");
}
