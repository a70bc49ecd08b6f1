//! The verbs about Flows.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::no_answer::NoAnswer;
use super::print::{at, json as printed, table};
use super::send::PhoneArg;
use super::templates::findings_text;
use super::wanted::CliRequest;
use super::{Common, Exit};
use crate::domain::flow::{FlowAnswer, FlowDetail, FlowList, FlowQuery, FlowRequest, table as answers};
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
    #[arg(long, value_parser = super::reference::connection)]
    connection: ConnectionId,
    id: String,
}

#[derive(Debug, Subcommand)]
pub enum Flows {
    /// The last list, with its age
    List {
        /// Ask the provider now
        #[arg(long)]
        refresh: bool,
    },
    /// Versions, endpoint, and what is missing
    Show(Which),
    /// The JSON of the newest version, or of another
    Json {
        #[command(flatten)]
        which: Which,
        #[arg(long)]
        version: Option<String>,
    },
    /// What differs between two versions
    Diff {
        #[command(flatten)]
        which: Which,
        old: String,
        new: String,
    },
    /// What would be refused; 3 when something would. A .js file is the code behind a Flow
    Lint { file: PathBuf },
    /// A new draft
    Create {
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        #[arg(long)]
        name: String,
        file: PathBuf,
    },
    /// A new version
    Write {
        #[command(flatten)]
        which: Which,
        file: PathBuf,
    },
    /// Publish the newest version (admins)
    Publish(Which),
    /// Nobody can open it any more (admins)
    Deprecate {
        #[command(flatten)]
        which: Which,
        /// Its name, typed
        #[arg(long)]
        confirm: String,
    },
    /// Delete a draft (admins)
    Delete {
        #[command(flatten)]
        which: Which,
        /// Its name, typed
        #[arg(long)]
        confirm: String,
    },
    /// Send it to somebody who has written; a draft is a test
    Send {
        #[command(flatten)]
        which: Which,
        #[arg(long)]
        to: PhoneArg,
        #[arg(long, default_value = "Please fill this in.")]
        text: String,
        #[arg(long, default_value = "Open")]
        button: String,
        /// Where it begins
        #[arg(long)]
        screen: Option<String>,
        #[command(flatten)]
        knowing: super::send::Knowing,
    },
    /// Where it can be looked at
    Preview(Which),
    /// What people answered
    Responses {
        #[command(flatten)]
        which: Which,
        /// Comma-separated, for a spreadsheet
        #[arg(long)]
        csv: bool,
    },
    /// The endpoint's log
    Logs(Which),
    /// The last calls of the endpoint
    Invocations(Which),
    /// Set up encryption for the number (admins)
    Encrypt(Which),
    /// Give the endpoint its code (admins)
    Code {
        #[command(flatten)]
        which: Which,
        file: PathBuf,
    },
    /// Deploy the code (admins)
    Deploy(Which),
    /// Register the endpoint (admins)
    Register(Which),
    /// Flows to begin from; `booking.js` is the code behind the dynamic one
    Starters { name: Option<String> },
}

fn file(path: &Path) -> Result<String, NoAnswer> {
    let read =
        if path.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    read.map_err(|error| NoAnswer::unreadable(format!("{} cannot be read: {error}.", path.display())))
}

/// Verbs that need no engine: answered at once.
pub(super) fn alone(verb: &Flows, common: &Common) -> Option<Exit> {
    match verb {
        Flows::Starters { name } => Some(starters(name.as_deref(), common.json)),
        Flows::Lint { file: path } => Some(match file(path) {
            Err(none) => none.tell(common.json),
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
    let code = ("booking.js", "the code behind booking", starter::FLOW_CODE);
    let all = starter::FLOWS.iter().map(|one| (one.name, one.what, one.text)).chain([code]);
    let value = |(name, what, text): (&str, &str, &str)| json!({ "name": name, "what": what, "text": text });
    match name {
        Some(wanted) => match all.clone().find(|(name, ..)| *name == wanted) {
            Some(one) if json_wanted => println!("{}", printed(&value(one))),
            Some((_, _, text)) => print!("{text}"),
            None => return super::templates::no_starter(wanted, "flows").tell(json_wanted),
        },
        None if json_wanted => println!("{}", printed(&all.map(value).collect::<Vec<_>>())),
        None => {
            let rows = all.map(|(name, what, _)| vec![name.to_owned(), what.to_owned()]);
            println!("{}", table(&["name", "what"], rows.collect()));
        }
    }
    Exit::Done
}

pub(super) fn wanted(verb: Flows) -> Result<CliRequest, NoAnswer> {
    use CliRequest::{Act, Look};
    let act = |request| Act(Request::Flow(request));
    let look = |query| Look(Query::Flow(query));
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
        Flows::Create { connection, name, file: path } => {
            act(FlowRequest::Create { connection, name, json: file(&path)? })
        }
        Flows::Write { which, file: path } => {
            act(FlowRequest::Write { connection: which.connection, id: which.id, json: file(&path)? })
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
            Act(Request::Flow(send).knowing(knowing.into()))
        }
        Flows::Responses { which, csv } => {
            let query = Query::Flow(FlowQuery::Responses { connection: which.connection, id: which.id });
            if !csv {
                return Ok(Look(query));
            }
            CliRequest::Then(query, Box::new(|answer| Ok(CliRequest::Said(csv_of(&answer)))))
        }
        Flows::Logs(Which { connection, id }) => look(FlowQuery::Logs { connection, id }),
        Flows::Invocations(Which { connection, id }) => look(FlowQuery::Invocations { connection, id }),
        Flows::Encrypt(Which { connection, id }) => act(FlowRequest::Encrypt { connection, id }),
        Flows::Code { which, file: path } => {
            act(FlowRequest::SetCode { connection: which.connection, id: which.id, code: file(&path)? })
        }
        Flows::Deploy(Which { connection, id }) => act(FlowRequest::Deploy { connection, id }),
        Flows::Register(Which { connection, id }) => act(FlowRequest::Register { connection, id }),
        Flows::Lint { .. } | Flows::Starters { .. } => return Err(NoAnswer::not_here()),
    })
}

/// Quoted throughout; what a spreadsheet would run is made words.
fn csv_of(answer: &crate::domain::query::Answer) -> String {
    let crate::domain::query::Answer::Flow(Fetched { value: FlowAnswer::Responses(list), .. }) = answer else {
        return String::new();
    };
    let (head, rows) = answers(list);
    let cell = |text: &String| {
        let harmless = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.clone() };
        format!("\"{}\"", harmless.replace('"', "\"\""))
    };
    let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",");
    std::iter::once(&head).chain(&rows).map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn answer_json(told: &Fetched<FlowAnswer>) -> serde_json::Value {
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
        _ => super::print::dated(json!(told)),
    }
}

pub(super) fn answer_text(told: &Fetched<FlowAnswer>) -> String {
    match &told.value {
        FlowAnswer::List(lists) => lists.iter().map(list_text).collect::<Vec<_>>().join("\n\n"),
        FlowAnswer::Detail(detail) => detail_lines(detail).join("\n"),
        FlowAnswer::Json(text) => text.lines().map(clean_line).collect::<Vec<_>>().join("\n"),
        FlowAnswer::Diff(lines) => lines.join("\n"),
        FlowAnswer::Responses(list) => {
            let (head, rows) = answers(list);
            table(&head.iter().map(String::as_str).collect::<Vec<_>>(), rows)
        }
        FlowAnswer::Lines(lines) => {
            let rows =
                lines.iter().map(|one| vec![one.at.map(at).unwrap_or_default(), one.level.clone(), one.said.line()]);
            table(&["at", "level", "what"], rows.collect())
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
        table(&["id", "name", "status", "kind", "sent as"], rows.collect())
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
