//! `wadeck mcp`: an MCP server on standard input and output.

use crate::cli::client::error::CliError;
use crate::cli::client::scope::ScopeOptions;
use crate::cli::exit::Exit;
use crate::cli::options::Common;
use crate::domain::code::Code;
use crate::{api, config};

/// Serves one client until it closes standard input.
pub(in crate::cli) async fn serve(common: &Common) -> Exit {
    let directory = config::data_directory(common.data_dir.as_deref());
    match api::tools_on_standard_io(&directory, common.read_only, ScopeOptions::by(common).given()).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            let reason = format!("The connection to the client failed: {error}.");
            CliError::new(Code::Protocol, reason, "Start it from a client of the Model Context Protocol.")
                .report(common.json)
        }
    }
}
