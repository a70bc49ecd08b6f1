//! Forms that set up a number: with a setup link for its owner, or by adopting a number that the provider has.

use std::collections::BTreeMap;

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::numbers::connection::{Environment, ProviderName};
use crate::domain::numbers::number::NumberRequest;
use crate::domain::numbers::setup::SetupOptions;
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// Sets up a number with a setup link.
#[derive(Debug)]
pub(in crate::console) struct SetUpForm {
    pub provider: ProviderName,
    pub organization: String,
    pub environment: Environment,
}

/// Adopts a number that the provider has.
#[derive(Debug)]
pub(in crate::console) struct AdoptForm {
    pub provider: ProviderName,
    pub phone_number_id: String,
    pub number: String,
    pub organization: String,
    pub environment: Environment,
}

/// Returns the fields for the connection's name, organization and environment.
fn named(organization: &str, environment: Environment) -> [Field; 3] {
    [
        field("name", "Name", "name of the connection, such as support", ""),
        field("organization", "Organization", "owner of the number", organization),
        field("environment", "Environment", "development or production", environment.name()),
    ]
}

fn environment(filled: &Filled<'_>) -> Result<Environment, UserError> {
    let named = Environment::from_name(filled.text("environment"));
    named.ok_or_else(|| "The environment is development or production.".into())
}

/// Parses `NAME=VALUE; NAME=VALUE`. Fails if a part has no `=`.
pub(super) fn pairs(text: &str) -> Result<BTreeMap<String, String>, UserError> {
    let one = |part: &str| match part.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err(format!("`{}` lacks its value: write NAME=VALUE; NAME=VALUE.", clean_line(part.trim())).into()),
    };
    text.split(';').filter(|part| !part.trim().is_empty()).map(one).collect()
}

impl FormKind for SetUpForm {
    fn title(&self) -> String {
        format!("Set up a number with {}", self.provider)
    }

    fn fields(&self) -> Vec<Field> {
        let fields = named(&self.organization, self.environment).into_iter();
        let options = [
            field("provision", "New number", "yes: the provider supplies one", "no"),
            field("countries", "Countries", "of the new number, such as US CA", ""),
            field("area_code", "Area code", "of the new number, such as 415", ""),
            field("types", "Types", "coexistence, dedicated; empty: both", ""),
            field("language", "Language", "of the page: en es pt hi id ar; empty: the owner's", ""),
            field("success", "On success", "empty: a page of this engine", ""),
            field("failure", "On failure", "empty: a page of this engine", ""),
            field("billing", "Billing", "customer_managed or partner_managed; cannot be changed", ""),
            field("theme", "Colors", "primary_color=#0f766e; background_color=#ffffff", ""),
        ];
        fields.chain(options).collect()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let said = "A setup link is created. The owner of the number opens it; Connections shows every step.";
        vec![(said.to_owned(), theme.dim())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let countries = filled.list("countries").into_iter().map(|country| country.to_ascii_uppercase());
        let options = SetupOptions {
            provision: filled.is_yes("provision"),
            countries: countries.collect(),
            area_code: filled.some("area_code"),
            connection_types: filled.list("types"),
            language: filled.some("language"),
            success_url: filled.some("success"),
            failure_url: filled.some("failure"),
            billing: filled.some("billing"),
            api_key_env: None,
            reconnect: None,
            theme: pairs(filled.text("theme"))?,
        };
        options.check()?;
        Ok(Submission::Perform(Request::Number(NumberRequest::SetUp {
            name: filled.owned("name"),
            provider: self.provider.clone(),
            organization: filled.some("organization"),
            environment: Some(environment(filled)?),
            options: Box::new(options),
        })))
    }
}

impl FormKind for AdoptForm {
    fn title(&self) -> String {
        format!("Connect {}", self.number)
    }

    fn fields(&self) -> Vec<Field> {
        named(&self.organization, self.environment).to_vec()
    }

    fn about(&self) -> String {
        self.phone_number_id.clone()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        vec![("The webhook is registered, and a test verifies it.".to_owned(), theme.dim())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        Ok(Submission::Perform(Request::Number(NumberRequest::Adopt {
            name: filled.owned("name"),
            provider: self.provider.clone(),
            phone_number_id: self.phone_number_id.clone(),
            organization: filled.some("organization"),
            environment: Some(environment(filled)?),
        })))
    }
}
