//! Shows an explanation: the answer, the remedy, then the chain of causes.

use crate::console::cx::Cx;
use crate::console::overlays::reading::Text;
use crate::console::words;
use crate::domain::text::clean_line;
use crate::domain::why::Why;

/// An explanation.
#[derive(Debug)]
pub(in crate::console) struct Explanation {
    why: Why,
}

impl Explanation {
    pub fn new(why: Why) -> Self {
        Self { why }
    }
}

impl Text for Explanation {
    fn title(&self) -> &'static str {
        "Why"
    }

    fn lines(&self, cx: &Cx) -> Vec<String> {
        let why = &self.why;
        let mut lines = vec![
            format!("{}  {}", clean_line(&why.id), clean_line(&why.about)),
            String::new(),
            clean_line(&why.answer),
        ];
        if !why.remedy.is_empty() {
            lines.push(format!("{} {}", cx.settings.theme.pick("→", ">"), clean_line(&why.remedy)));
        }
        lines.extend([String::new(), "Causes".to_owned()]);
        for cause in &why.chain {
            let at = cause.at.map_or_else(|| "        ".to_owned(), |at| words::clock_to_the_second(at, cx.zone()));
            let about = cause.about.as_deref().map(|about| format!("  ({})", clean_line(about))).unwrap_or_default();
            lines.push(format!("  {at}  {}{about}", clean_line(&cause.said)));
        }
        lines
    }
}
