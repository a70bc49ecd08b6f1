//! `wadeck audit`: lists and verifies the audit log.

use clap::Subcommand;

use super::agents::look;
use super::cli_request::CliRequest;
use crate::cli::verbs::Page;
use crate::domain::access::audit::{AuditHead, KnownHead};
use crate::domain::agents::requests::AgentQuery;
use crate::domain::ids::AuditId;
use crate::domain::request::Request;
use crate::domain::time::Timestamp;
use crate::store::read_heads;

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// List audit entries, newest first
    #[command(after_help = "Examples:\n  wadeck audit list\n  wadeck audit list g3 --json")]
    List {
        /// Only entries about this id, such as g3
        #[arg(default_value = "")]
        subject: String,
        #[command(flatten)]
        page: Page,
        /// Only entries older than this one
        #[arg(long, value_name = "ROW")]
        before: Option<AuditId>,
    },
    /// Verify the hash chain and compare its head with the copies kept outside the database
    #[command(after_help = "Examples:\n  wadeck audit verify\n  wadeck audit verify --against copy.db.audit")]
    Verify {
        /// Digest of a row, or the .audit file that `wadeck backup` writes beside a copy; can be repeated
        #[arg(long, value_name = "DIGEST|FILE")]
        against: Vec<String>,
    },
    /// Accept that a restored backup lacks the last rows; the audit records which ones (admins)
    #[command(after_help = "Examples:\n  wadeck audit accept-restored --confirm u17")]
    AcceptRestored {
        /// Newest missing row, as `wadeck audit verify` prints it
        #[arg(long, value_name = "ROW")]
        confirm: String,
    },
}

pub(in crate::cli) fn audit(verb: Audit) -> CliRequest {
    match verb {
        Audit::List { subject, page, before } => look(AgentQuery::Audit { subject, limit: page.limit, before }),
        Audit::AcceptRestored { confirm } => CliRequest::Perform(Request::AcceptRestored { typed: confirm }),
        Audit::Verify { against } => {
            look(AgentQuery::VerifyAudit { against: against.iter().flat_map(|one| known_heads(one)).collect() })
        }
    }
}

/// Returns the chain heads in a file, or the given digest itself.
fn known_heads(given: &str) -> Vec<KnownHead> {
    let found = read_heads(std::path::Path::new(given), given);
    if !found.is_empty() {
        return found;
    }
    let head = AuditHead { row: AuditId(0), digest: given.trim().to_owned(), at: Timestamp::EPOCH };
    vec![KnownHead { head, source: "what was given".to_owned() }]
}
