//! A real HTTP server on this machine that speaks, dawdles, refuses, floods and talks nonsense.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::{ServerError, SpeechKey, SpeechServer};
use crate::level::tone_share;
use crate::speech::{Speech, SpeechError};
use crate::tone::Tone;
use crate::wav::Recorder;

/// What was asked: the Authorization header and the body.
type Asked = Arc<Mutex<Vec<(String, serde_json::Value)>>>;

/// Half a second of 800 Hz.
fn wav() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let mut recorder = Recorder::create(&path).unwrap();
    let tone = Tone::Sine { hz: 800 }.render(500);
    recorder.push(tone.samples()).unwrap();
    recorder.finish().unwrap();
    std::fs::read(path).unwrap()
}

async fn answer(request: Request<Incoming>, asked: Asked) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let key = request.headers().get("authorization");
    let key = key.map_or("", |key| key.to_str().unwrap()).to_owned();
    assert_eq!(
        (
            request.method().as_str(),
            request.headers()["content-type"].as_bytes()
        ),
        ("POST", b"application/json".as_slice())
    );
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap();
    asked.lock().unwrap().push((key, body));
    let (status, body) = match path.as_str() {
        "/v1/audio/speech" => (200, wav()),
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            (200, wav())
        }
        "/large" => (200, vec![0; 9 << 20]),
        "/garbage" => (200, b"<html>".to_vec()),
        status => (
            status.trim_start_matches('/').parse().unwrap(),
            b"sk-secret".to_vec(),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status.try_into().unwrap();
    response
}

/// A server, the address it listens on, and what it was asked; over TLS with a certificate, too.
fn serve(ip: &str, tls: Option<TlsAcceptor>) -> (SocketAddr, Asked) {
    let asked = Asked::default();
    let told = Arc::clone(&asked);
    let listener = std::net::TcpListener::bind((ip, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (told, tls) = (Arc::clone(&told), tls.clone());
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let told = Arc::clone(&told);
                        async { Ok::<_, Infallible>(answer(request, told).await) }
                    });
                    let http = http1::Builder::new();
                    // A client that goes away is what some of the tests are about.
                    let _ = match tls {
                        None => http.serve_connection(TokioIo::new(stream), service).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => {
                                http.serve_connection(TokioIo::new(stream), service).await
                            }
                            Err(_) => Ok(()),
                        },
                    };
                });
            }
        });
    });
    (address, asked)
}

fn server(address: SocketAddr, path: &str) -> SpeechServer {
    SpeechServer::new(&format!("http://{address}{path}")).unwrap()
}

#[test]
fn a_text_is_asked_for_once_and_kept() {
    let (address, asked) = serve("127.61.1.1", None);
    let key = SpeechKey::new(" sk-test \n").unwrap();
    let one = server(address, "/")
        .key(key)
        .model("m")
        .voice("v")
        .voice_for("es", "w");
    assert!(!format!("{one:?}").contains("sk-test"));
    let speech = Speech::none().with_server(one);
    assert!(speech.available());
    let hello = speech.speak("Say \"hello\"", None, None).unwrap();
    assert_eq!((hello.sound.duration_ms(), hello.instead), (500, None));
    assert!(tone_share(hello.sound.samples(), 800.0) > 0.9);
    let again = speech.render("Say \"hello\"", None, None).unwrap();
    assert!(Arc::ptr_eq(&again, &hello.sound));
    speech.render("hola", Some("es_MX"), None).unwrap();
    speech.render("hola", Some("es"), Some("x")).unwrap();
    let asked = asked.lock().unwrap();
    let body = |text: &str, voice: &str| {
        serde_json::json!({
            "model": "m", "input": text, "voice": voice, "response_format": "wav",
        })
    };
    let wanted = [
        body("Say \"hello\"", "v"),
        body("hola", "w"),
        body("hola", "x"),
    ];
    assert!(asked.iter().map(|(_, body)| body).eq(&wanted), "{asked:?}");
    assert!(asked.iter().all(|(key, _)| key == "Bearer sk-test"));
}

#[test]
fn what_is_prepared_is_at_hand() {
    let (address, asked) = serve("127.61.1.7", None);
    let speech = Speech::none().with_server(server(address, "/"));
    let long = "x".repeat(1001);
    let texts = ["One", "Two", "One", &long];
    let failed = speech.prepare(texts.map(|text| (text, None, None)));
    assert_eq!(failed.len(), 1);
    assert!(failed[0].1.contains("1001 characters"), "{failed:?}");
    assert_eq!(asked.lock().unwrap().len(), 2);
    speech.render("Two", None, None).unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[test]
fn failures_have_a_reason_and_the_key_is_in_none() {
    let (address, _) = serve("127.61.1.2", None);
    for (path, wanted) in [
        ("/401", "the speech server answered 401, not 200"),
        ("/500", "the speech server answered 500, not 200"),
        (
            "/large",
            "the sound of the speech server broke off, or has more than 8388608 bytes",
        ),
        (
            "/garbage",
            "what the speech server sent is no sound: not a WAV file: it does not begin with a RIFF header of type WAVE",
        ),
        ("/slow", "the speech server took longer than "),
    ] {
        let mut one = server(address, path).key(SpeechKey::new("sk-secret").unwrap());
        if path == "/slow" {
            one = one.time_limit(Duration::from_millis(300));
        }
        let begun = Instant::now();
        let error = one.render("Hello", None, None).unwrap_err().to_string();
        assert!(begun.elapsed() < Duration::from_secs(20));
        // Of the limit, the little that the connection took is gone already.
        match path {
            "/slow" => assert!(error.starts_with(wanted), "{error}"),
            _ => assert_eq!(error, wanted),
        }
        assert!(!error.contains("sk-"), "{error}");
    }
    let nobody = std::net::TcpListener::bind("127.61.1.2:0").unwrap();
    let closed = nobody.local_addr().unwrap();
    drop(nobody);
    let error = server(closed, "/").render("Hello", None, None).unwrap_err();
    assert!(matches!(error, ServerError::Connect(_)), "{error}");
}

#[test]
fn a_program_speaks_what_the_server_did_not_and_it_is_told() {
    let (address, asked) = serve("127.61.1.3", None);
    let programs = Speech::find();
    if !programs.available() {
        println!("skipped: {}", programs.describe());
        return;
    }
    let speech = programs.with_server(server(address, "/500"));
    let spoken = speech.speak("Hello", None, Some("alloy")).unwrap();
    assert!(spoken.sound.duration_ms() > 200);
    let reason = spoken.instead.unwrap();
    assert_eq!(reason, "the speech server answered 500, not 200");
    // It rests: the next call does not wait for it.
    let spoken = speech.speak("Good day", None, None).unwrap();
    assert!(spoken.instead.unwrap().contains("rests"));
    assert_eq!(asked.lock().unwrap().len(), 1);
    // Without a program, both reasons are told.
    let speech = Speech::none().with_server(server(address, "/500"));
    let error = speech.render("Hello", None, None).unwrap_err();
    assert!(matches!(error, SpeechError::Server { .. }));
    assert_eq!(
        error.to_string(),
        "the speech server answered 500, not 200; and no program spoke it instead: no program to \
         speak `en`: install flite or espeak-ng"
    );
}

#[test]
fn a_text_that_it_refuses_does_not_make_it_rest() {
    let (address, asked) = serve("127.61.1.4", None);
    let one = server(address, "/422");
    for _ in 0..2 {
        let error = one.render("Hello", None, None).unwrap_err();
        assert!(matches!(error, ServerError::Status { status: 422 }));
    }
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[test]
fn no_more_than_so_many_texts_are_with_it() {
    let (address, asked) = serve("127.61.1.5", None);
    let one = server(address, "/slow").at_once(2);
    let one = one.time_limit(Duration::from_millis(500));
    let busy = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| match one.render("Hello", None, None) {
                Err(ServerError::Slow { .. }) => {}
                Err(ServerError::Busy { .. } | ServerError::Rests { .. }) => {
                    busy.fetch_add(1, Ordering::Relaxed);
                }
                other => panic!("{other:?}"),
            });
        }
    });
    // Whoever gets a place that a failure has freed does not ask any more.
    assert!(asked.lock().unwrap().len() <= 2);
    assert!(busy.into_inner() >= 3);
}

#[test]
fn who_waits_for_a_turn_does_not_ask_a_server_that_has_failed_meanwhile() {
    let (address, asked) = serve("127.61.1.8", None);
    let one = server(address, "/slow").at_once(1);
    let one = one.time_limit(Duration::from_secs(2));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| one.render("Hello", None, None));
        while asked.lock().unwrap().is_empty() {
            std::thread::sleep(Duration::from_millis(500));
        }
        // A turn comes, or none within the time: the server is not asked.
        match one.render("Good day", None, None) {
            Err(ServerError::Busy { .. } | ServerError::Rests { .. }) => {}
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            first.join().unwrap(),
            Err(ServerError::Slow { .. })
        ));
    });
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn a_server_of_ones_own_is_known_by_its_certificate() {
    let made = rcgen::generate_simple_self_signed(vec!["127.61.1.6".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let (address, _) = serve("127.61.1.6", Some(TlsAcceptor::from(Arc::new(config))));
    let one = || SpeechServer::new(&format!("https://{address}")).unwrap();
    let known = one().root(made.cert.pem().as_bytes());
    assert_eq!(
        known.render("Hello", None, None).unwrap().duration_ms(),
        500
    );
    assert!(
        one().render("Hello", None, None).is_err(),
        "nobody vouches for it"
    );
}

#[test]
fn what_is_no_url_and_no_key_says_so() {
    for url in [
        "",
        "speech",
        "ftp://h/x",
        "http://",
        "http://me:pw@h/",
        "/v1/audio/speech",
    ] {
        let error = SpeechServer::new(url).unwrap_err();
        assert!(matches!(error, ServerError::Url { .. }), "{url}: {error}");
    }
    let bare = SpeechServer::new("http://localhost:8880").unwrap();
    assert_eq!(bare.uri.path(), "/v1/audio/speech");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "sk-file\n").unwrap();
    assert_eq!(SpeechKey::from_file(&file).unwrap().expose(), "sk-file");
    assert!(SpeechKey::from_file(&folder.path().join("none")).is_err());
    assert!(SpeechKey::from_env("CALLROUTE_NO_SUCH_VARIABLE").is_err());
    for key in ["", " ", "a b", "kéy", &"x".repeat(4097)] {
        let error = SpeechKey::new(key).unwrap_err().to_string();
        assert!(error.starts_with("no key"), "{error}");
    }
    assert_eq!(
        format!("{:?}", SpeechKey::new("sk").unwrap()),
        "SpeechKey(..)"
    );
}
