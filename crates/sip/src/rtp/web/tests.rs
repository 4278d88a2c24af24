//! Fetching from a server on loopback, which says what it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use callroute_audio::wav::Recorder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{MAX_BYTES, Place, Web, WebFault, place};

fn wav() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let mut recorder = Recorder::create(&path).unwrap();
    recorder.push(&[1000; 8000]).unwrap();
    recorder.finish().unwrap();
    std::fs::read(path).unwrap()
}

/// A server that answers every request with these bytes, and counts them.
async fn server(answer: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sounds/a.wav?x=1", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let mut request = [0; 2048];
            let length = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            assert!(
                request.starts_with("GET /sounds/a.wav?x=1 HTTP/1.1\r\n"),
                "{request}"
            );
            let _ = stream.write_all(&answer).await;
        }
    });
    (url, asked)
}

fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn web() -> Web {
    Web::new(vec!["127.0.0.0/8".parse().unwrap()], Arc::default())
}

#[tokio::test]
async fn a_sound_is_fetched_once_for_all_who_want_it() {
    let (url, asked) = server(answer("200 OK", &wav())).await;
    let web = web();
    let (a, b) = tokio::join!(web.get(&url), web.get(&url));
    assert_eq!(a.unwrap().duration_ms(), 1000);
    assert!(Arc::ptr_eq(&b.unwrap(), &web.get(&url).await.unwrap()));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// A WAV file with one sample a byte: µ-law, of so many milliseconds.
fn long(ms: usize) -> Vec<u8> {
    let size = u32::try_from(ms * 8).unwrap();
    let mut wav = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0".to_vec();
    let (rate, format) = (8000u32.to_le_bytes(), [7, 0, 1, 0]);
    wav.extend([&format[..], &rate, &rate, &[1, 0, 8, 0], b"data"].concat());
    wav.extend(size.to_le_bytes());
    wav.resize(wav.len() + ms * 8, 0xff);
    wav
}

#[tokio::test]
async fn what_is_kept_is_bounded_by_its_length() {
    let web = web();
    let mut urls = Vec::new();
    for _ in 0..3 {
        let (url, asked) = server(answer("200 OK", &wav())).await;
        web.get(&url).await.unwrap();
        urls.push((url, asked));
    }
    // Each has 8,000 samples; the oldest goes.
    web.trim(16_000);
    for (at, (url, asked)) in urls.iter().enumerate().rev() {
        web.get(url).await.unwrap();
        let wanted = if at == 0 { 2 } else { 1 };
        assert_eq!(asked.load(Ordering::Relaxed), wanted, "{at}");
    }
    web.trim(0);
    assert!(web.kept.lock().unwrap().is_empty());
}

#[test]
fn more_than_twenty_minutes_are_refused() {
    let within = |ms| callroute_audio::file::read_within(&long(ms), super::MAX_MS);
    let most = usize::try_from(super::MAX_MS).unwrap();
    assert_eq!(within(most).unwrap().duration_ms(), super::MAX_MS);
    assert!(within(most + 1).is_err());
}

#[tokio::test]
async fn what_is_no_sound_is_a_clear_failure() {
    let web = web();
    let (url, asked) = server(answer("404 Not Found", b"")).await;
    assert!(matches!(web.get(&url).await, Err(WebFault::Status(404))));
    // A failure is not kept.
    assert!(matches!(web.get(&url).await, Err(WebFault::Status(404))));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let (url, _) = server(answer("200 OK", b"no sound at all")).await;
    assert!(matches!(web.get(&url).await, Err(WebFault::Sound(_))));
    let (url, _) = server(answer("200 OK", &vec![0; MAX_BYTES + 1])).await;
    assert!(matches!(web.get(&url).await, Err(WebFault::Body(_))));
    let (url, _) = server(b"garbage\r\n\r\n".to_vec()).await;
    assert!(matches!(web.get(&url).await, Err(WebFault::Http(_))));
    assert!(matches!(web.get("ftp://h/a").await, Err(WebFault::Url)));
}

#[tokio::test]
async fn the_inside_of_the_network_is_out_of_reach() {
    let (url, asked) = server(answer("200 OK", &wav())).await;
    let strict = Web::new(Vec::new(), Arc::default());
    assert!(matches!(strict.get(&url).await, Err(WebFault::Address(_))));
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    for (ip, may) in [
        ("8.8.8.8", true),
        ("::ffff:10.0.0.1", false),
        ("2001:1::1", false),
        ("3fff:1000::1", true),
    ] {
        assert_eq!(strict.may(ip.parse().unwrap()), may, "{ip}");
    }
}

#[test]
fn urls_are_taken_apart() {
    for (url, secure, authority, host, port, path) in [
        ("http://h/a.wav", false, "h", "h", 80, "/a.wav"),
        ("HTTPS://h:8443/a?b#c", true, "h:8443", "h", 8443, "/a?b"),
        ("http://[::1]/a", false, "[::1]", "[::1]", 80, "/a"),
        ("http://[::1]:81/a", false, "[::1]:81", "[::1]", 81, "/a"),
        ("http://h?x=1", false, "h", "h", 80, "/?x=1"),
        ("https://h", true, "h", "h", 443, "/"),
    ] {
        let wanted = Place {
            secure,
            authority: authority.to_owned(),
            host: host.to_owned(),
            port,
            path: path.to_owned(),
        };
        assert_eq!(place(url), Some(wanted), "{url}");
    }
    for wrong in [
        "h/a.wav",
        "/a.wav",
        "file:///etc/passwd",
        "http:///a",
        "http://h:99999/a",
        "http://h:/a",
        "http://u@h/a",
        "http://u:p@h:80/a",
        "http://",
        "",
    ] {
        assert_eq!(place(wrong), None, "{wrong}");
    }
}
