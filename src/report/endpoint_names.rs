//! Names that ElastiCache gives: of groups, nodes, endpoints, regions and resources.
//!
//! Those of a group without encryption in transit, as the guide's samples have them. The part that
//! AWS invents per group is `About::dns_label`. A restore makes a new group (BK-02): whatever has
//! the group's id in its name has another name from then on. The copy of a group in a second region
//! is a group of that region; that it has the same id, invented part and letters of AZs is assumed.
//!
//! ElastiCache gives no names to a group that its users run: its nodes have the addresses of the
//! scenario or their own names, and clients ask for the primary, for replicas and for the slot map
//! by the group's id, as they ask Sentinels (assumed).

use crate::model::plan::{ClusterMode, Group, GroupId, Keeper, NodeId, Plan};
use crate::model::state::Region;

/// The id of the one cache node in a cache cluster, as the API counts them.
pub(super) const CACHE_NODE_ID: &str = "0001";

/// The port of nodes in ElastiCache, and of others that do not say theirs.
pub(super) const PORT: u16 = 6379;

/// The account in AWS's examples.
const ACCOUNT: &str = "123456789012";

/// The region where a group's AZs have none in their names.
const NO_REGION: &str = "us-east-1";

/// Names for what belongs to a group.
#[derive(Clone, Copy)]
pub struct EndpointNames<'p> {
    plan: &'p Plan,
    group: &'p Group,
    /// Which of the groups that were restored in its place, from 1; 0 is the group itself.
    number: u32,
    /// Another region than that of its AZs, if it stands there.
    elsewhere: Option<&'p str>,
}

impl<'p> EndpointNames<'p> {
    /// Those of a group of `plan`, before any restore.
    pub fn new(plan: &'p Plan, group: GroupId) -> Self {
        EndpointNames { plan, group: &plan.groups[group.idx()], number: 0, elsewhere: None }
    }

    /// Those of the n-th group, from 1, that was restored in its place; 0 is the group itself.
    pub fn restored(self, number: u32) -> Self {
        EndpointNames { number, ..self }
    }

    /// Those of the group where it stands now.
    pub fn in_region(self, region: Region) -> Self {
        let elsewhere = match region {
            Region::Home => None,
            Region::Second => self.plan.region.as_ref().map(|region| region.name.as_str()),
        };
        EndpointNames { elsewhere, ..self }
    }

    /// The group's id.
    pub fn id(&self) -> String {
        let id = &self.group.id;
        match self.number {
            0 => id.clone(),
            number => format!("{id}-restored-{number}"),
        }
    }

    /// A node's id, which begins with the group's unless the scenario names nodes otherwise.
    pub fn member(&self, node: NodeId) -> String {
        let name = &self.plan.nodes[node.idx()].name;
        if self.number == 0 {
            return name.clone();
        }
        let own = name.strip_prefix(&self.group.id).and_then(|rest| rest.strip_prefix('-'));
        format!("{}-{}", self.id(), own.unwrap_or(name))
    }

    /// The AZ of a node: in another region that with the same letter.
    pub fn az(&self, node: NodeId) -> String {
        let az = self.plan.nodes[node.idx()].az;
        let name = &self.plan.azs[az.idx()].name;
        let Some(region) = self.elsewhere else { return name.clone() };
        let letter = name.chars().next_back().filter(char::is_ascii_lowercase);
        let nth = || char::from(b'a' + u8::try_from(az.0 % 26).expect("below 26"));
        format!("{region}{}", letter.unwrap_or_else(nth))
    }

    /// The region of the group: that of its first node's AZ, whose name it is without the letter.
    pub fn region(&self) -> &'p str {
        if let Some(region) = self.elsewhere {
            return region;
        }
        let first = self.plan.shards[usize::from(self.group.shards.start)].nodes.start;
        let az = &self.plan.azs[self.plan.nodes[usize::from(first)].az.idx()].name;
        let region = az.trim_end_matches(|c: char| c.is_ascii_lowercase());
        if short_region(region).is_some() { region } else { NO_REGION }
    }

    /// Everything after the group's own part.
    fn domain(&self) -> String {
        let region = self.region();
        let short = short_region(region).unwrap_or_else(|| region.replace('-', ""));
        format!("{short}.cache.amazonaws.com")
    }

    /// The name under which ElastiCache has something of the group, or the group's own.
    fn known_as(&self, name: String) -> String {
        match self.group.keeper {
            Keeper::ElastiCache => name,
            Keeper::Users => self.id(),
        }
    }

    /// The primary endpoint: writes of a group without cluster mode.
    pub fn primary(&self) -> String {
        let (id, about) = (self.id(), &self.group.about);
        self.known_as(format!("{id}.{}.ng.0001.{}", about.dns_label, self.domain()))
    }

    /// The reader endpoint: the replicas of a group without cluster mode.
    pub fn reader(&self) -> String {
        let (id, about) = (self.id(), &self.group.about);
        self.known_as(format!("{id}-ro.{}.ng.0001.{}", about.dns_label, self.domain()))
    }

    /// The configuration endpoint: the way into a group with cluster mode.
    pub fn configuration(&self) -> String {
        let (id, about) = (self.id(), &self.group.about);
        self.known_as(format!("{id}.{}.clustercfg.{}", about.dns_label, self.domain()))
    }

    /// The endpoint of a node, which its replacements keep (MZ-35).
    pub fn node(&self, node: NodeId) -> String {
        let Group { about, cluster_mode, keeper, .. } = self.group;
        if *keeper == Keeper::Users {
            let (host, port) = listens(self.plan, node);
            return if host.contains(':') {
                format!("[{host}]:{port}")
            } else {
                format!("{host}:{port}")
            };
        }
        let (name, label) = (self.member(node), &about.dns_label);
        match cluster_mode {
            ClusterMode::Disabled => format!("{name}.{label}.0001.{}", self.domain()),
            ClusterMode::Enabled => format!("{name}.{}.{label}.{}", self.id(), self.domain()),
        }
    }

    /// The group's ARN.
    pub fn arn(&self) -> String {
        let (region, id) = (self.region(), self.id());
        format!("arn:aws:elasticache:{region}:{ACCOUNT}:replicationgroup:{id}")
    }
}

/// Where a node listens: in ElastiCache at an address that nobody chooses, for which its name
/// stands, as it does for a self-hosted one without an address.
pub(super) fn listens(plan: &Plan, node: NodeId) -> (&str, u16) {
    let node = &plan.nodes[node.idx()];
    match &node.listens {
        Some((address, port)) => (address, *port),
        None => (&node.name, PORT),
    }
}

/// The short form of a region in host names: "usw2" for "us-west-2"; `None` for what is none.
fn short_region(region: &str) -> Option<String> {
    let parts: Vec<&str> = region.split('-').collect();
    let [area, directions @ .., number] = parts.as_slice() else {
        return None;
    };
    let is_word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    if area.len() != 2 || directions.is_empty() || !directions.iter().all(is_word) || !is_number {
        return None;
    }
    let short = |direction: &&str| match *direction {
        "northeast" => "ne".to_owned(),
        "northwest" => "nw".to_owned(),
        "southeast" => "se".to_owned(),
        "southwest" => "sw".to_owned(),
        other => other.chars().take(1).collect(),
    };
    let directions: String = directions.iter().map(short).collect();
    Some(format!("{area}{directions}{number}"))
}

#[cfg(test)]
mod tests {
    use super::short_region;

    #[test]
    fn regions_have_the_short_forms_of_aws() {
        let pairs = [
            ("us-west-2", "usw2"),
            ("us-east-1", "use1"),
            ("eu-central-1", "euc1"),
            ("ap-southeast-1", "apse1"),
            ("us-gov-west-1", "usgw1"),
        ];
        for (region, short) in pairs {
            assert_eq!(short_region(region).as_deref(), Some(short));
        }
        for other in ["az-", "az-a", "a", "us-west", "west-2", "us-west-2-"] {
            assert_eq!(short_region(other), None, "{other}");
        }
    }
}
