//! `wadeck send`: sends one message.

use clap::Args;

use super::reference;
use crate::cli::client::error::CliError;
use crate::cli::client::source::Source;
use crate::domain::code::Code;
use crate::domain::contacts::phone::{BadPhoneNumber, PhoneNumber};
use crate::domain::filter::when;
use crate::domain::ids::{ConnectionId, MessageId, ThreadId};
use crate::domain::message::content::Content;
use crate::domain::message::media::ImagePadding;
use crate::domain::query::{Answer, Query};
use crate::domain::request::{Request, SendContext};
use crate::domain::templates::render::is_link;
use crate::domain::text::clean_line;
use crate::domain::time::{Clock, Timestamp};

#[derive(Debug, Clone, Args)]
pub struct Send {
    /// Connection to send from: name, id or phone number. Optional with one connection, or where the environment names one
    #[arg(long, value_name = "CONNECTION", requires = "to", conflicts_with = "thread")]
    pub connection: Option<String>,
    /// Recipient's phone number with country code
    #[arg(long, value_name = "NUMBER")]
    pub to: Option<PhoneArg>,
    /// Thread to send into, instead of --to: its id, or the contact's phone number
    #[arg(long, value_parser = super::reference::thread)]
    pub thread: Option<ThreadId>,
    /// Text message; - reads standard input
    #[arg(long, group = "what")]
    pub text: Option<String>,
    /// Canned reply to send: its short name, as `wadeck replies list` prints it
    #[arg(long, group = "what", value_name = "SHORT")]
    pub reply: Option<String>,
    /// Template name
    #[arg(long, group = "what", value_name = "NAME")]
    pub template: Option<String>,
    /// File to send; - reads standard input
    #[arg(long = "file", visible_alias = "media", group = "what", value_name = "FILE")]
    pub file: Option<String>,
    /// File name that the contact sees; without it, the file's own
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Message content as JSON, such as {"type":"location","latitude":52.5,"longitude":13.4}
    #[arg(long, group = "what", value_name = "JSON")]
    pub content: Option<String>,
    /// Template language, such as pt_BR; needed if the template exists in several
    #[arg(long, value_name = "CODE", default_value = "")]
    pub lang: String,
    /// Template parameter, such as customer_name=Rosa, button:0:url=A-17 or card:0:header=FILE; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub param: Vec<String>,
    /// File for the template's media header: a path, an https link or the provider's media id; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub header: Option<String>,
    /// Caption of the file
    #[arg(long, default_value = "")]
    pub caption: String,
    /// Pad the image to a shape: no, square or tall
    #[arg(long, default_value = "no")]
    pub pad: String,
    /// Color of the padding: corner, white, black or #rrggbb
    #[arg(long, visible_alias = "color", default_value = "corner")]
    pub colour: String,
    /// Convert an audio file to a voice note
    #[arg(long)]
    pub voice: bool,
    /// Send at this time: 30m, 18:30 or "2030-06-02 09:00"
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Message that this one quotes
    #[arg(long, value_name = "MESSAGE")]
    pub reply_to: Option<MessageId>,
    #[command(flatten)]
    pub knowing: Knowing,
}

/// What the sender knows of the thread.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Knowing {
    /// Send even if a colleague, or another app at the provider, owns the thread
    #[arg(long)]
    pub despite_owner: bool,
    /// Send even if the contact got the same message within the last minute
    #[arg(long)]
    pub despite_duplicate: bool,
    /// Refuse if a colleague has replied after this message
    #[arg(long, value_name = "MESSAGE")]
    pub seen: Option<MessageId>,
}

impl From<Knowing> for SendContext {
    fn from(knowing: Knowing) -> Self {
        Self { seen: knowing.seen, despite_owner: knowing.despite_owner, despite_duplicate: knowing.despite_duplicate }
    }
}

/// A phone number as an argument.
#[derive(Debug, Clone)]
pub struct PhoneArg(pub PhoneNumber);

impl std::str::FromStr for PhoneArg {
    type Err = BadPhoneNumber;

    fn from_str(text: &str) -> Result<Self, BadPhoneNumber> {
        PhoneNumber::parse(text).map(Self)
    }
}

/// Returns the request of the options; uploads files first.
pub(in crate::cli) async fn request(source: &Source, send: Send) -> Result<Request, CliError> {
    let context = send.knowing.into();
    Ok(plain_request(source, send).await?.with_context(context))
}

async fn plain_request(source: &Source, send: Send) -> Result<Request, CliError> {
    let clock = crate::app::SystemClock;
    let now = jiff::Timestamp::from_millisecond(clock.now().millis()).unwrap_or_default();
    let offset = jiff::tz::TimeZone::system().to_offset(now).seconds();
    let at = match &send.at {
        Some(text) => Some(when(text, clock.now(), i64::from(offset))?),
        None => None,
    };
    if let Some(name) = &send.template {
        return template(source, &send, name, at).await;
    }
    let thread = match send.thread {
        Some(thread) => thread,
        None => thread_of(source, &send).await?,
    };
    if let Some(path) = send.file {
        let pad = ImagePadding::read(&send.pad, &send.colour)?;
        let upload = source.upload(&path, send.name.as_deref()).await?;
        return Ok(Request::SendFile {
            thread,
            upload,
            caption: send.caption,
            pad,
            voice: send.voice,
            reply_to: send.reply_to,
            at,
        });
    }
    if let Some(short) = send.reply {
        let Answer::Reply(text) = source.ask(&Query::Reply { thread, short }).await? else {
            return Err(CliError::unexpected_answer());
        };
        return Ok(Request::Send { thread, content: Box::new(Content::text(text)), reply_to: send.reply_to, at });
    }
    let content = match (send.text, send.content) {
        (Some(text), _) if text == "-" => Content::text(source.read_text().await?),
        (Some(text), _) => Content::text(text),
        (_, Some(json)) => {
            let unread = |error| format!("The content cannot be read: {error}.");
            serde_json::from_str(&json).map_err(|error| {
                CliError::new(Code::Content, unread(error), r#"Write it as JSON, such as {"type":"text","text":"…"}."#)
            })?
        }
        _ => {
            let remedy = "Give one of --text, --reply, --template, --file and --content.";
            return Err(CliError::new(Code::NothingToSend, "The message has no content.", remedy));
        }
    };
    Ok(Request::Send { thread, content: Box::new(content), reply_to: send.reply_to, at })
}

/// Resolves the connection: the given one, the default one of the environment, or the only one.
async fn connection(source: &Source, name: Option<&str>) -> Result<ConnectionId, CliError> {
    if let Some(name) = name {
        return reference::find(source, name).await;
    }
    let Answer::Connections(list) = source.ask(&Query::Connections).await? else {
        return Err(CliError::unexpected_answer());
    };
    let usual: Vec<ConnectionId> = list.connected.iter().filter(|row| row.usual).map(|row| row.connection.id).collect();
    match (list.connected.as_slice(), usual.as_slice()) {
        ([only], _) => Ok(only.connection.id),
        (_, [usual]) => Ok(*usual),
        (rows, _) => {
            let names: Vec<&str> = rows.iter().map(|row| row.connection.name.as_str()).collect();
            let remedy = match names.as_slice() {
                [] => "Connect a number first.".to_owned(),
                names => format!("Name it with --connection: {}.", names.join(", ")),
            };
            Err(CliError::new(Code::Connection, "The connection to send from is not named.", remedy))
        }
    }
}

async fn template(source: &Source, send: &Send, name: &str, at: Option<Timestamp>) -> Result<Request, CliError> {
    let (connection, to) = match (&send.connection, &send.to, send.thread) {
        (name, Some(to), None) => (connection(source, name.as_deref()).await?, to.0.clone()),
        (_, _, Some(thread)) => {
            let Answer::Thread(Some(row)) = source.ask(&Query::Thread { thread }).await? else {
                return Err(CliError::new(Code::NotFound, format!("Thread {thread} not found."), ""));
            };
            let to = row.contact.phone_number.ok_or_else(no_number)?;
            (row.connection_id, to)
        }
        _ => return Err(no_recipient()),
    };
    let mut parameters = vec![];
    for pair in &send.param {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            CliError::new(
                Code::Parameters,
                format!("The parameter `{}` has no value.", clean_line(pair)),
                "Write KEY=VALUE.",
            )
        })?;
        // A file of this machine is handed over, and named by its upload.
        let value = if key.ends_with("header") && is_path(value) {
            source.upload(value, None).await?.to_string()
        } else {
            value.to_owned()
        };
        parameters.push((key.to_owned(), value));
    }
    let header = match &send.header {
        Some(path) if is_path(path) => Some(source.upload(path, send.name.as_deref()).await?),
        Some(value) => {
            parameters.push(("header".to_owned(), value.clone()));
            None
        }
        None => None,
    };
    Ok(Request::SendTemplate {
        connection,
        to,
        name: name.to_owned(),
        language: send.lang.clone(),
        parameters,
        header,
        at,
    })
}

/// Whether a value for a file of a template is a path: neither a link nor the provider's media id.
fn is_path(value: &str) -> bool {
    !is_link(value) && !value.chars().all(|c| c.is_ascii_digit())
}

/// Resolves the thread of a phone number on the connection.
async fn thread_of(source: &Source, send: &Send) -> Result<ThreadId, CliError> {
    let Some(to) = &send.to else {
        return Err(no_recipient());
    };
    let connection = connection(source, send.connection.as_deref()).await?;
    let found = reference::thread_of(source, &to.0.to_string(), Some(connection.to_string())).await;
    found.map_err(|none| {
        if !none.is(Code::NotFound) {
            return none;
        }
        let reason = format!("{} has not written to {connection}, so only a template can be sent.", to.0);
        CliError::new(Code::WindowClosed, reason, "Send a template: --template NAME.")
    })
}

fn no_recipient() -> CliError {
    CliError::new(Code::Recipient, "The recipient is not named.", "Give --to with a number, or --thread.")
}

fn no_number() -> CliError {
    CliError::new(Code::Recipient, "The contact has no phone number.", "Send a message in the thread instead.")
}
