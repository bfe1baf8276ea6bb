//! What the command prints about stock.

use weir_simulation::stock::excess::{Cause, Sold};

/// How many units were sold, and how those came about that nobody had.
pub(crate) fn sold(sold: &Sold) {
    println!(
        "{} units sold; {} raises by us, {} of them overtaken by what happened since the facts were read",
        sold.units, sold.raises, sold.late_raises
    );
    println!("\nunits that shops showed and nobody had, by how that came about:");
    println!("  {:>8} {:>10} {:>9} {:>7}", "oversold", "taken back", "average s", "99 % s");
    for cause in Cause::ALL.into_iter().filter(|cause| *cause != Cause::Baseline) {
        let seconds =
            |known: Option<u64>| known.map_or_else(|| "-".to_owned(), |seconds| seconds.to_string());
        println!(
            "  {:>8} {:>10} {:>9} {:>7}  {}",
            sold.by(cause),
            sold.stood_at_all(cause),
            seconds(sold.stood_on_average(cause)),
            seconds(sold.stood(cause, 990)),
            cause.meaning()
        );
    }
    println!(
        "{} units kept back in the end: of orders deleted for good that nobody had read, or whose deletion nobody told",
        sold.kept_back
    );
}
