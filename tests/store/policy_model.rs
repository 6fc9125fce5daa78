//! Decisions of policies, against an oracle that is written from the words of the contract alone, over their JSON form.

use std::collections::BTreeMap;

use mapleaf::store::policy::{Actor, Attribute, Decision, Guard, Policy, Request, Scope};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// The value of a field, by JSON pointers.
fn field(name: &str, request: &Value) -> Option<Value> {
    let found = request.pointer(&format!("/{}", name.replace('.', "/")))?;
    (!found.is_null()).then(|| found.clone())
}

fn less(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => one.as_f64() < two.as_f64(),
        (Value::String(one), Value::String(two)) => one.as_bytes() < two.as_bytes(),
        _ => false,
    }
}

fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => one.as_f64() == two.as_f64(),
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (one, two) => one == two,
    }
}

/// By recursion: exponential, and plain.
fn glob(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=text.len()).any(|taken| glob(rest, &text[taken..])),
        (['?', pattern @ ..], [_, text @ ..]) => glob(pattern, text),
        ([one, pattern @ ..], [two, text @ ..]) => one == two && glob(pattern, text),
        _ => false,
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn holds(condition: &Value, request: &Value) -> bool {
    let one = field(condition["field"].as_str().expect("text"), request);
    let two = match condition.get("value_from") {
        Some(other) => field(other.as_str().expect("text"), request),
        None => condition.get("value").cloned(),
    };
    let both = |holds: fn(&Value, &Value) -> bool| one.as_ref().zip(two.as_ref()).is_some_and(|(a, b)| holds(a, b));
    let is_in = |one: &Value, two: &Value| two.as_array().is_some_and(|list| list.iter().any(|item| same(item, one)));
    let contains = |one: &Value, two: &Value| match (one, two) {
        (Value::String(one), Value::String(two)) => one.contains(&**two),
        (Value::Array(list), item) => list.iter().any(|other| same(item, other)),
        (Value::Object(map), Value::String(name)) => map.contains_key(name),
        _ => false,
    };
    let matches = |one: &Value, two: &Value| match (one, two) {
        (Value::String(text), Value::String(pattern)) => glob(&chars(pattern), &chars(text)),
        _ => false,
    };
    match condition["operator"].as_str().expect("text") {
        "eq" => both(same),
        "ne" => !both(same),
        "lt" => both(less),
        "gt" => both(|one, two| less(two, one)),
        "lte" => both(|one, two| less(one, two) || (same(one, two) && (one.is_number() || one.is_string()))),
        "gte" => both(|one, two| less(two, one) || (same(one, two) && (one.is_number() || one.is_string()))),
        "in" => both(is_in),
        "nin" => !both(is_in),
        "exists" => one.is_some(),
        "nexists" => one.is_none(),
        "contains" => both(contains),
        "ncontains" => !both(contains),
        "matches" => both(matches),
        "nmatches" => !both(matches),
        other => panic!("no operator {other}"),
    }
}

/// Patterns have no question marks, so that a glob is the same.
fn names(patterns: &Value, name: &Value) -> bool {
    let name = chars(name.as_str().expect("text"));
    let matches = |pattern: &Value| glob(&chars(pattern.as_str().expect("text")), &name);
    patterns.as_array().map_or_else(|| matches(patterns), |list| list.iter().any(matches))
}

fn oracle(policies: &[Value], request: &Value) -> Decision {
    let rules = policies.iter().flat_map(|policy| policy["rules"].as_array().expect("rules"));
    let applying: Vec<&str> = rules
        .filter(|rule| names(&rule["actions"], &request["action"]) && names(&rule["resources"], &request["resource"]))
        .filter(|rule| {
            rule.get("conditions").and_then(Value::as_array).is_none_or(|all| all.iter().all(|one| holds(one, request)))
        })
        .map(|rule| rule["effect"].as_str().expect("text"))
        .collect();
    match applying.contains(&"deny") {
        true => Decision::Denied,
        false if applying.contains(&"allow") => Decision::Allowed,
        false => Decision::Undefined,
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-2..3_i32).prop_map(|number| json!(number)),
        select(vec![json!(1.0), json!(1.5), json!(true), json!(false)]),
        "[ab*?]{0,3}".prop_map(|text| json!(text)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => scalar(),
        1 => vec(scalar(), 0..3).prop_map(Value::from),
        1 => scalar().prop_map(|inner| json!({ "a": inner })),
        1 => Just(Value::Null),
    ]
}

fn any_field() -> impl Strategy<Value = String> {
    let fields = ["actor.id", "actor.meta.a", "actor.meta.b.a", "action", "resource", "meta.a", "meta.b", "meta.a.a"];
    select(fields.map(str::to_owned).to_vec())
}

fn condition() -> impl Strategy<Value = Value> {
    let compared = select(vec!["eq", "ne", "contains", "ncontains"]);
    let ordered = select(vec!["lt", "gt", "lte", "gte"]);
    let any =
        select(vec!["eq", "ne", "lt", "gt", "lte", "gte", "in", "nin", "contains", "ncontains", "matches", "nmatches"]);
    let of_text = select(vec!["matches", "nmatches"]);
    let of_list = select(vec!["in", "nin"]);
    let number = prop_oneof![(-2..3_i32).prop_map(|n| json!(n)), "[ab]{0,2}".prop_map(|text| json!(text))];
    let form =
        |(field, operator, value): (String, &str, Value)| json!({"field": field, "operator": operator, "value": value});
    let not_null = value().prop_filter("null is refused", |value| !value.is_null());
    prop_oneof![
        (any_field(), compared, not_null).prop_map(form),
        (any_field(), ordered, number).prop_map(form),
        (any_field(), of_text, "[ab*?]{0,4}".prop_map(|text| json!(text))).prop_map(form),
        (any_field(), of_list, vec(scalar(), 0..4).prop_map(Value::from)).prop_map(form),
        (any_field(), any, any_field())
            .prop_map(|(field, operator, from)| json!({"field": field, "operator": operator, "value_from": from})),
        (any_field(), select(vec!["exists", "nexists"]))
            .prop_map(|(field, operator)| json!({"field": field, "operator": operator})),
    ]
}

fn patterns() -> impl Strategy<Value = Value> {
    let pattern = || select(vec!["*", "a", "b", "ab", "a*", "*b", "*a*", "aba"]).prop_map(|text| json!(text));
    prop_oneof![pattern(), vec(pattern(), 1..3).prop_map(Value::from)]
}

fn policy() -> impl Strategy<Value = Value> {
    let effect = prop_oneof![2 => Just("allow"), 1 => Just("deny")];
    let rule = (effect, patterns(), patterns(), vec(condition(), 0..3)).prop_map(
        |(effect, actions, resources, conditions)| {
            json!({"effect": effect, "actions": actions, "resources": resources, "conditions": conditions})
        },
    );
    vec(rule, 0..4).prop_map(|rules| json!({ "rules": rules }))
}

type Names = BTreeMap<String, Value>;

fn meta() -> impl Strategy<Value = Names> {
    proptest::collection::btree_map("[ab]", value(), 0..3)
}

fn attributes(names: &Names) -> BTreeMap<String, Attribute> {
    let attribute = |value: &Value| serde_json::from_value(value.clone()).expect("an attribute");
    names.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn decisions_are_those_of_the_contract(
        policies in vec(policy(), 0..3),
        (id, actor_meta) in ("[ab]{0,2}", meta()),
        (action, resource, meta) in ("[ab]{1,3}", "[ab]{1,3}", meta()),
    ) {
        let read: Vec<Policy> =
            policies.iter().map(|policy| serde_json::from_value(policy.clone()).expect("a policy")).collect();
        let scope = read.iter().enumerate().fold(Scope::new(), |scope, (n, policy)| scope.with(&n.to_string(), policy.clone()));
        let actor = attributes(&actor_meta).into_iter().fold(Actor::new(&*id), |actor, (name, value)| actor.meta(name, value));
        let attributes = attributes(&meta);
        let request = Request { actor: &actor, action: &action, resource: &resource, meta: &attributes };
        let asked = json!({
            "actor": {"id": id, "meta": actor_meta}, "action": action, "resource": resource, "meta": meta,
        });
        let decision = scope.decide(&request);
        prop_assert_eq!(decision, oracle(&policies, &asked));

        // What is not allowed is denied, also if nothing is said about it.
        let guard = Guard::new().actor(actor.clone()).scope(scope);
        prop_assert_eq!(guard.allows(&action, &resource, &attributes), decision == Decision::Allowed);

        // What is written is read as the same policy, by text and by bytes.
        for policy in read {
            let text = serde_json::to_string(&policy).expect("text");
            prop_assert_eq!(&serde_json::from_str::<Policy>(&text).expect("a policy"), &policy);
            let bytes = rmp_serde::to_vec_named(&policy).expect("bytes");
            prop_assert_eq!(&rmp_serde::from_slice::<Policy>(&bytes).expect("a policy"), &policy);
        }
    }
}

#[test]
fn without_an_actor_or_a_scope_only_a_strict_guard_refuses() {
    let (nothing, meta) = (Scope::new(), BTreeMap::new());
    let ann = || Actor::new("ann");
    for guard in [Guard::new(), Guard::new().actor(ann()), Guard::new().scope(nothing.clone())] {
        assert!(guard.allows("store.key.get", "users", &meta));
        let error = guard.strict(true).check("store.key.get", "users", &meta).expect_err("it fails");
        assert_eq!(error.kind(), mapleaf::ErrorKind::PermissionDenied);
        assert!(!error.is_retryable());
    }
    for is_strict in [false, true] {
        let guard = Guard::new().actor(ann()).scope(nothing.clone()).strict(is_strict);
        assert!(!guard.allows("store.key.get", "users", &meta));
    }
}

#[test]
fn large_numbers_are_compared_exactly() {
    let holds = |value: Value, operator: &str, other: Value| {
        let policy = json!({"rules": [{"effect": "allow", "actions": "*", "resources": "*", "conditions": [
            {"field": "meta.a", "operator": operator, "value": other}
        ]}]});
        let policy: Policy = serde_json::from_value(policy).expect("a policy");
        let meta = BTreeMap::from([("a".to_owned(), serde_json::from_value(value).expect("a number"))]);
        Guard::new().actor(Actor::new("ann")).scope(policy).allows("read", "x", &meta)
    };
    let above = (1_i64 << 53) + 1;
    assert!(!holds(json!(above), "eq", json!(9_007_199_254_740_992.0_f64)));
    assert!(holds(json!(above), "gt", json!(9_007_199_254_740_992.0_f64)));
    assert!(holds(json!(9_007_199_254_740_992.0_f64), "lt", json!(above)));
    assert!(holds(json!(i64::MAX), "lt", json!(9_223_372_036_854_775_808.0_f64)));
    assert!(holds(json!(i64::MIN), "eq", json!(-9_223_372_036_854_775_808.0_f64)));
    assert!(holds(json!(-2), "lt", json!(-1.5)) && holds(json!(-1), "gt", json!(-1.5)));
    assert!(holds(json!(i64::MIN), "gt", json!(-1e300)) && holds(json!(i64::MAX), "lt", json!(1e300)));
}

#[test]
fn a_scope_does_not_change() {
    let policy: Policy = serde_json::from_value(json!({"rules": []})).expect("a policy");
    let one = Scope::new().with("b", policy.clone());
    let two = one.with("a", policy);
    let three = two.without("b");
    let names = |scope: &Scope| scope.names().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        (names(&one), names(&two), names(&three)),
        (vec!["b".into()], vec!["a".into(), "b".into()], vec!["a".into()])
    );
    assert_eq!(names(&three.without("b")), ["a"]);
}
