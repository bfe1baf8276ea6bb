//! What an inbound delivery says: an order's id, or nothing for us.
//!
//! A delivery is a hint. It is read only far enough to find the id, whatever
//! else it contains, and never answered with a refusal once its signature
//! holds: seven of those and the shop switches the webhook off.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use weir_domain::id::OrderId;

/// A webhook topic the shop can have, from the path of the delivery URL: the
/// topic header is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Topic {
    /// What changed.
    pub resource: Resource,
    /// How it changed.
    pub event: Event,
}

/// What a topic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the shop's own words")]
pub enum Resource {
    Order,
    Product,
    Customer,
    Coupon,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the shop's own words")]
pub enum Event {
    Created,
    Updated,
    Deleted,
    Restored,
}

/// The text names no topic that Weir registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown webhook topic")]
pub struct UnknownTopic;

impl Resource {
    const ALL: [Self; 4] = [Self::Order, Self::Product, Self::Customer, Self::Coupon];

    fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Product => "product",
            Self::Customer => "customer",
            Self::Coupon => "coupon",
        }
    }
}

impl Event {
    const ALL: [Self; 4] = [Self::Created, Self::Updated, Self::Deleted, Self::Restored];

    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
        }
    }
}

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(text: &str) -> Result<Self, UnknownTopic> {
        let (resource, event) = text.split_once('.').ok_or(UnknownTopic)?;
        let resource = Resource::ALL.into_iter().find(|known| known.as_str() == resource);
        let event = Event::ALL.into_iter().find(|known| known.as_str() == event);
        match (resource, event) {
            (Some(resource), Some(event)) => Ok(Self { resource, event }),
            _ => Err(UnknownTopic),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.resource.as_str(), self.event.as_str())
    }
}

/// What a correctly signed delivery means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Understanding {
    /// Look at this order. It may be gone, or never have been an order: a
    /// `*.deleted` body carries nothing but an id, and some carry another
    /// kind's. Reading it tells.
    Order(OrderId),
    /// The same, as the shop's legacy API writes it: the webhook was made for
    /// that one.
    OldApi(OrderId),
    /// There is nothing to look at.
    NotAnOrder(NotAnOrder),
}

/// Why a delivery gives no hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAnOrder {
    /// Of products, customers or coupons.
    OtherTopic,
    /// No bytes.
    Empty,
    /// Not a JSON object.
    NotAnObject,
    /// An object without an id, or whose id is not a positive whole number.
    NoId,
    /// The shop's error instead of an order: it was deleted for good before
    /// the delivery ran.
    ErrorObject,
    /// The shop's error instead of an order: the user who owns the webhook
    /// may not read orders any more. Somebody has to give them the right
    /// back, or make the webhook anew.
    OwnerLostRights,
    /// A customer is still typing.
    Draft,
}

impl NotAnOrder {
    /// A stable word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OtherTopic => "other_topic",
            Self::Empty => "empty",
            Self::NotAnObject => "not_an_object",
            Self::NoId => "no_id",
            Self::ErrorObject => "error_object",
            Self::OwnerLostRights => "owner_lost_rights",
            Self::Draft => "draft",
        }
    }
}

/// Reads a delivery whose signature holds.
pub fn understand(topic: Topic, body: &[u8]) -> Understanding {
    let read = match topic.resource {
        Resource::Order => order(body),
        _ => Err(NotAnOrder::OtherTopic),
    };
    read.unwrap_or_else(Understanding::NotAnOrder)
}

/// Whether this is the ping that the shop sends when a webhook is made or
/// its URL changes: form-encoded, unsigned, and to be answered with 200.
pub fn is_ping(content_type: Option<&str>, body: &[u8]) -> bool {
    let form = content_type.is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    let id = body.strip_prefix(b"webhook_id=").unwrap_or_default();
    form && (1..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit)
}

fn order(body: &[u8]) -> Result<Understanding, NotAnOrder> {
    if body.is_empty() {
        return Err(NotAnOrder::Empty);
    }
    let head: Head = serde_json::from_slice(body).map_err(|_| NotAnOrder::NotAnObject)?;
    match (&head.id, &head.code, &head.order) {
        (Field::Number(id), ..) if *id > 0 => unless_draft(*id, &head.status).map(Understanding::Order),
        (Field::Other, Field::Other, Inner { id: Field::Number(id), status }) if *id > 0 => {
            unless_draft(*id, status).map(Understanding::OldApi)
        }
        _ => Err(head.without_id()),
    }
}

fn unless_draft(id: u64, status: &Field) -> Result<OrderId, NotAnOrder> {
    match status {
        // `auto-draft` is the admin's empty form.
        Field::Text(status) if status == "checkout-draft" || status == "auto-draft" => Err(NotAnOrder::Draft),
        _ => Ok(OrderId(id)),
    }
}

/// The only fields that are looked at.
#[derive(Default)]
struct Head {
    id: Field,
    status: Field,
    code: Field,
    /// In the legacy API's answers the order is a member.
    order: Inner,
}

/// What is looked at of an order that is a member.
#[derive(Default)]
struct Inner {
    id: Field,
    status: Field,
}

impl Head {
    fn without_id(self) -> NotAnOrder {
        match self.code {
            Field::Text(code) if code == "woocommerce_rest_cannot_view" => NotAnOrder::OwnerLostRights,
            Field::Text(_) => NotAnOrder::ErrorObject,
            Field::Number(_) | Field::Other => NotAnOrder::NoId,
        }
    }
}

/// The value of a field, as far as it matters.
#[derive(Default)]
enum Field {
    Number(u64),
    Text(String),
    #[default]
    Other,
}

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadVisitor)
    }
}

/// Skips what it does not look at without recursion, so that no depth of
/// nesting reaches the end of the stack.
struct HeadVisitor;

impl<'de> Visitor<'de> for HeadVisitor {
    type Value = Head;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head, A::Error> {
        let mut head = Head::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "id" => head.id = map.next_value()?,
                "status" => head.status = map.next_value()?,
                "code" => head.code = map.next_value()?,
                "order" => head.order = map.next_value::<Member>()?.0,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(head)
    }
}

/// Whatever is under `order`: also what is no object.
struct Member(Inner);

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor).map(Self)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Inner;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_u64<E>(self, _: u64) -> Result<Inner, E> {
        Ok(Inner::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Inner, E> {
        Ok(Inner::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Inner, E> {
        Ok(Inner::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Inner, E> {
        Ok(Inner::default())
    }

    fn visit_unit<E>(self) -> Result<Inner, E> {
        Ok(Inner::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Inner, E> {
        Ok(Inner::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Inner, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Inner::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Inner, A::Error> {
        let mut inner = Inner::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "id" => inner.id = map.next_value()?,
                "status" => inner.status = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(inner)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Field, E> {
        Ok(Field::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
