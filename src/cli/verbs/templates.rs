//! `wadeck templates`.

use clap::Subcommand;
use serde_json::json;

use super::cli_request::CliRequest;
use crate::cli::client::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::options::Common;
use crate::cli::print::layout::{at, json as printed, table};
use crate::domain::code::Code;
use crate::domain::ids::ConnectionId;
use crate::domain::lint::template::lint;
use crate::domain::lint::{Finding, passes};
use crate::domain::list_filter::WordList;
use crate::domain::numbers::registration::Fetched;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;
use crate::domain::templates::form::read;
use crate::domain::templates::preview::{Place, TemplatePreview};
use crate::domain::templates::requests::{TemplateAnswer, TemplateQuery, TemplateRecord, TemplateRequest};
use crate::domain::templates::starter;
use crate::domain::templates::template::TemplateList;
use crate::domain::text::clean_line;
use crate::provider::templates::read_submitted;

#[derive(Debug, Subcommand)]
pub enum Templates {
    /// List templates as last fetched from the provider, with the age of the list
    #[command(
        after_help = "Examples:\n  wadeck templates list --refresh\n  wadeck templates list --filter \"status:approved lang:en_US\""
    )]
    List {
        /// Fetch the list from the provider now
        #[arg(long)]
        refresh: bool,
        /// Words of the name and filter terms, such as "status:approved category:utility lang:en_US"
        #[arg(long, default_value = "", value_parser = filter_text)]
        filter: String,
    },
    /// Show a template: states, delivery rates and failures
    #[command(after_help = "Examples:\n  wadeck templates show order_update --language en_US")]
    Show {
        /// Template name
        name: String,
        /// Language code; without it, all languages
        #[arg(long, value_name = "CODE")]
        language: Option<String>,
    },
    /// Print a template in the form that `templates update` takes
    #[command(after_help = "Examples:\n  wadeck templates text --connection support 1234567890 > order_update.txt")]
    Text {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Template id, as `wadeck templates show` prints it
        id: String,
    },
    /// Check a template against the provider's rules; exit code 3 if it would be rejected
    #[command(
        after_help = "Examples:\n  wadeck templates lint order_update.txt\n  wadeck templates lint order_update.txt --fix > fixed.txt"
    )]
    Lint {
        /// File with JSON or the short form; - for standard input
        file: std::path::PathBuf,
        /// Print the template with all automatic fixes applied
        #[arg(long)]
        fix: bool,
        /// Also check against the templates of this connection's account
        #[arg(long, value_name = "CONNECTION", conflicts_with = "fix", value_parser = super::reference::connection)]
        connection: Option<ConnectionId>,
    },
    /// Show a template as the contact sees it, with its examples, and the places to fill in when it is sent
    #[command(after_help = "Examples:\n  wadeck templates preview order_update.txt")]
    Preview {
        /// File with JSON or the short form; - for standard input
        file: std::path::PathBuf,
    },
    /// Submit a new template for review
    #[command(after_help = "Examples:\n  wadeck templates create --connection support order_update.txt")]
    Create {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// File with JSON or the short form; - for standard input
        file: std::path::PathBuf,
    },
    /// Replace the content of a template; name and language stay
    #[command(after_help = "Examples:\n  wadeck templates update --connection support 1234567890 order_update.txt")]
    Update {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Template id, as `wadeck templates show` prints it
        id: String,
        /// File with JSON or the short form; - for standard input
        file: std::path::PathBuf,
    },
    /// Delete a template: one language by its id, or all languages of a name (admins)
    #[command(
        after_help = "Examples:\n  wadeck templates delete --connection support order_update --confirm order_update"
    )]
    Delete {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Template name
        name: String,
        /// Only the template with this id
        #[arg(long)]
        id: Option<String>,
        /// Template name again, as confirmation
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// Upload the sample file that a template with a media header needs
    #[command(after_help = "Examples:\n  wadeck templates sample --connection support header.png")]
    Sample {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// File, - for standard input, or an https URL
        source: String,
    },
    /// List starter templates, or print one
    #[command(
        after_help = "Examples:\n  wadeck templates starters\n  wadeck templates starters order_update > order_update.txt"
    )]
    Starters {
        /// Starter to print
        name: Option<String>,
    },
}

fn file(path: &std::path::Path) -> Result<String, CliError> {
    let read =
        if path.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    read.map_err(|error| CliError::unreadable(format!("{} cannot be read: {error}.", path.display())))
}

/// Runs a command that needs no engine; `None` for the others.
pub(in crate::cli) fn run_offline(verb: &Templates, common: &Common) -> Option<Exit> {
    match verb {
        Templates::Starters { name } => Some(starters(name.as_deref(), common.json)),
        Templates::Preview { file: path } => Some(preview(path, common.json)),
        Templates::Lint { file: path, fix, connection: None } => {
            let action = if *fix { CheckAction::Fix } else { CheckAction::Report };
            Some(check(path, action, common.json))
        }
        _ => None,
    }
}

fn starters(name: Option<&str>, json_wanted: bool) -> Exit {
    let value = |one: &starter::Starter| json!({ "name": one.name, "what": one.what, "text": one.text });
    match name {
        Some(name) => match starter::template(name) {
            Some(starter) if json_wanted => {
                println!("{}", printed(&value(starter)));
                Exit::Done
            }
            Some(starter) => {
                print!("{}", starter.text);
                Exit::Done
            }
            None => no_starter(name, "templates").report(json_wanted),
        },
        None if json_wanted => {
            println!("{}", printed(&starter::TEMPLATES.iter().map(value).collect::<Vec<_>>()));
            Exit::Done
        }
        None => {
            let rows = starter::TEMPLATES.iter().map(|one| vec![one.name.to_owned(), one.what.to_owned()]).collect();
            println!(
                "{}\n\nSend a template with: {}",
                table("starters", &["name", "description"], rows),
                starter::TEMPLATE_SEND
            );
            Exit::Done
        }
    }
}

/// Checks a filter by the rules of the console before the engine is queried.
fn filter_text(text: &str) -> Result<String, Refusal> {
    WordList::Templates.check(text).map(|()| text.to_owned())
}

/// Returns the error of an unknown starter.
pub(in crate::cli) fn no_starter(name: &str, of: &str) -> CliError {
    let reason = format!("Starter {} not found.", clean_line(name));
    CliError::new(Code::NotFound, reason, format!("List the starters with `wadeck {of} starters`."))
}

/// What is done with the findings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CheckAction {
    Report,
    Fix,
}

fn check(path: &std::path::Path, action: CheckAction, json_wanted: bool) -> Exit {
    let mut value = match file(path).and_then(|text| read(&text).map_err(CliError::from)) {
        Ok(value) => value,
        Err(none) => return none.report(json_wanted),
    };
    let mut findings = lint(&value, &[], None);
    if action == CheckAction::Fix {
        crate::domain::lint::template::fix(&mut value, &findings);
        println!("{}", printed(&value));
        findings = lint(&value, &[], None);
        let left = findings.iter().map(Finding::line).collect::<Vec<_>>();
        if json_wanted && !passes(&findings) {
            return CliError::new(Code::Lint, left.join(" "), "Fix the errors that the reason names.").report(true);
        }
        for line in left {
            eprintln!("{line}");
        }
    } else if json_wanted {
        println!("{}", printed(&findings));
    } else {
        println!("{}", findings_text(&findings));
    }
    if passes(&findings) { Exit::Done } else { Exit::Refused }
}

fn preview(path: &std::path::Path, json_wanted: bool) -> Exit {
    let read = file(path).and_then(|text| read(&text).map_err(CliError::from)).and_then(|value| {
        let none = || CliError::new(Code::Lint, "The template has no name.", "Write a name, such as order_update.");
        read_submitted(&value)
            .ok_or_else(none)
            .map(|template| TemplatePreview::of(&template, &[], None, lint(&value, &[], None)))
    });
    match read {
        Err(none) => none.report(json_wanted),
        Ok(preview) if json_wanted => {
            println!("{}", printed(&json!(preview)));
            Exit::Done
        }
        Ok(preview) => {
            println!("{}", preview_text(&preview));
            Exit::Done
        }
    }
}

/// Returns a preview as text: the message, then its places.
pub(in crate::cli) fn preview_text(preview: &TemplatePreview) -> String {
    let row = |place: &Place| {
        let example = place.example.as_ref().map(crate::domain::text::Untrusted::line).unwrap_or_default();
        vec![place.key.clone(), place.label.clone(), example, if place.optional { "optional" } else { "" }.to_owned()]
    };
    let places = table("places", &["place", "label", "example", "note"], preview.places.iter().map(row).collect());
    let refusal = preview.refusal.as_ref().map(|refusal| format!("\n\n{refusal}")).unwrap_or_default();
    format!("{}\n\n{places}{refusal}", preview.preview.lines().join("\n"))
}

pub(in crate::cli) fn findings_text(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "No problems found.".to_owned();
    }
    findings.iter().map(Finding::line).collect::<Vec<_>>().join("\n")
}

pub(in crate::cli) fn to_request(verb: Templates) -> Result<CliRequest, CliError> {
    use CliRequest::{Fetch, Perform};
    let act = |request| Perform(Request::Template(request));
    Ok(match verb {
        Templates::List { refresh: true, .. } => Perform(Request::RefreshTemplates),
        Templates::List { refresh: false, filter } => CliRequest::Then(
            Query::Templates,
            Box::new(move |answer| match answer {
                Answer::Templates(mut lists) => {
                    for list in &mut lists {
                        list.templates.retain(|one| one.fits(&filter));
                    }
                    Ok(CliRequest::Answered(Box::new(Answer::Templates(lists))))
                }
                _ => Err(CliError::unexpected_answer()),
            }),
        ),
        Templates::Show { name, language } => CliRequest::Then(
            Query::Templates,
            Box::new(move |answer| match answer {
                Answer::Templates(lists) => record_of(&lists, &name, language.as_deref()),
                _ => Err(CliError::unexpected_answer()),
            }),
        ),
        Templates::Text { connection, id } => Fetch(Query::Template(TemplateQuery::Text { connection, id })),
        Templates::Create { connection, file: path } => act(TemplateRequest::Create { connection, text: file(&path)? }),
        Templates::Update { connection, id, file: path } => {
            act(TemplateRequest::Update { connection, id, text: file(&path)? })
        }
        Templates::Delete { connection, name, id, confirm } => {
            act(TemplateRequest::Delete { connection, name, id, typed: confirm })
        }
        Templates::Lint { file: path, connection, .. } => {
            Fetch(Query::Template(TemplateQuery::Lint { connection, text: file(&path)?, id: None }))
        }
        Templates::Sample { .. } => return Err(CliError::not_available_here()),
        Templates::Starters { .. } | Templates::Preview { .. } => return Err(CliError::not_available_here()),
    })
}

fn record_of(lists: &[TemplateList], name: &str, language: Option<&str>) -> Result<CliRequest, CliError> {
    let found = lists.iter().flat_map(|list| list.templates.iter().map(move |one| (list, one)));
    let mut found = found.filter(|(_, one)| {
        one.name.as_received() == name && language.is_none_or(|wanted| one.language.as_received() == wanted)
    });
    match found.next() {
        Some((list, one)) => Ok(CliRequest::Fetch(Query::Template(TemplateQuery::Record {
            connection: list.connection,
            name: name.to_owned(),
            language: one.language.as_received().to_owned(),
        }))),
        None => {
            let reason = format!("Template {} not found.", clean_line(name));
            Err(CliError::new(Code::NotFound, reason, "Refresh the list with `wadeck templates list --refresh`."))
        }
    }
}

pub(in crate::cli) fn answer_text(told: &Fetched<TemplateAnswer>) -> String {
    match &told.value {
        TemplateAnswer::Text(text) => text.lines().map(clean_line).collect::<Vec<_>>().join("\n"),
        TemplateAnswer::Lint(findings) => findings_text(findings),
        TemplateAnswer::Record(record) => record_lines(record).join("\n"),
    }
}

fn record_lines(record: &TemplateRecord) -> Vec<String> {
    let share = |part: u32| {
        if record.sent == 0 {
            "-".to_owned()
        } else {
            format!("{:.1} %", f64::from(part) * 100.0 / f64::from(record.sent))
        }
    };
    let mut lines = vec![
        format!("{} ({})", clean_line(&record.name), clean_line(&record.language)),
        format!("sent       {}", record.sent),
        format!("delivered  {} ({})", record.delivered, share(record.delivered)),
        format!("read       {} ({})", record.read, share(record.read)),
        format!("replied    {} ({}), within 24 hours", record.replied, share(record.replied)),
        format!("scheduled  {}", record.scheduled),
    ];
    lines.extend(
        record
            .failed
            .iter()
            .map(|(code, count)| format!("failed     {count} with {}", if code.is_empty() { "no code" } else { code })),
    );
    for (time, status, note) in &record.states {
        let note = if note.is_empty() { String::new() } else { format!(": {}", clean_line(note)) };
        lines.push(format!("{}  {}{note}", at(*time), clean_line(status).to_lowercase()));
    }
    lines
}
