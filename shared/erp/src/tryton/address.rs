//! Addresses belong to documents: each is made on the party once for every
//! different content, and none is ever changed.

use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::order::Address;
use weir_domain::outcome::CallError;

use super::Tryton;
use super::classify::Failure;
use super::rights::Right;
use super::wire::{Coded, Ref, clean, create_all};

/// The model.
pub(super) const ADDRESS: &str = "party.address";

/// What an address says, as it is stored and compared.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Postal {
    party_name: String,
    attn: String,
    street: String,
    postcode: String,
    city: String,
    /// ISO 3166 alpha-2, or empty.
    country: String,
    /// What the state may be called in ISO 3166-2.
    states: Vec<String>,
    phone: String,
}

impl Postal {
    pub(super) fn of(address: &Address) -> Self {
        let person = person(address);
        let company = clean(address.company.expose());
        let (party_name, attn) = if company.is_empty() { (person, String::new()) } else { (company, person) };
        let street = format!("{}\n{}", address.line_1.expose(), address.line_2.expose());
        Self {
            party_name,
            attn,
            street: clean(&street),
            postcode: clean(address.postcode.expose()),
            city: clean(address.city.expose()),
            country: clean(&address.country),
            states: states(&address.country, &address.state),
            phone: clean(address.phone.expose()),
        }
    }

    /// Whether an address that was made of this one [says](WireAddress::says)
    /// the other one, too; `has_state`: Tryton knew the state.
    pub(super) fn is_said_by(&self, other: &Self, has_state: bool) -> bool {
        self.party_name == other.party_name
            && self.attn == other.attn
            && self.street == other.street
            && self.postcode == other.postcode
            && self.city == other.city
            && self.country == other.country
            && (!has_state || self.states.iter().any(|state| other.states.contains(state)))
    }
}

/// First and last name of an address.
pub(super) fn person(address: &Address) -> String {
    clean(&format!("{} {}", address.first_name.expose(), address.last_name.expose()))
}

/// WooCommerce writes `CA`, `DE-BY` and `JP13` where ISO 3166-2 has `US-CA`,
/// `DE-BY` and `JP-13`.
fn states(country: &str, state: &str) -> Vec<String> {
    let state = state.trim();
    if country.is_empty() || state.is_empty() {
        return Vec::new();
    }
    let whole = format!("{country}-{state}");
    match state.strip_prefix(country) {
        Some(rest) if rest.starts_with('-') => vec![state.to_owned()],
        Some(rest) if !rest.is_empty() => vec![format!("{country}-{rest}"), whole],
        _ => vec![whole],
    }
}

/// An address as Tryton has it.
#[derive(Deserialize)]
pub(super) struct WireAddress {
    pub(super) id: u64,
    party_name: Option<String>,
    attn: Option<String>,
    street: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    country: Option<Coded>,
    subdivision: Option<Coded>,
}

/// What to read of an address, below the field that points to it.
pub(super) const ADDRESS_FIELDS: [&str; 7] =
    ["party_name", "attn", "street", "postal_code", "city", "country.code", "subdivision.code"];

impl WireAddress {
    /// Whether it says the same. A state that Tryton does not know is no
    /// difference; phones are not printed on documents.
    pub(super) fn says(&self, postal: &Postal) -> bool {
        let same = |text: &Option<String>, wanted: &str| clean(text.as_deref().unwrap_or_default()) == wanted;
        let code = |coded: &Option<Coded>| coded.as_ref().and_then(|coded| coded.code.clone());
        same(&self.party_name, &postal.party_name)
            && same(&self.attn, &postal.attn)
            && same(&self.street, &postal.street)
            && same(&self.postal_code, &postal.postcode)
            && same(&self.city, &postal.city)
            && code(&self.country).unwrap_or_default() == postal.country
            && code(&self.subdivision).is_none_or(|code| postal.states.contains(&code))
    }
}

impl Tryton {
    /// The id of the party's address that says this; made if there is none.
    pub(super) async fn address(
        &self,
        party: u64,
        known: &mut Vec<WireAddress>,
        postal: &Postal,
    ) -> Result<u64, CallError> {
        if let Some(same) = known.iter().find(|address| address.says(postal)) {
            return Ok(same.id);
        }
        let (full, plain) = self.address_records(Ref::Is(party), postal).await?;
        let address = match self.make_address(&full).await {
            // The state and the phone are best effort: Tryton may know the
            // state as another kind of place, or the number as no number.
            Err(Failure::Refused) if full != plain => self.make_address(&plain).await,
            outcome => outcome,
        };
        match address {
            Ok(address) => {
                let id = address.id;
                known.push(address);
                Ok(id)
            }
            Err(Failure::Refused) => Err(self.client.refusal(Right::Create, ADDRESS).await),
            Err(Failure::Call(error)) => Err(error),
        }
    }

    /// What makes an address of a party, and what does if that is refused.
    pub(super) async fn address_records(
        &self,
        party: Ref,
        postal: &Postal,
    ) -> Result<(Value, Value), CallError> {
        let country = match postal.country.as_str() {
            "" => None,
            code => Some(self.lookups.country(&self.client, code).await?),
        };
        let subdivision = self.lookups.subdivision(&self.client, &postal.states).await?;
        let plain = record(party, postal, country);
        let mut full = plain.clone();
        full["subdivision"] = json!(subdivision);
        if !postal.phone.is_empty() {
            let phone = json!({"party": party, "type": "phone", "value": postal.phone});
            full["contact_mechanisms"] = create_all([phone]);
        }
        Ok((full, plain))
    }

    async fn make_address(&self, record: &Value) -> Result<WireAddress, Failure> {
        self.client.create(ADDRESS, record, &ADDRESS_FIELDS).await
    }
}

fn record(party: Ref, postal: &Postal, country: Option<u64>) -> Value {
    json!({
        "party": party,
        "party_name": postal.party_name,
        "attn": postal.attn,
        "street": postal.street,
        "postal_code": postal.postcode,
        "city": postal.city,
        "country": country,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_tried_as_iso_writes_them() {
        assert_eq!(states("US", "CA"), ["US-CA"]);
        assert_eq!(states("DE", "DE-BY"), ["DE-BY"]);
        assert_eq!(states("JP", "JP13"), ["JP-13", "JP-JP13"]);
        assert_eq!(states("MA", "MA"), ["MA-MA"]);
        assert!(states("DE", " ").is_empty() && states("", "CA").is_empty());
    }

    #[test]
    fn an_address_is_known_by_what_it_says() {
        let address = Address {
            first_name: "Ada".into(),
            last_name: " King ".into(),
            line_1: "1  Dock Road".into(),
            city: "Hull".into(),
            state: "CA".to_owned(),
            country: "US".to_owned(),
            phone: "1".into(),
            ..Address::default()
        };
        let postal = Postal::of(&address);
        let wire = |change: fn(&mut Value)| {
            let mut wire = json!({
                "id": 1, "party_name": "Ada King", "attn": null, "street": "1 Dock Road ", "postal_code": "",
                "city": "Hull", "country": {"code": "US"}, "subdivision": {"code": "US-CA"},
            });
            change(&mut wire);
            serde_json::from_value::<WireAddress>(wire).unwrap()
        };
        assert!(wire(|_| {}).says(&postal));
        assert!(wire(|wire| wire["subdivision"] = Value::Null).says(&postal));
        assert!(!wire(|wire| wire["subdivision"]["code"] = json!("US-NY")).says(&postal));
        assert!(!wire(|wire| wire["country"] = Value::Null).says(&postal));
        assert!(!wire(|wire| wire["attn"] = json!("Bob")).says(&postal));
        let company = Postal::of(&Address { company: "King Ltd".into(), ..address });
        assert!(!wire(|_| {}).says(&company));
        assert!(
            wire(|wire| {
                wire["party_name"] = json!("King Ltd");
                wire["attn"] = json!("Ada King");
            })
            .says(&company)
        );
    }
}
