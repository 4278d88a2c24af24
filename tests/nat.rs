//! A softphone behind a real NAT: a network namespace of its own, behind nftables' masquerade in
//! another, with packets lost on the way. Needs root and Linux.

use std::fs::File;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use callroute_audio::level::tone_share;
use callroute_audio::{Recorder, Tone, wav};
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall, PhoneConfig};
use callroute_sip::{Access, Config, SipAdapter, SipLine, Trunk, User};
use tokio::time::{sleep, timeout};

use crate::common::peer;
use crate::common::peer::skip;
use callroute_media::{
    Adapter, Command as Deed, DialTarget, LegId, Line, Notice, PlayId, RecordingId, Sound,
};
use callroute_schema::{Caller, SipUri};

const LONG: Duration = Duration::from_secs(40);
/// Our address, on the side of the NAT that faces the world (RFC 5737).
const OURS: &str = "203.0.113.1";
/// What the softphone says all the time, and what our phone does.
const SOFTPHONE_HZ: u16 = 1000;
const PHONE_HZ: u16 = 500;
const CALLEE: LegId = LegId(1);
/// The world has our address once.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Two namespaces, `home` behind `nat`; gone when it is dropped.
struct Nat {
    home: String,
    nat: String,
}

fn run(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let ran = Command::new(words[0])
        .args(&words[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ran.is_ok_and(|status| status.success())
}

impl Nat {
    /// The step that failed, where the machine does not allow it.
    fn new() -> Result<Self, String> {
        let id = std::process::id();
        let this = Self {
            home: format!("crhome{id}"),
            nat: format!("crnat{id}"),
        };
        let (home, nat) = (&this.home, &this.nat);
        let steps = [
            format!("ip netns add {home}"),
            format!("ip netns add {nat}"),
            "ip link add crworld type veth peer name crwan".to_owned(),
            format!("ip link set crwan netns {nat}"),
            format!("ip addr add {OURS}/24 dev crworld"),
            "ip link set crworld up".to_owned(),
            format!("ip -n {nat} addr add 203.0.113.2/24 dev crwan"),
            format!("ip -n {nat} link set crwan up"),
            format!("ip -n {nat} link add crlan type veth peer name crphone netns {home}"),
            format!("ip -n {nat} addr add 10.77.0.1/24 dev crlan"),
            format!("ip -n {nat} link set crlan up"),
            format!("ip -n {home} addr add 10.77.0.2/24 dev crphone"),
            format!("ip -n {home} link set crphone up"),
            format!("ip -n {home} link set lo up"),
            format!("ip -n {home} route add default via 10.77.0.1"),
            format!("ip netns exec {nat} sysctl -qw net.ipv4.ip_forward=1"),
            format!("ip netns exec {nat} nft add table ip t"),
            format!(
                "ip netns exec {nat} nft add chain ip t post {{ type nat hook postrouting priority 100 ; }}"
            ),
            // Another port for each flow, as strict NATs do.
            format!("ip netns exec {nat} nft add rule ip t post oifname crwan masquerade random"),
            format!(
                "ip netns exec {nat} nft add chain ip t forwarded {{ type filter hook forward priority 0 ; }}"
            ),
        ];
        match steps.into_iter().find(|step| !run(step)) {
            Some(failed) => Err(failed),
            None => Ok(this),
        }
    }

    /// From now on so many of a hundred datagrams are lost, each way, and some of those to home are
    /// overtaken by later ones: one in five goes by a narrow lane, where it waits for the last of
    /// them, some 60 ms.
    fn spoil(&self, percent: u32) {
        let nat = &self.nat;
        let chosen = "meta l4proto udp numgen random mod 100";
        let steps = [
            format!("nft add rule ip t forwarded {chosen} < {percent} drop"),
            "tc qdisc add dev crlan root handle 1: htb default 1".to_owned(),
            "tc class add dev crlan parent 1: classid 1:1 htb rate 100mbit".to_owned(),
            "tc class add dev crlan parent 1: classid 1:2 htb rate 30kbit burst 1 cburst 1"
                .to_owned(),
            format!("nft add rule ip t forwarded {chosen} < 20 meta priority set 1:2"),
        ];
        for step in steps {
            assert!(run(&format!("ip netns exec {nat} {step}")), "{step}");
        }
    }

    /// How many datagrams have waited in the narrow lane.
    fn overtaken(&self) -> u64 {
        let shown = Command::new("ip")
            .args(["netns", "exec", &self.nat])
            .args([
                "tc", "-s", "class", "show", "dev", "crlan", "classid", "1:2",
            ])
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let waited = shown
            .split_once("overlimits ")
            .map(|(_, rest)| rest.split(' ').next());
        let waited = waited.flatten().and_then(|count| count.parse().ok());
        waited.unwrap_or_else(|| panic!("no count in: {shown}"))
    }

    /// Flows that nothing goes through are forgotten after so many seconds.
    fn forgets_after(&self, seconds: u32) {
        let nat = &self.nat;
        for of in ["udp_timeout", "udp_timeout_stream"] {
            assert!(run(&format!(
                "ip netns exec {nat} sysctl -qw net.netfilter.nf_conntrack_{of}={seconds}"
            )));
        }
    }

    /// Forgets every flow, as a line that was down for a moment does: what comes next from home
    /// has another port.
    fn forget(&self) {
        for way in ["down", "up"] {
            assert!(run(&format!("ip -n {} link set crwan {way}", self.nat)));
        }
    }
}

impl Drop for Nat {
    fn drop(&mut self) {
        run("ip link del crworld");
        run(&format!("ip netns del {}", self.home));
        run(&format!("ip netns del {}", self.nat));
    }
}

/// A baresip at home; ended gracefully by [`quit`](Self::quit), so that its recording is whole.
struct Softphone {
    child: Child,
    folder: PathBuf,
}

impl Softphone {
    fn start(nat: &Nat, folder: &Path, account: &str, command: &[&str]) -> Self {
        std::fs::create_dir_all(folder.join("heard")).unwrap();
        let mut source = Recorder::create(&folder.join("source.wav")).unwrap();
        let tone = Tone::Sine { hz: SOFTPHONE_HZ };
        source.push(tone.render(60_000).samples()).unwrap();
        source.finish().unwrap();
        let path = folder.display();
        let config = format!(
            "sip_listen 10.77.0.2:5060\naudio_source aufile,{path}/source.wav\n\
             audio_player aufile,{path}/played.wav\naudio_alert aufile,{path}/alert.wav\n\
             ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
             rtp_ports 16000-16100\nmodule_path /usr/lib/baresip/modules\nmodule g711.so\n\
             module aufile.so\nmodule sndfile.so\nmodule uuid.so\nmodule_tmp account.so\n\
             module_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 10.77.0.2:4444\n\
             snd_path {path}/heard\n"
        );
        std::fs::write(folder.join("config"), config).unwrap();
        std::fs::write(folder.join("accounts"), format!("{account}\n")).unwrap();
        std::fs::write(folder.join("contacts"), "").unwrap();
        let child = Command::new("ip")
            .args(["netns", "exec", &nat.home, "baresip", "-f"])
            .arg(folder)
            .args(command)
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("out.txt")).unwrap())
            .stderr(File::create(folder.join("err.txt")).unwrap())
            .spawn()
            .unwrap();
        Self {
            child,
            folder: folder.to_owned(),
        }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.join("out.txt")).unwrap_or_default()
    }

    /// Tells it to do something, from within its namespace: JSON in a netstring.
    fn tell(&self, nat: &Nat, command: &str) {
        let json = format!(r#"{{"command":"{command}"}}"#);
        let say = format!(
            "exec 3<>/dev/tcp/10.77.0.2/4444; printf '%s' '{}:{json},' >&3; sleep 0.3",
            json.len()
        );
        let told = Command::new("ip")
            .args(["netns", "exec", &nat.home, "bash", "-c", &say])
            .status();
        assert!(told.unwrap().success(), "{command}: {}", self.said());
    }

    /// The share of what it heard that is our phone's tone.
    fn quit(mut self) -> f64 {
        assert!(run(&format!("kill -TERM {}", self.child.id())));
        self.child.wait().unwrap();
        let heard = std::fs::read_dir(self.folder.join("heard")).unwrap();
        let mut heard = heard.map(|entry| entry.unwrap().path());
        let file = heard.find(|path| path.to_string_lossy().ends_with("dec.wav"));
        let pcm = wav::read_file(&file.expect("a recording")).unwrap();
        let samples = pcm.samples();
        // The middle: what comes before the tone, and after it, is silence.
        let (third, rest) = samples.split_at(samples.len() / 3);
        f64::from(tone_share(
            &rest[..third.len().min(rest.len())],
            f32::from(PHONE_HZ),
        ))
    }
}

impl Drop for Softphone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn call(adapter: &mut SipAdapter) -> SipLine {
    let call = timeout(LONG, poll_fn(|cx| adapter.poll_call(cx))).await;
    call.expect("a call").unwrap().line
}

async fn until(line: &mut SipLine, wanted: impl Fn(&Notice) -> bool) -> Notice {
    let found = async {
        loop {
            let notice = poll_fn(|cx| line.poll_notice(cx)).await.expect("a notice");
            if wanted(&notice) {
                return notice;
            }
        }
    };
    timeout(LONG, found).await.expect("in time")
}

/// A NAT, unless the machine does not allow it.
fn nat() -> Option<Nat> {
    if !(peer("baresip") && peer("nft") && peer("ip")) {
        return None;
    }
    let made = Nat::new();
    if let Err(step) = &made {
        skip(&format!(
            "a NAT needs root, nftables and veth; this failed: {step}"
        ));
    }
    made.ok()
}

/// A router that knows the softphone's user and our phone.
async fn router(folder: &Path) -> SipAdapter {
    let config = Config {
        access: Access::Known,
        users: vec![User {
            name: "ann".to_owned(),
            password: "secret".into(),
        }],
        trunks: vec![Trunk {
            networks: vec![OURS.parse().unwrap()],
            ..Trunk::new("ours", &format!("sip:{OURS}:5090"))
        }],
        recordings: folder.join("recordings"),
        keepalive: Duration::from_secs(2),
        ..Config::new(format!("{OURS}:5060").parse().unwrap())
    };
    SipAdapter::bind(config).await.unwrap()
}

/// The softphone, once it is registered.
async fn registered(nat: &Nat, folder: &Path, adapter: &SipAdapter) -> Softphone {
    let account = format!("<sip:ann@{OURS}>;auth_pass=secret;answermode=auto;regint=3600");
    let softphone = Softphone::start(nat, &folder.join("in"), &account, &[]);
    let registered = async {
        while adapter.handle().registered() == 0 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let well = timeout(LONG, registered).await;
    assert!(well.is_ok(), "not registered: {}", softphone.said());
    softphone
}

/// Our phone calls, and is connected with the softphone at home.
async fn connected(adapter: &mut SipAdapter) -> (Phone, PhoneCall, SipLine) {
    let config = PhoneConfig {
        answer: AnswerMode::Ring,
        ..PhoneConfig::default()
    };
    let phone = Phone::bind(format!("{OURS}:0").parse().unwrap(), config)
        .await
        .unwrap();
    let ours = phone
        .call(&format!("sip:1@{OURS}:5060"), "+14155550123")
        .await
        .unwrap();
    let mut line = call(adapter).await;
    line.perform(Deed::Dial {
        leg: CALLEE,
        to: DialTarget::Sip(SipUri::new(format!("sip:ann@{OURS}")).unwrap()),
        from: Caller::Unavailable,
        from_name: None,
        headers: std::collections::BTreeMap::new(),
    });
    until(
        &mut line,
        |notice| matches!(notice, Notice::LegAnswered { leg } if *leg == CALLEE),
    )
    .await;
    line.perform(Deed::Answer { leg: LegId::CALLER });
    until(&mut line, |notice| {
        matches!(notice, Notice::LegAnswered { .. })
    })
    .await;
    line.perform(Deed::Bridge {
        a: LegId::CALLER,
        b: CALLEE,
    });
    ours.send_tone(PHONE_HZ);
    (phone, ours, line)
}

/// The share of the softphone's tone in the second half of what our phone heard.
fn share_of_softphone(ours: &PhoneCall) -> f32 {
    let heard = ours.heard();
    tone_share(&heard[heard.len() / 2..], f32::from(SOFTPHONE_HZ))
}

/// B35: a telephone behind a NAT that forgets flows after five seconds is reached twenty seconds
/// later; and when the NAT gives its sound another port in mid-call, only a re-INVITE lets that in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_through_a_nat_are_kept_open_and_taken_up_again() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(nat) = nat() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut adapter = router(folder.path()).await;
    nat.forgets_after(5);
    let softphone = registered(&nat, folder.path(), &adapter).await;
    sleep(Duration::from_secs(20)).await;
    let (_phone, ours, line) = connected(&mut adapter).await;
    assert!(ours.wait_heard(Duration::from_secs(2), LONG).await);
    let share = share_of_softphone(&ours);
    assert!(share > 0.9, "the softphone's tone has a share of {share}");

    nat.forget();
    // What was on its way is heard yet.
    sleep(Duration::from_secs(1)).await;
    ours.forget_heard();
    sleep(Duration::from_secs(2)).await;
    let heard = tone_share(&ours.heard(), f32::from(SOFTPHONE_HZ));
    assert!(
        heard < 0.1,
        "sound from a port that nobody told of: {heard}"
    );

    softphone.tell(&nat, "hold");
    sleep(Duration::from_secs(1)).await;
    softphone.tell(&nat, "resume");
    sleep(Duration::from_secs(1)).await;
    ours.forget_heard();
    assert!(
        ours.wait_heard(Duration::from_secs(2), LONG).await,
        "{}",
        softphone.said()
    );
    let share = share_of_softphone(&ours);
    assert!(share > 0.9, "the softphone's tone has a share of {share}");
    drop((line, ours));
}

/// B35: registration, a call in and a call out, with sound in both directions, through a NAT that
/// loses five of a hundred datagrams and lets others overtake each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_softphone_behind_a_nat_calls_and_is_called() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(nat) = nat() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut adapter = router(folder.path()).await;
    let softphone = registered(&nat, folder.path(), &adapter).await;
    nat.spoil(5);

    // In.
    let (_phone, ours, line) = connected(&mut adapter).await;
    assert!(
        ours.wait_heard(Duration::from_secs(4), LONG).await,
        "{}",
        softphone.said()
    );
    let share = share_of_softphone(&ours);
    assert!(share > 0.6, "the softphone's tone has a share of {share}");
    let share = softphone.quit();
    assert!(
        share > 0.6,
        "our tone has a share of {share} at the softphone"
    );
    let overtaken = nat.overtaken();
    assert!(overtaken > 20, "only {overtaken} datagrams were overtaken");
    drop((line, ours));

    // Out: the softphone calls; it is answered, heard and recorded.
    let dial = format!("/dial sip:100@{OURS}");
    let account = format!("<sip:ann@{OURS}>;auth_pass=secret;regint=0");
    let softphone = Softphone::start(&nat, &folder.path().join("out"), &account, &["-e", &dial]);
    let mut line = call(&mut adapter).await;
    line.perform(Deed::Answer { leg: LegId::CALLER });
    until(&mut line, |notice| {
        matches!(notice, Notice::LegAnswered { .. })
    })
    .await;
    line.perform(Deed::Play {
        leg: LegId::CALLER,
        play: PlayId(1),
        sound: Sound::Ringback,
    });
    line.perform(Deed::Record {
        leg: LegId::CALLER,
        recording: RecordingId(1),
        name: "out".to_owned(),
        options: callroute_media::RecordOptions::default(),
    });
    sleep(Duration::from_secs(4)).await;
    line.perform(Deed::StopRecord {
        leg: LegId::CALLER,
        recording: RecordingId(1),
    });
    let ended = until(&mut line, |notice| {
        matches!(notice, Notice::RecordEnded { .. })
    })
    .await;
    let Notice::RecordEnded {
        url: Some(url),
        duration_ms,
        ..
    } = ended
    else {
        panic!("{ended:?}: {}", softphone.said());
    };
    assert!(duration_ms > 2500, "{duration_ms} ms of about 4 s");
    let pcm = wav::read_file(Path::new(&url)).unwrap();
    let share = tone_share(pcm.samples(), f32::from(SOFTPHONE_HZ));
    assert!(share > 0.6, "the softphone's tone has a share of {share}");
}
