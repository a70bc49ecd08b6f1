//! Header, titles that are status lines, footer, and the summary of a screen that is too small.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::console::command::{CommandSpec, table};
use crate::console::draw::put;
use crate::console::{Console, Focus, Pane, words};

/// The command that shows what can be done.
const HELP: &str = "help";

impl Console {
    /// Environment in words, where one is, and what wants a person.
    pub(in crate::console) fn draw_header(&self, buffer: &mut Buffer, area: Rect) {
        let theme = self.settings.theme;
        let mut x = area.x;
        let mut say = |text: &str, style: Style| {
            let cells = (words::width(text) as u16).min((area.x + area.width).saturating_sub(x));
            put(buffer, x, area.y, cells, text, style);
            x += cells;
        };
        let arrow = theme.pick(" ▸ ", " > ");
        match &self.data.overview {
            Some(overview) => {
                let environment = self.environment_shown().unwrap_or(overview.environment);
                let (badge, organization) = match self.shown() {
                    Some(shown) => (environment.badge(), shown.organization),
                    None if self.scopes_known().len() > 1 => ("ALL", "all scopes".to_owned()),
                    None => (environment.badge(), overview.organization.clone()),
                };
                say(&format!(" {badge} "), theme.environment(environment));
                say(&format!(" {}", crate::domain::text::clean_line(&organization)), theme.bold());
            }
            None => say(" wadeck", theme.bold()),
        }
        say(arrow, theme.dim());
        say(self.pane.title(), theme.plain());
        if let Some(name) = self.crumb() {
            say(arrow, theme.dim());
            let room = usize::from(area.width) / 3;
            say(&words::fit(&name, room, theme.ellipsis()), theme.accent());
        }
        let alerts = self.data.overview.as_ref().map_or(0, |overview| overview.alerts);
        let broken = self.data.overview.as_ref().and_then(|overview| overview.database.as_ref());
        let alerts = match (broken, alerts) {
            // Nothing else counts while nothing can be stored. The alert has the whole of it.
            (Some(_), _) if area.width >= 100 => {
                format!("{} Database unreliable: see alerts   ", theme.pick("▲", "!"))
            }
            (Some(_), _) => format!("{} database failing   ", theme.pick("▲", "!")),
            (None, 0) => String::new(),
            (None, 1) => format!("{} 1 open alert   ", theme.pick("▲", "!")),
            (None, alerts) => format!("{} {alerts} open alerts   ", theme.pick("▲", "!")),
        };
        let others = self.data.overview.as_ref().map_or(0, |told| told.here.len().saturating_sub(1));
        let alerts = match others {
            0 => alerts,
            count => format!("{} {count} more online   {alerts}", theme.pick("◆", "@")),
        };
        let lag = self.data.overview.as_ref().and_then(|told| told.lag(self.now));
        let alerts = match lag {
            Some(lag) => format!("{} {lag}   {alerts}", theme.pick("▲", "!")),
            None => alerts,
        };
        let clock = format!("{}{} ", words::clock(self.now, self.zone()), if self.utc { " UTC" } else { "" });
        let right = words::width(&alerts) + words::width(&clock);
        if usize::from(x - area.x) + right < usize::from(area.width) {
            let start = area.x + area.width - right as u16;
            put(buffer, start, area.y, right as u16, &alerts, theme.warn());
            put(buffer, start + words::width(&alerts) as u16, area.y, right as u16, &clock, theme.dim());
        }
    }

    fn crumb(&self) -> Option<String> {
        match self.pane {
            Pane::Threads => self.open.as_ref()?.row.as_ref().map(|row| row.contact.shown()),
            Pane::Delivery => self.selected_entry().map(|row| row.id.to_string()),
            Pane::Connections => self.selected_number().map(|row| row.name().to_owned()),
            _ => None,
        }
    }

    /// A pane's title is its status: the folded stack is the dashboard.
    pub(in crate::console) fn draw_title(&self, buffer: &mut Buffer, pane: Pane, area: Rect) {
        let theme = self.settings.theme;
        let open = pane == self.pane;
        let focused = open && self.focus == Focus::List;
        let name_style = if focused {
            theme.accent()
        } else if open {
            theme.bold()
        } else {
            theme.plain()
        };
        let marker = if open { theme.pick("▾", "v") } else { theme.pick("▸", ">") };
        let filter = &self.lists[pane as usize].filter;
        let filter = if filter.is_empty() { String::new() } else { format!(" /{filter}") };
        let name = format!("{marker} {} {}", pane.number(), pane.title());
        put(buffer, area.x, area.y, area.width, &name, name_style);
        let mut used = words::width(&name) as u16;
        let above = if open { self.rows_above() } else { 0 };
        let above = if above > 0 { format!(" {} {above} above", theme.pick("▲", "^")) } else { String::new() };
        let more = format!("{filter}{above}");
        put(buffer, area.x + used, area.y, area.width.saturating_sub(used), &more, theme.accent());
        used += words::width(&more) as u16;
        let (status, style) = self.status_of(pane, usize::from(area.width.saturating_sub(used + 3)));
        let wide = words::width(&status) as u16;
        let start = (area.x + area.width).saturating_sub(wide + 1);
        let rule = usize::from(start.saturating_sub(area.x + used + 2));
        let ruler = theme.rule().repeat(rule);
        put(buffer, area.x + used + 1, area.y, rule as u16, &ruler, theme.dim());
        put(buffer, start, area.y, wide, &status, style);
    }

    /// Rows of the open list that stand above what is seen.
    fn rows_above(&self) -> usize {
        let ids = self.ids();
        if ids.is_empty() { 0 } else { self.list().seen(&ids, self.list_room()).first }
    }

    pub(in crate::console) fn draw_tabs(&self, buffer: &mut Buffer, area: Rect) {
        let theme = self.settings.theme;
        let mut x = area.x;
        for pane in Pane::ALL {
            let open = pane == self.pane;
            let text =
                if open { format!(" {} {} ", pane.number(), pane.title()) } else { format!(" {} ", pane.number()) };
            let style = if open { theme.accent() } else { theme.dim() };
            put(buffer, x, area.y, (area.x + area.width).saturating_sub(x), &text, style);
            x += words::width(&text) as u16;
        }
        let room = (area.x + area.width).saturating_sub(x + 1);
        let (status, style) = self.status_of(self.pane, room.into());
        put(buffer, x + 1, area.y, room, &status, style);
    }

    /// What a pane has to say in one line, the most pressing first: what has no room is left out whole.
    fn status_of(&self, pane: Pane, room: usize) -> (String, Style) {
        let theme = self.settings.theme;
        let Some(told) = &self.data.overview else { return (theme.ellipsis().to_owned(), theme.dim()) };
        let part = |count: u32, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let joined = |parts: Vec<Option<String>>| words::joined(parts.into_iter().flatten(), theme.dot(), room);
        let or = |text: String, nothing: &str| {
            let text = if text.is_empty() { nothing } else { &text };
            words::fit(text, room, theme.ellipsis())
        };
        let style = |bad: u32, warn: u32| {
            if bad > 0 {
                theme.bad()
            } else if warn > 0 {
                theme.warn()
            } else {
                theme.dim()
            }
        };
        match pane {
            Pane::Connections => {
                let known = told.connections_in_trouble + told.connections_proved;
                let unproved = told.connections.saturating_sub(known);
                let text = joined(vec![
                    part(told.connections_in_trouble, "failing"),
                    part(told.setups, "in setup"),
                    part(unproved, "not verified"),
                    part(told.connections_proved, "verified"),
                ]);
                (or(text, "none"), style(told.connections_in_trouble, 0))
            }
            Pane::Threads => {
                let lag = told.lag(self.now);
                let late = u32::from(lag.is_some());
                let text = joined(vec![lag, part(told.waiting, "waiting"), part(told.unread, "unread")]);
                (or(text, &format!("{} read", told.threads)), style(late, told.waiting))
            }
            Pane::Delivery => {
                let text = joined(vec![
                    told.lag(self.now),
                    part(told.failed, "failed"),
                    part(told.uncertain, "uncertain"),
                    part(told.held, "held"),
                    part(told.scheduled, "scheduled"),
                    part(told.queued - told.held.min(told.queued), "queued"),
                ]);
                (or(text, "no failures"), style(told.failed, told.uncertain))
            }
            Pane::Templates => {
                // The age first: it is what is told even where there is little room.
                let age = told
                    .templates_fetched_at
                    .map(|at| format!("{} as of {}", told.templates, words::moment(at, self.now, self.zone())));
                let sample = told.sample.map(|(gone, all)| format!("sample {} %", gone * 100 / all.max(1)));
                let text = joined(vec![sample, age, part(told.templates_waiting, "not ready")]);
                (or(text, "not fetched yet"), theme.dim())
            }
            Pane::Agents => {
                let text = joined(vec![
                    part(told.stopped, "stopped"),
                    part(told.approvals, "to approve"),
                    part(told.runs_open, "running"),
                    part(told.agents, if told.agents == 1 { "agent" } else { "agents" }),
                ]);
                (or(text, "none"), style(told.stopped, told.approvals))
            }
            Pane::Flows => {
                let flows = || self.data.flows.iter().flatten().flat_map(|list| &list.flows);
                let count = |status: &str| u32::try_from(flows().filter(|flow| flow.is(status)).count()).unwrap_or(0);
                let ill = count("blocked") + count("throttled");
                let text = joined(vec![
                    part(ill, "failing"),
                    part(count("published"), "published"),
                    part(count("draft"), if count("draft") == 1 { "draft" } else { "drafts" }),
                ]);
                (or(text, "none"), style(ill, 0))
            }
            Pane::Activity => {
                let last = told.last_delivery_at.map(|at| format!("webhook {}", words::age(at, self.now)));
                let text = joined(vec![
                    told.lag(self.now),
                    part(told.alerts, if told.alerts == 1 { "alert" } else { "alerts" }),
                    part(told.deliveries_rejected, "invalid signatures"),
                    part(told.deliveries_unreadable, "unreadable"),
                    part(told.deliveries_quarantined, "quarantined"),
                    last,
                ]);
                (or(text, "no webhook yet"), style(told.deliveries_unreadable, told.alerts))
            }
        }
    }

    /// A notice while it stands, else what can be done here.
    pub(in crate::console) fn draw_footer(&self, buffer: &mut Buffer, area: Rect) {
        let theme = self.settings.theme;
        if let Some(trouble) = &self.data.trouble {
            let text = format!(" {} {}", theme.pick("✗", "x"), crate::domain::text::clean_line(trouble));
            put(
                buffer,
                area.x,
                area.y,
                area.width,
                &words::fit(&text, area.width.into(), theme.ellipsis()),
                theme.bad(),
            );
            return;
        }
        if let Some(notice) = self.standing_notice() {
            let text = format!(" {}", notice.text);
            let style = if notice.bad { theme.warn() } else { theme.good() };
            put(buffer, area.x, area.y, area.width, &words::fit(&text, area.width.into(), theme.ellipsis()), style);
            return;
        }
        let mut x = area.x + 1;
        let hint = |spec: &CommandSpec| {
            let key = self.settings.keymap.first(spec);
            let title = format!(" {}  ", spec.title.to_lowercase());
            let wide = (words::width(&key) + words::width(&title)) as u16;
            (key, title, wide)
        };
        let shown = |spec: &&CommandSpec| spec.hint && (spec.ready)(self).is_ok();
        // Help leads to everything that has no room here: it always has some.
        let mut help = table().iter().find(|spec| spec.id == HELP).filter(shown).map_or(0, |spec| hint(spec).2);
        let scopes = self.scopes();
        for scope in scopes {
            for spec in table().iter().filter(|spec| spec.scope == scope).filter(shown) {
                let (key, title, wide) = hint(spec);
                if spec.id == HELP {
                    help = 0;
                }
                if key.is_empty() || x + wide + help > area.x + area.width {
                    continue;
                }
                put(buffer, x, area.y, wide, &key, theme.accent());
                put(buffer, x + words::width(&key) as u16, area.y, wide, &title, theme.dim());
                x += wide;
            }
        }
    }

    /// One line for a screen that is too small for more.
    pub(in crate::console) fn draw_summary(&self, buffer: &mut Buffer, area: Rect) {
        let text = match &self.data.overview {
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
            put(buffer, area.x, area.y, area.width, &text, self.settings.theme.plain());
        }
    }
}
