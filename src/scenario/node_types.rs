//! What ecsim knows of node types: how much data fits, and which names there can be.

/// `maxmemory` in MiB by node type, without the part that AWS reserves (ElastiCache user guide,
/// parameter groups, node-type specific parameters; rounded to two digits of a GiB).
const MAX_MEMORY_MIB: [(&str, u64); 21] = [
    ("cache.t1.micro", 133),
    ("cache.t4g.micro", 512),
    ("cache.t4g.small", 1_403),
    ("cache.t4g.medium", 3_164),
    ("cache.m6g.large", 6_533),
    ("cache.m7g.large", 6_533),
    ("cache.r5.large", 13_384),
    ("cache.r6g.large", 13_384),
    ("cache.r6g.xlarge", 26_952),
    ("cache.r6g.2xlarge", 54_088),
    ("cache.r6g.4xlarge", 108_349),
    ("cache.r6g.8xlarge", 214_579),
    ("cache.r6g.12xlarge", 325_396),
    ("cache.r6g.16xlarge", 429_148),
    ("cache.r7g.large", 13_384),
    ("cache.r7g.xlarge", 26_952),
    ("cache.r7g.2xlarge", 54_088),
    ("cache.r7g.4xlarge", 108_349),
    ("cache.r7g.8xlarge", 214_579),
    ("cache.r7g.12xlarge", 325_396),
    ("cache.r7g.16xlarge", 429_148),
];

/// `reserved-memory-percent`, the share of `maxmemory` that holds no data by default.
pub(super) const RESERVED_PERCENT: u64 = 25;

/// Families that ElastiCache offers or has offered.
const FAMILIES: [&str; 20] = [
    "t1", "t2", "t3", "t4g", "m1", "m2", "m3", "m4", "m5", "m6g", "m7g", "c1", "c7gn", "r3", "r4",
    "r5", "r6g", "r6gd", "r7g", "r8g",
];

/// The bytes of memory of a node of this type, with what is reserved, where known.
pub(super) fn memory_bytes(name: &str) -> Option<u64> {
    let (_, mib) = MAX_MEMORY_MIB.iter().find(|(known, _)| *known == name)?;
    Some(mib << 20)
}

/// The bytes of data that fit a node of this type, where known.
pub(super) fn usable_bytes(name: &str) -> Option<u64> {
    memory_bytes(name).map(|bytes| bytes / 100 * (100 - RESERVED_PERCENT))
}

/// The smallest node type with room for so many bytes of data: of equal ones that of the family of
/// `name`.
pub(super) fn smallest_for(bytes: u64, name: &str) -> Option<&'static str> {
    let family = |name: &str| name.rsplit_once('.').map(|(family, _)| family.to_owned());
    let is_other = |other: &str| family(other) != family(name);
    let with_room = names().filter(|other| usable_bytes(other).is_some_and(|room| room >= bytes));
    with_room.min_by_key(|other| (usable_bytes(other), is_other(other)))
}

/// Whether there can be a node type of this name: a known family and a size.
pub(super) fn is_plausible(name: &str) -> bool {
    let mut parts = name.split('.');
    let (Some("cache"), Some(family), Some(size), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let of_xlarge = size.strip_suffix("xlarge");
    let is_size = ["micro", "small", "medium", "large"].contains(&size)
        || of_xlarge.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    FAMILIES.contains(&family) && is_size
}

/// All names with known memory.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    MAX_MEMORY_MIB.iter().map(|(name, _)| *name)
}
