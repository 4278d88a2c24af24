//! baresip as a peer: a softphone without sound hardware, told what to do over TCP.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use callroute_audio::{Pcm, Recorder, Tone, wav};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::bench::Bench;
use super::wait::until;

/// A baresip that runs; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Baresip {
    child: Child,
    folder: PathBuf,
    control: TcpStream,
    /// Where it can be called.
    pub(crate) addr: SocketAddr,
}

impl Baresip {
    /// Starts a softphone that answers at once and says a tone of `hz` all the time.
    pub(crate) async fn start(bench: &Bench, hz: u16) -> Self {
        let folder = bench.path().join("baresip");
        std::fs::create_dir_all(folder.join("heard")).unwrap();
        let mut source = Recorder::create(&folder.join("source.wav")).unwrap();
        source
            .push(Tone::Sine { hz }.render(60_000).samples())
            .unwrap();
        source.finish().unwrap();
        let (sip, control) = (bench.free_port(), bench.free_port());
        let (ip, path) = (bench.ip, folder.display());
        let modules = module_path();
        let config = format!(
            "sip_listen {ip}:{sip}\nnet_interface {ip}\naudio_source aufile,{path}/source.wav\n\
             audio_player aufile,{path}/played.wav\naudio_alert aufile,{path}/alert.wav\n\
             ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
             rtp_ports 16000-16100\nmodule_path {modules}\nmodule g711.so\nmodule aufile.so\n\
             module sndfile.so\nmodule uuid.so\nmodule_tmp account.so\nmodule_app menu.so\n\
             module_app ctrl_tcp.so\nmodule_app debug_cmd.so\nctrl_tcp_listen {ip}:{control}\n\
             snd_path {path}/heard\n"
        );
        let account =
            format!("<sip:+14155550123@{ip}:{sip}>;answermode=auto;dtmfmode=rtpevent;regint=0\n");
        std::fs::write(folder.join("config"), config).unwrap();
        std::fs::write(folder.join("accounts"), account).unwrap();
        std::fs::write(folder.join("contacts"), "").unwrap();
        let child = Command::new("baresip")
            .args(["-f", &path.to_string()])
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("out.txt")).unwrap())
            .stderr(File::create(folder.join("err.txt")).unwrap())
            .spawn()
            .unwrap();
        let addr = SocketAddr::new(ip.into(), sip);
        let ready = folder.join("out.txt");
        until("baresip is ready", || {
            std::fs::read_to_string(&ready).is_ok_and(|text| text.contains("is ready"))
        })
        .await;
        let control = TcpStream::connect((ip, control)).await.unwrap();
        Self {
            child,
            folder,
            control,
            addr,
        }
    }

    /// Tells it to do something; JSON in a netstring.
    pub(crate) async fn command(&mut self, command: &str, params: &str) {
        let json = serde_json::json!({ "command": command, "params": params }).to_string();
        let text = format!("{}:{json},", json.len());
        self.control.write_all(text.as_bytes()).await.unwrap();
        // Its answers and events are not looked at, but taken, so that it can go on writing.
        let mut buffer = [0; 16 * 1024];
        while self
            .control
            .try_read(&mut buffer)
            .is_ok_and(|read| read > 0)
        {}
    }

    /// Hangs up and quits it, so that its recordings are whole.
    pub(crate) async fn quit(&mut self) {
        self.command("quit", "").await;
        let mut rest = Vec::new();
        // A reset is an end as good as any.
        let _ = self.control.read_to_end(&mut rest).await;
        until("baresip ends", || self.child.try_wait().unwrap().is_some()).await;
    }

    /// What it heard, once it has quit.
    pub(crate) fn heard(&self) -> Pcm {
        let files: Vec<PathBuf> = std::fs::read_dir(self.folder.join("heard"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().ends_with("dec.wav"))
            .collect();
        assert_eq!(
            files.len(),
            1,
            "one call, one recording: {files:?}\n{}",
            self.said()
        );
        wav::read_file(&files[0]).unwrap()
    }

    /// What it printed.
    pub(crate) fn said(&self) -> String {
        ["out.txt", "err.txt"]
            .map(|name| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default())
            .concat()
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where its modules are; Debian's folder if nothing else is found.
fn module_path() -> &'static str {
    [
        "/usr/lib/baresip/modules",
        "/usr/local/lib/baresip/modules",
        "/opt/homebrew/lib/baresip/modules",
    ]
    .into_iter()
    .find(|path| Path::new(path).is_dir())
    .unwrap_or("/usr/lib/baresip/modules")
}
