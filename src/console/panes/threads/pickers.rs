//! Pickers for a thread: templates, other content, and reactions.

use super::forms::content::{CONTENTS, ContentForm};
use super::forms::file::FileForm;
use super::forms::template::TemplateForm;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::{PickerKind, Row};
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::costs::category::Category;
use crate::domain::costs::charge::Charge;
use crate::domain::costs::thread::ThreadCosts;
use crate::domain::ids::{ConnectionId, MessageId, ThreadId};
use crate::domain::message::window::is_open;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::templates::template::{Template, TemplateList};
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;

/// Templates that can be sent to the thread's contact.
#[derive(Debug)]
pub(super) struct TemplatePicker {
    connection: ConnectionId,
    /// The contact's number; `None` if it is not known.
    to: Option<PhoneNumber>,
    costs: Option<Box<ThreadCosts>>,
    lists: Option<Vec<TemplateList>>,
    window_closes_at: Option<Timestamp>,
}

impl TemplatePicker {
    pub fn new(row: &ThreadRow) -> Self {
        let (connection, to) = (row.connection_id, row.contact.phone_number.clone());
        Self { connection, to, costs: row.costs.clone(), lists: None, window_closes_at: row.window_closes_at }
    }

    fn charge(&self, template: &Template) -> Charge {
        let category = Category::from_name(template.category.as_received());
        let no_rate = || Charge::NotKnown { why: "no rate is known".to_owned() };
        self.costs.as_ref().map_or_else(no_rate, |costs| costs.next_of(category))
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        let lists = self.lists.iter().flatten().filter(|list| list.connection == self.connection);
        lists.flat_map(|list| &list.templates)
    }
}

fn template_id(template: &Template) -> String {
    format!("{}/{}", template.name.as_received(), template.language.as_received())
}

impl PickerKind for TemplatePicker {
    fn title(&self) -> &'static str {
        "Templates that can be sent"
    }

    fn empty_text(&self) -> &'static str {
        if self.lists.is_none() {
            return "Loading …";
        }
        "No templates for this number. Press ctrl-r in Templates to fetch them."
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Templates)
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Templates(lists) = answer {
            self.lists = Some(lists.clone());
        }
    }

    /// Returns templates that can be sent first, then the others with the reason.
    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let open = is_open(self.window_closes_at, cx.now);
        let row = |template: &Template| {
            let status = clean_line(template.status.name()).to_lowercase();
            Row {
                right: format!("{} {}", template.language.line(), template.category.line().to_lowercase()),
                off: (!template.can_send(open)).then(|| format!("It is {status}.")),
                ..Row::new(template_id(template), template.name.line(), template.body.line())
            }
        };
        let mut rows: Vec<Row> = self.templates().map(row).collect();
        rows.sort_by_key(|row| row.off.is_some());
        rows
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let Some(to) = self.to.clone() else {
            return vec![Intent::Warn("This contact has no phone number, and templates need one.".to_owned())];
        };
        let found = self.templates().find(|template| template_id(template) == row.id).cloned();
        let form = found.map(|template| {
            let charge = self.charge(&template);
            TemplateForm { connection: self.connection, to, template, charge }
        });
        form.map(Form::open).into_iter().collect()
    }
}

/// Content other than text and templates.
#[derive(Debug)]
pub(super) struct ContentPicker {
    pub thread: ThreadId,
    /// The message that is quoted.
    pub reply_to: Option<MessageId>,
}

impl PickerKind for ContentPicker {
    fn title(&self) -> &'static str {
        "Send other content"
    }

    fn empty_text(&self) -> &'static str {
        ""
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        let file = Row::new("File", "File", "image, video, audio, document or sticker, by path");
        std::iter::once(file).chain(CONTENTS.iter().map(|one| Row::new(one.name, one.name, one.what))).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let thread = self.thread;
        vec![match CONTENTS.iter().find(|one| one.name == row.id) {
            Some(kind) => Form::open(ContentForm { thread, kind }),
            None => Form::open(FileForm { thread, reply_to: self.reply_to }),
        }]
    }
}

/// Reactions to a message.
#[derive(Debug)]
pub(super) struct EmojiPicker {
    pub message: MessageId,
}

/// Emoji with search words.
const EMOJI: [(&str, &str); 24] = [
    ("👍", "thumbs up yes ok"),
    ("❤️", "heart love"),
    ("😂", "tears of joy laugh"),
    ("😮", "wow surprised"),
    ("😢", "sad cry"),
    ("🙏", "thanks please"),
    ("✅", "done check"),
    ("❌", "no cross"),
    ("👀", "looking eyes"),
    ("🎉", "party congratulations"),
    ("🔥", "fire"),
    ("💯", "hundred"),
    ("👏", "applause"),
    ("🤝", "deal handshake"),
    ("😊", "smile"),
    ("😍", "love eyes"),
    ("🤔", "thinking"),
    ("👌", "ok hand"),
    ("💪", "strong"),
    ("📦", "parcel order"),
    ("⏳", "wait hourglass"),
    ("☎️", "phone call"),
    ("🌹", "rose"),
    ("👎", "thumbs down no"),
];

impl PickerKind for EmojiPicker {
    fn title(&self) -> &'static str {
        "React with"
    }

    fn empty_text(&self) -> &'static str {
        ""
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        let none = Row::new("", "none", "removes the reaction");
        EMOJI.iter().map(|(emoji, name)| Row::new(*emoji, *emoji, *name)).chain([none]).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let emoji = Some(row.id.clone()).filter(|emoji| !emoji.is_empty());
        let question = match &emoji {
            Some(emoji) => format!("React with {emoji}? The contact sees it."),
            None => "Remove the reaction?".to_owned(),
        };
        vec![Intent::ask_first(question, Request::React { message: self.message, emoji })]
    }
}
