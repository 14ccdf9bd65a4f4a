//! A table's mapping made ready: names looked up in the model, regular expressions compiled.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use super::config::{ChildSource, Columns, FieldRule, FieldSource, TableMapping, Unpivot};
use crate::fold::fold;
use crate::model::{Child, Entity, Field, Kept, Kind, Presence, target};

/// A mapping that does not fit the model; configuration checks find it before data moves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No such entity or child.
    #[error("unknown entity {0:?}")]
    UnknownEntity(String),
    /// No such field or child of the entity.
    #[error("{entity} has no field {field:?}")]
    UnknownField {
        /// The entity or child.
        entity: String,
        /// The name that it does not have.
        field: String,
    },
    /// A regular expression that does not compile.
    #[error("{place}: {reason}")]
    Pattern {
        /// Where it stands.
        place: String,
        /// What the compiler says.
        reason: String,
    },
}

/// A field to fill and the rule that fills it.
#[derive(Debug, Clone)]
pub struct FieldPlan {
    /// The field.
    pub field: &'static Field,
    /// Where its value comes from.
    pub rule: Arc<FieldRule>,
    /// `rule.pattern`, compiled.
    pub pattern: Option<Regex>,
}

/// A child made from the row itself.
#[derive(Debug, Clone)]
pub struct ChildPlan {
    /// The child.
    pub child: &'static Child,
    /// Where its items come from.
    pub source: ChildSource,
    /// `source.pattern`, compiled.
    pub pattern: Option<Regex>,
    /// Fields with the rule that refines each.
    pub fields: Vec<FieldPlan>,
}

/// Header wordings (folded) and the question each stands for.
#[derive(Debug, Clone, Default)]
pub struct UnpivotPlan {
    /// Folded wording -> question id.
    pub questions: BTreeMap<String, String>,
}

/// A mapping ready to be applied to batches.
#[derive(Debug, Clone)]
pub struct TablePlan {
    /// Id of the source.
    pub source: String,
    /// The entity.
    pub entity: &'static Entity,
    /// The child, when the table holds children of the entity.
    pub child: Option<&'static Child>,
    /// Fields of the entity (or child).
    pub fields: Vec<FieldPlan>,
    /// Fields of the parent that lead to it (only with `child`).
    pub parent: Vec<FieldPlan>,
    /// Children made from the row.
    pub children: Vec<ChildPlan>,
    /// Answers that become records of their own.
    pub unpivot: Option<UnpivotPlan>,
    /// A plan for each column that holds the time of an event; then this plan itself makes no records.
    pub events: Vec<Self>,
    /// Only rows in which this column is filled.
    pub filled: Option<String>,
    /// Whether a record may stand in several rows.
    pub repeats: bool,
    /// Columns that identify persons and that no field takes.
    pub personal: Vec<String>,
    /// Fields that identify a record within the source.
    pub key: Vec<String>,
    /// Rows left out.
    pub skip: Vec<super::config::SkipRule>,
}

impl TablePlan {
    /// Makes a mapping ready. `wordings` are the questions of the questionnaire that the table unpivots by:
    /// question id and every wording of it.
    pub fn new(source: &str, mapping: &TableMapping, wordings: &[(String, Vec<String>)]) -> Result<Self, PlanError> {
        let (entity, child) =
            target(&mapping.entity).ok_or_else(|| PlanError::UnknownEntity(mapping.entity.clone()))?;
        let unknown = |field: &str| PlanError::UnknownField { entity: mapping.entity.clone(), field: field.to_owned() };
        let mut fields = Vec::new();
        let mut parent = Vec::new();
        for (name, source_of) in &mapping.fields {
            let rule = source_of.rule();
            if let (Some(_), Some(parent_field)) = (child, name.strip_prefix("parent.")) {
                let field = entity.field(parent_field).ok_or_else(|| unknown(name))?;
                parent.push(FieldPlan::new(field, rule)?);
            } else {
                let known = child.map_or_else(|| entity.field(name), |c| c.fields.iter().find(|f| f.name == name));
                fields.push(FieldPlan::new(known.ok_or_else(|| unknown(name))?, rule)?);
            }
        }
        let order = |field: &Field| {
            let list = child.map_or(entity.fields, |c| c.fields);
            list.iter().position(|f| f.name == field.name)
        };
        fields.sort_by_key(|plan| order(plan.field));
        let mut children = Vec::new();
        for (name, source_of) in &mapping.children {
            let known = entity.child(name).ok_or_else(|| unknown(name))?;
            children.push(ChildPlan::new(known, source_of, &mapping.entity)?);
        }
        let key = if mapping.key.is_empty() {
            entity.default_key().iter().map(|part| (*part).to_owned()).collect()
        } else {
            mapping.key.clone()
        };
        let of_events = mapping.unpivot.as_ref().filter(|_| entity.kept == Kept::Lake);
        let of_answers = mapping.unpivot.as_ref().filter(|_| entity.kept != Kept::Lake);
        let events = of_events.iter().flat_map(|unpivot| &unpivot.columns);
        let events = events.map(|(header, state)| Self::of_column(source, mapping, header, state));
        Ok(Self {
            source: source.to_owned(),
            entity,
            child,
            fields,
            parent,
            children,
            unpivot: of_answers.map(|unpivot| UnpivotPlan::new(unpivot, wordings)),
            events: events.collect::<Result<_, _>>()?,
            filled: None,
            repeats: mapping.repeats,
            personal: mapping.personal.clone(),
            key,
            skip: mapping.skip.clone(),
        })
    }

    /// The plan of one column that holds the time at which a request came into a state.
    fn of_column(source: &str, mapping: &TableMapping, header: &str, state: &str) -> Result<Self, PlanError> {
        let mut one = TableMapping { unpivot: None, ..mapping.clone() };
        let at = one.fields.get("at").map(FieldSource::rule).unwrap_or_default();
        let at = FieldRule { column: Some(Columns::One(header.to_owned())), ..at };
        one.fields.insert("at".to_owned(), FieldSource::Rule(Box::new(at)));
        let state = FieldRule { value: Some(state.to_owned()), ..FieldRule::default() };
        one.fields.insert("state".to_owned(), FieldSource::Rule(Box::new(state)));
        Ok(Self { filled: Some(header.to_owned()), ..Self::new(source, &one, &[])? })
    }

    /// The plans that make records of a batch: one, or one for each column of events.
    pub fn parts(&self) -> &[Self] {
        if self.events.is_empty() { std::slice::from_ref(self) } else { &self.events }
    }

    /// `service` or `service.steps`.
    pub fn name(&self) -> String {
        match self.child {
            Some(child) => format!("{}.{}", self.entity.name, child.name),
            None => self.entity.name.to_owned(),
        }
    }

    /// Whether a field of it is made of what identifies persons: it needs the key of pseudonyms.
    pub fn pseudonymises(&self) -> bool {
        let of_children = self.children.iter().flat_map(|child| &child.fields);
        self.fields
            .iter()
            .chain(&self.parent)
            .chain(of_children)
            .any(|plan| plan.rule.pseudonymise || plan.field.kind == Kind::Pseudonym)
    }

    /// Whether the table has columns that identify persons, whether a field takes them or not.
    pub fn identifies_persons(&self) -> bool {
        !self.personal.is_empty() || self.pseudonymises()
    }

    /// Columns that identify persons.
    pub fn personal_columns(&self) -> Vec<String> {
        let personal = |plan: &&FieldPlan| plan.rule.pseudonymise || plan.field.kind == Kind::Pseudonym;
        let mut columns = self.personal.clone();
        for plan in self.fields.iter().chain(&self.parent).filter(personal) {
            columns.extend(plan.rule.column.iter().flat_map(|columns| columns.headers()).map(str::to_owned));
            columns.extend(plan.rule.columns.iter().cloned());
        }
        for child in self.children.iter().filter(|child| child.fields.iter().any(|plan| personal(&plan))) {
            columns.extend(child.source.column.clone());
            columns.extend(child.numbered_headers().into_iter().flatten().map(|(_, header)| header));
        }
        columns
    }

    /// Columns of the source that the mapping names, each once.
    pub fn wanted(&self) -> Vec<String> {
        let mut wanted: Vec<String> = Vec::new();
        let mut want = |name: &str| {
            if !wanted.iter().any(|known| known == name) {
                wanted.push(name.to_owned());
            }
        };
        for plan in self.fields.iter().chain(&self.parent) {
            plan.rule.column.iter().flat_map(|columns| columns.headers()).for_each(&mut want);
            plan.rule.columns.iter().map(String::as_str).for_each(&mut want);
        }
        for child in &self.children {
            child.source.column.iter().map(String::as_str).for_each(&mut want);
            for header in child.numbered_headers().into_iter().flatten() {
                want(&header.1);
            }
        }
        self.skip.iter().map(|skip| skip.column.as_str()).for_each(&mut want);
        for header in self.events.iter().flat_map(Self::wanted) {
            if !wanted.contains(&header) {
                wanted.push(header);
            }
        }
        wanted
    }

    /// Required fields that nothing of this table fills.
    pub fn unfilled(&self) -> Vec<&'static Field> {
        let fields = self.child.map_or(self.entity.fields, |child| child.fields);
        fields
            .iter()
            .filter(|field| field.presence == Presence::Required)
            .filter(|field| !self.fields.iter().any(|plan| plan.field.name == field.name))
            .filter(|field| self.unpivot.is_none() || field.name != "question")
            .filter(|field| self.events.is_empty() || !matches!(field.name, "at" | "state"))
            .collect()
    }
}

impl FieldPlan {
    fn new(field: &'static Field, rule: FieldRule) -> Result<Self, PlanError> {
        let pattern = rule.pattern.as_deref().map(|p| compile(p, field.name)).transpose()?;
        Ok(Self { field, rule: Arc::new(rule), pattern })
    }
}

impl ChildPlan {
    fn new(child: &'static Child, source: &ChildSource, entity: &str) -> Result<Self, PlanError> {
        let pattern = source.pattern.as_deref().map(|p| compile(p, child.name)).transpose()?;
        let mut names: Vec<&str> = source.fields.keys().map(String::as_str).collect();
        names.extend(source.numbered.keys().map(String::as_str));
        names.extend(source.field.as_deref());
        names.extend(pattern.iter().flat_map(|p| p.capture_names().flatten()));
        for name in names {
            if !child.fields.iter().any(|field| field.name == name) {
                return Err(PlanError::UnknownField {
                    entity: format!("{entity}.{}", child.name),
                    field: name.to_owned(),
                });
            }
        }
        let fields = child
            .fields
            .iter()
            .map(|field| FieldPlan::new(field, source.fields.get(field.name).cloned().unwrap_or_default()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { child, source: source.clone(), pattern, fields })
    }

    /// For each item of numbered columns: (field, header) pairs.
    pub fn numbered_headers(&self) -> Vec<Vec<(String, String)>> {
        if self.source.numbered.is_empty() {
            return Vec::new();
        }
        (1..=self.source.most.unwrap_or(20))
            .map(|n| {
                let header = |template: &String| template.replace("{n}", &n.to_string());
                self.source.numbered.iter().map(|(field, template)| (field.clone(), header(template))).collect()
            })
            .collect()
    }
}

impl UnpivotPlan {
    fn new(unpivot: &Unpivot, wordings: &[(String, Vec<String>)]) -> Self {
        let mut questions = BTreeMap::new();
        for (question, texts) in wordings {
            for text in texts {
                questions.entry(fold(text)).or_insert_with(|| question.clone());
            }
        }
        for (header, question) in &unpivot.columns {
            questions.insert(fold(header), question.clone());
        }
        Self { questions }
    }
}

fn compile(pattern: &str, place: &str) -> Result<Regex, PlanError> {
    Regex::new(pattern).map_err(|error| PlanError::Pattern { place: place.to_owned(), reason: error.to_string() })
}
