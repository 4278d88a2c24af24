//! The body of an answer, within its bound.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::failure::{Failure, FailureClass, of_exchange};
use crate::wire::answer::MAX_BODY;

#[cold]
fn too_large(found: u64) -> Failure {
    Failure::new(
        FailureClass::TooLarge,
        format!("the body has {found} bytes or more; an answer has at most {MAX_BODY}"),
    )
}

/// The whole body, within its bound.
pub(crate) async fn whole(body: &mut Incoming) -> Result<Bytes, Failure> {
    let announced = body.size_hint().lower();
    if announced > MAX_BODY as u64 {
        return Err(too_large(announced));
    }
    // Most bodies are one frame, which need not be copied.
    let mut first = Bytes::new();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| of_exchange(&error))?;
        // Trailers say nothing to us.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let so_far = first.len().max(bytes.len());
        if data.len() > MAX_BODY - so_far {
            return Err(too_large((so_far + data.len()) as u64));
        }
        if so_far == 0 && body.is_end_stream() {
            return Ok(data);
        }
        if so_far == 0 {
            first = data;
        } else {
            if bytes.is_empty() {
                bytes.extend_from_slice(&first);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(if bytes.is_empty() {
        first
    } else {
        bytes.into()
    })
}
