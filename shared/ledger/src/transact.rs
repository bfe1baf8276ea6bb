//! Transactions of two writes, and why they are refused.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use weir_domain::ports::LedgerError;

use crate::DynamoLedger;
use crate::error::{incomplete, unavailable};
use crate::expression::{Write, names};
use crate::item::Item;
use crate::table::TableError;

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
    /// All or nothing.
    pub(crate) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<(), Refusal> {
        let writes = TransactWriteItemsInput::builder().set_transact_items(Some(writes));
        match self.rows.table.transact(writes).await {
            Ok(_) => Ok(()),
            Err(TableError::Cancelled(reasons)) => Err(of_reasons(&reasons)),
            Err(error) => Err(Refusal::Failed(unavailable(&error))),
        }
    }

    pub(crate) fn update(&self, key: Item, write: &Write) -> Result<TransactWriteItem, LedgerError> {
        let update = Update::builder()
            .table_name(&self.rows.name)
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
            .table_name(&self.rows.name)
            .set_item(Some(item))
            .condition_expression(unwritten)
            .set_expression_attribute_names(Some(names(unwritten)))
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
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
