//! What was just done, said once after the redirect. The address carries a
//! word of a fixed vocabulary, never text.

use maud::{Markup, html};

/// Word in the address → sentence.
const SENTENCES: [(&str, &str); 19] = [
    ("retry", "Done: the order goes on now."),
    ("replay", "Done: the order is read again in the shop and in the ERP."),
    ("hold", "Done: nothing happens to the order until somebody retries it."),
    ("skip", "Done: nothing more is done for the order."),
    ("accept", "Done: it stays as it is, until it changes."),
    ("rebook", "Done: its sales order is looked for once more and, if it is not there, made again."),
    ("write_off", "Done: its units are for sale again, until the shop changes the order."),
    ("adopt", "Done: the document is its sales order now. Both sides are compared next."),
    ("mapping", "The mapping is stored. Orders that stopped before it still stand: release them."),
    ("mapping_release", "The mapping is stored, and its orders are being released."),
    ("mapping_only", "The mapping is stored. The release of its orders did not begin: begin it here."),
    (
        "mapping_under_way",
        "The mapping is stored. A release of its orders is under way already, and goes on; orders that it tried before may stand here again: release them when it has ended.",
    ),
    ("release", "The orders are being released."),
    ("backfill", "The backfill has begun. It goes on every minute."),
    ("stop", "The job is stopped. It can be resumed where it stopped."),
    ("resume", "The job goes on with the next minute."),
    ("redrive", "Dead letters were sent to their queue again."),
    ("redrive_none", "Nothing was sent: there was no dead letter that could be."),
    ("delete", "The dead letter is deleted."),
];

/// What the page says; unknown words say nothing.
pub(crate) fn flash(word: Option<&str>) -> Option<Markup> {
    let (word, said) = SENTENCES.iter().find(|(known, _)| Some(*known) == word)?;
    let nothing = matches!(*word, "redrive_none" | "mapping_only" | "mapping_under_way");
    Some(html! { p.flash.no[nothing] role="status" { (said) } })
}

/// Whether a word has a sentence: what handlers send must have one.
pub fn is_known(word: &str) -> bool {
    SENTENCES.iter().any(|(known, _)| *known == word)
}
