//! Circuits, replaced by version.

use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use weir_domain::circuit::Peer;
use weir_domain::ports::{CircuitSlot, LedgerError};

use crate::DynamoLedger;
use crate::error::unavailable;
use crate::expression::names;
use crate::item::{document, json, n, required};
use crate::key::{STATE, circuit, primary};
use crate::table::TableError;

impl DynamoLedger {
    pub(crate) async fn get_circuit(&self, peer: &Peer) -> Result<CircuitSlot, LedgerError> {
        let Some(item) = self.get(primary(circuit(peer), STATE)).await? else {
            return Ok(CircuitSlot::default());
        };
        Ok(CircuitSlot {
            circuit: document(&item, "circuit")?.unwrap_or_default(),
            version: required(&item, "version")?,
        })
    }

    pub(crate) async fn put_circuit(&self, peer: &Peer, slot: &CircuitSlot) -> Result<bool, LedgerError> {
        // never written: 0 │ read as 3 ──┤ still 3: replace it by 4
        //                                └ 4: somebody was faster
        let (unchanged, read_as) = match slot.version {
            0 => ("attribute_not_exists(#pk)", None),
            version => ("#version = :read", Some((":read", n(version)))),
        };
        let mut item = primary(circuit(peer), STATE);
        item.insert("circuit".to_owned(), json(&slot.circuit)?);
        item.insert("version".to_owned(), n(slot.version + 1));
        let mut put = PutItemInput::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(unchanged)
            .set_expression_attribute_names(Some(names(unchanged)));
        if let Some((name, value)) = read_as {
            put = put.expression_attribute_values(name, value);
        }
        match self.table.put(put).await {
            Ok(_) => Ok(true),
            Err(TableError::ConditionFailed(_)) => Ok(false),
            Err(error) => Err(unavailable(&error)),
        }
    }
}
