//! Messages by mail, with their sound attached.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use callroute_session::Message;

/// Why a message could not be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// Its sound cannot be read.
    #[error("cannot read the recording {url}: {source}")]
    Sound {
        /// Where it should be.
        url: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// An address, or the server's URL, is none.
    #[error("{what} {found:?}: {why}")]
    Address {
        /// What it should be.
        what: &'static str,
        /// What was found.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// The mail cannot be put together.
    #[error("the mail cannot be made: {0}")]
    Build(#[source] Box<dyn Error + Send + Sync>),
    /// The server does not take it.
    #[error("the mail server does not take it: {0}")]
    Send(#[source] Box<dyn Error + Send + Sync>),
}

/// Sending, under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>>;

/// Sends messages by mail.
pub trait Mail: Send + Sync + fmt::Debug + 'static {
    /// Sends a message to the addresses that it names, its sound attached.
    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a>;
}

/// The sound of a message; longer ones are not attached.
const MAX_SOUND: u64 = 25 * 1024 * 1024;

/// Reads a message's sound, as the bytes of its file.
///
/// # Errors
/// [`MailError::Sound`] when there is none, or it is larger than mail servers take.
pub async fn sound(message: &Message) -> Result<Vec<u8>, MailError> {
    let wrong = |source| MailError::Sound {
        url: message.url.clone(),
        source,
    };
    let path = Path::new(&message.url);
    let size = tokio::fs::metadata(path).await.map_err(wrong)?.len();
    if size > MAX_SOUND {
        let why = format!("it has {size} bytes, more than the {MAX_SOUND} that are attached");
        return Err(wrong(std::io::Error::other(why)));
    }
    tokio::fs::read(path).await.map_err(wrong)
}

#[cfg(feature = "mail")]
pub use self::smtp::SmtpMail;

#[cfg(feature = "mail")]
mod smtp {
    use std::time::Duration;

    use callroute_session::Message;
    use lettre::message::header::ContentType;
    use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
    use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

    use super::{Mail, MailError, Sending, sound};

    /// How long the mail server may take.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Sends mail through an SMTP server.
    #[derive(Debug)]
    pub struct SmtpMail {
        from: Mailbox,
        server: AsyncSmtpTransport<Tokio1Executor>,
    }

    impl SmtpMail {
        /// Mail from this address through a server: `smtps://user:password@mail.example`,
        /// `smtp://mail.example?tls=required`, or `smtp://127.0.0.1:25` without encryption.
        ///
        /// # Errors
        /// [`MailError::Address`] when the URL or the address is none.
        pub fn new(url: &str, from: &str) -> Result<Self, MailError> {
            let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                .map_err(|error| MailError::Address {
                    what: "the mail server's URL",
                    // It may hold a password.
                    found: url.split('@').next_back().unwrap_or_default().to_owned(),
                    why: error.to_string(),
                })?
                .timeout(Some(PATIENCE))
                .build();
            Ok(Self {
                from: mailbox("the sender's address", from)?,
                server,
            })
        }

        async fn deliver(&self, message: &Message) -> Result<(), MailError> {
            let wav = sound(message).await?;
            let name = message
                .from_name
                .as_deref()
                .unwrap_or(message.from.as_str());
            let seconds = message.duration_ms.div_ceil(1_000);
            let mut mail = lettre::Message::builder()
                .from(self.from.clone())
                .subject(format!("Voicemail for {} from {name}", message.mailbox));
            for address in &message.mail {
                mail = mail.to(mailbox("the receiver's address", address)?);
            }
            let text = format!(
                "From: {name} ({})\nTo: {}\nBox: {}\nReceived: {}\nLength: {seconds} s\n\
                 Why: {}\nCall: {}\n",
                message.from.as_str(),
                message.to,
                message.mailbox,
                message.received.to_rfc3339(),
                message.reason,
                message.call_id,
            );
            let kind =
                ContentType::parse("audio/wav").map_err(|error| MailError::Build(error.into()))?;
            let attached = Attachment::new(format!("{}.wav", message.call_id)).body(wav, kind);
            let mail = mail
                .multipart(
                    MultiPart::mixed()
                        .singlepart(SinglePart::plain(text))
                        .singlepart(attached),
                )
                .map_err(|error| MailError::Build(error.into()))?;
            match self.server.send(mail).await {
                Ok(_) => Ok(()),
                Err(error) => Err(MailError::Send(error.into())),
            }
        }
    }

    impl Mail for SmtpMail {
        fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
            Box::pin(self.deliver(message))
        }
    }

    fn mailbox(what: &'static str, text: &str) -> Result<Mailbox, MailError> {
        text.parse().map_err(|error| MailError::Address {
            what,
            found: text.to_owned(),
            why: format!("{error}"),
        })
    }
}
