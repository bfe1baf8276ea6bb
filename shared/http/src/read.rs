use reqwest::Response;

use crate::failure::{TransportFailure, classify_transport};

/// A body that could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More than the caller wants to hold.
    #[error("the answer is larger than {max_bytes} bytes")]
    TooLarge {
        /// The caller's limit.
        max_bytes: usize,
    },
    /// It stopped coming.
    #[error("the answer broke off: {0}")]
    Transport(TransportFailure),
}

/// Reads a body of at most `max_bytes`. What the peer announces is a hint;
/// what arrives is counted.
pub async fn read_capped(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, ReadError> {
    let too_large = ReadError::TooLarge { max_bytes };
    let announced = response.content_length().unwrap_or(0);
    if announced > max_bytes as u64 {
        return Err(too_large);
    }
    let mut body = Vec::new();
    let failed = |error: reqwest::Error| ReadError::Transport(classify_transport(&error));
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
