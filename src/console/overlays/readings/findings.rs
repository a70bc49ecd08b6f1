//! Shows the findings of the template or Flow that is being edited, and submits it.

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::reading::Text;
use crate::console::script::ScriptStep;
use crate::domain::lint::Level;
use crate::domain::text::clean_line;

/// The findings of the current script.
#[derive(Debug)]
pub(in crate::console) struct Findings;

impl Text for Findings {
    fn title(&self) -> &'static str {
        "Check before submitting"
    }

    fn hint(&self) -> &'static str {
        "s submits, e edits, f fixes, esc saves for later"
    }

    fn lines(&self, cx: &Cx) -> Vec<String> {
        let Some(script) = &cx.script else { return vec!["No text is open.".into()] };
        let theme = cx.settings.theme;
        let mut lines = vec![];
        if let Some(fault) = &script.fault {
            lines.extend(fault.lines().map(|line| format!("{} {}", theme.pick("✗", "x"), clean_line(line))));
        }
        for finding in &script.findings {
            let sign = match finding.level {
                Level::Error => theme.pick("✗", "x"),
                Level::Warning => "!",
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

    fn letter(&mut self, cx: &Cx, letter: char) -> Option<Vec<Intent>> {
        let script = cx.script.as_ref()?;
        Some(vec![match letter {
            'e' => Intent::Script(ScriptStep::Again),
            'f' => Intent::Script(ScriptStep::Mend),
            's' if script.passes() => Intent::ask_first("Submit it to the provider?".to_owned(), script.request()),
            's' => Intent::Warn("The provider would reject it. Fix the marked errors first.".to_owned()),
            _ => return None,
        }])
    }
}
