//! The attribute `#[key(...)]` of a type.

use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, DeriveInput, LitStr, Result, Token};

use crate::input::Faults;

/// Characters that separate the parts of a schema name.
const SEPARATORS: &str = "(),<>=;[]";

pub(crate) struct Options {
    /// The name in the schema.
    pub(crate) name: String,
    /// Whether verbs take the key itself instead of a reference.
    pub(crate) by_value: bool,
}

impl Options {
    /// The options of the type. Wrong ones are noted in `faults`.
    pub(crate) fn of(item: &DeriveInput, faults: &mut Faults) -> Self {
        let (mut name, mut by_value) = (None, false);
        for attribute in key_attributes(&item.attrs) {
            let parsed = attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    read_name(&meta, &mut name)
                } else if meta.path.is_ident("by_value") {
                    if std::mem::replace(&mut by_value, true) {
                        return Err(meta.error("`by_value` is given twice"));
                    }
                    Ok(())
                } else {
                    Err(meta.error("an unknown option; `key` has the options `name = \"...\"` and `by_value`"))
                }
            });
            faults.note(parsed);
        }
        // `unraw` removes the `r#` of a raw identifier, which is no part of the type's name.
        Self { name: name.unwrap_or_else(|| item.ident.unraw().to_string()), by_value }
    }
}

/// The attributes `#[key(...)]` among others.
pub(crate) fn key_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("key"))
}

fn read_name(meta: &ParseNestedMeta<'_>, name: &mut Option<String>) -> Result<()> {
    if !meta.input.peek(Token![=]) {
        return Err(meta.error("`name` has a text: `name = \"...\"`"));
    }
    let literal: LitStr = meta.value()?.parse()?;
    let text = literal.value();
    if text.is_empty() {
        return Err(syn::Error::new(literal.span(), "the name is empty; it is what the schema keeps of the type"));
    }
    if let Some(found) = text.chars().find(|c| SEPARATORS.contains(*c) || c.is_whitespace() || c.is_control()) {
        let why = format!("a name has no {found:?}: schema names are written with `{SEPARATORS}` and without spaces");
        return Err(syn::Error::new(literal.span(), why));
    }
    match name.replace(text) {
        None => Ok(()),
        Some(_) => Err(meta.error("`name` is given twice")),
    }
}
