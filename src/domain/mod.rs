//! What things are and what is allowed, as types and pure functions. No IO, no async, no clock, no
//! dice, no colour: time and chance are arguments. Everything else may import this; it imports
//! nothing of the program.

pub mod address;
pub mod assignment;
pub mod bulk;
pub mod change;
pub mod connection;
pub mod content;
pub mod delivery;
pub mod event;
pub mod failure;
pub mod filter;
pub mod flow;
pub mod gauge;
pub mod health;
pub mod ids;
pub mod key;
pub mod limits;
pub mod lint;
pub mod media;
pub mod note;
pub mod number;
pub mod offer;
pub mod opt_out;
pub mod outbox;
pub mod phone;
pub mod picture;
pub mod query;
pub mod registration;
pub mod request;
pub mod retry;
pub mod role;
pub mod routing;
pub mod run;
pub mod script;
pub mod setup;
pub mod starter;
pub mod status;
pub mod template;
pub mod template_desk;
pub mod template_form;
pub mod text;
pub mod time;
pub mod view;
pub mod why;
pub mod window;
