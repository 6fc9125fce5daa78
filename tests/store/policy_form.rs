//! The form of policies as JSON: what is written, and what is refused.

use mapleaf::store::policy::{Condition, Operator, Policy, Rule};
use mapleaf::{ErrorKind, Result};

/// A policy as it is written: this form stays.
const GOLDEN: &str = r#"{"rules":[{"actions":"store.key.*","effect":"allow","resources":["users","*-temporary","*log*"]},{"actions":"*","conditions":[{"field":"actor.meta.level","operator":"lt","value":3},{"field":"meta.key","operator":"ne","value_from":"actor.id"},{"field":"actor.meta.team","operator":"exists"},{"field":"resource","operator":"in","value":["users","roles"]},{"field":"action","operator":"nmatches","value":"store.*.g?t"},{"field":"meta.a.b","operator":"eq","value":{"x":[1.5,true,null]}}],"effect":"deny","resources":"*"}]}"#;

fn built() -> Result<Policy> {
    let map = serde_json::from_str::<mapleaf::store::policy::Attribute>(r#"{"x": [1.5, true, null]}"#);
    Ok(Policy::new().rule(Rule::allow(["store.key.*"], ["users", "*-temporary", "*log*"])?).rule(
        Rule::deny(["*"], ["*"])?
            .when(Condition::new("actor.meta.level", Operator::Lt, 3)?)
            .when(Condition::of_fields("meta.key", Operator::Ne, "actor.id")?)
            .when(Condition::exists("actor.meta.team")?)
            .when(Condition::new("resource", Operator::In, ["users", "roles"])?)
            .when(Condition::new("action", Operator::Nmatches, "store.*.g?t")?)
            .when(Condition::new("meta.a.b", Operator::Eq, map.expect("an attribute"))?),
    ))
}

#[test]
fn the_form_stays() -> Result<()> {
    let policy = built()?;
    assert_eq!(serde_json::to_string(&policy).expect("it is written"), GOLDEN);
    assert_eq!(serde_json::from_str::<Policy>(GOLDEN).expect("it is read"), policy);
    Ok(())
}

/// Refuses a rule with these parts, by a message that has all of `said`.
#[track_caller]
fn refuses(rule: &str, said: &[&str]) {
    let text = format!(r#"{{"rules": [{{"effect": "allow", "actions": "*", "resources": "*"}}, {rule}]}}"#);
    let error = serde_json::from_str::<Policy>(&text).expect_err(rule).to_string();
    for said in said {
        assert!(error.contains(said), "{error:?} does not say {said:?}");
    }
}

#[test]
fn what_is_unknown_is_refused_by_name() {
    refuses(
        r#"{"effect": "maybe", "actions": "*", "resources": "*"}"#,
        &["rule 1", r#"no effect "maybe""#, "allow or deny"],
    );
    refuses(r#"{"effect": "deny", "actions": "*", "resources": "*", "condition": []}"#, &["rule 1", r#""condition""#]);
    refuses(r#"{"effect": "deny", "actions": "*"}"#, &[r#"no "resources""#]);
    refuses(
        r#"{"effect": "deny", "effect": "allow", "actions": "*", "resources": "*"}"#,
        &[r#""effect" occurs twice"#],
    );
    refuses(r#"["deny", "*", "*"]"#, &["a rule is a map, and not a list"]);
    assert!(serde_json::from_str::<Policy>("{}").is_err());
    let unknown = serde_json::from_str::<Policy>(r#"{"rules": [], "strict": true}"#).expect_err("unknown");
    assert!(unknown.to_string().contains(r#""strict""#), "{unknown}");
}

#[test]
fn conditions_that_mean_nothing_are_refused() {
    let refuses = |condition: &str, said: &[&str]| {
        let rule = format!(r#"{{"effect": "deny", "actions": "*", "resources": "*", "conditions": [{condition}]}}"#);
        refuses(&rule, said);
    };
    refuses(r#"{"field": "actor.id", "operator": "equals", "value": 1}"#, &[r#"no operator "equals""#, "eq, ne, lt"]);
    for field in ["user.id", "actor", "actor.meta", "meta", "meta.", "meta.a..b", "actor.meta.", ""] {
        let condition = format!(r#"{{"field": "{field}", "operator": "exists"}}"#);
        refuses(&condition, &[&format!("no field {field:?}")]);
    }
    refuses(r#"{"field": "actor.id", "operator": "eq"}"#, &["actor.id with eq needs a value or value_from"]);
    refuses(r#"{"field": "actor.id", "operator": "eq", "value": 1, "value_from": "action"}"#, &["both"]);
    refuses(r#"{"field": "actor.id", "operator": "eq", "value_from": "me"}"#, &[r#"no field "me""#]);
    refuses(r#"{"field": "actor.id", "operator": "eq", "value": null}"#, &["exists or nexists"]);
    refuses(r#"{"field": "actor.id", "operator": "exists", "value": true}"#, &["no value", "a boolean"]);
    refuses(r#"{"field": "actor.id", "operator": "in", "value": "ann"}"#, &["a list", "text"]);
    refuses(r#"{"field": "actor.id", "operator": "matches", "value": 7}"#, &["pattern", "a number"]);
    refuses(r#"{"field": "actor.id", "operator": "lt", "value": [1]}"#, &["a number or text", "a list"]);
    refuses(r#"{"field": "actor.id", "operator": "lt", "value": 18446744073709551615}"#, &["18446744073709551615"]);
    refuses(r#"{"field": "actor.id", "operator": "eq", "value": 1, "negate": true}"#, &[r#""negate""#]);
}

#[test]
fn patterns_that_mean_nothing_are_refused() {
    for (patterns, said) in [
        ("[]", "empty list"),
        (r#""""#, "names nothing"),
        (r#""**""#, "names nothing"),
        (r#""a*b""#, "middle"),
        ("7", "is text"),
    ] {
        refuses(&format!(r#"{{"effect": "deny", "actions": {patterns}, "resources": "*"}}"#), &["actions", said]);
        refuses(&format!(r#"{{"effect": "deny", "actions": "*", "resources": {patterns}}}"#), &["resources", said]);
    }
    let none: [&str; 0] = [];
    for error in [Rule::allow(none, ["*"]).expect_err("it fails"), Rule::deny(["*"], ["a*b"]).expect_err("it fails")] {
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}
