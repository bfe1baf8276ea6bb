//! What an SDK's error means to the ledger. Messages of the service are
//! never passed on: they can quote what was sent.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use weir_domain::ports::LedgerError;

use crate::table::TableError;

/// Rounds of a write that races with others over one item. Each costs one
/// call, and one of the racers wins each round.
pub(crate) const ROUNDS: usize = 8;

/// A call that failed for no reason of ours.
pub(crate) fn unavailable(error: &TableError) -> LedgerError {
    LedgerError::Unavailable(error.to_string())
}

/// In our words, with the service's code where it gave one.
pub(crate) fn why<E, R>(error: &SdkError<E, R>) -> String
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    let what = match error {
        SdkError::ConstructionFailure(_) => "the request could not be made",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "not reached",
        SdkError::ResponseError(_) => "an answer that makes no sense",
        _ => return error.code().unwrap_or("refused without a code").to_owned(),
    };
    what.to_owned()
}

/// Too many writers at one item.
pub(crate) fn contended() -> LedgerError {
    LedgerError::Unavailable("too many writers at one item".to_owned())
}

/// A request that lacks something: cannot happen, and must not panic.
pub(crate) fn incomplete(_: aws_sdk_dynamodb::error::BuildError) -> LedgerError {
    LedgerError::Unavailable("the request could not be made".to_owned())
}
