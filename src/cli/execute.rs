//! Runs commands that query or change the engine's state, and prints their answers as text or JSON.

use std::io::IsTerminal;

use super::arguments::{Cli, Command};
use super::event_filter::{event_prefixes, has_prefix};
use super::exit::Exit;
use super::options::Common;
use crate::cli::client::error::CliError;
use crate::cli::client::scope::ScopeOptions;
use crate::cli::client::source::Source;
use crate::cli::client::{files, input::Files};
use crate::cli::print;
use crate::cli::print::{layout, selected_columns};
use crate::cli::verbs::agents::{self, Agents};
use crate::cli::verbs::connections::Connections;
use crate::cli::verbs::reference::NameResolver;
use crate::cli::verbs::setup::StopAt;
use crate::cli::verbs::templates::{self, Templates};
use crate::cli::verbs::verify::{Sample, Verified, verified};
use crate::cli::verbs::{Alerts, Deliveries, Messages};
use crate::cli::verbs::{cli_request::CliRequest, to_request::to_request};
use crate::config;
use crate::domain::agents::requests::{AgentQuery, AgentsAnswer};
use crate::domain::code::Code;
use crate::domain::ids::EventId;
use crate::domain::query::{Answer, MAX_ROWS, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::provider::Registry;

pub(super) fn source(common: &Common) -> Source {
    let directory = config::data_directory(common.data_dir.as_deref());
    Source { directory, read_only: common.read_only, here: None, scope: ScopeOptions::by(common), files: Files::Own }
}

/// Runs a command against the engine, or for queries against the database if no engine runs.
pub(super) async fn execute(common: &Common, command: Command) -> Exit {
    if std::io::stdout().is_terminal()
        && let Ok((columns, _)) = crate::attach::size()
    {
        crate::cli::print::columns::fit_terminal(columns);
    }
    let names = NameResolver::end();
    let source = source(common);
    let command = match names.resolve::<Cli>(&source, std::env::args_os().collect()).await {
        Ok(None) => command,
        Ok(Some(cli)) => cli.command.unwrap_or(command),
        Err(none) => return none.report(common.json),
    };
    if let Command::Flows(verb) = &command
        && let Some(exit) = crate::cli::verbs::flows::run_offline(verb, common)
    {
        return exit;
    }
    if let Command::Templates(verb) = &command
        && let Some(exit) = templates::run_offline(verb, common)
    {
        return exit;
    }
    if let Command::Events(crate::cli::verbs::agents::Events::Follow { after }) = &command {
        return match source.follow(*after).await {
            Ok(()) => Exit::Done,
            Err(none) => none.report(common.json),
        };
    }
    if let Command::Connections(Connections::Setup(wish)) = &command
        && let Some((of, wait)) = wish.declared_connection()
    {
        let until = if wait { StopAt::Verified } else { StopAt::Shown };
        return crate::cli::verbs::setup::follow_setup(&source, of, until, common.json)
            .await
            .unwrap_or_else(|none| none.report(common.json));
    }
    if let Command::Deliveries(Deliveries::Verify { delivery: None, provider, header, path, body }) = &command {
        let sample = Sample {
            provider: provider.as_deref(),
            headers: header,
            path: path.as_deref(),
            body: body.as_deref(),
            public_url: public_url(common),
        };
        return match verified(&sample) {
            Ok(answer) => {
                println!("{}", verdict(&answer, common.json));
                if answer.fits { Exit::Done } else { Exit::Failed }
            }
            Err(refusal) => CliError::from(refusal).report(common.json),
        };
    }
    let status = matches!(command, Command::Status);
    let prefixes = event_prefixes(&command);
    // The file itself goes to standard output.
    let bytes = matches!(&command, Command::Messages(Messages::Save { to, .. }) if to == "-");
    // Read before the query, so that no event in between is missed.
    let last = if common.follow { last_event(&source).await } else { None };
    match output_of(&source, common, command).await {
        Ok((exit, text)) => {
            if !bytes {
                println!("{text}");
            }
            if common.follow {
                let ended = source.for_each_event((last, false), |event| {
                    if prefixes.is_empty() || prefixes.iter().any(|prefix| has_prefix(event, prefix)) {
                        println!("{}", layout::escaped(event));
                    }
                });
                return ended.await.map_or_else(|none| none.report(common.json), |()| Exit::Done);
            }
            if status && !source.engine_runs().await.unwrap_or(true) {
                let place = source.directory.display();
                let reason = format!("No engine runs on {place}: this is what its database holds.");
                return CliError::new(Code::NoEngine, reason, "Start one with `wadeck serve`.").report(common.json);
            }
            exit
        }
        Err(none) => none.report(common.json),
    }
}

/// Returns `public_url` of the configuration; `None` if it is unset or the file cannot be read.
fn public_url(common: &Common) -> Option<String> {
    let path = config::config_file(common.config.as_deref());
    config::load(&path, Registry::SHAPES).ok().and_then(|config| config.public_url)
}

fn verdict(answer: &Verified, json: bool) -> String {
    if json { layout::json(answer) } else { clean_line(&answer.verdict) }
}

async fn last_event(source: &Source) -> Option<EventId> {
    match source.ask(&Query::Agent(AgentQuery::LastEvent)).await {
        Ok(Answer::Agent(answer)) => match *answer {
            AgentsAnswer::LastEvent(event) => Some(event),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the exit code and the output of a command. Shared by the shell, the line console and SSH.
pub(super) async fn output_of(source: &Source, common: &Common, command: Command) -> Result<(Exit, String), CliError> {
    let flows = matches!(command, Command::Flows(crate::cli::verbs::flows::Flows::List { refresh: true }));
    let refreshed = matches!(command, Command::Templates(Templates::List { refresh: true, .. }));
    let request = match command {
        Command::Messages(Messages::Save { message, to }) => {
            let path = source.save(message, &to).await?;
            let done = Done { message: format!("Saved as {path}."), created_id: Some(path) };
            return Ok((Exit::Done, if common.json { layout::json(&done) } else { done.message }));
        }
        Command::Deliveries(Deliveries::Verify { delivery: Some(delivery), .. }) => {
            let Answer::Delivery(Some(detail)) = source.ask(&Query::Delivery { delivery }).await? else {
                let reason = format!("There is no delivery {delivery}.");
                return Err(CliError::new(Code::NotFound, reason, "`wadeck deliveries list` names them."));
            };
            let answer = Verified { fits: detail.signed, provider: detail.provider, verdict: detail.verdict };
            let exit = if answer.fits { Exit::Done } else { Exit::Failed };
            return Ok((exit, verdict(&answer, common.json)));
        }
        Command::Templates(Templates::Sample { connection, source: from }) => {
            Some(CliRequest::Perform(files::sample(source, connection, from).await?))
        }
        Command::Alerts(Alerts::Kinds { .. }) if common.json => {
            return Ok((Exit::Done, crate::cli::print::reference_tables::alerts_json()));
        }
        Command::Connections(Connections::States) if common.json => {
            return Ok((Exit::Done, crate::cli::print::reference_tables::states_json()));
        }
        Command::Deliveries(Deliveries::Kinds) if common.json => {
            return Ok((Exit::Done, crate::cli::print::reference_tables::inbound_kinds_json()));
        }
        Command::Agents(Agents::Rehearse { agent, file, keep }) => {
            let (request, results) = agents::rehearsal(&agent, file.as_deref(), keep)?;
            source.act(&request).await?;
            return look(source, &results, common).await;
        }
        Command::Send(send) => Some(CliRequest::Perform(crate::cli::verbs::send::request(source, *send).await?)),
        command => to_request(command)?,
    };
    match resolve(source, request.ok_or_else(CliError::not_available_here)?).await? {
        CliRequest::Answered(answer) => Ok((Exit::Done, printed(&answer, common)?)),
        CliRequest::Text(text) => selected_columns::only_for_lists(common).map(|()| (Exit::Done, text)),
        CliRequest::Then(..) => Err(CliError::not_available_here()),
        CliRequest::Fetch(query) => look(source, &query, common).await,
        CliRequest::Perform(request) => {
            if !flows && !refreshed {
                selected_columns::only_for_lists(common)?;
            }
            let done = source.act(&request).await?;
            if flows {
                return look(source, &Query::Flow(crate::domain::flow::FlowQuery::List), common).await;
            }
            if refreshed {
                return look(source, &Query::Templates, common).await;
            }
            if common.json {
                return Ok((Exit::Done, layout::json(&done)));
            }
            let shown = matches!(request, Request::RevealDelivery { .. } | Request::Token(_));
            let revealed = shown.then_some(done.created_id).flatten();
            let lines = done.message.lines().chain(revealed.iter().flat_map(|body| body.lines()));
            Ok((Exit::Done, lines.map(clean_line).collect::<Vec<_>>().join("\n")))
        }
    }
}

/// Runs the queries that a request depends on, until none is left.
async fn resolve(source: &Source, mut request: CliRequest) -> Result<CliRequest, CliError> {
    while let CliRequest::Then(query, next) = request {
        request = next(source.ask(&query).await?)?;
    }
    Ok(request)
}

fn printed(answer: &Answer, common: &Common) -> Result<String, CliError> {
    if !common.columns.is_empty() || common.is_for_lists() {
        return selected_columns::chosen(answer, common);
    }
    Ok(if common.json { print::answer_json(answer) } else { print::answer_text(answer) })
}

async fn look(source: &Source, query: &Query, common: &Common) -> Result<(Exit, String), CliError> {
    let answer = source.ask(&source.scope.list_query(query)).await?;
    let absent = match &answer {
        Answer::Thread(None) | Answer::Message(None) | Answer::Entry(None) | Answer::Delivery(None) => true,
        Answer::Agent(answer) => {
            matches!(**answer, AgentsAnswer::Run(None) | AgentsAnswer::Assignment(None) | AgentsAnswer::Waiting(None))
        }
        _ => false,
    };
    if absent {
        return Err(CliError::new(Code::NotFound, "No object has this id.", ""));
    }
    let uncertain = matches!(&answer, Answer::Entry(Some(entry)) if entry.row.state.name() == "uncertain");
    let exit = match &answer {
        _ if uncertain => Exit::Uncertain,
        Answer::Template(answer) if answer.value.refuses() => Exit::Refused,
        Answer::Agent(answer) if crate::cli::print::agents::is_failure(answer) => Exit::Failed,
        _ => Exit::Done,
    };
    let mut text = printed(&answer, common)?;
    if !common.json
        && !common.is_for_lists()
        && common.columns.is_empty()
        && let Some(more) = truncation_notice(query, &answer)
    {
        text.push_str(&more);
    }
    Ok((exit, text))
}

/// Returns a closing line for a list that is as long as its limit: there may be more rows.
fn truncation_notice(query: &Query, answer: &Answer) -> Option<String> {
    let limit = serde_json::to_value(query).ok()?.get("limit")?.as_u64()?;
    let rows = serde_json::from_str::<serde_json::Value>(&print::answer_json(answer)).ok()?.as_array()?.len() as u64;
    (rows >= limit)
        .then(|| format!("\n{rows} rows are shown, and there may be more: --limit N shows up to {MAX_ROWS}."))
}
