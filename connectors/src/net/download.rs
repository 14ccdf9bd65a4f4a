//! A document on its way, portion by portion.

use std::io::Read as _;
use std::path::PathBuf;

use fs_err as fs;
use reqwest::{Response, Url};

use super::Conversation;
use super::inflate::Inflate;
use super::live::{self, Opened};
use super::message::{Answer, Headers};
use super::tell::{Fault, classify};
use super::wait::unless_cancelled;
use crate::fetch::FetchError;

const CHUNK: u64 = 64 << 10;

/// A document whose head has come.
pub(crate) struct Download<'a> {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers of the answer.
    pub(crate) headers: Headers,
    conversation: &'a Conversation<'a>,
    name: String,
    body: Body,
}

enum Body {
    Live(Box<Response>, Url, Inflate),
    Played(Option<fs::File>),
    Ended,
}

impl<'a> Download<'a> {
    pub(super) fn live(conversation: &'a Conversation<'a>, opened: Opened, name: &str) -> Result<Self, Fault> {
        let inflate = live::inflate(&opened.response, name, &conversation.tell)?;
        let (status, headers) = (opened.response.status().as_u16(), opened.headers());
        let body = Body::Live(Box::new(opened.response), opened.url, inflate);
        Ok(Self { status, headers, conversation, name: name.to_owned(), body })
    }

    pub(super) fn played(
        conversation: &'a Conversation<'a>,
        answer: Answer,
        file: Option<PathBuf>,
        name: &str,
    ) -> Result<Self, FetchError> {
        let body = Body::Played(file.map(fs::File::open).transpose()?);
        Ok(Self { status: answer.status, headers: answer.headers, conversation, name: name.to_owned(), body })
    }

    /// The next bytes, inflated; none at the end.
    ///
    /// # Errors
    /// The connection broke or nothing came in time (N001); nothing is tried again here.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        let Self { conversation, name, body, .. } = self;
        let told = |fault| conversation.tell.fault(name, fault);
        let mut bytes = Vec::new();
        let mut keep = |portion: &[u8]| -> Result<(), Fault> {
            bytes.extend_from_slice(portion);
            Ok(())
        };
        let ended = match body {
            Body::Ended => return Ok(None),
            Body::Played(file) => {
                conversation.check_cancelled()?;
                match file {
                    Some(file) => {
                        let mut portion = Vec::new();
                        file.take(CHUNK).read_to_end(&mut portion)?;
                        keep(&portion).map_err(told)?;
                        portion.is_empty()
                    }
                    None => true,
                }
            }
            Body::Live(response, url, inflate) => {
                let next = unless_cancelled(conversation.around.cancel, response.chunk()).await?;
                let next = next.map_err(|error| told(classify(&error, name, url)))?;
                match &next {
                    Some(portion) => inflate.push(portion, keep).map_err(told)?,
                    None => inflate.finish(keep).map_err(told)?,
                }
                next.is_none()
            }
        };
        if ended {
            *body = Body::Ended;
        }
        if ended && bytes.is_empty() { Ok(None) } else { Ok(Some(bytes)) }
    }
}
