//! Types of the table that have several shapes.

use std::borrow::Cow;

use callroute_schema::Actions;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::table::{
    Bounds, CallerKind, Kinds, OverrideEntry, Places, RuleEntry, Rules, SecretEntry, SecretsEntry,
    Texts, ValueWhen,
};

impl JsonSchema for Rules {
    fn schema_name() -> Cow<'static, str> {
        "Rules".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Rules, of which the first that holds decides; or what is always done.",
            "anyOf": [
                { "type": "array", "items": generator.subschema_for::<RuleEntry>(), "minItems": 1 },
                generator.subschema_for::<Actions>(),
            ]
        })
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One text, or a list of texts.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 }
            ]
        })
    }
}

impl JsonSchema for Places {
    fn schema_name() -> Cow<'static, str> {
        "Places".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let place = json_schema!({ "enum": [1, 2, 3, 4, 5, -1, -2, -3, -4, -5] });
        json_schema!({
            "description": "One place in a month, or a list of them.",
            "anyOf": [place, { "type": "array", "items": place, "minItems": 1 }]
        })
    }
}

impl JsonSchema for SecretsEntry {
    fn schema_name() -> Cow<'static, str> {
        "Secrets".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<SecretEntry>();
        json_schema!({
            "description": "One secret, or two while they are changed.",
            "anyOf": [one, { "type": "array", "items": one, "minItems": 1, "maxItems": 2 }]
        })
    }
}

impl JsonSchema for SecretEntry {
    fn schema_name() -> Cow<'static, str> {
        "SecretSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The environment variable or the file that holds the secret, or the secret itself.",
            "anyOf": [
                {
                    "title": "SecretFromEnvironment",
                    "description": "The environment variable that holds the secret.",
                    "type": "object",
                    "properties": {
                        "env": {
                            "description": "The variable's name.",
                            "type": "string",
                            "pattern": "^[A-Za-z0-9_]+$"
                        }
                    },
                    "required": ["env"],
                    "additionalProperties": false
                },
                {
                    "title": "SecretFromFile",
                    "description": "The file that holds the secret.",
                    "type": "object",
                    "properties": {
                        "file": {
                            "description": "Its name, relative to this file.",
                            "type": "string",
                            "minLength": 1
                        }
                    },
                    "required": ["file"],
                    "additionalProperties": false
                },
                { "title": "SecretText", "description": "The secret itself.", "type": "string", "minLength": 1 }
            ]
        })
    }
}

impl JsonSchema for ValueWhen {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One of some texts (one that ends with `*` covers what begins so), or bounds.",
            "anyOf": [
                { "type": ["string", "number", "boolean"] },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
                generator.subschema_for::<Bounds>()
            ]
        })
    }
}

impl JsonSchema for Kinds {
    fn schema_name() -> Cow<'static, str> {
        "CallerKinds".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kind = generator.subschema_for::<CallerKind>();
        json_schema!({
            "description": "One kind of caller, or a list of kinds.",
            "anyOf": [kind, { "type": "array", "items": kind, "minItems": 1 }]
        })
    }
}

impl JsonSchema for OverrideEntry {
    fn schema_name() -> Cow<'static, str> {
        "Switch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How a switch stands until somebody turns it.",
            "enum": ["on", "off", true, false]
        })
    }
}
