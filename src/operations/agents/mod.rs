//! Agent operations: assignments are proposed, approved and stopped; agents are run, and use tools.

pub(crate) mod ask_agent;
pub(crate) mod decide_answer;
pub(crate) mod decide_assignment;
pub(crate) mod dry_run;
pub(crate) mod end_assignment;
pub(crate) mod end_runs;
pub(crate) mod expire_assignment;
pub(crate) mod foreign_data;
pub(crate) mod propose_assignment;
pub(crate) mod rehearse;
pub(crate) mod rehearse_written;
pub(crate) mod replies;
pub(crate) mod requests;
pub(crate) mod run_agent;
pub(crate) mod stop_agents;
pub(crate) mod tools;
pub(crate) mod typing_sign;
pub(crate) mod use_tool;
