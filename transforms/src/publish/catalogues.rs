//! Catalogues as data (`config/catalogues.toml`): which services each shows, which must be there, and what may not be.
//!
//! The rules are those of S4 (PU2-8) and S2 (P2). Feeds, the obligatory places of the report and the check of what
//! catalogues show all ask here.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::holdings::{Holdings, one_of};

/// The settings that the program is built with.
pub const SHIPPED: &str = include_str!("../../../config/catalogues.toml");

/// `config/catalogues.toml`: where services are shown, and where they must be.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSettings {
    /// Catalogues in the order of the report.
    #[schemars(length(min = 1))]
    pub catalogue: Vec<Catalogue>,
}

/// `[[catalogue]]`: a portal, or a kind of website.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Its code in the code list `catalogues`.
    pub code: String,
    /// Folder of its feed within a publication: small Latin letters, digits and hyphens.
    pub folder: String,
    /// Whether each institution has a feed of its own, with its own services.
    #[serde(default)]
    pub by_institution: bool,
    /// Which services it shows; one that no rule fits is not shown.
    #[schemars(length(min = 1))]
    pub services: Vec<Shown>,
}

/// `[[catalogue.services]]`: services that a catalogue shows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Kinds of service, of the code list `service_kinds`.
    #[schemars(length(min = 1))]
    pub kinds: Vec<String>,
    /// Whom they are for, any of these of the code list `audiences`; absent: whomever.
    #[serde(default)]
    pub audience: Vec<String>,
    /// Whether these services must be in the catalogue.
    #[serde(default)]
    pub obligatory: bool,
    /// Whether these services may be in the catalogue only with an application or e-form, unless they are in person only.
    #[serde(default)]
    pub application: bool,
}

impl CatalogueSettings {
    /// The settings that the program is built with.
    ///
    /// # Errors
    /// The file is broken, which a test keeps from happening.
    pub fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(SHIPPED)
    }

    /// Codes of all catalogues.
    pub fn codes(&self) -> Vec<&str> {
        self.catalogue.iter().map(|catalogue| catalogue.code.as_str()).collect()
    }

    /// Catalogues that some services must be in.
    pub fn obligatory(&self) -> impl Iterator<Item = &Catalogue> {
        self.catalogue.iter().filter(|catalogue| catalogue.services.iter().any(|rule| rule.obligatory))
    }

    /// Whether it cannot be told where a service must be: its kind is not known, or must be somewhere by its audience, and
    /// that is not known. Never null.
    pub fn undecided(&self) -> Expr {
        let nobody = col("audience").is_null().or(col("audience").eq(lit("[]")));
        let by_audience = self.catalogue.iter().flat_map(|catalogue| &catalogue.services);
        let by_audience = by_audience.filter(|rule| rule.obligatory && !rule.audience.is_empty());
        let waits = by_audience.map(|rule| one_of(&col("kind"), &rule.kinds)).fold(lit(false), Expr::or);
        col("kind").is_null().or(waits.and(nobody).fill_null(lit(false)))
    }
}

impl Catalogue {
    /// Whether a service is one that the catalogue shows, by its kind and audience. Never null.
    pub fn shows(&self) -> Expr {
        any(self.services.iter())
    }

    /// Whether a service must be in the catalogue. Never null.
    pub fn must_show(&self) -> Expr {
        any(self.services.iter().filter(|rule| rule.obligatory))
    }

    /// Whether a service is one that the catalogue shows, and may not without an application or e-form (S2, P2). Never
    /// null.
    pub fn needs_application(&self) -> Expr {
        any(self.services.iter().filter(|rule| rule.application))
    }
}

fn any<'a>(rules: impl Iterator<Item = &'a Shown>) -> Expr {
    rules.map(Shown::fits).fold(lit(false), Expr::or)
}

impl Shown {
    /// Over the columns `kind` and `audience` (a JSON array of codes) of services.
    fn fits(&self) -> Expr {
        let mut fits = one_of(&col("kind"), &self.kinds);
        if !self.audience.is_empty() {
            let quoted = self.audience.iter().map(|code| lit(format!("\"{code}\"")));
            let some = quoted.map(|code| col("audience").str().contains_literal(code)).fold(lit(false), Expr::or);
            fits = fits.and(some);
        }
        fits.fill_null(lit(false))
    }
}

/// Applications of services: `uid` of the service, `kind`, `platform`, `url`, `auth_levels`. One that names no owner belongs
/// to the only service of its code. `services`: `uid`, `owner_reg_no`, `code`.
///
/// # Errors
/// A column is missing.
pub fn applications(held: &Holdings, services: &DataFrame) -> PolarsResult<DataFrame> {
    let kept = ["kind", "platform", "url", "auth_levels"];
    let applications = || -> PolarsResult<LazyFrame> {
        let columns = ["service_code", "owner_reg_no"].into_iter().chain(kept).map(col);
        Ok(held.entity("application")?.lazy().select(columns.collect::<Vec<_>>()))
    };
    let services = services.clone().lazy().select([
        col("uid"),
        col("owner_reg_no"),
        col("code"),
        len().over([col("code")])?.alias("of_this_code"),
    ]);
    let of: Vec<Expr> = std::iter::once("uid").chain(kept).map(col).collect();
    let inner = || JoinArgs::new(JoinType::Inner);
    let owned = applications()?.join(
        services.clone(),
        [col("owner_reg_no"), col("service_code")],
        [col("owner_reg_no"), col("code")],
        inner(),
    );
    let owned = owned.select(of.clone()).collect()?;
    let nobodys = applications()?
        .filter(col("owner_reg_no").is_null())
        .drop(by_name(["owner_reg_no"], true, false))
        .join(services.filter(col("of_this_code").eq(lit(1_u32))), [col("service_code")], [col("code")], inner());
    owned.vstack(&nobodys.select(of).collect()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_the_program_is_built_with_is_sound() {
        let settings = CatalogueSettings::shipped().unwrap();
        let obligatory: Vec<&str> = settings.obligatory().map(|catalogue| catalogue.code.as_str()).collect();
        assert_eq!(obligatory, ["latvija.gov.lv", "business.gov.lv", "virsis.gov.lv"], "S4");
    }
}
