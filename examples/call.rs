//! A small SIP caller: `cargo run --release --example call -- sip:+13146523057@127.0.0.1 --press 1 --record heard.wav`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use callroute_audio::level::rms;
use callroute_audio::wav::Recorder;
use callroute_sip::phone::{Phone, PhoneCall, PhoneConfig};
use clap::Parser;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Calls a SIP URI, presses keys, says what it hears, and records it.
#[derive(Debug, Parser)]
struct Args {
    /// Whom to call, as in sip:+13146523057@127.0.0.1
    uri: String,
    /// Keys to press once something is heard, half a second apart
    #[arg(long)]
    press: Option<String>,
    /// Where to keep what was heard, as WAV
    #[arg(long)]
    record: Option<PathBuf>,
    /// Our own number or user
    #[arg(long, default_value = "+14155550123")]
    from: String,
    /// A tone to send, in Hz
    #[arg(long)]
    tone: Option<u16>,
    /// Hang up after so many seconds
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Our own address; it has to be one that the other side can reach
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Failure> {
    let most = Duration::from_secs(args.seconds);
    let phone = Phone::bind(args.listen, PhoneConfig::default()).await?;
    println!("calling {} from {}", args.uri, phone.local_addr());
    let call = phone.call(&args.uri, &args.from).await?;
    if call.wait_ringing(most).await && !call.record().answered {
        println!("it rings");
    }
    call.wait_answered(most)
        .await
        .map_err(|cause| match cause.sip_code {
            Some(code) => format!("not answered: {} (SIP {code})", cause.disposition),
            None => format!("not answered: {}", cause.disposition),
        })?;
    println!("answered");
    if let Some(hz) = args.tone {
        call.send_tone(hz);
    }
    tokio::select! {
        talked = talk(&call, args.press.as_deref(), most) => talked?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    call.hangup();
    call.wait_ended(Duration::from_secs(5)).await;
    report(&call, args.record)
}

/// Presses the keys, then listens until the other side hangs up or the time is over.
async fn talk(call: &PhoneCall, press: Option<&str>, most: Duration) -> Result<(), Failure> {
    if let Some(keys) = press {
        call.wait_heard(Duration::from_millis(500), most).await;
        for key in keys.chars() {
            println!("pressing {key}");
            call.press(&key.to_string())?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    if call.wait_ended(most).await.is_some() {
        println!("the other side hung up");
    }
    Ok(())
}

fn report(call: &PhoneCall, record: Option<PathBuf>) -> Result<(), Failure> {
    let heard = call.heard();
    let loud = heard.chunks(160).filter(|frame| rms(frame) > 100.0).count();
    println!(
        "heard {:.1} s, {:.1} s of it sound",
        heard.len() as f32 / 8_000.0,
        loud as f32 / 50.0
    );
    if let Some(path) = record {
        let mut recorder = Recorder::create(&path)?;
        recorder.push(&heard)?;
        let finished = recorder.finish()?;
        println!(
            "recorded {} ms in {}",
            finished.duration_ms,
            finished.path.display()
        );
    }
    Ok(())
}
