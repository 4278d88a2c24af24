//! Types that are texts on the wire.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::caller::{Address, Caller};
use crate::digit::{Digit, Digits};
use crate::digit_pattern::DigitPattern;
use crate::name::{
    AgentName, CallId, ConferenceName, MenuName, QueueName, TargetName, TrunkName, UserName,
    WebhookName,
};
use crate::party::{Number, Party};
use crate::ring_group::{CallerId, Ringback};
use crate::sip_uri::SipUri;

// Patterns keep to what every dialect of regular expressions knows: no classes of Unicode.

/// A name: of ASCII, letters, digits, `_`, `-`, `.` and `:` only; braces around a variable.
const NAME: &str = r"^[^\x00-,/;-@\[-^`|~\x7f\s]+$";
/// A text without control characters.
const VISIBLE: &str = r"^[^\x00-\x1f\x7f]+$";

macro_rules! text {
    ($($type:ident { $($schema:tt)* })+) => {
        $(impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", $($schema)* })
            }
        })+
    };
}

macro_rules! names {
    ($($type:ident $description:literal)+) => {
        text! {$(
            $type {
                "description": $description,
                "minLength": 1,
                "maxLength": 128,
                "pattern": NAME
            }
        )+}
    };
}

names! {
    TargetName "A target of the routing file."
    MenuName "A menu of the routing file."
    WebhookName "A webhook of the routing file."
    AgentName "An agent of the routing file."
    QueueName "A queue of the routing file."
    UserName "A user that registers phones."
    TrunkName "A trunk: a line to a carrier or to another switch."
    ConferenceName "A conference."
    CallId "One call's id."
}

text! {
    Digit {
        "description": "One DTMF digit (RFC 4733).",
        "pattern": "^[0-9*#A-Da-d]$"
    }
    DigitPattern {
        "description": "A pattern of digits: X is 0-9, Z is 1-9, N is 2-9, a `.` at the end is one or more digits.",
        "minLength": 1,
        "maxLength": 32,
        "pattern": "^[0-9*#XxZzNn]+[.]?$"
    }
    Digits {
        "description": "One or more DTMF digits (RFC 4733).",
        "pattern": "^[0-9*#A-Da-d]{1,64}$"
    }
    Address {
        "description": "A number, or a SIP user that is not a number.",
        "pattern": VISIBLE,
        "maxLength": 256
    }
    Caller {
        "description": "Who calls: a number or a SIP user, `anonymous` when it is withheld (RFC 3323), `unavailable` when the network did not say.",
        "pattern": VISIBLE,
        "maxLength": 256
    }
    Number {
        "description": "A telephone number: E.164 with its +, or digits with a national or local meaning.",
        "pattern": r"^(\+[0-9]{1,32}|[0-9*#]{1,32}|[+0-9*#]*\{[A-Za-z][A-Za-z0-9_.-]*\}.*)$",
        "examples": ["+16822306467"]
    }
    SipUri {
        "description": "A SIP or SIPS URI (RFC 3261, section 19.1).",
        "pattern": r"^[sS][iI][pP][sS]?:[!$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~{}-]+$",
        "maxLength": 512,
        "examples": ["sip:ann@pbx.example"]
    }
    Party {
        "description": "Whom to ring: a number, a SIP URI or an agent of the routing file.",
        "pattern": r"^([sS][iI][pP][sS]?:[!$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~{}-]+|\+[0-9]{1,32}|[0-9*#]{1,32}|[^\x00-,/-9;-@\[-^`|~\x7f\s][^\x00-,/;-@\[-^`|~\x7f\s]*)$",
        "maxLength": 512,
        "examples": ["+16822306467", "sip:ann@pbx.example", "ann"]
    }
    Ringback {
        "description": "What the caller hears while phones ring: `ringing`, `music`, or a prompt's name.",
        "minLength": 1,
        "examples": ["ringing", "music"]
    }
    CallerId {
        "description": "Which number the called party sees: `caller`, `dialed`, `anonymous`, or a number.",
        "pattern": r"^(caller|dialed|anonymous|\+[0-9]{1,32}|[0-9*#]{1,32})$",
        "examples": ["caller", "dialed", "anonymous", "+13146523057"]
    }
}
