//! The errors that prevent the program from starting, or end it.

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::agent::AgentError;
use crate::config::ConfigError;
use crate::domain::code::Code;
use crate::operations::OperationError;
use crate::store::StoreError;

/// An error for the person who started the program: what happened, and what to do.
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
    #[error("Cannot use the data directory {path}: {source}. Choose another one with --data-dir.", path = path.display())]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("Another wadeck (process {pid}) uses {path}. Query it with `wadeck status`, stop it, or choose another --data-dir.", path = path.display())]
    Locked { path: PathBuf, pid: String },
    #[error(
        "Cannot listen on {address}: {why}. Set [http] listen to a free address, or stop the program that uses this one."
    )]
    Port { address: SocketAddr, why: String },
    #[error("Cannot create the socket {path}: {source}. If the path is longer than 108 bytes, choose a shorter --data-dir.", path = path.display())]
    Socket { path: PathBuf, source: std::io::Error },
    #[error("{what} {remedy}")]
    Other { what: String, remedy: String },
}

impl AppError {
    /// The error code, for programs.
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
