//! Results of an agent's latest rehearsal with written conversations, with their age.

use crate::console::cx::Cx;
use crate::console::draw::sheet::Sheet;
use crate::console::words;
use crate::domain::agents::requests::AgentView;
use crate::domain::text::clean_line;

/// Adds the results to the detail of an agent; nothing if there are none.
pub(super) fn draw_results(cx: &Cx, sheet: &mut Sheet, agent: &AgentView) {
    let Some(first) = agent.rehearsed.first() else { return };
    let theme = cx.settings.theme;
    let passed = agent.rehearsed.iter().filter(|one| one.passed()).count();
    sheet.heading("Written conversations");
    let text = format!("{passed} of {} passed, {}", agent.rehearsed.len(), words::ago(first.at, cx.now));
    sheet.styled("rehearsed", &text, if passed < agent.rehearsed.len() { theme.bad() } else { theme.plain() });
    if first.agent_digest != agent.digest {
        sheet.styled("as", &format!("{}, before it changed", first.agent_digest), theme.warn());
    }
    for one in agent.rehearsed.iter().filter(|one| !one.passed()) {
        sheet.styled("failed", &clean_line(&one.name), theme.bad());
        for why in &one.failures {
            sheet.text(&clean_line(why), theme.plain());
        }
    }
    sheet.text("r rehearses them again.", theme.dim());
}
