//! Transactions of two writes, and why they are refused.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use weir_domain::ports::LedgerError;

use crate::DynamoLedger;
use crate::error::{incomplete, unavailable};
use crate::expression::{Write, names};
use crate::item::Item;

/// Why a transaction wrote nothing.
pub(crate) enum Refusal {
    /// A condition failed: of which write, and the item it met.
    Condition(usize, Option<Item>),
    /// Another write was under way at the same item.
    Conflict,
    /// Anything else.
    Failed(LedgerError),
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error)
    }
}

impl DynamoLedger {
    /// All or nothing. The SDK gives every call a token of its own and keeps
    /// it over its retries, so that an answer that was lost does no harm.
    pub(crate) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<(), Refusal> {
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        sent.map(|_| ()).map_err(|error| refusal(&error))
    }

    pub(crate) fn update(&self, key: Item, write: &Write) -> Result<TransactWriteItem, LedgerError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(write.update())
            .condition_expression(write.condition())
            .set_expression_attribute_names(Some(write.names()))
            .set_expression_attribute_values(Some(write.values()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Writes an item that must not be there yet.
    pub(crate) fn put_new(&self, item: Item) -> Result<TransactWriteItem, LedgerError> {
        let unwritten = "attribute_not_exists(#pk)";
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(unwritten)
            .set_expression_attribute_names(Some(names(unwritten)))
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

fn refusal<R>(error: &SdkError<TransactWriteItemsError, R>) -> Refusal {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return Refusal::Failed(unavailable(error));
    };
    of_reasons(cancelled.cancellation_reasons())
}

/// A failed condition of an earlier write says more than one of a later
/// write, and any says more than the conflict or throttling beside it.
fn of_reasons(reasons: &[CancellationReason]) -> Refusal {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    if let Some(index) = reasons.iter().position(|reason| code(reason) == "ConditionalCheckFailed") {
        return Refusal::Condition(index, reasons[index].item().cloned());
    }
    if reasons.iter().any(|reason| code(reason) == "TransactionConflict") {
        return Refusal::Conflict;
    }
    let codes: Vec<String> = reasons.iter().map(code).filter(|code| code != "None").collect();
    Refusal::Failed(LedgerError::Unavailable(format!("transaction cancelled: {}", codes.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: &str) -> CancellationReason {
        CancellationReason::builder().code(code).message("Zaphira").build()
    }

    #[test]
    fn only_a_failed_condition_means_fenced() {
        let of = |codes: [&str; 2]| of_reasons(&codes.map(reason));
        assert!(matches!(of(["ConditionalCheckFailed", "None"]), Refusal::Condition(0, None)));
        assert!(matches!(of(["None", "ConditionalCheckFailed"]), Refusal::Condition(1, None)));
        assert!(matches!(of(["TransactionConflict", "None"]), Refusal::Conflict));
        for codes in [["ThrottlingError", "None"], ["None", "ProvisionedThroughputExceeded"]] {
            let Refusal::Failed(LedgerError::Unavailable(why)) = of(codes) else { panic!("{codes:?}") };
            assert!(!why.contains("Zaphira"), "{why}");
        }
        assert!(matches!(of_reasons(&[]), Refusal::Failed(LedgerError::Unavailable(_))));
    }
}
