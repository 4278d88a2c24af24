//! What must last or be shared.
