//! Collections: filters, order, pages and their headers.

use jiff::Timestamp;

use crate::dates::{QueryDate, ShopZone};
use crate::doc::Doc;
use crate::error::{ApiError, ApiResult, ParamFault};
use crate::wire::{Reply, Request};

/// What every collection can be asked.
#[derive(Debug)]
pub(crate) struct ListArgs {
    page: usize,
    per_page: usize,
    offset: Option<usize>,
    ascending: bool,
    orderby: String,
    include: Vec<u64>,
    exclude: Vec<u64>,
    is_gmt: bool,
    after: Option<QueryDate>,
    before: Option<QueryDate>,
    modified_after: Option<QueryDate>,
    modified_before: Option<QueryDate>,
    pub(crate) search: Option<String>,
}

/// What a collection needs to know of an item to select and sort it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) id: u64,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

impl ListArgs {
    /// Reads the query, adding what is wrong with it to `faults`.
    pub(crate) fn parse(
        request: &Request,
        zone: ShopZone,
        orderings: &[&str],
        faults: &mut Vec<ParamFault>,
    ) -> Self {
        let page = whole(request, "page", 1, usize::MAX, faults).unwrap_or(1);
        let per_page = whole(request, "per_page", 1, 100, faults).unwrap_or(10);
        let mut date = |name: &str| {
            let text = request.param(name)?;
            let date = QueryDate::parse(text, zone);
            if date.is_none() {
                faults.push(ParamFault::other(name, "rest_invalid_date", "Invalid date."));
            }
            date
        };
        let (after, before) = (date("after"), date("before"));
        let (modified_after, modified_before) = (date("modified_after"), date("modified_before"));
        let order = one_of(request, "order", &["asc", "desc"], faults);
        let orderby = one_of(request, "orderby", orderings, faults);
        Self {
            page,
            per_page,
            offset: request.param("offset").and_then(|v| v.parse().ok()),
            ascending: order == Some("asc"),
            orderby: orderby.unwrap_or(orderings.first().copied().unwrap_or("date")).to_owned(),
            include: ids(request, "include", faults),
            exclude: ids(request, "exclude", faults),
            is_gmt: request.flag("dates_are_gmt"),
            after,
            before,
            modified_after,
            modified_before,
            search: request.param("search").map(str::to_lowercase).filter(|s| !s.is_empty()),
        }
    }

    fn selects(&self, row: Row, zone: ShopZone) -> bool {
        let created = QueryDate::column(row.created, zone, self.is_gmt);
        let modified = QueryDate::column(row.modified, zone, self.is_gmt);
        (self.include.is_empty() || self.include.contains(&row.id))
            && !self.exclude.contains(&row.id)
            && self.after.is_none_or(|d| d.is_before(created))
            && self.before.is_none_or(|d| d.is_after(created))
            && self.modified_after.is_none_or(|d| d.is_before(modified))
            && self.modified_before.is_none_or(|d| d.is_after(modified))
    }

    /// Selects, sorts and cuts; answers the ids of the page and the total.
    pub(crate) fn cut(&self, mut rows: Vec<Row>, zone: ShopZone) -> (Vec<u64>, usize) {
        rows.retain(|row| self.selects(*row, zone));
        let position = |id: u64| self.include.iter().position(|i| *i == id);
        rows.sort_by(|a, b| match self.orderby.as_str() {
            "id" => a.id.cmp(&b.id),
            "modified" => (a.modified, a.id).cmp(&(b.modified, b.id)),
            "include" => position(a.id).cmp(&position(b.id)),
            _ => (a.created, a.id).cmp(&(b.created, b.id)),
        });
        if !self.ascending && self.orderby != "include" {
            rows.reverse();
        }
        let total = rows.len();
        let start = self.offset.unwrap_or_else(|| (self.page - 1).saturating_mul(self.per_page));
        (rows.into_iter().skip(start).take(self.per_page).map(|r| r.id).collect(), total)
    }

    /// The answer of a collection with its paging headers. `defaults` are the
    /// parameters WordPress adds to the links of that route.
    pub(crate) fn reply(
        &self,
        site: &str,
        request: &Request,
        items: &Doc,
        total: usize,
        defaults: &[(&str, &str)],
    ) -> Reply {
        let past_end = total > 0 && self.page > total.div_ceil(self.per_page);
        // Past the end the shop forgets how many there were.
        let total = if past_end { 0 } else { total };
        let pages = total.div_ceil(self.per_page);
        let mut links = Vec::new();
        if self.page > 1 {
            // Past the end it forgets most of its defaults, too.
            let (previous, known) =
                if past_end { (0, defaults.get(..1).unwrap_or_default()) } else { (self.page - 1, defaults) };
            links.push(link(site, request, previous, "prev", known));
        }
        if self.page < pages {
            links.push(link(site, request, self.page + 1, "next", defaults));
        }
        let reply = Reply::json(200, items)
            .with("X-WP-Total", total.to_string())
            .with("X-WP-TotalPages", pages.to_string());
        if links.is_empty() { reply } else { reply.with("Link", links.join(", ")) }
    }
}

fn link(site: &str, request: &Request, page: usize, rel: &str, defaults: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> = request.query.clone();
    match pairs.iter_mut().find(|(name, _)| name == "page") {
        Some(pair) => pair.1 = page.to_string(),
        None if rel == "prev" => pairs.insert(0, ("page".to_owned(), page.to_string())),
        None => {}
    }
    for (name, value) in defaults {
        let bare = name.split('[').next().unwrap_or(name);
        if request.list(bare).is_empty() {
            pairs.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    if !pairs.iter().any(|(name, _)| name == "page") {
        pairs.push(("page".to_owned(), page.to_string()));
    }
    let query: Vec<String> = pairs.iter().map(|(n, v)| format!("{}={}", percent(n), percent(v))).collect();
    format!("<{site}{}?{}>; rel=\"{rel}\"", request.path, query.join("&"))
}

/// PHP's `urlencode` (with `%20` for blanks).
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

fn whole(
    request: &Request,
    name: &str,
    min: usize,
    max: usize,
    faults: &mut Vec<ParamFault>,
) -> Option<usize> {
    let text = request.param(name)?;
    let Ok(number) = text.parse::<i64>() else {
        faults.push(ParamFault::type_of(name, name, "integer"));
        return None;
    };
    let value = usize::try_from(number).ok().filter(|n| (min..=max).contains(n));
    if value.is_none() {
        let message = if max == usize::MAX {
            format!("{name} must be greater than or equal to {min}")
        } else {
            format!("{name} must be between {min} (inclusive) and {max} (inclusive)")
        };
        faults.push(ParamFault::other(name, "rest_out_of_bounds", message));
    }
    value
}

fn one_of<'a>(
    request: &Request,
    name: &str,
    allowed: &[&'a str],
    faults: &mut Vec<ParamFault>,
) -> Option<&'a str> {
    let text = request.param(name)?;
    let found = allowed.iter().find(|a| **a == text).copied();
    if found.is_none() {
        faults.push(ParamFault::not_in_enum(name, name, allowed));
    }
    found
}

fn ids(request: &Request, name: &str, faults: &mut Vec<ParamFault>) -> Vec<u64> {
    let texts = request.list(name);
    let ids: Vec<u64> = texts.iter().filter_map(|t| t.parse().ok()).collect();
    if ids.len() != texts.len() {
        faults.push(ParamFault::type_of(name, &format!("{name}[0]"), "integer"));
    }
    ids
}

/// Refuses the request if anything was wrong with its parameters.
pub(crate) fn refuse(faults: &[ParamFault]) -> ApiResult<()> {
    if faults.is_empty() { Ok(()) } else { Err(ApiError::invalid_params(faults)) }
}
