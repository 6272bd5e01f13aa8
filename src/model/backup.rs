//! Backups.

use crate::model::Step;
use crate::model::api::Refusal;
use crate::model::fact::Observer;
use crate::model::plan::{Changes, GroupId};

impl<O: Observer> Step<'_, O> {
    pub(super) fn create_snapshot(&mut self, _group: GroupId) -> Result<(), Refusal> {
        Ok(())
    }

    pub(super) fn change_backups(&mut self, _group: GroupId, _changes: &Changes) {}
}
