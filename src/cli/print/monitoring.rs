//! Prints contacts, expiring windows, alerts, filters, jobs, statistics and explanations as text.

use super::layout::{at, shortened, table};
use crate::domain::contacts::view::ContactRow;
use crate::domain::monitoring::gauge::{Metric, StatisticsView, bar};
use crate::domain::outbox::job::JobView;
use crate::domain::query::Answer;
use crate::domain::text::clean_line;
use crate::domain::why::Why;

/// Returns the text form; `None` for other answers.
pub(in crate::cli) fn text(answer: &Answer) -> Option<String> {
    Some(match answer {
        Answer::Contacts(rows) => {
            table("contacts", &["id", "name", "addresses", "threads", "note"], rows.iter().map(contact).collect())
        }
        Answer::Radar(rows) => table(
            "expiring windows",
            &["thread", "contact", "window closes", "owner", "last message", "after closing"],
            rows.iter()
                .map(|row| {
                    vec![
                        row.thread.id.to_string(),
                        row.thread.contact.display_name(),
                        row.thread.window_closes_at.map_or_else(String::new, at),
                        row.owner.as_deref().map_or_else(|| "nobody".into(), clean_line),
                        shortened(&row.thread.last_text.line()),
                        row.cost.clone(),
                    ]
                })
                .collect(),
        ),
        Answer::Alerts(rows) => table(
            "alerts",
            &["id", "kind", "times", "last", "acknowledged by", "what"],
            rows.iter()
                .map(|row| {
                    let seen = row.acked.as_ref().map_or_else(|| "nobody".into(), |(by, _)| clean_line(by));
                    vec![
                        row.id.to_string(),
                        row.kind.clone(),
                        row.count.to_string(),
                        at(row.last_at),
                        seen,
                        row.said.line(),
                    ]
                })
                .collect(),
        ),
        Answer::Views(rows) => table(
            "saved filters",
            &["name", "count", "terms"],
            rows.iter().map(|row| vec![clean_line(&row.name), row.count.to_string(), clean_line(&row.terms)]).collect(),
        ),
        Answer::Replies(rows) => table(
            "canned replies",
            &["short", "from", "text"],
            rows.iter()
                .map(|row| {
                    vec![format!("/{}", clean_line(&row.short)), row.source.name().into(), clean_line(&row.text)]
                })
                .collect(),
        ),
        Answer::Reply(text) => text.clone(),
        Answer::Labels(rows) => table(
            "labels",
            &["organization", "label", "threads"],
            rows.iter()
                .map(|row| vec![clean_line(&row.organization), clean_line(&row.label), row.threads.to_string()])
                .collect(),
        ),
        Answer::Jobs(rows) => table(
            "bulk jobs",
            &["id", "action", "state", "done", "refused", "of", "terms", "last reason"],
            rows.iter().map(bulk_job).collect(),
        ),
        Answer::Bulk(preview) => preview.counts(),
        Answer::Notes(notes) => table(
            "notes",
            &["at", "by", "note"],
            notes.iter().map(|note| vec![at(note.at), clean_line(&note.author), note.words.line()]).collect(),
        ),
        Answer::Why(why) => why_text(why),
        Answer::Statistics(view) => statistics_text(view),
        Answer::Costs(view) => super::costs::costs_text(view),
        Answer::Export(text) => text.trim_end().to_owned(),
        _ => return None,
    })
}

fn contact(row: &ContactRow) -> Vec<String> {
    let threads = row.threads.iter().map(|(thread, _, connection)| format!("{thread} via {}", clean_line(connection)));
    let merged = (row.merged > 0).then(|| format!("{} merged into it", row.merged));
    let wish = Some(row.wish()).filter(|wish| !wish.is_empty());
    let note = row.note.as_ref().map(|note| shortened(&note.line()));
    let remarks: Vec<String> = [merged, wish, note].into_iter().flatten().collect();
    vec![
        row.id.to_string(),
        row.contact.display_name(),
        row.addresses.iter().map(|one| clean_line(one)).collect::<Vec<_>>().join(", "),
        threads.collect::<Vec<_>>().join(", "),
        remarks.join("; "),
    ]
}

fn bulk_job(row: &JobView) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.action.name().into(),
        row.state.name().into(),
        row.done.to_string(),
        row.refused.to_string(),
        row.total.to_string(),
        clean_line(&row.terms),
        row.said.as_deref().map_or_else(String::new, clean_line),
    ]
}

fn why_text(why: &Why) -> String {
    let mut lines = vec![clean_line(&why.answer)];
    if !why.remedy.is_empty() {
        lines.push(clean_line(&why.remedy));
    }
    lines.push(String::new());
    for cause in &why.chain {
        let time = cause.at.map_or_else(|| " ".repeat(20), at);
        let about = cause.about.as_deref().map(|about| format!(" ({})", clean_line(about))).unwrap_or_default();
        lines.push(format!("{time}  {}{about}", clean_line(&cause.said)));
    }
    lines.join("\n")
}

fn statistics_text(view: &StatisticsView) -> String {
    let percent = |rate: Option<f64>| rate.map_or_else(|| "-".into(), |rate| format!("{rate:.1} %"));
    let row = |gauge: &Metric| {
        vec![
            gauge.by.clone(),
            clean_line(&gauge.name),
            bar(gauge.delivery_rate().unwrap_or(0.0), 100.0, 10, true),
            percent(gauge.delivery_rate()),
            percent(gauge.reply_rate()),
            gauge.sent.to_string(),
            gauge.failed.to_string(),
            gauge.pending.to_string(),
        ]
    };
    let rows = table(
        "messages",
        &["by", "name", "", "delivered", "replied", "sent", "failed", "open"],
        view.metrics.iter().map(row).collect(),
    );
    let ack = view.ack_ms.map_or_else(
        || "no webhook received yet".into(),
        |(half, most, nearly)| {
            format!("webhooks acknowledged within {half} ms (p50), {most} ms (p95), {nearly} ms (p99)")
        },
    );
    format!("since {}\n{rows}\n{ack}\nlimits exceeded: {}", at(view.since), view.breaches)
}
