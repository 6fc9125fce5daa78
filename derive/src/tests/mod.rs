//! What the derive refuses, and where its errors point.

use syn::DeriveInput;

/// The errors for a type: the text that each points at, and the beginning of its message.
fn faults(source: &str) -> Vec<(String, String)> {
    let item: DeriveInput = syn::parse_str(source).expect("the source is a type");
    let errors = crate::derived(&item).expect_err("the type is no key");
    let fault = |error: syn::Error| {
        let text = error.span().source_text().expect("the text of a parsed source is kept");
        let message = error.to_string();
        (text, message.split([':', ';']).next().unwrap_or_default().to_owned())
    };
    errors.into_iter().map(fault).collect()
}

#[track_caller]
fn refuses(source: &str, expected: &[(&str, &str)]) {
    let owned: Vec<_> = expected.iter().map(|(text, why)| ((*text).to_owned(), (*why).to_owned())).collect();
    assert_eq!(faults(source), owned, "{source}");
}

#[track_caller]
fn accepts(source: &str) -> String {
    let item: DeriveInput = syn::parse_str(source).expect("the source is a type");
    crate::derived(&item).expect("the type is a key").to_string()
}

#[test]
fn a_union_is_refused_at_its_keyword() {
    refuses("union U { a: u8, b: i8 }", &[("union", "a union is no key")]);
}

#[test]
fn variants_with_data_and_without_numbers_are_refused_each() {
    refuses(
        "#[repr(u8)] enum Level { Low = 1, Mid, High(u8), Top { at: u8 } = 4 }",
        &[
            ("Mid", "write the number that is stored"),
            ("High(u8)", "an enum that is a key has no data in its variants"),
            ("Top { at: u8 } = 4", "an enum that is a key has no data in its variants"),
        ],
    );
}

#[test]
fn an_enum_without_an_integer_is_refused_at_its_name() {
    let why = "an enum that is a key says how its number is stored";
    refuses("enum Level { Low = 1 }", &[("Level", why)]);
    refuses("#[repr(C)] enum Level { Low = 1 }", &[("Level", why)]);
    refuses("#[repr(u8)] enum Never {}", &[("Never", "an enum without variants is no key")]);
    for repr in ["u8", "i128", "usize", "C, u16", "align(8), i32"] {
        assert!(
            accepts(&format!("#[repr({repr})] enum Level {{ Low = 1 }}")).contains("impl :: mapleaf :: key :: KeyAs")
        );
    }
}

#[test]
fn a_struct_without_fields_is_refused_at_its_name() {
    for source in ["struct Unit;", "struct Unit {}", "struct Unit();"] {
        refuses(source, &[("Unit", "a struct without fields is no key")]);
    }
}

#[test]
fn the_ninth_field_is_refused() {
    let why = "a key has at most 8 fields";
    accepts("struct T(u8, u8, u8, u8, u8, u8, u8, u8);");
    refuses("struct T(u8, u8, u8, u8, u8, u8, u8, u8, u16, u32);", &[("u16", why)]);
    refuses("struct T { a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u16 }", &[("i: u16", why)]);
}

#[test]
fn unknown_options_are_refused_at_their_place() {
    let unknown = "an unknown option";
    refuses("#[key(nam = \"x\")] struct T(u8);", &[("nam", unknown)]);
    refuses("#[key(by_value, order)] struct T(u8);", &[("order", unknown)]);
    refuses("#[key(by_value)] #[key(by_value)] struct T(u8);", &[("by_value", "`by_value` is given twice")]);
    refuses("#[key(name = \"a\", name = \"b\")] struct T(u8);", &[("name = \"b\"", "`name` is given twice")]);
    refuses("#[key(name)] struct T(u8);", &[("name", "`name` has a text")]);
    refuses("#[key(name = 7)] struct T(u8);", &[("7", "expected string literal")]);
    refuses("#[key] struct T(u8);", &[("key", "expected attribute arguments in parentheses")]);
    refuses("#[key(by_value = true)] struct T(u8);", &[("=", "expected `,`")]);
}

#[test]
fn names_that_would_break_a_schema_name_are_refused() {
    refuses("#[key(name = \"\")] struct T(u8);", &[("\"\"", "the name is empty")]);
    for name in ["a b", "a,b", "a=b", "(a)", "a<b", "a>", "[u8", "u8]", "a\tb"] {
        let quoted = format!("{name:?}");
        let found = faults(&format!("#[key(name = {quoted})] struct T(u8);"));
        assert_eq!(found.len(), 1, "{name}");
        assert!(found[0].0 == quoted && found[0].1.starts_with("a name has no "), "{found:?}");
    }
    assert!(accepts("#[key(name = \"an/odd-name.2\")] struct T(u8);").contains("\"an/odd-name.2\""));
}

#[test]
fn options_of_fields_and_variants_are_refused() {
    let why = |of: &str| format!("`key` has no options for {of}");
    refuses("struct T { a: u8, #[key(name = \"b\")] b: u8 }", &[("#[key(name = \"b\")]", &why("a field"))]);
    refuses("#[repr(u8)] enum T { #[key] A = 1 }", &[("#[key]", &why("a variant"))]);
}

#[test]
fn borrowed_fields_and_parameters_are_refused() {
    let owns = "a derived key owns its fields";
    refuses("struct T<'a> { user: &'a str }", &[("'a", owns), ("&'a str", owns)]);
    refuses("struct T(u8, &'static [u8]);", &[("&'static [u8]", owns)]);
    let none = "a derived key has no type or const parameters";
    refuses("struct T<A, const N: usize>(A, [u8; N]);", &[("A, const N: usize", none)]);
    refuses(
        "struct T(u8) where u8: Copy;",
        &[("where u8: Copy", "a derived key has no `where` clause, since it has no parameters")],
    );
}

#[test]
fn all_faults_of_a_type_are_shown_at_once() {
    let found = faults("#[key(order)] struct T<'a>(#[key(skip)] &'a str);");
    let places: Vec<_> = found.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(places, ["order", "'a", "#[key(skip)]", "&'a str"]);
}

#[test]
fn the_name_is_that_of_the_type_unless_it_is_given() {
    let name = |source: &str| {
        let written = accepts(source);
        let (_, after) = written.split_once("const NAME : & 'static str = \"").expect("there is a name");
        after.split('"').next().unwrap_or_default().to_owned()
    };
    assert_eq!(name("struct FlightLeg(u8);"), "FlightLeg");
    assert_eq!(name("struct r#type(u8);"), "type");
    assert_eq!(name("#[key(name = \"leg\")] struct FlightLeg(u8);"), "leg");
}
