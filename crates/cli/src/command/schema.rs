//! `schema`: the contract and the routing file for other programs.

use callroute_schema::json_schema;
use serde::Serialize;

use crate::args::{Schema, SchemaKind};
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;

pub(crate) fn run(args: &Schema, out: &mut Output) -> Result<Status, Error> {
    match args.kind {
        SchemaKind::Event => print(&json_schema::event(), out),
        SchemaKind::Action => print(&json_schema::action(), out),
        SchemaKind::Record => print(&json_schema::call_record(), out),
        SchemaKind::Routes => print(&callroute_rules::json_schema::routes(), out),
        SchemaKind::Openapi => print(&json_schema::openapi(), out),
    }
}

fn print<T: Serialize>(document: &T, out: &mut Output) -> Result<Status, Error> {
    if out.is_json() {
        out.json(document)?;
    } else {
        out.pretty(document)?;
    }
    Ok(Status::Fine)
}
