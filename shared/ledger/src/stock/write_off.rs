//! A person's word that what a shop took from its stock it took for nothing.

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::id::{ItemKey, LineKey};
use weir_domain::ports::{LedgerError, WriteOffs};

use super::DynamoStock;
use crate::error::contended;
use crate::expression::Write;
use crate::item::nanoseconds;
use crate::key::{item, line, primary};
use crate::rows::Attempt;

#[async_trait]
impl WriteOffs for DynamoStock {
    async fn write_off(&self, of: &ItemKey, at: &LineKey, as_of: Timestamp) -> Result<bool, LedgerError> {
        // Of an item that fits into no key there is no line.
        let Some(partition) = item(of) else { return Ok(false) };
        // no such line │ in flight ────┤ written off
        //              └ refused       └ as of later: that stays
        let newer = "attribute_not_exists(#written_off) OR #written_off < :written_off";
        let write = Write::default()
            .set("written_off", nanoseconds(as_of))
            .only_if("attribute_exists(#pk)")
            .only_if(newer);
        match self.rows.attempt(primary(partition, line(at)), &write).await? {
            Attempt::Done(_) => Ok(true),
            Attempt::Refused(row) => Ok(!row.is_empty()),
            Attempt::Conflict => Err(contended()),
        }
    }
}
