//! The statistics of the last 24 hours as lines. They do not depend on color.

use crate::console::cx::Cx;
use crate::console::intent::{Intent, OverlayEvent};
use crate::console::overlays::reading::Text;
use crate::console::words;
use crate::domain::costs::sums::{CostsBy, CostsQuery, CostsView};
use crate::domain::monitoring::gauge::{
    ACKNOWLEDGED, DELIVERED, HourBar, Metric, REPLIED, StatisticsView, bar, columns,
};
use crate::domain::query::{Answer, Query};
use crate::domain::text::clean_line;

/// Selects a number from an hour's statistics.
type Column = fn(&HourBar) -> u32;

/// The costs that are shown.
const COSTS: CostsQuery = CostsQuery { by: CostsBy::Number, hours: Some(24), from: None, to: None };

/// Messages that deviate from the rate card, as many as are listed.
const MAX_DEVIATIONS: usize = 20;

/// Width of a bar, in cells.
const BAR: usize = 20;

/// The statistics; `None` while they load.
#[derive(Debug, Default)]
pub(in crate::console) struct Statistics {
    view: Option<StatisticsView>,
    costs: Option<CostsView>,
}

impl Text for Statistics {
    fn title(&self) -> &'static str {
        "Statistics of the last 24 hours"
    }

    fn opened(&mut self, _: &Cx) -> Vec<Intent> {
        vec![Intent::Ask(Query::Statistics { hours: 24 }), Intent::Ask(Query::Costs(COSTS))]
    }

    fn update(&mut self, cx: &Cx, event: &OverlayEvent<'_>) -> Vec<Intent> {
        match event {
            OverlayEvent::Answered(Query::Statistics { .. }, Answer::Statistics(view)) => {
                self.view = Some((**view).clone());
            }
            OverlayEvent::Answered(Query::Costs(COSTS), Answer::Costs(view)) => self.costs = Some((**view).clone()),
            OverlayEvent::Forgets => {
                (self.view, self.costs) = (None, None);
                return self.opened(cx);
            }
            _ => {}
        }
        vec![]
    }

    fn lines(&self, cx: &Cx) -> Vec<String> {
        let Some(view) = &self.view else { return vec!["Loading …".into()] };
        let mut lines = targets(cx, view);
        for (by, title) in [("connection", "Numbers"), ("template", "Templates"), ("author", "Authors")] {
            let rows: Vec<&Metric> = view.metrics.iter().filter(|gauge| gauge.by == by).collect();
            if !rows.is_empty() {
                lines.extend([String::new(), title.to_owned()]);
                lines.extend(rows.into_iter().map(|gauge| target_line(cx, gauge)));
            }
        }
        lines.extend(hours(cx, view));
        lines.extend(self.costs.as_ref().map(|view| costs(cx, view)).unwrap_or_default());
        lines
    }
}

/// Returns the lines with the targets and the current values.
fn targets(cx: &Cx, view: &StatisticsView) -> Vec<String> {
    let ascii = cx.settings.theme.ascii;
    let mut lines = vec![format!("since {}", words::exact(view.since, cx.zone())), String::new()];
    let met = |fine: bool| if fine { "met" } else { "MISSED" };
    lines.push("Targets".into());
    let connections: Vec<&Metric> = view.metrics.iter().filter(|gauge| gauge.by == "connection").collect();
    let delivered: u32 = connections.iter().map(|gauge| gauge.delivered).sum();
    let failed: u32 = connections.iter().map(|gauge| gauge.failed).sum();
    // Counts only conversations that were started with a template; a reply to a contact's question needs no reply.
    let begun = view.metrics.iter().filter(|gauge| gauge.by == "template");
    let (reached, replied) = begun.fold((0, 0), |sum, gauge| (sum.0 + gauge.delivered, sum.1 + gauge.replied));
    let rate = |part: u32, of: u32| (of > 0).then(|| f64::from(part) * 100.0 / f64::from(of));
    for (name, part, of, target) in
        [("delivered", delivered, delivered + failed, DELIVERED), ("replied", replied, reached, REPLIED)]
    {
        lines.push(match rate(part, of) {
            Some(rate) => {
                format!(
                    "  {name:<12} {} {rate:>5.1} %   above {target:.0} %: {} ({part} of {of})",
                    bar(rate, 100.0, BAR, ascii),
                    met(rate > target)
                )
            }
            None => format!("  {name:<12} no data yet"),
        });
    }
    lines.push(match view.ack_ms {
        Some((half, most, nearly)) => format!(
            "  {:<12} {} {most:>5} ms  within {ACKNOWLEDGED} ms: {} (p50 {half}, p99 {nearly} ms)",
            "webhooks",
            bar(most as f64, ACKNOWLEDGED as f64, BAR, ascii),
            met(nearly < ACKNOWLEDGED)
        ),
        None => format!("  {:<12} none received yet", "webhooks"),
    });
    lines.push(format!("  {:<12} exceeded {} times: {}", "limits", view.breaches, met(view.breaches == 0)));
    let oldest = view.oldest_queued_at.map(|at| format!(", the oldest for {}", words::age(at, cx.now)));
    lines.push(format!("  {:<12} {}{}", "queued", view.queued, oldest.unwrap_or_default()));
    lines
}

/// Returns the lines with one column for each hour.
fn hours(cx: &Cx, view: &StatisticsView) -> Vec<String> {
    let ascii = cx.settings.theme.ascii;
    let mut lines = vec![];
    lines.extend([String::new(), "Last 24 hours, one column per hour, newest at the right".into()]);
    let hour = cx.now.millis() / 3_600_000;
    for (name, of) in
        [("received", (|bar| bar.inbound) as Column), ("sent", |bar| bar.sent), ("failed", |bar| bar.failed)]
    {
        let values: Vec<u32> =
            (hour - 23..=hour).map(|at| view.hours.iter().find(|bar| bar.hour == at).map_or(0, of)).collect();
        let (sum, most) = (values.iter().sum::<u32>(), values.iter().max().copied().unwrap_or(0));
        lines.push(format!("  {name:<12} {}  {sum} in total, at most {most} per hour", columns(&values, ascii)));
    }
    lines
}

/// What the messages cost, by number.
fn costs(cx: &Cx, view: &CostsView) -> Vec<String> {
    let mut lines = vec![String::new(), "Costs".to_owned()];
    if view.total.messages == 0 {
        lines.push("  No messages sent.".to_owned());
    }
    for row in view.rows.iter().chain(Some(&view.total).filter(|_| view.rows.len() > 1)) {
        let name = words::pad(&clean_line(&row.name), 20, cx.settings.theme.ellipsis());
        lines.push(format!("  {name} {} for {} of {} messages", row.sum(), row.charged, row.messages));
        for (what, counts) in [("free", &row.free), ("not known", &row.not_known)] {
            lines.extend(counts.iter().map(|(why, count)| format!("    {count} {what}: {}", clean_line(why))));
        }
    }
    if view.total.deviations > 0 {
        lines.push(format!("  {} messages deviate from the rate card:", view.total.deviations));
        let shown = view.deviations.iter().take(MAX_DEVIATIONS);
        lines.extend(shown.map(|one| format!("    {} {}", one.message, clean_line(&one.differs.join("; ")))));
    }
    lines
}

fn target_line(cx: &Cx, gauge: &Metric) -> String {
    let name = words::pad(&clean_line(&gauge.name), 20, cx.settings.theme.ellipsis());
    let rate = |rate: Option<f64>| rate.map_or_else(|| "    -".to_owned(), |rate| format!("{rate:>3.0} %"));
    let delivered = gauge.delivery_rate();
    format!(
        "  {name} {} {} delivered  {} replied  {} sent, {} failed, {} open",
        bar(delivered.unwrap_or(0.0), 100.0, 10, cx.settings.theme.ascii),
        rate(delivered),
        rate(gauge.reply_rate()),
        gauge.sent,
        gauge.failed,
        gauge.pending
    )
}
