//! Shows a fixed text, for example the result of a dry run.

use crate::console::cx::Cx;
use crate::console::overlays::reading::Text;
use crate::domain::text::clean_line;

/// A fixed text.
#[derive(Debug)]
pub(in crate::console) struct PlainText {
    title: &'static str,
    text: String,
}

impl PlainText {
    pub fn new(title: &'static str, text: impl Into<String>) -> Self {
        Self { title, text: text.into() }
    }
}

impl Text for PlainText {
    fn title(&self) -> &'static str {
        self.title
    }

    fn lines(&self, _: &Cx) -> Vec<String> {
        self.text.lines().map(clean_line).collect()
    }
}
