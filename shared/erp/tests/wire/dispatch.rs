//! What the scripted Tryton answers about shipments, packages and returns. It
//! evaluates no domain.

use std::collections::VecDeque;

use serde_json::{Value, json};

#[derive(Default)]
pub(crate) struct Dispatch {
    /// The answers to searches, in turn; afterwards nothing is found.
    pub(crate) sales: VecDeque<Value>,
    pub(crate) shipments: VecDeque<Value>,
    pub(crate) packages: VecDeque<Value>,
    pub(crate) log: VecDeque<Value>,
    /// No module adds anything to a shipment.
    pub(crate) is_bare: bool,
}

impl Dispatch {
    /// `None` for what is not about the way back.
    pub(crate) fn answer(&mut self, ask: &str, domain: &Value, fields: &[&str]) -> Option<Value> {
        let answers = match ask {
            // Nobody asks here who bought.
            "GET sale.sale" if !fields.contains(&"party") => &mut self.sales,
            "GET stock.shipment.out" => &mut self.shipments,
            "GET stock.package" => &mut self.packages,
            "GET ir.model.log" => &mut self.log,
            "GET ir.model.field" if domain[0][1] == "in" => return Some(self.fields(domain)),
            _ => return None,
        };
        Some(answers.pop_front().unwrap_or_else(|| json!([])))
    }

    /// Every field that is asked for.
    fn fields(&self, domain: &Value) -> Value {
        let all = |at: usize| domain[at][2].as_array().unwrap().iter().filter(|_| !self.is_bare);
        all(0)
            .flat_map(|model| all(1).map(move |name| json!({"id": 1, "model": model, "name": name})))
            .collect()
    }
}
