//! Forms for content other than text: buttons, lists, links, locations, cards, the catalog. The values become a
//! `Content`, for the preview and for sending.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ThreadId;
use crate::domain::message::content::{Card, Content};
use crate::domain::message::interactive::{Action, Heading, Interactive, read_sections};
use crate::domain::request::Request;

/// A kind of content with its form.
#[derive(Debug)]
pub(in crate::console) struct ContentKind {
    pub name: &'static str,
    /// What it is for.
    pub what: &'static str,
    title: &'static str,
    fields: fn() -> Vec<Field>,
    content: fn(&Filled<'_>) -> Result<Content, UserError>,
}

/// Content other than text, templates and files.
pub(in crate::console) static CONTENTS: &[ContentKind] = &[
    ContentKind {
        name: "Buttons",
        what: "a question with one to three answers",
        title: "Send buttons",
        fields: || {
            vec![body(), field("choices", "Buttons", "one to three: Keep; Move = move_it", ""), heading(), footer()]
        },
        content: |filled| {
            let sections = read_sections(filled.text("choices"));
            let buttons = sections.into_iter().flat_map(|section| section.rows).collect();
            Ok(interactive(filled, Action::Buttons { buttons }))
        },
    },
    ContentKind {
        name: "List",
        what: "a question with up to ten answers",
        title: "Send a list",
        fields: || {
            vec![
                body(),
                field("button", "Button", "label of the button, such as Options", "Options"),
                field("choices", "Rows", "Express | 1-2 days; # Slow; By ship", ""),
                heading(),
                footer(),
            ]
        },
        content: |filled| {
            let (button, sections) = (filled.text("button").into(), read_sections(filled.text("choices")));
            Ok(interactive(filled, Action::List { button, sections }))
        },
    },
    ContentKind {
        name: "Link button",
        what: "text with a button that opens a URL",
        title: "Send a link button",
        fields: || {
            vec![
                body(),
                field("label", "Button", "such as Track", ""),
                field("url", "Address", "https://…", ""),
                heading(),
                footer(),
            ]
        },
        content: |filled| {
            Ok(interactive(filled, Action::Link { label: filled.text("label").into(), url: filled.owned("url") }))
        },
    },
    ContentKind {
        name: "Location",
        what: "a location on the map",
        title: "Send a location",
        fields: || {
            vec![
                field("latitude", "Latitude", "such as 52.5200", ""),
                field("longitude", "Longitude", "such as 13.4050", ""),
                field("name", "Name", "optional", ""),
                field("address", "Address", "optional", ""),
            ]
        },
        content: |filled| {
            let degree = |key: &str| {
                filled.text(key).replace(',', ".").parse::<f64>().map_err(|_| format!("The {key} is not a number."))
            };
            Ok(Content::Location {
                latitude: degree("latitude")?,
                longitude: degree("longitude")?,
                name: filled.words("name"),
                address: filled.words("address"),
            })
        },
    },
    ContentKind {
        name: "Request a location",
        what: "a button that sends their location",
        title: "Request a location",
        fields: || vec![body()],
        content: |filled| Ok(interactive(filled, Action::AskLocation)),
    },
    ContentKind {
        name: "Contact card",
        what: "a name and a number",
        title: "Send a contact card",
        fields: || {
            vec![
                field("name", "Name", "first and last name", ""),
                field("phone", "Number", "with country code", ""),
                field("email", "Mail", "optional", ""),
            ]
        },
        content: |filled| {
            let number = PhoneNumber::parse(filled.text("phone")).map_err(|error| format!("{error}."))?;
            let card = Card {
                name: filled.text("name").into(),
                phones: vec![number.to_string().into()],
                emails: filled.words("email").into_iter().collect(),
                more: vec![],
            };
            Ok(Content::Contacts { cards: vec![card] })
        },
    },
    ContentKind {
        name: "Catalog",
        what: "a button that opens the catalog",
        title: "Send the catalog",
        fields: || vec![body(), field("product", "Image of", "product id; optional", ""), footer()],
        content: |filled| Ok(interactive(filled, Action::Catalogue { product: filled.some("product") })),
    },
    ContentKind {
        name: "Products",
        what: "one or several of the catalog",
        title: "Send products",
        fields: || {
            vec![
                body(),
                field("catalogue", "Catalog", "catalog id", ""),
                field("choices", "Products", "SKU_1; # Popular; SKU_2", ""),
                field("heading", "Heading", "required for several products", ""),
                footer(),
            ]
        },
        content: |filled| {
            let sections = read_sections(filled.text("choices"));
            let catalogue = filled.owned("catalogue");
            let first = sections.first().and_then(|section| section.rows.first()).map(|row| row.title.clone());
            let count: usize = sections.iter().map(|section| section.rows.len()).sum();
            let action = match first {
                Some(product) if count == 1 => Action::Product { catalogue, product: product.as_received().to_owned() },
                _ => Action::Products { catalogue, sections },
            };
            Ok(interactive(filled, action))
        },
    },
];

fn body() -> Field {
    field("body", "Text", "text of the message", "")
}

fn footer() -> Field {
    field("footer", "Footer", "small text below; optional", "")
}

fn heading() -> Field {
    field("heading", "Heading", "bold text above; optional", "")
}

fn interactive(filled: &Filled<'_>, action: Action) -> Content {
    Content::Offer(Interactive {
        heading: filled.words("heading").map(Heading::Text),
        body: filled.text("body").into(),
        footer: filled.words("footer"),
        action,
    })
}

/// The form that sends a kind of content to a thread.
#[derive(Debug)]
pub(in crate::console) struct ContentForm {
    pub thread: ThreadId,
    pub kind: &'static ContentKind,
}

impl FormKind for ContentForm {
    fn title(&self) -> String {
        self.kind.title.to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        (self.kind.fields)()
    }

    fn about(&self) -> String {
        self.thread.to_string()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, filled: &Filled<'_>) -> Vec<(String, Style)> {
        let Ok(content) = (self.kind.content)(filled) else { return vec![] };
        let mut lines = vec![("After conversion".to_owned(), theme.dim())];
        lines.extend(content.words().lines().into_iter().map(|line| (line, theme.plain())));
        lines.extend(content.check().err().map(|refusal| (refusal.to_string(), theme.warn())));
        lines
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let content = (self.kind.content)(filled)?;
        content.check()?;
        let (thread, content) = (self.thread, Box::new(content));
        Ok(Submission::Perform(Request::Send { thread, content, reply_to: None, at: None }))
    }
}
