//! `connections setup`: starts the setup of a new number where the provider supports it, or lists the tasks of a
//! declared number, each with the check that verifies it.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::Exit;
use super::ask::Source;
use super::layout::at;
use super::no_answer::NoAnswer;
use super::numbers::{environment, pair};
use super::print_numbers::only;
use super::wanted::CliRequest;
use crate::domain::code::Code;
use crate::domain::numbers::connected::ConnectionView;
use crate::domain::numbers::connection::{Environment, ProviderName, SetupTask};
use crate::domain::numbers::number::NumberRequest;
use crate::domain::numbers::setup::SetupOptions;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// How often a proof is looked for.
const EVERY: Duration = Duration::from_secs(2);
/// Looks between two questions to the provider.
const ASKED_EVERY: u32 = 3;

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
    /// The number whose steps are to be walked, if it is about that, and whether they are waited for.
    pub(super) fn walks(&self) -> Option<(&str, bool)> {
        self.of.as_deref().map(|of| (of, self.wait))
    }

    pub(super) fn wanted(self) -> CliRequest {
        CliRequest::Act(Request::Number(NumberRequest::SetUp {
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

fn verified_by(view: &ConnectionView, chore: &SetupTask) -> Option<String> {
    let proof = view.last_check(chore)?;
    Some(format!("{} at {}", clean_line(&proof.note), at(proof.at)))
}

async fn view(source: &Source, of: &str) -> Result<ConnectionView, NoAnswer> {
    let told = source.ask(&Query::Connections).await?;
    let Answer::Connections(list) = told else {
        return Err(NoAnswer::odd());
    };
    let found = only(list, of).ok().and_then(|list| list.connected.into_iter().next());
    found.ok_or_else(|| {
        let remedy = "Declare the number under [[connections]] in the configuration and restart.";
        NoAnswer::new(Code::NotFound, format!("Number {} not found.", clean_line(of)), remedy)
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

/// When the walk ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WalkUntil {
    /// Once every task was shown.
    Shown,
    /// Once every check has passed.
    Verified,
}

/// Says every step, and goes on until all are verified_by where that is wanted.
pub(super) async fn walk(source: &Source, of: &str, until: WalkUntil, json: bool) -> Result<Exit, NoAnswer> {
    let before = view(source, of).await?;
    // The provider is asked now: the first proof is of the key.
    let _ = source.act(&Request::CheckConnection { connection: before.connection.id }).await;
    let mut last = view(source, of).await?;
    if json {
        println!("{}", super::layout::json(&as_json(&last)));
        return Ok(if last.to_be_done() { Exit::Failed } else { Exit::Done });
    }
    println!("{} ({}, {})", clean_line(&last.connection.name), last.connection.provider, last.connection.phone_number);
    for (index, chore) in last.chores.iter().enumerate() {
        println!("{}", lines(&last, index + 1, chore));
    }
    let mut looks = 0_u32;
    while last.to_be_done() {
        if until == WalkUntil::Shown {
            println!("Open tasks are marked with -. Use --wait to repeat the checks until all are done.");
            return Ok(Exit::Failed);
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            // Nobody reads on: what was not verified_by until now is not verified_by.
            () = super::out::reader_left() => return Ok(Exit::Failed),
        }
        // What is pasted at the provider is seen by asking again; the rest comes by itself.
        looks += 1;
        if looks.is_multiple_of(ASKED_EVERY) {
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
