//! Circuits, replaced by version.

use weir_domain::circuit::Peer;
use weir_domain::ports::{CircuitSlot, LedgerError};

use crate::DynamoLedger;
use crate::item::{document, json, n, required};
use crate::key::{STATE, circuit, primary};
use crate::rows::was_done;

impl DynamoLedger {
    pub(crate) async fn get_circuit(&self, peer: &Peer) -> Result<CircuitSlot, LedgerError> {
        let Some(item) = self.rows.get(primary(circuit(peer), STATE)).await? else {
            return Ok(CircuitSlot::default());
        };
        Ok(CircuitSlot {
            circuit: document(&item, "circuit")?.unwrap_or_default(),
            version: required(&item, "version")?,
        })
    }

    pub(crate) async fn put_circuit(&self, peer: &Peer, slot: &CircuitSlot) -> Result<bool, LedgerError> {
        let mut item = primary(circuit(peer), STATE);
        item.insert("circuit".to_owned(), json(&slot.circuit)?);
        item.insert("version".to_owned(), n(slot.version + 1));
        was_done(&self.rows.put_after(slot.version, item).await?)
    }
}
