//! Verbs that ask and act: their answers, as text or JSON, and how they end.

use std::io::IsTerminal;

use super::ask::Source;
use super::events_of::{about, named};
use super::files::{self, Files};
use super::no_answer::NoAnswer;
use super::numbers::Connections;
use super::reference::Reading;
use super::scoped::Asked;
use super::templates::{self, Templates};
use super::verbs::{Alerts, Deliveries, Messages};
use super::verify::{Sample, Verified, verified};
use super::walk::WalkUntil;
use super::wanted::{CliRequest, wanted};
use super::{Command, Common, Exit, chosen, layout, print};
use crate::config;
use crate::domain::agents::requests::{AgentQuery, AgentTold};
use crate::domain::code::Code;
use crate::domain::ids::EventId;
use crate::domain::query::{Answer, MOST_ROWS, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::provider::Registry;

pub(super) fn source(common: &Common) -> Source {
    let directory = config::data_directory(common.data_dir.as_deref());
    Source { directory, read_only: common.read_only, here: None, scope: Asked::by(common), files: Files::Own }
}

/// A verb that asks the engine, or the database where none runs.
pub(super) async fn verb(common: &Common, command: Command) -> Exit {
    if std::io::stdout().is_terminal()
        && let Ok((columns, _)) = crate::attach::size()
    {
        super::columns::fit_terminal(columns);
    }
    let names = Reading::end();
    let source = source(common);
    let command = match names.resolve(&source, std::env::args_os().collect()).await {
        Ok(None) => command,
        Ok(Some(cli)) => cli.command.unwrap_or(command),
        Err(none) => return none.report(common.json),
    };
    if let Command::Flows(verb) = &command
        && let Some(exit) = super::flows::alone(verb, common)
    {
        return exit;
    }
    if let Command::Templates(verb) = &command
        && let Some(exit) = templates::alone(verb, common)
    {
        return exit;
    }
    if let Command::Events(super::agents::Events::Follow { after }) = &command {
        return match source.follow(*after).await {
            Ok(()) => Exit::Done,
            Err(none) => none.report(common.json),
        };
    }
    if let Command::Connections(Connections::Setup(wish)) = &command
        && let Some((of, wait)) = wish.walks()
    {
        let until = if wait { WalkUntil::Verified } else { WalkUntil::Shown };
        return super::walk::walk(&source, of, until, common.json)
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
            Ok(told) => {
                println!("{}", verdict(&told, common.json));
                if told.fits { Exit::Done } else { Exit::Failed }
            }
            Err(refusal) => NoAnswer::from(refusal).report(common.json),
        };
    }
    let status = matches!(command, Command::Status);
    let about = about(&command);
    // The file itself went to standard output.
    let bytes = matches!(&command, Command::Messages(Messages::Save { to, .. }) if to == "-");
    // What happens while the answer is made is told too.
    let last = if common.follow { last_event(&source).await } else { None };
    match answered(&source, common, command).await {
        Ok((exit, text)) => {
            if !bytes {
                println!("{text}");
            }
            if common.follow {
                let ended = source.hear((last, false), |event| {
                    if about.is_empty() || about.iter().any(|name| named(event, name)) {
                        println!("{}", layout::escaped(event));
                    }
                });
                return ended.await.map_or_else(|none| none.report(common.json), |()| Exit::Done);
            }
            if status && !source.engine_runs().await.unwrap_or(true) {
                let place = source.directory.display();
                let reason = format!("No engine runs on {place}: this is what its database holds.");
                return NoAnswer::new(Code::NoEngine, reason, "Start one with `wadeck serve`.").report(common.json);
            }
            exit
        }
        Err(none) => none.report(common.json),
    }
}

/// Our own address as it stands in the configuration, where that can be read.
fn public_url(common: &Common) -> Option<String> {
    let path = config::config_file(common.config.as_deref());
    config::load(&path, Registry::SHAPES).ok().and_then(|config| config.public_url)
}

fn verdict(told: &Verified, json: bool) -> String {
    if json { layout::json(told) } else { clean_line(&told.verdict) }
}

async fn last_event(source: &Source) -> Option<EventId> {
    match source.ask(&Query::Desk(AgentQuery::LastEvent)).await {
        Ok(Answer::Desk(told)) => match *told {
            AgentTold::LastEvent(event) => Some(event),
            _ => None,
        },
        _ => None,
    }
}

/// What a verb has to say, and how it ended; for whoever asked, wherever they are.
pub(super) async fn answered(source: &Source, common: &Common, command: Command) -> Result<(Exit, String), NoAnswer> {
    let flows = matches!(command, Command::Flows(super::flows::Flows::List { refresh: true }));
    let refreshed = matches!(command, Command::Templates(Templates::List { refresh: true, .. }));
    let wanted = match command {
        Command::Messages(Messages::Save { message, to }) => {
            let path = source.save(message, &to).await?;
            let done = Done { message: format!("Saved as {path}."), created_id: Some(path) };
            return Ok((Exit::Done, if common.json { layout::json(&done) } else { done.message }));
        }
        Command::Deliveries(Deliveries::Verify { delivery: Some(delivery), .. }) => {
            let Answer::Delivery(Some(detail)) = source.ask(&Query::Delivery { delivery }).await? else {
                let reason = format!("There is no delivery {delivery}.");
                return Err(NoAnswer::new(Code::NotFound, reason, "`wadeck deliveries list` names them."));
            };
            let told = Verified { fits: detail.signed, provider: detail.provider, verdict: detail.verdict };
            let exit = if told.fits { Exit::Done } else { Exit::Failed };
            return Ok((exit, verdict(&told, common.json)));
        }
        Command::Templates(Templates::Sample { connection, source: from }) => {
            Some(CliRequest::Act(files::sample(source, connection, from).await?))
        }
        Command::Alerts(Alerts::Kinds { .. }) if common.json => {
            return Ok((Exit::Done, super::tables::alerts_json()));
        }
        Command::Connections(Connections::States) if common.json => {
            return Ok((Exit::Done, super::tables::states_json()));
        }
        Command::Deliveries(Deliveries::Kinds) if common.json => {
            return Ok((Exit::Done, super::tables::inbound_kinds_json()));
        }
        Command::Send(send) => Some(CliRequest::Act(super::send::request(source, *send).await?)),
        command => wanted(command)?,
    };
    match follow(source, wanted.ok_or_else(NoAnswer::not_here)?).await? {
        CliRequest::Told(answer) => Ok((Exit::Done, printed(&answer, common)?)),
        CliRequest::Said(text) => chosen::only_for_lists(&common.columns).map(|()| (Exit::Done, text)),
        CliRequest::Then(..) => Err(NoAnswer::not_here()),
        CliRequest::Look(query) => look(source, &query, common).await,
        CliRequest::Act(request) => {
            if !flows && !refreshed {
                chosen::only_for_lists(&common.columns)?;
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

/// Asks as long as what follows depends on an answer.
async fn follow(source: &Source, mut wanted: CliRequest) -> Result<CliRequest, NoAnswer> {
    while let CliRequest::Then(query, next) = wanted {
        wanted = next(source.ask(&query).await?)?;
    }
    Ok(wanted)
}

fn printed(answer: &Answer, common: &Common) -> Result<String, NoAnswer> {
    if !common.columns.is_empty() {
        return chosen::chosen(answer, &common.columns, common.json);
    }
    Ok(if common.json { print::answer_json(answer) } else { print::answer_text(answer) })
}

async fn look(source: &Source, query: &Query, common: &Common) -> Result<(Exit, String), NoAnswer> {
    let answer = source.ask(&source.scope.of_usual(query)).await?;
    let absent = match &answer {
        Answer::Thread(None) | Answer::Message(None) | Answer::Entry(None) | Answer::Delivery(None) => true,
        Answer::Desk(told) => {
            matches!(**told, AgentTold::Run(None) | AgentTold::Assignment(None) | AgentTold::Waiting(None))
        }
        _ => false,
    };
    if absent {
        return Err(NoAnswer::new(Code::NotFound, "No object has this id.", ""));
    }
    let uncertain = matches!(&answer, Answer::Entry(Some(entry)) if entry.row.state.name() == "uncertain");
    let exit = match &answer {
        _ if uncertain => Exit::Uncertain,
        Answer::Template(told) if told.value.refuses() => Exit::Refused,
        Answer::Desk(told) if super::agents_text::is_trouble(told) => Exit::Failed,
        _ => Exit::Done,
    };
    let mut text = printed(&answer, common)?;
    if !common.json
        && common.columns.is_empty()
        && let Some(more) = cut(query, &answer)
    {
        text.push_str(&more);
    }
    Ok((exit, text))
}

/// What a list ends with that has as many rows as were asked for: there may be more.
fn cut(query: &Query, answer: &Answer) -> Option<String> {
    let limit = serde_json::to_value(query).ok()?.get("limit")?.as_u64()?;
    let rows = serde_json::from_str::<serde_json::Value>(&print::answer_json(answer)).ok()?.as_array()?.len() as u64;
    (rows >= limit)
        .then(|| format!("\n{rows} rows are shown, and there may be more: --limit N shows up to {MOST_ROWS}."))
}
