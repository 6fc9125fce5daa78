//! The type that is derived for, checked: its shape, its fields or variants, and every fault at its place.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DataEnum, DataStruct, DeriveInput, Fields, Generics, Ident, Index, Member, Token, Type};

use crate::options::{Options, key_attributes};

/// The most fields, as the most elements of a tuple key.
const FIELDS_MAX: usize = 8;

/// The integers that an enum can be stored as.
const INTEGERS: [&str; 12] = ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];

/// A type that can be a key.
pub(crate) struct Input<'i> {
    pub(crate) ident: &'i Ident,
    pub(crate) options: Options,
    pub(crate) shape: Shape<'i>,
}

pub(crate) enum Shape<'i> {
    Struct(Vec<Field<'i>>),
    Enum(Variants<'i>),
}

pub(crate) struct Field<'i> {
    pub(crate) member: Member,
    pub(crate) ty: &'i Type,
}

pub(crate) struct Variants<'i> {
    /// The integer of `#[repr(...)]`.
    pub(crate) integer: Ident,
    pub(crate) idents: Vec<&'i Ident>,
}

/// Faults that were found, so that one build shows them all.
#[derive(Default)]
pub(crate) struct Faults(Option<syn::Error>);

impl Faults {
    /// Notes a fault at the place of `tokens`.
    fn at(&mut self, tokens: impl ToTokens, why: &str) {
        self.note::<()>(Err(syn::Error::new_spanned(tokens, why)));
    }

    /// The value; a fault is noted instead.
    pub(crate) fn note<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        match (result, &mut self.0) {
            (Ok(value), _) => return Some(value),
            (Err(fault), Some(faults)) => faults.combine(fault),
            (Err(fault), none) => *none = Some(fault),
        }
        None
    }

    /// `value`, if there is no fault.
    fn or<T>(self, value: T) -> syn::Result<T> {
        self.0.map_or(Ok(value), Err)
    }
}

impl<'i> Input<'i> {
    /// Reads and checks the type.
    ///
    /// # Errors
    /// All faults, each at its place.
    pub(crate) fn of(item: &'i DeriveInput) -> syn::Result<Self> {
        let mut faults = Faults::default();
        let options = Options::of(item, &mut faults);
        refuse_generics(&item.generics, &mut faults);
        let shape = match &item.data {
            Data::Struct(data) => Shape::Struct(fields(item, data, &mut faults)),
            Data::Enum(data) => Shape::Enum(variants(item, data, &mut faults)),
            Data::Union(data) => {
                let why = "a union is no key: which of its fields is valid is not known; use a struct or an enum";
                let keyword = &data.union_token;
                faults.at(keyword, why);
                Shape::Struct(Vec::new())
            }
        };
        faults.or(Self { ident: &item.ident, options, shape })
    }
}

fn refuse_generics(generics: &Generics, faults: &mut Faults) {
    if generics.lifetimes().next().is_some() {
        let why = "a derived key owns its fields: use `String` for `&str` and `Vec<u8>` for `&[u8]`; ranges and prefixes \
                   take borrowed text all the same";
        faults.at(&generics.params, why);
    } else if !generics.params.is_empty() {
        let why = "a derived key has no type or const parameters: its schema name is that of one type; derive it for a \
                   newtype of each type that is used";
        faults.at(&generics.params, why);
    }
    if let Some(clause) = &generics.where_clause {
        faults.at(clause, "a derived key has no `where` clause, since it has no parameters");
    }
}

/// Options are for the type alone.
fn refuse_options(attributes: &[Attribute], of: &str, faults: &mut Faults) {
    for attribute in key_attributes(attributes) {
        faults.at(attribute, &format!("`key` has no options for {of}; options are written above the type"));
    }
}

fn fields<'i>(item: &'i DeriveInput, data: &'i DataStruct, faults: &mut Faults) -> Vec<Field<'i>> {
    if data.fields.is_empty() {
        faults.at(&item.ident, "a struct without fields is no key: all its values are equal");
    }
    if let Some(ninth) = data.fields.iter().nth(FIELDS_MAX) {
        let why = "a key has at most 8 fields; put some of them into a struct of their own that is a key too";
        faults.at(ninth, why);
    }
    let field = |(at, field): (usize, &'i syn::Field)| {
        refuse_options(&field.attrs, "a field", faults);
        if let Type::Reference(reference) = &field.ty {
            let why = "a derived key owns its fields: use `String` for `&str` and `Vec<u8>` for `&[u8]`";
            faults.at(reference, why);
        }
        let member = field.ident.clone().map_or_else(|| Member::Unnamed(Index::from(at)), Member::Named);
        Field { member, ty: &field.ty }
    };
    data.fields.iter().enumerate().map(field).collect()
}

fn variants<'i>(item: &'i DeriveInput, data: &'i DataEnum, faults: &mut Faults) -> Variants<'i> {
    if data.variants.is_empty() {
        faults.at(&item.ident, "an enum without variants is no key: it has no values");
    }
    for variant in &data.variants {
        refuse_options(&variant.attrs, "a variant", faults);
        if !matches!(variant.fields, Fields::Unit) {
            let why = "an enum that is a key has no data in its variants; use a struct whose first field is an enum \
                       without data";
            faults.at(variant, why);
        } else if variant.discriminant.is_none() {
            let name = &variant.ident;
            let why = format!(
                "write the number that is stored: `{name} = 1`; without it, a variant that is added before \
                               this one would change the meaning of stored keys"
            );
            faults.at(variant, &why);
        }
    }
    let integer = integer(&item.attrs, faults).unwrap_or_else(|| {
        let why =
            "an enum that is a key says how its number is stored: write `#[repr(u8)]`, or another integer, above it";
        faults.at(&item.ident, why);
        item.ident.clone()
    });
    Variants { integer, idents: data.variants.iter().map(|variant| &variant.ident).collect() }
}

/// The integer among the words of `#[repr(...)]`.
fn integer(attributes: &[Attribute], faults: &mut Faults) -> Option<Ident> {
    let words = attributes.iter().filter(|attribute| attribute.path().is_ident("repr")).filter_map(|attribute| {
        // The compiler itself refuses what is no list of words.
        faults.note(attribute.parse_args_with(Punctuated::<syn::Meta, Token![,]>::parse_terminated))
    });
    words.flatten().find_map(|word| word.path().get_ident().filter(|word| INTEGERS.iter().any(|i| word == i)).cloned())
}

impl Input<'_> {
    /// The implementation of `KeyAs`, stored as the type `stored`, under a `where` clause. `convert` are its two
    /// conversions.
    pub(crate) fn key_as(&self, stored: &TokenStream, condition: &TokenStream, convert: &TokenStream) -> TokenStream {
        let Self { ident, options: Options { name, by_value }, .. } = self;
        let arg = if *by_value { quote!(#ident) } else { quote!(&'__key #ident) };
        quote! {
            #[automatically_derived]
            #[allow(trivial_bounds)]
            impl ::mapleaf::key::KeyAs for #ident #condition {
                type As = #stored;
                type Arg<'__key> = #arg;
                const NAME: &'static str = #name;
                #convert
            }
        }
    }
}
