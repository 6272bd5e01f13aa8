//! [`Code`]: every kind of mistake, warning and advice, by its number.
//!
//! A number never changes its meaning and is never used again. E stops a scenario, W does not.
//! Each has a page in `pages/`, which `ecsim explain` prints: what it means, a text that brings it
//! about and one that is right. The tests run both.

/// How much a diagnostic matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The scenario cannot be run.
    Error,
    /// It can, and something about it is probably not meant.
    Warning,
    /// It can, and there is something to know about it.
    Advice,
}

impl Severity {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "advice",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $id:literal $severity:ident $title:literal;)*) => {
        /// A kind of mistake, warning or advice.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// All of them, in order of their numbers.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// Its number, as in E0201.
            pub fn id(self) -> &'static str {
                match self { $(Code::$variant => $id,)* }
            }

            /// What it is about, in a line.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// What `ecsim explain` says about it, as Markdown.
            pub fn page(self) -> &'static str {
                match self { $(Code::$variant => include_str!(concat!("pages/", $id, ".md")),)* }
            }
        }
    };
}

codes! {
    NotUtf8 "E0101" Error "the file is not UTF-8 text";
    TooLarge "E0102" Error "the file is too large to be a scenario";
    Syntax "E0103" Error "the text is not TOML";
    DuplicateKey "E0104" Error "a key comes twice in its table";
    UnknownSchema "E0105" Error "the scenario is written for another version of the format";
    UnknownKey "E0201" Error "a key is not known where it stands";
    MissingKey "E0202" Error "a key is missing";
    Exclusive "E0203" Error "keys exclude each other";
    NoneOf "E0204" Error "none of several keys is there, one is needed";
    NotInThisVersion "E0205" Error "the format names it, this version cannot do it";
    WrongType "E0206" Error "a value is of another type than expected";
    NotUnique "E0207" Error "two things have the same name";
    NotAName "E0208" Error "a text is not usable as a name";
    NotAChoice "E0209" Error "a value is not one of the choices";
    Empty "E0210" Error "a list or a text is empty";
    NotADuration "E0301" Error "a text is not a duration";
    DurationRange "E0302" Error "a duration is too short or too long";
    NotASize "E0303" Error "a text is not a size";
    NotACount "E0304" Error "a value is not a whole number";
    OutOfRange "E0305" Error "a number is too small or too large";
    NotAVersion "E0306" Error "a text is not an engine version";
    NotANodeType "E0307" Error "a text is not a node type";
    NotAQuantity "E0308" Error "a text is not a quantity of the results";
    NotAnInstant "E0309" Error "a text is not an instant of UTC";
    NotAWindow "E0310" Error "a text is not a window";
    NotAChance "E0311" Error "a number is not a chance from 0 to 1";
    NotARate "E0312" Error "a text is not a rate";
    NotAnEndpoint "E0313" Error "a text is not an endpoint";
    NotALaw "E0401" Error "the parameters make no law";
    LawParameters "E0402" Error "a law has the wrong parameters";
    LifeTooShort "E0403" Error "a process fails too often to be simulated";
    NotAShare "E0404" Error "a share is not above 0 and up to 1";
    BadSample "E0405" Error "a sample file cannot be used";
    NotARange "E0406" Error "the range of a mean does not go from a low to a high end";
    TooMany "E0501" Error "more nodes, shards or AZs than there can be";
    SeveralShards "E0502" Error "several shards need cluster mode";
    MultiAzWithoutReplica "E0503" Error "Multi-AZ needs a replica in every shard";
    MultiAzWithoutFailover "E0504" Error "Multi-AZ needs automatic failover";
    MultiAzEngine "E0505" Error "the engine version has no Multi-AZ";
    MultiAzNodeType "E0506" Error "the node type has no Multi-AZ";
    FailoverWithoutReplica "E0507" Error "automatic failover needs a replica";
    ClusterWithoutFailover "E0508" Error "cluster mode needs automatic failover";
    AofUnsupported "E0509" Error "the engine version or node type has no append-only file";
    AofWithMultiAz "E0510" Error "Multi-AZ and the append-only file exclude each other";
    DurabilityUnsupported "E0511" Error "the group cannot be durable";
    ClusterEngine "E0512" Error "the engine version has no cluster mode";
    WindowsOverlap "E0513" Error "the two windows of a group overlap";
    DetectorMode "E0514" Error "the detector does not fit the cluster mode";
    TooManyGoodReplicas "E0515" Error "writes ask for more replicas than a shard has";
    RegionUnsupported "E0516" Error "the group cannot have a second region";
    SelfHosted "E0517" Error "a self-hosted group has nothing that ElastiCache does";
    ChainedReplica "E0518" Error "a replica cannot be chained so";
    SlotLayout "E0519" Error "the hash slots are not split over the shards";
    MigrationGroups "E0520" Error "the groups of a migration are no source and target";
    NotWithMigration "E0521" Error "something is not modelled beside a migration";
    UnknownTarget "E0601" Error "a fault or an operation names something that does not exist";
    RandomFaultWithTime "E0602" Error "a random fault takes no time";
    AfterHorizon "E0603" Error "a fault strikes at the horizon or after it";
    NoReplicaToFail "E0604" Error "a fault wants replicas of a shard that has none";
    CustomerRebootInClusterMode "E0605" Error "cluster mode has no reboot by the customer";
    SameRandomNumbers "E0606" Error "two faults would share their random numbers";
    UnboundedMoment "E0607" Error "the time of a fault or an operation knows no latest";
    NothingToDo "E0608" Error "an operation asks for nothing";
    NotACall "E0609" Error "a text is not a call of the API";
    NeedsMigration "E0610" Error "a fault or an operation needs a migration";
    WarmUpTooLong "E0701" Error "the warm-up is not shorter than the horizon";
    TooMuchToCount "E0702" Error "more bytes are written than can be counted";
    Contradiction "E0703" Error "no result can keep two expectations together";
    NeedsObjective "E0704" Error "an expectation needs an objective that is not set";
    NotAnAssignment "E0801" Error "an option is not of the form KEY=VALUE";
    NotASweep "E0802" Error "a sweep is neither a list nor a range";
    NotForOnePolicy "E0803" Error "a value belongs to all policies together";
    UnknownId "E0804" Error "a path names something that does not exist";
    SetTwice "E0805" Error "a value is set twice";
    TooManyCells "E0806" Error "policies and sweeps make too many cells";
    SourceOfNothing "E0807" Error "a source is given for a value that is not there";
    FilesDisagree "E0808" Error "files that are compared differ in what is common to them";
    PresetMisfit "E0809" Error "a preset does not fit the scenario as a policy";
    NothingHappens "W0901" Warning "no fault can strike";
    HardlyAnythingHappens "W0902" Warning "hardly any fault is to be expected in all trials";
    OnlyDuringWarmUp "W0903" Warning "all faults strike during the warm-up";
    PlacementWithoutSpread "W0904" Warning "a shard has all its nodes in one AZ";
    OneReplica "W0905" Advice "one replica: AWS advises more than one";
    NoReplica "W0906" Warning "a shard has no replica";
    DoesNotFit "W0907" Warning "the data does not fit the node type's memory";
    UnknownNodeType "W0908" Warning "the node type is not in ecsim's table";
    UnusualEngine "W0909" Warning "ElastiCache does not offer this engine version";
    NeedsQuota "W0910" Advice "more nodes than the default quota allows";
    SeveralRegions "W0911" Warning "the AZs of a group are in several regions";
    SamePolicies "W0912" Warning "two policies are the same";
    CellSkipped "W0913" Warning "a cell of the sweep is invalid and skipped";
    WithoutEffect "W0914" Warning "a value has no effect";
    ReplicaBesidePrimary "W0915" Advice "a replica stands in its primary's AZ";
    StaleSource "W0916" Warning "a source calls a value a default that is none";
    UnknownMemory "W0917" Advice "the memory of the node type is not known";
    AlwaysRefused "W0919" Warning "a call is refused whenever it comes";
    MeanBesideRange "W0920" Warning "the range of a mean does not hold the mean";
    WindowTooLate "W0921" Warning "what waits for a window never comes";
    EveryReplicaNeeded "W0922" Warning "writes ask for every replica of a shard";
    LogTooSlow "W0923" Warning "more is written than the log of a durable shard takes";
    LinkTooSlow "W0924" Warning "more is written than the link of a migration carries";
    BufferTooSmall "W0925" Warning "a full sync of a migration is dropped again and again";
    SourceTooSmall "W0926" Warning "the source of a migration runs out of memory";
    CannotConnect "W0927" Warning "a migration can never connect to its source";
    CohortsWithoutWrites "W0928" Warning "more cohorts of clients than a shard has writes a second";
    NeverStarted "W0929" Warning "nothing starts the migration";
    CompletedBeforeStart "W0930" Warning "a migration is to be completed before it is started";
    CutOverTooEarly "W0931" Warning "a cut-over begins before the data can be there";
    LagAboveSync "W0940" Warning "a migration is never in sync while clients write";
    LimitBelowBacklog "W0941" Warning "a source drops readers that its backlog would let go on";
    TooManySnapshots "W0942" Warning "more snapshots are asked for than are taken";
    FailsTooSoon "W0943" Warning "something fails again as soon as it is back";
    RegionAmongAzs "W0944" Warning "an AZ of a group has the name of the region of others";
}

impl Code {
    /// The code with this number, in any case.
    pub fn find(id: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id.trim()))
    }
}
