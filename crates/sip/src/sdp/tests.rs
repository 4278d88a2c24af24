//! What offers mean, and that answers fit them.

use callroute_audio::codec::Codec;
use proptest::prelude::*;
use sipx_sdp::Direction;

use super::{Keys, Local, SdpFault, Suite, again, answer, offer, read};

const BOTH: [Codec; 2] = [Codec::Pcmu, Codec::Pcma];

fn local() -> Local {
    Local {
        media: "10.0.0.1:20000".parse().unwrap(),
        peer: None,
        vouched: true,
        session: 7,
        version: 1,
        key: None,
        encrypts: false,
        noise: false,
        agreement: None,
    }
}

fn sdp(address: &str, media: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n{media}")
}

#[test]
fn the_offers_first_common_codec_is_answered_with_its_event_payload() {
    let body = sdp(
        "10.0.0.9",
        "m=audio 4000 RTP/AVP 111 8 0 96\r\na=rtpmap:111 opus/48000/2\r\n\
         a=rtpmap:96 telephone-event/8000\r\n",
    );
    let remote = read(body.as_bytes(), &BOTH).unwrap();
    assert_eq!(remote.codecs, [Codec::Pcma, Codec::Pcmu]);
    assert_eq!(
        (remote.event.unwrap().payload, remote.held, remote.listens),
        (96, false, true)
    );
    assert_eq!(remote.media, Some("10.0.0.9:4000".parse().unwrap()));
    let answer = answer(&local(), &remote);
    assert!(
        answer.contains("m=audio 20000 RTP/AVP 8 96\r\n"),
        "{answer}"
    );
    assert!(answer.contains("a=sendrecv"), "{answer}");
}

/// RFC 8866, section 5.2: a numeric string, of any length.
#[test]
fn the_numbers_of_an_origin_may_be_long() {
    let audio = sdp("10.0.0.9", "m=audio 4000 RTP/AVP 0\r\n");
    let of = |origin: &str| {
        let body = audio.replace("o=- 1 1 ", &format!("o=- {origin} "));
        read(body.as_bytes(), &BOTH).map(|remote| remote.version())
    };
    let long = "340282366920938463463374607431768211455";
    let first = of(&format!("{long} {long}")).unwrap();
    assert_eq!(first, of(&format!("{long} {long}")).unwrap());
    assert_ne!(first, of(&format!("{long} {long}6")).unwrap());
    assert_eq!(of(&format!("{} 2", u64::MAX)).unwrap(), (u64::MAX, 2));
    assert_eq!(of("18446744073709551616 3").unwrap().1, 3);
    assert!(of("x 1").is_err());
    let unix = audio
        .replace("\r\n", "\n")
        .replace("o=- 1", &format!("o=- {long}"));
    assert!(read(unix.as_bytes(), &BOTH).is_ok());
}

#[test]
fn other_streams_are_refused_in_their_place() {
    let body = sdp(
        "10.0.0.9",
        "m=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\nm=audio 4000 RTP/AVP 0\r\n",
    );
    let remote = read(body.as_bytes(), &BOTH).unwrap();
    let answer = answer(&local(), &remote);
    let video = answer.find("m=video 0 RTP/AVP 99").unwrap();
    assert!(
        video < answer.find("m=audio 20000 RTP/AVP 0\r\n").unwrap(),
        "{answer}"
    );
}

#[test]
fn hold_is_seen_in_all_its_spellings() {
    for (address, attribute, held, answered) in [
        ("10.0.0.9", "sendonly", true, "recvonly"),
        ("10.0.0.9", "inactive", true, "inactive"),
        ("10.0.0.9", "recvonly", false, "sendonly"),
        ("10.0.0.9", "sendrecv", false, "sendrecv"),
        ("0.0.0.0", "sendrecv", true, "recvonly"),
    ] {
        let body = sdp(
            address,
            &format!("m=audio 4000 RTP/AVP 0\r\na={attribute}\r\n"),
        );
        let remote = read(body.as_bytes(), &BOTH).unwrap();
        assert_eq!(remote.held, held, "{address} {attribute}");
        let answer = answer(&local(), &remote);
        assert!(answer.contains(&format!("a={answered}\r\n")), "{answer}");
    }
}

#[test]
fn no_address_is_no_address() {
    for (address, port) in [("0.0.0.0", 4000), ("10.0.0.9", 9), ("host.example", 4000)] {
        let body = sdp(address, &format!("m=audio {port} RTP/AVP 0\r\n"));
        assert_eq!(
            read(body.as_bytes(), &BOTH).unwrap().media,
            None,
            "{address}:{port}"
        );
    }
}

#[test]
fn what_cannot_be_used_says_why() {
    let fault = |media: &str| read(sdp("10.0.0.9", media).as_bytes(), &BOTH).unwrap_err();
    let ours = BOTH.to_vec();
    assert_eq!(
        fault("m=audio 4000 RTP/AVP 9 111\r\n"),
        SdpFault::NoCodec { ours }
    );
    assert_eq!(fault("m=video 4000 RTP/AVP 0\r\n"), SdpFault::NoAudio);
    assert_eq!(fault("m=audio 4000 RTP/SAVP 0\r\n"), SdpFault::NoAudio);
    assert_eq!(fault("m=audio 0 RTP/AVP 0\r\n"), SdpFault::NoAudio);
    assert!(matches!(read(b"hello", &BOTH), Err(SdpFault::Malformed(_))));
    assert!(matches!(
        read(&[0xff; 40], &BOTH),
        Err(SdpFault::Malformed(_))
    ));
}

#[test]
fn our_own_offer_reads_back() {
    let text = offer(&local(), &[Codec::Pcma, Codec::Pcmu], Direction::SendRecv);
    let remote = read(text.as_bytes(), &BOTH).unwrap();
    assert_eq!(remote.codecs, [Codec::Pcma, Codec::Pcmu]);
    assert_eq!(remote.event.unwrap().payload, super::EVENT_PAYLOAD);
}

/// B36: maps and packet lengths are read, and an answer speaks in the offer's numbers.
#[test]
fn payload_types_are_those_of_the_offer() {
    let body = sdp(
        "10.0.0.9",
        "m=audio 4000 RTP/AVP 97 0 8 98 13\r\na=rtpmap:97 G722/8000\r\na=rtpmap:0 PCMA/8000\r\n\
         a=rtpmap:98 telephone-event/8000\r\na=ptime:30\r\na=maxptime:60\r\n",
    );
    let ours = [Codec::Pcma, Codec::G722];
    let remote = read(body.as_bytes(), &ours).unwrap();
    assert_eq!(remote.codecs, [Codec::G722, Codec::Pcma]);
    assert_eq!((remote.payload(), remote.noise), (97, true));
    assert_eq!(remote.formats[1].payload, 0, "a map outranks the number");
    assert_eq!((remote.packet_ms, remote.longest_ms), (Some(30), Some(60)));
    let answer = answer(&local(), &remote);
    assert!(answer.contains("RTP/AVP 97 98\r\n"), "{answer}");
    assert!(answer.contains("a=rtpmap:97 G722/8000\r\n"), "{answer}");
}

/// B36, RFC 7587: Opus on its clock, and events on the same.
#[cfg(feature = "opus")]
#[test]
fn opus_is_offered_and_answered_on_its_clock() {
    let text = offer(&local(), &[Codec::Opus, Codec::Pcmu], Direction::SendRecv);
    assert!(text.contains("RTP/AVP 111 0 101 110\r\n"), "{text}");
    assert!(
        text.contains("a=fmtp:111 minptime=10;useinbandfec=1\r\n"),
        "{text}"
    );
    let remote = read(text.as_bytes(), Codec::ALL).unwrap();
    assert_eq!(remote.codec(), Codec::Opus);
    assert_eq!(remote.event.unwrap().clock, 48_000);
    let narrow = read(text.as_bytes(), &BOTH).unwrap();
    assert_eq!(narrow.event.unwrap().clock, 8000);
}

/// RFC 4568: keys are offered, and one of them is answered by another under the same tag.
#[test]
fn keys_are_offered_and_answered() {
    let with_key = |encrypts| Local {
        key: Keys::new(),
        encrypts,
        ..local()
    };
    let ours = with_key(true);
    let text = offer(&ours, &BOTH, Direction::SendRecv);
    assert!(text.contains("m=audio 20000 RTP/SAVP 0 8 101"), "{text}");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("a=crypto:"))
        .collect();
    assert!(lines[0].starts_with("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"));
    assert!(lines[1].starts_with("a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:"));
    let read_key = |text: &str| read(text.as_bytes(), &BOTH).unwrap().key.unwrap();
    assert_eq!(read_key(&text), ours.key.as_ref().unwrap().all()[0]);
    // The far end's first is taken, and what it cannot have known is left.
    for (offered, suite, tag) in [
        (text.replace("a=crypto:1 ", "a=crypto:7 "), Suite::Long, 7),
        (text.replace("SHA1_80", "SHA1_99"), Suite::Short, 2),
    ] {
        let remote = read(offered.as_bytes(), &BOTH).unwrap();
        let theirs = with_key(false);
        let back = answer(&theirs, &remote);
        assert!(back.contains("RTP/SAVP 0 101\r\n"), "{back}");
        assert_eq!(back.matches("a=crypto").count(), 1, "{back}");
        let answered = read_key(&back);
        assert_eq!((answered.suite, answered.crypto.tag), (suite, tag));
        let spoken = theirs
            .key
            .as_ref()
            .unwrap()
            .beside(&remote.key.clone().unwrap());
        assert_eq!(
            answered.crypto.key_and_salt,
            spoken.unwrap().crypto.key_and_salt
        );
        // Debug output has no key in it.
        assert!(!format!("{remote:?}").contains("key_and_salt"));
    }
    // Suites that we do not have are no stream.
    let odd = text.replace("HMAC_SHA1", "HMAC_MD5");
    assert_eq!(read(odd.as_bytes(), &BOTH).unwrap_err(), SdpFault::NoAudio);
}

/// RFC 3389, section 4: comfort noise is agreed on by both, on the clock of the telephone codecs.
#[test]
fn comfort_noise_is_for_two_who_both_want_it() {
    let wants = Local {
        noise: true,
        ..local()
    };
    let text = offer(&wants, &BOTH, Direction::SendRecv);
    assert!(text.contains("RTP/AVP 0 8 101 13\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:13 CN/8000\r\n"), "{text}");
    for (wants, formats, agreed) in [
        (true, "0 13", true),
        (false, "0 13", false),
        (true, "0", false),
    ] {
        let mut local = Local {
            noise: wants,
            ..local()
        };
        let body = sdp("10.0.0.9", &format!("m=audio 4000 RTP/AVP {formats}\r\n"));
        let remote = read(body.as_bytes(), &BOTH).unwrap();
        let back = answer(&local, &remote);
        assert_eq!(back.contains("CN/8000"), agreed, "{back}");
        assert_eq!(local.agree(remote).noise, agreed);
    }
}

proptest! {
    #[test]
    fn nothing_from_the_wire_panics(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&body, &BOTH);
    }

    #[test]
    fn whatever_is_read_can_be_answered(
        formats in proptest::collection::vec(0u8..128, 1..8),
        attribute in "(sendonly|recvonly|inactive|sendrecv)",
    ) {
        let formats: Vec<String> = formats.iter().map(u8::to_string).collect();
        let body = sdp("10.0.0.9",
            &format!("m=audio 4000 RTP/AVP {}\r\na={attribute}\r\n", formats.join(" ")));
        if let Ok(remote) = read(body.as_bytes(), &BOTH) {
            let back = read(answer(&local(), &remote).as_bytes(), &BOTH).unwrap();
            prop_assert_eq!(back.codecs, vec![remote.codec()]);
        }
    }
}

/// RFC 3264, section 8: what was agreed on, in its place among what was refused.
#[test]
fn what_is_agreed_on_is_offered_again() {
    let body = sdp(
        "10.0.0.9",
        "m=video 4002 RTP/AVP 99\r\nm=audio 4000 RTP/AVP 18 8 0 96\r\n\
         a=rtpmap:96 telephone-event/8000\r\nm=image 4004 udptl t38\r\n",
    );
    let mut local = local();
    assert_eq!(again(&local, Direction::SendRecv), None);
    local.agree(read(body.as_bytes(), &BOTH).unwrap());
    let lines = [
        "m=video 0 RTP/AVP 99",
        "m=audio 20000 RTP/AVP 8 0 96",
        "m=image 0 udptl t38",
    ];
    let streams = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("m="));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let text = again(&local, Direction::SendOnly).unwrap();
    assert_eq!(streams(&text), lines);
    assert!(text.contains("a=sendonly\r\n"), "{text}");
    let all = offer(&local, &BOTH, Direction::SendRecv);
    assert_eq!(streams(&all).len(), 3, "{all}");
}
