//! What a shop is told of deliveries, as it keeps it.

use std::collections::BTreeMap;

use weir_domain::fulfilment::{OrderNote, Parcel, ShownParcel};
use weir_domain::id::OrderId;

/// Parcels and notes of every order.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// As tracking plugins are: no mark is kept, and what is replaced gets
    /// another name.
    pub plugin: bool,
    parcels: BTreeMap<OrderId, Vec<ShownParcel>>,
    notes: BTreeMap<OrderId, Vec<OrderNote>>,
    names: u64,
}

impl Told {
    /// The parcels that an order shows, oldest first.
    pub fn parcels(&self, order: OrderId) -> Vec<ShownParcel> {
        self.parcels.get(&order).cloned().unwrap_or_default()
    }

    /// Shows a parcel, a second time if asked a second time; `None`: there is
    /// nothing of that reference.
    pub fn show(&mut self, order: OrderId, reference: Option<&str>, parcel: &Parcel) -> Option<String> {
        let shown = self.parcels.entry(order).or_default();
        if let Some(reference) = reference {
            let at = shown.iter().position(|item| item.reference == reference)?;
            shown.remove(at);
        }
        let name = match reference {
            Some(reference) if !self.plugin => reference.to_owned(),
            _ => {
                self.names += 1;
                format!("p{}", self.names)
            }
        };
        let keeps_marks = !self.plugin;
        shown.push(ShownParcel {
            reference: name.clone(),
            id: keeps_marks.then(|| parcel.id.clone()),
            version: keeps_marks.then(|| parcel.version()),
            tracking: parcel.tracking.clone(),
        });
        Some(name)
    }

    /// People enter a parcel's number by hand.
    pub fn enter(&mut self, order: OrderId, reference: &str, tracking: &str) {
        let item = ShownParcel {
            reference: reference.to_owned(),
            id: None,
            version: None,
            tracking: Some(tracking.to_owned()),
        };
        self.parcels.entry(order).or_default().push(item);
    }

    /// Takes away what a reference shows.
    pub fn remove(&mut self, order: OrderId, reference: &str) {
        self.parcels.entry(order).or_default().retain(|item| item.reference != reference);
    }

    /// The notes of an order, oldest first.
    pub fn notes(&self, order: OrderId) -> Vec<OrderNote> {
        self.notes.get(&order).cloned().unwrap_or_default()
    }

    /// Adds a note.
    pub fn add_note(&mut self, order: OrderId, note: &OrderNote) {
        self.notes.entry(order).or_default().push(note.clone());
    }
}
