//! Statistics and explanations as lines. They do not depend on color.

use crate::console::{Console, words};
use crate::domain::monitoring::gauge::{ACKNOWLEDGED, DELIVERED, HourBar, Metric, REPLIED, bar, columns};
use crate::domain::text::clean_line;

type Column = fn(&HourBar) -> u32;

/// Cells of a bar.
const BAR: usize = 20;

impl Console {
    /// Returns the statistics of the last 24 hours as lines.
    pub(in crate::console) fn gauge_lines(&self) -> Vec<String> {
        let Some(view) = &self.loaded.gauges else { return vec!["Loading …".into()] };
        let ascii = self.cx.settings.theme.ascii;
        let mut lines = vec![format!("since {}", words::exact(view.since, self.cx.zone())), String::new()];
        let met = |fine: bool| if fine { "met" } else { "MISSED" };
        lines.push("Targets".into());
        let connections: Vec<&Metric> = view.gauges.iter().filter(|gauge| gauge.by == "connection").collect();
        let delivered: u32 = connections.iter().map(|gauge| gauge.delivered).sum();
        let failed: u32 = connections.iter().map(|gauge| gauge.failed).sum();
        // Only conversations that we started: a reply to a question needs no reply.
        let begun = view.gauges.iter().filter(|gauge| gauge.by == "template");
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
        let oldest = view.oldest_queued_at.map(|at| format!(", the oldest for {}", words::age(at, self.cx.now)));
        lines.push(format!("  {:<12} {}{}", "queued", view.queued, oldest.unwrap_or_default()));
        for (by, title) in [("connection", "Numbers"), ("template", "Templates"), ("author", "Authors")] {
            let rows: Vec<&Metric> = view.gauges.iter().filter(|gauge| gauge.by == by).collect();
            if rows.is_empty() {
                continue;
            }
            lines.extend([String::new(), title.to_owned()]);
            for gauge in rows {
                lines.push(self.gauge_line(gauge));
            }
        }
        lines.extend([String::new(), "Last 24 hours, one column per hour, newest at the right".into()]);
        let hour = self.cx.now.millis() / 3_600_000;
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

    fn gauge_line(&self, gauge: &Metric) -> String {
        let name = words::pad(&clean_line(&gauge.name), 20, self.cx.settings.theme.ellipsis());
        let rate = |rate: Option<f64>| rate.map_or_else(|| "    -".to_owned(), |rate| format!("{rate:>3.0} %"));
        let delivered = gauge.delivery_rate();
        format!(
            "  {name} {} {} delivered  {} replied  {} sent, {} failed, {} open",
            bar(delivered.unwrap_or(0.0), 100.0, 10, self.cx.settings.theme.ascii),
            rate(delivered),
            rate(gauge.reply_rate()),
            gauge.sent,
            gauge.failed,
            gauge.pending
        )
    }

    /// Returns the explanation as lines: the verdict, the remedy, then the chain of causes.
    pub(in crate::console) fn why_lines(&self) -> Vec<String> {
        let Some(why) = &self.loaded.why else { return vec!["Loading …".into()] };
        let mut lines = vec![
            format!("{}  {}", clean_line(&why.id), clean_line(&why.about)),
            String::new(),
            clean_line(&why.answer),
        ];
        if !why.remedy.is_empty() {
            lines.push(format!("{} {}", self.cx.settings.theme.pick("→", ">"), clean_line(&why.remedy)));
        }
        lines.extend([String::new(), "Causes".to_owned()]);
        for cause in &why.chain {
            let at =
                cause.at.map_or_else(|| "        ".to_owned(), |at| words::clock_to_the_second(at, self.cx.zone()));
            let about = cause.about.as_deref().map(|about| format!("  ({})", clean_line(about))).unwrap_or_default();
            lines.push(format!("  {at}  {}{about}", clean_line(&cause.said)));
        }
        lines
    }
}
