use weir_domain::doctor::Verdict::{Bad, Good, Warning};
use weir_domain::doctor::{Found, Unread};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Once, TaxBasis};

use crate::world::{healthy, spoiled, still_good};

#[test]
fn an_erp_that_cannot_be_asked_has_one_finding() {
    for (error, todo) in [
        (CallError::blocked("401: the key is refused"), "application key"),
        (CallError::retry_soon("no connection"), "network"),
        (CallError::unknown("status 500"), "network"),
    ] {
        let found = spoiled("erp_reachable", Bad, |world| world.erp = Err(error.clone()));
        assert!(found[0].todo.contains(todo), "{error}: {found:?}");
    }
    let mut world = healthy();
    world.erp = Err(CallError::retry_soon("no connection"));
    let report = world.report();
    assert_eq!(report.erps[0].findings.len(), 1);
    assert_eq!(report.shop.iter().map(|finding| finding.verdict).max(), Some(Good));
    still_good("erp_reachable", |world| world.erp_facts().version = Err(Unread::NotThere));
}

#[test]
fn people_are_told_which_guarantee_they_have() {
    still_good("erp_once", |world| world.erp_facts().capabilities.once = Once::Conditional);
    let found = spoiled("erp_once", Warning, |world| world.erp_facts().capabilities.once = Once::LockOnly);
    assert!(found[0].what.contains("60 s"), "{found:?}");
    still_good("erp_tax", |world| world.erp_facts().capabilities.tax = TaxBasis::Given);
}

#[test]
fn what_the_document_names_is_there_and_fits() {
    let found = spoiled("erp_names", Bad, |world| world.erp_facts().names[0].found = Ok(Found::Missing));
    assert!(found[0].what.contains("taxes.DE19 is 7"), "{found:?}");
    let unfit = Found::Unfit("it is of another company".to_owned());
    let found = spoiled("erp_names", Bad, |world| world.erp_facts().names[0].found = Ok(unfit));
    assert!(found[0].what.contains("of another company"), "{found:?}");
    spoiled("erp_names", Warning, |world| world.erp_facts().names[0].found = Err(Unread::Refused));
}

#[test]
fn rights_are_there() {
    let found = spoiled("erp_rights", Bad, |world| world.erp_facts().rights[0].granted = Ok(false));
    assert!(found[0].what.contains("create sale.sale: orders are not booked"), "{found:?}");
    spoiled("erp_rights", Warning, |world| {
        world.erp_facts().rights[0].granted = Err(Unread::Failed("status 500".to_owned()));
    });
}
