//! What a statement's text says it does, and to what.
//!
//! Owns just enough reading of SQL, MongoDB and Redis commands, HTTP requests and S3's operations to name spans. Refuses to fail:
//! a text that says nothing is named by the statement's own name.

use doorbuster_model::plan::{Statement, Store};

/// Longest summary: longer ones are cut between words.
const SUMMARY_CHARS: usize = 255;

/// `db.query.summary`: operations and their targets in the order of the text.
pub(super) struct Summary(pub(super) String);

impl Summary {
    /// Operations are SELECT, INSERT, UPDATE, DELETE and whatever comes first; targets follow FROM, JOIN, INTO and a first UPDATE.
    pub(super) fn of_sql(statement: &Statement) -> Self {
        let words: Vec<&str> = words(&statement.text, &['_', '.', '-', '`', '$']);
        let mut parts: Vec<&str> = Vec::new();
        for (nth, &word) in words.iter().enumerate() {
            let before = nth.checked_sub(1).map_or("", |before| words[before]);
            let operates = ["select", "insert", "delete"].iter().any(|verb| word.eq_ignore_ascii_case(verb));
            let has_target = ["from", "join", "into"].iter().any(|verb| before.eq_ignore_ascii_case(verb))
                || (nth == 1 && before.eq_ignore_ascii_case("update"));
            if nth == 0 || operates || has_target {
                parts.push(word);
            }
        }
        Self(joined(&parts, &statement.name))
    }
}

/// An operation and what it is done to.
pub(super) struct Command {
    pub(super) operation: String,
    pub(super) target: String,
}

impl Command {
    /// `find products {...}`, `db.products.find({...})` or `{"find": "products", ...}`.
    pub(super) fn of_mongodb(statement: &Statement, store: &Store) -> Self {
        let words = words(&statement.text, &['_', '.', '-', '$']);
        let first = words.first().copied().unwrap_or(&statement.name);
        let (operation, target) = match first.strip_prefix("db.").unwrap_or(first).rsplit_once('.') {
            Some((collection, operation)) => (operation, collection),
            None => (first, words.get(1).copied().unwrap_or(&store.name)),
        };
        Self { operation: operation.to_owned(), target: target.to_owned() }
    }

    /// The command's name.
    pub(super) fn of_redis(statement: &Statement) -> String {
        statement.text.split_whitespace().next().unwrap_or(&statement.name).to_owned()
    }

    /// `GetObject pictures/{id}.png`, or the operation alone.
    pub(super) fn of_object_storage(statement: &Statement) -> Self {
        let mut words = statement.text.split_whitespace();
        let operation = words.next().unwrap_or(&statement.name).to_owned();
        Self { operation, target: words.next().unwrap_or_default().trim_start_matches('/').to_owned() }
    }

    /// `POST /v1/charges`; a text of another form is a POST to the statement's name.
    pub(super) fn of_http(statement: &Statement) -> Self {
        let words: Vec<&str> = statement.text.split_whitespace().collect();
        match words[..] {
            [method, path, ..] if path.starts_with('/') => {
                Self { operation: method.to_ascii_uppercase(), target: path.to_owned() }
            }
            _ => Self { operation: "POST".to_owned(), target: format!("/{}", statement.name) },
        }
    }
}

/// A request over HTTP with a body.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Empty for none.
    pub(super) body: String,
}

impl Request {
    /// `GET /products/_doc/{id}`, `POST /products/_search {"query": ...}`, or the body of a search in the index that is named as the store.
    pub(super) fn of_elasticsearch(statement: &Statement, store: &Store) -> Self {
        let text = statement.text.trim();
        let mut words = text.splitn(3, char::is_whitespace);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_method = !method.is_empty() && method.chars().all(|c| c.is_ascii_alphabetic());
        if is_method && path.starts_with('/') {
            let body = words.next().unwrap_or_default().trim().to_owned();
            return Self { method: method.to_ascii_uppercase(), path: path.to_owned(), body };
        }
        Self { method: "POST".to_owned(), path: format!("/{}/_search", store.name), body: text.to_owned() }
    }
}

/// The words of a text: letters, digits and the marks that names hold.
fn words<'t>(text: &'t str, marks: &[char]) -> Vec<&'t str> {
    text.split(|c: char| !c.is_alphanumeric() && !marks.contains(&c)).filter(|word| !word.is_empty()).collect()
}

fn joined(parts: &[&str], otherwise: &str) -> String {
    let mut summary = String::new();
    for part in parts {
        if summary.len() + 1 + part.len() > SUMMARY_CHARS {
            break;
        }
        if !summary.is_empty() {
            summary.push(' ');
        }
        summary.push_str(part);
    }
    if summary.is_empty() { otherwise.to_owned() } else { summary }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorbuster_scenarios::types::{Discipline, StoreKind};

    fn statement(text: &str) -> Statement {
        Statement {
            store: 0,
            name: "named".to_owned(),
            text: text.to_owned(),
            partitions: 0,
            cost: 0,
            rows: 1,
            scan: None,
        }
    }

    fn summary(text: &str) -> String {
        Summary::of_sql(&statement(text)).0
    }

    /// *Scenario*: SQL of every verb, joins, nested selects, locks, odd case, and no SQL at all.
    /// *Guarantees*: summaries as in the conventions' examples; never empty.
    #[test]
    fn sql_is_summed_up() {
        assert_eq!(summary("SELECT * FROM payments WHERE user_id = ?"), "SELECT payments");
        assert_eq!(summary("select a.b\n  from shop.orders join `items` on x"), "select shop.orders `items`");
        assert_eq!(summary("INSERT INTO shipping (id, at) SELECT id FROM orders"), "INSERT shipping SELECT orders");
        assert_eq!(summary("INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE a = ?"), "INSERT t");
        assert_eq!(summary("UPDATE stock SET n = n - 1 WHERE id = ?"), "UPDATE stock");
        assert_eq!(summary("SELECT n FROM stock FOR UPDATE"), "SELECT stock");
        assert_eq!(summary("DELETE FROM carts WHERE id=?"), "DELETE carts");
        assert_eq!(summary("COMMIT"), "COMMIT");
        assert_eq!(summary(" ;"), "named");
        assert!(summary(&"SELECT a FROM b ".repeat(100)).len() <= SUMMARY_CHARS);
    }

    /// *Scenario*: the forms in which people write MongoDB commands, Redis commands, HTTP requests, searches and operations on objects.
    /// *Guarantees*: operation and target are found, or stand-ins are.
    #[test]
    fn commands_are_read() {
        let store = Store {
            name: "catalogue".to_owned(),
            kind: StoreKind::Mongodb,
            shards: 1,
            cores: 1,
            discipline: Discipline::Ps,
            cancel: true,
            first_statement: 0,
            statement_count: 1,
            place: 0,
        };
        let mongodb = |text: &str| {
            let Command { operation, target } = Command::of_mongodb(&statement(text), &store);
            format!("{operation} {target}")
        };
        assert_eq!(mongodb("find products {_id: ?}"), "find products");
        assert_eq!(mongodb("db.products.find({_id: ?})"), "find products");
        assert_eq!(mongodb("products.aggregate([])"), "aggregate products");
        assert_eq!(mongodb(r#"{"find": "products"}"#), "find products");
        assert_eq!(mongodb("ping"), "ping catalogue");
        assert_eq!(Command::of_redis(&statement("GET stock:?")), "GET");
        assert_eq!(Command::of_redis(&statement("")), "named");
        let http = |text: &str| {
            let Command { operation, target } = Command::of_http(&statement(text));
            format!("{operation} {target}")
        };
        assert_eq!(http("post /v1/charges"), "POST /v1/charges");
        assert_eq!(http("charge a card"), "POST /named");
        let object = |text: &str| {
            let Command { operation, target } = Command::of_object_storage(&statement(text));
            format!("{operation} {target}")
        };
        assert_eq!(object("GetObject /pictures/{id}.png"), "GetObject pictures/{id}.png");
        assert_eq!(object("HeadObject"), "HeadObject ");
        let request = |text: &str| {
            let Request { method, path, body } = Request::of_elasticsearch(&statement(text), &store);
            format!("{method} {path} {body}")
        };
        assert_eq!(request(r#"post /products/_search  {"query": {}}"#), r#"POST /products/_search {"query": {}}"#);
        assert_eq!(request("GET /products/_doc/{id}"), "GET /products/_doc/{id} ");
        assert_eq!(
            request(r#"{"query": {"match_all": {}}}"#),
            r#"POST /catalogue/_search {"query": {"match_all": {}}}"#
        );
        assert_eq!(request(""), "POST /catalogue/_search ");
    }
}
