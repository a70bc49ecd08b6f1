//! Draws Flows as rows, and the details of one.

use super::state::FlowsPane;
use crate::console::cx::Cx;
use crate::console::draw::row::Row;
use crate::console::draw::sheet::Sheet;
use crate::console::words;
use crate::domain::flow::Flow;
use crate::domain::text::clean_line;

impl FlowsPane {
    pub fn flow_row(cx: &Cx, flow: &Flow) -> Row {
        let theme = cx.settings.theme;
        let (sign, style) = match flow.status.as_str() {
            "published" => (theme.pick("✓ ", "+ "), theme.good()),
            "draft" => (theme.pick("○ ", "- "), theme.dim()),
            "deprecated" => (theme.pick("∅ ", "0 "), theme.dim()),
            _ => (theme.pick("✗ ", "x "), theme.bad()),
        };
        let kind = if flow.data_api_version.is_some() { "dynamic " } else { "static " };
        Row {
            left: vec![(sign.into(), style), (flow.name.line(), theme.plain())],
            right: vec![(kind.into(), theme.dim()), (format!("{:>10}", flow.status), style)],
        }
    }

    pub fn flow_sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        let theme = cx.settings.theme;
        for list in self.lists.iter().flatten() {
            if let Some(trouble) = &list.trouble {
                sheet.styled(&clean_line(&list.connection_name), &clean_line(trouble), theme.bad());
            }
        }
        let Some((list, flow)) = self.selected(cx) else { return };
        sheet.blank();
        let fetched = list.fetched_at.map_or_else(|| "never".to_owned(), |at| words::exact(at, cx.zone()));
        sheet.field("as of", &fetched);
        let style = if flow.is("published") { theme.good() } else { theme.warn() };
        sheet.styled("status", &flow.status, style);
        sheet.field("kind", if flow.data_api_version.is_some() { "dynamic: with an endpoint" } else { "static" });
        sheet.field("id", &clean_line(&flow.id));
        sheet.field("sent as", &clean_line(&flow.network_id));
        if let Some(at) = flow.published_at {
            sheet.field("published", &words::exact(at, cx.zone()));
        }
        let Some(detail) = self.known(cx) else {
            sheet.blank();
            sheet.text("enter fetches its versions, endpoint and missing steps.", theme.dim());
            return;
        };
        sheet.heading("Steps before it can be sent");
        for check in &detail.value.checks {
            let (sign, style) = if check.done {
                (theme.pick("✓", "+"), theme.good())
            } else {
                (theme.pick("○", "-"), theme.warn())
            };
            sheet.text(&format!("{sign} {}", check.what), style);
            if !check.done {
                sheet.text(&format!("  {} {}", theme.pick("→", ">"), check.instead), theme.dim());
            }
        }
        if let Some(endpoint) = &detail.value.endpoint {
            sheet.heading("Endpoint");
            sheet.field("state", &endpoint.status);
            if let Some(url) = &endpoint.url {
                sheet.field("address", url);
            }
            if let Some(at) = endpoint.deployed_at {
                sheet.field("deployed", &words::exact(at, cx.zone()));
            }
            sheet.field("code", &format!("{} lines; e edits it", endpoint.code.lines().count()));
        }
        sheet.heading("Versions");
        for version in &detail.value.versions {
            let at = version.created_at.map(|at| words::exact(at, cx.zone())).unwrap_or_default();
            sheet.text(&format!("{}  {}  {at}", version.label, version.status), theme.plain());
            for finding in &version.findings {
                let line = finding.line.map(|line| format!(" (line {line})")).unwrap_or_default();
                sheet.text(&format!("  {} {}{line}", finding.code, finding.said.line()), theme.bad());
            }
        }
        sheet.blank();
        let asked = words::clock_to_the_second(detail.fetched_at, cx.zone());
        sheet.text(&format!("Fetched at {asked}; enter fetches again."), theme.dim());
    }
}
