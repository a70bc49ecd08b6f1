//! Draws the header, the pane titles with their status, the tabs, and the summary for small screens.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::put::put;
use super::row::Status;
use crate::console::cx::Cx;
use crate::console::layout::list_room;
use crate::console::pane_id::PaneId;
use crate::console::panes::pane::Pane;
use crate::console::settings::Focus;
use crate::console::words;
use crate::domain::text::clean_line;

/// Draws the header: environment, organization, open pane, alerts, and time.
pub(super) fn draw_header(cx: &Cx, pane: &dyn Pane, buffer: &mut Buffer, area: Rect) {
    let theme = cx.settings.theme;
    let mut x = area.x;
    let mut say = |text: &str, style: Style| {
        let cells = (words::width(text) as u16).min((area.x + area.width).saturating_sub(x));
        put(buffer, x, area.y, cells, text, style);
        x += cells;
    };
    let arrow = theme.pick(" ▸ ", " > ");
    match &cx.overview {
        Some(overview) => {
            let environment = cx.environment_shown().unwrap_or(overview.environment);
            let (badge, organization) = match cx.shown_scope() {
                Some(shown) => (environment.badge(), shown.organization),
                None if cx.scopes_known().len() > 1 => ("ALL", "all scopes".to_owned()),
                None => (environment.badge(), overview.organization.clone()),
            };
            say(&format!(" {badge} "), theme.environment(environment));
            say(&format!(" {}", clean_line(&organization)), theme.bold());
        }
        None => say(" wadeck", theme.bold()),
    }
    say(arrow, theme.dim());
    say(cx.pane.title(), theme.plain());
    if let Some(name) = pane.selected_name(cx) {
        say(arrow, theme.dim());
        let room = usize::from(area.width) / 3;
        say(&words::fit(&name, room, theme.ellipsis()), theme.accent());
    }
    let alerts = cx.overview.as_ref().map_or(0, |overview| overview.alerts);
    let broken = cx.overview.as_ref().and_then(|overview| overview.database.as_ref());
    let alerts = match (broken, alerts) {
        // A failing database hides the other alerts, because nothing can be stored. The alert itself has the details.
        (Some(_), _) if area.width >= 100 => {
            format!("{} Database unreliable: see alerts   ", theme.pick("▲", "!"))
        }
        (Some(_), _) => format!("{} database failing   ", theme.pick("▲", "!")),
        (None, 0) => String::new(),
        (None, 1) => format!("{} 1 open alert   ", theme.pick("▲", "!")),
        (None, alerts) => format!("{} {alerts} open alerts   ", theme.pick("▲", "!")),
    };
    let others = cx.overview.as_ref().map_or(0, |told| told.here.len().saturating_sub(1));
    let alerts = match others {
        0 => alerts,
        count => format!("{} {count} more online   {alerts}", theme.pick("◆", "@")),
    };
    let lag = cx.overview.as_ref().and_then(|told| told.lag(cx.now));
    let alerts = match lag {
        Some(lag) => format!("{} {lag}   {alerts}", theme.pick("▲", "!")),
        None => alerts,
    };
    let clock = format!("{}{} ", words::clock(cx.now, cx.zone()), if cx.utc { " UTC" } else { "" });
    let right = words::width(&alerts) + words::width(&clock);
    if usize::from(x - area.x) + right < usize::from(area.width) {
        let start = area.x + area.width - right as u16;
        put(buffer, start, area.y, right as u16, &alerts, theme.warn());
        put(buffer, start + words::width(&alerts) as u16, area.y, right as u16, &clock, theme.dim());
    }
}

/// Draws a pane's title with its status, so that the folded panes are a dashboard.
pub(super) fn draw_title(cx: &Cx, pane: &dyn Pane, buffer: &mut Buffer, area: Rect) {
    let theme = cx.settings.theme;
    let open = pane.is_open(cx);
    let focused = open && cx.focus == Focus::List;
    let name_style = if focused {
        theme.accent()
    } else if open {
        theme.bold()
    } else {
        theme.plain()
    };
    let marker = if open { theme.pick("▾", "v") } else { theme.pick("▸", ">") };
    let filter = &pane.list().filter;
    let filter = if filter.is_empty() { String::new() } else { format!(" /{filter}") };
    let name = format!("{marker} {} {}", pane.id().number(), pane.id().title());
    put(buffer, area.x, area.y, area.width, &name, name_style);
    let mut used = words::width(&name) as u16;
    let above = if open { rows_above(cx, pane) } else { 0 };
    let above = if above > 0 { format!(" {} {above} above", theme.pick("▲", "^")) } else { String::new() };
    let more = format!("{filter}{above}");
    put(buffer, area.x + used, area.y, area.width.saturating_sub(used), &more, theme.accent());
    used += words::width(&more) as u16;
    let (status, style) = status_of(cx, pane, usize::from(area.width.saturating_sub(used + 3)));
    let wide = words::width(&status) as u16;
    let start = (area.x + area.width).saturating_sub(wide + 1);
    let rule = usize::from(start.saturating_sub(area.x + used + 2));
    let ruler = theme.rule().repeat(rule);
    put(buffer, area.x + used + 1, area.y, rule as u16, &ruler, theme.dim());
    put(buffer, start, area.y, wide, &status, style);
}

/// Returns how many rows of the open list are above the visible part.
fn rows_above(cx: &Cx, pane: &dyn Pane) -> usize {
    let ids = pane.ids(cx);
    if ids.is_empty() { 0 } else { pane.list().seen(&ids, list_room(cx, pane)).first }
}

/// Draws the panes as one line of tabs.
pub(super) fn draw_tabs(cx: &Cx, pane: &dyn Pane, buffer: &mut Buffer, area: Rect) {
    let theme = cx.settings.theme;
    let mut x = area.x;
    for id in PaneId::ALL {
        let open = id == cx.pane;
        let text = if open { format!(" {} {} ", id.number(), id.title()) } else { format!(" {} ", id.number()) };
        let style = if open { theme.accent() } else { theme.dim() };
        put(buffer, x, area.y, (area.x + area.width).saturating_sub(x), &text, style);
        x += words::width(&text) as u16;
    }
    let room = (area.x + area.width).saturating_sub(x + 1);
    let (status, style) = status_of(cx, pane, room.into());
    put(buffer, x + 1, area.y, room, &status, style);
}

/// Returns a pane's status line, the most urgent part first; a part that does not fit is left out whole.
fn status_of(cx: &Cx, pane: &dyn Pane, room: usize) -> (String, Style) {
    let theme = cx.settings.theme;
    match &cx.overview {
        Some(_) => pane.status(cx, &Status { theme, room }),
        None => (theme.ellipsis().to_owned(), theme.dim()),
    }
}

/// Draws one line for a screen that is too small for the console.
pub(super) fn draw_summary(cx: &Cx, buffer: &mut Buffer, area: Rect) {
    let text = match &cx.overview {
        Some(told) => format!(
            "{} {} waiting {} unread {} failed {} alerts",
            told.environment.badge(),
            told.waiting,
            told.unread,
            told.failed,
            told.alerts
        ),
        None => "wadeck".to_owned(),
    };
    if area.height > 0 {
        put(buffer, area.x, area.y, area.width, &text, cx.settings.theme.plain());
    }
}
