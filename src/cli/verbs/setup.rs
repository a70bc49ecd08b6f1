//! `connections setup`: starts the setup of a new number where the provider supports it, or lists the tasks of a
//! declared number, each with the check that verifies it.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::cli_request::CliRequest;
use crate::cli::client::error::CliError;
use crate::cli::client::source::Source;
use crate::cli::exit::Exit;
use crate::cli::options::{environment, pair};
use crate::cli::print::connections::only;
use crate::cli::print::layout::at;
use crate::domain::code::Code;
use crate::domain::numbers::connected::ConnectionView;
use crate::domain::numbers::connection::{Environment, ProviderName, SetupTask};
use crate::domain::numbers::number::NumberRequest;
use crate::domain::numbers::setup::SetupOptions;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// Interval at which check results are read.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Number of polls between two live calls to the provider.
const POLLS_PER_LIVE_CHECK: u32 = 3;

#[derive(Debug, Args)]
pub struct SetUp {
    /// Declared connection whose setup tasks are listed: id, name or phone number
    #[arg(value_name = "CONNECTION", conflicts_with_all = ["name", "provider"])]
    of: Option<String>,
    /// Repeat the checks until all tasks are done
    #[arg(long, requires = "of")]
    wait: bool,
    /// Name of the new connection
    #[arg(long, required_unless_present = "of")]
    name: Option<String>,
    /// Provider of the new connection: kapso, twilio or meta
    #[arg(long, required_unless_present = "of")]
    provider: Option<String>,
    /// Environment: development or production; without it, the configuration's
    #[arg(long, value_parser = environment)]
    environment: Option<Environment>,
    /// Organization; without it, the configuration's
    #[arg(long)]
    organization: Option<String>,
    /// Let the provider supply a number
    #[arg(long)]
    provision: bool,
    /// Countries of the supplied number, comma-separated, such as US,CA
    #[arg(long, value_delimiter = ',')]
    countries: Vec<String>,
    /// Area code of the supplied number
    #[arg(long)]
    area_code: Option<String>,
    /// Connection types offered on the setup page: coexistence, dedicated, or both, comma-separated
    #[arg(long, value_delimiter = ',')]
    types: Vec<String>,
    /// Language of the setup page: en, es, pt, hi, id or ar
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// URL that the setup page opens after success; without it, a page of this engine
    #[arg(long, value_name = "URL")]
    success_url: Option<String>,
    /// URL that the setup page opens after a failure; without it, a page of this engine
    #[arg(long, value_name = "URL")]
    failure_url: Option<String>,
    /// Who pays Meta: customer_managed or partner_managed
    #[arg(long)]
    billing: Option<String>,
    /// Color of the setup page, such as primary_color=#0f766e; can be repeated
    #[arg(long, value_name = "NAME=COLOR", value_parser = pair)]
    theme: Vec<(String, String)>,
}

impl SetUp {
    /// Returns the declared connection whose tasks are listed, and whether to wait for them; `None` for a new setup.
    pub(in crate::cli) fn declared_connection(&self) -> Option<(&str, bool)> {
        self.of.as_deref().map(|of| (of, self.wait))
    }

    pub(in crate::cli) fn into_request(self) -> CliRequest {
        CliRequest::Perform(Request::Number(NumberRequest::SetUp {
            name: self.name.unwrap_or_default(),
            provider: ProviderName::new(self.provider.unwrap_or_default()),
            organization: self.organization,
            environment: self.environment,
            options: Box::new(SetupOptions {
                provision: self.provision,
                countries: self.countries,
                area_code: self.area_code,
                connection_types: self.types,
                language: self.language,
                success_url: self.success_url,
                failure_url: self.failure_url,
                billing: self.billing,
                api_key_env: None,
                reconnect: None,
                theme: self.theme.into_iter().collect(),
            }),
        }))
    }
}

fn verified_by(view: &ConnectionView, task: &SetupTask) -> Option<String> {
    let check = view.last_check(task)?;
    Some(format!("{} at {}", clean_line(&check.note), at(check.at)))
}

async fn view(source: &Source, of: &str) -> Result<ConnectionView, CliError> {
    let told = source.ask(&Query::Connections).await?;
    let Answer::Connections(list) = told else {
        return Err(CliError::unexpected_answer());
    };
    let found = only(list, of).ok().and_then(|list| list.connected.into_iter().next());
    found.ok_or_else(|| {
        let remedy = "Declare the number under [[connections]] in the configuration and restart.";
        CliError::new(Code::NotFound, format!("Number {} not found.", clean_line(of)), remedy)
    })
}

fn lines(view: &ConnectionView, number: usize, chore: &SetupTask) -> String {
    let sign = match chore.proof {
        None => " ",
        Some(_) if verified_by(view, chore).is_some() => "x",
        Some(_) => "-",
    };
    let mut text = format!("[{sign}] {number}. {}: {}", clean_line(&chore.place), clean_line(&chore.what));
    if let Some(paste) = &chore.paste {
        text.push_str(&format!("\n        {}", clean_line(paste)));
    }
    if chore.over_api && verified_by(view, chore).is_none() {
        let id = view.connection.id;
        text.push_str(&format!("\n        or: `wadeck connections register {id}` sets it over the provider's API"));
    }
    if let Some(said) = verified_by(view, chore) {
        text.push_str(&format!("\n        verified: {said}"));
    }
    text
}

fn as_json(view: &ConnectionView) -> Value {
    let chores = view.chores.iter().map(|chore| {
        let mut value = json!(chore);
        value["verified_by"] = verified_by(view, chore).into();
        value
    });
    chores.collect()
}

/// When listing the setup tasks ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum StopAt {
    /// After each task was printed once.
    Shown,
    /// After all checks passed.
    Verified,
}

/// Prints the setup tasks of a declared connection, and with `Verified` repeats until all checks pass.
pub(in crate::cli) async fn follow_setup(
    source: &Source,
    of: &str,
    until: StopAt,
    json: bool,
) -> Result<Exit, CliError> {
    let before = view(source, of).await?;
    // A live call verifies the API key first.
    let _ = source.act(&Request::CheckConnection { connection: before.connection.id }).await;
    let mut last = view(source, of).await?;
    if json {
        println!("{}", crate::cli::print::layout::json(&as_json(&last)));
        return Ok(if last.has_pending_tasks() { Exit::Failed } else { Exit::Done });
    }
    println!("{} ({}, {})", clean_line(&last.connection.name), last.connection.provider, last.connection.phone_number);
    for (index, chore) in last.chores.iter().enumerate() {
        println!("{}", lines(&last, index + 1, chore));
    }
    let mut polls = 0_u32;
    while last.has_pending_tasks() {
        if until == StopAt::Shown {
            println!("Open tasks are marked with -. Use --wait to repeat the checks until all are done.");
            return Ok(Exit::Failed);
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            // The output was closed: unfinished checks count as not verified.
            () = crate::cli::out::reader_left() => return Ok(Exit::Failed),
        }
        // Settings made at the provider are visible only to a live call; other results arrive by webhook.
        polls += 1;
        if polls.is_multiple_of(POLLS_PER_LIVE_CHECK) {
            let _ = source.act(&Request::CheckConnection { connection: before.connection.id }).await;
        }
        let now = view(source, of).await?;
        for (index, chore) in now.chores.iter().enumerate() {
            if now.last_check(chore).is_some() && last.last_check(chore).is_none() {
                println!("{}", lines(&now, index + 1, chore));
            }
        }
        last = now;
    }
    println!("All tasks are done: this number works.");
    Ok(Exit::Done)
}
