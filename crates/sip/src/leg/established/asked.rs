//! What a far end may ask of an established leg beside BYE and INVITE: UPDATE and INFO.

use callroute_media::Notice;
use callroute_schema::Digit;
use sipx_sip::HeaderName;
use sipx_sip::headers::ContentType;

use super::Established;
use crate::endpoint::Incoming;
use crate::leg::offering::offered_within;
use crate::leg::session_timer::SessionTimer;
use crate::message::{ALLOW, Reply, SDP_TYPE, body_is_sdp};
use crate::rtp::command::MediaCommand;

impl Established {
    /// UPDATE: a refresh, or another description (RFC 3311, section 5.2).
    pub(super) async fn updated(&mut self, incoming: &Incoming) {
        let stack = self.leg.stack.clone();
        let request = &incoming.request;
        let on = !stack.config.session_expires.is_zero();
        let (timer, terms) = match SessionTimer::of_request(request, on) {
            Ok(agreed) => agreed,
            Err(refusal) => {
                stack.respond(incoming, refusal);
                return;
            }
        };
        let mut reply = Reply::new(200)
            .header(HeaderName::Contact, self.dialog.contact().to_owned())
            .header(HeaderName::Allow, ALLOW);
        if !request.body().is_empty() {
            if self.unacked.is_some() || self.offering.is_some() {
                stack.respond(incoming, Reply::new(491));
                return;
            }
            if !body_is_sdp(request) {
                let refusal = Reply::new(415).header(HeaderName::Accept, SDP_TYPE);
                stack.respond(incoming, refusal);
                return;
            }
            match offered_within(&stack, &self.leg.local, incoming) {
                Ok(Some(remote)) => reply = reply.sdp(self.answer_to(remote).await),
                Ok(None) => {}
                Err(refusal) => {
                    stack.respond(incoming, refusal);
                    return;
                }
            }
        }
        self.refreshed_by(incoming);
        self.timer = timer.or(self.timer.map(SessionTimer::alone));
        stack.respond(incoming, terms.write(reply));
    }

    /// INFO: a key, in either of the two forms that telephones use; anything else is taken
    /// without a word (RFC 6086, section 4.2.2, asks for 469 only of packages).
    pub(super) async fn informed(&mut self, incoming: &Incoming) {
        let kind = incoming.request.headers.typed::<ContentType>();
        let kind = kind.and_then(Result::ok);
        let is = |subtype| {
            kind.as_ref()
                .is_some_and(|kind| kind.is("application", subtype))
        };
        let body = String::from_utf8_lossy(incoming.request.body()).into_owned();
        let key = if is("dtmf-relay") {
            body.lines().find_map(|line| {
                let (name, value) = line.split_once('=')?;
                name.trim()
                    .eq_ignore_ascii_case("signal")
                    .then(|| value.trim().to_owned())
            })
        } else if is("dtmf") {
            Some(body.trim().to_owned())
        } else {
            None
        };
        self.leg.stack.respond(incoming, Reply::new(200));
        // 10 and 11 are how some write * and #.
        let key = key.and_then(|key| match key.as_str() {
            "10" => Some('*'),
            "11" => Some('#'),
            key => key.chars().next().filter(|_| key.len() == 1),
        });
        if let Some(digit) = key.and_then(|key| Digit::new(key.to_ascii_uppercase()).ok()) {
            let leg = self.leg.notices.leg();
            self.leg.notices.tell_if_room(Notice::Digit { leg, digit });
            self.leg.media.tell(MediaCommand::Pressed(digit)).await;
        }
    }
}
