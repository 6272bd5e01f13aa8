//! Who finds out that a primary is gone and decides what follows: the control plane, the cluster
//! bus, Sentinels, and what handing over costs.

use crate::engine::law::Law;
use crate::engine::time::{NANOS_PER_SEC, Span};

/// Who notices that a primary is gone, and who decides on its successor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detector {
    /// The managed control plane, by the law of detection.
    Managed,
    /// The nodes of the cluster: node timeout, gossip, a majority of primaries, an election. Where
    /// there is no majority the managed control plane steps in.
    ClusterBus,
    /// Redis Sentinel, self-hosted.
    Sentinel,
}

/// What a planned hand-over of the role of primary costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handover {
    /// Writes wait for a moment, none is refused (MZ-07, MZ-08).
    Seamless,
    /// Writes are refused until DNS names the new primary (MZ-09).
    DnsGap,
}

/// What becomes of a replica outside ElastiCache that is to follow a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExternalReplicas {
    /// The engine takes none: Redis OSS from 2.8.22, Valkey from 7.2.6 on (MZ-64).
    Refused,
    /// It follows, and can hinder failovers while Multi-AZ is on (MZ-65).
    Hazard,
}

/// The first engine, and Redis OSS version, whose planned replacements refuse no write in a group
/// without cluster mode (MZ-08); older ones, those between 4.0.10 and this among them, have a gap
/// (MZ-09, MZ-11).
pub const SEAMLESS_SINCE: [u32; 3] = [5, 0, 6];

/// The control plane, as far as it is not a matter of time or choice.
#[derive(Clone, PartialEq, Debug)]
pub struct ControlPlane {
    /// How many times longer replacements take that begin in or up to two hours after the outage
    /// of any AZ, in thousandths.
    pub az_event_slowdown_permille: u32,
    /// What an AZ outage does to test failovers.
    pub test_failover_in_az_outage: InAzOutage,
    /// The order in which a failover is announced.
    pub event_order: EventOrder,
    /// How the nodes of a cluster find out, and decide.
    pub bus: Bus,
    /// How Sentinels do.
    pub sentinel: Sentinel,
}

/// The cluster bus: how the nodes of a cluster watch each other.
#[derive(Clone, PartialEq, Debug)]
pub struct Bus {
    /// `cluster-node-timeout`.
    pub node_timeout: Span,
    /// Loss of a primary to the others suspecting it: 1 to 1.5 node timeouts.
    pub suspicion: Law,
    /// Suspicion to the agreement of a majority of primaries.
    pub gossip: Law,
    /// Agreement to the vote for a replica of rank 0; each further rank waits a second longer.
    pub election: Law,
    /// Loss of a primary to the managed control plane promoting a replica, where the primaries
    /// cannot.
    pub takeover: Law,
    /// What primaries do that see no majority.
    pub minority: Minority,
}

impl Bus {
    /// The engine's formulas for a node timeout, with the laws that no formula gives.
    pub fn new(node_timeout: Span, gossip: Law, takeover: Law, minority: Minority) -> Bus {
        let timeout = node_timeout.as_nanos() as f64;
        let second = NANOS_PER_SEC as f64;
        let between = |low, high| Law::uniform(low, high).expect("lengths in range");
        Bus {
            node_timeout,
            suspicion: between(timeout, 1.5 * timeout),
            gossip,
            election: between(0.5 * second, second),
            takeover,
            minority,
        }
    }

    /// How long a failover waits that did not get its votes: four node timeouts, 4 s at least.
    pub fn retry(&self) -> Span {
        let nanos = self.node_timeout.as_nanos().saturating_mul(4);
        Span::from_nanos(nanos.max(4 * NANOS_PER_SEC))
    }

    /// How long primaries go on refusing after the majority is back: a node timeout, but half a
    /// second at least and 5 s at most.
    pub fn rejoin(&self) -> Span {
        let nanos = self.node_timeout.as_nanos();
        Span::from_nanos(nanos.clamp(NANOS_PER_SEC / 2, 5 * NANOS_PER_SEC))
    }

    /// How old the data of a replica may be that stands for election: ten node timeouts and
    /// `repl-ping-replica-period`, 10 s.
    pub fn oldest_data(&self) -> Span {
        let nanos = self.node_timeout.as_nanos().saturating_mul(10);
        Span::from_nanos(nanos.saturating_add(10 * NANOS_PER_SEC))
    }
}

/// What a primary does that sees no majority of the primaries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Minority {
    /// It refuses writes after the node timeout.
    Refuses,
    /// It goes on.
    Serves,
}

/// Redis Sentinel.
#[derive(Clone, PartialEq, Debug)]
pub struct Sentinel {
    /// `down-after-milliseconds`.
    pub down_after: Span,
    /// How many Sentinels there are; at most [`Sentinel::MOST`].
    pub sentinels: u8,
    /// How many must agree that the primary is down.
    pub quorum: u8,
    /// `failover-timeout`.
    pub failover_timeout: Span,
}

impl Sentinel {
    /// The most Sentinels.
    pub const MOST: u8 = 9;
}

/// Whether AWS blocks test failovers while an AZ is down (MZ-47).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InAzOutage {
    /// It does.
    Blocked,
    /// It does not.
    Allowed,
}

/// The order of the two announcements of a failover (MZ-45).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventOrder {
    /// The node's first, as documented.
    Documented,
    /// Either, with equal chances.
    Jittered,
}
