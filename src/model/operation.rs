//! Operations: calls of the API, in simulated time.

use crate::model::Step;
use crate::model::fact::Observer;
use crate::model::plan::{GroupId, Operation};

impl<O: Observer> Step<'_, O> {
    pub(super) fn operation_due(&mut self, _operation: &Operation) {}
    pub(super) fn workflow_due(&mut self, _group: GroupId) {}
    pub(super) fn window_opens(&mut self, _group: GroupId) {}
}
