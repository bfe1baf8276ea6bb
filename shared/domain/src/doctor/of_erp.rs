//! What the ERP says about itself.

use super::finding::{Finding, named};
use super::settings::clock;
use super::{ErpFacts, ErpName, ErpRight, Found};
use crate::outcome::CallError;
use crate::ports::{Capabilities, Once, TaxBasis};

const REACHED: &str = "erp_reachable";
const NAMES: &str = "erp_names";
const RIGHTS: &str = "erp_rights";

pub(super) fn erp(facts: &Result<ErpFacts, CallError>) -> Vec<Finding> {
    match facts {
        Ok(facts) => {
            let mut findings = vec![
                reached(facts),
                clock("erp_clock", "The ERP's", &facts.clock_ahead),
                once(&facts.capabilities),
                tax(&facts.capabilities),
            ];
            findings.extend(names(&facts.names));
            findings.extend(rights(&facts.rights));
            findings
        }
        Err(error) => vec![unreachable(error)],
    }
}

fn unreachable(error: &CallError) -> Finding {
    let todo = match error {
        CallError::Blocked { .. } => {
            "Check `url` and `database` of the ERP's document, that its user application key is in the secret \
             and validated, and that no firewall answers in the ERP's place."
        }
        _ => {
            "Check that the ERP runs and that Weir's network reaches it: its name, its certificate, and for a \
             private address `allow_private` and the VPC."
        }
    };
    Finding::fault(REACHED, format!("The ERP cannot be asked. {error}"), todo)
}

fn reached(facts: &ErpFacts) -> Finding {
    match &facts.version {
        Ok(version) => Finding::good(REACHED, format!("{version} answers and takes the key.")),
        Err(_) => Finding::good(REACHED, "The ERP answers and takes the key."),
    }
}

/// People should know which guarantee they have.
fn once(promised: &Capabilities) -> Finding {
    const CHECK: &str = "erp_once";
    let (longest, lag) = (promised.longest_request.as_secs(), promised.lookup_lag.as_secs());
    match promised.once {
        Once::NativeKey => {
            Finding::good(CHECK, "The ERP refuses a second document of the same order: once is certain.")
        }
        Once::Conditional => Finding::good(
            CHECK,
            "The ERP heeds a precondition: an order is booked once, however often it is sent.",
        ),
        Once::LockOnly => Finding::warning(
            CHECK,
            format!(
                "Only Weir's claim and look-up keep an order from being booked twice: they hold while the ERP \
                 commits within {longest} s and shows what it committed within {lag} s."
            ),
            "Set longest_request_s to the slowest that the ERP can be, and look at the nightly match.",
        ),
    }
}

fn tax(promised: &Capabilities) -> Finding {
    const CHECK: &str = "erp_tax";
    match promised.tax {
        TaxBasis::Given => Finding::good(CHECK, "The ERP books the tax that the shop charged."),
        TaxBasis::Computed => Finding::good(
            CHECK,
            "The ERP computes tax itself; a bounded adjustment makes each sum the shop's, to the cent.",
        ),
    }
}

fn names(all: &[ErpName]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = all.iter().filter_map(name).collect();
    let right: Vec<&str> = all
        .iter()
        .filter(|name| matches!(name.found, Ok(Found::Right { .. })))
        .map(|name| name.field.as_str())
        .collect();
    if findings.is_empty() {
        findings
            .push(Finding::good(NAMES, format!("Every record that is named is there: {}.", named(right))));
    }
    findings
}

fn name(name: &ErpName) -> Option<Finding> {
    let ErpName { field, value, kind, found } = name;
    let todo = format!("Correct {field} in the ERP's document, or make the record there.");
    match found {
        Ok(Found::Right { .. }) => None,
        Ok(Found::Missing) => {
            let what = format!("{field} is {value}: the ERP has no such {kind}, or the key may not see it.");
            Some(Finding::fault(NAMES, what, todo))
        }
        Ok(Found::Unfit(why)) => Some(Finding::fault(
            NAMES,
            format!("{field} is {value}: that {kind} cannot be used, {why}."),
            todo,
        )),
        Err(why) => Some(Finding::unread(NAMES, &format!("{field} ({kind} {value})"), why, &todo)),
    }
}

fn rights(all: &[ErpRight]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = all.iter().filter_map(right).collect();
    if findings.is_empty() && !all.is_empty() {
        findings
            .push(Finding::good(RIGHTS, format!("The key has the {} rights that are needed.", all.len())));
    }
    findings
}

fn right(right: &ErpRight) -> Option<Finding> {
    let ErpRight { right, without, granted } = right;
    let todo = "Add the key's user to the ERP's groups that have this right.";
    match granted {
        Ok(true) => None,
        Ok(false) => {
            Some(Finding::fault(RIGHTS, format!("The key has no right to {right}: {without}."), todo))
        }
        Err(why) => Some(Finding::unread(RIGHTS, &format!("The right to {right}"), why, todo)),
    }
}
