//! The JSON Schemas: they are schemas, and they say what the decoder and the output say.

mod agreement;
mod drift;
mod outputs;

use std::path::Path;

use elasticache_sim::scenario::Overrides;
use elasticache_sim::{report, scenario};
use jsonschema::Validator;
use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

use crate::support::{library, program, root};

/// What most scenarios begin with.
const HEAD: &str = "schema = 1\n[run]\nhorizon = \"1y\"\n";
/// A group of one shard with two replicas, and nothing unusual about it.
const GROUP: &str = "[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n";

/// The schema that `ecsim schema` prints for these arguments.
fn printed(arguments: &[&str]) -> Value {
    let output = program().arg("schema").args(arguments).output().expect("ecsim runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
    serde_json::from_slice(&output.stdout).expect("a schema is JSON")
}

/// The schema of scenario files.
fn scenario_schema() -> Value {
    scenario::schema::scenario().to_value()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft7::new(schema).expect("a schema")
}

/// A TOML text as JSON, as editors see it before they ask a schema.
fn json_of(toml: &str) -> Value {
    let table = DeTable::parse(toml).unwrap_or_else(|error| panic!("{error}\nin\n{toml}"));
    object(table.get_ref())
}

fn object(table: &DeTable<'_>) -> Value {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<_>)| {
        (String::from(std::borrow::Cow::clone(key.get_ref())), value_of(value.get_ref()))
    };
    Value::Object(table.iter().map(entry).collect::<Map<_, _>>())
}

fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(integer) => {
            let number = i128::from_str_radix(integer.as_str(), integer.radix());
            let number = number.ok().and_then(Number::from_i128);
            number.map_or(Value::Null, Value::Number)
        }
        // Infinities and NaN are not JSON.
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64);
            number.map_or(Value::Null, Value::Number)
        }
        DeValue::Boolean(boolean) => Value::Bool(*boolean),
        DeValue::Datetime(datetime) => Value::String(datetime.to_string()),
        DeValue::Array(array) => array.iter().map(|item| value_of(item.get_ref())).collect(),
        DeValue::Table(table) => object(table),
    }
}

/// Calls `visit` with every object inside `value`, however deep, and its path.
fn each_object(value: &Value, path: &str, visit: &mut impl FnMut(&str, &Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(path, object);
            for (key, value) in object {
                let key = key.replace('~', "~0").replace('/', "~1");
                each_object(value, &format!("{path}/{key}"), visit);
            }
        }
        Value::Array(array) => {
            for (n, value) in array.iter().enumerate() {
                each_object(value, &format!("{path}/{n}"), visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn each_schema_is_a_schema_and_says_of_what() {
    for (arguments, expected) in [
        (&[][..], scenario::schema::scenario()),
        (&["scenario"], scenario::schema::scenario()),
        (&["summary"], report::schema::summary()),
        (&["exact"], report::schema::exact()),
        (&["trace"], report::schema::trace()),
    ] {
        let schema = printed(arguments);
        assert_eq!(schema, expected.to_value(), "{arguments:?}");
        let valid = jsonschema::draft7::meta::validate(&schema);
        assert!(valid.is_ok(), "{arguments:?}: {}", valid.expect_err("checked"));
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        for key in ["title", "description"] {
            assert!(schema[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
        }
        each_object(&schema, "", &mut |path, object| {
            assert!(!object.contains_key("$id"), "{path}");
            // Drafts up to 7 ignore what stands beside a reference.
            assert!(!object.contains_key("$ref") || object.len() == 1, "{path}");
        });
    }
    let status = program().args(["schema", "plan"]).output();
    assert_eq!(status.expect("ecsim runs").status.code(), Some(2));
}

/// Hover texts: every key of a scenario has one, on one line.
#[test]
fn every_key_of_a_scenario_is_described() {
    let schema = scenario_schema();
    each_object(&schema, "", &mut |path, object| {
        let Some(properties) = object.get("properties").and_then(Value::as_object) else {
            return;
        };
        // Parts of sections repeat the sections' keys one level deeper.
        let is_part = path.starts_with("/definitions/Part_of_");
        for (key, property) in properties {
            let property = if is_part { &property["anyOf"][0] } else { property };
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.len() > 10 && text.ends_with(['.', ')']), "{path}/{key}: {text:?}");
            assert!(!text.contains('\n'), "{path}/{key}: {text:?}");
        }
    });
}

#[test]
fn the_whole_library_is_valid() {
    let validator = validator(&scenario_schema());
    for name in library() {
        let path = root().join("scenarios").join(format!("{name}.toml"));
        let text = std::fs::read_to_string(path).expect("the library is there");
        let errors: Vec<String> =
            validator.iter_errors(&json_of(&text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

/// Whether the decoder reads it.
fn is_read(text: &str) -> bool {
    scenario::parse("test.toml", text, Path::new(env!("CARGO_MANIFEST_DIR")), &Overrides::default())
        .is_ok()
}
