//! What the shop sells: a bounded part of it.

use weir_domain::doctor::{CatalogueItem, Fact, Sample};

use super::super::{PAGE, ShopClient};
use super::reads::total;
use crate::checkup::{self, Listed, Sold};

/// Pages of products that are read.
const PAGES: u32 = 2;
/// Products whose variations are asked for, one request each.
const PARENTS: usize = 10;
const FIELDS: &str = "id,type,sku,manage_stock";

fn item(listed: Listed) -> CatalogueItem {
    CatalogueItem { id: listed.id, sku: listed.sku, managed: listed.managed }
}

impl ShopClient {
    /// The newest products that are published, and in place of variable ones
    /// the variations of some.
    pub(super) async fn catalogue(&self) -> Fact<Sample<CatalogueItem>> {
        let (mut seen, mut parents) = (Vec::new(), Vec::new());
        let (mut listed, mut of) = (0, None);
        for page in 1..=PAGES {
            let mut url = self.page(&["products"], page, FIELDS);
            url.query_pairs_mut()
                .append_pair("status", "publish")
                .append_pair("orderby", "date")
                .append_pair("order", "desc");
            let answer = self.ask(url).await?;
            let products = checkup::products(&answer.body)?;
            of = total(&answer.headers);
            let found = products.len();
            listed += found;
            for product in products {
                match product.sold {
                    Sold::Itself => seen.push(item(product)),
                    Sold::AsVariations => parents.push(product.id),
                    Sold::Not => {}
                }
            }
            if found < PAGE {
                break;
            }
        }
        for parent in parents.iter().take(PARENTS) {
            seen.extend(self.variations_of(*parent).await?);
        }
        // Each product that was not looked into is at least one.
        let unseen = of.map(|of| of.saturating_sub(listed as u64));
        let unopened = parents.len().saturating_sub(PARENTS) as u64;
        let of = unseen.map(|unseen| seen.len() as u64 + unseen + unopened);
        Ok(Sample { seen, of })
    }

    /// The first of them: a product with more than a page is the exception.
    async fn variations_of(&self, parent: u64) -> Fact<Vec<CatalogueItem>> {
        let url = self.page(&["products", &parent.to_string(), "variations"], 1, FIELDS);
        Ok(checkup::products(&self.ask(url).await?.body)?.into_iter().map(item).collect())
    }
}
