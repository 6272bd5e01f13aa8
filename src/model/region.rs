//! A second region: a copy of a group that a person makes the group, once everything is lost here.
//!
//! The copy follows the group and is frozen, like those of replicas, when a primary is lost. When
//! all shards of the group have lost their data somebody decides, the copy is promoted, and the
//! application is pointed at it; that is a restore whose snapshot is as old as the copy's lag
//! (`restore.rs`). From then on the group stands in AZs of which the plan knows nothing: failures
//! of the AZs here do not touch it. There is no third region: the next loss finds no copy.

use crate::engine::time::Span;
use crate::model::Step;
use crate::model::archive::{Part, StartData};
use crate::model::draws::Purpose;
use crate::model::fact::{BackupFact, Fact, Loss, Observer, RestoreStep};
use crate::model::persistence::RegionPlan;
use crate::model::plan::{GroupId, Keeper, NodeId, ShardId};
use crate::model::replication::age_of_oldest;
use crate::model::state::{Az, NanoWrites, Region};

impl<O: Observer> Step<'_, O> {
    /// The second region, while it has a copy of the group.
    pub(super) fn second_region(&self, group: GroupId) -> Option<&RegionPlan> {
        match (self.plan.groups[group.idx()].keeper, self.state.group(group).region) {
            (Keeper::ElastiCache, Region::Home) => self.plan.region.as_ref(),
            (Keeper::Users, _) | (_, Region::Second) => None,
        }
    }

    /// The shard's primary is lost, for the n-th time: the other region's copy ends where its lag
    /// was. The books are settled.
    pub(super) fn freeze_second_region(&mut self, shard: ShardId, n: u32) {
        let group = self.plan.shards[shard.idx()].group;
        let Some(region) = self.second_region(group) else { return };
        let lag = self.shard_time(&region.lag, shard, Purpose::RegionLag, n);
        let behind = self.behind(shard, lag);
        let books = self.state.books_mut(shard);
        books.elsewhere = books.offset - behind;
    }

    /// The shard's dataset is lost here: keeps what the other region has of it. Gives the writes
    /// and the bytes that are not lost for good yet.
    pub(super) fn keep_second_region(&mut self, shard: ShardId) -> (NanoWrites, u64) {
        let bytes = self.held_bytes(shard);
        let books = *self.state.books(shard);
        let archive = self.state.archive.shard_mut(shard);
        if archive.kept.is_some() {
            return (0, 0);
        }
        archive.kept = Some(Part {
            epoch: archive.epoch,
            offset: books.elsewhere.min(books.offset),
            bytes,
            start: if books.original { StartData::Included } else { StartData::Missing },
        });
        (books.offset, bytes)
    }

    /// The end of a step of the switch comes when its time has passed.
    pub(super) fn switch_time(
        &self,
        region: &RegionPlan,
        group: GroupId,
        step: RestoreStep,
    ) -> Span {
        let n = self.state.clocks.groups[group.idx()].restores;
        let (law, purpose) = match step {
            RestoreStep::Deciding => (&region.decision, Purpose::RegionDecision),
            RestoreStep::Promoting => (&region.promotion, Purpose::RegionPromotion),
            RestoreStep::Switching => (&region.endpoint, Purpose::RegionEndpoint),
            RestoreStep::Provisioning | RestoreStep::Loading | RestoreStep::RePointing => {
                unreachable!("the group of the other region is there, with its data")
            }
        };
        self.group_time(law, group, purpose, n)
    }

    /// The application writes to the other region's group from now on; what that lacks is lost.
    pub(super) fn tell_shard_switched(&mut self, shard: ShardId, node: NodeId, lacked: NanoWrites) {
        let rate = self.state.books(shard).offer.rate;
        let loss = Loss { writes: lacked, beside: 0, window: age_of_oldest(lacked, rate) };
        self.note(Fact::Backup(BackupFact::ShardSwitched { shard, node, loss }));
    }

    /// Whether the group stands in the AZs of the plan.
    pub(super) fn is_home(&self, group: GroupId) -> bool {
        match self.state.group(group).region {
            Region::Home => true,
            Region::Second => false,
        }
    }

    /// Whether the AZ in which the node stands is down, as far as anything is known of it.
    pub(super) fn is_az_down(&self, node: NodeId) -> bool {
        let place = &self.plan.nodes[node.idx()];
        let group = self.plan.shards[place.shard.idx()].group;
        self.is_home(group) && self.state.config.azs[place.az.idx()] == Az::Down
    }
}
