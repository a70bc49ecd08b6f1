//! Gives overlays access to the open pane.

use super::command::CommandSpec;
use super::commands::ready;
use super::cx::Cx;
use super::panes::Panes;
use super::scene::{Beneath, Scene};
use crate::console::user_error::UserError;
use crate::domain::numbers::connection::Environment;

impl Beneath for Panes {
    fn ready(&self, cx: &Cx, spec: &CommandSpec) -> Result<(), UserError> {
        ready(self, cx, spec)
    }

    fn environment(&self, cx: &Cx) -> Option<Environment> {
        self.get(cx.pane).environment(cx)
    }

    fn filter(&self, cx: &Cx) -> String {
        self.get(cx.pane).list().filter.clone()
    }

    fn filter_hint(&self, cx: &Cx) -> &'static str {
        self.get(cx.pane).filter_hint()
    }

    fn check_filter(&self, cx: &Cx, text: &str) -> Result<(), UserError> {
        self.get(cx.pane).check_filter(cx, text)
    }
}

/// Returns what overlays may read: the shared context and the open pane.
pub(super) fn scene<'s>(cx: &'s Cx, panes: &'s Panes) -> Scene<'s> {
    Scene { cx, beneath: panes }
}
