//! What people are told of a parcel, in the words of the configuration.

use jiff::tz::TimeZone;

use super::{OrderNote, Parcel};
use crate::config::NoteConfig;

/// The note about a parcel. A word in braces whose value the ERP does not
/// know is left out.
pub fn note(parcel: &Parcel, config: &NoteConfig) -> OrderNote {
    let date = TimeZone::UTC.to_datetime(parcel.shipped_at).date().to_string();
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    let text = config
        .text
        .replace("{date}", &date)
        .replace("{carrier}", &optional(&parcel.carrier))
        .replace("{tracking}", &optional(&parcel.tracking))
        .replace("{link}", &optional(&parcel.link));
    // A shop drops these, and would not show the text that is looked for.
    let text = text.replace(['\\', '<', '>'], " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    OrderNote { text, to_customer: config.to_customer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ParcelId;

    #[test]
    fn what_is_not_known_is_left_out() {
        let config = NoteConfig {
            text: "Sent on {date} by {carrier}, number {tracking} {link}".to_owned(),
            to_customer: true,
        };
        let mut parcel = Parcel {
            id: ParcelId("1".to_owned()),
            shipped_at: "2026-11-28T23:30:00Z".parse().unwrap(),
            carrier: Some("UPS".to_owned()),
            tracking: Some("1Z9".to_owned()),
            link: Some("https://ups.example/1Z9".to_owned()),
            lines: Vec::new(),
        };
        let said = note(&parcel, &config);
        assert_eq!(said.text, "Sent on 2026-11-28 by UPS, number 1Z9 https://ups.example/1Z9");
        assert!(said.to_customer);
        parcel.link = None;
        assert_eq!(note(&parcel, &config).text, "Sent on 2026-11-28 by UPS, number 1Z9");
        parcel.carrier = Some("U\\P <b>S".to_owned());
        assert_eq!(note(&parcel, &config).text, "Sent on 2026-11-28 by U P b S, number 1Z9");
    }
}
