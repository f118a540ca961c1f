#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("overview.md")]

pub mod api;
pub mod authenticate;
pub mod credential;
mod crypto;
pub mod decode;
pub mod encode;
pub mod id;
pub mod json;
pub mod keys;
pub mod metadata;
pub mod model;
pub mod nullable;
mod opaque;
mod open_enum;
pub mod operation;
pub mod page;
pub mod reason;
pub mod timestamp;
pub mod token;
pub mod webhook;

pub use self::{
    json::AnyJson,
    metadata::Metadata,
    nullable::Nullable,
    operation::{Operation, OperationInfo},
    page::Page,
    reason::Reason,
    timestamp::Timestamp,
};

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
