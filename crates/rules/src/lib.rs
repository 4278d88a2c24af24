//! Routing file to compiled engine: decision, explanation, static checks.
