//! A form: fields to fill in, a preview of what would go out, and the words of whoever refuses it. One
//! form for everything that is more than a line.

use crate::console::input::{KeyEvent, MAX_FIELD, TextField, Typed};
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::panes::agents::forms::AgentForm;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::filter::when;
use crate::domain::ids::{ConnectionId, ContactId, MessageId, ThreadId, UploadId};
use crate::domain::message::content::{Card, Content};
use crate::domain::message::interactive::{Action, Heading, Interactive, read_sections};
use crate::domain::message::media::ImagePadding;
use crate::domain::request::Request;
use crate::domain::templates::template::Template;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

#[derive(Debug, Clone)]
pub(in crate::console) struct Field {
    pub label: String,
    pub hint: String,
    pub input: TextField,
    /// How the request calls it.
    key: String,
}

impl Field {
    pub fn has_key(&self, key: &str) -> bool {
        self.key == key
    }
}

#[derive(Debug, Clone)]
pub(in crate::console) enum FormKind {
    Template {
        connection: ConnectionId,
        to: PhoneNumber,
        template: Box<Template>,
    },
    File {
        thread: ThreadId,
        reply_to: Option<MessageId>,
    },
    Location {
        thread: ThreadId,
    },
    Card {
        thread: ThreadId,
    },
    Buttons {
        thread: ThreadId,
    },
    List {
        thread: ThreadId,
    },
    Link {
        thread: ThreadId,
    },
    AskPlace {
        thread: ThreadId,
    },
    Catalogue {
        thread: ThreadId,
    },
    Products {
        thread: ThreadId,
    },
    /// What stands in the composer, at a time.
    Later {
        thread: ThreadId,
        text: String,
        reply_to: Option<MessageId>,
    },
    Note {
        thread: ThreadId,
    },
    Save {
        message: MessageId,
    },
    Export {
        thread: ThreadId,
    },
    AddContact {
        connection: ConnectionId,
    },
    Rename {
        contact: ContactId,
    },
    /// A name for the filter that stands in the list.
    View {
        terms: String,
    },
    /// About agents.
    Agent(Box<AgentForm>),
    /// About what the provider keeps.
    Platform(PlatformForm),
}

impl FormKind {
    /// Whom or what a form is about, where its title does not say it.
    fn subject(&self) -> Option<i64> {
        match self {
            Self::File { thread, .. }
            | Self::Location { thread }
            | Self::Card { thread }
            | Self::Buttons { thread }
            | Self::List { thread }
            | Self::Link { thread }
            | Self::AskPlace { thread }
            | Self::Catalogue { thread }
            | Self::Products { thread }
            | Self::Later { thread, .. }
            | Self::Note { thread }
            | Self::Export { thread } => Some(thread.0),
            Self::Save { message } => Some(message.0),
            Self::Template { connection, .. } | Self::AddContact { connection } => Some(connection.0),
            Self::Rename { contact } => Some(contact.0),
            Self::View { .. } | Self::Agent(_) | Self::Platform(_) => None,
        }
    }

    /// Whether what was filled in is kept when the form is left. A file is chosen anew each time: one that was given up
    /// must not go out with the next.
    pub const fn is_kept(&self) -> bool {
        !matches!(self, Self::File { .. } | Self::Save { .. } | Self::Export { .. })
    }
}

#[derive(Debug, Clone)]
pub(in crate::console) struct Form {
    pub kind: FormKind,
    pub title: String,
    pub fields: Vec<Field>,
    pub at: usize,
    /// Why it was refused.
    pub fault: Option<String>,
    /// It was handed over, and the answer is to come.
    pub waits: bool,
}

pub(in crate::console) fn field(key: &str, label: &str, hint: &str, text: &str) -> Field {
    Field {
        label: label.to_owned(),
        hint: hint.to_owned(),
        input: TextField::new(text, MAX_FIELD),
        key: key.to_owned(),
    }
}

impl FormKind {
    /// Whether enter on the last field is not enough: what is filled in reaches a contact, or ends
    /// something.
    pub fn needs_ctrl_s(&self) -> bool {
        match self {
            Self::Template { .. }
            | Self::File { .. }
            | Self::Location { .. }
            | Self::Card { .. }
            | Self::Buttons { .. }
            | Self::List { .. }
            | Self::Link { .. }
            | Self::AskPlace { .. }
            | Self::Catalogue { .. }
            | Self::Products { .. } => true,
            // What is no time is refused.
            Self::Later { .. }
            | Self::Note { .. }
            | Self::Save { .. }
            | Self::Export { .. }
            | Self::AddContact { .. }
            | Self::Rename { .. }
            | Self::View { .. } => false,
            Self::Agent(form) => {
                matches!(**form, AgentForm::Dismiss { .. } | AgentForm::Revoke { .. } | AgentForm::Narrow { .. })
            }
            Self::Platform(_) => true,
        }
    }
}

impl Form {
    pub fn new(kind: FormKind) -> Self {
        let body = || field("body", "Text", "text of the message", "");
        let footer = || field("footer", "Footer", "small text below; optional", "");
        let heading = || field("heading", "Heading", "bold text above; optional", "");
        let (title, fields) = match &kind {
            FormKind::Template { to, template, .. } => {
                let mut fields: Vec<Field> = template
                    .slots()
                    .into_iter()
                    .map(|slot| {
                        let example = slot.example.map(|example| format!("such as {}", example.line()));
                        let hint = if slot.file { Some("path; tab completes".to_owned()) } else { example };
                        field(&slot.key, &slot.label, &hint.unwrap_or_default(), "")
                    })
                    .collect();
                fields.push(field("at", "When", "empty: now; or 30m, 18:30, 2026-06-02 09:00", ""));
                (format!("{} to {to}", template.name.line()), fields)
            }
            FormKind::File { .. } => (
                "Send a file".to_owned(),
                vec![
                    field("path", "Path", "tab completes; ~/ is home", ""),
                    field("caption", "Caption", "optional", ""),
                    field("pad", "Pad", "no, square (1080x1080) or tall (1080x1350)", "no"),
                    field("colour", "Color", "corner, white, black or #rrggbb", "corner"),
                    field("voice", "Voice note", "yes: convert audio to a voice note", "no"),
                ],
            ),
            FormKind::Location { .. } => (
                "Send a location".to_owned(),
                vec![
                    field("latitude", "Latitude", "such as 52.5200", ""),
                    field("longitude", "Longitude", "such as 13.4050", ""),
                    field("name", "Name", "optional", ""),
                    field("address", "Address", "optional", ""),
                ],
            ),
            FormKind::Card { .. } => (
                "Send a contact card".to_owned(),
                vec![
                    field("name", "Name", "first and last name", ""),
                    field("phone", "Number", "with country code", ""),
                    field("email", "Mail", "optional", ""),
                ],
            ),
            FormKind::Buttons { .. } => (
                "Send buttons".to_owned(),
                vec![
                    body(),
                    field("choices", "Buttons", "one to three: Keep; Move = move_it", ""),
                    heading(),
                    footer(),
                ],
            ),
            FormKind::List { .. } => (
                "Send a list".to_owned(),
                vec![
                    body(),
                    field("button", "Button", "label of the button, such as Options", "Options"),
                    field("choices", "Rows", "Express | 1-2 days; # Slow; By ship", ""),
                    heading(),
                    footer(),
                ],
            ),
            FormKind::Link { .. } => (
                "Send a link button".to_owned(),
                vec![
                    body(),
                    field("label", "Button", "such as Track", ""),
                    field("url", "Address", "https://…", ""),
                    heading(),
                    footer(),
                ],
            ),
            FormKind::AskPlace { .. } => ("Request a location".to_owned(), vec![body()]),
            FormKind::Catalogue { .. } => (
                "Send the catalog".to_owned(),
                vec![body(), field("product", "Image of", "product id; optional", ""), footer()],
            ),
            FormKind::Products { .. } => (
                "Send products".to_owned(),
                vec![
                    body(),
                    field("catalogue", "Catalog", "catalog id", ""),
                    field("choices", "Products", "SKU_1; # Popular; SKU_2", ""),
                    field("heading", "Heading", "required for several products", ""),
                    footer(),
                ],
            ),
            FormKind::Later { .. } => {
                ("Schedule".to_owned(), vec![field("at", "When", "30m, 2h, 18:30 or 2026-06-02 09:00", "")])
            }
            FormKind::Note { .. } => ("Internal note".to_owned(), vec![field("note", "Note", "never sent", "")]),
            FormKind::Save { .. } => {
                ("Save the file".to_owned(), vec![field("to", "Path", "empty: the downloads directory", "")])
            }
            FormKind::Export { .. } => {
                ("Save the thread as text".to_owned(), vec![field("to", "Path", "empty: the downloads directory", "")])
            }
            FormKind::AddContact { .. } => (
                "Add a contact".to_owned(),
                vec![field("name", "Name", "", ""), field("phone", "Number", "with country code", "")],
            ),
            FormKind::Rename { .. } => {
                ("Rename contact".to_owned(), vec![field("name", "Name", "name that colleagues see", "")])
            }
            FormKind::View { terms } => {
                (format!("Save the filter {terms}"), vec![field("name", "Name", "such as late payers", "")])
            }
            FormKind::Agent(form) => form.fields(),
            FormKind::Platform(form) => form.fields(),
        };
        Self { kind, title, fields, at: 0, fault: None, waits: false }
    }

    /// Whether another form is about the same thing, so that its words can be kept: what was begun for one contact
    /// never stands in a form for another.
    pub fn is_like(&self, other: &Self) -> bool {
        self.title == other.title
            && self.fields.len() == other.fields.len()
            && std::mem::discriminant(&self.kind) == std::mem::discriminant(&other.kind)
            && self.kind.subject() == other.kind.subject()
    }

    pub(in crate::console) fn text(&self, key: &str) -> &str {
        self.fields.iter().find(|field| field.key == key).map_or("", |field| field.input.text().trim())
    }

    fn some(&self, key: &str) -> Option<Untrusted> {
        Some(self.text(key)).filter(|text| !text.is_empty()).map(Untrusted::from)
    }

    /// What has been filled in, by place.
    pub fn values(&self) -> Vec<(String, String)> {
        self.fields.iter().map(|field| (field.key.clone(), field.input.text().trim().to_owned())).collect()
    }

    /// What is filled in, as a content; for sending and for the preview.
    pub fn content(&self) -> Result<Content, String> {
        let degree = |key: &str| {
            self.text(key).replace(',', ".").parse::<f64>().map_err(|_| format!("The {key} is not a number."))
        };
        let offer = |action| {
            Content::Offer(Interactive {
                heading: self.some("heading").map(Heading::Text),
                body: self.text("body").into(),
                footer: self.some("footer"),
                action,
            })
        };
        Ok(match &self.kind {
            FormKind::Location { .. } => Content::Location {
                latitude: degree("latitude")?,
                longitude: degree("longitude")?,
                name: self.some("name"),
                address: self.some("address"),
            },
            FormKind::Card { .. } => {
                let number = PhoneNumber::parse(self.text("phone")).map_err(|error| format!("{error}."))?;
                Content::Contacts {
                    cards: vec![Card {
                        name: self.text("name").into(),
                        phones: vec![number.to_string().into()],
                        emails: self.some("email").into_iter().collect(),
                        more: vec![],
                    }],
                }
            }
            FormKind::Buttons { .. } => offer(Action::Buttons {
                buttons: read_sections(self.text("choices")).into_iter().flat_map(|section| section.rows).collect(),
            }),
            FormKind::List { .. } => offer(Action::List {
                button: self.text("button").into(),
                sections: read_sections(self.text("choices")),
            }),
            FormKind::Link { .. } => {
                offer(Action::Link { label: self.text("label").into(), url: self.text("url").to_owned() })
            }
            FormKind::AskPlace { .. } => offer(Action::AskLocation),
            FormKind::Catalogue { .. } => {
                offer(Action::Catalogue { product: self.some("product").map(|id| id.as_received().to_owned()) })
            }
            FormKind::Products { .. } => {
                let sections = read_sections(self.text("choices"));
                let catalogue = self.text("catalogue").to_owned();
                let first = sections.first().and_then(|section| section.rows.first()).map(|row| row.title.clone());
                let count: usize = sections.iter().map(|section| section.rows.len()).sum();
                match first {
                    Some(product) if count == 1 => {
                        offer(Action::Product { catalogue, product: product.as_received().to_owned() })
                    }
                    _ => offer(Action::Products { catalogue, sections }),
                }
            }
            _ => return Err("This form sends no content of its own.".into()),
        })
    }

    /// The request, or why it cannot be made yet. `zone_offset` is what local time is ahead of UTC; `upload` is the file
    /// that the form names, once it was handed over.
    pub fn request(&self, now: Timestamp, zone_offset: i64, upload: Option<UploadId>) -> Result<Request, String> {
        let at = || match self.text("at") {
            "" => Ok(None),
            text => when(text, now, zone_offset).map(Some).map_err(|refusal| refusal.to_string()),
        };
        let send = |thread: ThreadId| {
            let content = self.content()?;
            content.check().map_err(|refusal| refusal.to_string())?;
            Ok(Request::Send { thread, content: Box::new(content), reply_to: None, at: None })
        };
        match &self.kind {
            FormKind::Template { connection, to, template } => {
                let values = self.values();
                let parameters: Vec<_> = values.into_iter().filter(|(key, _)| key != "at" && key != "header").collect();
                template.check(&parameters, upload.is_some()).map_err(|refusal| refusal.to_string())?;
                Ok(Request::SendTemplate {
                    connection: *connection,
                    to: to.clone(),
                    name: template.name.as_received().to_owned(),
                    language: template.language.as_received().to_owned(),
                    parameters,
                    header: upload,
                    at: at()?,
                })
            }
            FormKind::File { thread, reply_to } => Ok(Request::SendFile {
                thread: *thread,
                upload: upload.ok_or("No file is named. Write its path.")?,
                caption: self.text("caption").to_owned(),
                pad: ImagePadding::read(self.text("pad"), self.text("colour"))
                    .map_err(|refusal| refusal.to_string())?,
                voice: self.text("voice").eq_ignore_ascii_case("yes"),
                reply_to: *reply_to,
                at: None,
            }),
            FormKind::Location { thread }
            | FormKind::Card { thread }
            | FormKind::Buttons { thread }
            | FormKind::List { thread }
            | FormKind::Link { thread }
            | FormKind::AskPlace { thread }
            | FormKind::Catalogue { thread }
            | FormKind::Products { thread } => send(*thread),
            FormKind::Later { thread, text, reply_to } => Ok(Request::Send {
                thread: *thread,
                content: Box::new(Content::text(text.as_str())),
                reply_to: *reply_to,
                at: Some(at()?.ok_or("Say when.")?),
            }),
            FormKind::Note { thread } => Ok(Request::AddNote { thread: *thread, text: self.text("note").to_owned() }),
            FormKind::Save { .. } | FormKind::Export { .. } => Err("This form saves, and requests nothing.".to_owned()),
            FormKind::AddContact { connection } => Ok(Request::AddContact {
                connection: *connection,
                name: self.text("name").to_owned(),
                number: PhoneNumber::parse(self.text("phone")).map_err(|error| format!("{error}."))?,
                note: None,
            }),
            FormKind::Rename { contact } => {
                Ok(Request::RenameContact { contact: *contact, name: self.text("name").to_owned() })
            }
            FormKind::View { terms } => {
                Ok(Request::SaveView { name: self.text("name").to_owned(), terms: terms.clone() })
            }
            FormKind::Agent(form) => form.request(self, now, zone_offset),
            FormKind::Platform(form) => form.request(self, upload),
        }
    }

    /// Pastes into the field under the cursor, as one line.
    pub fn paste(&mut self, text: &str) {
        let cut = self.fields[self.at].input.paste(text);
        self.fault = cut.then(|| "The pasted text was cut: a field holds up to 4096 characters.".to_owned());
    }

    /// Edits the field under the cursor.
    pub fn edit(&mut self, key: &KeyEvent) {
        if self.fields[self.at].input.key(key) == Typed::Changed {
            self.fault = None;
        }
    }
}
