//! Faults that a JSON schema finds, put so that a person can mend them.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::document::Document;
use super::problem::{Problem, Sentence, known};

/// A schema made ready.
pub(super) struct Schema {
    json: Value,
    validator: Validator,
}

/// A schema that is none, or a file that no schema lets through: a mistake in the program, shown by its tests.
#[derive(Debug, thiserror::Error)]
#[error("JSON schema: {0}")]
pub(crate) struct SchemaError(String);

impl Schema {
    /// Makes a schema ready.
    pub(super) fn new(json: Value) -> Result<Self, SchemaError> {
        let validator = jsonschema::validator_for(&json).map_err(|error| SchemaError(error.to_string()))?;
        Ok(Self { json, validator })
    }

    /// Finds every fault of `value`, which stands at `prefix` in the document.
    pub(super) fn faults(&self, value: &Value, prefix: &[&str]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for error in self.validator.iter_errors(value) {
            self.explain(&error, value, prefix, &mut faults);
        }
        faults
    }

    fn explain(&self, error: &ValidationError<'_>, value: &Value, prefix: &[&str], faults: &mut Vec<Fault>) {
        let mut path: Vec<String> = prefix.iter().map(|part| (*part).to_owned()).collect();
        path.extend(error.instance_path().iter().map(|segment| segment.to_string()));
        let mut tell = |sentence: Sentence, hint: Option<Sentence>| {
            faults.push(Fault { path: path.clone(), key: false, missing: false, sentence, hint });
        };
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let names = self.properties_beside(error.schema_path());
                for name in unexpected {
                    let mut path = path.clone();
                    path.push(name.clone());
                    let sentence = Sentence::new("config-unknown-key").arg("key", name);
                    let hint = known(name, names.iter().map(String::as_str));
                    faults.push(Fault { path, key: true, missing: false, sentence, hint });
                }
            }
            // Of a kind without any options, every key is one too many; the library names only where they stand.
            ValidationErrorKind::FalseSchema => {
                let there = value.pointer(error.instance_path().as_str()).and_then(Value::as_object);
                for name in there.into_iter().flatten().map(|(name, _)| name) {
                    let path = path.iter().chain([name]).cloned().collect();
                    let sentence = Sentence::new("config-unknown-key").arg("key", name);
                    faults.push(Fault { path, key: true, missing: false, sentence, hint: None });
                }
            }
            ValidationErrorKind::Required { property } => {
                let sentence = Sentence::new("config-missing-key").arg("key", property.as_str().unwrap_or_default());
                faults.push(Fault { path, key: true, missing: true, sentence, hint: None });
            }
            ValidationErrorKind::Type { kind } => tell(wrong_type(error.instance(), &type_names(kind)), None),
            ValidationErrorKind::Enum { options } => {
                let options: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
                tell(wrong_choice(error.instance()), choices(&plain(error.instance()), &options));
            }
            ValidationErrorKind::Constant { expected_value } => {
                tell(wrong_choice(error.instance()), known(&plain(error.instance()), [plain(expected_value).as_str()]));
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                self.explain_choice(error, context, value, prefix, faults);
            }
            ValidationErrorKind::Minimum { limit } | ValidationErrorKind::ExclusiveMinimum { limit } => {
                tell(out_of_range("config-too-small", error.instance(), limit), None);
            }
            ValidationErrorKind::Maximum { limit } | ValidationErrorKind::ExclusiveMaximum { limit } => {
                tell(out_of_range("config-too-large", error.instance(), limit), None);
            }
            ValidationErrorKind::MinItems { .. } | ValidationErrorKind::MinLength { .. } => {
                tell(Sentence::new("config-empty"), None);
            }
            ValidationErrorKind::Pattern { pattern } => tell(
                Sentence::new("config-pattern").arg("value", plain(error.instance())).arg("pattern", pattern),
                None,
            ),
            _ => tell(Sentence::new("config-invalid").arg("reason", error.to_string()), None),
        }
    }

    /// Several shapes are allowed and none fits: the one that has the value's type is meant.
    fn explain_choice(
        &self,
        error: &ValidationError<'_>,
        context: &[Vec<ValidationError<'static>>],
        value: &Value,
        prefix: &[&str],
        faults: &mut Vec<Fault>,
    ) {
        let here = error.instance_path();
        // Where a secret's place is expected, the secret itself is what people write: told by `secrets::literal`.
        if error.instance().is_string() && self.is_secret(error.schema_path(), context) {
            let mut path: Vec<String> = prefix.iter().map(|part| (*part).to_owned()).collect();
            path.extend(here.iter().map(|segment| segment.to_string()));
            faults.push(Fault { path, key: false, missing: false, ..Fault::secret() });
            return;
        }
        let of_type = |branch: &&Vec<ValidationError<'static>>| {
            !branch.iter().any(|e| e.instance_path() == here && matches!(e.kind(), ValidationErrorKind::Type { .. }))
        };
        let fitting: Vec<_> = context.iter().filter(of_type).collect();
        let mut options = Vec::new();
        let mut only_options = !fitting.is_empty();
        for inner in fitting.iter().flat_map(|branch| branch.iter()) {
            match inner.kind() {
                ValidationErrorKind::Constant { expected_value } if inner.instance_path() == here => {
                    options.push(plain(expected_value));
                }
                ValidationErrorKind::Enum { options: more } if inner.instance_path() == here => {
                    options.extend(more.as_array().into_iter().flatten().map(plain));
                }
                _ => only_options = false,
            }
        }
        let mut path: Vec<String> = prefix.iter().map(|part| (*part).to_owned()).collect();
        path.extend(here.iter().map(|segment| segment.to_string()));
        if only_options {
            let hint = choices(&plain(error.instance()), &options);
            faults.push(Fault { path, key: false, missing: false, sentence: wrong_choice(error.instance()), hint });
        } else if let Some(branch) = fitting.iter().min_by_key(|branch| (is_other_kind(branch), branch.len())) {
            for inner in *branch {
                self.explain(inner, value, prefix, faults);
            }
        } else {
            let mut types: Vec<String> = Vec::new();
            for inner in context.iter().flatten().filter(|e| e.instance_path() == here) {
                if let ValidationErrorKind::Type { kind } = inner.kind() {
                    types.extend(type_names(kind));
                }
            }
            let sentence = wrong_type(error.instance(), &types);
            faults.push(Fault { path, key: false, missing: false, sentence, hint: None });
        }
    }

    /// Whether a choice is that of a secret's place, or of one and of nothing at all.
    fn is_secret(&self, keyword: &Location, context: &[Vec<ValidationError<'static>>]) -> bool {
        let pointer = keyword.as_str();
        let around = pointer.rsplit_once('/').map_or("", |(around, _)| around);
        let marked = |pointer: &str| {
            self.json.pointer(pointer).is_some_and(|schema| schema.get(SECRET_MARK) == Some(&Value::Bool(true)))
        };
        let here = self.json.pointer(around);
        let refers = here.and_then(|schema| schema.get("$ref")).and_then(Value::as_str);
        let options = here.and_then(|schema| schema.get("anyOf")).and_then(Value::as_array);
        let optional = options.into_iter().flatten().filter_map(|option| option.get("$ref")?.as_str());
        marked(around)
            || refers.into_iter().chain(optional).any(|target| marked(target.trim_start_matches('#')))
            || context.iter().flatten().any(|inner| {
                let pointer = inner.schema_path().as_str();
                pointer.rsplit_once('/').is_some_and(|(around, _)| marked(around))
            })
    }

    /// Names that the schema object around a keyword knows.
    fn properties_beside(&self, keyword: &Location) -> Vec<String> {
        let pointer = keyword.as_str();
        let around = pointer.rsplit_once('/').map_or("", |(around, _)| around);
        let properties = self.json.pointer(around).and_then(|schema| schema.get("properties"));
        properties.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }
}

/// Whether a shape is one of another `kind` than the value says it is.
fn is_other_kind(branch: &[ValidationError<'static>]) -> bool {
    let of_kind = |error: &ValidationError<'_>| error.instance_path().as_str().ends_with("/kind");
    branch.iter().any(|error| of_kind(error) && matches!(error.kind(), ValidationErrorKind::Constant { .. }))
}

/// One fault of a value.
pub(super) struct Fault {
    /// Where the value stands in the document.
    pub(super) path: Vec<String>,
    /// Whether the key is at fault (an unknown or a missing one), not the value.
    key: bool,
    /// Whether something is missing below the path.
    pub(super) missing: bool,
    sentence: Sentence,
    hint: Option<Sentence>,
}

/// What the schema of a secret's place is marked with (`vienkop_connectors::secret`).
pub(super) const SECRET_MARK: &str = "x-secret";

impl Fault {
    /// A secret where its place should be.
    fn secret() -> Self {
        let hint = Some(Sentence::new("config-hint-secret"));
        Self { path: Vec::new(), key: false, missing: false, sentence: Sentence::new("config-secret"), hint }
    }

    /// The fault as a problem of the document.
    pub(super) fn problem(self, document: &Document) -> Problem {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let place = match (self.missing, self.key) {
            (true, _) => document.missing_at(&path),
            (false, true) => document.key_at(&path),
            (false, false) => document.value_at(&path),
        };
        Problem::in_place(place, self.sentence).hint(self.hint)
    }
}

/// Takes the faulty parts out, so that the rest can be looked at too; what is missing stays missing.
pub(super) fn prune(value: &mut Value, faults: &[Fault]) {
    for fault in faults.iter().filter(|fault| !fault.missing) {
        remove(value, &fault.path);
    }
}

/// Removes what stands at a path; of a list's item the whole list, since places are counted by index.
fn remove(value: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    let below_list_item = rest.len() == 1 && value.get(first).is_some_and(Value::is_array);
    match value {
        Value::Object(object) if rest.is_empty() || below_list_item => {
            object.remove(first);
        }
        Value::Object(object) => {
            if let Some(below) = object.get_mut(first) {
                remove(below, rest);
            }
        }
        Value::Array(items) => {
            if let Some(below) = first.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                remove(below, rest);
            }
        }
        _ => {}
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The hint for a choice that does not exist. Names with another number in them are not alike, whatever their letters:
/// `cp1252` is no slip of the pen for `cp775`, and `cp1257` is `windows-1257`.
fn choices(text: &str, options: &[String]) -> Option<Sentence> {
    let number = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    let asked = number(text);
    // `utf-9` is one: a digit is as easily wrong as a letter.
    if asked.len() < 3 {
        return known(text, options.iter().map(String::as_str));
    }
    let same: Vec<&str> = options.iter().map(String::as_str).filter(|name| number(name) == asked).collect();
    if same.is_empty() {
        let mut all: Vec<&str> = options.iter().map(String::as_str).collect();
        all.sort_unstable();
        return Some(Sentence::new("config-hint-known").arg("names", all.join(", ")));
    }
    Some(Sentence::new("config-hint-nearest").arg("names", same.join(", ")))
}

fn wrong_choice(value: &Value) -> Sentence {
    Sentence::new("config-wrong-choice").arg("value", plain(value))
}

fn out_of_range(id: &'static str, value: &Value, limit: &Value) -> Sentence {
    Sentence::new(id).arg("value", plain(value)).arg("limit", plain(limit))
}

fn wrong_type(value: &Value, expected: &[String]) -> Sentence {
    let mut expected: Vec<&str> = expected.iter().map(String::as_str).filter(|name| *name != "null").collect();
    expected.sort_unstable();
    expected.dedup();
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Sentence::new("config-wrong-type").arg("expected", expected.join("-or-")).arg("found", found)
}

fn type_names(kind: &TypeKind) -> Vec<String> {
    match kind {
        TypeKind::Single(one) => vec![one.to_string()],
        TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect(),
    }
}
