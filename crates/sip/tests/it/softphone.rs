//! A softphone that others wrote (baresip) in every codec, and encrypted; both sides are heard.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use callroute_audio::codec::Codec;
use callroute_audio::level::{rms, tone_share};
use callroute_audio::{Recorder, Tone, wav};
use callroute_media::{Command, Line, Notice};
use callroute_sip::phone::{AnswerMode, PhoneConfig};
use callroute_sip::{Config, SipAdapter, Srtp};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{
    CALLEE, CALLER, LONG, answer, config, dial, expect, next_call, phone_with, uri,
};

const MODULES: &str = "/usr/lib/baresip/modules";

/// A baresip that runs; killed when it is dropped.
struct Softphone {
    child: Child,
    folder: tempfile::TempDir,
    control: SocketAddr,
    addr: SocketAddr,
}

impl Drop for Softphone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Softphone {
    /// `None` where there is no baresip with this module, unless `CALLROUTE_REQUIRE_PEERS` is set.
    async fn start(ip: &str, module: &str, account: &str) -> Option<Self> {
        if !Path::new(MODULES).join(module).is_file() {
            assert!(
                std::env::var_os("CALLROUTE_REQUIRE_PEERS").is_none(),
                "CALLROUTE_REQUIRE_PEERS is set, but there is no baresip with {module}"
            );
            eprintln!("skipped: no baresip with {module} (Debian: baresip-core)");
            return None;
        }
        let free = || TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap();
        let (addr, control) = (free(), free());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("heard")).unwrap();
        let mut source = Recorder::create(&path.join("source.wav")).unwrap();
        let tone = Tone::Sine { hz: 1000 }.render(60_000);
        source.push(tone.samples()).unwrap();
        source.finish().unwrap();
        let shown = path.display();
        let settings = format!(
            "sip_listen {addr}\nnet_interface {ip}\naudio_source aufile,{shown}/source.wav\n\
             audio_player aufile,{shown}/played.wav\naudio_alert aufile,{shown}/alert.wav\n\
             ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
             rtp_ports 16000-16100\nmodule_path {MODULES}\nmodule g711.so\nmodule {module}\n\
             module aufile.so\nmodule sndfile.so\nmodule uuid.so\nmodule_tmp account.so\n\
             module_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen {control}\n\
             snd_path {shown}/heard\n"
        );
        let account = format!("<sip:bob@{addr}>;answermode=auto;regint=0;{account}\n");
        std::fs::write(path.join("config"), settings).unwrap();
        std::fs::write(path.join("accounts"), account).unwrap();
        std::fs::write(path.join("contacts"), "").unwrap();
        let out = std::fs::File::create(path.join("out.txt")).unwrap();
        let child = Process::new("baresip")
            .args(["-f", &shown.to_string()])
            .stdin(Stdio::null())
            .stderr(out.try_clone().unwrap())
            .stdout(out)
            .spawn()
            .unwrap();
        let phone = Self {
            child,
            control,
            addr,
            folder,
        };
        for _ in 0..200 {
            if phone.said().contains("is ready") {
                return Some(phone);
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("baresip does not start: {}", phone.said());
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("out.txt")).unwrap_or_default()
    }

    /// Quits it, so that its recording is whole; what it heard, at 8 kHz.
    async fn heard(mut self) -> Vec<i16> {
        let mut control = TcpStream::connect(self.control).await.unwrap();
        let quit = r#"{"command":"quit"}"#;
        let text = format!("{}:{quit},", quit.len());
        control.write_all(text.as_bytes()).await.unwrap();
        for _ in 0..100 {
            if self.child.try_wait().unwrap().is_some() {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        let files = std::fs::read_dir(self.folder.path().join("heard")).unwrap();
        let files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
        let heard = files
            .iter()
            .find(|path| path.to_string_lossy().ends_with("dec.wav"));
        let heard = heard.unwrap_or_else(|| panic!("{files:?} {}", self.said()));
        wav::read_file(heard).unwrap().samples().to_vec()
    }
}

/// The share of blocks of 20 ms in which the tone is not heard.
fn gaps(heard: &[i16]) -> f32 {
    let level = rms(heard);
    let blocks: Vec<&[i16]> = heard.chunks_exact(160).collect();
    let silent = blocks.iter().filter(|block| rms(block) < level / 2.0);
    silent.count() as f32 / blocks.len() as f32
}

/// What was heard of a tone that was sent with an RMS of 5,657.
#[derive(Debug)]
struct Heard {
    seconds: usize,
    share: f32,
    level: f32,
    gaps: f32,
}

impl Heard {
    fn of(heard: &[i16], hz: f32) -> Self {
        // The beginning and the end are the call's, not the codec's.
        let middle = &heard[heard.len() / 4..heard.len() * 3 / 4];
        Self {
            seconds: heard.len() / 8000,
            share: tone_share(middle, hz),
            level: rms(middle),
            gaps: gaps(middle),
        }
    }

    /// Long enough, and gaps under 1 %: what a machine that is busy elsewhere may spoil.
    fn is_whole(&self) -> bool {
        self.seconds >= 3 && self.gaps < 0.01
    }

    /// Frequency and level: what a codec does.
    fn is_true(&self) -> bool {
        self.share > 0.9 && (3500.0..7500.0).contains(&self.level)
    }
}

/// Calls at most three times, as long as there are gaps in the sound; what is whole must be true at once.
async fn talk(net: &str, module: &str, account: &str, codec: Codec, srtp: Srtp) {
    let mut found = Vec::new();
    for part in 1..=3 {
        let net = format!("{net}{part}");
        let Some(heard) = talk_once(&net, module, account, codec, srtp).await else {
            return;
        };
        println!("{codec:?} from and to baresip: {heard:?}");
        for heard in heard.iter().filter(|heard| heard.is_whole()) {
            assert!(heard.is_true(), "{codec:?}: {heard:?}");
        }
        if heard.iter().all(Heard::is_whole) {
            return;
        }
        found.push(heard);
    }
    panic!("{codec:?}: {found:?}");
}

/// Our phone speaks PCMU, the softphone what it is told to.
/// Gives what we hear of it, and what it hears of us.
async fn talk_once(
    net: &str,
    module: &str,
    account: &str,
    codec: Codec,
    srtp: Srtp,
) -> Option<[Heard; 2]> {
    let softphone = Softphone::start(&format!("{net}.3"), module, account).await?;
    let codecs = vec![codec, Codec::Pcmu];
    let config = Config {
        codecs,
        srtp,
        ..config(&format!("{net}.1"))
    };
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let config = PhoneConfig {
        codecs: vec![Codec::Pcmu],
        answer: AnswerMode::Ring,
        ..PhoneConfig::default()
    };
    let phone = phone_with(&format!("{net}.2"), config).await;
    let call = phone.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    let mut line = next_call(&mut adapter).await.line;
    dial(&mut line, CALLEE, &format!("sip:bob@{}", softphone.addr));
    loop {
        match crate::support::notice(&mut line).await {
            Some(Notice::LegRinging { .. }) => {}
            Some(Notice::LegAnswered { leg: CALLEE }) => break,
            other => panic!("{other:?} {}", softphone.said()),
        }
    }
    answer(&mut line).await;
    let (a, b) = (CALLER, CALLEE);
    line.perform(Command::Bridge { a, b });
    call.wait_answered(LONG).await.unwrap();
    call.send_tone(500);
    call.forget_heard();
    assert!(call.wait_heard(Duration::from_secs(4), LONG).await);
    let ours = call.heard();
    call.hangup();
    expect(
        &mut line,
        Notice::LegEnded {
            leg: CALLER,
            cause: callroute_schema::Cause::normal(),
        },
    )
    .await;
    let theirs = softphone.heard().await;
    Some([Heard::of(&ours, 1000.0), Heard::of(&theirs, 500.0)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_speaks_g722() {
    talk(
        "127.32.1",
        "g722.so",
        "audio_codecs=G722",
        Codec::G722,
        Srtp::Offered,
    )
    .await;
}

#[cfg(feature = "opus")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_speaks_opus() {
    let account = "audio_codecs=opus/48000/2";
    talk("127.32.2", "opus.so", account, Codec::Opus, Srtp::Offered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_speaks_encrypted() {
    let account = "audio_codecs=PCMA;mediaenc=srtp-mand";
    talk("127.32.3", "srtp.so", account, Codec::Pcma, Srtp::Always).await;
}
