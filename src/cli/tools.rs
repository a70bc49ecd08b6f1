//! The tools for a model, for whatever program starts us as its server.

use super::{Common, Exit};
use crate::{api, config};

/// Speaks on standard input and output until the other side closes.
pub(super) async fn serve(common: &Common) -> Exit {
    if common.everywhere || common.organization.is_some() || common.environment.is_some() {
        eprintln!(
            "Tools over standard input and output reach what their user reaches. For one organization or environment, let the model come over HTTP with a token that was made for it."
        );
        return Exit::Failed;
    }
    let directory = config::data_directory(common.data_dir.as_deref());
    match api::tools_on_standard_io(&directory, common.read_only).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("The other side did not speak the Model Context Protocol to the end: {error}.");
            Exit::Failed
        }
    }
}
