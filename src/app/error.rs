//! Why the program does not start, or ends: one sentence, and what to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::agent::AgentError;
use crate::config::ConfigError;
use crate::domain::code::Code;
use crate::operations::OperationError;
use crate::store::StoreError;

#[derive(Debug, Error)]
pub enum AppError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Operation(#[from] OperationError),
    #[error("{}. {} {}", .0.title, .0.explanation, .0.remedy)]
    Provider(Box<crate::domain::failure::Failure>),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error("The data directory {path} cannot be used: {source}. Name another with --data-dir.", path = path.display())]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("Another wadeck (process {pid}) works on {path}. Ask it with `wadeck status`, stop it, or name another --data-dir.", path = path.display())]
    Locked { path: PathBuf, pid: String },
    #[error("{address} cannot be listened on: {why}. Set [http] listen to a free address, or stop what uses this one.")]
    Port { address: SocketAddr, why: String },
    #[error("The socket {path} cannot be made: {source}. Its path may be too long (108 bytes): name a shorter --data-dir.", path = path.display())]
    Socket { path: PathBuf, source: std::io::Error },
    #[error("{what} {remedy}")]
    Other { what: String, remedy: String },
}

impl AppError {
    /// What kind it is, for programs.
    pub fn code(&self) -> Code {
        match self {
            Self::Config(_) => Code::Config,
            Self::Store(_) => Code::Database,
            Self::Operation(_) | Self::Other { .. } => Code::Failed,
            Self::Provider(_) => Code::ProviderSetup,
            Self::Agent(_) => Code::Agent,
            Self::Directory { .. } => Code::Directory,
            Self::Locked { .. } => Code::EngineRuns,
            Self::Port { .. } => Code::Port,
            Self::Socket { .. } => Code::Socket,
        }
    }
}
