//! Types that have several shapes on the wire.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::action::Action;
use crate::answer::{Actions, MAX_ACTIONS};
use crate::menu::{Branch, Prompt, Repeat};
use crate::party::Party;
use crate::ring_group::{Confirm, ConfirmFields, Listed, Member};

impl JsonSchema for Actions {
    fn schema_name() -> Cow<'static, str> {
        "Actions".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let action = generator.subschema_for::<Action>();
        json_schema!({
            "description": "One action, or a list of actions done in order.",
            "anyOf": [
                action,
                { "type": "array", "items": action, "minItems": 1, "maxItems": MAX_ACTIONS }
            ]
        })
    }
}

impl JsonSchema for Branch {
    fn schema_name() -> Cow<'static, str> {
        "Branch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What silence or a wrong key does: actions, or the menu again and then actions.",
            "anyOf": [generator.subschema_for::<Actions>(), generator.subschema_for::<Repeat>()]
        })
    }
}

impl JsonSchema for Prompt {
    fn schema_name() -> Cow<'static, str> {
        "Prompt".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What is heard: a text to speak, or a prompt to play.",
            "oneOf": [
                {
                    "title": "SayPrompt",
                    "description": "A text to speak.",
                    "type": "object",
                    "properties": {
                        "say": { "type": "string", "description": "What to say, at most 1,000 characters." },
                        "language": { "type": "string", "description": "The language as a BCP 47 tag; English without." },
                        "voice": { "type": "string", "description": "The voice's name." }
                    },
                    "required": ["say"],
                    "additionalProperties": false
                },
                {
                    "title": "PlayPrompt",
                    "description": "A prompt to play.",
                    "type": "object",
                    "properties": {
                        "play": { "type": "string", "description": "The prompt's name." }
                    },
                    "required": ["play"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

impl JsonSchema for Confirm {
    fn schema_name() -> Cow<'static, str> {
        "Confirm".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Whoever answers has to press a key: `true`, or which key and what is heard before.",
            "anyOf": [{ "const": true }, generator.subschema_for::<ConfirmFields>()]
        })
    }
}

impl JsonSchema for Listed {
    fn schema_name() -> Cow<'static, str> {
        "Member".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One member of a ring group: a plain string, or an object when it has settings.",
            "anyOf": [generator.subschema_for::<Party>(), generator.subschema_for::<Member>()]
        })
    }
}
