//! What is written for the provider at length, a template or a Flow: handed to an editor, checked when
//! it comes back, and kept until it was taken.

use ratatui_textarea::TextArea;

use crate::console::overlays::finder_kind::Row;
use crate::console::overlays::{Overlay, Reading};
use crate::console::script::{Script, ScriptKind, script_request};
use crate::console::{Console, Edit, Effect};
use crate::domain::ids::ConnectionId;
use crate::domain::lint::{flow, flow_code, template};
use crate::domain::request::Request;
use crate::domain::templates::form;
use crate::domain::templates::starter;
use crate::domain::text::clean_line;

impl Console {
    /// The number whose account something new would belong to.
    pub(in crate::console) fn account_for_new(&self) -> Option<ConnectionId> {
        self.cx.account_for_new(self.panes.templates.selected(&self.cx).map(|(list, _)| list.connection))
    }

    /// Hands a text to the person's editor, or to the one that is built in.
    pub(in crate::console) fn edit_script(&mut self, kind: ScriptKind, text: String) -> Vec<Effect> {
        self.cx.script = Some(Script { kind, text: text.clone(), findings: vec![], fault: None });
        if self.cx.settings.editor {
            self.overlay = None;
            return vec![Effect::Edit { what: Edit::Script, text }];
        }
        let area =
            TextArea::new(text.split('\n').map(|line| line.trim_end_matches('\r').replace('\t', "  ")).collect());
        self.overlay = Some(Overlay::Editor(Box::new(area)));
        vec![]
    }

    /// What can be begun from; what was begun stands first.
    pub(in crate::console) fn starter_rows(&self) -> Vec<Row> {
        let begun = self.cx.script.as_ref().map(|script| Row {
            id: String::new(),
            head: "unfinished text".into(),
            tail: script.text.lines().take(3).map(clean_line).collect::<Vec<_>>().join("  "),
            right: script.kind.title().into(),
            ..Row::default()
        });
        let rows = starter::TEMPLATES.iter().map(|one| Row {
            id: one.name.into(),
            head: one.name.into(),
            tail: one.what.into(),
            ..Row::default()
        });
        begun.into_iter().chain(rows).collect()
    }

    pub(in crate::console) fn pick_starter(&mut self, name: &str) -> Vec<Effect> {
        let Some(starter) = starter::template(name) else { return self.edit_again() };
        match self.account_for_new() {
            Some(connection) => {
                self.edit_script(ScriptKind::Template { connection, id: None }, starter.text.to_owned())
            }
            None => vec![],
        }
    }

    /// What was begun is written on.
    pub(in crate::console) fn edit_again(&mut self) -> Vec<Effect> {
        match self.cx.script.take() {
            Some(script) => self.edit_script(script.kind, script.text),
            None => vec![],
        }
    }

    /// Checks what came back, and shows what was found.
    pub(in crate::console) fn script_is_back(&mut self, text: String) -> Vec<Effect> {
        let Some(mut script) = self.cx.script.take() else { return vec![] };
        script.text = text;
        self.check_script(&mut script);
        self.cx.script = Some(script);
        self.overlay = Some(Overlay::reading(Reading::Findings));
        vec![]
    }

    fn check_script(&self, script: &mut Script) {
        let read = match &script.kind {
            ScriptKind::Flow { .. } => Ok(flow::lint(&script.text)),
            ScriptKind::FlowCode { .. } => Ok(flow_code::lint(&script.text)),
            ScriptKind::Template { connection, id } => form::read(&script.text).map(|value| {
                let list = self.panes.templates.lists.iter().flatten().find(|list| list.connection == *connection);
                let known = list.map(|list| list.templates.as_slice()).unwrap_or_default();
                let mut findings = template::lint(&value, known, id.as_deref());
                if let Some(old) = known.iter().find(|one| Some(one.id.as_str()) == id.as_deref()) {
                    template::check_edit(&mut findings, old, &value);
                }
                findings
            }),
        };
        match read {
            Ok(findings) => (script.findings, script.fault) = (findings, None),
            Err(refusal) => (script.findings, script.fault) = (vec![], Some(refusal.to_string())),
        }
    }

    pub(in crate::console) fn finding_lines(&self) -> Vec<String> {
        let Some(script) = &self.cx.script else { return vec!["No text is open.".into()] };
        let theme = self.cx.settings.theme;
        let mut lines = vec![];
        if let Some(fault) = &script.fault {
            lines.extend(fault.lines().map(|line| format!("{} {}", theme.pick("✗", "x"), clean_line(line))));
        }
        for finding in &script.findings {
            let sign = match finding.level {
                crate::domain::lint::Level::Error => theme.pick("✗", "x"),
                crate::domain::lint::Level::Warning => "!",
            };
            let place = if finding.place.is_empty() { String::new() } else { format!("  {}", finding.place) };
            lines.push(format!("{sign} {}{place}", finding.rule));
            lines.push(format!("    {}", finding.what));
            let mends = if finding.mends { "  (f fixes it)" } else { "" };
            lines.push(format!("    {} {}{mends}", theme.pick("→", ">"), finding.instead));
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(match (script.passes(), script.findings.is_empty()) {
            (true, true) => "No problems found. s submits it, e edits it again, esc saves for later.".to_owned(),
            (true, false) => "No errors found. s submits it, e edits it again, esc saves for later.".to_owned(),
            (false, _) if script.findings.iter().any(|one| one.mends) => {
                "f fixes what can be fixed, e edits it again, esc saves for later.".to_owned()
            }
            (false, _) => "e edits it again, esc saves for later. Nothing was sent.".to_owned(),
        });
        lines
    }

    /// A key while the findings are read. `None`: it means nothing here.
    pub(in crate::console) fn finding_key(&mut self, letter: char) -> Option<Vec<Effect>> {
        match letter {
            'e' => Some(self.edit_again()),
            'f' => {
                let mut script = self.cx.script.take()?;
                match &script.kind {
                    ScriptKind::Flow { .. } | ScriptKind::FlowCode { .. } => {
                        self.cx.notice("Nothing here can be fixed automatically.", true);
                    }
                    ScriptKind::Template { .. } => {
                        if let Ok(mut value) = form::read(&script.text) {
                            let mended = template::mend(&mut value, &script.findings);
                            script.text = serde_json::to_string_pretty(&value).unwrap_or_default();
                            self.cx.notice(format!("Fixed {mended}. Check the examples before you submit it."), false);
                        }
                    }
                }
                self.check_script(&mut script);
                self.cx.script = Some(script);
                Some(vec![])
            }
            's' => {
                let script = self.cx.script.as_ref()?;
                if !script.passes() {
                    self.cx.notice("The provider would reject it. Fix the marked errors first.", true);
                    return Some(vec![]);
                }
                let request = script_request(script);
                self.ask_first("Submit it to the provider?".to_owned(), request);
                Some(vec![])
            }
            _ => None,
        }
    }

    /// The answer to what was submitted: gone when it was taken, kept with the reason when it was not.
    pub(in crate::console) fn script_answered(&mut self, request: &Request, why: Option<&str>) {
        let Some(script) = &mut self.cx.script else { return };
        if script_request(script) != *request {
            return;
        }
        match why {
            None => self.cx.script = None,
            Some(why) => {
                script.fault = Some(why.to_owned());
                self.overlay = Some(Overlay::reading(Reading::Findings));
            }
        }
    }
}
