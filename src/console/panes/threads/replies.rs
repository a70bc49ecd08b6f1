//! Canned replies in the composer: `/short` and tab, with a preview above the text.

use super::state::ThreadsPane;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{PickerKind, Row};
use crate::console::words;
use crate::domain::code::Code;
use crate::domain::ids::ThreadId;
use crate::domain::message::canned::{CannedReply, ReplyFacts, expand};
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;

impl ThreadsPane {
    /// Replies whose name begins with what is typed after `/`; the one with exactly that name alone.
    pub fn matching_replies(&self) -> Vec<&CannedReply> {
        let Some(short) = self.composer().and_then(crate::console::thread::composer::Composer::short) else {
            return vec![];
        };
        let all: Vec<&CannedReply> = self.replies.iter().filter(|reply| reply.short.starts_with(&short)).collect();
        match all.iter().find(|reply| reply.short == short) {
            Some(exact) => vec![exact],
            None => all,
        }
    }

    /// A reply filled in for the open thread, or why it cannot be.
    fn filled_in(&self, cx: &Cx, reply: &CannedReply) -> Result<String, Refusal> {
        let row = self.open.as_ref().and_then(|open| open.row.as_ref());
        let row = row.ok_or_else(|| Refusal::new(Code::NotFound, "The thread is not loaded yet.", "Wait a moment."))?;
        let facts = ReplyFacts {
            contact: &row.contact,
            me: &cx.settings.actor.to_string(),
            window_closes_at: row.window_closes_at,
            now: cx.now,
            zone_offset: words::offset(cx.now, cx.zone()),
        };
        expand(&reply.text, &facts)
    }

    /// What tab would do, in one line, and whether it can.
    pub fn reply_preview(&self, cx: &Cx) -> Option<(String, bool)> {
        match self.matching_replies().as_slice() {
            [] => None,
            [one] => Some(match self.filled_in(cx, one) {
                Ok(text) => (format!("tab /{}: {}", one.short, clean_line(&text)), true),
                Err(why) => (format!("/{}: {why}", one.short), false),
            }),
            several => {
                let names: Vec<String> = several.iter().map(|reply| format!("/{}", reply.short)).collect();
                Some((format!("canned replies: {}", names.join(" ")), true))
            }
        }
    }

    /// Puts the canned reply that is typed into the text.
    pub fn expand_reply(&mut self, cx: &Cx) -> Vec<Intent> {
        let text = match self.matching_replies().as_slice() {
            [] => Err("No canned reply has this name. `wadeck replies list` lists them.".to_owned()),
            [one] => self.filled_in(cx, one).map_err(|refusal| refusal.to_string()),
            several => Err(format!("{} canned replies begin so. Type more of the name.", several.len())),
        };
        match text {
            Ok(text) => {
                if let Some(composer) = self.composer_mut() {
                    composer.replace_short(&text);
                }
                vec![]
            }
            Err(why) => vec![Intent::Warn(why)],
        }
    }
}

/// Canned replies with their texts; picking one puts it into the composer.
#[derive(Debug)]
pub(super) struct ReplyPicker {
    pub thread: ThreadId,
    pub replies: Option<Vec<CannedReply>>,
}

impl PickerKind for ReplyPicker {
    fn title(&self) -> &'static str {
        "Canned replies"
    }

    fn empty_text(&self) -> &'static str {
        if self.replies.is_none() {
            "Loading …"
        } else {
            "No canned replies. Save one with `wadeck replies add SHORT TEXT`."
        }
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Replies)
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Replies(rows) = answer {
            self.replies = Some(rows.clone());
        }
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        let row = |reply: &CannedReply| Row {
            right: reply.source.name().to_owned(),
            ..Row::new(reply.short.clone(), format!("/{}", clean_line(&reply.short)), clean_line(&reply.text))
        };
        self.replies.iter().flatten().map(row).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        // What was filled in elsewhere would be somebody else's name: the engine fills in this thread's.
        let query = Query::Reply { thread: self.thread, short: row.id.clone() };
        vec![Intent::Ask(query)]
    }
}
