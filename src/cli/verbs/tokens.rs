//! `wadeck tokens`: manages API tokens.

use clap::Subcommand;

use super::cli_request::CliRequest;
use crate::cli::argument_error::{self, ArgumentError};
use crate::cli::print::layout::{at, table};
use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::access::token::{TokenRequest, TokenView};
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

#[derive(Debug, Subcommand)]
pub enum Tokens {
    /// List tokens, valid ones first (admins)
    #[command(after_help = "Examples:\n  wadeck tokens list")]
    List,
    /// Create a token and print it once; it is limited to --organization and --environment (admins)
    #[command(
        name = "create",
        alias = "make",
        after_help = "Examples:\n  wadeck tokens create crm --role operator --environment production\n  wadeck tokens create bot --agent helper --expires 2030-01-01T00:00:00Z"
    )]
    Make {
        /// Name of the program that uses it
        name: String,
        /// Role: viewer, operator or admin
        #[arg(long, value_parser = role, default_value = "operator")]
        role: Role,
        /// Agent that uses it: the token allows the agent's tools under its contract, and nothing else
        #[arg(long, conflicts_with = "role")]
        agent: Option<String>,
        /// End of its validity, in RFC 3339; without it, the token is valid until it is revoked
        #[arg(long, value_name = "TIME", value_parser = argument_error::time)]
        expires: Option<Timestamp>,
    },
    /// Revoke a token (admins)
    #[command(after_help = "Examples:\n  wadeck tokens revoke crm")]
    Revoke {
        /// Name of the token
        name: String,
    },
}

fn role(name: &str) -> Result<Role, ArgumentError> {
    Role::from_name(name).ok_or(ArgumentError::Expected("viewer, operator or admin"))
}

pub(in crate::cli) fn to_request(verb: Tokens) -> CliRequest {
    match verb {
        Tokens::List => CliRequest::Fetch(Query::Tokens),
        Tokens::Make { name, role, agent, expires } => CliRequest::Perform(Request::Token(TokenRequest::Create {
            name,
            role,
            agent,
            expires_at: expires,
            scope: Scope::ALL,
        })),
        Tokens::Revoke { name } => CliRequest::Perform(Request::Token(TokenRequest::Revoke { name })),
    }
}

pub(in crate::cli) fn text(tokens: &[TokenView]) -> String {
    let or = |time: Option<Timestamp>, none: &str| time.map_or_else(|| none.to_owned(), at);
    let rows = tokens.iter().map(|one| {
        let state = match one.maker_role {
            _ if one.revoked_at.is_some() => "revoked".to_owned(),
            None => "invalid: its creator is no longer a user".to_owned(),
            Some(maker) if one.agent.is_some() && maker < Role::Operator => {
                "invalid: its creator is a viewer".to_owned()
            }
            Some(maker) if one.agent.is_none() && maker < one.role => format!("{} now, as its creator", maker.name()),
            Some(_) => String::new(),
        };
        vec![
            clean_line(&one.name),
            one.agent
                .as_ref()
                .map_or_else(|| one.role.name().to_owned(), |agent| format!("agent {}", clean_line(agent))),
            if one.agent.is_some() { "contract of the agent".to_owned() } else { one.scope.words() },
            clean_line(&one.made_by),
            at(one.made_at),
            or(one.expires_at, "revoked"),
            or(one.used_at, "never"),
            state,
        ]
    });
    table("tokens", &["name", "role", "scope", "created by", "created", "expires", "used", ""], rows.collect())
}
