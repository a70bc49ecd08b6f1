//! The audit on the command line: list it, and verify that it is as it was written.

use clap::Subcommand;

use super::agents::look;
use super::verbs::Page;
use super::wanted::CliRequest;
use crate::domain::access::audit::{AuditHead, KnownHead};
use crate::domain::agents::requests::AgentQuery;
use crate::domain::ids::AuditId;
use crate::domain::request::Request;
use crate::domain::time::Timestamp;
use crate::store::read_heads;

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Who did what, newest first
    List {
        /// Only about this, such as g3
        #[arg(default_value = "")]
        subject: String,
        #[command(flatten)]
        page: Page,
        /// Only those before this one
        #[arg(long)]
        before: Option<AuditId>,
    },
    /// Follow the chain and compare its end with those kept outside the database; names what was changed or removed
    ///
    /// Examples: wadeck audit verify
    ///           wadeck audit verify --against copy.db.audit
    Verify {
        /// Digest of a row, or the file that `wadeck backup` wrote beside a copy; can be given several times
        #[arg(long, value_name = "DIGEST|FILE")]
        against: Vec<String>,
    },
    /// Accept that a restored copy of the database lacks the last rows: they are named in the audit for good (admins)
    ///
    /// Example: wadeck audit accept-restored --confirm u17
    AcceptRestored {
        /// The newest row that `wadeck audit verify` says is missing
        #[arg(long, value_name = "ROW")]
        confirm: String,
    },
}

pub(super) fn audit(verb: Audit) -> CliRequest {
    match verb {
        Audit::List { subject, page, before } => look(AgentQuery::Audit { subject, limit: page.limit, before }),
        Audit::AcceptRestored { confirm } => CliRequest::Act(Request::AcceptRestored { typed: confirm }),
        Audit::Verify { against } => {
            look(AgentQuery::VerifyAudit { against: against.iter().flat_map(|one| known_heads(one)).collect() })
        }
    }
}

/// Heads in a file that was given, or the digest itself.
fn known_heads(given: &str) -> Vec<KnownHead> {
    let found = read_heads(std::path::Path::new(given), given);
    if !found.is_empty() {
        return found;
    }
    let head = AuditHead { row: AuditId(0), digest: given.trim().to_owned(), at: Timestamp::EPOCH };
    vec![KnownHead { head, source: "what was given".to_owned() }]
}
