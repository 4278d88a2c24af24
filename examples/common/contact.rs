//! Who has a SIP URI of their own, as an option says it.

/// Reads `NUMBER=URI`.
pub(crate) fn read(text: &str) -> Result<(String, String), String> {
    let (number, uri) = text
        .split_once('=')
        .ok_or("expected NUMBER=URI, as in +16822306467=sip:ann@192.0.2.7")?;
    Ok((number.to_owned(), uri.to_owned()))
}
