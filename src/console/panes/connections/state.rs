//! Rows of the Connections pane. The connections themselves are in [`Cx`], because every pane needs them.

use crate::console::cx::Cx;
use crate::console::list::ListState;
use crate::domain::numbers::connected::ConnectionView;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::lookup::find_connection;
use crate::domain::numbers::setup::{Setup, SetupStep};
use crate::domain::text::clean_line;

/// A row of the Connections pane.
#[derive(Debug, Clone, Copy)]
pub(in crate::console) enum NumberRow<'d> {
    Connected(&'d ConnectionView),
    Other(&'d Setup),
}

impl NumberRow<'_> {
    pub fn id(&self) -> String {
        match self {
            Self::Connected(row) => row.connection.id.to_string(),
            Self::Other(setup) => setup.id.to_string(),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Connected(row) => &row.connection.name,
            Self::Other(setup) => &setup.name,
        }
    }
}

/// State of the Connections pane.
#[derive(Debug, Default)]
pub(in crate::console) struct ConnectionsPane {
    pub list: ListState,
}

impl ConnectionsPane {
    /// Returns the rows that match the filter: open setups first, then connected numbers, then disconnected ones.
    pub fn visible_rows<'c>(&self, cx: &'c Cx) -> Vec<NumberRow<'c>> {
        let Some(list) = &cx.connections else { return vec![] };
        let filter = self.list.filter.to_lowercase();
        let terms: Vec<(&str, &str)> = filter.split_whitespace().filter_map(|word| word.split_once(':')).collect();
        let all: Vec<Connection> = list.connected.iter().map(|row| row.connection.clone()).collect();
        // `conn:` matches a connection by any of its names; `num:` matches digits of its number.
        let named = |one: &Connection| {
            terms.iter().all(|(term, value)| match *term {
                "conn" => find_connection(&all, value).is_ok_and(|found| found.id == one.id),
                "num" => one.phone_number.digits().contains(&value.replace(|c: char| !c.is_ascii_digit(), "")),
                _ => true,
            })
        };
        let by_name = terms.iter().any(|(term, _)| matches!(*term, "conn" | "num"));
        let fits = |name: &str, organization: &str, environment: &str, more: String| {
            let text = format!("{name} {organization} {environment} org:{organization} env:{environment} {more}");
            let text = text.to_lowercase();
            let mut words = filter.split_whitespace();
            words.all(|word| text.contains(word) || word.starts_with("conn:") || word.starts_with("num:"))
        };
        let open = list.others.iter().filter(|one| one.is_open()).map(NumberRow::Other);
        let connected = list.connected.iter().map(NumberRow::Connected);
        let gone = list.others.iter().filter(|one| !one.is_open()).map(NumberRow::Other);
        open.chain(connected)
            .chain(gone)
            .filter(|row| match row {
                NumberRow::Connected(row) => {
                    cx.in_scope(&row.connection.organization, row.connection.environment)
                        && named(&row.connection)
                        && fits(
                            &row.connection.name,
                            &row.connection.organization,
                            row.connection.environment.name(),
                            format!(
                                "{} {} account:{} status:connected",
                                row.connection.phone_number,
                                row.connection.phone_number_id,
                                row.connection.business_account_id
                            ),
                        )
                }
                NumberRow::Other(setup) => {
                    cx.in_scope(&setup.organization, setup.environment)
                        && !by_name
                        && fits(
                            &setup.name,
                            &setup.organization,
                            setup.environment.name(),
                            format!("status:{}", setup.state.connection_state()),
                        )
                }
            })
            .collect()
    }

    pub fn row_ids(&self, cx: &Cx) -> Vec<String> {
        self.visible_rows(cx).iter().map(NumberRow::id).collect()
    }

    pub fn selected<'c>(&self, cx: &'c Cx) -> Option<NumberRow<'c>> {
        let rows = self.visible_rows(cx);
        let ids: Vec<String> = rows.iter().map(NumberRow::id).collect();
        rows.get(self.list.index(&ids).unwrap_or(0)).copied()
    }

    pub fn selected_connection<'c>(&self, cx: &'c Cx) -> Option<&'c ConnectionView> {
        match self.selected(cx)? {
            NumberRow::Connected(row) => Some(row),
            NumberRow::Other(_) => None,
        }
    }

    pub fn selected_setup<'c>(&self, cx: &'c Cx) -> Option<&'c Setup> {
        match self.selected(cx)? {
            NumberRow::Other(setup) => Some(setup),
            NumberRow::Connected(_) => None,
        }
    }

    /// Returns the addresses on the screen that the terminal should show as links: the setup link to be opened.
    /// Returns none on an ASCII terminal.
    pub fn links(&self, cx: &Cx) -> Vec<String> {
        let waits = self.selected_setup(cx).filter(|setup| setup.step == SetupStep::Used);
        let link = waits.and_then(|setup| setup.link.as_ref()).filter(|_| !cx.settings.theme.ascii);
        link.map(|link| clean_line(&link.url)).into_iter().collect()
    }
}
