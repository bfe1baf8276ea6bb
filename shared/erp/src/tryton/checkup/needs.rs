//! The rights that the work needs, and whether the key's user has them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::doctor::{ErpRight, Fact, Unread};

use super::super::Tryton;
use super::super::rights::{Right, is_granted};
use super::{Models, is_there, unread};

/// When a right is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// The configuration has journals.
    Paying,
    /// The configuration has locations.
    Stock,
}

struct Need {
    right: Right,
    model: &'static str,
    without: &'static str,
    when: When,
}

const fn need(right: Right, model: &'static str, without: &'static str, when: When) -> Need {
    Need { right, model, without, when }
}

const BOOK: &str = "orders are not booked";
const CANCEL: &str = "cancelled orders stay in the ERP";
const BACK: &str = "the shop does not hear of parcels and returns";
const DATED: &str = "parcels are shown with the time at which their shipment was made";
const PAY: &str = "payments are not booked";
const STOCK: &str = "the shop's stock is not kept";
const SALE: &str = "sale.sale";

/// Not the one to make payment groups: no group of Tryton's own grants it, and
/// without it payments only arrive as submitted.
const NEEDS: [Need; 22] = [
    need(Right::Read, "party.party", BOOK, When::Always),
    need(Right::Create, "party.party", BOOK, When::Always),
    need(Right::Create, "party.address", BOOK, When::Always),
    need(Right::Read, "product.product", BOOK, When::Always),
    need(Right::Read, "currency.currency", BOOK, When::Always),
    need(Right::Read, "country.country", BOOK, When::Always),
    need(Right::Read, SALE, BOOK, When::Always),
    need(Right::Create, SALE, BOOK, When::Always),
    need(Right::Write, SALE, BOOK, When::Always),
    need(Right::Create, "sale.line", BOOK, When::Always),
    need(Right::Press("quote"), SALE, BOOK, When::Always),
    need(Right::Press("confirm"), SALE, BOOK, When::Always),
    need(Right::Press("process"), SALE, BOOK, When::Always),
    need(Right::Press("cancel"), SALE, CANCEL, When::Always),
    need(Right::Read, "stock.shipment.out", BACK, When::Always),
    need(Right::Read, "stock.shipment.out.return", BACK, When::Always),
    need(Right::Read, "ir.model.log", DATED, When::Always),
    need(Right::Create, "account.payment", PAY, When::Paying),
    need(Right::Read, "account.payment.journal", PAY, When::Paying),
    need(Right::Press("submit"), "account.payment", PAY, When::Paying),
    need(Right::Read, "stock.move", STOCK, When::Stock),
    need(Right::Read, "stock.location", STOCK, When::Stock),
];

/// The models that rights are of.
pub(super) fn models() -> impl Iterator<Item = &'static str> {
    NEEDS.iter().map(|need| need.model)
}

/// What Tryton says of the key's user.
struct Held {
    /// By model: what may be done to its records.
    access: Fact<Value>,
    /// By model and button: the groups that it is reserved for.
    buttons: Fact<BTreeMap<(String, String), Vec<u64>>>,
    groups: Fact<BTreeSet<u64>>,
}

impl Held {
    fn has(&self, need: &Need) -> Fact<bool> {
        let Right::Press(button) = need.right else { return self.may(need.model, need.right.verb()) };
        let buttons = self.buttons.as_ref().map_err(Unread::clone)?;
        match buttons.get(&(need.model.to_owned(), button.to_owned())) {
            Some(reserved) if !reserved.is_empty() => {
                let groups = self.groups.as_ref().map_err(Unread::clone)?;
                Ok(reserved.iter().any(|group| groups.contains(group)))
            }
            _ => self.may(need.model, "write"),
        }
    }

    fn may(&self, model: &str, verb: &str) -> Fact<bool> {
        self.access.as_ref().map(|access| is_granted(&access[model][verb])).map_err(Unread::clone)
    }
}

impl Tryton {
    pub(super) async fn needed_rights(&self, models: &Models) -> Vec<ErpRight> {
        let is_needed = |need: &&Need| match need.when {
            When::Always => true,
            When::Paying => !self.config.journals.is_empty(),
            When::Stock => !self.config.locations.is_empty(),
        };
        let needs: Vec<&Need> = NEEDS.iter().filter(is_needed).collect();
        let held = self.held(&needs, models).await;
        let right = |need: &&Need| ErpRight {
            right: format!("{} {}", need.right.verb(), need.model),
            without: need.without,
            granted: is_there(models, need.model).and_then(|()| held.has(need)),
        };
        needs.iter().map(right).collect()
    }

    async fn held(&self, needs: &[&Need], models: &Models) -> Held {
        let there: BTreeSet<&str> =
            needs.iter().map(|need| need.model).filter(|model| is_there(models, model).is_ok()).collect();
        let access = self.client.access(&there).await.map_err(|error| unread(&error));
        let groups = self.client.groups().await.map_err(|error| unread(&error));
        let groups = groups.map(|groups| groups.into_iter().collect());
        Held { access, buttons: self.buttons(&there).await, groups }
    }

    async fn buttons(&self, models: &BTreeSet<&str>) -> Fact<BTreeMap<(String, String), Vec<u64>>> {
        #[derive(Deserialize)]
        struct Button {
            model: String,
            name: String,
            groups: Vec<u64>,
        }
        // More than all buttons of all these models.
        const LIMIT: usize = 500;
        let domain = json!([["model", "in", models]]);
        let found: Vec<Button> = self
            .client
            .search("ir.model.button", &domain, &["model", "name", "groups"], LIMIT)
            .await
            .map_err(|error| unread(&error))?;
        Ok(found.into_iter().map(|button| ((button.model, button.name), button.groups)).collect())
    }
}
