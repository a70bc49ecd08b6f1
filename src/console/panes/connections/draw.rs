//! Draws numbers: their rows, the details of a connection, the steps of a setup, and the setup link as a QR code.

use qrcode::{Color as Module, QrCode};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::state::{ConnectionsPane, NumberRow};
use crate::console::cx::Cx;
use crate::console::draw::row::Row;
use crate::console::draw::sheet::Sheet;
use crate::console::theme::Theme;
use crate::console::words;
use crate::domain::numbers::connected::ConnectionView;
use crate::domain::numbers::connection::{Check, Environment};
use crate::domain::numbers::history::ConnectionHistory;
use crate::domain::numbers::setup::{Setup, SetupState, SetupStep};
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// Light modules around the QR code, which readers need.
const QUIET: usize = 2;

impl ConnectionsPane {
    pub fn number_row(&self, cx: &Cx, row: NumberRow<'_>) -> Row {
        match row {
            NumberRow::Connected(row) => self.connection_row(cx, row),
            NumberRow::Other(setup) => self.setup_row(cx, setup),
        }
    }

    /// Returns the environment and the organization for a row, if several scopes are shown together.
    fn marks(cx: &Cx, organization: &str, environment: Environment) -> Vec<(String, Style)> {
        let theme = cx.settings.theme;
        if cx.shown_scope().is_some() || cx.scopes_known().len() < 2 {
            return vec![];
        }
        vec![
            (format!(" {} ", environment.badge()), theme.environment(environment)),
            (format!(" {organization} "), theme.dim()),
        ]
    }

    fn connection_row(&self, cx: &Cx, row: &ConnectionView) -> Row {
        let theme = cx.settings.theme;
        let broken = row.checks.iter().find(|result| !result.works);
        let newest = row.proved_at();
        let (sign, style) = match (broken, newest) {
            (Some(_), _) => (theme.pick("✗ ", "x "), theme.bad()),
            (None, Some(_)) => (theme.pick("✓ ", "+ "), theme.good()),
            (None, None) => ("? ", theme.dim()),
        };
        let result = match (broken, newest) {
            (Some(broken), _) => format!("{}: {}", broken.check.name(), words::fit(&broken.note, 24, theme.ellipsis())),
            (None, Some(at)) => format!("checked {}", words::age(at, cx.now)),
            (None, None) => "not verified yet".into(),
        };
        let mut left = vec![(sign.into(), style)];
        left.extend(Self::marks(cx, &row.connection.organization, row.connection.environment));
        left.push((words::pad(&row.connection.name, self.names_wide(cx), theme.ellipsis()), theme.bold()));
        left.extend(row.connection.kind.mark().map(|mark| (format!(" {mark}"), theme.warn())));
        left.push((format!("  {}", row.connection.phone_number), theme.plain()));
        left.push((format!("  {}", row.routing.name()), theme.dim()));
        Row { left, right: vec![(result, if broken.is_some() { theme.bad() } else { theme.dim() })] }
    }

    /// Returns the width of the name column: the longest name, up to 20 cells.
    fn names_wide(&self, cx: &Cx) -> usize {
        self.visible_rows(cx).iter().map(|row| words::width(row.name())).max().unwrap_or(0).min(20)
    }

    fn setup_row(&self, cx: &Cx, setup: &Setup) -> Row {
        let theme = cx.settings.theme;
        let (sign, style, what) = match setup.state {
            SetupState::Failed => (theme.pick("✗ ", "x "), theme.bad(), format!("{} failed", setup.step.name())),
            SetupState::Disconnected => (theme.pick("○ ", "- "), theme.dim(), "disconnected".to_owned()),
            SetupState::Waiting if setup.step == SetupStep::Used => {
                (theme.pick("… ", ". "), theme.warn(), "waits for the link".to_owned())
            }
            _ => (theme.pick("… ", ". "), theme.warn(), setup.step.name().to_owned()),
        };
        let mut left = vec![(sign.to_owned(), style)];
        left.extend(Self::marks(cx, &setup.organization, setup.environment));
        left.push((words::pad(&setup.name, self.names_wide(cx), theme.ellipsis()), theme.bold()));
        left.push((format!("  {what}"), style));
        Row { left, right: vec![(words::age(setup.updated_at, cx.now), theme.dim())] }
    }

    pub fn number_sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        match self.selected(cx) {
            Some(NumberRow::Connected(row)) => Self::connection_sheet(cx, sheet, row),
            Some(NumberRow::Other(setup)) => Self::setup_sheet(cx, sheet, setup),
            None => {}
        }
    }

    fn connection_sheet(cx: &Cx, sheet: &mut Sheet, row: &ConnectionView) {
        let theme = cx.settings.theme;
        let one = &row.connection;
        sheet.blank();
        sheet.field("number", &one.phone_number.to_string());
        if let Some(mark) = one.kind.mark() {
            let whom = match &one.settings.join_code {
                Some(code) => format!(
                    "{mark}: reaches only people who sent it `join {}` in the last three days",
                    clean_line(code)
                ),
                None => format!("{mark}: reaches only people who wrote first; no templates"),
            };
            sheet.styled("kind", &whom, theme.warn());
        }
        sheet.field("organization", &clean_line(&one.organization));
        match one.environment {
            Environment::Production => sheet.styled("environment", "PRODUCTION: real contacts", theme.bad()),
            Environment::Development => sheet.field("environment", one.environment.name()),
        }
        match &row.graph_version {
            Some(version) => sheet.field("provider", &format!("{}, Graph {}", one.provider, clean_line(version))),
            None => sheet.field("provider", one.provider.as_str()),
        }
        sheet.field("number id", &clean_line(&one.phone_number_id));
        match one.business_account_id.as_str() {
            "" => sheet.field("account id", "from the environment"),
            account => sheet.field("account id", &clean_line(account)),
        }
        if let Some(customer) = &one.customer_id {
            sheet.field("customer", &clean_line(customer));
        }
        Self::account_lines(cx, sheet, row);
        Self::history_lines(cx, sheet, &row.history);
        sheet.field("routing", row.routing.name());
        if row.usual {
            sheet.field("default", "default for sends without a connection");
        }
        match &row.agent {
            Some(agent) => sheet.field("agent", &agent.brief()),
            None => sheet.styled("agent", "none: people answer", theme.warn()),
        }
        sheet.field("debounce", &format!("{:.1} s", one.settings.debounce.as_secs_f64()));
        let policy = if one.settings.hourly_policy {
            "at most one business-initiated message per contact and hour"
        } else {
            "none"
        };
        sheet.field("policy", policy);
        sheet.field("threads", &format!("{}, {} unread messages", row.threads, row.unread));
        sheet.field("outbox", &format!("{} queued, {} failed", row.queued, row.failed));
        sheet.heading("Checks");
        for check in Check::ALL {
            let result = row.checks.iter().find(|result| result.check == check);
            let (text, style) = match result {
                None if check == Check::Upstream && !row.capabilities.delivery_log => {
                    ("not reported by this provider".to_owned(), theme.dim())
                }
                None => ("not verified yet".to_owned(), theme.dim()),
                Some(result) => {
                    let sign = if result.works { theme.pick("✓", "+") } else { theme.pick("✗", "x") };
                    let at =
                        format!("{} ({})", words::age(result.at, cx.now), words::moment(result.at, cx.now, cx.zone()));
                    (
                        format!("{sign} {at}  {}", clean_line(&result.note)),
                        if result.works { theme.good() } else { theme.bad() },
                    )
                }
            };
            sheet.styled(check.name(), &text, style);
        }
        Self::chores(cx, sheet, row);
        sheet.blank();
        sheet.text("ctrl-r checks this number with the provider now; H shows its health, W its webhooks.", theme.dim());
    }

    /// Adds the manual setup tasks, until all their checks have passed.
    fn chores(cx: &Cx, sheet: &mut Sheet, row: &ConnectionView) {
        let theme = cx.settings.theme;
        if !row.has_pending_tasks() {
            return;
        }
        sheet.heading("Setup tasks");
        for chore in &row.chores {
            let (sign, style) = match (chore.proof, row.last_check(chore)) {
                (_, Some(_)) => (theme.pick("✓", "+"), theme.good()),
                (Some(_), None) => (theme.pick("○", "-"), theme.warn()),
                (None, None) => (theme.pick("·", "."), theme.plain()),
            };
            sheet.text(&format!("{sign} {}: {}", clean_line(&chore.place), clean_line(&chore.what)), style);
            if let Some(paste) = &chore.paste {
                sheet.text(&format!("  {}", clean_line(paste)), theme.accent());
            }
            if chore.over_api && row.last_check(chore).is_none() {
                sheet.text("  or press r: it is set over the provider's API", theme.dim());
            }
        }
    }

    fn setup_sheet(cx: &Cx, sheet: &mut Sheet, setup: &Setup) {
        let theme = cx.settings.theme;
        sheet.blank();
        sheet.field("state", setup.state.connection_state());
        sheet.field("provider", setup.provider.as_str());
        sheet.field("organization", &format!("{}, {}", clean_line(&setup.organization), setup.environment.name()));
        sheet.field(
            "started",
            &format!("{} by {}", words::exact(setup.started_at, cx.zone()), clean_line(&setup.started_by)),
        );
        if let Some(customer) = &setup.customer_id {
            sheet.field("customer", &clean_line(customer));
        }
        if let Some(history) = cx.connections.as_ref().and_then(|list| list.history(setup)) {
            Self::history_lines(cx, sheet, history);
        }
        if setup.state == SetupState::Disconnected {
            sheet.blank();
            let text = match (&setup.phone_number_id, &setup.customer_id) {
                (Some(_), _) => "The number is still at the provider: it can be connected again without a link.",
                (None, Some(_)) => {
                    "The number was disconnected. Connecting it again creates a new link for the same customer."
                }
                (None, None) => "The number was disconnected. Connecting it again starts a new setup.",
            };
            sheet.text(text, theme.plain());
            Self::available_actions(cx, sheet, setup);
            return;
        }
        sheet.heading("Steps");
        for step in SetupStep::ALL {
            let taken = setup.taken.iter().find(|taken| taken.step == step);
            let here = step == setup.step;
            let (sign, style) = match (taken, here) {
                (Some(taken), _) if !taken.works => (theme.pick("✗", "x"), theme.bad()),
                (_, true) => (theme.pick("…", "."), theme.warn()),
                (Some(_), false) => (theme.pick("✓", "+"), theme.good()),
                (None, false) => (theme.pick("○", "-"), theme.dim()),
            };
            let at =
                taken.map(|taken| format!("  {}", words::clock_to_the_second(taken.at, cx.zone()))).unwrap_or_default();
            sheet.text(&format!("{sign} {}{at}", step.words()), style);
            if let Some(taken) = taken.filter(|taken| taken.works || here) {
                sheet.text(&format!("  {}", clean_line(&taken.note)), theme.dim());
            }
        }
        Self::available_actions(cx, sheet, setup);
        let Some(link) = setup.link.as_ref().filter(|_| setup.step == SetupStep::Used) else { return };
        sheet.heading("Setup link");
        sheet.text(&clean_line(&link.url), theme.accent());
        let until =
            link.expires_at.map(|at| format!(", valid until {}", words::exact(at, cx.zone()))).unwrap_or_default();
        sheet.text(&format!("The owner of the number opens it; Y copies it{until}."), theme.dim());
        if let Some(since) = setup.taken.iter().find(|taken| taken.step == SetupStep::Link).map(|taken| taken.at) {
            sheet.text(&words::waits(since, cx.now), theme.dim());
        }
        sheet.blank();
        let picture = qr(&link.url, sheet.width.saturating_sub(4), theme);
        if picture.is_empty() {
            sheet.text("The window is too small for the QR code of the link.", theme.dim());
        }
        sheet.lines.extend(picture);
    }
}

impl ConnectionsPane {
    /// Adds when a number was last connected and disconnected, and how often it was lost.
    fn history_lines(cx: &Cx, sheet: &mut Sheet, history: &ConnectionHistory) {
        let when = |at: Timestamp| format!("{} ({})", words::age(at, cx.now), words::exact(at, cx.zone()));
        if let Some(at) = history.connected_at {
            sheet.field("connected", &when(at));
        }
        if let Some(at) = history.disconnected_at {
            sheet.field("disconnected", &when(at));
        }
        if let Some(flaps) = history.losses_text() {
            sheet.styled("losses", &flaps, cx.settings.theme.warn());
        }
    }

    /// Adds the other numbers of the same account at the provider.
    fn account_lines(cx: &Cx, sheet: &mut Sheet, row: &ConnectionView) {
        let Some(list) = &cx.connections else { return };
        let others: Vec<String> = list
            .of_account(&row.connection.business_account_id)
            .filter(|other| other.connection.id != row.connection.id)
            .filter(|other| cx.in_scope(&other.connection.organization, other.connection.environment))
            .map(|other| format!("{} {}", clean_line(&other.connection.name), other.connection.phone_number))
            .collect();
        if !others.is_empty() {
            sheet.field("same account", &others.join(", "));
        }
    }

    /// Adds the actions that a setup allows, with their keys.
    fn available_actions(cx: &Cx, sheet: &mut Sheet, setup: &Setup) {
        let Some(list) = &cx.connections else { return };
        sheet.heading("Actions");
        for verb in list.verbs(setup) {
            let key = cx.settings.keymap.key_of(verb.command);
            sheet.text(&format!("{key}  {}", verb.words), cx.settings.theme.accent());
        }
    }
}

/// Returns an address as a QR code, two modules per character; empty if it does not fit. With colors, modules are
/// black on white; without colors, the light modules are drawn, which is right on a dark terminal.
fn qr(address: &str, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let Ok(code) = QrCode::new(address.as_bytes()) else { return vec![] };
    let side = code.width();
    let whole = side + 2 * QUIET;
    if whole * if theme.ascii { 2 } else { 1 } > room {
        return vec![];
    }
    let modules = code.to_colors();
    let dark = |x: usize, y: usize| {
        let inside = |at: usize| (QUIET..side + QUIET).contains(&at);
        inside(x) && inside(y) && modules[(y - QUIET) * side + x - QUIET] == Module::Dark
    };
    let style =
        if theme.colour { Style::new().fg(Color::Rgb(255, 255, 255)).bg(Color::Rgb(0, 0, 0)) } else { Style::new() };
    let line = |text: String| Line::from(vec![Span::raw("  "), Span::styled(text, style)]);
    if theme.ascii {
        return (0..whole).map(|y| line((0..whole).map(|x| if dark(x, y) { "  " } else { "##" }).collect())).collect();
    }
    (0..whole.div_ceil(2))
        .map(|row| {
            let half = |x: usize| match (dark(x, 2 * row), 2 * row + 1 >= whole || dark(x, 2 * row + 1)) {
                (true, true) => ' ',
                (true, false) => '▄',
                (false, true) => '▀',
                (false, false) => '█',
            };
            line((0..whole).map(half).collect())
        })
        .collect()
}
