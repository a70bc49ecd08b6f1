//! Draws outbox entries as rows, and the details of one with its attempts and statuses.

use super::state::DeliveryPane;
use crate::console::cx::Cx;
use crate::console::draw::row::Row;
use crate::console::draw::sheet::Sheet;
use crate::console::words;
use crate::domain::message::status_view::impossible;
use crate::domain::outbox::entry::EntryState;
use crate::domain::text::clean_line;
use crate::domain::view::{AttemptView, EntryDetail, EntryRow};

impl DeliveryPane {
    pub fn entry_row(cx: &Cx, row: &EntryRow) -> Row {
        let theme = cx.settings.theme;
        let failed = row.status.name() == "failed";
        let (state, style) = match theme.entry(row.state, row.hold.is_some()) {
            (_, _) if failed && row.state.name() == "accepted" => (theme.pick("✗ failed", "x failed"), theme.bad()),
            (_, _) if row.state.name() == "accepted" => theme.status(row.status),
            known => known,
        };
        let later = row.not_before.filter(|at| *at > cx.now);
        let what = match (&row.error, row.hold) {
            (_, None) if row.state == EntryState::Scheduled && row.recalled_by.is_some() => {
                format!("being canceled: {}", row.text.line())
            }
            (_, None) if let Some(at) = later => {
                format!("{} {}", words::moment(at, cx.now, cx.zone()), row.text.line())
            }
            (_, Some(hold)) => format!("until {}: {}", words::moment(row.due_at, cx.now, cx.zone()), hold.words()),
            _ if let Some(behind) = row.behind => format!("waits for {behind} before it: {}", row.text.line()),
            (Some(error), None) if row.state == EntryState::Queued => {
                format!("retry {}: {}", words::moment(row.due_at, cx.now, cx.zone()), error.line())
            }
            (Some(error), None) => error.line(),
            (None, None) => row.text.line(),
        };
        Row {
            left: vec![
                (words::pad(state, 12, theme.ellipsis()), style),
                (words::pad(&row.contact.display_name(), 16, theme.ellipsis()), theme.plain()),
                (format!(" {what}"), theme.dim()),
            ],
            right: vec![(format!("{:>4}", words::age(row.created_at, cx.now)), theme.dim())],
        }
    }

    pub fn entry_sheet(cx: &Cx, sheet: &mut Sheet, entry: &EntryDetail) {
        let theme = cx.settings.theme;
        let row = &entry.row;
        let (state, style) = theme.entry(row.state, row.hold.is_some());
        sheet.blank();
        sheet.styled("state", state, style);
        if let Some(hold) = row.hold {
            sheet.styled(
                "held",
                &format!("{} until {}", hold.words(), words::exact(row.due_at, cx.zone())),
                theme.warn(),
            );
        }
        if let Some(behind) = row.behind {
            sheet.styled("waits for", &format!("{behind}, an earlier message of the same thread"), theme.warn());
        }
        if let Some(at) = row.not_before.filter(|at| *at > cx.now) {
            sheet.styled("scheduled for", &words::exact(at, cx.zone()), theme.warn());
        }
        if let Some(by) = &row.recalled_by {
            let verb = if row.state == EntryState::Scheduled { "being canceled" } else { "canceled" };
            sheet.styled("at provider", &format!("{verb} for {}", clean_line(by)), theme.warn());
        } else if row.state == EntryState::Scheduled {
            sheet.field("at provider", "the provider sends it at its time; X cancels it");
        }
        let (fate, style) = theme.status(row.status);
        sheet.styled("delivery", &format!("{fate} {}", row.status.name()), style);
        if entry.contradictory {
            let text = "the provider reported both a failure and an arrival";
            sheet.styled("contradiction", text, theme.warn());
        }
        if let Some(by) = row.failed_by {
            sheet.styled("failed by", by.words(), theme.bad());
        }
        if let Some(by) = row.settled_by {
            sheet.field("settled by", by.name());
        }
        if let Some(author) = &row.author {
            sheet.field("written by", &clean_line(author));
        }
        sheet.field("via", &row.connection);
        sheet.field("written at", &words::exact(row.created_at, cx.zone()));
        sheet.field("provider id", &entry.provider_message_id.as_deref().map_or_else(|| "none".to_owned(), clean_line));
        sheet.field("reference", &entry.reference);
        sheet.heading("Text");
        sheet.raw(&row.text);
        if let Some(error) = &row.error {
            sheet.heading("Why");
            sheet.text(&error.line(), theme.bad());
            sheet.text(&error.explanation, theme.plain());
            sheet.text(&format!("{} {}", theme.pick("→", ">"), error.remedy), theme.plain());
            if !error.said.is_empty() {
                sheet.text("Provider response:", theme.dim());
                sheet.raw(&error.said);
            }
        }
        if let Some(evidence) = &entry.evidence {
            sheet.heading("Provider's message list");
            let asked =
                format!("queried {}: {}", words::exact(evidence.asked_at, cx.zone()), clean_line(&evidence.said));
            sheet.text(&asked, theme.plain());
            for line in &evidence.listed {
                let at = words::clock_to_the_second(line.at, cx.zone());
                sheet.text(&format!("{at} {}", line.words.line()), theme.dim());
                sheet.text(&format!("         {}", clean_line(&line.because)), theme.warn());
            }
        }
        Self::attempts_and_statuses(cx, sheet, entry);
    }

    fn attempts_and_statuses(cx: &Cx, sheet: &mut Sheet, entry: &EntryDetail) {
        let theme = cx.settings.theme;
        if !entry.tries.is_empty() {
            sheet.heading("Attempts");
            for attempt in &entry.tries {
                Self::attempt(cx, sheet, attempt);
            }
        }
        for attempt in entry.tries.iter().filter(|one| one.provider_message_id != entry.provider_message_id) {
            if !attempt.statuses.is_empty() {
                sheet.heading(&format!("Statuses of attempt {}.{}", attempt.series, attempt.number));
                for status in &attempt.statuses {
                    let (fate, style) = theme.status(status.status);
                    let at = words::exact(status.at, cx.zone());
                    let why =
                        status.failure.as_ref().map(|failure| format!(": {}", failure.line())).unwrap_or_default();
                    let odd = impossible(status.told_at);
                    sheet.text(&format!("{fate} {} at {at}{odd}{why}", status.status.name()), style);
                }
            }
        }
        if !entry.statuses.is_empty() {
            sheet.heading("Statuses, in order of arrival");
            for status in &entry.statuses {
                let (fate, style) = theme.status(status.status);
                let at = words::exact(status.at, cx.zone());
                let text = format!("{fate} {} at {at}{}", status.status.name(), impossible(status.told_at));
                sheet.text(&text, style);
                sheet.raw(&status.raw);
            }
        }
    }

    fn attempt(cx: &Cx, sheet: &mut Sheet, attempt: &AttemptView) {
        let theme = cx.settings.theme;
        let outcome = attempt.outcome.as_deref().unwrap_or("in flight");
        let style = match outcome {
            "accepted" => theme.good(),
            "refused" => theme.bad(),
            "uncertain" | "retry" => theme.warn(),
            _ => theme.dim(),
        };
        let http = attempt.http_status.map(|status| format!(" HTTP {status}")).unwrap_or_default();
        let took = attempt.finished_at.map(|end| format!(" after {} ms", end.since(attempt.started_at).as_millis()));
        let text = format!(
            "{}.{} {} {outcome}{http}{}",
            attempt.series,
            attempt.number,
            words::exact(attempt.started_at, cx.zone()),
            took.unwrap_or_default()
        );
        sheet.text(&text, style);
        if let Some(failure) = &attempt.failure {
            sheet.text(&failure.line(), theme.plain());
        }
        sheet.raw(&attempt.request);
        if !attempt.response.is_empty() {
            sheet.raw(&attempt.response);
        }
    }
}
