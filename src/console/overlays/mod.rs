//! Overlays in front of the panes: the palette, questions, forms, pickers, texts, and pictures. Each implements
//! `Overlay`; the console keeps a stack of them.

pub(in crate::console) mod begun;
mod boxed;
pub(in crate::console) mod editor;
pub(in crate::console) mod filter;
pub(in crate::console) mod form;
mod form_file;
pub(in crate::console) mod form_kind;
pub(in crate::console) mod front;
pub(in crate::console) mod line;
pub(in crate::console) mod palette;
pub(in crate::console) mod picker;
pub(in crate::console) mod pickers;
pub(in crate::console) mod picture;
pub(in crate::console) mod question;
pub(in crate::console) mod reading;
pub(in crate::console) mod readings;
