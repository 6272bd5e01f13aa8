//! The named choices of `[rules]`: each changes a number, and none is right for everybody.

/// The named choices that change a number; defaults and their reasons stand in the scenario
/// reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// When the control plane begins to repair.
    pub replacement_starts: ReplacementStarts,
    /// What the other replicas do after a promotion.
    pub resync: Resync,
    /// Whether a replacement needs its AZ to be up.
    pub replacement_az: ReplacementAz,
    /// Where a full sync may read from.
    pub resync_source: ResyncSource,
    /// Whether a node in full sync counts as a copy.
    pub syncing: SyncingCopy,
    /// What a further fault does to a failover under way.
    pub failure_during_failover: DuringFailover,
    /// Whether random node failures strike nodes in full sync.
    pub syncing_nodes: SyncingNodes,
    /// Who serves first after a dataset loss.
    pub cold_start_node: ColdStartNode,
    /// What a fault shorter than its detection does.
    pub sub_detection_fault: SubDetection,
    /// When a primary that could not be reached ceases to take writes.
    pub fencing: Fencing,
    /// What a client makes of a WAIT that too few replicas answer.
    pub wait_timeout: WaitTimeout,
}

/// When the repair of a failed node (replacement, cold start) may begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplacementStarts {
    /// At once, as if failures were known without delay.
    AtFailure,
    /// When the failure is detected.
    AfterDetection,
    /// When the failure is detected and no failover of the shard is under way (MZ-27).
    AfterFailover,
}

/// Which replica follows a lost primary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promotion {
    /// The greatest replication offset, which loses least (MZ-24, MZ-56); ties go to the smallest
    /// node id (MZ-26).
    LeastLag,
    /// Any complete replica with equal chances.
    Random,
    /// The smallest node id.
    LowestId,
}

/// What the other replicas do after a promotion (MZ-62, and D-1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resync {
    /// They flush and copy everything, unreachable meanwhile (the guide's text, MZ-62).
    Full,
    /// Redis PSYNC2: the missing tail if the backlog holds it, everything otherwise.
    Engine,
    /// They follow at once.
    None,
}

/// Whether a replacement needs its AZ to be up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplacementAz {
    /// It waits, and starts over if the AZ fails meanwhile (MZ-59).
    Waits,
    /// It goes on whatever the AZ does.
    Ignores,
}

/// Where a full sync may read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResyncSource {
    /// Only a serving primary; a sync stops with it and starts over with the next.
    Primary,
    /// Any complete copy.
    AnyCopy,
}

/// Whether a node in full sync counts as a complete copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncingCopy {
    /// It does not.
    Incomplete,
    /// It does, and is promoted where no synced replica is left.
    CountsAsComplete,
}

/// What a further fault in the shard does to a failover under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DuringFailover {
    /// Nothing: neither restarts nor extends it.
    Continue,
    /// Detection begins anew.
    Restart,
}

/// Whether random node failures strike nodes in full sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncingNodes {
    /// A node's life begins when it joins.
    CanFail,
    /// A node's life begins when its sync ends.
    CannotFail,
}

/// Who serves first after a dataset loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColdStartNode {
    /// The first live node (MZ-33, `cold-start-node = first-ready`).
    FirstReady,
    /// The lost primary's slot.
    PrimarySlot,
}

/// What a fault of the primary does that ends before it is detected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SubDetection {
    /// The process serves again, empty; nobody fails over (D-2).
    Blip,
    /// The failover happens all the same.
    Failover,
}

/// When an isolated primary ceases to take the writes beside it, if a replica is promoted (MZ-67).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fencing {
    /// From the promotion on: it is taken offline first.
    AtPromotion,
    /// When it can be reached again.
    OnReturn,
}

/// What a client makes of a WAIT that runs into its time-out, since too few replicas follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitTimeout {
    /// It takes the write as done.
    Proceed,
    /// It takes the write as failed.
    Fail,
}

impl Rules {
    /// Whether repair begins as if failures were known without delay.
    pub fn repairs_at_once(&self) -> bool {
        self.replacement_starts == ReplacementStarts::AtFailure
    }
}
