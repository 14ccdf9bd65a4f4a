//! What a name says: stems of its words, and apart from them the words that matter, marks and places.

use std::collections::{HashMap, HashSet};

use crate::fold::fold;

use super::settings::{MatchSettings, NameSettings};

/// Letters that must be left of a word when an ending is cut off.
const STEM: usize = 2;
/// Letters that must be left when an inner ending is cut off.
const INNER_STEM: usize = 3;

/// Cuts endings off folded words.
pub(super) struct Stemmer {
    endings: Vec<String>,
    inner: Vec<String>,
    softened: Vec<(String, String)>,
}

impl Stemmer {
    pub(super) fn new(settings: &NameSettings) -> Self {
        let longest_first = |endings: &[String]| {
            let mut folded: Vec<String> = endings.iter().map(|ending| fold(ending)).collect();
            folded.retain(|ending| !ending.is_empty());
            folded.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            folded.dedup();
            folded
        };
        Self {
            endings: longest_first(&settings.endings),
            inner: longest_first(&settings.inner_endings),
            softened: settings.softened.iter().map(|(soft, hard)| (fold(soft), fold(hard))).collect(),
        }
    }

    /// `izsniegsanas` becomes `izsniegsan`, `iedzivotajiem` becomes `iedzivot`; words with digits stay.
    pub(super) fn stem(&self, word: &str) -> String {
        if !word.chars().all(char::is_alphabetic) {
            return word.to_owned();
        }
        let mut stem = cut(word, &self.endings, STEM);
        stem = cut(stem, &self.inner, INNER_STEM);
        for (soft, hard) in &self.softened {
            if let Some(start) = stem.strip_suffix(soft.as_str())
                && !soft.is_empty()
                && start.chars().count() + hard.chars().count() >= STEM
            {
                return format!("{start}{hard}");
            }
        }
        stem.to_owned()
    }
}

/// Cuts off the longest ending that leaves at least `least` letters.
fn cut<'a>(word: &'a str, endings: &[String], least: usize) -> &'a str {
    endings
        .iter()
        .find_map(|ending| word.strip_suffix(ending.as_str()).filter(|stem| stem.chars().count() >= least))
        .unwrap_or(word)
}

/// What a name says. All lists are sorted and hold nothing twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    /// Stems of the words that mean something, actions and features among them; no usual actions, no marks.
    pub(super) words: Vec<String>,
    /// Numbers, letters of categories, Roman numerals (as numbers).
    pub(super) marks: Vec<String>,
    /// Actions that are not usual, by their number in the settings.
    pub(super) actions: Vec<usize>,
    /// Features: group and value.
    pub(super) features: Vec<(usize, usize)>,
    /// Stems of the names of places.
    pub(super) places: Vec<String>,
    /// The name without stop words and places, folded, in its own order.
    pub(super) readable: String,
}

impl Name {
    /// Words and marks as one text: the same for names that differ in inflection, order and stop words only.
    /// Empty when the name says nothing.
    pub(super) fn signature(&self) -> String {
        if self.words.is_empty() {
            return String::new();
        }
        let mut signature = self.words.join(" ");
        for mark in &self.marks {
            signature.push_str(" #");
            signature.push_str(mark);
        }
        signature
    }
}

/// The settings' words, ready for look-up.
pub(super) struct Lexicon {
    stemmer: Stemmer,
    stop: HashSet<String>,
    stop_stems: HashSet<String>,
    same: HashMap<String, String>,
    abbreviations: HashMap<String, Vec<String>>,
    actions: HashMap<String, usize>,
    action_stems: Vec<(String, bool)>,
    features: HashMap<String, (usize, usize)>,
    place_words: HashSet<String>,
    after_name: HashSet<String>,
    places: HashSet<String>,
    act_stop: HashSet<String>,
    acts_everywhere: Vec<Vec<String>>,
}

impl Lexicon {
    pub(super) fn new(settings: &MatchSettings) -> Self {
        let stemmer = Stemmer::new(&settings.names);
        let stem = |word: &str| stemmer.stem(&fold(word));
        let stems = |words: &[String]| words.iter().map(|word| stem(word)).collect::<HashSet<_>>();
        let stop: Vec<String> = settings.names.stop_words.iter().map(|word| fold(word)).collect();
        let mut abbreviations: HashMap<String, Vec<String>> = HashMap::new();
        for abbreviation in &settings.names.abbreviations {
            let short = fold(&abbreviation.short);
            let means: Vec<String> = fold(&abbreviation.means).split(' ').map(str::to_owned).collect();
            if short.len() >= 5 {
                abbreviations.insert(stemmer.stem(&short), means.clone());
            }
            abbreviations.insert(short, means);
        }
        let mut same = HashMap::new();
        for words in &settings.names.same_words {
            if let Some(first) = words.first().map(|word| stem(word)) {
                same.extend(words.iter().map(|word| (stem(word), first.clone())));
            }
        }
        let mut actions = HashMap::new();
        for (number, action) in settings.actions.iter().enumerate() {
            for word in std::iter::once(&action.name).chain(&action.words) {
                actions.entry(stem(word)).or_insert(number);
            }
        }
        let mut features = HashMap::new();
        for (group, qualifier) in settings.qualifiers.iter().enumerate() {
            for (value, words) in qualifier.values.iter().enumerate() {
                for word in words {
                    features.entry(stem(word)).or_insert((group, value));
                }
            }
        }
        let mut lexicon = Self {
            // Short words are compared as they stand: the stem of `par` would be that of `para`.
            stop_stems: stop.iter().filter(|word| word.len() >= 5).map(|word| stemmer.stem(word)).collect(),
            stop: stop.into_iter().collect(),
            abbreviations,
            action_stems: settings.actions.iter().map(|action| (stem(&action.name), action.usual)).collect(),
            place_words: stems(&settings.municipalities.words),
            after_name: stems(&settings.municipalities.after_name),
            places: stems(&settings.municipalities.names),
            act_stop: stems(&settings.legal_acts.stop_words),
            acts_everywhere: Vec::new(),
            same,
            actions,
            features,
            stemmer,
        };
        lexicon.acts_everywhere = settings.legal_acts.everywhere.iter().map(|act| lexicon.act_words(act)).collect();
        lexicon
    }

    /// Reads a name.
    pub(super) fn read(&self, text: &str) -> Name {
        let mut name = Name::default();
        // Readable words with the stem's place among `words`, so that a place's name can be taken back.
        let mut readable: Vec<String> = Vec::new();
        let mut before: Option<(String, bool)> = None;
        for (word, capital) in self.tokens(text) {
            let stem = self.stemmer.stem(&word);
            if self.stop.contains(&word) || (word.len() >= 5 && self.stop_stems.contains(&stem)) {
                before = None;
                continue;
            }
            if self.after_name.contains(&stem) {
                if let Some((place, true)) = before.take() {
                    name.words.pop();
                    readable.pop();
                    name.places.push(place);
                }
                continue;
            }
            if self.place_words.contains(&stem) {
                before = None;
                continue;
            }
            if capital && self.places.contains(&stem) {
                name.places.push(stem);
                before = None;
                continue;
            }
            before = None;
            if let Some(mark) = mark(&word) {
                name.marks.push(mark);
                readable.push(word);
                continue;
            }
            if let Some(number) = self.actions.get(&stem) {
                let (stem, usual) = &self.action_stems[*number];
                readable.push(word);
                if !usual {
                    name.actions.push(*number);
                    name.words.push(stem.clone());
                }
                continue;
            }
            if let Some(feature) = self.features.get(&stem) {
                name.features.push(*feature);
            }
            name.words.push(self.same.get(&stem).cloned().unwrap_or_else(|| stem.clone()));
            readable.push(word);
            before = Some((stem, capital));
        }
        name.readable = readable.join(" ");
        for list in [&mut name.words, &mut name.marks, &mut name.places] {
            list.sort_unstable();
            list.dedup();
        }
        name.actions.sort_unstable();
        name.actions.dedup();
        name.features.sort_unstable();
        name.features.dedup();
        name
    }

    /// Folded words, and whether each begins with a capital letter; abbreviations written out.
    fn tokens(&self, text: &str) -> Vec<(String, bool)> {
        let mut tokens = Vec::new();
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '+' || c == '#' || is_mark(c))) {
            let capital = word.chars().next().is_some_and(char::is_uppercase);
            for folded in fold(word).split(' ').filter(|folded| !folded.is_empty()) {
                // A long one may be a whole word, and inflected (`privātpersonām`).
                let long = || self.abbreviations.get(&self.stemmer.stem(folded)).filter(|_| folded.len() >= 5);
                match self.abbreviations.get(folded).or_else(long) {
                    Some(words) => tokens.extend(words.iter().map(|word| (word.clone(), false))),
                    None => tokens.push((folded.to_owned(), capital)),
                }
            }
        }
        tokens
    }

    /// Stems of the words of a legal act that mean something, and its numbers; sorted.
    fn act_words(&self, title: &str) -> Vec<String> {
        let mut words: Vec<String> = fold(title)
            .split(' ')
            .map(|word| self.stemmer.stem(word))
            .filter(|stem| !stem.is_empty() && !self.act_stop.contains(stem))
            .collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The acts of a text (one a line), without those that every service cites.
    pub(super) fn acts(&self, text: &str) -> Vec<Act> {
        let mut acts: Vec<Act> = text
            .lines()
            .map(|title| Act { number: number(title), words: self.act_words(title) })
            .filter(|act| !act.words.is_empty() && !self.acts_everywhere.contains(&act.words))
            .collect();
        acts.sort();
        acts.dedup();
        acts
    }
}

/// A legal act that a service cites.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Act {
    /// What stands after `Nr.`: `21 2022`.
    number: Option<String>,
    /// Stems of the title's words and its numbers, sorted.
    words: Vec<String>,
}

impl Act {
    /// Whether two titles mean one act: the number where both have one, else most of the words.
    pub(super) fn same(&self, other: &Self) -> bool {
        let common = self.words.iter().filter(|word| other.words.binary_search(word).is_ok()).count();
        let share = 2.0 * common as f64 / (self.words.len() + other.words.len()) as f64;
        match (&self.number, &other.number) {
            // `MK noteikumi Nr. 500` names the act that the other side names with its title.
            (Some(left), Some(right)) => left == right && (share >= 0.5 || self.bare() || other.bare()),
            _ => share >= 0.75,
        }
    }

    fn bare(&self) -> bool {
        self.words.iter().all(|word| word.chars().all(|c| c.is_ascii_digit()))
    }
}

fn number(title: &str) -> Option<String> {
    let folded = fold(title);
    let mut words = folded.split(' ').skip_while(|word| *word != "nr").skip(1);
    let digits: Vec<&str> = words.by_ref().take_while(|word| word.chars().all(|c| c.is_ascii_digit())).collect();
    (!digits.is_empty()).then(|| digits.join(" "))
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// A number, a category's letter or a Roman numeral: what is left of words too short to have an ending.
fn mark(word: &str) -> Option<String> {
    if word.chars().any(|c| c.is_ascii_digit() || c == '+' || c == '#') || word.chars().count() <= 2 {
        return Some(roman(word).map_or_else(|| word.trim_start_matches('0').to_owned(), |number| number.to_string()));
    }
    roman(word).map(|number| number.to_string())
}

/// Roman numerals as names of groups and levels use them; a lone letter other than `i`, `v` and `x` is a category.
fn roman(word: &str) -> Option<u8> {
    const NUMERALS: [&str; 12] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"];
    NUMERALS.iter().position(|numeral| *numeral == word).map(|index| index as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::super::settings::MatchSettings;
    use super::*;

    fn read(text: &str) -> Name {
        Lexicon::new(&MatchSettings::shipped().unwrap()).read(text)
    }

    #[test]
    fn inflected_forms_have_one_stem() {
        let settings = MatchSettings::shipped().unwrap();
        let stemmer = Stemmer::new(&settings.names);
        for forms in [
            &["izsniegšana", "izsniegšanas", "izsniegšanai", "izsniegšanu", "izsniegšanā"][..],
            &["tiesība", "tiesības", "tiesību", "tiesībām", "tiesībās"],
            &["iedzīvotājs", "iedzīvotāja", "iedzīvotājam", "iedzīvotāju", "iedzīvotājiem", "iedzīvotājos"],
            &["ēka", "ēkas", "ēku", "ēkai", "ēkā", "ēkām"],
            &["upe", "upes", "upju", "upēm", "upē"],
            &["tirgus", "tirgū", "tirgum", "tirgu"],
            &["mazais", "mazā", "mazajam", "mazajiem", "mazo", "mazajās", "mazie"],
            &["zeme", "zemes", "zemju", "zemei", "zemi"],
            &["nodoklis", "nodokļa", "nodokli", "nodoklim", "nodokļiem", "nodokļos"],
            &["valsts", "valstij", "valstī", "valstis", "valstīm"],
            &["mēnesis", "mēneša", "mēnešu", "mēnesī"],
        ] {
            let stems: HashSet<String> = forms.iter().map(|form| stemmer.stem(&fold(form))).collect();
            assert_eq!(stems.len(), 1, "{forms:?}: {stems:?}");
        }
    }

    #[test]
    fn same_signature() {
        for (left, right) in [
            ("Būvatļaujas izsniegšana", "būvatļauju izsniegšanai"),
            ("Būvatļauja", "Iesniegums par būvatļaujas saņemšanu"),
            ("Dzīvesvietas deklarēšana Ērgļupes novadā", "Deklarēt dzīvesvietu"),
            ("NĪN atvieglojumi", "Nekustamā īpašuma nodokļa atlaides"),
            ("III grupas invalīda karte", "Karšu izsniegšana 3. grupas invalīdiem"),
            ("Zvejas tiesību noma", "ZVEJAS TIESIBU IZNOMASANA"),
        ] {
            assert_eq!(read(left).signature(), read(right).signature(), "{left} / {right}");
        }
    }

    #[test]
    fn places_and_marks_stand_apart() {
        let name = read("B kategorijas apliecība Ērgļupes novada iedzīvotājiem");
        assert_eq!(name.marks, ["b"]);
        assert_eq!(name.places, ["erglup"]);
        assert_eq!(name.words, ["apliecib", "iedzivot", "kategorij"]);
        assert_eq!(read("Zemes noma pašvaldībā").places, [""; 0]);
    }
}
