//! What stands in front was told this.

use super::form_files::FormFile;
use super::picture::Drawn;
use crate::domain::contacts::view::ContactRow;
use crate::domain::message::media::FileCheck;
use crate::domain::monitoring::gauge::GaugesView;
use crate::domain::outbox::job::JobView;
use crate::domain::time::Timestamp;
use crate::domain::view::{FoundMessage, MessageDetail, RadarRow, SavedView};
use crate::domain::why::Why;

#[derive(Debug, Default)]
pub(in crate::console) struct Loaded {
    pub message: Option<MessageDetail>,
    pub contacts: Vec<ContactRow>,
    /// What a search found.
    pub found: Vec<FoundMessage>,
    pub radar: Vec<RadarRow>,
    pub views: Vec<SavedView>,
    pub jobs: Vec<JobView>,
    pub gauges: Option<GaugesView>,
    pub why: Option<Why>,
    /// The file that a form names.
    pub file: Option<FileCheck>,
    pub form_file: FormFile,
    /// The picture in front.
    pub picture: Option<Drawn>,
    pub told: String,
    /// When something was revealed that is hidden again after a while.
    pub revealed_at: Option<Timestamp>,
}

impl Loaded {
    /// Lets go of what another scope showed.
    pub fn forget(&mut self) {
        self.gauges = None;
        self.contacts.clear();
        self.found.clear();
        self.radar.clear();
        self.views.clear();
        self.jobs.clear();
    }
}
