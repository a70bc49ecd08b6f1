//! The tools for a model, for whatever program starts us as its server.

use super::no_answer::NoAnswer;
use super::scoped::Asked;
use super::{Common, Exit};
use crate::domain::code::Code;
use crate::{api, config};

/// Speaks on standard input and output until the other side closes.
pub(super) async fn serve(common: &Common) -> Exit {
    let directory = config::data_directory(common.data_dir.as_deref());
    match api::tools_on_standard_io(&directory, common.read_only, Asked::by(common).named()).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            let reason = format!("The connection to the client failed: {error}.");
            NoAnswer::new(Code::Protocol, reason, "Start it from a client of the Model Context Protocol.")
                .report(common.json)
        }
    }
}
