//! What several runs of one scenario differ in: `[[policy]]` and `[sweep]`; and `[sources]`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::faults::Fault;
use super::migration::Migration;
use super::operations::Operation;
use super::values::{AnyTable, Title};
use super::{
    Backup, ControlPlane, DurableLog, GlobalDatastore, Group, Objectives, Persistence, Replication,
    Rules, Timing, Workload,
};
use crate::scenario::presets::{PRESETS, Way};

/// A variant of the file, run on the same faults.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, transform = name_or_preset)]
pub(super) struct Policy {
    /// What results call it: one line. Default: the preset's name.
    name: Option<Title>,
    /// A way of running the group, laid over the file: placement and switches of the preset, with
    /// the AZs, the workload and the faults of the file. What `set` says comes on top. Default:
    /// none.
    preset: Option<PresetName>,
    /// What differs from the file, with dotted keys:
    /// `set = { group.multi-az = false, group.automatic-failover = false }`. A value in braces
    /// below the level of sections replaces the whole value. Default: nothing.
    set: Option<Overlay>,
}

/// A policy without a preset needs a name. Not a choice between the two, of which a mistake would
/// only be told as "none of these".
fn name_or_preset(schema: &mut Schema) {
    let without = json_schema!({ "not": { "required": ["preset"] } });
    schema.insert("if".to_owned(), without.to_value());
    schema.insert("then".to_owned(), json_schema!({ "required": ["name"] }).to_value());
}

/// The presets of `ecsim new` that the model has all of.
struct PresetName;

impl JsonSchema for PresetName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PresetName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = PRESETS.iter().filter(|preset| matches!(preset.way, Way::Laid(_)));
        let names: Vec<&str> = names.map(|preset| preset.name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// Values in place of the file's, section by section.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Overlay {
    /// Values of `[group]`; with several groups by the id of each.
    group: Option<OneOrById<Group>>,
    /// Values of `[control-plane]`.
    control_plane: Option<Partial<ControlPlane>>,
    /// Values of `[workload]`.
    workload: Option<Partial<Workload>>,
    /// Values of `[replication]`.
    replication: Option<Partial<Replication>>,
    /// Values of `[timing]`.
    timing: Option<Partial<Timing>>,
    /// Values of `[rules]`.
    rules: Option<Partial<Rules>>,
    /// Values of `[backup]`.
    backup: Option<Partial<Backup>>,
    /// Values of `[persistence]`.
    persistence: Option<Partial<Persistence>>,
    /// Values of `[durability]`.
    durability: Option<Partial<DurableLog>>,
    /// Values of `[global-datastore]`.
    global_datastore: Option<Partial<GlobalDatastore>>,
    /// Values of `[migration]`.
    migration: Option<Partial<Migration>>,
    /// Values of `[objectives]`.
    objectives: Option<Partial<Objectives>>,
    /// Values of faults by their `id`; one without is called by its kind and position among its
    /// kind, as in `fail-az-1`. Or all faults, as an array.
    fault: Option<AllOrById<Fault>>,
    /// Values of operations by their `id`; one without is called by its kind and position among
    /// its kind, as in `test-failover-1`. Or all operations, as an array.
    operation: Option<AllOrById<Operation>>,
    /// Where the values come from, by their dotted path.
    sources: Option<BTreeMap<String, String>>,
}

/// All elements of an array of tables, or some of them by their ids.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum AllOrById<T> {
    All(Vec<T>),
    ById(BTreeMap<String, Partial<T>>),
}

/// One group's values, or those of several by their ids.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum OneOrById<T> {
    One(Partial<T>),
    ById(BTreeMap<String, AnyTable>),
}

/// Some keys of a section. The section's rules on which keys go together are not asked for, and
/// of a value that is a table itself there may be a part.
struct Partial<T>(T);

impl<T: JsonSchema> JsonSchema for Partial<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Part_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        let properties = schema.remove("properties").unwrap_or_default();
        let mut parts = json_schema!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        let properties = parts.get_mut("properties").and_then(|keys| keys.as_object_mut());
        for (_, value) in properties.into_iter().flatten() {
            let part = json_schema!({ "anyOf": [value.take(), { "type": "object" }] });
            *value = part.to_value();
        }
        parts
    }
}

/// `[sweep]`: by the dotted path of what they replace, the values. The path is a quoted key, as in
/// `"group.replicas" = [0, 1, 2]`, or dotted ones.
#[derive(JsonSchema)]
pub(super) struct Sweep(BTreeMap<String, SweptValues>);

/// The values of one key: a list, or a range of integers with both its ends, as in "0..2".
#[derive(JsonSchema)]
#[schemars(extend("type" = ["array", "string", "object"], "minItems" = 1, "pattern" = RANGE))]
struct SweptValues(String);

/// Two integers with two dots between them.
const RANGE: &str = r"^\s*[+-]?[0-9]+\s*\.\.\s*=*[+-]?[0-9]+\s*$";

/// `[sources]`: by the dotted path of a value, where it comes from.
#[derive(JsonSchema)]
pub(super) struct Sources(BTreeMap<String, String>);
