//! An OpenAPI 3.1 document with a `webhooks` section: what we post, and what we take for answer.

use serde_json::{Map, Value, json};

use super::{action, event};

/// The version of the contract, as the header `callroute-schema` carries it.
const VERSION: &str = "1";

/// The contract as OpenAPI 3.1, for generators of servers and for API catalogues.
#[must_use]
pub fn openapi() -> Value {
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "callroute webhooks",
            "version": VERSION,
            "description": "A router posts an event to your server whenever a rule or an answer \
                names a webhook, and does what the answer says.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" }
        },
        "webhooks": { "call": { "post": {
            "operationId": "route",
            "summary": "Where shall this call go?",
            "description": "Asked while the caller waits: an answer that comes after the deadline, \
                or that is no answer, is as none, and the call takes its fallback. The same \
                `webhook-id` may come more than once.",
            "parameters": [
                header("callroute-schema", "The version of the contract that the body is written in.",
                    &json!({ "const": VERSION })),
                header("webhook-id", "The ask's own id, the same for each of its attempts.",
                    &json!({ "type": "string", "pattern": "^[0-9A-Z]{26}$" }))
            ],
            "requestBody": { "required": true, "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Event" },
                "examples": { "incoming_call": { "value": {
                    "event": "incoming_call", "from": "+14155550123", "to": "+13146523057",
                    "timestamp": "2026-04-21T14:32:00Z", "call_id": "abc123xyz"
                } } }
            } } },
            "responses": { "200": {
                "description": "An action, or a list of actions done in order.",
                "content": {
                    "application/json": {
                        "schema": { "$ref": "#/components/schemas/Actions" },
                        "examples": {
                            "ring_group": { "value": { "action": "forward", "destination": {
                                "type": "ring_group", "members": ["+16822306467", "+12125551234"],
                                "strategy": "simultaneous"
                            } } },
                            "voicemail": { "value": { "action": "voicemail", "message": "office_closed" } }
                        }
                    },
                    "text/plain": {
                        "schema": { "description": "A number to forward to, and nothing else.",
                            "$ref": "#/components/schemas/Number" },
                        "examples": { "number": { "value": "+16822306467" } }
                    }
                }
            } }
        } } },
        "components": { "schemas": components() }
    });
    document.sort_all_objects();
    document
}

fn header(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "header", "required": true, "description": description, "schema": schema })
}

/// The definitions of both schemas, with their references turned to where they stand here.
fn components() -> Map<String, Value> {
    let mut all = Map::new();
    for schema in [event(), action()] {
        if let Some(Value::Object(definitions)) = schema.get("$defs") {
            all.extend(definitions.clone());
        }
    }
    all.values_mut().for_each(rebase);
    all
}

fn rebase(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get_mut("$ref") {
                *target = target.replace("#/$defs/", "#/components/schemas/");
            }
            object.values_mut().for_each(rebase);
        }
        Value::Array(items) => items.iter_mut().for_each(rebase),
        _ => {}
    }
}
