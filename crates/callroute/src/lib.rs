//! Call routing: event, decision, action.
