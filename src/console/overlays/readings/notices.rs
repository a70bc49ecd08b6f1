//! Shows the last notices in full, the newest at the end.

use crate::console::cx::Cx;
use crate::console::overlays::reading::Text;
use crate::console::settings::Notice;
use crate::console::words;

/// The notices that are kept.
#[derive(Debug)]
pub(in crate::console) struct Notices;

impl Text for Notices {
    fn title(&self) -> &'static str {
        "Notices"
    }

    fn reads_down(&self) -> bool {
        false
    }

    fn lines(&self, cx: &Cx) -> Vec<String> {
        if cx.notices.is_empty() {
            return vec!["No notices.".into()];
        }
        let line = |notice: &Notice| format!("{}  {}", words::clock(notice.at, cx.zone()), notice.text);
        cx.notices.iter().map(line).collect()
    }
}
