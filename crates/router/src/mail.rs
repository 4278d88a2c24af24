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
    /// Sends a message to the addresses that it names, its sound attached where [`sound`] gives it.
    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a>;
}

/// The sound of a message; longer ones are not attached.
const MAX_SOUND: u64 = 25 * 1024 * 1024;

/// Reads a message's sound, as the bytes of its file; `None` where it is larger than mail servers
/// take (25 MiB).
///
/// # Errors
/// [`MailError::Sound`] when there is none.
pub async fn sound(message: &Message) -> Result<Option<Vec<u8>>, MailError> {
    let wrong = |source| MailError::Sound {
        url: message.url.clone(),
        source,
    };
    let path = Path::new(&message.url);
    let size = tokio::fs::metadata(path).await.map_err(wrong)?.len();
    if size > MAX_SOUND {
        return Ok(None);
    }
    tokio::fs::read(path).await.map(Some).map_err(wrong)
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
            let mail = self.mail(message, sound(message).await?)?;
            match self.server.send(mail).await {
                Ok(_) => Ok(()),
                Err(error) => Err(MailError::Send(error.into())),
            }
        }

        /// The mail that tells of a message; without a sound it says why there is none.
        fn mail(
            &self,
            message: &Message,
            wav: Option<Vec<u8>>,
        ) -> Result<lettre::Message, MailError> {
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
            let mut text = format!(
                "From: {name} ({})\nTo: {}\nBox: {}\nReceived: {}\nLength: {seconds} s\n\
                 Why: {}\nCall: {}\n",
                message.from.as_str(),
                message.to,
                message.mailbox,
                message.received.to_rfc3339(),
                message.reason,
                message.call_id,
            );
            let mail = match wav {
                Some(wav) => {
                    let kind = ContentType::parse("audio/wav")
                        .map_err(|error| MailError::Build(error.into()))?;
                    let name = format!("{}.wav", message.call_id);
                    let attached = Attachment::new(name).body(wav, kind);
                    let text = SinglePart::plain(text);
                    mail.multipart(MultiPart::mixed().singlepart(text).singlepart(attached))
                }
                None => {
                    text.push_str("Sound: not attached, as it is larger than mail servers take\n");
                    mail.singlepart(SinglePart::plain(text))
                }
            };
            mail.map_err(|error| MailError::Build(error.into()))
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

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::fakes::{event, message};

        #[tokio::test]
        async fn a_message_that_is_too_large_is_told_of_without_its_sound() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("c1.wav");
            let file = std::fs::File::create(&path).unwrap();
            let message = message(&event("c1", "+13146523057"), &path.display().to_string());
            let smtp = SmtpMail::new("smtp://127.0.0.1:25", "office@example.com").unwrap();
            for (size, attached) in [(1_000, true), (super::super::MAX_SOUND + 1, false)] {
                file.set_len(size).unwrap();
                let wav = sound(&message).await.unwrap();
                let mail = smtp.mail(&message, wav).unwrap().formatted();
                let text = String::from_utf8_lossy(&mail);
                assert!(text.contains("Box: sales"), "{text}");
                assert_eq!(text.contains("audio/wav"), attached);
                assert_eq!(text.contains("Sound: not attached"), !attached);
            }
        }
    }
}
