//! What callers hear: prompts, tones, and who speaks texts.

use std::path::Path;
use std::sync::Arc;

use callroute_audio::speech::{ServerError, Speech, SpeechKey, SpeechServer};
use callroute_audio::{Prompts, Tones};
use callroute_rules::{Engine, texts};

use crate::args::Args;

/// The prompts: folders of one's own, the built-in ones, those of Asterisk where installed.
pub(crate) fn prompts(args: &Args) -> Result<Prompts, String> {
    let mut prompts = Prompts::builtin();
    for folder in &args.prompts {
        if let Err(error) = folder.read_dir() {
            return Err(format!("--prompts {}: {error}", folder.display()));
        }
        prompts = prompts.with_folder(folder.clone());
    }
    Ok(prompts.with_core_sounds())
}

/// The tones of the country whose numbers the routing file has.
pub(crate) fn tones(region: Option<&str>) -> Tones {
    let Some(region) = region else {
        return Tones::default();
    };
    Tones::of(region).unwrap_or_else(|| {
        eprintln!(
            "warning: the tones of {region} are not known, callers hear those of us; see --tones"
        );
        Tones::default()
    })
}

/// Who speaks: the server, if one is named, and programs.
pub(crate) fn speech(args: &Args) -> Result<Arc<Speech>, ServerError> {
    let mut speech = Speech::find();
    if let Some(url) = &args.speech {
        let mut server = SpeechServer::new(url)?
            .model(&args.speech_model)
            .voice(&args.speech_voice);
        server = match args.speech_key.as_deref() {
            Some(file) if file.contains('/') => server.key(SpeechKey::from_file(Path::new(file))?),
            Some(variable) => server.key(SpeechKey::from_env(variable)?),
            None => server,
        };
        speech = speech.with_server(server);
    }
    println!("text to speech: {}", speech.describe());
    Ok(Arc::new(speech))
}

/// Has all texts of a table rendered, beside the calls, so that the first caller waits for none.
pub(crate) fn prepare(speech: &Arc<Speech>, engine: &Arc<Engine>) {
    let (speech, engine) = (Arc::clone(speech), Arc::clone(engine));
    std::thread::spawn(move || {
        let texts = texts(&engine);
        let texts = texts.iter().map(|say| {
            let (language, voice) = (say.language.as_deref(), say.voice.as_deref());
            (say.text.as_str(), language, voice)
        });
        for (text, why) in speech.prepare(texts) {
            eprintln!("warning: {text:?} is not spoken as it should be: {why}");
        }
    });
}
