//! [`Map`]: where the nodes of a plan stand, as a graph, and what a lost AZ or node takes along.
//!
//! One directed graph holds three kinds of links: a place holds what stands in it (network,
//! region, AZ, node), a group or a shard has its members, and a primary feeds its replicas. Every
//! answer is a walk in it. The map knows no time: everybody is up and holds a complete copy when
//! the loss strikes, and what is lost is lost at once. What happens next is the model's concern.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, EdgeFiltered, EdgeRef as _, NodeFiltered, Reversed};

use crate::model::persistence::Durability;
use crate::model::plan::{AzId, GroupId, Membership, NodeId, Plan, ShardId};

/// Something that can be lost as a whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// An AZ, with every node in it.
    Az(AzId),
    /// A node.
    Node(NodeId),
}

/// What a loss means for a shard, from bad to worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Effect {
    /// None of its nodes is lost.
    Unharmed,
    /// It loses replicas and keeps its primary: writes go on.
    LosesReplicas,
    /// It loses its primary, and a replica elsewhere is promoted: an outage of one failover.
    FailsOver,
    /// Fewer replicas are left than its writes ask for: they wait for the repair of one.
    LacksReplicas,
    /// It loses its primary, a copy is left, and automatic failover is off: writes wait for the
    /// replacement.
    Waits,
    /// It loses all its nodes, and a log has its data: writes wait until a new node has read it.
    ReadsLog,
    /// It loses its last copy.
    LosesDataset,
}

/// Shards that a loss hits in the same way, and their weight.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hit {
    /// The shards in ascending order.
    pub shards: Vec<ShardId>,
    /// Hash slots that they own together, if clients use them at the start: nobody uses those of a
    /// migration's target.
    pub hash_slots: u64,
    /// Writes per second offered to them together.
    pub writes_per_sec: u128,
}

/// A failure domain: what the loss of one place means for everybody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    /// What is lost.
    pub place: Place,
    /// The nodes that it takes along, in ascending order.
    pub nodes: Vec<NodeId>,
    /// Shards that only lose replicas.
    pub loses_replicas: Hit,
    /// Shards that fail over.
    pub fails_over: Hit,
    /// Shards that have too few replicas for their writes.
    pub lacks_replicas: Hit,
    /// Shards whose writes wait for a new primary.
    pub waits: Hit,
    /// Shards whose writes wait until a new node has read the log.
    pub reads_log: Hit,
    /// Shards whose last copy is lost.
    pub loses_dataset: Hit,
}

/// A region and its AZs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// "us-west-2"; `None` for AZs that are not named as AWS names them.
    pub name: Option<String>,
    /// Its AZs by name.
    pub azs: Vec<AzId>,
}

/// How many nodes of a group an AZ holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AzUse {
    /// The AZ.
    pub az: AzId,
    /// Primaries in it.
    pub primaries: usize,
    /// Replicas in it.
    pub replicas: usize,
}

/// How a group is spread over AZs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spread {
    /// The AZs that it uses, in the order of [`Map::regions`].
    pub azs: Vec<AzUse>,
    /// Shards whose nodes all stand in one AZ.
    pub in_one_az: Vec<ShardId>,
    /// Shards with a replica in the AZ of their primary.
    pub beside_primary: Vec<ShardId>,
    /// How many AZs must be lost at once until some shard has lost all its nodes.
    pub fewest_azs: usize,
    /// How many nodes must be lost at once until some shard has lost all of them.
    pub fewest_nodes: usize,
}

impl Spread {
    /// By how many primaries the fullest AZ of the group exceeds the emptiest.
    pub fn primary_skew(&self) -> usize {
        let primaries = self.azs.iter().map(|used| used.primaries);
        primaries.clone().max().unwrap_or(0) - primaries.min().unwrap_or(0)
    }
}

/// What a vertex of the graph stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Vertex {
    /// What connects the regions; the control plane and the clients stand here.
    Network,
    /// A region.
    Region,
    /// An AZ.
    Az(AzId),
    /// A replication group.
    Group,
    /// A shard.
    Shard(ShardId),
    /// A node.
    Node(NodeId),
}

/// What an edge of the graph says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Link {
    /// A place holds a place.
    Holds,
    /// A group has a shard, or a shard a node.
    Has,
    /// A primary sends its writes to a replica.
    Feeds,
}

/// The topology of a plan as a graph.
pub struct Map<'p> {
    /// What is mapped.
    pub plan: &'p Plan,
    /// Regions by name, the unnamed one last.
    pub regions: Vec<Region>,
    graph: DiGraph<Vertex, Link>,
    network: NodeIndex,
    azs: Vec<NodeIndex>,
    groups: Vec<NodeIndex>,
    shards: Vec<NodeIndex>,
    nodes: Vec<NodeIndex>,
}

impl<'p> Map<'p> {
    /// Maps `plan`.
    pub fn of(plan: &'p Plan) -> Self {
        let mut graph = DiGraph::new();
        let network = graph.add_node(Vertex::Network);
        let azs: Vec<NodeIndex> = plan.az_ids().map(|az| graph.add_node(Vertex::Az(az))).collect();
        let regions = regions(plan);
        for region in &regions {
            let vertex = graph.add_node(Vertex::Region);
            graph.add_edge(network, vertex, Link::Holds);
            for az in &region.azs {
                graph.add_edge(vertex, azs[az.idx()], Link::Holds);
            }
        }
        let mut nodes = Vec::with_capacity(plan.nodes.len());
        for (id, node) in plan.node_ids().zip(&plan.nodes) {
            let vertex = graph.add_node(Vertex::Node(id));
            // What is added later stands nowhere yet, and belongs to nobody.
            if node.membership == Membership::Member {
                graph.add_edge(azs[node.az.idx()], vertex, Link::Holds);
            }
            nodes.push(vertex);
        }
        let groups: Vec<NodeIndex> =
            plan.groups.iter().map(|_| graph.add_node(Vertex::Group)).collect();
        let mut shards = Vec::with_capacity(plan.shards.len());
        for (id, shard) in plan.shard_ids().zip(&plan.shards) {
            let vertex = graph.add_node(Vertex::Shard(id));
            graph.add_edge(groups[shard.group.idx()], vertex, Link::Has);
            let first = nodes[shard.node_range().start];
            let is_member = |id: &NodeId| plan.nodes[id.idx()].membership == Membership::Member;
            for member in shard.node_ids().filter(is_member).map(|id| nodes[id.idx()]) {
                graph.add_edge(vertex, member, Link::Has);
                if member != first {
                    graph.add_edge(first, member, Link::Feeds);
                }
            }
            shards.push(vertex);
        }
        Map { plan, regions, graph, network, azs, groups, shards, nodes }
    }

    /// All AZs, those of one region together, each region's by name.
    pub fn azs(&self) -> impl Iterator<Item = AzId> + '_ {
        self.regions.iter().flat_map(|region| region.azs.iter().copied())
    }

    /// The shards of `group` in ascending order.
    pub fn shards_of(&self, group: GroupId) -> Vec<ShardId> {
        self.linked(self.groups[group.idx()], Link::Has, Direction::Outgoing)
            .filter_map(|vertex| match vertex {
                Vertex::Shard(shard) => Some(shard),
                Vertex::Network
                | Vertex::Region
                | Vertex::Az(_)
                | Vertex::Group
                | Vertex::Node(_) => None,
            })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The nodes of `shard` in ascending order.
    pub fn members(&self, shard: ShardId) -> Vec<NodeId> {
        self.nodes_linked(self.shards[shard.idx()], Link::Has)
    }

    /// The replicas of `shard` in ascending order, each of which copies from its primary.
    pub fn replicas(&self, shard: ShardId) -> Vec<NodeId> {
        self.nodes_linked(self.nodes[self.primary(shard).idx()], Link::Feeds)
    }

    /// The first primary of `shard`: the one of its nodes that copies from nobody.
    pub fn primary(&self, shard: ShardId) -> NodeId {
        let feeds = |node: &NodeId| {
            let vertex = self.nodes[node.idx()];
            self.linked(vertex, Link::Feeds, Direction::Incoming).next().is_none()
        };
        self.members(shard).into_iter().find(feeds).expect("a shard has a primary")
    }

    /// Whether `from` and `to` reach each other while `lost` is lost: today every place reaches
    /// every other through the places that hold them.
    pub fn reaches(&self, from: NodeId, to: NodeId, lost: &[Place]) -> bool {
        let above = self.standing_above(from, lost);
        self.standing_above(to, lost).iter().any(|vertex| above.contains(vertex))
    }

    /// The nodes of `shard` that the control plane still reaches while `lost` is lost.
    pub fn survivors(&self, shard: ShardId, lost: &[Place]) -> Vec<NodeId> {
        let reached = |node: &NodeId| self.standing_above(*node, lost).contains(&self.network);
        self.members(shard).into_iter().filter(reached).collect()
    }

    /// The replicas of `shard` that can still copy from its first primary while `lost` is lost.
    pub fn followers(&self, shard: ShardId, lost: &[Place]) -> Vec<NodeId> {
        let primary = self.primary(shard);
        let follows = |node: &NodeId| self.reaches(primary, *node, lost);
        self.replicas(shard).into_iter().filter(follows).collect()
    }

    /// What losing all of `lost` at once means for `shard`.
    pub fn effect(&self, shard: ShardId, lost: &[Place]) -> Effect {
        let survivors = self.survivors(shard, lost);
        let group = self.plan.group_of(shard);
        let loses_primary = !survivors.contains(&self.primary(shard));
        // Whoever is primary then, all others that are left are its replicas.
        let needed = 1 + usize::from(self.plan.replication.min_replicas);
        let is_hit = survivors.len() < self.members(shard).len();
        if survivors.is_empty() {
            match group.durability {
                Durability::Disabled => Effect::LosesDataset,
                Durability::Async | Durability::Sync => Effect::ReadsLog,
            }
        } else if loses_primary && group.promotes_at_start().is_none() {
            Effect::Waits
        } else if is_hit && survivors.len() < needed {
            Effect::LacksReplicas
        } else if loses_primary {
            Effect::FailsOver
        } else if self.followers(shard, lost).len() < self.replicas(shard).len() {
            Effect::LosesReplicas
        } else {
            Effect::Unharmed
        }
    }

    /// What the loss of each AZ and of each node means: first the AZs in the order of
    /// [`Map::azs`], then the nodes.
    pub fn failure_domains(&self) -> Vec<Domain> {
        let azs = self.azs().map(Place::Az);
        let is_member = |id: &NodeId| self.plan.nodes[id.idx()].membership == Membership::Member;
        let nodes = self.plan.node_ids().filter(is_member).map(Place::Node);
        azs.chain(nodes).map(|place| self.domain(place)).collect()
    }

    /// What the loss of `place` means.
    pub fn domain(&self, place: Place) -> Domain {
        let nodes = self.nodes_in(place);
        let (lost, mut by_effect) = ([place], BTreeMap::<Effect, Hit>::new());
        let touched: BTreeSet<ShardId> = nodes.iter().map(|node| self.shard_of(*node)).collect();
        for id in touched {
            let hit = by_effect.entry(self.effect(id, &lost)).or_default();
            let shard = &self.plan.shards[id.idx()];
            hit.shards.push(id);
            if self.plan.cohorts_at_start(id) > 0 {
                hit.hash_slots += u64::from(shard.hash_slots);
            }
            hit.writes_per_sec += u128::from(shard.writes_per_sec);
        }
        let mut hit = |effect| by_effect.remove(&effect).unwrap_or_default();
        Domain {
            place,
            nodes,
            loses_replicas: hit(Effect::LosesReplicas),
            fails_over: hit(Effect::FailsOver),
            lacks_replicas: hit(Effect::LacksReplicas),
            waits: hit(Effect::Waits),
            reads_log: hit(Effect::ReadsLog),
            loses_dataset: hit(Effect::LosesDataset),
        }
    }

    /// How `group` is spread over AZs.
    pub fn spread(&self, group: GroupId) -> Spread {
        let mut uses: BTreeMap<AzId, AzUse> = BTreeMap::new();
        let (mut in_one_az, mut beside_primary) = (Vec::new(), Vec::new());
        let (mut fewest_azs, mut fewest_nodes) = (usize::MAX, usize::MAX);
        for shard in self.shards_of(group) {
            let primary_az = self.az_of(self.primary(shard));
            let replica_azs: Vec<AzId> =
                self.replicas(shard).into_iter().map(|node| self.az_of(node)).collect();
            let unused = |az| AzUse { az, primaries: 0, replicas: 0 };
            uses.entry(primary_az).or_insert_with(|| unused(primary_az)).primaries += 1;
            for &az in &replica_azs {
                uses.entry(az).or_insert_with(|| unused(az)).replicas += 1;
            }
            let azs: BTreeSet<AzId> = replica_azs.iter().copied().chain([primary_az]).collect();
            if azs.len() == 1 {
                in_one_az.push(shard);
            }
            if replica_azs.contains(&primary_az) {
                beside_primary.push(shard);
            }
            fewest_azs = fewest_azs.min(azs.len());
            fewest_nodes = fewest_nodes.min(replica_azs.len() + 1);
        }
        let azs = self.azs().filter_map(|az| uses.get(&az).copied()).collect();
        Spread { azs, in_one_az, beside_primary, fewest_azs, fewest_nodes }
    }

    /// The AZ that holds `node`.
    pub fn az_of(&self, node: NodeId) -> AzId {
        let holder = self.linked(self.nodes[node.idx()], Link::Holds, Direction::Incoming).next();
        match holder {
            Some(Vertex::Az(az)) => az,
            other => unreachable!("an AZ holds a node, not {other:?}"),
        }
    }

    /// The shard that has `node`.
    fn shard_of(&self, node: NodeId) -> ShardId {
        let owner = self.linked(self.nodes[node.idx()], Link::Has, Direction::Incoming).next();
        match owner {
            Some(Vertex::Shard(shard)) => shard,
            other => unreachable!("a shard has a node, not {other:?}"),
        }
    }

    /// What `link` joins to `vertex`; in no particular order.
    fn linked(
        &self,
        vertex: NodeIndex,
        link: Link,
        direction: Direction,
    ) -> impl Iterator<Item = Vertex> + '_ {
        self.graph.edges_directed(vertex, direction).filter(move |edge| *edge.weight() == link).map(
            move |edge| match direction {
                Direction::Outgoing => self.graph[edge.target()],
                Direction::Incoming => self.graph[edge.source()],
            },
        )
    }

    /// The nodes to which a `link` leads from `vertex`, in ascending order.
    fn nodes_linked(&self, vertex: NodeIndex, link: Link) -> Vec<NodeId> {
        nodes_among(self.linked(vertex, link, Direction::Outgoing))
    }

    /// The nodes that `place` takes along.
    fn nodes_in(&self, place: Place) -> Vec<NodeId> {
        let places = EdgeFiltered::from_fn(&self.graph, |edge| *edge.weight() == Link::Holds);
        let mut walk = Dfs::new(&places, self.vertex(place));
        nodes_among(std::iter::from_fn(|| walk.next(&places)).map(|vertex| self.graph[vertex]))
    }

    /// Where a walk from `node` towards the network gets while `lost` is lost: nowhere if the node
    /// itself is, and not beyond its AZ if that is.
    fn standing_above(&self, node: NodeId, lost: &[Place]) -> Vec<NodeIndex> {
        let lost: Vec<NodeIndex> = lost.iter().map(|place| self.vertex(*place)).collect();
        let start = self.nodes[node.idx()];
        let places = EdgeFiltered::from_fn(&self.graph, |edge| *edge.weight() == Link::Holds);
        let standing = NodeFiltered::from_fn(&places, |vertex| !lost.contains(&vertex));
        let upwards = Reversed(&standing);
        let mut walk = Dfs::new(upwards, start);
        let walked = std::iter::from_fn(|| walk.next(upwards));
        walked.filter(|vertex| !lost.contains(vertex)).collect()
    }

    fn vertex(&self, place: Place) -> NodeIndex {
        match place {
            Place::Az(az) => self.azs[az.idx()],
            Place::Node(node) => self.nodes[node.idx()],
        }
    }
}

/// The nodes among `vertices`, in ascending order.
fn nodes_among(vertices: impl Iterator<Item = Vertex>) -> Vec<NodeId> {
    let node = |vertex| match vertex {
        Vertex::Node(node) => Some(node),
        Vertex::Network | Vertex::Region | Vertex::Az(_) | Vertex::Group | Vertex::Shard(_) => None,
    };
    vertices.filter_map(node).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The regions of `plan`, by what its AZs are called.
fn regions(plan: &Plan) -> Vec<Region> {
    let mut azs: Vec<AzId> = plan.az_ids().collect();
    azs.sort_by_key(|az| &plan.azs[az.idx()].name);
    let mut regions: Vec<Region> = Vec::new();
    for az in azs {
        let name = region_name(&plan.azs[az.idx()].name);
        match regions.iter_mut().find(|region| region.name.as_deref() == name) {
            Some(region) => region.azs.push(az),
            None => regions.push(Region { name: name.map(str::to_owned), azs: vec![az] }),
        }
    }
    regions.sort_by(|a, b| (a.name.is_none(), &a.name).cmp(&(b.name.is_none(), &b.name)));
    regions
}

/// "us-west-2" of "us-west-2a", and of the Local Zone "us-west-2-lax-1a"; `None` for an AZ that is
/// not named as AWS names them.
pub(super) fn region_name(az: &str) -> Option<&str> {
    let place = az.strip_suffix(|c: char| c.is_ascii_lowercase())?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let parts: Vec<&str> = place.split('-').collect();
    let n_words = parts.iter().take_while(|part| is_word(part)).count();
    let named_by_aws = n_words >= 2 && is_number(parts.last()?) && is_number(parts.get(n_words)?);
    let length: usize = parts.iter().take(n_words + 1).map(|part| part.len() + 1).sum();
    named_by_aws.then(|| &place[..length - 1])
}

#[cfg(test)]
mod tests {
    use super::region_name;

    #[test]
    fn regions_are_read_off_the_names_of_azs() {
        let check =
            |az: &str, expected: Option<&str>| assert_eq!(region_name(az), expected, "{az}");
        check("us-west-2a", Some("us-west-2"));
        check("us-gov-east-1b", Some("us-gov-east-1"));
        check("ap-southeast-2c", Some("ap-southeast-2"));
        check("us-west-2-lax-1a", Some("us-west-2"));
        check("us-west-2", None);
        check("us-west-2A", None);
        check("us-west-a", None);
        check("west-2a", None);
        check("rack-7", None);
        check("a", None);
        check("-", None);
        check("us--2a", None);
    }
}
