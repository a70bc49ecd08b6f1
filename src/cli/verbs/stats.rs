//! Parts of the statistics.

use clap::Subcommand;

use crate::cli::argument_error::ArgumentError;
use crate::domain::costs::sums::{CostsBy, CostsQuery, moment};
use crate::domain::time::Timestamp;

/// Parts of the statistics with a verb of their own.
#[derive(Debug, Subcommand)]
pub enum Stats {
    /// Show what messages cost, and where the provider charged otherwise than the rate card
    #[command(
        after_help = "Examples:\n  wadeck stats costs --by template\n  wadeck stats costs --by day --from 2026-10-01 --to 2026-11-01 --json"
    )]
    Costs {
        /// Group by number, template, category or day (UTC)
        #[arg(long, default_value = "number", value_parser = by)]
        by: CostsBy,
        /// Number of past hours; 720 (30 days) without --from
        #[arg(long, conflicts_with = "from")]
        hours: Option<u32>,
        /// First moment: a date such as 2026-10-01, or RFC 3339
        #[arg(long, value_name = "TIME", value_parser = moment)]
        from: Option<Timestamp>,
        /// First moment after the period; without it, now
        #[arg(long, value_name = "TIME", value_parser = moment)]
        to: Option<Timestamp>,
    },
}

fn by(name: &str) -> Result<CostsBy, ArgumentError> {
    CostsBy::from_name(name).ok_or(ArgumentError::CostsGroup)
}

impl Stats {
    pub fn query(self) -> CostsQuery {
        let Self::Costs { by, hours, from, to } = self;
        CostsQuery { by, hours, from, to }
    }
}
