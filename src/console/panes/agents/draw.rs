//! Draws agents, assignments, stops and runs as rows and as details.

use ratatui::style::Style;

use super::rehearsed::draw_results;
use super::rows::AgentRow;
use super::run_facts::{Fact, run_facts};
use super::state::AgentsPane;
use crate::console::cx::Cx;
use crate::console::draw::row::Row;
use crate::console::draw::sheet::Sheet;
use crate::console::words;
use crate::domain::agents::assignment::AssignmentState;
use crate::domain::agents::requests::{
    AgentView, AssignmentDetail, AssignmentRow, Exchange, RunView, StopScope, StopView,
};
use crate::domain::agents::run::RunState;
use crate::domain::text::clean_line;

impl AgentsPane {
    pub fn agent_row(cx: &Cx, row: AgentRow<'_>) -> Row {
        let theme = cx.settings.theme;
        match row {
            AgentRow::Stop(stop) => Row {
                left: vec![
                    (theme.pick("■ ", "! ").into(), theme.bad()),
                    (format!("silent: {}", Self::stopped_words(cx, stop)), theme.bad()),
                ],
                right: vec![(clean_line(&stop.by), theme.dim())],
            },
            AgentRow::Assignment(row) => Self::assignment_row(cx, row),
            AgentRow::Agent(agent) => {
                let (sign, style) = match () {
                    () if agent.stopped => (theme.pick("■ ", "! "), theme.bad()),
                    () if agent.failures_today > 0 => (theme.pick("● ", "o "), theme.warn()),
                    () => (theme.pick("● ", "o "), theme.good()),
                };
                let mut today = format!("{} today", agent.runs_today);
                for (count, what) in [(agent.failures_today, "failed"), (agent.held_today, "held")] {
                    if count > 0 {
                        today.push_str(&format!(", {count} {what}"));
                    }
                }
                Row {
                    left: vec![
                        (sign.into(), style),
                        (agent.name.clone(), theme.bold()),
                        (format!("  {}", agent.kind), theme.dim()),
                    ],
                    right: vec![(today, if agent.failures_today > 0 { theme.warn() } else { theme.dim() })],
                }
            }
            AgentRow::Run(run) => {
                let style = Self::run_style(cx, run.state);
                let at = run.finished_at.or(run.started_at).unwrap_or(run.due_at);
                let state = run.state.name().replace('_', " ");
                let said = run.said.as_ref().or(run.error.as_ref()).map(|text| format!("  {}", text.line()));
                Row {
                    left: vec![
                        (format!("  {} ", words::pad(&state, 11, theme.ellipsis())), style),
                        (run.contact.display_name(), theme.plain()),
                        (said.unwrap_or_default(), theme.dim()),
                    ],
                    right: vec![(format!("{:>4}", words::age(at, cx.now)), theme.dim())],
                }
            }
        }
    }

    fn run_style(cx: &Cx, state: RunState) -> Style {
        let theme = cx.settings.theme;
        match state {
            RunState::Failed => theme.bad(),
            RunState::HandedOff | RunState::Proposed => theme.warn(),
            _ => theme.dim(),
        }
    }

    fn assignment_row(cx: &Cx, row: &AssignmentRow) -> Row {
        let theme = cx.settings.theme;
        let one = &row.assignment;
        let waits = one.state.waits();
        let put_off = one.snoozed_until.filter(|until| waits && *until > cx.now);
        let (sign, style) = match () {
            () if put_off.is_some() => (theme.pick("◇ ", "? "), theme.dim()),
            () if waits => (theme.pick("◇ ", "? "), theme.warn()),
            () if one.stale_since.is_some() => (theme.pick("◆ ", "! "), theme.warn()),
            () => (theme.pick("◆ ", "* "), theme.good()),
        };
        let verb = if waits { "proposed for" } else { "answers" };
        let by = match (put_off, one.state) {
            (Some(until), _) => format!("postponed until {}", words::moment(until, cx.now, cx.zone())),
            (_, AssignmentState::Approved) => "a second approver".into(),
            _ if waits => format!("by {}", clean_line(&one.proposed_by)),
            _ if one.stale_since.is_some() => "changed: approve again".into(),
            _ if one.from_file => "configured".into(),
            _ => format!("by {}", one.decided_by.as_deref().map_or_else(|| "?".to_owned(), clean_line)),
        };
        let whom = row
            .contact
            .as_ref()
            .map_or_else(|| row.connection_name.clone(), |contact| format!("{} only", contact.display_name()));
        let some = if one.contract.when.is_empty() { "" } else { " with conditions" };
        Row {
            left: vec![
                (sign.into(), style),
                (
                    format!("{} {verb} {}{some}", clean_line(&one.agent), clean_line(&whom)),
                    if waits { theme.bold() } else { theme.plain() },
                ),
                (format!("  {}", one.mode.name()), theme.dim()),
            ],
            right: vec![(by, if one.stale_since.is_some() { theme.warn() } else { theme.dim() })],
        }
    }

    /// Returns what a stop silences, with the contact's name if it is one thread.
    fn stopped_words(cx: &Cx, stop: &StopView) -> String {
        match &stop.what {
            StopScope::Thread(thread) => match cx.names.get(thread) {
                Some(name) => format!("the agent of {name}"),
                None => stop.what.words(),
            },
            what => what.words(),
        }
    }

    pub fn agent_sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        sheet.blank();
        match self.selected(cx) {
            None => {}
            Some(AgentRow::Stop(stop)) => Self::stop_sheet(cx, sheet, stop),
            Some(AgentRow::Assignment(row)) => self.assignment_sheet(cx, sheet, row),
            Some(AgentRow::Agent(agent)) => Self::one_agent_sheet(cx, sheet, agent),
            Some(AgentRow::Run(run)) => self.run_sheet(cx, sheet, run),
        }
    }

    fn stop_sheet(cx: &Cx, sheet: &mut Sheet, stop: &StopView) {
        let theme = cx.settings.theme;
        sheet.styled("silent", &Self::stopped_words(cx, stop), theme.bad());
        sheet.field("by", &format!("{}, {}", clean_line(&stop.by), words::exact(stop.at, cx.zone())));
        if !stop.reason.is_empty() {
            sheet.field("reason", &clean_line(&stop.reason));
        }
        sheet.field("runs canceled", &stop.runs.to_string());
        for (what, list) in [("Canceled replies", &stop.caught), ("Replies that had already left", &stop.departed)] {
            sheet.heading(what);
            if list.is_empty() {
                sheet.text("none", theme.dim());
            }
            for one in list {
                sheet.text(&format!("{} to {}", one.entry, clean_line(&one.contact)), theme.plain());
                sheet.raw(&one.text);
            }
        }
        sheet.blank();
        sheet.text("! resumes them.", theme.dim());
    }

    fn assignment_sheet(&self, cx: &Cx, sheet: &mut Sheet, row: &AssignmentRow) {
        let theme = cx.settings.theme;
        let one = &row.assignment;
        sheet.field("assignment", &one.id.to_string());
        let whom = row.contact.as_ref().map(|contact| format!("{} via ", contact.display_name())).unwrap_or_default();
        sheet.field("answers", &format!("{whom}{}", clean_line(&row.connection_name)));
        let state = match one.state {
            AssignmentState::Approved => "one of two approvals given".to_owned(),
            state if one.from_file => format!("{}, from configuration", state.name()),
            state => state.name().to_owned(),
        };
        sheet.styled("state", &state, if one.state.waits() { theme.warn() } else { theme.plain() });
        if let Some(since) = one.stale_since {
            let since = words::exact(since, cx.zone());
            let text = format!("the agent has changed since {since}: it stays silent until it is approved again");
            sheet.styled("changed", &text, theme.warn());
        }
        let signed = |who: &str, at| format!("{}, {}", clean_line(who), words::exact(at, cx.zone()));
        sheet.field("proposed by", &signed(&one.proposed_by, one.proposed_at));
        if let (Some(by), Some(at)) = (&one.approved_by, one.approved_at) {
            sheet.field("first approval", &signed(by, at));
        }
        if let (Some(by), Some(at)) = (&one.decided_by, one.decided_at) {
            sheet.field("decided by", &signed(by, at));
        }
        if let Some(reason) = &one.reason {
            sheet.field("reason", &clean_line(reason));
        }
        if let Some(at) = one.expires_at {
            sheet.field("until", &words::exact(at, cx.zone()));
        }
        let Some(dossier) = self.detail_of(one.id) else { return };
        Self::contract_part(cx, sheet, dossier);
        if one.state.waits() {
            sheet.blank();
            sheet.text("a approves, x rejects, E restricts, s postpones, r rehearses.", theme.accent());
        }
        Self::evidence_part(cx, sheet, dossier);
    }

    /// Adds the contract's terms, with the ones that differ from the active contract.
    fn contract_part(cx: &Cx, sheet: &mut Sheet, dossier: &AssignmentDetail) {
        let theme = cx.settings.theme;
        sheet.heading("Contract");
        let waits = dossier.row.assignment.state.waits();
        match &dossier.instead_of {
            Some(today) => {
                let text = format!("replaces {} ({})", clean_line(&today.agent), today.id);
                sheet.text(&text, theme.dim());
            }
            None if waits => sheet.text("no agent answers there now", theme.dim()),
            None => {}
        }
        for term in dossier.terms() {
            match term.today {
                None => sheet.field(term.name, &term.value),
                Some(today) => {
                    sheet.styled(term.name, &format!("{} {}", theme.pick("≠", "!="), term.value), theme.warn());
                    sheet.styled("", &format!("now: {today}"), theme.dim());
                }
            }
        }
        let [runs, answered, held, failed] = dossier.runs;
        if runs > 0 {
            let text = format!("{runs} runs: {answered} answered, {held} held, {failed} failed; {}", dossier.cost);
            sheet.field("so far", &text);
        }
    }

    /// Adds the rehearsal: what the agent would have replied, next to what was sent.
    fn evidence_part(cx: &Cx, sheet: &mut Sheet, dossier: &AssignmentDetail) {
        let theme = cx.settings.theme;
        let seen = dossier.row.assignment.evidence.as_deref();
        let Some(rehearsal) = &dossier.rehearsal else {
            if dossier.row.assignment.state.waits() {
                sheet.heading("Rehearsal");
                sheet.text(
                    "Not rehearsed. Press r to let the agent answer past messages; nothing is sent.",
                    theme.dim(),
                );
            }
            return;
        };
        sheet.heading("Rehearsal");
        let now_other = dossier.agent_digest.as_ref().is_some_and(|digest| *digest != rehearsal.agent_digest);
        let text = format!(
            "{} of {} exchanges, by {}, {}",
            rehearsal.played.len(),
            rehearsal.wanted,
            clean_line(&rehearsal.by),
            words::exact(rehearsal.at, cx.zone())
        );
        sheet.text(&text, theme.plain());
        match &rehearsal.digest {
            None => sheet.text("still running", theme.warn()),
            Some(digest) if seen == Some(digest.as_str()) => {
                sheet.text(&format!("digest {digest}, recorded with the approval"), theme.dim());
            }
            Some(digest) => sheet.text(&format!("digest {digest}"), theme.dim()),
        }
        if now_other {
            sheet.text("The agent has changed since: its replies may differ now.", theme.warn());
        }
        for (number, exchange) in rehearsal.played.iter().enumerate() {
            Self::exchange(cx, sheet, number + 1, exchange);
        }
    }

    fn exchange(cx: &Cx, sheet: &mut Sheet, number: usize, one: &Exchange) {
        let theme = cx.settings.theme;
        let cost = if one.cost.0 > 0 { format!(", {}", one.cost) } else { String::new() };
        let language = one.language.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
        sheet.heading(&format!(
            "{number}  {}  {} ms, {} tokens{cost}{language}",
            words::exact(one.at, cx.zone()),
            one.took_ms,
            one.tokens
        ));
        sheet.field("they", &one.asked.line());
        let by = if one.by.is_empty() { "said".to_owned() } else { clean_line(&one.by) };
        sheet.styled("then", &format!("{} ({by})", one.said.line()), theme.dim());
        match (&one.now, &one.hand_off, &one.error) {
            (_, _, Some(error)) => sheet.styled("now", &format!("fails: {}", clean_line(error)), theme.bad()),
            (Some(now), hand_off, None) => {
                sheet.field("now", &now.line());
                if let Some(why) = hand_off {
                    sheet.styled("escalates", &clean_line(why), theme.warn());
                }
            }
            (None, Some(why), None) => sheet.styled("escalates", &clean_line(why), theme.warn()),
            (None, None, None) => sheet.styled("now", "no reply", theme.dim()),
        }
        if !one.tools.is_empty() {
            sheet.field("tools", &clean_line(&one.tools.join(", ")));
        }
        for breach in &one.breaches {
            sheet.styled("held", &clean_line(breach), theme.warn());
        }
    }

    fn one_agent_sheet(cx: &Cx, sheet: &mut Sheet, agent: &AgentView) {
        let theme = cx.settings.theme;
        sheet.field("agent", &agent.name);
        sheet.field("kind", &agent.kind);
        sheet.field("is", &format!("{}, until its prompt, model or rules change", agent.digest));
        if agent.stopped {
            sheet.styled("silent", "it is stopped; ! resumes it", theme.bad());
        }
        sheet.heading("Last 24 hours");
        let rate = |count: u32| match agent.runs_today {
            0 => String::new(),
            runs => format!(" ({} %)", count * 100 / runs),
        };
        sheet.field("runs", &agent.runs_today.to_string());
        let failed = format!("{}{}", agent.failures_today, rate(agent.failures_today));
        sheet.styled("failed", &failed, if agent.failures_today > 0 { theme.warn() } else { theme.plain() });
        sheet.field("held", &format!("{}{}", agent.held_today, rate(agent.held_today)));
        if let Some(took) = agent.half_took_ms {
            sheet.field("median", &format!("maximum {took} ms"));
        }
        sheet.field("tokens", &agent.tokens_today.to_string());
        sheet.field("cost", &agent.cost_today.to_string());
        match (agent.last_run_at, agent.last_run_state) {
            (Some(at), Some(state)) => sheet.styled(
                "last run",
                &format!("{}, {}", state.name().replace('_', " "), words::exact(at, cx.zone())),
                if state == RunState::Failed { theme.bad() } else { theme.plain() },
            ),
            _ => sheet.styled("last run", "never: t tests it, and nothing is sent", theme.dim()),
        }
        draw_results(cx, sheet, agent);
    }

    fn run_sheet(&self, cx: &Cx, sheet: &mut Sheet, run: &RunView) {
        let Some(record) = self.run_of(run.id) else { return };
        for fact in run_facts(cx, record) {
            match fact {
                Fact::Heading(text) => sheet.heading(&text),
                Fact::Field(label, text) => sheet.field(label, &text),
                Fact::Trouble(label, text) => sheet.styled(label, &text, cx.settings.theme.warn()),
                Fact::Text(text) => sheet.text(&text, cx.settings.theme.dim()),
            }
        }
    }
}
