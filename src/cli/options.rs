//! Options that every command takes.

use std::path::PathBuf;

use super::argument_error::ArgumentError;
use super::environment_values;
use crate::domain::numbers::connection::Environment;

/// Formats of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// Text for people
    Table,
    /// One JSON value
    Json,
    /// One JSON object per line for each row
    Ndjson,
    /// One line per row, with the names of the columns first
    Csv,
}

/// Options of every verb.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Common {
    /// Configuration file
    #[arg(long, global = true, env = "WADECK_CONFIG", value_name = "FILE", value_parser = environment_values::place())]
    pub config: Option<PathBuf>,
    /// Directory of the database, the socket, the lock and the logs
    #[arg(long, global = true, env = "WADECK_DATA_DIR", value_name = "DIR", value_parser = environment_values::place())]
    pub data_dir: Option<PathBuf>,
    /// Refuse every change
    #[arg(long, global = true, env = "WADECK_READONLY", value_parser = environment_values::read_only)]
    pub read_only: bool,
    /// Print JSON instead of text; the same as --output json
    #[arg(long, global = true)]
    pub json: bool,
    /// Format of the output; ndjson and csv are for lists
    #[arg(long, global = true, value_name = "FORMAT", conflicts_with = "json")]
    pub output: Option<OutputFormat>,
    /// Run the console line by line, for screen readers and serial lines
    #[arg(long, global = true, env = "WADECK_PLAIN", value_parser = environment_values::plain)]
    pub plain: bool,
    /// Columns of a list, comma-separated: fields as --json names them, such as id,contact.name,status
    #[arg(long, global = true, value_delimiter = ',', value_name = "FIELDS")]
    pub columns: Vec<String>,
    /// After the answer, print related events as they happen, one JSON object per line
    #[arg(long, global = true)]
    pub follow: bool,
    /// Do not use colors
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Only this organization; without it, the one that `wadeck status` shows
    #[arg(long, global = true, value_name = "NAME")]
    pub organization: Option<String>,
    /// Only this environment: development or production
    #[arg(long, global = true, value_parser = environment)]
    pub environment: Option<Environment>,
    /// All organizations and environments
    #[arg(long, global = true, conflicts_with_all = ["organization", "environment"])]
    pub everywhere: bool,
}

impl Common {
    /// Returns `true` if the format of the output exists for lists only.
    pub(in crate::cli) const fn is_for_lists(&self) -> bool {
        matches!(self.output, Some(OutputFormat::Ndjson | OutputFormat::Csv))
    }
}

/// Parses the name of an environment; for value parsers.
pub(in crate::cli) fn environment(name: &str) -> Result<Environment, ArgumentError> {
    Environment::from_name(name).ok_or(ArgumentError::Expected("development or production"))
}

/// Parses NAME=VALUE; for value parsers.
pub(in crate::cli) fn pair(text: &str) -> Result<(String, String), ArgumentError> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or(ArgumentError::Expected("NAME=VALUE"))
}
