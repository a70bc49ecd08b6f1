//! `wadeck flows`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::cli_request::CliRequest;
use super::send::PhoneArg;
use super::templates::findings_text;
use crate::cli::client::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::options::Common;
use crate::cli::print::csv::csv;
use crate::cli::print::layout::{at, json as printed, table};
use crate::domain::flow::{AcceptedErrors, FlowAnswer, FlowDetail, FlowList, FlowQuery, FlowRequest, table as answers};
use crate::domain::ids::ConnectionId;
use crate::domain::lint::{flow, flow_code, passes};
use crate::domain::numbers::registration::Fetched;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::templates::starter;
use crate::domain::text::clean_line;

/// Which one.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Connection: id, name or phone number
    #[arg(long, value_parser = super::reference::connection)]
    connection: ConnectionId,
    /// Flow id, as `wadeck flows list` prints it
    id: String,
}

/// Errors of the linter that are accepted.
#[derive(Debug, clap::Args)]
pub struct Accepting {
    /// Accept the errors of these rules, such as F5,F23; the provider still checks the Flow
    #[arg(long = "accept", value_name = "RULES", value_delimiter = ',', requires = "reason")]
    rules: Vec<String>,
    /// Why the errors are accepted, for the audit log
    #[arg(long, requires = "rules", value_name = "TEXT")]
    reason: Option<String>,
}

impl Accepting {
    fn errors(self) -> Option<AcceptedErrors> {
        let rules = self.rules;
        self.reason.map(|reason| AcceptedErrors { rules, reason })
    }
}

#[derive(Debug, Subcommand)]
pub enum Flows {
    /// List Flows as last fetched from the provider, with the age of the list
    #[command(after_help = "Examples:\n  wadeck flows list --refresh")]
    List {
        /// Fetch the list from the provider now
        #[arg(long)]
        refresh: bool,
    },
    /// Show a Flow: versions, endpoint, and what is missing to publish it
    #[command(after_help = "Examples:\n  wadeck flows show --connection support 1170")]
    Show(Which),
    /// Print the JSON of the newest version, or of another one
    #[command(after_help = "Examples:\n  wadeck flows json --connection support 1170 > booking.json")]
    Json {
        #[command(flatten)]
        which: Which,
        /// Version id, as `wadeck flows show` prints it
        #[arg(long)]
        version: Option<String>,
    },
    /// Compare two versions of a Flow
    #[command(after_help = "Examples:\n  wadeck flows diff --connection support 1170 v1 v2")]
    Diff {
        #[command(flatten)]
        which: Which,
        /// Earlier version: its id, or its label such as v1
        old: String,
        /// Later version: its id, or its label such as v2
        new: String,
    },
    /// Check a Flow, or the code of its endpoint (.js); exit code 3 if it would be rejected
    #[command(after_help = "Examples:\n  wadeck flows lint booking.json\n  wadeck flows lint booking.js")]
    Lint {
        /// JSON file of a Flow, or .js file of its endpoint
        file: PathBuf,
    },
    /// Create a draft
    #[command(after_help = "Examples:\n  wadeck flows create --connection support --name booking booking.json")]
    Create {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Flow name
        #[arg(long)]
        name: String,
        /// JSON file
        file: PathBuf,
        #[command(flatten)]
        accepting: Accepting,
    },
    /// Upload a new version of a draft
    #[command(
        name = "update",
        alias = "write",
        after_help = "Examples:\n  wadeck flows update --connection support 1170 booking.json"
    )]
    Write {
        #[command(flatten)]
        which: Which,
        /// JSON file
        file: PathBuf,
        #[command(flatten)]
        accepting: Accepting,
    },
    /// Publish the newest version (admins)
    #[command(after_help = "Examples:\n  wadeck flows publish --connection support 1170")]
    Publish(Which),
    /// Deprecate a published Flow: it can no longer be opened or sent (admins)
    #[command(after_help = "Examples:\n  wadeck flows deprecate --connection support 1170 --confirm booking")]
    Deprecate {
        #[command(flatten)]
        which: Which,
        /// Flow name, as confirmation
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// Delete a draft (admins)
    #[command(after_help = "Examples:\n  wadeck flows delete --connection support 1170 --confirm booking")]
    Delete {
        #[command(flatten)]
        which: Which,
        /// Flow name, as confirmation
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// Send a Flow to a contact who has written; a draft is sent as a test
    #[command(after_help = "Examples:\n  wadeck flows send --connection support 1170 --to +15550102001 --button Book")]
    Send {
        #[command(flatten)]
        which: Which,
        /// Phone number with country code
        #[arg(long)]
        to: PhoneArg,
        /// Text of the message
        #[arg(long, default_value = "Please fill this in.")]
        text: String,
        /// Label of the button that opens the Flow
        #[arg(long, default_value = "Open")]
        button: String,
        /// First screen; without it, as the Flow says
        #[arg(long)]
        screen: Option<String>,
        #[command(flatten)]
        knowing: super::send::Knowing,
    },
    /// Print the URL of the preview
    #[command(after_help = "Examples:\n  wadeck flows preview --connection support 1170")]
    Preview(Which),
    /// List responses of contacts
    #[command(after_help = "Examples:\n  wadeck flows responses --connection support 1170 --csv > responses.csv")]
    Responses {
        #[command(flatten)]
        which: Which,
        /// Print comma-separated values
        #[arg(long)]
        csv: bool,
    },
    /// Print the log of a Flow's endpoint
    #[command(after_help = "Examples:\n  wadeck flows logs --connection support 1170")]
    Logs(Which),
    /// List the last calls of a Flow's endpoint
    #[command(after_help = "Examples:\n  wadeck flows invocations --connection support 1170")]
    Invocations(Which),
    /// Set up encryption for the connection's number (admins)
    #[command(after_help = "Examples:\n  wadeck flows encrypt --connection support 1170")]
    Encrypt(Which),
    /// Upload the code of a Flow's endpoint (admins)
    #[command(after_help = "Examples:\n  wadeck flows code --connection support 1170 booking.js")]
    Code {
        #[command(flatten)]
        which: Which,
        /// JavaScript file
        file: PathBuf,
        #[command(flatten)]
        accepting: Accepting,
    },
    /// Deploy the code of a Flow's endpoint (admins)
    #[command(after_help = "Examples:\n  wadeck flows deploy --connection support 1170")]
    Deploy(Which),
    /// Register the endpoint of a Flow (admins)
    #[command(after_help = "Examples:\n  wadeck flows register --connection support 1170")]
    Register(Which),
    /// List starter Flows, or print one; `booking.js` is the endpoint code of the dynamic one
    #[command(after_help = "Examples:\n  wadeck flows starters\n  wadeck flows starters booking > booking.json")]
    Starters {
        /// Starter to print
        name: Option<String>,
    },
}

fn file(path: &Path) -> Result<String, CliError> {
    let read =
        if path.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    read.map_err(|error| CliError::unreadable(format!("{} cannot be read: {error}.", path.display())))
}

/// Runs a command that needs no engine; `None` for the others.
pub(in crate::cli) fn run_offline(verb: &Flows, common: &Common) -> Option<Exit> {
    match verb {
        Flows::Starters { name } => Some(starters(name.as_deref(), common.json)),
        Flows::Lint { file: path } => Some(match file(path) {
            Err(none) => none.report(common.json),
            Ok(text) => {
                let code = path.extension().is_some_and(|extension| extension == "js");
                let findings = if code { flow_code::lint(&text) } else { flow::lint(&text) };
                println!("{}", if common.json { printed(&findings) } else { findings_text(&findings) });
                if passes(&findings) { Exit::Done } else { Exit::Refused }
            }
        }),
        _ => None,
    }
}

fn starters(name: Option<&str>, json_wanted: bool) -> Exit {
    let code = ("booking.js", "endpoint code of booking", starter::FLOW_CODE);
    let all = starter::FLOWS.iter().map(|one| (one.name, one.what, one.text)).chain([code]);
    let value = |(name, what, text): (&str, &str, &str)| json!({ "name": name, "what": what, "text": text });
    match name {
        Some(wanted) => match all.clone().find(|(name, ..)| *name == wanted) {
            Some(one) if json_wanted => println!("{}", printed(&value(one))),
            Some((_, _, text)) => print!("{text}"),
            None => return super::templates::no_starter(wanted, "flows").report(json_wanted),
        },
        None if json_wanted => println!("{}", printed(&all.map(value).collect::<Vec<_>>())),
        None => {
            let rows = all.map(|(name, what, _)| vec![name.to_owned(), what.to_owned()]);
            println!("{}", table("starters", &["name", "description"], rows.collect()));
        }
    }
    Exit::Done
}

pub(in crate::cli) fn to_request(verb: Flows) -> Result<CliRequest, CliError> {
    use CliRequest::{Fetch, Perform};
    let act = |request| Perform(Request::Flow(request));
    let look = |query| Fetch(Query::Flow(query));
    Ok(match verb {
        Flows::List { refresh: true } => act(FlowRequest::Refresh),
        Flows::List { refresh: false } => look(FlowQuery::List),
        Flows::Show(Which { connection, id }) | Flows::Preview(Which { connection, id }) => {
            look(FlowQuery::Detail { connection, id })
        }
        Flows::Json { which, version } => look(FlowQuery::Json { connection: which.connection, id: which.id, version }),
        Flows::Diff { which, old, new } => {
            look(FlowQuery::Diff { connection: which.connection, id: which.id, old, new })
        }
        Flows::Create { connection, name, file: path, accepting } => {
            act(FlowRequest::Create { connection, name, json: file(&path)?, accepted: accepting.errors() })
        }
        Flows::Write { which: Which { connection, id }, file: path, accepting } => {
            act(FlowRequest::Write { connection, id, json: file(&path)?, accepted: accepting.errors() })
        }
        Flows::Publish(Which { connection, id }) => act(FlowRequest::Publish { connection, id }),
        Flows::Deprecate { which, confirm } => {
            act(FlowRequest::Deprecate { connection: which.connection, id: which.id, typed: confirm })
        }
        Flows::Delete { which, confirm } => {
            act(FlowRequest::Delete { connection: which.connection, id: which.id, typed: confirm })
        }
        Flows::Send { which, to, text, button, screen, knowing } => {
            let (connection, id) = (which.connection, which.id);
            let send = FlowRequest::Send { connection, id, to: to.0, body: text, button, screen };
            Perform(Request::Flow(send).with_context(knowing.into()))
        }
        Flows::Responses { which, csv } => {
            let query = Query::Flow(FlowQuery::Responses { connection: which.connection, id: which.id });
            if !csv {
                return Ok(Fetch(query));
            }
            CliRequest::Then(query, Box::new(|answer| Ok(CliRequest::Text(csv_of(&answer)))))
        }
        Flows::Logs(Which { connection, id }) => look(FlowQuery::Logs { connection, id }),
        Flows::Invocations(Which { connection, id }) => look(FlowQuery::Invocations { connection, id }),
        Flows::Encrypt(Which { connection, id }) => act(FlowRequest::Encrypt { connection, id }),
        Flows::Code { which: Which { connection, id }, file: path, accepting } => {
            act(FlowRequest::SetCode { connection, id, code: file(&path)?, accepted: accepting.errors() })
        }
        Flows::Deploy(Which { connection, id }) => act(FlowRequest::Deploy { connection, id }),
        Flows::Register(Which { connection, id }) => act(FlowRequest::Register { connection, id }),
        Flows::Lint { .. } | Flows::Starters { .. } => return Err(CliError::not_available_here()),
    })
}

/// Returns responses as CSV. All cells are quoted, and formulas are escaped.
fn csv_of(answer: &crate::domain::query::Answer) -> String {
    let crate::domain::query::Answer::Flow(Fetched { value: FlowAnswer::Responses(list), .. }) = answer else {
        return String::new();
    };
    let (head, rows) = answers(list);
    csv(&head, rows.into_iter())
}

pub(in crate::cli) fn answer_json(told: &Fetched<FlowAnswer>) -> serde_json::Value {
    match &told.value {
        FlowAnswer::List(lists) => lists
            .iter()
            .flat_map(|list| {
                list.flows.iter().map(move |flow| {
                    let mut value = json!(flow);
                    value["connection"] = list.connection_name.clone().into();
                    value["fetched_at"] = json!(list.fetched_at);
                    value
                })
            })
            .collect(),
        FlowAnswer::Json(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => crate::cli::print::layout::dated(json!(told)),
    }
}

pub(in crate::cli) fn answer_text(told: &Fetched<FlowAnswer>) -> String {
    match &told.value {
        FlowAnswer::List(lists) => lists.iter().map(list_text).collect::<Vec<_>>().join("\n\n"),
        FlowAnswer::Detail(detail) => detail_lines(detail).join("\n"),
        FlowAnswer::Json(text) => text.lines().map(clean_line).collect::<Vec<_>>().join("\n"),
        FlowAnswer::Diff(lines) => lines.join("\n"),
        FlowAnswer::Responses(list) => {
            let (head, rows) = answers(list);
            table("responses", &head.iter().map(String::as_str).collect::<Vec<_>>(), rows)
        }
        FlowAnswer::Lines(lines) => {
            let rows =
                lines.iter().map(|one| vec![one.at.map(at).unwrap_or_default(), one.level.clone(), one.said.line()]);
            table("log entries", &["at", "level", "message"], rows.collect())
        }
    }
}

fn list_text(list: &FlowList) -> String {
    let as_of = list.fetched_at.map_or_else(|| "never fetched".to_owned(), |time| format!("as of {}", at(time)));
    let trouble = list.trouble.as_ref().map(|why| format!("\n{}", clean_line(why))).unwrap_or_default();
    let rows = list.flows.iter().map(|one| {
        let kind = if one.data_api_version.is_some() { "dynamic" } else { "static" };
        vec![clean_line(&one.id), one.name.line(), one.status.clone(), kind.to_owned(), clean_line(&one.network_id)]
    });
    format!(
        "{}, {as_of}{trouble}\n{}",
        clean_line(&list.connection_name),
        table("Flows", &["id", "name", "status", "kind", "sent as"], rows.collect())
    )
}

fn detail_lines(detail: &FlowDetail) -> Vec<String> {
    let flow = &detail.flow;
    let mut lines =
        vec![format!("{} ({})", flow.name.line(), flow.status), format!("sent as    {}", clean_line(&flow.network_id))];
    lines.extend(flow.preview_url.as_ref().map(|url| format!("preview    {url}")));
    for check in &detail.checks {
        let sign = if check.done { "done" } else { "OPEN" };
        let instead = if check.done { String::new() } else { format!(" -> {}", check.instead) };
        lines.push(format!("{sign}       {}{instead}", check.what));
    }
    if let Some(endpoint) = &detail.endpoint {
        lines.push(format!("endpoint   {} {}", endpoint.status, endpoint.url.as_deref().unwrap_or_default()));
    }
    for version in &detail.versions {
        lines.push(format!(
            "{}  {}  {}  {}",
            version.label,
            version.id,
            version.status,
            version.created_at.map(at).unwrap_or_default()
        ));
        lines.extend(version.findings.iter().map(|one| format!("    {} {}", one.code, one.said.line())));
    }
    lines
}
