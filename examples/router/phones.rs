//! How telephones reach the router beside UDP and TCP: by TLS, by WebSocket, and as users who register.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use callroute_sip::{Config, SipAdapter, SqliteRegistrations, Tls, User};

use crate::Failure;
use crate::args::Args;

/// Sets up what the command line asks for.
pub(crate) fn set_up(args: &Args, sip: &mut Config) -> Result<(), Failure> {
    if let (Some(listen), Some(certificate), Some(key)) = (args.tls, &args.certificate, &args.key) {
        sip.tls = Some(Tls {
            listen,
            certificate: text(certificate)?.into_bytes(),
            key: text(key)?.into(),
        });
    }
    sip.ws = args.ws;
    if let Some(file) = &args.users {
        sip.users = users(&text(file)?).map_err(|fault| format!("{}:{fault}", file.display()))?;
        let kept = SqliteRegistrations::open(&args.data.join("registrations.sqlite"))?;
        sip.registrations = Some(Arc::new(kept));
    }
    Ok(())
}

/// Says where else it listens.
pub(crate) fn tell(adapter: &SipAdapter) {
    for (addr, transport) in [
        (adapter.tls_addr(), "TLS"),
        (adapter.ws_addr(), "WebSocket"),
    ] {
        if let Some(addr) = addr {
            println!("SIP over {transport} on {addr}");
        }
    }
}

fn text(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// One user a line, as in `ann:secret`; a line that begins with `#` is a comment.
fn users(text: &str) -> Result<Vec<User>, String> {
    let (mut users, mut names) = (Vec::new(), HashSet::new());
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let user = line
            .split_once(':')
            .map(|(name, password)| (name.trim(), password));
        let Some((name, password)) =
            user.filter(|(name, word)| !name.is_empty() && !word.is_empty())
        else {
            return Err(format!("{number}: no user; write for example ann:secret"));
        };
        if !names.insert(name) {
            return Err(format!("{number}: the user {name} is there already"));
        }
        users.push(User {
            name: name.to_owned(),
            password: password.into(),
        });
    }
    Ok(users)
}
