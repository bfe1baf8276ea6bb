//! A sale that somebody made by hand gets an order's key. Tryton keeps the key
//! of a sale open to change in every state.

use serde::Deserialize;
use serde_json::json;
use weir_domain::id::DocumentKey;
use weir_domain::outcome::CallError;
use weir_domain::ports::Adoption;

use super::super::Tryton;
use super::super::classify::Failure;
use super::super::keys::WebKey;
use super::super::rights::Right;
use super::super::sale::{HEAD_FIELDS, Head, SALE, SaleState};
use super::super::wire::clean;

/// A sale, and whose it is.
#[derive(Deserialize)]
struct Keyed {
    #[serde(flatten)]
    head: Head,
    #[serde(flatten)]
    key: WebKey,
}

impl Tryton {
    pub(super) async fn adopt_sale(&self, number: &str, key: &DocumentKey) -> Result<Adoption, CallError> {
        let web_shop = self.web_shop(key)?;
        let wanted = WebKey { web_shop: Some(web_shop), web_id: Some(key.reference()) };
        let Some(sale) = self.numbered(number).await? else { return Ok(Adoption::NotFound) };
        if sale.key == wanted {
            return Ok(Adoption::Adopted(sale.head.document()));
        }
        if let Some(owner) = self.owner(&sale.key, web_shop) {
            return Ok(Adoption::Taken(owner));
        }
        if let Some(other) = self.holder(&wanted).await? {
            return Ok(Adoption::Taken(named(&other.head)));
        }
        if sale.head.state == SaleState::Cancelled {
            return Err(CallError::rejected("not_adoptable", "the sale is cancelled in Tryton"));
        }
        self.give(sale.head.id, &wanted).await
    }

    async fn give(&self, sale: u64, wanted: &WebKey) -> Result<Adoption, CallError> {
        let changes = json!({"web_shop": wanted.web_shop, "web_id": wanted.web_id});
        match self.client.update::<Keyed>(SALE, sale, &changes, &keyed_fields()).await {
            Ok(adopted) => Ok(Adoption::Adopted(adopted.head.document())),
            Err(Failure::Call(error)) => Err(error),
            // Somebody may have been faster.
            Err(Failure::Refused) => match self.holder(wanted).await? {
                Some(holder) if holder.head.id == sale => Ok(Adoption::Adopted(holder.head.document())),
                Some(other) => Ok(Adoption::Taken(named(&other.head))),
                None => Err(self.not_given().await),
            },
        }
    }

    async fn not_given(&self) -> CallError {
        match self.client.refusal(Right::Write, SALE).await {
            CallError::Rejected(_) => {
                let detail =
                    "Tryton's rules refused to give the sale the order's key; try it by hand to see which";
                CallError::rejected("not_adoptable", detail)
            }
            error => error,
        }
    }

    /// The sale of a number. Tryton numbers a sale when it is quoted, and
    /// nothing but its sequence keeps two from having the same.
    async fn numbered(&self, number: &str) -> Result<Option<Keyed>, CallError> {
        let number = clean(number);
        if number.is_empty() {
            return Ok(None);
        }
        let domain = json!([["company", "=", self.config.company], ["number", "=", number]]);
        let found: Vec<Keyed> = self.client.search(SALE, &domain, &keyed_fields(), 2).await?;
        if found.len() > 1 {
            return Err(CallError::rejected(
                "document_ambiguous",
                format!("several sales are called {number}"),
            ));
        }
        Ok(found.into_iter().next())
    }

    async fn holder(&self, key: &WebKey) -> Result<Option<Keyed>, CallError> {
        let domain = json!([["web_shop", "=", key.web_shop], ["web_id", "=", key.web_id]]);
        let found: Vec<Keyed> = self.client.search(SALE, &domain, &keyed_fields(), 1).await?;
        Ok(found.into_iter().next())
    }

    /// Whose a sale is, unless it is nobody's. Keys that are not ours are not
    /// repeated: nobody knows what is in them.
    fn owner(&self, key: &WebKey, web_shop: u64) -> Option<String> {
        if key.is_nobodys() {
            let is_elsewhere = key.web_shop.is_some_and(|shop| shop != web_shop);
            return is_elsewhere.then(|| "another web shop".to_owned());
        }
        let owner = key.documents(&self.config).next();
        Some(owner.map_or_else(|| "another program".to_owned(), |owner| owner.to_string()))
    }
}

fn keyed_fields() -> Vec<&'static str> {
    let mut fields = HEAD_FIELDS.to_vec();
    fields.extend(["web_shop", "web_id"]);
    fields
}

/// What people call it.
fn named(sale: &Head) -> String {
    sale.number
        .clone()
        .map_or_else(|| format!("the sale with id {}", sale.id), |number| format!("sale {number}"))
}
