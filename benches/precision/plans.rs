//! The plans whose dataset losses are estimated: the published cases, and some of them with laws
//! that have a memory.

use elasticache_sim::model::plan::Plan;
use elasticache_sim::scenario;
use serde_json::{Value, json};

use crate::exact_cases::{case, mean_hours, nanos, scenario_text};

/// A plan from a text, which must be valid and have one policy.
pub fn parse(text: &str) -> Plan {
    let experiment = scenario::parse("bench", text, ".".as_ref(), &scenario::Overrides::default());
    match experiment {
        Ok(experiment) => experiment.policies[0].plan.clone(),
        Err(mistakes) => {
            let mistakes: Vec<String> = mistakes.iter().map(|it| it.to_string()).collect();
            panic!("{}\nin\n{text}", mistakes.join(""))
        }
    }
}

/// The plan of a published case.
pub fn published(id: &str) -> Plan {
    parse(&scenario_text(&case(id)))
}

/// What a published case comes to.
pub fn loss_of(case: &Value) -> f64 {
    case["exact"]["p_loss_1y"].as_f64().expect("always given")
}

/// 1+5 in three AZs with the rates of C07; nobody has published its numbers.
pub fn one_and_five() -> Plan {
    let mut case = case("C07");
    case["nodes_shard_az"] = json!([[0, 0], [0, 0], [0, 1], [0, 1], [0, 2], [0, 2]]);
    parse(&scenario_text(&case))
}

/// What takes the place of the exponential laws of a case. Means stay what they are.
#[derive(Clone, Copy)]
pub struct Laws {
    /// Shape of the Weibull law of the lives of nodes.
    pub life: Option<f64>,
    /// Standard deviation over mean of a lognormal replacement.
    pub repair: Option<f64>,
    /// The same of how long an AZ is down.
    pub outage: Option<f64>,
}

/// A published case with other laws.
pub fn with_memory(id: &str, laws: Laws) -> Plan {
    let case = case(id);
    let mean = |key: &str| nanos(mean_hours(&case, key));
    let exponential = |key: &str| format!("{{ exponential = {{ mean = \"{}\" }} }}", mean(key));
    let lognormal = |key: &str, spread: f64| {
        let sd = nanos(spread * mean_hours(&case, key));
        format!("{{ lognormal = {{ mean = \"{}\", sd = \"{sd}\" }} }}", mean(key))
    };
    let mut text = scenario_text(&case);
    let mut put = |old: String, new: String| {
        assert!(text.contains(&old), "{old}");
        text = text.replace(&old, &new);
    };
    if let Some(shape) = laws.life {
        let weibull =
            format!("{{ weibull = {{ mean = \"{}\", shape = {shape} }} }}", mean("lam_n"));
        let old = format!("node-failure = {{ mttf = \"{}\" }}", mean("lam_n"));
        put(old, format!("node-failure = {{ lifetime = {weibull} }}"));
    }
    for (key, name, spread) in
        [("rho", "replacement", laws.repair), ("mu_a", "duration", laws.outage)]
    {
        if let Some(spread) = spread {
            let old = format!("{name} = {}", exponential(key));
            put(old, format!("{name} = {}", lognormal(key, spread)));
        }
    }
    parse(&text)
}
