//! The Activity pane: alerts, webhook deliveries and the audit log.

pub(in crate::console) mod commands;
mod draw;
pub(in crate::console) mod state;

use ratatui::style::Style;

use self::state::ActivityPane;
use super::pane::Pane;
use super::row::commands;
use crate::console::cx::Cx;
use crate::console::draw::row::{Row, Status};
use crate::console::draw::sheet::Sheet;
use crate::console::event::{Edit, Effect};
use crate::console::intent::Intent;
use crate::console::list::{ListState, MAX_ROWS};
use crate::console::overlays::reading::Reading;
use crate::console::overlays::readings::plain::PlainText;
use crate::console::overlays::readings::revealed::Revealed;
use crate::console::pane_id::PaneId;
use crate::console::user_error::UserError;
use crate::console::words;
use crate::domain::change::Change;
use crate::domain::ids::DeliveryId;
use crate::domain::list_filter::WordList;
use crate::domain::monitoring::activity::ActivityKind;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;

impl ActivityPane {
    /// Shows the body of a webhook delivery, or opens a copy of it in the editor if the user requested that.
    fn revealed(&mut self, cx: &Cx, delivery: DeliveryId, said: &str, body: &str) -> Vec<Intent> {
        let value = serde_json::from_str::<serde_json::Value>(body).ok();
        let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
        let text = pretty.unwrap_or_else(|| body.to_owned());
        if self.edits.take_if(|edits| *edits == delivery).is_some() {
            return vec![Intent::Effect(Effect::Edit { what: Edit::Delivery(delivery), text })];
        }
        vec![Intent::Notice(said.to_owned()), Reading::open(Revealed::new(text, cx.now))]
    }
}

commands!(ActivityPane, commands::ROWS);

impl Pane for ActivityPane {
    fn id(&self) -> PaneId {
        PaneId::Activity
    }

    fn list(&self) -> &ListState {
        &self.list
    }

    fn list_mut(&mut self) -> &mut ListState {
        &mut self.list
    }

    fn ids(&self, _: &Cx) -> Vec<String> {
        self.row_ids()
    }

    fn is_loaded(&self, _: &Cx) -> bool {
        self.rows.is_some()
    }

    fn query(&self) -> Query {
        Query::Activity { text: self.list.filter.clone(), limit: MAX_ROWS }
    }

    fn status(&self, cx: &Cx, status: &Status) -> (String, Style) {
        let Some(told) = &cx.overview else { return (String::new(), Style::new()) };
        let parts = vec![
            told.lag(cx.now),
            Status::part(told.alerts, if told.alerts == 1 { "alert" } else { "alerts" }),
            Status::part(told.deliveries_rejected, "invalid signatures"),
            Status::part(told.deliveries_unreadable, "unreadable"),
            Status::part(told.deliveries_quarantined, "quarantined"),
            told.last_delivery_at.map(|at| format!("webhook {}", words::age(at, cx.now))),
        ];
        status.join_parts(parts, "no webhook yet", (told.deliveries_unreadable, told.alerts))
    }

    fn rows(&self, cx: &Cx, index: usize, _: usize) -> Vec<Row> {
        let row = self.rows.as_ref().and_then(|rows| rows.get(index));
        row.map(|row| Self::activity_row(cx, row)).into_iter().collect()
    }

    fn empty_text(&self, _: &Cx) -> String {
        "No activity. Webhooks, alerts and changes are listed here.".into()
    }

    fn detail_title(&self, _: &Cx) -> Option<String> {
        self.selected().map(|row| match &row.kind {
            ActivityKind::Alert { id, .. } => format!("Alert {id}"),
            ActivityKind::Delivery { id, .. } => format!("Webhook delivery {id}"),
            ActivityKind::Audit { id, .. } => format!("Audit {id}"),
        })
    }

    fn sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        self.activity_sheet(cx, sheet);
    }

    fn detail(&self, _: &Cx) -> Vec<Intent> {
        let delivery = self.selected_delivery();
        delivery.map(|delivery| Intent::Ask(Query::Delivery { delivery })).into_iter().collect()
    }

    fn changed(&mut self, cx: &Cx, change: Change) -> Vec<Intent> {
        if !(self.is_open(cx) && matches!(change, Change::Deliveries | Change::Alerts | Change::Activity)) {
            return vec![];
        }
        let mut intents = vec![Intent::Ask(self.query())];
        if matches!(change, Change::Deliveries) {
            intents.extend(self.detail(cx));
        }
        intents
    }

    fn takes(&self, query: &Query) -> bool {
        matches!(query, Query::Activity { .. } | Query::Delivery { .. })
    }

    fn answer(&mut self, cx: &Cx, query: &Query, answer: Answer) -> Vec<Intent> {
        match (query, answer) {
            (Query::Activity { text, .. }, Answer::Activity(rows))
                if *text == self.list.filter && !(self.paused && self.rows.is_some()) =>
            {
                self.rows = Some(rows);
                return if self.is_open(cx) { self.follow(cx) } else { vec![] };
            }
            (Query::Delivery { .. }, Answer::Delivery(delivery)) => self.delivery = delivery.map(|one| *one),
            _ => {}
        }
        vec![]
    }

    fn performed(&mut self, cx: &Cx, request: &Request, result: &Result<Done, RequestError>) -> Option<Vec<Intent>> {
        match (request, result) {
            (Request::RevealDelivery { delivery }, Ok(Done { message: said, created_id: Some(body) })) => {
                Some(self.revealed(cx, *delivery, said, body))
            }
            (Request::DryRunDelivery { .. }, Ok(done)) => {
                Some(vec![Reading::open(PlainText::new("Dry run", done.message.as_str()))])
            }
            _ => None,
        }
    }

    fn forget(&mut self) {
        (self.rows, self.delivery) = (None, None);
    }

    fn why(&self, _: &Cx) -> Option<String> {
        let row = self.selected()?;
        match &row.kind {
            ActivityKind::Alert { id, .. } => Some(id.to_string()),
            ActivityKind::Delivery { id, .. } => Some(id.to_string()),
            ActivityKind::Audit { .. } => row.thread.map(|thread| thread.to_string()),
        }
    }

    fn check_filter(&self, _: &Cx, text: &str) -> Result<(), UserError> {
        WordList::Activity.check(text).map_err(UserError::from)
    }

    fn filter_hint(&self) -> &'static str {
        WordList::Activity.hint()
    }

    fn is_narrowed_by_engine(&self) -> bool {
        true
    }
}
