//! The built-in full-screen text editor.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::Widget;
use ratatui_textarea::TextArea;

use super::boxed::draw_box;
use crate::console::input::{KeyCode, clean_paste};
use crate::console::intent::{Intent, Overlay};
use crate::console::scene::{Press, Scene};
use crate::console::script::ScriptStep;

/// The editor for a template or a Flow.
#[derive(Debug)]
pub(in crate::console) struct Editor {
    title: &'static str,
    area: Box<TextArea<'static>>,
}

impl Editor {
    pub fn new(title: &'static str, text: &str) -> Self {
        let lines = text.split('\n').map(|line| line.trim_end_matches('\r').replace('\t', "  "));
        Self { title, area: Box::new(TextArea::new(lines.collect())) }
    }

    fn text(&self) -> String {
        self.area.lines().join("\n")
    }
}

impl Overlay for Editor {
    fn takes_text(&self) -> bool {
        true
    }

    fn paste(&mut self, _: &Scene<'_>, text: &str) -> Vec<Intent> {
        self.area.insert_str(clean_paste(text).replace('\t', "  "));
        vec![]
    }

    fn key(&mut self, _: &Scene<'_>, press: &Press) -> Vec<Intent> {
        match press.key.code {
            KeyCode::Char('s') if press.is_ctrl('s') => {
                vec![Intent::Close, Intent::Script(ScriptStep::Check(self.text()))]
            }
            // The text is kept for the next time.
            KeyCode::Esc => vec![Intent::Script(ScriptStep::Keep(self.text())), Intent::Close],
            _ => {
                self.area.input(press.key);
                vec![]
            }
        }
    }

    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        let theme = scene.cx.settings.theme;
        let frame = Rect { x: 1, y: 1, width: screen.width.saturating_sub(2), height: screen.height.saturating_sub(2) };
        let inner = draw_box(theme, buffer, frame, self.title, "ctrl-s checks it, esc saves for later");
        let mut shown = (*self.area).clone();
        shown.set_style(theme.plain());
        shown.set_cursor_line_style(theme.plain());
        shown.set_cursor_style(ratatui::style::Style::new().add_modifier(ratatui::style::Modifier::REVERSED));
        (&shown).render(inner, buffer);
        None
    }
}
