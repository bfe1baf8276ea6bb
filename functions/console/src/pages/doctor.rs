//! What the doctor found about a store and its ERPs, worst first.

use maud::{Markup, html};
use weir_domain::doctor::{Finding, Report, Verdict};
use weir_domain::id::StoreId;

use super::layout::{Frame, page};
use super::parts::{Column, Tone, calm, count, long, table, tag, text};
use super::words::spaced;

/// The page: before it is asked, and with its report.
pub fn render(frame: &Frame, stores: &[StoreId], report: Option<&Report>) -> Markup {
    let content = html! {
        h1 { "Doctor" }
        p.lead { "Looks at a store and its ERPs, and says what to do before it goes live or when something is odd. It changes nothing." }
        form.filter action="/console/doctor" {
            div { label for="store" { "Store" } select #store name="store" { @for store in stores {
                option value=(store) selected[report.is_some_and(|report| report.store == *store)] { (store) }
            } } }
            div { button { "Examine" } }
        }
        @if let Some(report) = report { (found(report)) }
        @else { p.dim { "It asks the shop and its ERPs some dozen questions: that takes some seconds." } }
    };
    page(frame, "/doctor", "Doctor", &content)
}

fn found(report: &Report) -> Markup {
    let of = |verdict| report.findings().filter(|finding| finding.verdict == verdict).count() as u64;
    let (bad, warnings) = (of(Verdict::Bad), of(Verdict::Warning));
    html! {
        @if bad == 0 && warnings == 0 {
            (calm(&format!("{} is as it should be.", report.store)))
        } @else {
            p.sentence {
                @if bad > 0 { (count(bad, "thing", "things")) " will not work" } @else { "All will work" }
                @if warnings > 0 { "; " (count(warnings, "thing", "things")) " should be looked at" }
                "."
            }
        }
        (section(&format!("The shop {}", report.store), &report.shop))
        @for erp in &report.erps { (section(&format!("The ERP {}", erp.erp), &erp.findings)) }
        (section("Between them", &report.between))
    }
}

fn section(title: &str, findings: &[Finding]) -> Markup {
    const COLUMNS: [Column; 4] = [text("Check"), text("Verdict"), long("What was found"), long("What to do")];
    let mut findings: Vec<&Finding> = findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    let rows = findings.iter().map(|finding| {
        let (tone, said) = match finding.verdict {
            Verdict::Good => (Tone::Good, "good"),
            Verdict::Warning => (Tone::Slow, "look"),
            Verdict::Bad => (Tone::Bad, "bad"),
        };
        vec![
            html! { (spaced(finding.check)) },
            html! { (tag(tone, said)) },
            html! { (finding.what) },
            html! { (finding.todo) },
        ]
    });
    html! { @if !findings.is_empty() { h2 { (title) } (table("The worst first", &COLUMNS, rows)) } }
}
