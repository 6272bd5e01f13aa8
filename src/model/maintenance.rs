//! Planned work: service updates, hand-overs, recreations.

use crate::model::Step;
use crate::model::fact::Observer;
use crate::model::plan::{GroupId, NodeId, ShardId};

impl<O: Observer> Step<'_, O> {
    pub(super) fn start_update_lives(&mut self, _group: GroupId) {}
    pub(super) fn update_announced(&mut self, _line: u16, _group: GroupId) {}
    pub(super) fn recreation_due(&mut self, _shard: ShardId) {}
    pub(super) fn recovery_due(&mut self, _node: NodeId) {}
}
