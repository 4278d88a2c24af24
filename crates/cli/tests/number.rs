//! `number`: how a telephone number is read.

use crate::place::Place;

/// A38: local, national and international forms, for Ireland and elsewhere.
#[test]
fn a_number_is_read_in_its_region() {
    let place = Place::new();
    let ran = place.run(&["number", "(01) 679 9222 ext. 12", "--region", "IE"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(
        ran.out,
        "{\"text\":\"(01) 679 9222 ext. 12\",\"valid\":true,\"e164\":\"+35316799222\",\"ext\":\"12\",\
         \"country\":\"IE\",\"type\":\"fixed_line\",\"emergency\":false,\"zones\":[\"Europe/Dublin\"],\
         \"place\":\"Dublin\"}\n"
    );
    let ran = place.run(&["number", "+1 314 652 3057"]);
    assert_eq!(ran.json()[0]["e164"], "+13146523057");
    let ran = place.run(&["number", "999", "--region", "IE"]);
    assert_eq!(ran.json()[0]["emergency"], true);
}

#[test]
fn what_is_no_number_is_a_finding() {
    let place = Place::new();
    let ran = place.run(&["number", "+1 314"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.json()[0]["valid"], false);
    let ran = place.run(&["number", "01", "--region", "UK"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("as in GB"), "{}", ran.err);
}

/// One line out for each in, in order, whatever is wrong with one of them.
#[test]
fn lines_stay_in_step() {
    let place = Place::new();
    let lines = [
        r#"{"text":"016799222","region":"IE"}"#,
        r#"{"text":"030 23125 000","region":"DE"}"#,
        r#"{"text":"1800flowers"}"#,
        r#"{"txt":"1"}"#,
        r#"{"text":"+442083661177"}"#,
    ];
    let ran = place.run_with(&["number", "-"], lines.join("\n"));
    assert_eq!(ran.code, 1);
    let read = ran.json();
    assert_eq!(read.len(), lines.len());
    assert_eq!(read[0]["e164"], "+35316799222");
    assert_eq!(read[1]["country"], "DE");
    assert_eq!(read[2]["type"], "user");
    assert_eq!(read[3]["line"], 4);
    assert!(
        read[3]["error"]
            .as_str()
            .is_some_and(|error| error.contains("unknown field `txt`"))
    );
    assert_eq!(read[4]["e164"], "+442083661177");
    let ran = place.run_with(
        &["number", "-", "--region", "IE"],
        r#"{"text":"016799222"}"#,
    );
    assert_eq!(
        (ran.code, ran.json()[0]["valid"].as_bool()),
        (0, Some(true))
    );
}
