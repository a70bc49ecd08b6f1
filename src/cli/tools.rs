//! The tools for a model, for whatever program starts us as its server.

use super::no_answer::NoAnswer;
use super::{Common, Exit};
use crate::{api, config};

/// Speaks on standard input and output until the other side closes.
pub(super) async fn serve(common: &Common) -> Exit {
    if common.everywhere || common.organization.is_some() || common.environment.is_some() {
        let reason = "Tools over standard input and output reach what their user reaches.";
        let remedy =
            "For one organization or environment, let the model come over HTTP with a token that was made for it.";
        return NoAnswer::failed("scope", reason, remedy).tell(common.json);
    }
    let directory = config::data_directory(common.data_dir.as_deref());
    match api::tools_on_standard_io(&directory, common.read_only).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            let reason = format!("The other side did not speak the Model Context Protocol to the end: {error}.");
            NoAnswer::failed("protocol", reason, "Let a client of that protocol start this.").tell(common.json)
        }
    }
}
